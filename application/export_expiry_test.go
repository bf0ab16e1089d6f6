package application_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// stuck is a folder that removes nothing while it is stuck.
type stuck struct {
	*memory.Files
	is *atomic.Bool
}

func (s stuck) DeleteAll(ctx context.Context, prefix string) error {
	if s.is.Load() {
		return fault.New(fault.Unavailable, fault.CodeUnavailable, "the bucket is out of reach")
	}
	return s.Files.DeleteAll(ctx, prefix)
}

// TestAFileThatCouldNotBeDeletedIsRemovedLater: the task is gone at once, its
// file when the bucket is back.
func TestAFileThatCouldNotBeDeletedIsRemovedLater(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	folder := stuck{r.files, &atomic.Bool{}}
	p := r.start(func(ps *parts) { ps.files = folder })
	of := p.ended(p.collect(watch + "WakeIn60sec"))
	ended := p.export(application.NewExport{TaskID: of.ID, Format: "csv"})
	folder.is.Store(true)
	require.NoError(t, p.tasks.Delete(t.Context(), p.by, of.ID))
	require.Len(t, r.published(ended), 2)

	folder.is.Store(false)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for range 3 { // processes that look at the same time
		running.Go(func() { application.NewExportExpiry(r.store, folder, slog.New(slog.DiscardHandler)).Run(ctx) })
	}
	r.until("the files are gone", func() bool {
		due, err := r.store.ExpiredExports(t.Context(), time.Now(), 10)
		require.NoError(t, err)
		return len(due) == 0
	})
	stop()
	running.Wait()
	require.Empty(t, r.published(ended))
}

// fileList is a ports.ExportStore of files and the times at which they expire.
type fileList struct {
	mu    sync.Mutex
	until map[task.ID]time.Time
	asked []time.Time
}

func (l *fileList) PseudonymKey(context.Context, access.UserID, task.ID, []byte) ([]byte, error) {
	return nil, errors.New("nobody asks")
}

func (l *fileList) ExpiredExports(_ context.Context, now time.Time, limit int) ([]ports.ExportFile, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, now)
	var due []ports.ExportFile
	for _, id := range slices.Sorted(maps.Keys(l.until)) {
		if !l.until[id].After(now) && len(due) < limit {
			due = append(due, ports.ExportFile{Task: id, Format: "csv"})
		}
	}
	return due, nil
}

// state returns how many files are listed, and how often somebody asked.
func (l *fileList) state() (listed, asked int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.until), len(l.asked)
}

func (l *fileList) ExportsRemoved(_ context.Context, ids []task.ID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		delete(l.until, id)
	}
	return nil
}

// TestFilesAreRemovedAfterTheirTime: at the start, and then every minute.
func TestFilesAreRemovedAfterTheirTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		folder, list := memory.NewFiles(), &fileList{until: map[task.ID]time.Time{}}
		begin := time.Now()
		names := func(id task.ID) []string { return []string{string(id) + ".2.csv", string(id) + ".1.manifest.json"} }
		keep := func(id task.ID, until time.Duration) {
			list.until[id] = begin.Add(until)
			for _, name := range names(id) {
				w, err := folder.Create(t.Context(), name)
				require.NoError(t, err)
				require.NoError(t, w.Commit())
			}
		}
		there := func(id task.ID) bool {
			found := 0
			for _, name := range names(id) {
				if _, err := folder.Open(t.Context(), name); err == nil {
					found++
				}
			}
			require.NotEqual(t, 1, found, "a file and its manifest go together")
			return found == 2
		}
		keep("over", 0)
		keep("soon", 90*time.Second)
		keep("later", time.Hour)
		for i := range 250 { // more than one batch
			keep(task.ID("many"+string(rune('a'+i%26))+string(rune('a'+i/26))), -time.Second)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			application.NewExportExpiry(list, folder, slog.New(slog.DiscardHandler)).Run(ctx)
		}()
		synctest.Wait()
		require.False(t, there("over"))
		listed, _ := list.state()
		require.Equal(t, 2, listed, "all batches at once")
		require.True(t, there("soon"))
		<-time.After(time.Minute)
		synctest.Wait()
		require.True(t, there("soon"))
		<-time.After(time.Minute)
		synctest.Wait()
		require.False(t, there("soon"))
		require.True(t, there("later"))
		_, before := list.state()
		<-time.After(10 * time.Minute)
		synctest.Wait()
		_, asked := list.state()
		require.Equal(t, before+10, asked, "once a minute")
		stop()
		<-done
	})
}
