package application_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/test/fakeapi"
)

// What the platform is asked for, in its order, tells who had a turn when,
// however slow the machine is.

// addVideos puts so many videos with so many comments each onto the platform.
func (r *rig) addVideos(prefix string, videos, comments int) []string {
	r.t.Helper()
	day := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	ids := make([]string, videos)
	for v := range ids {
		ids[v] = fmt.Sprintf("%s%0*d", prefix, 11-len(prefix), v)
		r.data.AddVideo(fakeapi.Video{ID: ids[v], ChannelID: "UCfairness0000000000000", Title: ids[v], PublishedAt: day})
		for c := range comments {
			require.NoError(r.t, r.data.AddComment(fakeapi.Comment{
				ID: fmt.Sprintf("%s-%d", ids[v], c), VideoID: ids[v], Author: "somebody",
				Text: fmt.Sprintf("comment %d of %s", c, ids[v]), PublishedAt: day.Add(time.Duration(c) * time.Minute),
			}))
		}
	}
	return ids
}

// pages returns the videos whose pages of comments were asked for, in order.
func (r *rig) pages() []string {
	var videos []string
	for _, c := range r.fake.CallsTo(fakeapi.YouTube, "commentThreads") {
		videos = append(videos, c.Query.Get("videoId"))
	}
	return videos
}

// before counts the pages of the videos with one prefix before the last of
// those with the other.
func before(pages []string, count, last string) int {
	n := 0
	for i := len(pages) - 1; i >= 0; i-- {
		if strings.HasPrefix(pages[i], last) {
			for _, p := range pages[:i] {
				if strings.HasPrefix(p, count) {
					n++
				}
			}
			return n
		}
	}
	return -1
}

// Small tasks beside a large one of the same user, which was there first, take
// at most three times as long as they would alone: of the pages fetched until
// the last of them is, at least a third are theirs.
func TestSmallTasksPassALargeOne(t *testing.T) {
	t.Parallel()
	const videos, small = 30, 12
	r := newRig(t)
	p := r.start()
	p.stop() // so that all are there before the first one runs
	var addresses []string
	for _, video := range r.addVideos("Large", videos, 201) { // three pages each
		addresses = append(addresses, watch+video)
	}
	large, err := p.tasks.Create(t.Context(), p.by, application.NewTask{URLs: addresses})
	require.NoError(t, err)
	var ids []task.ID
	for _, video := range r.addVideos("Small", small, 101) { // two pages each
		ids = append(ids, p.collect(watch+video))
	}
	p = r.start()
	for _, id := range ids {
		assert.Equal(t, task.Completed, p.ended(id).Status)
	}
	pages := r.pages()
	theirs, others := before(pages, "Small", "Small")+1, before(pages, "Large", "Small")
	t.Logf("%d pages of the small tasks, %d of the large one until then", theirs, others)
	assert.Equal(t, 2*small, theirs)
	assert.LessOrEqual(t, others, 2*theirs)
	assert.Equal(t, task.Completed, p.ended(large.ID).Status)
	assert.Len(t, r.pages(), 2*small+3*videos, "the large task had three times as much to do")
}

// A user with many tasks does not keep another from his turn: what stands on
// the queue of one user is bounded, and users take turns.
func TestManyTasksOfOneUserStarveNobody(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	another, err := application.NewAccounts(r.store).Local(t.Context(), "another")
	require.NoError(t, err)
	stopped := r.start()
	stopped.stop()
	for _, video := range r.addVideos("Greedy", 80, 1) {
		stopped.collect(watch + video)
	}
	modest := r.addVideos("Modest", 1, 1)
	r.by = another
	id := stopped.collect(watch + modest[0])
	p := r.start()
	assert.Equal(t, task.Completed, p.ended(id).Status)
	pages := r.pages()
	assert.LessOrEqual(t, slices.Index(pages, modest[0]), task.DefaultLimits().PerUser, "of %d pages", len(pages))
}
