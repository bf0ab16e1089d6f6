package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// embeddedApart is `soundings serve` with nothing set, as a process of its own.
var embeddedApart = setup{"embedded, a process of its own", func(*testing.T, map[string]string) {}, []string{"serve"}, true}

// slowly makes every page take a moment, so that there is a middle of the run.
func (w *world) slowly() {
	for _, path := range []string{"commentThreads", "comments"} {
		w.fake.Inject(fakeapi.Rule{Service: fakeapi.YouTube, Path: path, Effect: fakeapi.Delayed, DelayMillis: 250})
	}
}

// halfway starts the demo's main video and waits until some of it is there.
func (w *world) halfway() task {
	w.t.Helper()
	w.slowly()
	made := w.somebody.create(fakeapi.DemoVideoURL, "")
	half := w.somebody.when(made.ID, "is under way", func(t task) bool { return t.Progress.Posts.Fetched > 150 })
	require.Equal(w.t, "running", half.Status, "too late to be in the middle")
	return half
}

// requireWhole waits for the task's end: everything is there, once.
func (w *world) requireWhole(id string) {
	w.t.Helper()
	ended := w.somebody.ended(id)
	require.Equal(w.t, "completed", ended.Status, ended.Problems)
	posts := w.somebody.posts(id, nil)
	requireTheSource(w.t, w.data, discussed[:1], posts)
	requireConsistent(w.t, w.somebody, ended, posts)
	requireSubtasks(w.t, w.somebody, ended)
}

func TestKilledWorkersLoseNothing(t *testing.T) {
	t.Parallel()
	for _, s := range setups[2:] {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := deploy(t, s)
			half := w.halfway()
			w.kill("worker")
			w.start("worker")
			w.requireWhole(half.ID)
		})
	}
}

func TestAKilledEmbeddedProcessGoesOnAtOnce(t *testing.T) {
	t.Parallel()
	w := deploy(t, embeddedApart)
	half := w.halfway()
	w.kill("serve")
	w.fake.ForgetCalls()
	w.start("serve")
	ready := time.Now()
	w.until("the provider is called again", func() bool { return len(w.fake.Calls()) > 0 })
	assert.Less(t, time.Since(ready), 5*time.Second, "leases of the dead are not waited for")
	w.requireWhole(half.ID)
}

func TestAStoppedProcessHandsItsWorkBack(t *testing.T) {
	t.Parallel()
	for _, s := range append(setups[:len(setups):len(setups)], embeddedApart) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := deploy(t, s)
			half := w.halfway()
			w.stop()
			calls := len(w.fake.Calls())
			w.start(s.commands...)
			w.requireWhole(half.ID)
			assert.Greater(t, len(w.fake.Calls()), calls, "it was in the middle")
			for _, sub := range all[subtask](w.somebody, "/tasks/"+half.ID+"/subtasks", nil) {
				assert.Zero(t, sub.Attempt, "handing back spends no attempt")
			}
		})
	}
}

// TestAFlushedRedisLosesNothing takes about half a minute: that is when the
// sweep enqueues again what nobody claimed.
func TestAFlushedRedisLosesNothing(t *testing.T) {
	t.Parallel()
	w := deploy(t, setups[1], with("SOUNDINGS_CONCURRENCY", func(*world) string { return "1" }))
	half := w.halfway()
	options, err := redis.ParseURL(w.environ["REDIS_URL"])
	require.NoError(t, err)
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	w.until("a delivery stands on the queue", func() bool {
		waiting, err := client.Keys(t.Context(), "asynq:{*}:pending").Result() // asynq removes empty lists
		require.NoError(t, err)
		return len(waiting) > 0
	})
	require.NoError(t, client.FlushDB(t.Context()).Err())
	w.requireWhole(half.ID)
	assert.Equal(t, http.StatusOK, newClient(w, "").do(http.MethodGet, "/readyz", "").Status)
}
