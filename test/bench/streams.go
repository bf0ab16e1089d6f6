package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

const (
	openStreams = 500
	// streamUsers own the streamed tasks; a user may have 50 streams.
	streamUsers = openStreams / application.MaxWatches
	// settleFor lets what opening the streams has cost pass by.
	settleFor = 5 * time.Second
)

// measureStreams watches 500 tasks of which none changes, each on a connection
// of its own, and counts the time of the process that serves them.
func measureStreams(ctx context.Context, b *bench) error {
	address, drop, err := b.newDatabase(ctx)
	if err != nil {
		return err
	}
	defer drop()
	folder, err := b.newFolder("streams")
	if err != nil {
		return err
	}
	data := filepath.Join(folder, "data")
	file := "sqlite:" + filepath.Join(data, "soundings.db")
	for _, s := range []struct {
		name, command, database string
		environ                 []string
	}{
		{"api on Postgres", "api", address, []string{"DATABASE_URL=" + address, "REDIS_URL=" + b.servers.Redis.URL}},
		{"serve, embedded", "serve", file, nil},
	} {
		served, err := b.start(ctx, s.command, append(s.environ, "SOUNDINGS_DATA_DIR="+data)...)
		if err != nil {
			return err
		}
		err = b.watchStreams(ctx, served, s.name, s.database)
		served.stop()
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) watchStreams(ctx context.Context, served *process, name, database string) error {
	store, err := sqlstore.Open(ctx, database, sqlstore.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var received atomic.Int64
	idle, err := served.cpu()
	if err != nil {
		return err
	}
	for n := range streamUsers {
		if err := openStreamsOf(ctx, store, client{url: served.url}, fmt.Sprint("viewer ", n), &received); err != nil {
			return err
		}
	}
	if err := wait(ctx, settleFor); err != nil {
		return err
	}
	before, err := served.cpu()
	if err != nil {
		return err
	}
	b.say("%s: opening the streams took %.2f s of a core", name, before-idle)
	told := received.Load()
	if err := wait(ctx, watchFor); err != nil {
		return err
	}
	after, err := served.cpu()
	if err != nil {
		return err
	}
	resident, err := served.memory("VmRSS")
	if err != nil {
		return err
	}
	if received.Load() == told {
		return errors.New("no stream was pinged: they are not open")
	}
	b.table.below(fmt.Sprintf("%d event streams on as many tasks that do not change, %s: of a core", openStreams, name),
		(after-before)/watchFor.Seconds()*100, 5, "%")
	b.table.note("… resident", figure{resident, "MiB"}.String())
	return nil
}

// openStreamsOf makes a user with paused tasks, and watches each until ctx ends.
// received counts what comes.
func openStreamsOf(ctx context.Context, store *sqlstore.Store, c client, name string, received *atomic.Int64) error {
	accounts := application.NewAccounts(store)
	by, err := accounts.Local(ctx, name)
	if err != nil {
		return err
	}
	if _, c.key, err = accounts.CreateKey(ctx, by, application.NewAPIKey{Name: name}); err != nil {
		return err
	}
	for range application.MaxWatches {
		id, err := pausedTask(ctx, store, by.User.ID)
		if err != nil {
			return err
		}
		if err := c.openStream(ctx, id, received); err != nil {
			return err
		}
	}
	return nil
}

// pausedTask makes a task that no worker touches.
func pausedTask(ctx context.Context, store *sqlstore.Store, user access.UserID) (task.ID, error) {
	src, err := content.ParseSource("https://www.youtube.com/watch?v=dQw4w9WgXcQ")
	if err != nil {
		return "", err
	}
	newID := func() string { return uuid.Must(uuid.NewV7()).String() }
	made, first := task.NewAnalysis(user, []content.Source{src}, "", task.Options{IncludeReplies: true}, newID, time.Now())
	if err := made.Pause(); err != nil {
		return "", err
	}
	return made.State().ID, store.CreateTask(ctx, made, first)
}

// openStream reads a task's events until ctx ends.
func (c client) openStream(ctx context.Context, id task.ID, received *atomic.Int64) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/tasks/"+string(id)+"/events", http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.key)
	response, err := http.DefaultClient.Do(request) //nolint:bodyclose // whoever reads it closes it
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return errors.Join(fmt.Errorf("the events of a task: %d", response.StatusCode), response.Body.Close())
	}
	go func() {
		defer func() { _ = response.Body.Close() }()
		_, _ = io.Copy(counted{received}, response.Body) // it ends with ctx
	}()
	return nil
}

// counted counts bytes.
type counted struct{ bytes *atomic.Int64 }

func (c counted) Write(p []byte) (int, error) {
	c.bytes.Add(int64(len(p)))
	return len(p), nil
}
