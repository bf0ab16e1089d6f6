package application_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/test/fakeapi"
)

// connected is a rig whose user has a YouTube account, and what came of a task.
type connected struct {
	*process
	store     *accountStore
	authority *memory.TokenAuthority
	account   string
}

// connect gives the rig's user an account. The platform accepts its first token,
// and each token of a refresh where refreshed is true.
func connect(t *testing.T, refreshed bool, change ...func(*parts)) *connected {
	t.Helper()
	r := newRig(t)
	c := &connected{store: newAccountStore(), authority: memory.NewTokenAuthority(content.YouTube, time.Hour, needed)}
	g := c.authority.Grant(ports.Account{ID: "a"}, time.Hour)
	r.fake.AllowToken(fakeapi.AccessToken{Secret: g.Access.Reveal(), Scopes: []string{fakeapi.ScopeForceSSL}})
	c.account = c.store.add(r.by.User.ID, content.YouTube, g)
	authority := &accepted{TokenAuthority: c.authority, fake: r.fake, accepts: refreshed}
	c.process = r.start(append(change, func(p *parts) {
		p.integrations, p.authorities = c.store, application.TokenAuthorities{content.YouTube: authority}
	})...)
	return c
}

// accepted is an OAuth server whose tokens the platform knows, or does not.
type accepted struct {
	*memory.TokenAuthority
	fake    *fakeapi.Server
	accepts bool
}

func (a *accepted) Refresh(ctx context.Context, refresh access.Token) (access.Grant, error) {
	g, err := a.TokenAuthority.Refresh(ctx, refresh)
	if err == nil && a.accepts {
		a.fake.AllowToken(fakeapi.AccessToken{Secret: g.Access.Reveal(), Scopes: []string{fakeapi.ScopeForceSSL}})
	}
	return g, err
}

func TestATaskIsFetchedWithTheUsersToken(t *testing.T) {
	t.Parallel()
	c := connect(t, true)
	ended := c.ended(c.collect(battery))
	assert.Equal(t, task.Completed, ended.Status, codes(ended))
	assert.Equal(t, access.UserOAuth, ended.TokenSource)
	for _, call := range c.fake.CallsTo(fakeapi.YouTube, "commentThreads") {
		assert.Equal(t, fakeapi.BearerAuth, call.Auth)
	}
}

// A token that ends in mid-run is renewed once, and the page is asked for again.
func TestARefusedTokenIsRenewedInMidRun(t *testing.T) {
	t.Parallel()
	c := connect(t, true)
	c.fake.Inject(fakeapi.Rule{
		Service: fakeapi.YouTube, Path: "commentThreads", Query: "pageToken=", Times: 1,
		Effect: fakeapi.Error, Status: http.StatusUnauthorized, Reason: "authError",
	})
	ended := c.ended(c.collect(battery))
	assert.Equal(t, task.Completed, ended.Status, codes(ended))
	assert.Equal(t, access.UserOAuth, ended.TokenSource)
	assert.Equal(t, c.onYouTube("BatteryFire"), c.comments(ended.ID))
	assert.Equal(t, 1, c.authority.Calls("refresh"))
	assert.Empty(t, c.store.row(c.account).Reason)
}

func TestATokenThatIsRefusedTwiceIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	c := connect(t, false)
	c.fake.RevokeToken(c.store.row(c.account).Access.Reveal())
	ended := c.ended(c.collect(battery))
	assert.Equal(t, task.Completed, ended.Status, codes(ended))
	assert.Equal(t, access.MasterAPIKey, ended.TokenSource)
	assert.Equal(t, 1, c.authority.Calls("refresh"))
	assert.Equal(t, access.ReasonRefused, c.store.row(c.account).Reason)
}

