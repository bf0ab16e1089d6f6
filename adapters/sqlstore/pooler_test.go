package sqlstore

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
	"github.com/soundings-io/soundings/test/env"
)

// poolerSessions is less than a store's connections.
const poolerSessions = 4

// TestStoreBehindAPooler runs the whole kit through PgBouncer in transaction
// mode, which gives each transaction any of a few sessions.
func TestStoreBehindAPooler(t *testing.T) {
	t.Parallel()
	through := env.PgBouncer(t, poolerSessions)
	t.Run("kit", func(t *testing.T) { // ends before PgBouncer does
		portstest.TestStore(t, func(t *testing.T) ports.Store {
			s := opened(t, through(migratedPostgres(t)))
			require.True(t, s.Pooled())
			return s
		})
	})
}

// TestAPoolersSessionsStayClean: what a transaction leaves in a session is the
// next client's, whoever that is; but in each transaction the limits hold.
func TestAPoolersSessionsStayClean(t *testing.T) {
	t.Parallel()
	dsn := migratedPostgres(t)
	s := opened(t, env.PgBouncer(t, poolerSessions)(dsn))
	direct, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { _ = direct.Close(context.WithoutCancel(t.Context())) }()

	const limits = "SELECT current_setting('statement_timeout') || ' ' || current_setting('idle_in_transaction_session_timeout')"
	require.NoError(t, s.CheckMigrated(t.Context()))
	require.NoError(t, s.inTx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		var within string
		require.NoError(t, tx.NewRaw(limits).Scan(ctx, &within))
		assert.Equal(t, "30s 1min", within)
		return s.dialect.unlimited(ctx, tx)
	}))
	var locks int
	require.NoError(t, direct.QueryRow(t.Context(), "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").Scan(&locks))
	assert.Zero(t, locks, "a lock of a session stays for ever")
	for range 2 * poolerSessions {
		var outside string
		require.NoError(t, s.db.NewRaw(limits).Scan(t.Context(), &outside))
		assert.Equal(t, "0 0", outside, "a setting of a session stays")
	}
}

// TestTimeLimitsHoldBehindAPooler: a statement that does not end is given up,
// and the store works on.
func TestTimeLimitsHoldBehindAPooler(t *testing.T) {
	t.Parallel()
	s := opened(t, env.PgBouncer(t, poolerSessions)(migratedPostgres(t)))
	s.timeout = time.Second
	began := time.Now()
	err := s.inTx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("SELECT pg_sleep(60)").Exec(ctx)
		return err
	})
	assert.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	assert.Less(t, time.Since(began), 30*time.Second)
	s.timeout = defaultTimeout
	require.NoError(t, s.Healthy(t.Context()))
}

// TestSessionsOfOnesOwnKeepTheirLimits: without a pooler nothing is set anew for
// each transaction.
func TestSessionsOfOnesOwnKeepTheirLimits(t *testing.T) {
	t.Parallel()
	s := newPostgres(t)
	require.False(t, s.Pooled())
	var timeout string
	require.NoError(t, s.db.NewRaw("SELECT current_setting('statement_timeout')").Scan(t.Context(), &timeout))
	require.Equal(t, "30s", timeout)
}
