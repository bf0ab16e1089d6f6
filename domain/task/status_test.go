package task_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// ids returns a source of distinct ids that sort in the order of their making.
func ids() func() string {
	n := 0
	return func() string { n++; return string(rune('a' + n)) }
}

// TestEveryStateAndEvent is the table of contract §3 and of the README's
// diagram: "-" is refused. Cancelling a cancelled task changes nothing.
func TestEveryStateAndEvent(t *testing.T) {
	t.Parallel()
	const table = `
		event     pending   running   waiting   paused    completed completed_partial failed  cancelled
		cancel    cancelled cancelled cancelled cancelled -         -                 -       cancelled
		pause     paused    paused    paused    paused    -         -                 -       -
		resume    -         -         -         pending   -         -                 -       -
		retry     -         -         -         -         -         pending           pending pending
		delete    -         -         -         paused    completed completed_partial failed  cancelled
		refresh   -         -         -         -         pending   pending           pending pending
		start     running   running   running   -         -         -                 -       -
		park      waiting   waiting   waiting   -         -         -                 -       -
		proceed   running   running   running   -         -         -                 -       -
		succeed   completed completed completed -         -         -                 -       -
		fall_by   completed_partial completed_partial completed_partial - - -          -       -
		fail      failed    failed    failed    -         -         -                 -       -`
	lines := strings.Split(strings.TrimSpace(table), "\n")
	states := strings.Fields(lines[0])[1:]
	require.Len(t, states, len(task.Statuses()))
	require.Len(t, lines[1:], len(task.Events()))
	for _, line := range lines[1:] {
		cells := strings.Fields(line)
		for i, want := range cells[1:] {
			from, event := task.Status(states[i]), task.Event(cells[0])
			to, err := from.Next(event)
			if want != "-" {
				require.NoError(t, err, "%s on %s", event, from)
				require.Equal(t, task.Status(want), to, "%s on %s", event, from)
				continue
			}
			require.Equal(t, from, to, "%s on %s", event, from)
			require.Equal(t, fault.Conflict, fault.KindOf(err))
			require.Equal(t, fault.CodeWrongState, fault.As(err).Code)
			require.Equal(t, from.Allowed(), fault.As(err).Allowed)
		}
	}
}

func TestRefusalsSayWhatIsAllowed(t *testing.T) {
	t.Parallel()
	_, err := task.Completed.Next(task.EventPause)
	require.EqualError(t, err, "a completed task cannot be paused")
	require.Equal(t, []string{"delete"}, fault.As(err).Allowed)
	require.Equal(t, []string{"cancel", "pause", "resume", "delete"}, task.Paused.Allowed())
	require.Equal(t, []string{"cancel", "pause"}, task.Running.Allowed())
	require.Equal(t, []string{"cancel", "retry", "delete"}, task.Cancelled.Allowed())
}

func newTask(t *testing.T, n int) (*task.Task, []*task.Subtask) {
	t.Helper()
	sources := make([]content.Source, n)
	for i := range sources {
		sources[i] = content.Source{Provider: content.YouTube, Kind: content.Video, ExternalID: "dQw4w9WgXcQ"}
	}
	return task.NewAnalysis("user", sources, "", task.Options{IncludeReplies: true}, ids(), noon)
}

func TestANewTaskOpensEachSource(t *testing.T) {
	t.Parallel()
	created, subtasks := newTask(t, 3)
	require.Equal(t, task.Pending, created.State().Status)
	require.EqualValues(t, 3, created.State().Counters.Subtasks)
	for i, s := range subtasks {
		require.Equal(t, task.FetchContent, s.State().Type)
		require.Equal(t, i, s.State().Payload.Source)
		require.Equal(t, content.ListingSource, s.State().Payload.Listing.Kind)
		require.Equal(t, created.State().ID, s.State().TaskID)
	}
}

func TestOptionsJudgePostByPost(t *testing.T) {
	t.Parallel()
	old, fresh := noon.Add(-time.Second), noon
	for name, c := range map[string]struct {
		o     task.Options
		p     content.Post
		ok    bool
		cause content.Cause
	}{
		"all":              {task.Options{IncludeReplies: true}, content.Post{Kind: content.ReplyPost, PublishedAt: old}, true, ""},
		"no replies":       {task.Options{}, content.Post{Kind: content.ReplyPost, PublishedAt: fresh}, false, ""},
		"comments stay":    {task.Options{}, content.Post{Kind: content.CommentPost, PublishedAt: fresh}, true, ""},
		"too old":          {task.Options{Since: noon}, content.Post{Kind: content.CommentPost, PublishedAt: old}, false, content.BeforeSince},
		"just in time":     {task.Options{Since: noon}, content.Post{Kind: content.CommentPost, PublishedAt: fresh}, true, ""},
		"a reply too old":  {task.Options{Since: noon, IncludeReplies: true}, content.Post{Kind: content.ReplyPost, PublishedAt: old}, false, content.BeforeSince},
		"videos are asked": {task.Options{Since: noon}, content.Post{Kind: content.VideoPost, PublishedAt: old}, true, ""},
	} {
		ok, cause := c.o.Wanted(c.p)
		require.Equal(t, c.ok, ok, name)
		require.Equal(t, c.cause, cause, name)
	}
}
