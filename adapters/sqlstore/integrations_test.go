package sqlstore

import (
	"context"
	"encoding/base64"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/ports"
)

// keyring returns a ring of keys with these ids, the first one writing.
func keyring(t testing.TB, ids ...string) access.Keyring {
	t.Helper()
	var pairs []string
	for _, id := range ids {
		key := (id + strings.Repeat("k", 32))[:32]
		pairs = append(pairs, id+":"+base64.StdEncoding.EncodeToString([]byte(key)))
	}
	ring, err := access.ParseKeyring(strings.Join(pairs, ","))
	require.NoError(t, err)
	return ring
}

func connected(t testing.TB, s *Store) ports.HeldIntegration {
	t.Helper()
	user, err := s.EnsureUser(t.Context(), access.User{ID: access.UserID(newID()), Name: newID(), CreatedAt: time.Now()})
	require.NoError(t, err)
	in := ports.HeldIntegration{
		Integration: access.Integration{
			ID: newID(), UserID: user.ID, Provider: content.YouTube, AccountID: "UC1", AccountName: "An account",
			Scopes: []string{"a", "b"}, ExpiresAt: time.Now().Add(time.Hour), CreatedAt: time.Now(),
		},
		Credentials: access.Credentials{Access: access.NewToken("the access token"), Refresh: access.NewToken("the refresh token")},
	}
	saved, err := s.SaveIntegration(t.Context(), in)
	require.NoError(t, err)
	in.Integration = saved
	return in
}

// TestSecretsAreSealed looks at the columns themselves.
func TestSecretsAreSealed(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		in := connected(t, s)
		var row integrationRow
		require.NoError(t, s.db.NewSelect().Model(&row).Where("i.id = ?", in.ID).Scan(t.Context()))
		for _, sealed := range [][]byte{row.AccessToken, row.RefreshToken} {
			require.Equal(t, "one", access.SealedBy(sealed))
			require.NotContains(t, string(sealed), "token")
		}

		// Swapped or tampered ciphertexts are unreadable, and no error.
		_, err := s.db.NewUpdate().Table("integrations").Set("access_token = refresh_token").Where("id = ?", in.ID).Exec(t.Context())
		require.NoError(t, err)
		held, err := s.Integration(t.Context(), in.UserID, content.YouTube, in.ID)
		require.NoError(t, err)
		require.True(t, held.Unreadable)
		require.True(t, held.Access.Empty() && held.Refresh.Empty())
	})
}

func TestSecretsAreSealedAnew(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		s.keys = keyring(t, "old")
		ins := []ports.HeldIntegration{connected(t, s), connected(t, s), connected(t, s)}
		s.keys = keyring(t, "new", "old")
		late := connected(t, s)
		total := 0
		for {
			n, err := s.ResealSecrets(t.Context(), 2)
			require.NoError(t, err)
			require.LessOrEqual(t, n, 2)
			if total += n; n == 0 {
				break
			}
		}
		require.Equal(t, 3, total)
		s.keys = keyring(t, "new")
		for _, in := range append(ins, late) {
			held, err := s.Integration(t.Context(), in.UserID, content.YouTube, in.ID)
			require.NoError(t, err)
			require.False(t, held.Unreadable)
			require.Equal(t, "the refresh token", held.Refresh.Reveal())
		}
	})
}

// TestSealingAnewLeavesARefreshAlone rotates while a worker asks the provider
// for a new token, with the version and the claim that it has.
func TestSealingAnewLeavesARefreshAlone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		in := connected(t, s)
		claimed, err := s.ClaimRefresh(t.Context(), in.ID, in.Version, time.Minute)
		require.NoError(t, err)
		require.True(t, claimed)
		s.keys = keyring(t, "new", "one")
		n, err := s.ResealSecrets(t.Context(), 10)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		claimed, err = s.ClaimRefresh(t.Context(), in.ID, in.Version, time.Minute)
		require.NoError(t, err)
		require.False(t, claimed, "the claim holds")
		in.Refresh = access.NewToken("the renewed token")
		saved, err := s.SaveRefreshed(t.Context(), in)
		require.NoError(t, err)
		require.True(t, saved, "the version is the same")
		held, err := s.Integration(t.Context(), in.UserID, in.Provider, in.ID)
		require.NoError(t, err)
		require.Equal(t, "the renewed token", held.Refresh.Reveal())
	})
}

