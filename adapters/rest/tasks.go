package rest

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// CreateTask answers POST /tasks.
func (h *handlers) CreateTask(c echo.Context, params CreateTaskParams) error {
	body, err := readBody(c)
	if err != nil {
		return err
	}
	var asked NewTask
	if err := decode(body, &asked); err != nil {
		return err
	}
	request, err := h.newTask(asked)
	if err != nil {
		return err
	}
	return h.answerOnce(c, params.IdempotencyKey, body, func(ctx context.Context) (Task, error) {
		made, err := h.Tasks.Create(ctx, callerOf(c), request)
		return TaskDocument(made), err
	})
}

// newTask returns what the body asks for, with the defaults of openapi.yaml.
func (h *handlers) newTask(asked NewTask) (application.NewTask, error) {
	request := application.NewTask{
		IntegrationID: valueOf(asked.IntegrationID), Options: task.Options{IncludeReplies: true},
	}
	switch {
	case (asked.URL == nil) == (asked.Urls == nil):
		return request, invalid("url", "give either url or urls")
	case asked.URL != nil:
		request.URLs = []string{*asked.URL}
	default:
		request.URLs = *asked.Urls
	}
	if !storable(request.IntegrationID) {
		return request, invalid("integrationId", "integrationId is no id")
	}
	var err error
	if request.Callback, err = h.callback(asked.CallbackURL); err != nil || asked.Options == nil {
		return request, err
	}
	request.Options, err = newTaskOptions(*asked.Options)
	return request, err
}

func newTaskOptions(asked NewTaskOptions) (task.Options, error) {
	options := task.Options{
		MaxPosts:       valueOf(asked.MaxPosts),
		IncludeReplies: asked.IncludeReplies == nil || *asked.IncludeReplies,
		Auth:           task.AuthChoice(valueOf(asked.Auth)),
	}
	if asked.Auth != nil && options.Auth == task.AuthAny {
		return options, invalid("options.auth", "auth is user, master or null")
	}
	var err error
	options.Since, err = checkTime("options.since", asked.Since)
	return options, err
}

// ListTasks answers GET /tasks.
func (h *handlers) ListTasks(c echo.Context, params ListTasksParams) error {
	page, err := paging(params.Limit, params.Cursor)
	if err != nil {
		return err
	}
	filter, err := taskFilter(params)
	if err != nil {
		return err
	}
	listed, err := h.Tasks.List(c.Request().Context(), callerOf(c), filter, page)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, TaskList{Items: documents(listed.Items, TaskDocument), NextCursor: orNull(listed.Next)})
}

func taskFilter(params ListTasksParams) (f ports.TaskFilter, err error) {
	if f.Statuses, err = chosen[task.Status]("status", params.Status, nil); err != nil {
		return f, err
	}
	if f.Providers, err = chosen[content.ProviderID]("providerId", params.ProviderID, nil); err != nil {
		return f, err
	}
	kinds, err := chosen[string]("kind", params.Kind, nil)
	for _, k := range kinds {
		if k == string(task.Analysis) {
			f.Kinds = append(f.Kinds, sourceKinds...)
		} else {
			f.Kinds = append(f.Kinds, k)
		}
	}
	return f, err
}

// sourceKinds are what all analyses are of.
var sourceKinds = []string{
	string(content.Video), string(content.Short), string(content.Playlist), string(content.Channel),
	string(content.Handle), string(content.UserName), string(content.Submission), string(content.Comment),
	string(content.Subreddit), string(content.Share),
}

// GetTask answers GET /tasks/{id}.
func (h *handlers) GetTask(c echo.Context, raw TaskID) error {
	id, err := taskID(raw)
	if err != nil {
		return err
	}
	found, err := h.Tasks.Task(c.Request().Context(), callerOf(c), id)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, TaskDocument(found))
}

// DeleteTask answers DELETE /tasks/{id}.
func (h *handlers) DeleteTask(c echo.Context, raw TaskID) error {
	id, err := taskID(raw)
	if err != nil {
		return err
	}
	if err := h.Tasks.Delete(c.Request().Context(), callerOf(c), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// CancelTask answers POST /tasks/{id}/cancel.
func (h *handlers) CancelTask(c echo.Context, raw TaskID) error {
	id, err := taskID(raw)
	if err != nil {
		return err
	}
	cancelled, err := h.Tasks.Cancel(c.Request().Context(), callerOf(c), id)
	if err != nil {
		return err
	}
	return accepted(c, TaskDocument(cancelled))
}

// ListSubtasks answers GET /tasks/{id}/subtasks.
func (h *handlers) ListSubtasks(c echo.Context, raw TaskID, params ListSubtasksParams) error {
	page, err := paging(params.Limit, params.Cursor)
	if err != nil {
		return err
	}
	id, err := taskID(raw)
	if err != nil {
		return err
	}
	of, err := h.Tasks.Task(c.Request().Context(), callerOf(c), id)
	if err != nil {
		return err
	}
	listed, err := h.Tasks.Subtasks(c.Request().Context(), callerOf(c), id, page)
	if err != nil {
		return err
	}
	items := documents(listed.Items, func(s task.SubtaskState) Subtask { return subtaskDocument(s, of.Provider) })
	return answer(c, http.StatusOK, SubtaskList{Items: items, NextCursor: orNull(listed.Next)})
}

// ListPosts answers GET /tasks/{id}/posts.
func (h *handlers) ListPosts(c echo.Context, raw TaskID, params ListPostsParams) error {
	page, err := paging(params.Limit, params.Cursor)
	if err != nil {
		return err
	}
	filter, order, err := postFilter(params)
	if err != nil {
		return err
	}
	id, err := taskID(raw)
	if err != nil {
		return err
	}
	listed, err := h.Tasks.Posts(c.Request().Context(), callerOf(c), id, filter, order, page)
	if err != nil {
		return err
	}
	items := make([]Post, len(listed.Items))
	for i := range listed.Items {
		items[i] = postDocument(&listed.Items[i])
	}
	return answer(c, http.StatusOK, PostList{Items: items, NextCursor: orNull(listed.Next)})
}

func postFilter(params ListPostsParams) (analysis.PostFilter, analysis.Order, error) {
	f, err := postWords{params.Kind, params.Sentiment, params.Spam}.filter("")
	if err != nil {
		return f, "", err
	}
	f.Author, f.Query = valueOf(params.Author), valueOf(params.Q)
	if f.Since, err = checkTime("since", params.Since); err != nil {
		return f, "", err
	}
	if f.Until, err = checkTime("until", params.Until); err != nil {
		return f, "", err
	}
	if params.Sort == nil {
		return f, analysis.NewestFirst, nil
	}
	order, err := chosen[analysis.Order]("sort", &[]PostSort{*params.Sort}, nil)
	if err != nil {
		return f, "", err
	}
	return f, order[0], nil
}

// GetSummary answers GET /tasks/{id}/summary.
func (h *handlers) GetSummary(c echo.Context, raw TaskID) error {
	id, err := taskID(raw)
	if err != nil {
		return err
	}
	summed, err := h.Tasks.Summary(c.Request().Context(), callerOf(c), id)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, SummaryDocument(summed))
}
