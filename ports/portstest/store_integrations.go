package portstest

import (
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// integrationChecks are the guarantees of ports.IntegrationStore.
var integrationChecks = []StoreCheck{
	{"integration/is read as it was saved, with its secrets", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		in := account(w.user, content.YouTube, "UC1")
		in.EndsAt, in.LastUsedAt = now().Add(time.Hour), now()
		saved, err := s.SaveIntegration(w.ctx, in)
		require.NoError(t, err)
		in.Renewable, in.Version = true, saved.Version
		require.Equal(t, in.Integration, saved)
		require.Equal(t, in, w.integration(in.ID))

		bare := account(w.user, content.YouTube, "UC2")
		bare.Scopes, bare.ExpiresAt, bare.Refresh = nil, time.Time{}, access.Token{}
		bare = w.connect(bare)
		require.Empty(t, bare.Scopes)
		require.Zero(t, bare.ExpiresAt)
		require.False(t, bare.Renewable)
		require.True(t, bare.Refresh.Empty())
	}},
	{"integration/without an id it is the newest that works", newestThatWorks},
	{"integration/of somebody else, another provider, unknown or garbage is not found", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		mine, eve := w.connect(account(w.user, content.YouTube, "UC1")), w.newUser("eve")
		for _, c := range []struct {
			user     access.UserID
			provider content.ProviderID
			id       string
		}{
			{eve, content.YouTube, mine.ID}, {eve, content.YouTube, ""}, {w.user, content.Reddit, mine.ID}, {w.user, content.Reddit, ""},
			{w.user, content.YouTube, newID()}, {w.user, content.YouTube, "garbage\x00"}, {"garbage", content.YouTube, mine.ID},
		} {
			_, err := s.Integration(w.ctx, c.user, c.provider, c.id)
			requireKind(t, fault.NotFound, err)
		}
		for user, id := range map[access.UserID]string{eve: mine.ID, w.user: newID(), "garbage": mine.ID} {
			_, err := s.DeleteIntegration(w.ctx, user, id)
			requireKind(t, fault.NotFound, err)
		}
		require.Equal(t, mine, w.integration(mine.ID))
	}},
	{"integration/the same account again replaces the credentials and keeps the id", sameAccountAgain},
	{"integration/lists page by page, newest first, each once", listsIntegrations},
	{"integration/a claim is one caller's until it is over or the credentials were saved", claims},
	{"integration/renewed credentials are saved by the version that they come from", savesRefreshed},
	{"integration/a mark holds for its version, ends the claim, and gives way to what was renewed", marks},
	{"integration/use is noted", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		in := w.connect(account(w.user, content.YouTube, "UC1"))
		require.NoError(t, s.TouchIntegration(w.ctx, in.ID, epoch))
		in.LastUsedAt = epoch
		require.Equal(t, in, w.integration(in.ID))
	}},
	{"integration/deleting erases it and tells what it was", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		in, other := w.connect(account(w.user, content.YouTube, "UC1")), w.connect(account(w.user, content.YouTube, "UC2"))
		was, err := s.DeleteIntegration(w.ctx, w.user, in.ID)
		require.NoError(t, err)
		require.Equal(t, in, was)
		_, err = s.Integration(w.ctx, w.user, content.YouTube, in.ID)
		requireKind(t, fault.NotFound, err)
		_, err = s.DeleteIntegration(w.ctx, w.user, in.ID)
		requireKind(t, fault.NotFound, err)
		w.requireClaim(false, in, time.Minute)
		w.requireSaved(false, in)
		require.Equal(t, other, w.integration(other.ID))
	}},
	{"integration/nothing is sealed anew that the writing key sealed", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		in := w.connect(account(w.user, content.YouTube, "UC1"))
		n, err := s.ResealSecrets(w.ctx, 10)
		require.NoError(t, err)
		require.Zero(t, n)
		require.Equal(t, in, w.integration(in.ID))
	}},
	{"concurrent/one of fifty claims a refresh, and one save of a version wins", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		in := w.connect(account(w.user, content.YouTube, "UC1"))
		require.Equal(t, 1, count(50, func(int) bool {
			claimed, err := s.ClaimRefresh(w.ctx, in.ID, in.Version, time.Minute)
			return err == nil && claimed
		}))
		require.Equal(t, 1, count(10, func(int) bool {
			saved, err := s.SaveRefreshed(w.ctx, in)
			return err == nil && saved
		}))
	}},
	{"concurrent/an account that is connected many times at once is one integration", func(t StoreT, s ports.Store) {
		w := newWorld(t, s)
		require.Equal(t, 8, count(8, func(int) bool {
			_, err := s.SaveIntegration(w.ctx, account(w.user, content.Reddit, "t2_1"))
			return err == nil
		}))
		listed, err := s.Integrations(w.ctx, w.user, ports.Paging{Limit: 10})
		require.NoError(t, err)
		require.Len(t, listed.Items, 1)
	}},
}

