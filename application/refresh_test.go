package application_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/cron"
	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/test/fakeapi"
)

// quiet is a video that many wrote under, and nobody since.
const quiet = "QuietVideo1"

func newQuietVideo(r *rig, threads int) {
	r.data.AddVideo(fakeapi.Video{ID: quiet, ChannelID: "UCquietquietquietquiet01", Title: "Quiet", PublishedAt: lastYear})
	for i := range threads {
		r.comment(fmt.Sprintf("Ugx%06d", i), "", fmt.Sprintf("the first wave, number %d", i), lastYear.Add(time.Duration(i)*time.Minute))
	}
}

var lastYear = time.Date(2025, 5, 1, 0, 0, 0, 0, time.UTC)

func (r *rig) comment(id, parent, text string, at time.Time) {
	r.t.Helper()
	require.NoError(r.t, r.data.AddComment(fakeapi.Comment{
		ID: id, VideoID: quiet, ParentID: parent, Author: "@somebody", AuthorChannelID: "UCsomebody", Text: text, PublishedAt: at,
	}))
}

func (p *process) refreshed(id task.ID, how task.Refresh) task.State {
	p.t.Helper()
	began, err := p.tasks.Refresh(p.t.Context(), p.by, id, how)
	require.NoError(p.t, err)
	require.Equal(p.t, task.Pending, began.Status)
	p.fake.ForgetCalls()
	ended := p.ended(id)
	require.Equal(p.t, began.Run, ended.Run)
	return ended
}

// quietThreads is how much a refresh has to leave unread: as much as in the
// figure that is promised of it.
const quietThreads = 50_000

func TestARefreshReadsWhatIsNew(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	newQuietVideo(r, quietThreads)
	for i := range 9 { // more replies than come with their thread, far from the newest
		r.comment(fmt.Sprintf("Ugx000100.%d", i), "Ugx000100", "a reply", lastYear.Add(time.Hour))
	}
	p := r.start()
	id := p.collect(watch + quiet)
	first := p.ended(id)
	require.Equal(t, task.Completed, first.Status, codes(first))
	require.Equal(t, 1, first.Run)

	for i := range 100 {
		r.comment(fmt.Sprintf("Ugy%06d", i), "", fmt.Sprintf("the second wave, number %d", i), lastYear.AddDate(0, 2, i/10))
	}
	for i := range 7 {
		r.comment(fmt.Sprintf("Ugy000003.%d", i), "Ugy000003", "an answer to the second wave", lastYear.AddDate(0, 3, 0))
	}
	second := p.refreshed(id, task.RefreshNew)
	assert.Equal(t, task.Completed, second.Status, codes(second))
	assert.Equal(t, 2, second.Run)
	assert.Equal(t, p.onYouTube(quiet), p.comments(id))
	assert.LessOrEqual(t, len(p.fake.Calls()), 5, "the video, a page of new comments, one that is known, the replies of one thread")
	assert.EqualValues(t, 1+quietThreads+9+100+7, second.Counters.Expected, "what the provider announces is told once")
	p.requireCountersAreRows(second)

	third := p.refreshed(id, task.RefreshNew)
	assert.LessOrEqual(t, len(p.fake.Calls()), 3)
	assert.Equal(t, second.Counters.Fetched, third.Counters.Fetched)
	p.requireCountersAreRows(third)

	summary, err := p.store.Summary(t.Context(), third.User, id)
	require.NoError(t, err)
	var brought []int64
	for i, run := range summary.Runs {
		brought = append(brought, run.Posts)
		assert.Equal(t, i+1, run.Run)
		assert.False(t, run.BeganAt.IsZero())
	}
	assert.Equal(t, []int64{1 + quietThreads + 9, 100 + 7, 0}, brought, "what each run found new")
}

// A walk that begins anew meets what it has just stored itself: that says
// nothing of the pages behind.
func TestARefreshThatIsWalkedAnewLeavesNoGap(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	newQuietVideo(r, 150)
	p := r.start()
	id := p.collect(watch + quiet)
	p.ended(id)
	for i := range 250 {
		r.comment(fmt.Sprintf("Ugy%06d", i), "", fmt.Sprintf("the second wave, number %d", i), lastYear.AddDate(0, 1, i/10))
	}
	r.fake.Inject(fakeapi.Rule{Path: "commentThreads", Query: "pageToken=", Times: 1, Effect: fakeapi.RefusePageToken})
	ended := p.refreshed(id, task.RefreshNew)
	assert.Equal(t, p.onYouTube(quiet), p.comments(id))
	p.requireCountersAreRows(ended)
}

// What was too old for the task the first time was never stored.
func TestARefreshEndsAtWhatIsTooOldForTheTask(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	newQuietVideo(r, 600)
	p := r.start()
	id := p.collect(watch+quiet, func(o *task.Options) { o.Since = lastYear.Add(590 * time.Minute) })
	first := p.ended(id)
	assert.Len(t, p.comments(id), 10)
	r.comment("Ugy000001", "", "written since", lastYear.AddDate(0, 1, 0))
	second := p.refreshed(id, task.RefreshNew)
	assert.Equal(t, first.Counters.Fetched+1, second.Counters.Fetched)
	assert.LessOrEqual(t, len(p.fake.CallsTo(fakeapi.YouTube, "commentThreads")), 2)
}

