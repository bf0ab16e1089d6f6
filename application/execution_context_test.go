package application_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
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
)

const (
	needed   = "read"
	somebody = access.UserID("u")
)

// desk is what execution contexts are resolved from in a test.
type desk struct {
	t         *testing.T
	store     *accountStore
	authority *memory.TokenAuthority
	log       bytes.Buffer
	deps      application.ContextsDeps
	contexts  *application.Contexts
}

// newDesk returns a desk at the provider. Call it within a synctest bubble: its
// clock is the bubble's.
func newDesk(t *testing.T, p content.ProviderID) *desk {
	t.Helper()
	d := &desk{t: t, store: newAccountStore(), authority: memory.NewTokenAuthority(p, time.Hour, needed)}
	d.deps = application.ContextsDeps{
		Store: d.store, Authorities: application.TokenAuthorities{p: d.authority},
		Masters: application.MasterTokens{p: access.NewToken("master")},
	}
	d.contexts = d.process()
	return d
}

// process returns the contexts of one more process on the same store.
func (d *desk) process() *application.Contexts {
	contexts := application.NewContexts(d.deps, slog.New(slog.NewTextHandler(&d.log, nil)))
	d.t.Cleanup(func() { contexts.Close(context.Background()) })
	return contexts
}

// account connects an account whose access token holds that long.
func (d *desk) account(lives time.Duration, change ...func(*ports.HeldIntegration)) (string, access.Grant) {
	g := d.authority.Grant(ports.Account{ID: "a", Name: "A"}, lives)
	return d.store.add(somebody, d.authority.Provider(), g, change...), g
}

func (d *desk) task(change ...func(*task.State)) task.State {
	s := task.State{User: somebody, Provider: d.authority.Provider()}
	for _, c := range change {
		c(&s)
	}
	return s
}

func (d *desk) fail(method string, err error) {
	d.authority.Before = func(_ context.Context, m string) error {
		if m == method {
			return err
		}
		return nil
	}
}

// carries tells the token of a context by the header that it makes.
func carries(t *testing.T, ec access.ExecutionContext, token access.Token) {
	t.Helper()
	assert.Equal(t, "Bearer "+token.Reveal(), access.BuildRequestConfig(ec).Value())
}

var (
	final   = fault.New(fault.Unauthenticated, fault.CodeNeedsReconnect, "revoked")
	down    = fault.New(fault.Unavailable, fault.CodeProviderUnavailable, "503")
	unknown = fault.New(fault.Rejected, fault.CodeCredentialsRejected, "invalid_client")
)

func byUser(s *task.State)   { s.Options.Auth = task.AuthUser }
func byMaster(s *task.State) { s.Options.Auth = task.AuthMaster }

