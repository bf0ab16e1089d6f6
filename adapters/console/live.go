package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/soundings-io/soundings/adapters/internal/plain"
	"github.com/soundings-io/soundings/adapters/internal/sse"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

// liveTask is how a task gets on, in the words that pages show: the script puts
// them where the page has a field of the name.
type liveTask struct {
	ID     task.ID           `json:"id"`
	Ended  bool              `json:"ended"`
	Fields map[string]string `json:"fields"`
	// Percent is how much of what was announced is stored, -1 where nobody knows.
	Percent int64 `json:"percent"`
}

// liveState returns a task as it stands, without its pace.
func liveState(t task.State) liveTask {
	return liveProgress(task.Progress{State: t, WaitingFor: t.WaitingFor(), SecondsLeft: task.UnknownTime})
}

func liveProgress(p task.Progress) liveTask {
	c := p.Counters
	live := liveTask{ID: p.ID, Ended: p.Status.Ended(), Percent: -1, Fields: map[string]string{
		"status": plain.Status(p.Status), "fetched": plain.Number(c.Fetched), "spam": plain.Number(c.Spam), "scored": plain.Number(c.Scored),
		"jobs": fmt.Sprintf("%s of %s", plain.Number(c.Succeeded+c.Cancelled+c.Failed), plain.Number(c.Subtasks)),
		"pace": "–", "left": "–", "waiting": p.WaitingFor, "expected": "",
	}}
	wanted := c.Expected
	if p.Options.MaxPosts > 0 {
		wanted = min(wanted, p.Options.MaxPosts)
	}
	if wanted > 0 {
		live.Percent = min(100, 100*c.Fetched/wanted)
		live.Fields["expected"] = "of about " + plain.Number(wanted)
	}
	if p.Status == task.Running && p.PostsPerSecond > 0 {
		live.Fields["pace"] = fmt.Sprintf("%.1f a second", p.PostsPerSecond)
	}
	if p.SecondsLeft != task.UnknownTime {
		live.Fields["left"] = lasting(p.SecondsLeft)
	}
	return live
}

// watchTasks streams how tasks get on: the one in the path, or those in the query.
func (s *Server) watchTasks(v *visit) error {
	ids := []task.ID{task.ID(v.Param("id"))}
	if ids[0] == "" {
		ids = ids[:0]
		for _, id := range v.QueryParams()["task"] {
			ids = append(ids, task.ID(id))
		}
	}
	if len(ids) == 0 || len(ids) > tasksAPage {
		return fault.New(fault.NotFound, fault.CodeNotFound, "name the tasks to watch")
	}
	ctx, cancel := context.WithCancel(v.Request().Context())
	defer cancel()
	updates, err := s.subscribe(ctx, v, ids)
	if err != nil {
		return err
	}
	defer updates.close()
	response := v.Response()
	sse.SetHeader(response.Header())
	response.WriteHeader(http.StatusOK)
	if v.Request().Method == http.MethodHead {
		return nil
	}
	return sse.Relay(ctx, response.Writer, updates.merged, func(p task.Progress) ([]sse.Event, error) {
		data, err := json.Marshal(liveProgress(p))
		return []sse.Event{{Type: "progress", ID: p.Revision, Data: string(data)}}, err
	})
}

// merged are several subscriptions as one.
type merged struct {
	all    []*application.Subscription
	merged chan task.Progress
}

func (m *merged) close() {
	for _, s := range m.all {
		s.Close()
	}
}

// subscribe watches tasks of the visitor; what comes ends with ctx, or when no
// task has anything more to tell.
func (s *Server) subscribe(ctx context.Context, v *visit, ids []task.ID) (*merged, error) {
	session := v.session
	who := application.Watcher{Caller: v.by, Again: func(ctx context.Context) (access.Caller, error) { return s.Sessions.Caller(ctx, session) }}
	slices.Sort(ids)
	m := &merged{merged: make(chan task.Progress)}
	for _, id := range slices.Compact(ids) {
		watched, err := s.Watch.Subscribe(ctx, who, id)
		if err != nil {
			m.close()
			return nil, err
		}
		m.all = append(m.all, watched)
	}
	var open sync.WaitGroup
	for _, watched := range m.all {
		open.Go(func() {
			for p := range watched.Updates() {
				select {
				case m.merged <- p:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	go func() {
		open.Wait()
		close(m.merged)
	}()
	return m, nil
}
