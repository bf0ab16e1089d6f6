package faults_test

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// runWithin is how long a run may take on a busy machine, the faults included. The longest waits that are meant: 30 s
// until what nobody claimed is delivered again, 15 s until a lease runs out.
const runWithin = 4 * time.Minute

// shown is how many differences of a kind are told in words.
const shown = 5

// audit waits for a task's end and compares everything that is stored with the source and with itself.
func (w *world) audit(id string, e expectation) task {
	w.t.Helper()
	var ended task
	if !comes(w.t, runWithin, func() bool { ended = w.task(id); return ended.ended() }) {
		w.row.stuck++
		w.t.Errorf("the task is stuck: %+v", ended)
		return ended
	}
	if !slices.Contains(e.statuses, ended.Status) {
		w.wrong("the task is %s: %v", ended.Status, ended.Problems)
	}
	for _, p := range ended.Problems {
		if !slices.Contains(e.problems, p.Code) {
			w.wrong("the task names %s: %s", p.Code, p.Message)
		}
	}
	posts := all[post](w.client, "/tasks/"+id+"/posts")
	w.auditPosts(posts, e)
	w.auditCounters(ended, posts)
	w.auditSubtasks(ended, e)
	w.auditQueues(e)
	return ended
}

func (w *world) wrong(format string, args ...any) {
	w.t.Helper()
	w.row.wrong++
	w.t.Errorf(format, args...)
}

// auditPosts counts what is lost and doubled, and compares the rest.
func (w *world) auditPosts(posts []post, e expectation) {
	w.t.Helper()
	allowed, found := e.allowed(), map[string]bool{}
	lost, doubled := []string{}, []string{}
	differ := 0
	for _, p := range posts {
		if p.Kind == "video" {
			continue
		}
		want, known := allowed[p.ExternalID]
		if found[p.ExternalID] || !known {
			doubled = append(doubled, p.ExternalID)
		}
		if known && !p.is(want) {
			differ++
			if differ <= shown {
				w.t.Errorf("%s is %+v, not %+v", p.ExternalID, p, want)
			}
		}
		found[p.ExternalID] = true
	}
	for id := range e.must {
		if !found[id] {
			lost = append(lost, id)
		}
	}
	w.row.lost += len(lost)
	w.row.doubled += len(doubled)
	w.row.wrong += differ
	if len(lost)+len(doubled) > 0 {
		slices.Sort(lost)
		w.t.Errorf("%d of %d lost: %v; %d doubled: %v", len(lost), len(e.must), head(lost), len(doubled), head(doubled))
	}
}

func head(ids []string) []string { return ids[:min(shown, len(ids))] }

func (p post) is(c comment) bool {
	return p.ParentExternalID != nil && p.PublishedAt != nil && comment{
		*p.ParentExternalID, p.Kind, p.Text, text(p.Author.Name), p.Likes, p.PublishedAt.UTC(),
	} == c
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// auditCounters compares the counters with the rows, which must all be judged.
func (w *world) auditCounters(t task, posts []post) {
	w.t.Helper()
	spam, scored, unjudged := 0, 0, 0
	for _, p := range posts {
		isSpam := p.Spam != nil && p.Spam.Verdict == "spam"
		switch {
		case isSpam:
			spam++
		case p.Sentiment != nil:
			scored++
		}
		if p.Kind != "video" && (p.Spam == nil || !isSpam && p.Sentiment == nil && p.Text != "") {
			unjudged++
		}
	}
	if unjudged > 0 {
		w.wrong("%d posts are not judged", unjudged)
	}
	got, want := t.Progress.Posts, fmt.Sprint(len(posts), spam, scored)
	if counted := fmt.Sprint(got.Fetched, got.Spam, got.Scored); counted != want {
		w.wrong("fetched, spam and scored are counted as %s, and the rows are %s", counted, want)
	}
}

// auditSubtasks requires that all have ended, as counted, and failed only for what was expected.
func (w *world) auditSubtasks(t task, e expectation) {
	w.t.Helper()
	done, failed := 0, 0
	subtasks := all[subtask](w.client, "/tasks/"+t.ID+"/subtasks")
	for _, s := range subtasks {
		switch s.Status {
		case "succeeded", "cancelled":
			done++
		case "failed":
			failed++
			if s.Problem == nil || !slices.Contains(e.problems, s.Problem.Code) {
				w.wrong("a %s has failed: %+v", s.Type, s.Problem)
			}
		default:
			w.wrong("a %s of an ended task is %s", s.Type, s.Status)
		}
		if e.noAttempt && s.Attempt > 0 {
			w.wrong("a %s has spent %d attempts", s.Type, s.Attempt)
		}
	}
	got := t.Progress.Subtasks
	if counted, want := fmt.Sprint(got.Total, got.Done, got.Failed), fmt.Sprint(len(subtasks), done, failed); counted != want {
		w.wrong("subtasks are counted as %s, and the rows are %s", counted, want)
	}
}

// auditQueues requires empty queues; dead letters only where a failure is expected.
func (w *world) auditQueues(e expectation) {
	w.t.Helper()
	var queues struct {
		Items []struct {
			Name  string
			Depth struct{ Waiting, Queued, Running, Dead int }
		}
	}
	w.must(http.MethodGet, "/queues", "", http.StatusOK, &queues)
	for _, q := range queues.Items {
		if q.Depth.Waiting+q.Depth.Queued+q.Depth.Running > 0 || q.Depth.Dead > 0 && len(e.problems) == 0 {
			w.wrong("nothing runs, and the queue %s holds %+v", q.Name, q.Depth)
		}
	}
}