func TestARefreshFollowsEditsAndDeletionsAsFarAsItReads(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	newQuietVideo(r, 350)
	r.comment("Ugx000349.1", "Ugx000349", "a reply that goes with its thread", lastYear.AddDate(0, 0, 1))
	p := r.start()
	id := p.collect(watch + quiet)
	p.ended(id)

	require.True(t, r.data.RemoveComment("Ugx000349")) // on the first page, with its reply
	r.comment("Ugx000340", "", "an edited text", lastYear.Add(340*time.Minute))
	require.True(t, r.data.RemoveComment("Ugx000010")) // three pages further down
	ended := p.refreshed(id, task.RefreshNew)
	byID := map[string]content.Post{}
	for _, post := range p.posts(id) {
		byID[post.ExternalID] = post.Post
	}
	for _, gone := range []string{"Ugx000349", "Ugx000349.1"} {
		assert.True(t, byID[gone].Deleted, gone)
		assert.Empty(t, byID[gone].Text, gone)
		assert.Empty(t, byID[gone].Author, gone)
	}
	assert.Equal(t, "an edited text", byID["Ugx000340"].Text)
	assert.False(t, byID["Ugx000010"].Deleted, "what lies further down is not read")
	p.requireCountersAreRows(ended)

	ended = p.refreshed(id, task.RefreshAll)
	for _, post := range p.posts(id) {
		if post.ExternalID == "Ugx000010" {
			assert.True(t, post.Deleted)
		}
	}
	assert.EqualValues(t, 1+350+1, ended.Counters.Fetched, "what is gone still stands there")
	p.requireCountersAreRows(ended)
}

func TestARefreshDoesNotTakeAnEmptyAnswerForDeletions(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	newQuietVideo(r, 5)
	p := r.start()
	id := p.collect(watch + quiet)
	p.ended(id)
	for i := range 5 {
		require.True(t, r.data.RemoveComment(fmt.Sprintf("Ugx%06d", i)))
	}
	p.refreshed(id, task.RefreshAll)
	for _, post := range p.posts(id) {
		assert.False(t, post.Deleted, post.ExternalID)
	}
}

func TestARefreshReadsAChannelsChangedVideosAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.start()
	id := p.collect("https://www.youtube.com/@TidelineWorkshop")
	first := p.ended(id)
	require.NoError(t, r.data.AddComment(fakeapi.Comment{
		ID: "UgzNewOnSolarBoat", VideoID: "SolarBoat01", Author: "@late", Text: "late to the boat", PublishedAt: time.Now(),
	}))
	second := p.refreshed(id, task.RefreshNew)
	assert.Equal(t, first.Counters.Fetched+1, second.Counters.Fetched)
	for _, call := range p.fake.CallsTo(fakeapi.YouTube, "commentThreads") {
		assert.Equal(t, "SolarBoat01", call.Query.Get("videoId"))
	}
	p.requireCountersAreRows(second)
}

func TestARefreshOfAVideoThatIsGoneKeepsWhatIsStored(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	newQuietVideo(r, 5)
	p := r.start()
	id := p.collect(watch + quiet)
	first := p.ended(id)
	r.data.AddVideo(fakeapi.Video{ID: quiet, ChannelID: "UCquietquietquietquiet01", Title: "Quiet", PublishedAt: lastYear, Visibility: fakeapi.Removed})
	second := p.refreshed(id, task.RefreshNew)
	assert.Equal(t, task.CompletedPartial, second.Status)
	assert.Equal(t, []string{"source_not_found"}, codes(second))
	assert.Equal(t, first.Counters.Fetched, second.Counters.Fetched)
	p.requireCountersAreRows(second)
}

func TestASchedulesRefreshIsRunAndAnOverlapSkipped(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	newQuietVideo(r, 5)
	p := r.start()
	id := p.collect(watch + quiet)
	p.ended(id)
	elsewhere := application.NewDispatcher(r.store, memory.NewQueue(1), task.DefaultLimits(), slog.New(slog.DiscardHandler))
	schedules := application.NewSchedules(r.store, cron.Next, elsewhere, slog.New(slog.DiscardHandler))
	made, err := schedules.Create(t.Context(), p.by, application.NewSchedule{TaskID: id, Recurrence: task.Recurrence{Every: time.Hour}, How: task.RefreshNew})
	require.NoError(t, err)
	r.comment("Ugy000001", "", "written since", lastYear.AddDate(0, 1, 0))

	dueSince := func(at time.Time) {
		require.NoError(t, r.store.RunSchedule(t.Context(), made, func(_ *task.Task, s *task.Schedule) { s.NextAt = at }))
		made.NextAt = at
	}
	dueSince(made.CreatedAt.Add(-48 * time.Hour)) // nobody was there for two days
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { schedules.Run(ctx) })
	ended := p.when(id, "was refreshed", func(s task.State) bool { return s.Run == 2 && s.Status.Ended() })
	stop()
	running.Wait()
	assert.Equal(t, p.onYouTube(quiet), p.comments(id))
	assert.Equal(t, task.Completed, ended.Status, codes(ended))
	listed, err := schedules.List(t.Context(), p.by, ports.Paging{Limit: 1})
	require.NoError(t, err)
	after := listed.Items[0]
	assert.EqualValues(t, 1, after.Runs, "what was missed is not made up for")
	assert.Positive(t, time.Until(after.NextAt))
	assert.LessOrEqual(t, time.Until(after.NextAt), time.Hour)
}
