package sqlstore

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// serverIdleLimit is when Postgres ends by itself a transaction that a client
// which was killed or cut off has left behind, so that its row locks do not stay.
const serverIdleLimit = time.Minute

// sessions knows what may be kept in a session of Postgres: its own connections
// keep limits and prepared statements. A pooler of transactions, such as
// PgBouncer, hands out other sessions from one transaction to the next, so that
// limits go into each transaction and nothing is prepared.
type sessions struct {
	// pooled is set when a connection is made, and stays: where one has led
	// through a pooler, any may.
	pooled atomic.Bool
	// direct and shared are how statements with a fixed text are run on a session
	// of one's own and through a pooler.
	direct, shared pgx.QueryExecMode
	// statement is the longest that one statement may take.
	statement time.Duration
}

// newSessions takes what the address says about default_query_exec_mode for
// the last word: newer poolers can be told to know prepared statements.
func newSessions(address string, mode pgx.QueryExecMode, statement time.Duration) *sessions {
	s := &sessions{direct: mode, shared: pgx.QueryExecModeExec, statement: statement}
	if u, err := url.Parse(address); err == nil && u.Query().Has("default_query_exec_mode") {
		s.shared = mode
	}
	return s
}

func (s *sessions) preparing() pgx.QueryExecMode {
	if s.pooled.Load() {
		return s.shared
	}
	return s.direct
}

// limits are the statements that bound what the server does for a client that
// is gone, with SET or SET LOCAL.
func (s *sessions) limits(set string) string {
	return fmt.Sprintf("%[1]s statement_timeout = %[2]d; %[1]s idle_in_transaction_session_timeout = %[3]d",
		set, s.statement.Milliseconds(), serverIdleLimit.Milliseconds())
}

// beginSession sets the limits of a session that is this connection's own, and
// of no other: they would stay on a session that others get next. A pooler gives
// its clients numbers that no process of the server has.
const beginSession = `SELECT own,
	CASE WHEN own THEN set_config('statement_timeout', $2::text, false) END,
	CASE WHEN own THEN set_config('idle_in_transaction_session_timeout', $3::text, false) END
FROM (SELECT pg_backend_pid()::bigint = $1::bigint AS own) AS session`

// begin looks where a new connection leads, in one round trip.
func (s *sessions) begin(ctx context.Context, c *pgx.Conn) error {
	var own bool
	err := c.QueryRow(ctx, beginSession, pgx.QueryExecModeExec, int64(c.PgConn().PID()),
		strconv.FormatInt(s.statement.Milliseconds(), 10), strconv.FormatInt(serverIdleLimit.Milliseconds(), 10)).Scan(&own, nil, nil)
	if err == nil && !own {
		s.pooled.Store(true)
	}
	return err
}

// binary runs a query with a fixed text and gives its rows in Postgres's binary
// format. Of pgx's modes the one that prepares nothing knows texts alone, so
// that through a pooler the query goes by the protocol itself, in one round trip.
func (s *sessions) binary(ctx context.Context, c *pgx.Conn, query string, args ...any) (pgx.Rows, error) {
	mode := s.preparing()
	if mode != pgx.QueryExecModeExec && mode != pgx.QueryExecModeSimpleProtocol {
		return c.Query(ctx, query, append([]any{mode, pgx.QueryResultFormats{pgx.BinaryFormatCode}}, args...)...)
	}
	var b pgx.ExtendedQueryBuilder
	if err := b.Build(c.TypeMap(), nil, args); err != nil {
		return nil, err
	}
	reader := c.PgConn().ExecParams(ctx, query, b.ParamValues, nil, b.ParamFormats, []int16{pgx.BinaryFormatCode})
	return pgx.RowsFromResultReader(c.TypeMap(), reader), nil
}