// account returns an integration that is not stored yet.
func account(user access.UserID, p content.ProviderID, id string) ports.HeldIntegration {
	return ports.HeldIntegration{
		Integration: access.Integration{
			ID: newID(), UserID: user, Provider: p, AccountID: id, AccountName: "Größe " + id,
			Scopes: []string{"identity", "read"}, ExpiresAt: now().Add(time.Hour), CreatedAt: now(),
		},
		Credentials: access.Credentials{Access: access.NewToken("access of " + id), Refresh: access.NewToken("refresh of " + id)},
	}
}

// connect saves an integration and returns it as it is read.
func (w *world) connect(in ports.HeldIntegration) ports.HeldIntegration {
	w.Helper()
	saved, err := w.SaveIntegration(w.ctx, in)
	require.NoError(w, err)
	held, err := w.Integration(w.ctx, in.UserID, in.Provider, saved.ID)
	require.NoError(w, err)
	require.Equal(w, saved, held.Integration)
	return held
}

// integration returns one of the user's YouTube accounts.
func (w *world) integration(id string) ports.HeldIntegration {
	w.Helper()
	held, err := w.Integration(w.ctx, w.user, content.YouTube, id)
	require.NoError(w, err)
	return held
}

func (w *world) requireClaim(want bool, in ports.HeldIntegration, length time.Duration) {
	w.Helper()
	claimed, err := w.ClaimRefresh(w.ctx, in.ID, in.Version, length)
	require.NoError(w, err)
	require.Equal(w, want, claimed)
}

func (w *world) requireSaved(want bool, in ports.HeldIntegration) {
	w.Helper()
	saved, err := w.SaveRefreshed(w.ctx, in)
	require.NoError(w, err)
	require.Equal(w, want, saved)
}

func newestThatWorks(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	_, err := s.Integration(w.ctx, w.user, content.YouTube, "")
	requireKind(t, fault.NotFound, err)
	w.connect(account(w.newUser("eve"), content.YouTube, "UC0"))
	var all []ports.HeldIntegration
	for _, id := range []string{"UC1", "UC2", "UC3"} {
		all = append(all, w.connect(account(w.user, content.YouTube, id)))
	}
	w.connect(account(w.user, content.Reddit, "t2_1"))
	for _, want := range slices.Backward(all) {
		require.Equal(t, want, w.integration(""))
		require.NoError(t, s.MarkReconnect(w.ctx, want.ID, want.Version, access.ReasonRevoked))
	}
	require.Equal(t, all[2].ID, w.integration("").ID, "none works: the newest of all")
	require.Equal(t, access.ReasonRevoked, w.integration("").Reason)
}

func sameAccountAgain(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	first := w.connect(account(w.user, content.YouTube, "UC1"))
	require.NoError(t, s.TouchIntegration(w.ctx, first.ID, epoch))
	require.NoError(t, s.MarkReconnect(w.ctx, first.ID, first.Version, access.ReasonRevoked))
	w.requireClaim(true, first, time.Minute)

	again := account(w.user, content.YouTube, "UC1")
	again.AccountName, again.Scopes, again.ExpiresAt = "renamed", []string{"more"}, now().Add(2*time.Hour)
	again.Access, again.Refresh = access.NewToken("newer"), access.NewToken("newer too")
	replaced := w.connect(again)
	require.Greater(t, replaced.Version, first.Version, "what comes of the old credentials is not saved any more")
	w.requireSaved(false, first)
	w.requireClaim(true, replaced, time.Minute)
	again.ID, again.Version, again.Renewable = first.ID, replaced.Version, true
	again.CreatedAt, again.LastUsedAt = first.CreatedAt, epoch
	require.Equal(t, again, replaced)

	for _, other := range []ports.HeldIntegration{
		account(w.newUser("eve"), content.YouTube, "UC1"), account(w.user, content.Reddit, "UC1"),
		account(w.user, content.YouTube, "UC2"), account(w.user, content.YouTube, ""), account(w.user, content.YouTube, ""),
	} {
		require.Equal(t, other.ID, w.connect(other).ID, "another account, or one that nobody knows")
	}
	require.Equal(t, replaced, w.integration(first.ID))
}

