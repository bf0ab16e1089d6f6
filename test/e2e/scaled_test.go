package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/bootstrap"
	"github.com/soundings-io/soundings/test/env"
	"github.com/soundings-io/soundings/test/fakeapi"
)

// pooled keeps the rows behind PgBouncer in transaction mode, with fewer
// sessions than the processes have connections, and the deliveries on a Redis
// Cluster of three nodes.
func pooled(t *testing.T, environ map[string]string) {
	t.Helper()
	postgres(t, environ)
	environ["DATABASE_URL"] = env.PgBouncer(t, 4)(environ["DATABASE_URL"])
	environ["QUEUE"], environ["REDIS_URL"] = bootstrap.QueueAsynq, env.RedisCluster(t)
}

// TestTheMainJobBehindAPoolerAndOnACluster is the shape that grows.
func TestTheMainJobBehindAPoolerAndOnACluster(t *testing.T) {
	t.Parallel()
	w := deploy(t, setup{"behind a pooler, on a cluster", pooled, []string{"api", "worker", "worker"}, true})
	c := w.somebody
	ended := c.collect(fakeapi.DemoVideoURL, "")
	require.Equal(t, "completed", ended.Status, ended.Problems)
	posts := c.posts(ended.ID, nil)
	requireTheSource(t, w.data, discussed[:1], posts)
	requireConsistent(t, c, ended, posts)
	requireSubtasks(t, c, ended)
}

// TestAPoolerNeedsADirectAddress for what lives in a session.
func TestAPoolerNeedsADirectAddress(t *testing.T) {
	t.Parallel()
	environ := map[string]string{"SOUNDINGS_DATA_DIR": t.TempDir(), "HTTP_ADDR": "127.0.0.1:0"}
	postgres(t, environ)
	direct := environ["DATABASE_URL"]
	environ["DATABASE_URL"] = env.PgBouncer(t, 4)(direct)
	for _, name := range []string{"migrate", "serve"} {
		_, err := command(t.Context(), environ, name)
		assert.ErrorContains(t, err, "DATABASE_DIRECT_URL", name)
	}
	environ["DATABASE_DIRECT_URL"] = direct
	_, err := command(t.Context(), environ, "migrate")
	require.NoError(t, err)
}
