package console

import (
	"net/http"
	"net/url"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const jobsAPage = 25

// queueLine is a queue in the list.
type queueLine struct {
	ports.QueueState
	Word, Path string
	Depths     []share
}

// queuePage is one queue with its jobs.
type queuePage struct {
	queueLine
	Jobs   []jobLine
	States []choice
	Next   string
	Here   string
}

// jobLine is a job, and what may be done with it.
type jobLine struct {
	ports.Job
	Path      string
	Retryable bool
	Deletable bool
}

func (s *Server) listQueues(v *visit) error {
	listed, err := s.Queues.List(v.Request().Context(), v.by)
	if err != nil {
		return err
	}
	lines := make([]queueLine, len(listed))
	for i, q := range listed {
		lines[i] = queueLineOf(q)
	}
	return s.render(v, v, http.StatusOK, "queues", "Queues", lines)
}

func queueLineOf(q ports.QueueState) queueLine {
	line := queueLine{QueueState: q, Word: queueWords[q.Type], Path: Root + "/queues/" + string(q.Type.Queue())}
	for _, state := range task.JobStates() {
		line.Depths = append(line.Depths, share{Name: string(state), Count: q.Depth[state]})
	}
	return line
}

func (s *Server) showQueue(v *visit) error {
	ctx, name := v.Request().Context(), task.QueueName(v.Param("name"))
	state, err := s.Queues.Queue(ctx, v.by, name)
	if err != nil {
		return err
	}
	page := queuePage{queueLine: queueLineOf(state), Here: here(v), States: choices(v.QueryParam("state"), choice{Word: "all"})}
	var states []task.JobState
	for _, js := range task.JobStates() {
		c := choice{Value: string(js), Word: string(js), Chosen: string(js) == v.QueryParam("state")}
		if c.Chosen {
			states = append(states, js)
		}
		page.States = append(page.States, c)
	}
	listed, err := s.Queues.Jobs(ctx, v.by, name, states, ports.Paging{Limit: jobsAPage, After: v.QueryParam("after")})
	if err != nil {
		return err
	}
	for _, j := range listed.Items {
		page.Jobs = append(page.Jobs, jobLine{
			Job: j, Path: page.Path + "/jobs/" + url.PathEscape(string(j.ID)), Retryable: j.State == task.JobDead, Deletable: j.State != task.JobRunning,
		})
	}
	page.Next = nextPage(v, listed.Next)
	return s.render(v, v, http.StatusOK, "queue", page.Word, page)
}

func (s *Server) changeQueue(v *visit) error {
	ctx, name := v.Request().Context(), task.QueueName(v.Param("name"))
	var err error
	switch v.Param("action") {
	case "pause":
		_, err = s.Queues.Pause(ctx, v.by, name)
	case "resume":
		_, err = s.Queues.Resume(ctx, v.by, name)
	case "retry-dead":
		_, err = s.Queues.RetryDead(ctx, v.by, name)
	default:
		err = errNoSuchRequest("queue")
	}
	if err != nil {
		return err
	}
	return back(v, v.FormValue("back"), "queue")
}

func errNoSuchRequest(what string) error {
	return fault.New(fault.NotFound, fault.CodeNotFound, "a %s takes no such request", what)
}

func (s *Server) changeJob(v *visit) error {
	id, err := uuidOf(v, "job")
	if err != nil {
		return err
	}
	ctx, name, job := v.Request().Context(), task.QueueName(v.Param("name")), task.SubtaskID(id)
	switch v.Param("action") {
	case "retry":
		_, err = s.Queues.Retry(ctx, v.by, name, job)
	case "delete":
		err = s.Queues.Delete(ctx, v.by, name, job)
	default:
		err = errNoSuchRequest("job")
	}
	if err != nil {
		return err
	}
	return back(v, v.FormValue("back"), "job")
}