// What Build makes of each state of a user's account (design §4).
func TestBuild(t *testing.T) {
	t.Parallel()
	type want struct {
		source   access.TokenSource
		refresh  int        // calls of the provider
		reason   string     // of the integration afterwards
		fallback string     // part of why the deployment's token stands in
		kind     fault.Kind // of the error, if there is no source
		code     fault.Code
	}
	for name, tc := range map[string]struct {
		lives   time.Duration // 0: nothing is connected
		account func(*ports.HeldIntegration)
		refresh error
		task    func(*task.State)
		master  bool
		want    want
	}{
		"valid":                             {lives: time.Hour, master: true, want: want{source: access.UserOAuth}},
		"valid, the deployment's asked for": {lives: time.Hour, task: byMaster, master: true, want: want{source: access.MasterAPIKey}},
		"expired":                           {lives: -time.Minute, master: true, want: want{source: access.UserOAuth, refresh: 1}},
		"ends within a minute":              {lives: 59 * time.Second, want: want{source: access.UserOAuth, refresh: 1}},
		"two minutes are enough":            {lives: 2 * time.Minute, want: want{source: access.UserOAuth}},
		"never ends": {lives: time.Hour, account: func(h *ports.HeldIntegration) { h.ExpiresAt = time.Time{} },
			want: want{source: access.UserOAuth}},
		"revoked": {lives: -1, refresh: final, master: true,
			want: want{source: access.MasterAPIKey, refresh: 1, reason: access.ReasonRevoked, fallback: "connected again"}},
		"revoked, only the user's asked for": {lives: -1, refresh: final, master: true, task: byUser,
			want: want{refresh: 1, reason: access.ReasonRevoked, kind: fault.Unauthenticated, code: fault.CodeNeedsReconnect}},
		"revoked, nothing else is there": {lives: -1, refresh: final,
			want: want{refresh: 1, reason: access.ReasonRevoked, kind: fault.Unauthenticated, code: fault.CodeNeedsReconnect}},
		"the provider is down": {lives: -1, refresh: down, master: true,
			want: want{source: access.MasterAPIKey, refresh: 1, fallback: "did not answer"}},
		"the provider is down, nothing else is there": {lives: -1, refresh: down,
			want: want{refresh: 1, kind: fault.Unavailable, code: fault.CodeProviderUnavailable}},
		"the provider is down, two minutes early": {lives: 61 * time.Second, refresh: down,
			want: want{source: access.UserOAuth, refresh: 1}},
		"the client is not taken": {lives: -1, refresh: unknown,
			want: want{refresh: 1, kind: fault.Unauthenticated, code: fault.CodeNoCredentials}},
		"a defect": {lives: -1, refresh: errors.New("who knows"),
			want: want{refresh: 1, kind: fault.Unavailable, code: fault.CodeProviderUnavailable}},
		"nothing to renew with": {lives: -1, account: func(h *ports.HeldIntegration) { h.Refresh, h.Renewable = access.Token{}, false },
			want: want{reason: access.ReasonExpired, kind: fault.Unauthenticated, code: fault.CodeNeedsReconnect}},
		"the provider ended it": {lives: time.Hour, account: func(h *ports.HeldIntegration) { h.EndsAt = time.Now() },
			want: want{reason: access.ReasonExpired, kind: fault.Unauthenticated, code: fault.CodeNeedsReconnect}},
		"unreadable": {lives: time.Hour, master: true, account: func(h *ports.HeldIntegration) { h.Unreadable, h.Credentials = true, access.Credentials{} },
			want: want{source: access.MasterAPIKey, reason: access.ReasonUnreadable, fallback: "decrypted"}},
		"readable again": {lives: time.Hour, account: func(h *ports.HeldIntegration) { h.Reason = access.ReasonUnreadable },
			want: want{source: access.UserOAuth, reason: access.ReasonUnreadable}},
		"a scope is missing": {lives: time.Hour, master: true, account: func(h *ports.HeldIntegration) { h.Scopes = []string{"identity"} },
			want: want{source: access.MasterAPIKey, reason: access.ReasonInsufficientScope, fallback: "does not allow"}},
		"all scopes by a star": {lives: time.Hour, account: func(h *ports.HeldIntegration) { h.Scopes = []string{"*"} },
			want: want{source: access.UserOAuth}},
		"was marked": {lives: time.Hour, master: true, account: func(h *ports.HeldIntegration) { h.Reason = access.ReasonRefused },
			want: want{source: access.MasterAPIKey, reason: access.ReasonRefused, fallback: "refuses its token"}},
		"nothing connected":               {master: true, want: want{source: access.MasterAPIKey}},
		"nothing connected, user's alone": {master: true, task: byUser, want: want{kind: fault.Unauthenticated, code: fault.CodeNoCredentials}},
		"nothing at all":                  {want: want{kind: fault.Unauthenticated, code: fault.CodeNoCredentials}},
		"the named account is gone": {master: true, task: func(s *task.State) { s.IntegrationID = "gone" },
			want: want{source: access.MasterAPIKey, fallback: "no longer connected"}},
		"another user's account": {lives: time.Hour, account: func(h *ports.HeldIntegration) { h.UserID = "other" }, master: true,
			want: want{source: access.MasterAPIKey}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, content.YouTube)
				if !tc.master {
					delete(d.deps.Masters, content.YouTube)
				}
				var id string
				if tc.lives != 0 {
					id, _ = d.account(tc.lives, func(h *ports.HeldIntegration) {
						if tc.account != nil {
							tc.account(h)
						}
					})
				}
				if tc.refresh != nil {
					d.fail("refresh", tc.refresh)
				}
				state := d.task()
				if tc.task != nil {
					tc.task(&state)
				}
				ec, err := d.contexts.Build(t.Context(), state)
				assert.Equal(t, tc.want.refresh, d.authority.Calls("refresh"))
				assert.Equal(t, tc.want.reason, d.store.row(id).Reason)
				if tc.want.source == "" {
					assert.Equal(t, tc.want.kind, fault.KindOf(err))
					assert.Equal(t, tc.want.code, fault.As(err).Code)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, tc.want.source, ec.TokenSource())
				if tc.want.fallback == "" {
					assert.Nil(t, ec.Fallback())
				} else {
					require.NotNil(t, ec.Fallback())
					assert.Contains(t, ec.Fallback().Reason, tc.want.fallback)
					assert.WithinDuration(t, time.Now(), ec.Fallback().At, time.Second)
				}
				if ec.TokenSource() == access.UserOAuth {
					carries(t, ec, d.store.row(id).Access)
					assert.True(t, d.authority.Knows(d.store.row(id).Access), "what is used is what is stored")
				}
			})
		})
	}
}

