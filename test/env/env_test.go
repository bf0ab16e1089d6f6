package env_test

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/env"
)

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func TestPostgresIsEmptyAndOnesOwn(t *testing.T) {
	t.Parallel()
	for range 2 {
		conn := connect(t, env.Postgres(t))
		_, err := conn.Exec(t.Context(), "CREATE TABLE post (id int)")
		require.NoError(t, err, "the other database's table must not be here")
	}
}

func TestPostgresTemplateIsMigratedOnce(t *testing.T) {
	t.Parallel()
	var migrations atomic.Int32
	migrate := func(ctx context.Context, dsn string) error {
		migrations.Add(1)
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, "CREATE TABLE post (id int)"); err != nil {
			return err
		}
		return conn.Close(ctx)
	}
	t.Run("clones", func(t *testing.T) {
		for range 4 {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				conn := connect(t, env.PostgresTemplate(t, "once", migrate))
				_, err := conn.Exec(t.Context(), "INSERT INTO post VALUES (1)")
				require.NoError(t, err)
				var posts int
				require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM post").Scan(&posts))
				assert.Equal(t, 1, posts, "a clone must not see another's rows")
			})
		}
	})
	if migrations.Load() == 0 {
		t.Skip("no Postgres: the clones were skipped")
	}
	assert.EqualValues(t, 1, migrations.Load())
}

func TestPostgresIsDroppedAfterTheTest(t *testing.T) {
	t.Parallel()
	var dsn string
	t.Run("a test", func(t *testing.T) { dsn = env.Postgres(t) })
	if dsn == "" {
		t.Skip("no Postgres: the test was skipped")
	}
	_, err := pgx.Connect(t.Context(), dsn)
	require.ErrorContains(t, err, "does not exist")
}

func TestRedisIsEmptyAndOnesOwn(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for range 3 {
		options, err := redis.ParseURL(env.Redis(t))
		require.NoError(t, err)
		assert.False(t, seen[options.DB], "database %d was handed out twice", options.DB)
		assert.NotZero(t, options.DB, "database 0 holds the claims")
		seen[options.DB] = true
		client := redis.NewClient(options)
		t.Cleanup(func() { _ = client.Close() })
		size, err := client.DBSize(t.Context()).Result()
		require.NoError(t, err)
		assert.Zero(t, size)
		require.NoError(t, client.Set(t.Context(), "key", "value", 0).Err())
	}
}

func TestRedisLeavesForeignDataAlone(t *testing.T) {
	t.Parallel()
	options, err := redis.ParseURL(env.Redis(t))
	require.NoError(t, err)
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	require.NoError(t, client.Set(t.Context(), "foreign", "data", 0).Err())
	// Without its claim the database looks like somebody else's.
	claims := redis.NewClient(&redis.Options{Addr: options.Addr, Username: options.Username, Password: options.Password})
	t.Cleanup(func() { _ = claims.Close() })
	keys, err := claims.Keys(t.Context(), "soundings:test:database:*").Result()
	require.NoError(t, err)
	require.NotEmpty(t, keys)
	for _, key := range keys {
		if strings.HasSuffix(key, ":"+strconv.Itoa(options.DB)) {
			require.NoError(t, claims.Del(t.Context(), key).Err())
		}
	}
	other, err := redis.ParseURL(env.Redis(t))
	require.NoError(t, err)
	assert.NotEqual(t, options.DB, other.DB)
	value, err := client.Get(t.Context(), "foreign").Result()
	require.NoError(t, err)
	assert.Equal(t, "data", value)
}
