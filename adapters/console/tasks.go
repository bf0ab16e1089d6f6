package console

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const tasksAPage = 20

// listPage is the list of tasks.
type listPage struct {
	Tasks []taskLine
	Next  string // the address of the next page
	Older bool   // this is not the first page
	// Live is where the numbers of the running tasks come from, empty if none runs.
	Live     string
	Statuses []choice
}

// taskLine is a task in the list.
type taskLine struct {
	task.State
	Title string
	Now   liveTask
}

func (s *Server) listTasks(v *visit) error {
	filter, statuses := statusFilter(v.QueryParam("status"))
	listed, err := s.Tasks.List(v.Request().Context(), v.by, filter, ports.Paging{Limit: tasksAPage, After: v.QueryParam("after")})
	if err != nil {
		return err
	}
	page := listPage{Older: v.QueryParam("after") != "", Statuses: statuses}
	watched := url.Values{}
	for _, t := range listed.Items {
		page.Tasks = append(page.Tasks, taskLine{State: t, Title: titleOf(t), Now: liveState(t)})
		if !t.Status.Ended() {
			watched.Add("task", string(t.ID))
		}
	}
	if len(watched) > 0 {
		page.Live = Root + "/events?" + watched.Encode()
	}
	page.Next = nextPage(v, listed.Next)
	return s.render(v, v, http.StatusOK, "tasks", "Tasks", page)
}

// choice is an option of a form, or of a menu.
type choice struct {
	Value, Word string
	Chosen      bool
}

// choices marks the one that is chosen.
func choices(chosen string, all ...choice) []choice {
	for i := range all {
		all[i].Chosen = all[i].Value == chosen
	}
	return all
}

// statusFilter returns the filter that a word of the menu stands for.
func statusFilter(word string) (ports.TaskFilter, []choice) {
	groups := map[string][]task.Status{
		"open":  {task.Pending, task.Running, task.Waiting, task.Paused},
		"ended": {task.Completed, task.CompletedPartial, task.Failed, task.Cancelled},
	}
	return ports.TaskFilter{Statuses: groups[word]}, choices(word,
		choice{Value: "", Word: "All"}, choice{Value: "open", Word: "Not ended"}, choice{Value: "ended", Word: "Ended"})
}

// nextPage returns the address of the page behind this one, empty at the end.
func nextPage(v *visit, cursor string) string {
	if cursor == "" {
		return ""
	}
	u := *v.Request().URL
	q := u.Query()
	q.Set("after", cursor)
	q.Del("done")
	q.Del("searched")
	u.RawQuery = q.Encode()
	return u.RequestURI()
}

// titleOf returns what a task is called: what it is about.
func titleOf(t task.State) string {
	title := ""
	for _, src := range t.Sources {
		if title = src.Title; title != "" {
			break
		}
	}
	if title == "" && len(t.Sources) > 0 {
		title = t.Sources[0].URL
	}
	if t.Kind == task.Export && t.Export != nil {
		return "Export of " + title
	}
	return cleared(title)
}

// may tells whether a task's state takes a request.
func (t taskLine) May(request string) bool { return slices.Contains(t.Status.Allowed(), request) }
