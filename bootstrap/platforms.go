package bootstrap

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/soundings-io/soundings/adapters/oauth"
	"github.com/soundings-io/soundings/adapters/observe"
	"github.com/soundings-io/soundings/adapters/reddit"
	"github.com/soundings-io/soundings/adapters/youtube"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
)

// The functions of this file join the platforms: what is fetched from them, on
// whose behalf, and how much of it.

func newContentSources(c Config, quotas *application.Quotas, m *observe.Metrics, t *observe.Traces) application.ContentSources {
	meter := t.Meter(m.Meter(quotas))
	return application.ContentSources{
		content.YouTube: t.ContentSource(m.ContentSource(youtube.New(youtube.Options{
			BaseURL: c.YouTubeAPIURL, Timeout: c.CallTimeout, Meter: meter, HTTPClient: t.Client(),
		}))),
		content.Reddit: t.ContentSource(m.ContentSource(reddit.New(reddit.Options{
			BaseURL: c.RedditAPIURL, WebURL: c.RedditAuthURL, UserAgent: c.RedditUserAgent, Timeout: c.CallTimeout, Meter: meter, HTTPClient: t.Client(),
		}))),
	}
}

func newMasterTokens(c Config) application.MasterTokens {
	return application.MasterTokens{content.YouTube: c.YouTubeMasterToken.Token}
}

// newTokenAuthorities returns the OAuth servers at which the deployment has a
// client.
func newTokenAuthorities(c Config, m *observe.Metrics, t *observe.Traces) application.TokenAuthorities {
	authorities := application.TokenAuthorities{}
	if c.YouTubeClientID != "" {
		authorities[content.YouTube] = t.TokenAuthority(m.TokenAuthority(oauth.NewGoogle(oauth.Options{
			ClientID: c.YouTubeClientID, ClientSecret: c.YouTubeClientSecret.Token,
			AuthURL: c.GoogleAuthURL, TokenURL: c.GoogleTokenURL, RevokeURL: c.GoogleRevokeURL, APIURL: c.YouTubeAPIURL, HTTPClient: t.Client(),
		})))
	}
	if c.RedditClientID != "" {
		authorities[content.Reddit] = t.TokenAuthority(m.TokenAuthority(oauth.NewReddit(oauth.Options{
			ClientID: c.RedditClientID, ClientSecret: c.RedditClientSecret.Token,
			AuthURL: c.RedditAuthURL, APIURL: c.RedditAPIURL, UserAgent: c.RedditUserAgent, HTTPClient: t.Client(),
		})))
	}
	return authorities
}

// newAppGrants returns the providers that grant tokens to the deployment's own
// client: Reddit, to a client that can keep a secret.
func newAppGrants(c Config, authorities application.TokenAuthorities) application.AppGrants {
	if c.RedditClientID == "" || c.RedditClientSecret.Empty() {
		return nil
	}
	return application.AppGrants{content.Reddit: authorities[content.Reddit]}
}

func newIntegrationSettings(c Config) application.IntegrationSettings {
	return application.IntegrationSettings{
		Origins: []string{c.WebAppOrigin, c.PublicURL}, CallbackURL: c.PublicURL + "/integrations/callback",
	}
}

// newBudgetPlans names what the deployment spends from. A provider at which it
// has no credentials has no budget.
func newBudgetPlans(c Config) application.BudgetPlans {
	plans := application.BudgetPlans{}
	if project := googleProject(c); project != "" {
		plans[content.YouTube] = application.BudgetAccount{
			Key:  access.BudgetKey{Provider: content.YouTube, Credential: project},
			Plan: access.BudgetPlan{Unit: "units", Limit: c.YouTubeDailyQuota, WindowEnd: youtube.DayEnd, Costs: c.YouTubeQuotaCosts},
		}
	}
	if c.RedditClientID != "" {
		plans[content.Reddit] = application.BudgetAccount{
			Key:  access.BudgetKey{Provider: content.Reddit, Credential: c.RedditClientID},
			Plan: access.BudgetPlan{Unit: "requests", Limit: c.RedditRequestsPerMinute, WindowEnd: minuteEnd},
		}
	}
	return plans
}

// googleProject returns the number of the project that Google counts a quota
// for, which client ids begin with. The key of an unknown project stands for
// it, as a digest: budgets name no secrets.
func googleProject(c Config) string {
	number, _, _ := strings.Cut(c.YouTubeClientID, "-")
	if number != "" || c.YouTubeMasterToken.Empty() {
		return number
	}
	digest := sha256.Sum256([]byte(c.YouTubeMasterToken.Reveal()))
	return hex.EncodeToString(digest[:8])
}

// minuteEnd returns the end of the minute of the clock that a time lies in.
func minuteEnd(now time.Time) time.Time { return now.UTC().Truncate(time.Minute).Add(time.Minute) }
