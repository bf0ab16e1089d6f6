package application_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/test/fakeapi"
)

const (
	watch = "https://www.youtube.com/watch?v="
	// battery has two pages of comments, and replies to fetch.
	battery = watch + "BatteryFire"
)

// discussed are the demo's videos that hold comments.
var discussed = []string{"SolarBoat01", "BatteryFire", "HardReplies", "WakeIn60sec"}

func TestFetchesAllThatIsShownAndJudgesIt(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		address string
		videos  []string
		status  task.Status
	}{
		"video":  {battery, discussed[1:2], task.Completed},
		"short":  {"https://youtube.com/shorts/WakeIn60sec?feature=share", discussed[3:], task.Completed},
		"handle": {"https://www.youtube.com/@TidelineWorkshop", discussed, task.CompletedPartial},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newRig(t).start()
			ended := p.ended(p.collect(tc.address))
			assert.Equal(t, tc.status, ended.Status, codes(ended))
			assert.Equal(t, p.onYouTube(tc.videos...), p.comments(ended.ID))
			p.requireCountersAreRows(ended)
			for _, post := range p.posts(ended.ID) {
				if post.Kind != content.VideoPost {
					require.NotNil(t, post.Spam, "%s is unjudged", post.ExternalID)
					require.Equal(t, post.Spam.Verdict == analysis.OK && post.Scorable(), post.Sentiment != nil, post.ExternalID)
				}
			}
		})
	}
}

func TestTheCapIsMetExactly(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		address   string
		cap, want int
	}{
		"in the first page":          {battery, 7, 7},
		"between pages":              {battery, 133, 133},
		"shared by several listings": {"https://www.youtube.com/@TidelineWorkshop", 500, 500},
		"more than there is":         {watch + "WakeIn60sec", 999, 43},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newRig(t).start()
			ended := p.ended(p.collect(tc.address, func(o *task.Options) { o.MaxPosts = int64(tc.cap) }))
			assert.Len(t, p.comments(ended.ID), tc.want)
			_, capped := ended.Missing[content.Capped]
			assert.Equal(t, tc.want == tc.cap, capped, "the summary tells of the cap")
			p.requireCountersAreRows(ended)
		})
	}
}

func TestNoRepliesMeansNoCallForThem(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	ended := p.ended(p.collect(battery, func(o *task.Options) { o.IncludeReplies = false }))
	assert.Equal(t, task.Completed, ended.Status)
	want := map[string]string{}
	for _, c := range p.data.Comments("BatteryFire") {
		if c.ParentID == "" {
			want[c.ID] = c.Text
		}
	}
	assert.Equal(t, want, p.comments(ended.ID))
	assert.Empty(t, p.fake.CallsTo(fakeapi.YouTube, "comments"))
}

func TestSinceIsJudgedPostByPost(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	since := time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)
	ended := p.ended(p.collect(battery, func(o *task.Options) { o.Since = since }))
	want := map[string]string{}
	for _, c := range p.data.Comments("BatteryFire") {
		if !c.PublishedAt.Before(since) {
			want[c.ID] = c.Text
		}
	}
	require.NotEmpty(t, want)
	assert.Equal(t, task.Completed, ended.Status)
	assert.Equal(t, want, p.comments(ended.ID))
	assert.Contains(t, ended.Missing, content.BeforeSince)
}

func TestBrokenPagingEndsTheWalkAndKeepsWhatCame(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		rule     fakeapi.Rule
		status   task.Status
		complete bool
	}{
		"refused once: walked anew":  {fakeapi.Rule{Path: "commentThreads", Skip: 1, Times: 1, Effect: fakeapi.RefusePageToken}, task.Completed, true},
		"refused always":             {fakeapi.Rule{Path: "commentThreads", Effect: fakeapi.RefusePageToken}, task.CompletedPartial, false},
		"a page that names itself":   {fakeapi.Rule{Path: "commentThreads", Effect: fakeapi.LoopPageToken}, task.CompletedPartial, false},
		"the token is not looked at": {fakeapi.Rule{Path: "commentThreads", Effect: fakeapi.IgnorePageToken}, task.CompletedPartial, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newRig(t).start()
			tc.rule.Service = fakeapi.YouTube
			p.fake.Inject(tc.rule)
			ended := p.ended(p.collect(battery))
			assert.Equal(t, tc.status, ended.Status)
			if tc.complete {
				assert.Empty(t, ended.Problems)
				assert.Equal(t, p.onYouTube("BatteryFire"), p.comments(ended.ID))
			} else {
				assert.Equal(t, []string{string(fault.CodePagingBroken)}, codes(ended))
				assert.GreaterOrEqual(t, len(p.comments(ended.ID)), 100, "the first page stays")
			}
			assert.Less(t, len(p.fake.CallsTo(fakeapi.YouTube, "commentThreads")), 50)
			p.requireCountersAreRows(ended)
		})
	}
}

