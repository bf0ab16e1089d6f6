package rest

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/task"
)

// PauseTask answers POST /tasks/{id}/pause.
func (h *handlers) PauseTask(c echo.Context, id TaskID) error {
	return changeTask(c, id, h.Tasks.Pause)
}

// ResumeTask answers POST /tasks/{id}/resume.
func (h *handlers) ResumeTask(c echo.Context, id TaskID) error {
	return changeTask(c, id, h.Tasks.Resume)
}

// RetryTask answers POST /tasks/{id}/retry.
func (h *handlers) RetryTask(c echo.Context, id TaskID) error {
	return changeTask(c, id, h.Tasks.Retry)
}

// RefreshTask answers POST /tasks/{id}/refresh, with a body or without one.
func (h *handlers) RefreshTask(c echo.Context, id TaskID) error {
	body, err := readBody(c)
	if err != nil {
		return err
	}
	var asked NewRefresh
	if len(body) > 0 {
		if err := decode(body, &asked); err != nil {
			return err
		}
	}
	how := refreshOf(asked.Full)
	return changeTask(c, id, func(ctx context.Context, by access.Caller, id task.ID) (task.State, error) {
		return h.Tasks.Refresh(ctx, by, id, how)
	})
}

// changeTask answers with the task as the change has left it.
func changeTask(c echo.Context, raw TaskID, change func(context.Context, access.Caller, task.ID) (task.State, error)) error {
	id, err := taskID(raw)
	if err != nil {
		return err
	}
	changed, err := change(c.Request().Context(), callerOf(c), id)
	if err != nil {
		return err
	}
	return accepted(c, TaskDocument(changed))
}
