package rest

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/task"
)

// ListSchedules answers GET /schedules.
func (h *handlers) ListSchedules(c echo.Context, params ListSchedulesParams) error {
	page, err := paging(params.Limit, params.Cursor)
	if err != nil {
		return err
	}
	listed, err := h.Schedules.List(c.Request().Context(), callerOf(c), page)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, ScheduleList{Items: documents(listed.Items, scheduleDocument), NextCursor: orNull(listed.Next)})
}

// CreateSchedule answers POST /schedules.
func (h *handlers) CreateSchedule(c echo.Context) error {
	body, err := readBody(c)
	if err != nil {
		return err
	}
	var asked NewSchedule
	if err := decode(body, &asked); err != nil {
		return err
	}
	request, err := newSchedule(asked)
	if err != nil {
		return err
	}
	made, err := h.Schedules.Create(c.Request().Context(), callerOf(c), request)
	if err != nil {
		return err
	}
	return answer(c, http.StatusCreated, scheduleDocument(made))
}

// mostMinutes keeps what is read from overflowing; the domain allows less.
const mostMinutes = 1 << 30

func newSchedule(asked NewSchedule) (application.NewSchedule, error) {
	request := application.NewSchedule{
		Recurrence: task.Recurrence{Cron: valueOf(asked.Cron), Zone: valueOf(asked.TimeZone)},
		How:        refreshOf(asked.Full),
	}
	if asked.TaskID == "" {
		return request, invalid("taskId", "taskId is missing")
	}
	id, err := canonicalID(asked.TaskID)
	if err != nil {
		return request, err
	}
	request.TaskID = task.ID(id)
	if m := asked.EveryMinutes; m != nil {
		request.Every = time.Duration(min(max(*m, 1), mostMinutes)) * time.Minute
	}
	request.EndsAt, err = checkTime("endsAt", asked.EndsAt)
	return request, err
}

// refreshOf reads the choice between what is new and everything.
func refreshOf(full *bool) task.Refresh {
	if valueOf(full) {
		return task.RefreshAll
	}
	return task.RefreshNew
}

// DeleteSchedule answers DELETE /schedules/{id}.
func (h *handlers) DeleteSchedule(c echo.Context, raw string) error {
	id, err := canonicalID(raw)
	if err != nil {
		return err
	}
	if err := h.Schedules.Delete(c.Request().Context(), callerOf(c), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func scheduleDocument(s task.Schedule) Schedule {
	d := Schedule{
		ID: s.ID, TaskID: string(s.TaskID), Cron: orNull(s.Cron), TimeZone: orNull(s.Zone), Full: s.How == task.RefreshAll,
		EndsAt: timeOrNull(s.EndsAt), NextAt: timeOrNull(s.NextAt), LastAt: timeOrNull(s.LastAt),
		Runs: s.Runs, Skipped: s.Skipped, Note: orNull(s.Note), CreatedAt: s.CreatedAt,
	}
	if s.Every > 0 {
		d.EveryMinutes = new(int64(s.Every / time.Minute))
	}
	return d
}
