package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/soundings-io/soundings/adapters/files"
	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// written is what one export came to. writing goes from the first row read to
// the file published, whole from the start of the query.
type written struct {
	rows           int64
	writing, whole time.Duration
}

// exportOnce runs an export task through the application's own worker, with a
// watch at the ports on both sides of the writer.
func (b *bench) exportOnce(ctx context.Context, store ports.Store, of task.State) (written, error) {
	folder, err := b.newFolder("written")
	if err != nil {
		return written{}, err
	}
	dir, err := files.OpenDir(folder)
	if err != nil {
		return written{}, err
	}
	defer func() { _ = dir.Close() }()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	times := &exportTimes{published: make(chan struct{})}
	watchedStore, watchedFiles := timedStore{store, times}, timedFiles{dir, times}
	queue := memory.NewQueue(1)
	dispatcher := application.NewDispatcher(store, queue, task.DefaultLimits(), log)
	exporter := application.NewExporter(watchedStore, watchedFiles, files.Formats{}, application.ExportTTL(time.Hour))
	worker := application.NewWorker(application.Work{
		Store: store, Queue: queue, Dispatcher: dispatcher, Processors: application.Processors{task.ExportPosts: exporter},
	}, application.WorkerOptions{Owner: newID(), Grace: time.Second, Retry: task.DefaultRetryPolicy()}, log)
	exports := application.NewExports(store, watchedFiles, files.Formats{}, dispatcher)
	made, err := exports.Create(ctx, caller(of), application.NewExport{TaskID: of.ID, Format: "csv"})
	if err != nil {
		return written{}, err
	}
	working, stop := context.WithTimeout(ctx, pipelineEnd)
	defer stop()
	ended := make(chan error, 1)
	go dispatcher.Run(working)
	go func() { ended <- worker.Run(working) }()
	select {
	case <-times.published:
	case <-working.Done():
		return written{}, errors.New("the export was not published in time")
	}
	stop() // the worker finishes the subtask within its grace
	if err := <-ended; err != nil {
		return written{}, err
	}
	done, err := store.Task(ctx, made.User, made.ID)
	if err == nil && done.Status != task.Completed {
		err = errors.New("the export is " + string(done.Status))
	}
	if err != nil {
		return written{}, err
	}
	return written{done.Export.Rows, times.end.Sub(times.first), times.end.Sub(times.begin)}, nil
}

// exportTimes is filled by one goroutine and read when published is closed.
type exportTimes struct {
	begin, first, end time.Time
	published         chan struct{}
}

// timedStore notes when the first row is read.
type timedStore struct {
	ports.Store
	times *exportTimes
}

// EachPost notes the time and passes the call on.
func (s timedStore) EachPost(ctx context.Context, user access.UserID, id task.ID, f analysis.PostFilter, o analysis.WalkOrder, fn func(*analysis.JudgedPost) error) error {
	s.times.begin = time.Now()
	return s.Store.EachPost(ctx, user, id, f, o, func(p *analysis.JudgedPost) error {
		if s.times.first.IsZero() {
			s.times.first = time.Now()
		}
		return fn(p)
	})
}

// timedFiles notes when the file is published.
type timedFiles struct {
	ports.FileStore
	times *exportTimes
}

// Create passes the call on.
func (f timedFiles) Create(ctx context.Context, name string) (ports.FileWriter, error) {
	file, err := f.FileStore.Create(ctx, name)
	return timedFile{file, f.times}, err
}

type timedFile struct {
	ports.FileWriter
	times *exportTimes
}

// Commit passes the call on and notes the time.
func (f timedFile) Commit() error {
	err := f.FileWriter.Commit()
	f.times.end = time.Now()
	close(f.times.published)
	return err
}