func TestNothingLeftSaysWhatWasTried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, content.YouTube)
		delete(d.deps.Masters, content.YouTube)
		d.account(time.Hour, func(h *ports.HeldIntegration) { h.Reason = access.ReasonRevoked })
		_, err := d.contexts.Build(t.Context(), d.task())
		var failure *access.IntegrationAuthenticationError
		require.ErrorAs(t, err, &failure)
		assert.Len(t, failure.Tried, 2)
		assert.True(t, failure.Reconnect)
		outcome := task.DefaultRetryPolicy().Decide(err, task.SubtaskState{}, time.Now(), 0)
		assert.Equal(t, task.FailedForGood, outcome.Kind)
		assert.Contains(t, outcome.Problem.Message, "YOUTUBE_MASTER_ACCESS_TOKEN")
	})
}

func TestTheNamedAccountIsUsedElseTheNewest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, content.YouTube)
		older, _ := d.account(time.Hour)
		newer, _ := d.account(time.Hour)
		d.account(time.Hour, func(h *ports.HeldIntegration) { h.Reason = access.ReasonRevoked })
		ec, err := d.contexts.Build(t.Context(), d.task())
		require.NoError(t, err)
		assert.Equal(t, newer, ec.IntegrationID())
		ec, err = d.contexts.Build(t.Context(), d.task(func(s *task.State) { s.IntegrationID = older }))
		require.NoError(t, err)
		assert.Equal(t, older, ec.IntegrationID())
	})
}

func TestAValidTokenCostsOneReadAndIsTouchedOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, content.YouTube)
		id, _ := d.account(time.Hour, func(h *ports.HeldIntegration) { h.LastUsedAt = time.Time{} })
		for range 3 {
			_, err := d.contexts.Build(t.Context(), d.task())
			require.NoError(t, err)
		}
		synctest.Wait()
		assert.Equal(t, 3, d.store.reads)
		first := d.store.row(id).LastUsedAt
		assert.False(t, first.IsZero())
		<-time.After(time.Minute)
		_, err := d.contexts.Build(t.Context(), d.task())
		require.NoError(t, err)
		synctest.Wait()
		assert.True(t, d.store.row(id).LastUsedAt.After(first))
	})
}

func TestARefreshTokenIsNotReplacedByNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, content.YouTube)
		id, g := d.account(-1)
		_, err := d.contexts.Build(t.Context(), d.task())
		require.NoError(t, err)
		assert.Equal(t, g.Refresh, d.store.row(id).Refresh)
		assert.NotEqual(t, g.Access, d.store.row(id).Access)
	})
}

// Fifty workers in two processes, and a provider that takes its ten seconds.
func TestOneRefreshForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, content.YouTube)
		id, _ := d.account(-1)
		other, _ := d.account(time.Hour, func(h *ports.HeldIntegration) { h.UserID = "other" })
		d.authority.Before = func(context.Context, string) error { <-time.After(9 * time.Second); return nil }
		processes := []*application.Contexts{d.contexts, d.process()}
		contexts := make([]access.ExecutionContext, 50)
		var workers sync.WaitGroup
		for i := range contexts {
			workers.Go(func() {
				ec, err := processes[i%2].Build(t.Context(), d.task())
				assert.NoError(t, err)
				contexts[i] = ec
			})
		}
		synctest.Wait() // all of them wait for the provider
		began := time.Now()
		require.NoError(t, d.store.TouchIntegration(t.Context(), other, began))
		ec, err := processes[1].Build(t.Context(), task.State{User: "other", Provider: content.YouTube})
		require.NoError(t, err)
		assert.Equal(t, other, ec.IntegrationID())
		assert.Zero(t, time.Since(began), "nobody else waits, neither to read nor to write")
		workers.Wait()
		assert.Equal(t, 1, d.authority.Calls("refresh"))
		assert.Equal(t, 1, d.store.saves)
		for _, ec := range contexts {
			carries(t, ec, d.store.row(id).Access)
		}
	})
}

