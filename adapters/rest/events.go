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

const (
	// pingEvery is how often an idle stream shows that it lives (contract §2).
	pingEvery = 15 * time.Second
	// verifyEvery is how often a JWT is verified while its stream is open. It
	// cannot be revoked, only run out.
	verifyEvery = 5 * time.Second
)

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
	stream, err := sse.Open(response.Writer) // echo's own writer hides that a flush failed
	if err != nil {
		return nil // the client has gone
	}
	return relay(ctx, stream, watched.Updates())
}

// relay sends what comes until there is no more, or nobody to read it.
func relay(ctx context.Context, stream *sse.Stream, updates <-chan task.Progress) error {
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for first := true; ; {
		var gone error
		select {
		case <-ctx.Done():
			return nil
		case <-ping.C:
			gone = stream.Ping()
		case p, open := <-updates:
			if !open {
				return nil
			}
			data, err := json.Marshal(taskEventDocument(p))
			if err != nil {
				return err
			}
			gone = sendTask(stream, p, string(data), first)
			first = false
		}
		if gone != nil {
			return nil // the client has gone
		}
	}
}

// sendTask sends progress, first of all and while the task runs, and that it is
// done.
func sendTask(stream *sse.Stream, p task.Progress, data string, first bool) error {
	ended := p.Status.Ended()
	if first || !ended {
		if err := stream.Send("progress", p.Revision, data); err != nil {
			return err
		}
	}
	if !ended {
		return nil
	}
	return stream.Send("done", p.Revision, data)
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
