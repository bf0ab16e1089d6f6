package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/adapters/internal/sse"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/task"
)

// verifyEvery is how often a JWT is verified while its stream is open. It
// cannot be revoked, only run out.
const verifyEvery = 5 * time.Second

// taskEvent is TaskEvent of openapi.yaml. It is written by hand because the
// generator leaves out what no answer in JSON holds.
type taskEvent struct {
	Task
	PostsPerSecond float64 `json:"postsPerSecond"`
	SecondsLeft    *int64  `json:"secondsLeft"`
	WaitingFor     *string `json:"waitingFor"`
}

func taskEventDocument(p task.Progress) taskEvent {
	d := taskEvent{Task: TaskDocument(p.State), PostsPerSecond: p.PostsPerSecond, WaitingFor: orNull(p.WaitingFor)}
	if p.SecondsLeft != task.UnknownTime {
		d.SecondsLeft = &p.SecondsLeft
	}
	return d
}

// WatchTask answers GET and HEAD /tasks/{id}/events. Each stream begins with the
// newest state, so that what the client had last makes no difference.
func (h *handlers) WatchTask(c echo.Context, raw TaskID, _ WatchTaskParams) error {
	id, err := taskID(raw)
	if err != nil {
		return err
	}
	again, err := h.gate.again(c.(*call))
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	watched, err := h.Watch.Subscribe(ctx, application.Watcher{Caller: callerOf(c), Again: again}, id)
	if err != nil {
		return err
	}
	defer watched.Close()
	response := c.Response()
	sse.SetHeader(response.Header())
	response.WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	first := true
	return sse.Relay(ctx, response.Writer, watched.Updates(), func(p task.Progress) ([]sse.Event, error) {
		events, err := taskEvents(p, first)
		first = false
		return events, err
	})
}

// taskEvents tells of progress, first of all and while the task runs, and that
// it is done.
func taskEvents(p task.Progress, first bool) ([]sse.Event, error) {
	data, err := json.Marshal(taskEventDocument(p))
	if err != nil {
		return nil, err
	}
	var events []sse.Event
	if first || !p.Status.Ended() {
		events = append(events, sse.Event{Type: "progress", ID: p.Revision, Data: string(data)})
	}
	if p.Status.Ended() {
		events = append(events, sse.Event{Type: "done", ID: p.Revision, Data: string(data)})
	}
	return events, nil
}

// again returns how to authenticate the caller of an admitted request once more
// while its answer goes on. What it returns outlives the request.
func (g *gate) again(c *call) (func(context.Context) (access.Caller, error), error) {
	bearer, err := bearerOf(c.Request().Header["Authorization"])
	if err != nil {
		return nil, err
	}
	if access.LooksLikeAPIKey(bearer) {
		return func(ctx context.Context) (access.Caller, error) { return g.accounts.ByAPIKey(ctx, bearer) }, nil
	}
	caller, verified := c.caller, time.Now()
	return func(ctx context.Context) (access.Caller, error) {
		if time.Since(verified) < verifyEvery {
			return caller, nil
		}
		if _, err := g.tokens.verify(ctx, bearer); err != nil {
			return access.Caller{}, err
		}
		verified = time.Now()
		return caller, nil
	}, nil
}