func TestRefusalsOfTheProviderEndAsTheyShould(t *testing.T) {
	t.Parallel()
	always := func(path string, rule fakeapi.Rule) fakeapi.Rule {
		rule.Service, rule.Path = fakeapi.YouTube, path
		return rule
	}
	for name, tc := range map[string]struct {
		address string
		rule    fakeapi.Rule
		status  task.Status
		code    fault.Code
	}{
		"comments disabled": {watch + "NoComments0", fakeapi.Rule{}, task.CompletedPartial, fault.CodeCommentsDisabled},
		"gone":              {watch + "RemovedCut0", fakeapi.Rule{}, task.Failed, fault.CodeSourceNotFound},
		"private":           {watch + "PrivateCut0", fakeapi.Rule{}, task.Failed, fault.CodeSourceForbidden},
		"bad key":           {battery, always("", fakeapi.Rule{Effect: fakeapi.Error, Reason: "API_KEY_INVALID"}), task.Failed, fault.CodeCredentialsRejected},
		"always down":       {battery, always("videos", fakeapi.Rule{Effect: fakeapi.Error, Status: http.StatusBadGateway}), task.Failed, fault.CodeProviderUnavailable},
		"down after a page": {battery, always("commentThreads", fakeapi.Rule{Skip: 1, Effect: fakeapi.Drop}), task.CompletedPartial, fault.CodeProviderUnavailable},
		"garbage":           {battery, always("commentThreads", fakeapi.Rule{Effect: fakeapi.Garbage}), task.CompletedPartial, fault.CodeProviderAnswerInvalid},
		"half of the JSON":  {battery, always("commentThreads", fakeapi.Rule{Effect: fakeapi.Truncate}), task.CompletedPartial, fault.CodeProviderAnswerInvalid},
		"another provider":  {"https://www.reddit.com/r/golang/comments/abc123/title/", fakeapi.Rule{}, task.Failed, fault.CodeProviderUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newRig(t).start()
			if tc.rule.Effect != "" {
				p.fake.Inject(tc.rule)
			}
			ended := p.ended(p.collect(tc.address))
			assert.Equal(t, tc.status, ended.Status)
			assert.Equal(t, []string{string(tc.code)}, codes(ended))
			assert.NotContains(t, ended.Problems[0].Message, fakeapi.DemoKey)
			p.requireCountersAreRows(ended)
		})
	}
}

func TestAHiccupIsForgotten(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	for _, effect := range []fakeapi.Effect{fakeapi.Garbage, fakeapi.Cut, fakeapi.Truncate, fakeapi.Drop} {
		p.fake.Inject(fakeapi.Rule{Service: fakeapi.YouTube, Path: "commentThreads", Skip: 1, Times: 1, Effect: effect})
	}
	ended := p.ended(p.collect(battery))
	assert.Equal(t, task.Completed, ended.Status, codes(ended))
	assert.Equal(t, p.onYouTube("BatteryFire"), p.comments(ended.ID))
	p.requireCountersAreRows(ended)
}

func TestAUsedUpQuotaParksUntilItComesBack(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	p.fake.Inject(fakeapi.Rule{Service: fakeapi.YouTube, Path: "commentThreads", Skip: 1, Effect: fakeapi.Error, Reason: "quotaExceeded"})
	id := p.collect(battery)
	waiting := p.when(id, "waits", func(s task.State) bool { return s.Status == task.Waiting })
	assert.True(t, waiting.RetryAt.After(time.Now()))
	assert.NotEmpty(t, p.comments(id), "what was fetched before stays")
	for _, sub := range p.subtasks(id) {
		assert.Zero(t, sub.Attempt, "a park spends no attempt")
	}
}

func TestNoCredentialsFailWithWhatToDo(t *testing.T) {
	t.Parallel()
	p := newRig(t).start(func(p *parts) { p.masters = nil })
	ended := p.ended(p.collect(battery))
	assert.Equal(t, task.Failed, ended.Status)
	assert.Equal(t, []string{string(fault.CodeNoCredentials)}, codes(ended))
	assert.Contains(t, ended.Problems[0].Message, "YOUTUBE_MASTER_ACCESS_TOKEN")
	assert.True(t, ended.Problems[0].Retryable)
	assert.Empty(t, p.fake.Calls())
}

func TestTheUsersOwnTokenAloneIsRefusedWhereThereIsNone(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	ended := p.ended(p.collect(battery, func(o *task.Options) { o.Auth = task.AuthUser }))
	assert.Equal(t, []string{string(fault.CodeNoCredentials)}, codes(ended))
	assert.Empty(t, p.fake.Calls())
}

func TestTextsAreCleanedBeforeTheyAreStored(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	require.NoError(t, p.data.AddComment(fakeapi.Comment{
		ID: "UgyNulByteInIt", VideoID: "WakeIn60sec", Author: "a\x00b", Text: "before\x00after", PublishedAt: time.Now(),
	}))
	ended := p.ended(p.collect(watch + "WakeIn60sec"))
	require.Equal(t, task.Completed, ended.Status, codes(ended))
	assert.Equal(t, "beforeafter", p.comments(ended.ID)["UgyNulByteInIt"])
}

func TestSeveralAddressesAreOneTask(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	made, err := p.tasks.Create(t.Context(), p.by, application.NewTask{
		URLs: []string{watch + "WakeIn60sec", watch + "HardReplies"}, Options: task.Options{IncludeReplies: true},
	})
	require.NoError(t, err)
	ended := p.ended(made.ID)
	assert.Equal(t, task.Completed, ended.Status, codes(ended))
	assert.Equal(t, p.onYouTube("WakeIn60sec", "HardReplies"), p.comments(ended.ID))
}
