package sqlstore

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

// TestProcessesDispatchInTurns: what was stored before the calls is handed out
// once when they are done, by few of them.
func TestProcessesDispatchInTurns(t *testing.T) {
	t.Parallel()
	const processes, rounds = 8, 10
	url := migratedPostgres(t)
	stores, heard := make([]*Store, processes), make([]*queryRecorder, processes)
	for i := range stores {
		stores[i], heard[i] = opened(t, url), &queryRecorder{}
		stores[i].db = stores[i].db.WithQueryHook(heard[i])
	}
	user, err := stores[0].EnsureUser(t.Context(), access.User{ID: access.UserID(newID()), Name: "ada", CreatedAt: time.Now()})
	require.NoError(t, err)
	limits := task.Limits{PerTask: 9, PerUser: 99, Running: 99, Total: 99}
	for range rounds {
		made, first := task.NewAnalysis(user.ID, []content.Source{{Provider: content.YouTube, Kind: content.Video, ExternalID: "dQw4w9WgXcQ"}}, "", task.Options{}, newID, time.Now())
		require.NoError(t, stores[0].CreateTask(t.Context(), made, first))
		var mu sync.Mutex
		var handed []task.SubtaskID
		var wg sync.WaitGroup
		for _, s := range stores {
			wg.Go(func() {
				deliveries, err := s.Dispatch(t.Context(), limits)
				assert.NoError(t, err)
				mu.Lock()
				defer mu.Unlock()
				for _, d := range deliveries {
					handed = append(handed, d.SubtaskID)
				}
			})
		}
		wg.Wait()
		require.Equal(t, []task.SubtaskID{first[0].State().ID}, handed)
	}
	looked := 0
	for _, h := range heard {
		for _, query := range h.queries {
			if strings.HasPrefix(query, `WITH "live"`) {
				looked++
			}
		}
	}
	require.GreaterOrEqual(t, looked, rounds)
	require.Less(t, looked, rounds*processes/2, "most of them let another do it")
}

// TestAClockThatWasSetBackKeepsNobodyFromDispatching is about a turn that lies in
// the future.
func TestAClockThatWasSetBackKeepsNobodyFromDispatching(t *testing.T) {
	t.Parallel()
	s := newPostgres(t)
	user, err := s.EnsureUser(t.Context(), access.User{ID: access.UserID(newID()), Name: "ada", CreatedAt: time.Now()})
	require.NoError(t, err)
	made, first := task.NewAnalysis(user.ID, []content.Source{{Provider: content.YouTube, Kind: content.Video, ExternalID: "dQw4w9WgXcQ"}}, "", task.Options{}, newID, time.Now())
	require.NoError(t, s.CreateTask(t.Context(), made, first))
	_, err = s.db.ExecContext(t.Context(), "UPDATE dispatch_turns SET began_at = now() + interval '1 hour'")
	require.NoError(t, err)
	deliveries, err := s.Dispatch(t.Context(), task.DefaultLimits())
	require.NoError(t, err)
	require.Len(t, deliveries, 1)
}