// TestUnreadableSecretsStay has a row that no key of the ring can read: it holds
// up no other, and is left for whoever finds its key.
func TestUnreadableSecretsStay(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		s.keys = keyring(t, "lost")
		lost := connected(t, s)
		s.keys = keyring(t, "old")
		connected(t, s)
		s.keys = keyring(t, "new", "old")
		for _, want := range []int{1, 0} {
			n, err := s.ResealSecrets(t.Context(), 1)
			require.NoError(t, err)
			require.Equal(t, want, n)
		}
		s.keys = keyring(t, "lost")
		held, err := s.Integration(t.Context(), lost.UserID, lost.Provider, lost.ID)
		require.NoError(t, err)
		require.Equal(t, "the refresh token", held.Refresh.Reveal())
	})
}

// TestOneClaimOfTwoProcesses has fifty workers of two processes that all want to
// refresh the same token.
func TestOneClaimOfTwoProcesses(t *testing.T) {
	t.Parallel()
	url := migratedPostgres(t)
	stores := []*Store{opened(t, url), opened(t, url)}
	in := connected(t, stores[0])
	var claims atomic.Int32
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			claimed, err := stores[i%2].ClaimRefresh(t.Context(), in.ID, in.Version, time.Minute)
			if err != nil {
				t.Error(err)
			}
			if claimed {
				claims.Add(1)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 1, claims.Load())
}

// TestAbandonedConnectionsAreClearedAway bounds what a new attempt removes, and
// leaves those alone whose user may still come back.
func TestAbandonedConnectionsAreClearedAway(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		user := connected(t, s).UserID
		begin := func(expires time.Time) {
			c := access.Connection{ID: access.NewSecret(), UserID: user, Provider: content.Reddit, Verifier: access.NewToken("verifier"), ExpiresAt: expires}
			require.NoError(t, s.BeginConnection(t.Context(), c, access.HashState(c.ID)))
		}
		remaining := func() int64 {
			n, err := s.read.NewSelect().Table("connections").Count(t.Context())
			require.NoError(t, err)
			return n
		}
		begin(time.Now().Add(access.ConsentTime))
		begin(time.Now().Add(-access.ConsentTime / 2))
		begin(time.Now().Add(-24 * time.Hour))
		require.EqualValues(t, 3, remaining())
		begin(time.Now().Add(access.ConsentTime))
		require.EqualValues(t, 3, remaining())

		over := make([]connectionRow, abandonedAtATime+1)
		for i := range over {
			over[i] = connectionRow{ID: newID(), UserID: string(user), Provider: "reddit", Verifier: []byte{1}, ExpiresAt: time.Now().Add(-24 * time.Hour)}
		}
		_, err := s.db.NewInsert().Model(&over).Exec(t.Context())
		require.NoError(t, err)
		begin(time.Now().Add(access.ConsentTime))
		require.EqualValues(t, 3+1+1, remaining(), "one of those that are over is left")
	})
}

// BenchmarkIntegration measures what an execution context with a valid token
// costs beside the bare read of its row.
func BenchmarkIntegration(b *testing.B) {
	s := newPostgres(b)
	in := connected(b, s)
	b.Run("Integration", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Integration(b.Context(), in.UserID, content.YouTube, ""); err != nil {
				b.Fatal(err)
			}
		}
	})
	_, newest := newIntegrationQueries(s.dialect)
	b.Run("bare read", func(b *testing.B) {
		for b.Loop() {
			if err := readNothing(b.Context(), s, newest, string(in.UserID), string(content.YouTube)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func readNothing(ctx context.Context, s *Store, query string, args ...any) error {
	rows, err := s.read.DB.QueryContext(ctx, query, s.dialect.prepared(args...)...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
	}
	return rows.Err()
}
