package reddit_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/reddit"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/test/fakeapi"
)

// onFake returns a source over the fake platform with a recorded thread.
func onFake(t *testing.T, group string) (s *reddit.Source, data *fakeapi.Data, post string) {
	t.Helper()
	recorded(t, group) // skips where there are no recordings
	data = fakeapi.NewData()
	post, err := data.LoadRedditThread(fixturesDir(), group)
	require.NoError(t, err)
	server := fakeapi.Run(t, data)
	server.AllowToken(fakeapi.AccessToken{Secret: testToken, Service: fakeapi.Reddit, Account: "reader", Scopes: []string{"read"}})
	return reddit.New(reddit.Options{BaseURL: server.RedditURL()}), data, post
}

// The big fake cuts trees and batches by its own rules.
func TestWholeThreadsOfTheFakePlatform(t *testing.T) {
	t.Parallel()
	for group, comments := range map[string]int{
		"thread_n49rw_full": 1428, "thread_n49rw_recollected_2020": 1419, "thread_6otocc_chain": 32,
	} {
		t.Run(group, func(t *testing.T) {
			t.Parallel()
			s, data, post := onFake(t, group)
			got, err := collect(t.Context(), parsed(t, "https://redd.it/"+post), nil, s)
			require.NoError(t, err)
			assert.Equal(t, comments, got.ofKind(content.CommentPost, content.ReplyPost))
			for _, c := range data.RedditComments(post) {
				assert.Equal(t, c.Text, got.posts["t1_"+c.ID].Text, c.ID)
			}
			t.Logf("%d pages, missing %v", got.pages, got.missing)
		})
	}
}

// onDemo returns a source over the fake platform with its invented content.
func onDemo(t *testing.T) (*reddit.Source, *fakeapi.Data) {
	t.Helper()
	data, err := fakeapi.LoadDemo()
	require.NoError(t, err)
	server := fakeapi.Run(t, data)
	server.AllowToken(fakeapi.AccessToken{Secret: testToken, Service: fakeapi.Reddit, Account: "reader", Scopes: []string{"read"}})
	return reddit.New(reddit.Options{BaseURL: server.RedditURL(), WebURL: server.RedditAuthURL()}), data
}

func TestDemoOfTheFakePlatform(t *testing.T) {
	t.Parallel()
	s, data := onDemo(t)
	for _, address := range []string{
		fakeapi.DemoRedditURL, "https://www.reddit.com/r/" + fakeapi.DemoSubreddit + "/s/" + fakeapi.DemoShareCode,
	} {
		got, err := collect(t.Context(), parsed(t, address), nil, s)
		require.NoError(t, err, address)
		assert.Len(t, got.posts, len(data.RedditComments(fakeapi.DemoSubmissionID))+1, address)
	}
	got, err := collect(t.Context(), parsed(t, "https://www.reddit.com/r/"+fakeapi.DemoSubreddit+"/new"), nil, s)
	require.NoError(t, err)
	assert.NotZero(t, got.ofKind(content.SubmissionPost))
	for _, c := range data.RedditComments(fakeapi.DemoSubmissionID) {
		assert.Contains(t, got.posts, "t1_"+c.ID)
	}
}

func TestClosedSubredditsOfTheFakePlatform(t *testing.T) {
	t.Parallel()
	s, _ := onDemo(t)
	for name, c := range map[string]struct {
		kind  fault.Kind
		code  fault.Code
		words string
	}{
		fakeapi.DemoPrivateSubreddit:     {fault.Forbidden, fault.CodeSourceForbidden, "private"},
		fakeapi.DemoQuarantinedSubreddit: {fault.Forbidden, fault.CodeSourceForbidden, "quarantined"},
		fakeapi.DemoGatedSubreddit:       {fault.Forbidden, fault.CodeSourceForbidden, "warning"},
		fakeapi.DemoBannedSubreddit:      {fault.NotFound, fault.CodeSourceNotFound, "banned"},
		"nosuchsubreddit":                {fault.NotFound, fault.CodeSourceNotFound, "no such subreddit"},
	} {
		_, err := s.Open(t.Context(), withToken(), parsed(t, "https://www.reddit.com/r/"+name))
		assert.Contains(t, requireFault(t, err, c.kind, c.code).Message, c.words, name)
	}
}
