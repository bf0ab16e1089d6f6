package access_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, tc := range map[string]struct {
		in   access.Integration
		want access.Health
	}{
		"renews itself":                {access.Integration{Renewable: true, ExpiresAt: minute.Add(-day)}, access.Active},
		"never ends":                   {access.Integration{}, access.Active},
		"ends in a week":               {access.Integration{Renewable: true, EndsAt: minute.Add(7 * day)}, access.Active},
		"ends tomorrow":                {access.Integration{Renewable: true, EndsAt: minute.Add(day)}, access.Expiring},
		"ended":                        {access.Integration{Renewable: true, EndsAt: minute}, access.NeedsReconnect},
		"cannot be renewed":            {access.Integration{ExpiresAt: minute.Add(time.Hour)}, access.Expiring},
		"could not be renewed":         {access.Integration{ExpiresAt: minute.Add(-time.Hour)}, access.NeedsReconnect},
		"the provider said no to this": {access.Integration{Renewable: true, Reason: access.ReasonRevoked}, access.NeedsReconnect},
	} {
		assert.Equal(t, tc.want, tc.in.Health(minute), name)
	}
}

func TestValidForAMinuteAtLeast(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]bool{-time.Hour: false, 0: false, 59 * time.Second: false, time.Minute: true, time.Hour: true} {
		assert.Equal(t, want, access.Integration{ExpiresAt: minute.Add(left)}.Valid(minute), left)
	}
	assert.True(t, access.Integration{}.Valid(minute), "never")
}

func TestLacks(t *testing.T) {
	t.Parallel()
	in := access.Integration{Scopes: []string{"read", "identity"}}
	assert.Empty(t, in.Lacks([]string{"identity", "read"}))
	assert.Equal(t, []string{"history"}, in.Lacks([]string{"read", "history"}))
	assert.Empty(t, access.Integration{Scopes: []string{"*"}}.Lacks([]string{"read"}))
}

func TestRenewedKeepsWhatIsNotGivenAgain(t *testing.T) {
	t.Parallel()
	in := access.Integration{Scopes: []string{"read"}, EndsAt: minute, Reason: access.ReasonRefused}
	old := access.Credentials{Access: access.NewToken("a"), Refresh: access.NewToken("r")}
	grant := access.Grant{Credentials: access.Credentials{Access: access.NewToken("b")}, ExpiresAt: minute.Add(time.Hour)}
	renewed, c := in.Renewed(old, grant)
	assert.Equal(t, access.Credentials{Access: access.NewToken("b"), Refresh: access.NewToken("r")}, c)
	assert.Equal(t, access.Integration{Scopes: []string{"read"}, EndsAt: minute, ExpiresAt: minute.Add(time.Hour), Renewable: true}, renewed)

	grant.Refresh, grant.Scopes, grant.EndsAt = access.NewToken("s"), []string{"identity"}, minute.Add(time.Minute)
	renewed, c = in.Renewed(old, grant)
	assert.Equal(t, access.NewToken("s"), c.Refresh)
	assert.Equal(t, []string{"identity"}, renewed.Scopes)
	assert.Equal(t, minute.Add(time.Minute), renewed.EndsAt)

	renewed, _ = in.Renewed(access.Credentials{}, access.Grant{Credentials: access.Credentials{Access: access.NewToken("b")}})
	assert.False(t, renewed.Renewable)
}

func TestSecretsAndStates(t *testing.T) {
	t.Parallel()
	assert.Regexp(t, `^[A-Za-z0-9_-]{43}$`, access.NewSecret(), "a PKCE verifier has 43 characters or more")
	assert.NotEqual(t, access.NewSecret(), access.NewSecret())
	assert.NotContains(t, string(access.HashState("state")), "state")
	assert.Equal(t, access.HashState("state"), access.HashState("state"))
}

func TestIntegrationAuthenticationErrorIsAFault(t *testing.T) {
	t.Parallel()
	var err error = &access.IntegrationAuthenticationError{Provider: content.Reddit, Tried: []string{"one", "two"}}
	f := fault.As(err)
	assert.Equal(t, fault.Unauthenticated, f.Kind)
	assert.Equal(t, fault.CodeNoCredentials, f.Code)
	assert.Equal(t, "nothing is left to fetch from reddit with: one; two", f.Message)
	failure, ok := errors.AsType[*access.IntegrationAuthenticationError](err)
	require.True(t, ok)
	failure.Reconnect = true
	assert.Equal(t, fault.CodeNeedsReconnect, fault.As(err).Code)
}
