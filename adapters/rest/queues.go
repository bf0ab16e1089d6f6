package rest

import (
	"context"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// ListQueues answers GET /queues.
func (h *handlers) ListQueues(c echo.Context) error {
	all, err := h.Queues.List(c.Request().Context(), callerOf(c))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, QueueList{Items: documents(all, queueDocument)})
}

// GetQueue answers GET /queues/{name}.
func (h *handlers) GetQueue(c echo.Context, name QueueName) error {
	return answerQueue(c, http.StatusOK, name, h.Queues.Queue)
}

// PauseQueue answers POST /queues/{name}/pause.
func (h *handlers) PauseQueue(c echo.Context, name QueueName) error {
	return answerQueue(c, http.StatusAccepted, name, h.Queues.Pause)
}

// ResumeQueue answers POST /queues/{name}/resume.
func (h *handlers) ResumeQueue(c echo.Context, name QueueName) error {
	return answerQueue(c, http.StatusAccepted, name, h.Queues.Resume)
}

func answerQueue(c echo.Context, status int, name QueueName, do func(context.Context, access.Caller, task.QueueName) (ports.QueueState, error)) error {
	queue, err := do(c.Request().Context(), callerOf(c), task.QueueName(name))
	if err != nil {
		return err
	}
	return answer(c, status, queueDocument(queue))
}

// ListJobs answers GET /queues/{name}/jobs.
func (h *handlers) ListJobs(c echo.Context, name QueueName, params ListJobsParams) error {
	page, err := paging(params.Limit, params.Cursor)
	if err != nil {
		return err
	}
	states, err := chosen[task.JobState]("state", params.State, nil)
	if err != nil {
		return err
	}
	listed, err := h.Queues.Jobs(c.Request().Context(), callerOf(c), task.QueueName(name), inOrder(states), page)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, JobList{Items: documents(listed.Items, jobDocument), NextCursor: orNull(listed.Next)})
}

// inOrder returns the states once each and in one order, so that a cursor fits
// the same filter however it is written.
func inOrder(states []task.JobState) []task.JobState {
	return slices.DeleteFunc(task.JobStates(), func(s task.JobState) bool { return !slices.Contains(states, s) })
}

// RetryJob answers POST /queues/{name}/jobs/{id}/retry.
func (h *handlers) RetryJob(c echo.Context, name QueueName, raw JobID) error {
	id, err := canonicalID(raw)
	if err != nil {
		return err
	}
	n, err := h.Queues.Retry(c.Request().Context(), callerOf(c), task.QueueName(name), task.SubtaskID(id))
	if err != nil {
		return err
	}
	return answer(c, http.StatusAccepted, Retried{Retried: n})
}

// RetryDeadJobs answers POST /queues/{name}/retry-dead.
func (h *handlers) RetryDeadJobs(c echo.Context, name QueueName) error {
	n, err := h.Queues.RetryDead(c.Request().Context(), callerOf(c), task.QueueName(name))
	if err != nil {
		return err
	}
	return answer(c, http.StatusAccepted, Retried{Retried: n})
}

// DeleteJob answers DELETE /queues/{name}/jobs/{id}.
func (h *handlers) DeleteJob(c echo.Context, name QueueName, raw JobID) error {
	id, err := canonicalID(raw)
	if err != nil {
		return err
	}
	if err := h.Queues.Delete(c.Request().Context(), callerOf(c), task.QueueName(name), task.SubtaskID(id)); err != nil {
		return err
	}
	return c.NoContent(http.StatusAccepted)
}

func queueDocument(q ports.QueueState) Queue {
	return Queue{
		Name: string(q.Type.Queue()), Paused: q.Paused, OldestSeconds: int64(q.Oldest.Seconds()), PerMinute: q.PerMinute,
		Depth: QueueDepth{
			Waiting: q.Depth[task.JobWaiting], Queued: q.Depth[task.JobQueued],
			Running: q.Depth[task.JobRunning], Dead: q.Depth[task.JobDead],
		},
	}
}

func jobDocument(j ports.Job) Job {
	return Job{
		ID: string(j.ID), TaskID: string(j.TaskID), Type: string(j.Type), State: JobState(j.State), Attempt: j.Attempt,
		LastError: orNull(string(j.LastError)), RunAt: j.RunAt.UTC(), CreatedAt: j.CreatedAt.UTC(), StartedAt: timeOrNull(j.StartedAt),
	}
}
