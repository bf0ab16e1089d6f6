package console

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/adapters/internal/plain"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// taskPage is one task.
type taskPage struct {
	taskLine
	// Live is where the numbers come from while the task runs.
	Live string
	// Whose tells whose token fetched, in plain words.
	Whose    string
	Problems []problemLine
	// Figures is nil where they would take longer than a page may, and
	// FiguresFrom where they come from then, or while they change; empty for an end.
	Figures     *figures
	FiguresFrom string
	Exports     []taskLine
	// Ready tells that the file of an export can be downloaded.
	Ready bool
	May   map[string]bool
}

// problemLine is a problem in plain words, with what mends it.
type problemLine struct {
	Heading, Message string
	// Count is how many problems say the same.
	Count int64
	// Reconnect and Retry tell which button mends it.
	Reconnect, Retry bool
	RetryAt          time.Time
}

// taskOf returns the task of the path.
func (s *Server) taskOf(v *visit) (task.State, error) {
	id, err := uuidOf(v, "id")
	if err != nil {
		return task.State{}, err
	}
	return s.Tasks.Task(v.Request().Context(), v.by, task.ID(id))
}

func (s *Server) showTask(v *visit) error {
	t, err := s.taskOf(v)
	if err != nil {
		return err
	}
	page := taskPage{taskLine: lineOf(t), Problems: problemLines(t), Whose: whoseToken(t), May: allowed(t)}
	page.Ready = t.Kind == task.Export && t.Status == task.Completed && time.Now().Before(t.Export.ExpiresAt)
	if !t.Status.Ended() {
		page.Live = fmt.Sprintf("%s/tasks/%s/events", Root, t.ID)
	}
	if t.Kind == task.Analysis {
		if page.Exports, err = s.exportsOf(v, t.ID); err != nil {
			return err
		}
	}
	if err := s.figuresFor(v, t, &page); err != nil {
		return err
	}
	return s.render(v, v, http.StatusOK, "task", page.Title, page)
}

func lineOf(t task.State) taskLine { return taskLine{State: t, Title: titleOf(t), Now: liveState(t)} }

// allowed returns the requests that the task takes. A refresh is one for those
// that have ended, and no export takes it.
func allowed(t task.State) map[string]bool {
	may := map[string]bool{"refresh": t.Kind == task.Analysis && t.Status.Ended()}
	for _, request := range t.Status.Allowed() {
		may[request] = true
	}
	may["retry"] = may["retry"] && t.Counters.Failed+t.Counters.Cancelled > 0
	return may
}

func whoseToken(t task.State) string {
	switch {
	case t.TokenSource == "":
		return ""
	case t.Fallback != nil:
		return "This deployment's own access, because your account could not be used."
	case t.TokenSource == access.UserOAuth:
		return "Your connected account."
	}
	return "This deployment's own access."
}

// problemLines tells problems of the same kind once.
func problemLines(t task.State) []problemLine {
	var lines []problemLine
	mayRetry := allowed(t)["retry"]
	for _, p := range t.Problems {
		line := problemLine{
			Heading: plain.Problem(p.Code), Message: sentence(cleared(p.Message)), Count: 1,
			Reconnect: mendedByConnecting[p.Code], Retry: p.Retryable && mayRetry,
		}
		if !t.Status.Ended() {
			line.RetryAt = p.RetryAt
		}
		i := slices.IndexFunc(lines, func(l problemLine) bool { return l.Heading == line.Heading && l.Message == line.Message })
		if i >= 0 {
			lines[i].Count++
			lines[i].Retry = lines[i].Retry || line.Retry
			continue
		}
		lines = append(lines, line)
	}
	return lines
}

// recentExports is how many of a user's newest exports are looked through for
// those of a task.
const recentExports = 50

func (s *Server) exportsOf(v *visit, id task.ID) ([]taskLine, error) {
	listed, err := s.Tasks.List(v.Request().Context(), v.by, ports.TaskFilter{Kinds: []string{string(task.Export)}}, ports.Paging{Limit: recentExports})
	var lines []taskLine
	for _, t := range listed.Items {
		if t.Export != nil && t.Export.TaskID == id {
			lines = append(lines, lineOf(t))
		}
	}
	return lines, err
}

// confirmable are the requests that cannot be taken back.
var confirmable = map[string]confirmation{
	"cancel": {Question: "Cancel this task?", Means: "What was fetched stays; nothing more is fetched or judged.", Button: "Cancel the task"},
	"delete": {Question: "Delete this task?", Means: "Its posts, figures and exports are deleted with it, for good.", Button: "Delete the task"},
}

// confirmation is the page that asks once more.
type confirmation struct {
	Question, Means, Button string
	About                   string
	Action, Back            string // addresses
}

func (s *Server) confirmTask(v *visit) error {
	asked, ok := confirmable[v.Param("action")]
	if !ok {
		return echo.ErrNotFound
	}
	t, err := s.taskOf(v)
	if err != nil {
		return err
	}
	asked.About, asked.Back = titleOf(t), taskPath(t.ID)
	asked.Action = asked.Back + "/" + v.Param("action")
	return s.render(v, v, http.StatusOK, "confirm", asked.Question, asked)
}

func taskPath(id task.ID) string { return Root + "/tasks/" + string(id) }

// changeTask does what a button of the task's page asks.
func (s *Server) changeTask(v *visit) error {
	raw, err := uuidOf(v, "id")
	if err != nil {
		return err
	}
	ctx, id, action := v.Request().Context(), task.ID(raw), v.Param("action")
	switch action {
	case "pause":
		_, err = s.Tasks.Pause(ctx, v.by, id)
	case "resume":
		_, err = s.Tasks.Resume(ctx, v.by, id)
	case "retry":
		_, err = s.Tasks.Retry(ctx, v.by, id)
	case "refresh":
		_, err = s.Tasks.Refresh(ctx, v.by, id, task.RefreshNew)
	case "cancel":
		_, err = s.Tasks.Cancel(ctx, v.by, id)
	case "delete":
		if err = s.Tasks.Delete(ctx, v.by, id); err == nil {
			return back(v, Root+"/tasks", "deleted")
		}
	default:
		return errNoSuchRequest("task")
	}
	if err != nil {
		return err
	}
	return back(v, taskPath(id), action)
}