func TestAMissingScopeIsNotRenewedButFallenBackFrom(t *testing.T) {
	t.Parallel()
	c := connect(t, true)
	c.fake.Inject(fakeapi.Rule{
		Service: fakeapi.YouTube, Path: "commentThreads", Times: 1,
		Effect: fakeapi.Error, Status: http.StatusForbidden, Reason: "insufficientPermissions",
	})
	ended := c.ended(c.collect(battery))
	assert.Equal(t, task.Completed, ended.Status, codes(ended))
	assert.Equal(t, access.MasterAPIKey, ended.TokenSource)
	assert.Zero(t, c.authority.Calls("refresh"))
	assert.Equal(t, access.ReasonInsufficientScope, c.store.row(c.account).Reason)
}

func TestWithNothingLeftTheTaskSaysThatAnAccountMustBeConnectedAgain(t *testing.T) {
	t.Parallel()
	c := connect(t, false, func(p *parts) { p.masters = nil })
	c.fake.RevokeToken(c.store.row(c.account).Access.Reveal())
	ended := c.ended(c.collect(battery))
	assert.Equal(t, task.Failed, ended.Status)
	assert.Equal(t, []string{string(fault.CodeNeedsReconnect)}, codes(ended))
}

func TestEstimate(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		url     string
		change  func(*parts)
		options task.Options
		posts   *int64
		cost    *int64
	}{
		"a video":                 {url: battery, posts: new(int64(1)), cost: new(int64(2))},
		"a channel, nobody knows": {url: "https://www.youtube.com/@TidelineWorkshop"},
		"a video that is gone":    {url: watch + "nosuchvideo", posts: new(int64(0)), cost: new(int64(1))},
		"without credentials":     {url: battery, change: func(p *parts) { p.masters = nil }},
		"no more than asked for":  {url: battery, options: task.Options{MaxPosts: 5}, posts: new(int64(5)), cost: new(int64(2))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newRig(t).start(func(p *parts) {
				p.budgets, p.plans = newLedger(), daily(100)
				if tc.change != nil {
					tc.change(p)
				}
			})
			got, err := p.estimates.Estimate(t.Context(), p.by, application.NewTask{URLs: []string{tc.url}, Options: tc.options})
			require.NoError(t, err)
			assert.Equal(t, content.YouTube, got.Provider)
			assert.Equal(t, "units", got.Unit)
			require.NotNil(t, got.Quota)
			assert.EqualValues(t, 100, got.Quota.Limit)
			if tc.posts == nil {
				assert.Nil(t, got.ExpectedPosts)
				assert.Nil(t, got.Cost)
				return
			}
			require.NotNil(t, got.ExpectedPosts)
			assert.GreaterOrEqual(t, *got.ExpectedPosts, *tc.posts)
			assert.GreaterOrEqual(t, *got.Cost, *tc.cost)
			assert.LessOrEqual(t, got.Quota.Used, int64(2), "what was not needed was handed back")
		})
	}
	p := newRig(t).start()
	_, err := p.estimates.Estimate(t.Context(), access.Caller{}, application.NewTask{URLs: []string{battery}})
	assert.Equal(t, fault.Forbidden, fault.KindOf(err))
	_, err = p.estimates.Estimate(t.Context(), p.by, application.NewTask{URLs: []string{"https://example.com"}})
	assert.Equal(t, fault.CodeUnsupportedURL, fault.As(err).Code)
}

// The quota is used up in mid-run: the task waits without spending attempts, and
// says until when.
func TestAUsedUpQuotaLetsTheTaskWait(t *testing.T) {
	t.Parallel()
	p := newRig(t).start(func(p *parts) { p.budgets, p.plans = newLedger(), daily(2) })
	id := p.collect(battery)
	waits := p.when(id, "waits", func(s task.State) bool { return s.Status == task.Waiting })
	assert.WithinDuration(t, time.Now().UTC().Truncate(24*time.Hour).Add(24*time.Hour), waits.RetryAt, time.Second)
	for _, sub := range p.subtasks(id) {
		assert.Zero(t, sub.Attempt)
	}
	assert.Len(t, p.fake.CallsTo(fakeapi.YouTube, "commentThreads"), 1, "two units, two calls")
}