func listsIntegrations(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	eve := w.newUser("eve")
	w.connect(account(eve, content.YouTube, "UC1"))
	var want []access.Integration
	for n := range 7 {
		p := []content.ProviderID{content.YouTube, content.Reddit}[n%2]
		want = append(want, w.connect(account(w.user, p, strings.Repeat("x", n+1))).Integration)
	}
	slices.Reverse(want)
	var got []access.Integration
	var cursor string
	for p := (ports.Paging{Limit: 3}); ; {
		page, err := s.Integrations(w.ctx, w.user, p)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Items), 3)
		got = append(got, page.Items...)
		if p.After = page.Next; p.After == "" {
			break
		}
		cursor = p.After
	}
	require.Equal(t, want, got)
	for user, after := range map[access.UserID]string{w.user: cursor + "x", eve: cursor} {
		_, err := s.Integrations(w.ctx, user, ports.Paging{Limit: 3, After: after})
		requireKind(t, fault.Invalid, err)
		require.Equal(t, fault.CodeBadCursor, fault.As(err).Code)
	}
}

func claims(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	in, other := w.connect(account(w.user, content.YouTube, "UC1")), w.connect(account(w.user, content.YouTube, "UC2"))
	older, unknown := in, in
	older.Version--
	unknown.ID = newID()
	w.requireClaim(false, older, time.Minute)
	w.requireClaim(false, unknown, time.Minute)
	w.requireClaim(true, in, -time.Second)
	w.requireClaim(true, in, time.Minute) // the one before is over
	w.requireClaim(false, in, time.Minute)
	w.requireClaim(true, other, time.Minute)
	w.requireSaved(true, in)
	w.requireClaim(false, in, time.Minute)
	in.Version++
	w.requireClaim(true, in, time.Minute)
}

func savesRefreshed(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	in := w.connect(account(w.user, content.YouTube, "UC1"))
	renewed := in
	renewed.Integration, renewed.Credentials = in.Renewed(in.Credentials, access.Grant{
		Credentials: access.Credentials{Access: access.NewToken("renewed")}, ExpiresAt: now().Add(time.Hour),
		EndsAt: now().Add(24 * time.Hour), Scopes: []string{"fewer"},
	})
	stale := renewed
	stale.Version, stale.Access = in.Version-1, access.NewToken("stale")
	w.requireSaved(false, stale)
	require.Equal(t, in, w.integration(in.ID))
	w.requireSaved(true, renewed)
	renewed.Version++
	require.Equal(t, renewed, w.integration(in.ID))
	w.requireSaved(false, in)
	require.Equal(t, renewed, w.integration(in.ID), "and none of the old is there")
	renewed.Reason = access.ReasonRefused
	w.requireSaved(true, renewed)
	renewed.Version++
	require.Equal(t, renewed, w.integration(in.ID))
}

func marks(t StoreT, s ports.Store) {
	w := newWorld(t, s)
	in := w.connect(account(w.user, content.YouTube, "UC1"))
	w.requireClaim(true, in, time.Minute)
	require.NoError(t, s.MarkReconnect(w.ctx, in.ID, in.Version-1, access.ReasonRevoked))
	require.Equal(t, in, w.integration(in.ID))
	w.requireClaim(false, in, time.Minute)

	require.NoError(t, s.MarkReconnect(w.ctx, in.ID, in.Version, access.ReasonRevoked))
	marked := w.integration(in.ID)
	require.Equal(t, access.ReasonRevoked, marked.Reason)
	require.Equal(t, in.Credentials, marked.Credentials)
	w.requireClaim(true, marked, time.Minute)

	w.requireSaved(true, in) // its refresh was under way
	require.Empty(t, w.integration(in.ID).Reason)
	require.NoError(t, s.MarkReconnect(w.ctx, in.ID, in.Version, access.ReasonRevoked))
	require.Empty(t, w.integration(in.ID).Reason, "the mark was about the credentials before")
}
