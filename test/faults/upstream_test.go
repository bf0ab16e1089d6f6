package faults_test

import (
	"maps"
	"net/http"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// upstream are the faults of the platform, on small data in both forms.
func (s *site) upstream() {
	of := smallSource(s.t)
	storm := func(name string, short, long int, r fakeapi.Rule) {
		if times := pick(short, long); times > 0 {
			s.fault(name, of, times, func(w *world, times int) { w.storm(times, r) })
		}
	}
	storm("storm of 500", 1, 5, fakeapi.Rule{Effect: fakeapi.Error, Status: http.StatusInternalServerError})
	storm("storm of 429", 0, 5, fakeapi.Rule{Effect: fakeapi.Error, Status: http.StatusTooManyRequests, RetryAfter: "1"})
	storm("storm of cut answers", 0, 5, fakeapi.Rule{Effect: fakeapi.Cut})
	if *full {
		s.fault("looping page token", of, 3, (*world).loopTokens)
		s.fault("pages change while being read", smallSource(s.t), 3, (*world).changePages)
	}
}

// storm lets the platform refuse every call for a second and a half, three times in a run. Where that was too much for
// somebody's five attempts, the task says so, and a retry fetches what is missing.
func (w *world) storm(times int, r fakeapi.Rule) {
	e := wholly(w.of)
	e.statuses, e.problems, e.must, e.may = []string{"completed", "completed_partial"}, []string{"provider_unavailable", "rate_limited"}, nil, e.must
	r.Service = fakeapi.YouTube
	for range times {
		id := w.begin()
		w.midway(id)
		for range 3 {
			w.fake.ClearRules()
			w.fake.Inject(r)
			pause(w.t, 1500*time.Millisecond)
			w.calm()
			pause(w.t, time.Second)
			w.row.times++
		}
		if ended := w.audit(id, e); ended.Status == "completed_partial" {
			w.t.Log("the storm was too long; retried")
			w.must1(http.MethodPost, "/tasks/"+id+"/retry")
		}
		w.audit(id, wholly(w.of))
	}
}

// must1 sends a change that may be sent once only.
func (w *world) must1(method, path string) {
	w.t.Helper()
	var now task
	require.NoError(w.t, w.try(method, path, "", http.StatusAccepted, &now))
}

// loopTokens has a video's second page lead to itself: what was found stays, and the task says why it is not all.
func (w *world) loopTokens(times int) {
	w.of.pageDelay = 0
	w.calm()
	everything := w.of.comments()
	for n := range times {
		video := w.of.data.VideoIDs()[n]
		w.fake.ClearRules()
		w.fake.Inject(fakeapi.Rule{
			Service: fakeapi.YouTube, Path: "commentThreads", Query: "videoId=" + video, Skip: 1, Effect: fakeapi.LoopPageToken,
		})
		e := expectation{statuses: []string{"completed_partial"}, problems: []string{"paging_broken"}, must: map[string]comment{}, may: everything}
		own := map[string]bool{}
		for _, c := range w.of.data.Comments(video) {
			own[c.ID] = true
		}
		for id, c := range everything {
			if !own[id] {
				e.must[id] = c
			}
		}
		w.audit(w.begin(), e)
		w.row.times++
	}
}

// changePages writes and removes comments while they are read. What stood there all the time must be found; of the
// rest, no more than what was there at some time.
func (w *world) changePages(times int) {
	for round := range times {
		before := w.of.comments()
		may := maps.Clone(before)
		id := w.begin()
		for n := range 40 {
			video := w.of.data.VideoIDs()[n%smallVideos]
			all := w.of.data.Comments(video)
			w.of.data.RemoveComment(all[w.random.IntN(len(all))].ID)
			addThread(w.t, w.of.data, video, 1000+round*100+n, time.Date(2026, 2, 1+round, n/60, n%60, 0, 0, time.UTC))
			maps.Copy(may, w.of.comments()) // it may be removed again
			w.row.times += 2
			pause(w.t, 50*time.Millisecond)
		}
		after := w.of.comments()
		e := expectation{statuses: []string{"completed"}, must: after, may: may}
		maps.DeleteFunc(e.must, func(id string, _ comment) bool {
			_, stayed := before[id]
			return !stayed
		})
		w.audit(id, e)
	}
}
