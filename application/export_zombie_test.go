package application_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// stalling is a folder where the first publication of a csv file waits, and has
// bytes of its own.
type stalling struct {
	*memory.Files
	stalled        *atomic.Bool
	begun, release chan struct{}
}

func (s stalling) Create(ctx context.Context, name string) (ports.FileWriter, error) {
	w, err := s.Files.Create(ctx, name)
	return stallingWriter{w, s, strings.HasSuffix(name, ".csv")}, err
}

type stallingWriter struct {
	ports.FileWriter
	in   stalling
	file bool
}

func (w stallingWriter) Commit() error {
	if w.file && w.in.stalled.CompareAndSwap(false, true) {
		_, _ = io.WriteString(w.FileWriter, "what the zombie read")
		close(w.in.begun)
		<-w.in.release
	}
	return w.FileWriter.Commit()
}

// TestAZombieChangesNoFinishedExport: a worker stalls in the middle of
// publishing, the export is run anew and finished, and then the worker goes on.
func TestAZombieChangesNoFinishedExport(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	folder := stalling{r.files, &atomic.Bool{}, make(chan struct{}), make(chan struct{})}
	zombie := r.start(func(ps *parts) { ps.files = folder })
	of := zombie.ended(zombie.collect(watch + "WakeIn60sec"))
	made, err := zombie.exports.Create(t.Context(), r.by, application.NewExport{TaskID: of.ID, Format: "csv"})
	require.NoError(t, err)
	<-folder.begun
	_, err = zombie.tasks.Pause(t.Context(), r.by, made.ID)
	require.NoError(t, err)
	_, err = zombie.tasks.Resume(t.Context(), r.by, made.ID)
	require.NoError(t, err)
	ended := zombie.ended(made.ID)
	require.Equal(t, task.Completed, ended.Status, codes(ended))
	finished := r.published(ended)
	require.Len(t, finished, 2)

	close(folder.release)
	zombie.stop()
	require.Equal(t, finished, r.published(ended), "what it published is taken back")
	sum := sha256.Sum256([]byte(zombie.read(made.ID)))
	require.Equal(t, ended.Export.SHA256, hex.EncodeToString(sum[:]))
	require.Equal(t, ended.Export.SHA256, zombie.manifest(made.ID).Spec.SHA256)
}

// TestASweepWhileAnExportIsWritten: the file goes when its texts must, although
// the task has lost them before the file was done; and with the task, if that
// is too old.
func TestASweepWhileAnExportIsWritten(t *testing.T) {
	t.Parallel()
	for name, swept := range map[string]task.Retention{
		"texts": {Texts: time.Nanosecond},
		"tasks": {Tasks: time.Nanosecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			folder := stalling{r.files, &atomic.Bool{}, make(chan struct{}), make(chan struct{})}
			p := r.start(func(ps *parts) {
				ps.files = folder
				ps.retention = application.RetentionPolicy{content.YouTube: {Texts: 10 * time.Minute}}
			})
			of := p.ended(p.collect(watch + "WakeIn60sec"))
			made, err := p.exports.Create(t.Context(), r.by, application.NewExport{TaskID: of.ID, Format: "csv"})
			require.NoError(t, err)
			<-folder.begun
			p.retain(swept)
			close(folder.release)
			if swept.Texts > 0 {
				require.Equal(t, of.CreatedAt.Add(10*time.Minute), p.ended(made.ID).Export.ExpiresAt)
				require.NotEmpty(t, p.posts(of.ID))
				require.Empty(t, p.posts(of.ID)[0].Text)
				return
			}
			p.stop() // the worker comes to its end
			require.Empty(t, r.published(made), "what it published is taken back")
		})
	}
}