func TestWhoeverWaitsInVainComesBackWithoutSpendingAnAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, content.YouTube)
		id, _ := d.account(-1)
		claimed, err := d.store.ClaimRefresh(t.Context(), id, 1, 20*time.Second) // by a process that died
		require.NoError(t, err)
		require.True(t, claimed)
		began := time.Now()
		_, err = d.contexts.Build(t.Context(), d.task())
		require.Error(t, err)
		assert.Equal(t, 15*time.Second, time.Since(began))
		outcome := task.DefaultRetryPolicy().Decide(err, task.SubtaskState{}, time.Now(), 0.5)
		assert.Equal(t, task.ParkedUntil, outcome.Kind)
		<-time.After(time.Until(outcome.At) + 2*time.Second)
		ec, err := d.contexts.Build(t.Context(), d.task())
		require.NoError(t, err, "the claim is over")
		assert.Equal(t, access.UserOAuth, ec.TokenSource())
	})
}

func TestACallerWhoGoesAwayDoesNotEndTheRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, content.YouTube)
		id, g := d.account(-1)
		d.authority.Before = func(context.Context, string) error { <-time.After(5 * time.Second); return nil }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := d.contexts.Build(ctx, d.task())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		d.contexts.Close(t.Context())
		assert.NotEqual(t, g.Access, d.store.row(id).Access, "closing waited until it was saved")
	})
}

func TestWhatCannotBeSavedStaysInMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, content.YouTube)
		id, g := d.account(-1)
		d.store.failSaves = 2
		for range 2 {
			_, err := d.contexts.Build(t.Context(), d.task())
			require.Error(t, err, "new credentials are saved before they are used")
			assert.Equal(t, task.ParkedUntil, task.DefaultRetryPolicy().Decide(err, task.SubtaskState{}, time.Now(), 0).Kind)
		}
		assert.Contains(t, d.log.String(), id, "a warning names the integration")
		assert.NotContains(t, d.log.String(), g.Refresh.Reveal())
		ec, err := d.contexts.Build(t.Context(), d.task())
		require.NoError(t, err)
		assert.Equal(t, 1, d.authority.Calls("refresh"), "what was renewed is not thrown away")
		carries(t, ec, d.store.row(id).Access)
	})
}

func TestClosingSavesWhatWasNotSaved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, content.YouTube)
		id, g := d.account(-1)
		d.store.failSaves = 1
		_, err := d.contexts.Build(t.Context(), d.task())
		require.Error(t, err)
		d.contexts.Close(t.Context())
		assert.NotEqual(t, g.Access, d.store.row(id).Access)
	})
}

func TestConnectingAgainWinsOverWhatWasNotSaved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, content.YouTube)
		id, _ := d.account(-1)
		d.store.failSaves = 1
		_, err := d.contexts.Build(t.Context(), d.task())
		require.Error(t, err)
		again := d.authority.Grant(ports.Account{ID: "a"}, time.Hour)
		d.store.change(id, func(h *ports.HeldIntegration) {
			h.Credentials, h.ExpiresAt, h.Version = again.Credentials, again.ExpiresAt, h.Version+1
		})
		ec, err := d.contexts.Build(t.Context(), d.task())
		require.NoError(t, err)
		carries(t, ec, again.Access)
	})
}

func TestAProviderInTroubleIsAskedEveryTwentySeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, content.YouTube)
		d.account(-1)
		d.fail("refresh", down)
		for range 10 {
			ec, err := d.contexts.Build(t.Context(), d.task())
			require.NoError(t, err)
			assert.Equal(t, access.MasterAPIKey, ec.TokenSource())
		}
		assert.Equal(t, 1, d.authority.Calls("refresh"))
		<-time.After(21 * time.Second)
		d.authority.Before = nil
		ec, err := d.contexts.Build(t.Context(), d.task())
		require.NoError(t, err)
		assert.Equal(t, access.UserOAuth, ec.TokenSource())
	})
}

