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
	"github.com/soundings-io/soundings/domain/fault"
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

// TestOneClaimOfMany has two processes with fifty workers that all want to
// refresh the same token.
func TestOneClaimOfMany(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		in := connected(t, s)
		var claims atomic.Int32
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				claimed, err := s.ClaimRefresh(context.WithoutCancel(t.Context()), in.ID, in.Version, time.Minute)
				if err == nil && claimed {
					claims.Add(1)
				}
			})
		}
		group.Wait()
		require.EqualValues(t, 1, claims.Load())
	})
}

func TestAStateIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		user := connected(t, s).UserID
		now := time.Now()
		c := access.Connection{ID: access.NewSecret(), UserID: user, Provider: content.Reddit, ReturnTo: "http://localhost:3000/x", Verifier: access.NewToken("verifier"), ExpiresAt: now.Add(time.Minute)}
		require.NoError(t, s.BeginConnection(t.Context(), c, access.HashState("state")))
		_, err := s.TakeConnection(t.Context(), user, c.ID, now)
		require.True(t, fault.Is(err, fault.NotFound), "not answered yet")
		var answers atomic.Int32
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				_, err := s.AnswerConnection(context.WithoutCancel(t.Context()), access.HashState("state"), access.NewToken("code"), now.Add(time.Minute), now)
				if err == nil {
					answers.Add(1)
				}
			})
		}
		group.Wait()
		require.EqualValues(t, 1, answers.Load())
		_, err = s.TakeConnection(t.Context(), access.UserID(newID()), c.ID, now)
		require.True(t, fault.Is(err, fault.NotFound), "somebody else")
		taken, err := s.TakeConnection(t.Context(), user, c.ID, now)
		require.NoError(t, err)
		require.Equal(t, "code", taken.Code.Reveal())
		require.Equal(t, "verifier", taken.Verifier.Reveal())
		_, err = s.TakeConnection(t.Context(), user, c.ID, now)
		require.True(t, fault.Is(err, fault.NotFound), "taken once")
	})
}

func TestBudgetsAreSpentTogether(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		key := access.BudgetKey{Provider: content.YouTube, Credential: newID()}
		plan := access.BudgetPlan{Unit: "units", Limit: 100, WindowEnd: func(now time.Time) time.Time { return now.Add(time.Hour) }}
		var granted atomic.Int64
		var group sync.WaitGroup
		for range 40 {
			group.Go(func() {
				err := s.UpdateBudget(context.WithoutCancel(t.Context()), key, func(b *access.Budget, now time.Time) {
					n, _ := b.Reserve(plan, 10, now)
					granted.Add(n)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		b, now, err := s.Budget(t.Context(), key)
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), now, time.Minute)
		require.Equal(t, granted.Load(), b.Planned.Used)
		require.LessOrEqual(t, granted.Load(), int64(100))
		empty, _, err := s.Budget(t.Context(), access.BudgetKey{Provider: content.Reddit, Credential: "nobody"})
		require.NoError(t, err)
		require.Equal(t, access.Budget{}, empty)
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
			rows, err := s.read.DB.QueryContext(b.Context(), newest, s.dialect.prepared(string(in.UserID), string(content.YouTube))...)
			if err != nil {
				b.Fatal(err)
			}
			for rows.Next() {
			}
			if err := rows.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