func TestABurstOfRefusalsMarksNobody(t *testing.T) {
	t.Parallel()
	for _, refused := range []int{5, 6, 9} {
		t.Run(fmt.Sprint(refused), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, content.Reddit)
				d.fail("refresh", final)
				ids := make([]string, refused)
				for i := range ids {
					user := access.UserID(fmt.Sprint("u", i))
					ids[i], _ = d.account(-1, func(h *ports.HeldIntegration) { h.UserID = user })
					ec, err := d.contexts.Build(t.Context(), d.task(func(s *task.State) { s.User = user }))
					require.NoError(t, err)
					assert.Equal(t, access.MasterAPIKey, ec.TokenSource())
				}
				marked := 0
				for _, id := range ids {
					if d.store.row(id).Reason != "" {
						marked++
					}
				}
				if refused > 5 {
					assert.Zero(t, marked)
					assert.ErrorContains(t, d.contexts.Healthy(t.Context()), "REDDIT_CLIENT_ID")
					<-time.After(time.Hour)
				} else {
					assert.Equal(t, refused, marked)
				}
				assert.NoError(t, d.contexts.Healthy(t.Context()))
			})
		})
	}
}

func TestRenewAfterARefusalInMidRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, content.YouTube)
		id, _ := d.account(time.Hour)
		refused, err := d.contexts.Build(t.Context(), d.task())
		require.NoError(t, err)
		var workers sync.WaitGroup
		for range 10 {
			workers.Go(func() {
				ec, err := d.contexts.Renew(t.Context(), d.task(), refused)
				assert.NoError(t, err)
				carries(t, ec, d.store.row(id).Access)
			})
		}
		workers.Wait()
		assert.Equal(t, 1, d.authority.Calls("refresh"), "those who come late take the newer token")

		late, err := d.contexts.Reject(t.Context(), d.task(), refused, access.ReasonRefused)
		require.NoError(t, err)
		assert.Equal(t, access.UserOAuth, late.TokenSource(), "a token that is not stored any more marks nothing")
		ec, err := d.contexts.Reject(t.Context(), d.task(), late, access.ReasonRefused)
		require.NoError(t, err)
		assert.Equal(t, access.MasterAPIKey, ec.TokenSource())
		assert.Contains(t, ec.Fallback().Reason, "refuses its token")
		assert.Equal(t, access.ReasonRefused, d.store.row(id).Reason)
	})
}

func TestTheDeploymentsOwnGrant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, content.Reddit)
		d.deps.Masters, d.deps.AppGrants = nil, application.AppGrants{content.Reddit: d.authority}
		contexts := d.process()
		assert.True(t, contexts.HasMaster(content.Reddit))
		assert.False(t, contexts.HasMaster(content.YouTube))
		var workers sync.WaitGroup
		for range 20 {
			workers.Go(func() {
				ec, err := contexts.Build(t.Context(), d.task())
				assert.NoError(t, err)
				assert.Equal(t, access.MasterAPIKey, ec.TokenSource())
				assert.Nil(t, ec.Fallback(), "nobody has connected an account")
			})
		}
		workers.Wait()
		assert.Equal(t, 1, d.authority.Calls("appgrant"))

		ec, err := contexts.Build(t.Context(), d.task())
		require.NoError(t, err)
		renewed, err := contexts.Renew(t.Context(), d.task(), ec)
		require.NoError(t, err)
		assert.NotEqual(t, access.BuildRequestConfig(ec), access.BuildRequestConfig(renewed))

		<-time.After(58*time.Minute + time.Second)
		d.fail("appgrant", down)
		ec, err = contexts.Build(t.Context(), d.task())
		require.NoError(t, err, "it still holds for a minute")
		assert.Equal(t, access.BuildRequestConfig(renewed), access.BuildRequestConfig(ec))
		<-time.After(2 * time.Minute)
		_, err = contexts.Build(t.Context(), d.task())
		assert.Equal(t, fault.Unavailable, fault.KindOf(err))
		d.fail("appgrant", unknown)
		_, err = contexts.Build(t.Context(), d.task())
		assert.Equal(t, fault.CodeNoCredentials, fault.As(err).Code)
	})
}
