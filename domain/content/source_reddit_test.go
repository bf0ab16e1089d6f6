package content_test

import (
	"testing"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

func ordered(s content.Source, order string) content.Source {
	s.Order = order
	return s
}

func TestParseSourceReddit(t *testing.T) {
	t.Parallel()
	comment := reddit(content.Comment, "k1l2m3", "/comments/1abcd2/_/k1l2m3")
	comment.ParentID = "1abcd2"
	tests := map[string]struct {
		want      content.Source
		addresses []string
	}{
		"post": {reddit(content.Submission, "1abcd2", "/comments/1abcd2"), []string{
			"https://www.reddit.com/r/golang/comments/1abcd2/a_title/?utm_source=share#x",
			"https://www.reddit.com/r/golang/comments/1abcd2/a_title",
			"https://www.reddit.com/r/golang/comments/1abcd2/",
			"https://www.reddit.com/r/golang/comments/1abcd2/%C3%A9t%C3%A9_a%2Fb/",
			"https://www.reddit.com/comments/1abcd2",
			"https://www.reddit.com/comments/1ABCD2/a_title",
			"https://www.reddit.com/comments/1abcd2.json",
			"https://www.reddit.com/comments/1abcd2/.json?limit=5",
			"https://old.reddit.com/r/golang/comments/1abcd2/a_title.rss",
			"https://new.reddit.com/r/golang/comments/1abcd2/a_title/",
			"https://np.reddit.com/r/golang/comments/1abcd2/a_title/",
			"https://sh.reddit.com/r/golang/comments/1abcd2/a_title/",
			"https://m.reddit.com/r/golang/comments/1abcd2/a_title/",
			"https://oauth.reddit.com/comments/1abcd2",
			"http://www.beta.reddit.com/r/reddit.com/comments/1abcd2/a_title/",
			"https://www.redditmedia.com/r/golang/comments/1abcd2/a_title/?embed=true",
			"https://www.reddit.com/user/some-body/comments/1abcd2/a_title/",
			"https://www.reddit.com/u/some-body/comments/1abcd2",
			"https://www.reddit.com/gallery/1abcd2",
			"https://www.reddit.com/tb/1abcd2",
			"https://www.reddit.com/info/1abcd2",
			"http://reddit.com/info/1abcd2/comments",
			"https://redd.it/1abcd2",
			"https://www.redd.it/1abcd2/",
			"redd.it/comments/1abcd2",
		}},
		"comment": {comment, []string{
			"https://www.reddit.com/r/golang/comments/1abcd2/a_title/k1l2m3/?context=3",
			"https://www.reddit.com/r/golang/comments/1abcd2/_/K1L2M3",
			"https://www.reddit.com/r/golang/comments/1abcd2/comment/k1l2m3/",
			"https://old.reddit.com/r/golang/comments/1abcd2/a_title/k1l2m3.json",
			"https://www.reddit.com/comments/1abcd2/_/k1l2m3",
			"https://www.reddit.com/user/somebody/comments/1abcd2/comment/k1l2m3",
		}},
		"subreddit": {reddit(content.Subreddit, "GoLang", "/r/GoLang"), []string{
			"https://www.reddit.com/r/GoLang", "https://www.reddit.com/r/GoLang/", "https://REDDIT.com/R/GoLang",
			"https://www.reddit.com/r/GoLang/best/", "https://www.reddit.com/r/GoLang?f=flair_name%3A%22x%22",
			"https://www.reddit.com/r/GoLang.json", "https://www.reddit.com/r/GoLang/.rss",
			"https://i.reddit.com/r/GoLang", "https://www.reddit.com/r/GoLang?sort=unknown&t=year",
		}},
		"subreddit of all": {reddit(content.Subreddit, "all", "/r/all"), []string{
			"https://www.reddit.com/r/all",
		}},
		"subreddit of old": {reddit(content.Subreddit, "reddit.com", "/r/reddit.com"), []string{
			"https://reddit.com/r/reddit.com/",
		}},
		"profile as subreddit": {reddit(content.Subreddit, "u_some-body", "/r/u_some-body"), []string{
			"https://www.reddit.com/r/u_some-body/",
		}},
		"subreddit new": {ordered(reddit(content.Subreddit, "golang", "/r/golang/new"), "new"), []string{
			"https://www.reddit.com/r/golang/new/?t=year",
			"https://www.reddit.com/r/golang?sort=new",
		}},
		"subreddit hot": {ordered(reddit(content.Subreddit, "golang", "/r/golang/hot"), "hot"), []string{
			"https://www.reddit.com/r/golang/HOT",
		}},
		"subreddit rising": {ordered(reddit(content.Subreddit, "golang", "/r/golang/rising"), "rising"), []string{
			"https://www.reddit.com/r/golang/rising.rss",
		}},
		"subreddit top": {ordered(reddit(content.Subreddit, "golang", "/r/golang/top"), "top"), []string{
			"https://www.reddit.com/r/golang/top",
			"https://www.reddit.com/r/golang/top/?t=bogus",
		}},
		"subreddit top of year": {ordered(reddit(content.Subreddit, "golang", "/r/golang/top?t=year"), "top"), []string{
			"https://www.reddit.com/r/golang/top/?sort=top&t=year&utm_source=x",
		}},
		"subreddit controversial": {ordered(reddit(content.Subreddit, "golang", "/r/golang/controversial?t=all"), "controversial"), []string{
			"https://www.reddit.com/r/golang/controversial/?t=all",
		}},
		"user": {reddit(content.UserName, "some-Body_1", "/user/some-Body_1"), []string{
			"https://www.reddit.com/user/some-Body_1/",
			"https://www.reddit.com/u/some-Body_1",
			"https://www.reddit.com/user/some-Body_1/comments/",
			"https://www.reddit.com/user/some-Body_1/submitted",
			"https://www.reddit.com/user/some-Body_1/.rss",
			"https://www.reddit.com/User/some-Body_1?sort=rising",
		}},
		"user new": {ordered(reddit(content.UserName, "somebody", "/user/somebody?sort=new"), "new"), []string{
			"https://www.reddit.com/u/somebody?sort=new&t=year",
			"https://www.reddit.com/u/somebody/new",
		}},
		"user top of month": {ordered(reddit(content.UserName, "somebody", "/user/somebody?sort=top&t=month"), "top"), []string{
			"https://www.reddit.com/user/somebody/comments/?sort=top&t=month",
		}},
		"share link": {reddit(content.Share, "aB3dE5fG7h", "/r/golang/s/aB3dE5fG7h"), []string{
			"https://www.reddit.com/r/golang/s/aB3dE5fG7h",
			"https://reddit.com/r/golang/s/aB3dE5fG7h/?x=1",
		}},
		"share link of a user": {reddit(content.Share, "aB3dE5fG7h", "/u/somebody/s/aB3dE5fG7h"), []string{
			"https://www.reddit.com/u/somebody/s/aB3dE5fG7h",
		}},
		"behind a gate": {reddit(content.Subreddit, "golang", "/r/golang"), []string{
			"https://www.reddit.com/login/?dest=https%3A%2F%2Fwww.reddit.com%2Fr%2Fgolang",
			"https://www.reddit.com/over18?dest=%2Fr%2Fgolang",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireAll(t, tt.want, tt.addresses)
		})
	}
}

func TestParseSourceRedditRefuses(t *testing.T) {
	t.Parallel()
	requireCode(t, fault.CodeUnsupportedURL, []string{
		"https://www.reddit.com/comments",
		"https://www.reddit.com/comments/_/1abcd2",
		"https://www.reddit.com/comments/12345678901234",
		"https://www.reddit.com/comments/1abcd2/title/not_an_id",
		"https://www.reddit.com/r/golang/comments/1abcd2/title/,,,False",
		"https://www.reddit.com/info/1abcd2/other",
		"https://www.reddit.com/gallery/",
		"https://redd.it/_",
		"https://www.reddit.com/r/", "https://www.reddit.com/r/a", "https://www.reddit.com/r/not-a-name",
		"https://www.reddit.com/r/aNameThatIsMuchTooLong1",
		"https://www.reddit.com/user/", "https://www.reddit.com/user/[deleted]",
		"https://www.reddit.com/user/aNameThatIsTooLong012",
		"https://www.reddit.com/r/golang/s/", "https://www.reddit.com/r/golang/s/no-code!",
		"https://www.reddit.com/login?dest=https%3A%2F%2Fevil.com",
	})
	requireCode(t, fault.CodeUnsupportedKind, []string{
		"https://www.reddit.com", "https://www.reddit.com/", "reddit.com", "https://redd.it/", "https://golang.reddit.com/",
		"https://www.reddit.com/new/", "https://www.reddit.com/top?t=week",
		"https://www.reddit.com/search?q=x", "https://www.reddit.com/live/abcdef",
		"https://www.reddit.com/message/compose?to=x", "https://www.reddit.com/login",
		"https://www.reddit.com/1abcd2/title",
		"https://www.reddit.com/api/morechildren", "https://oauth.reddit.com/api/v1/me.json",
		"https://www.reddit.com/r/golang/comments", "https://www.reddit.com/r/golang/comments/",
		"https://www.reddit.com/r/golang/wiki/index", "https://www.reddit.com/r/golang/about",
		"https://www.reddit.com/r/golang/search?q=x", "https://www.reddit.com/r/golang/1abcd2/title",
		"https://www.reddit.com/r/golang+rust", "https://www.reddit.com/r/golang+rust/new",
		"https://www.reddit.com/user/me", "https://www.reddit.com/user/somebody/saved",
		"https://www.reddit.com/user/somebody/m/feed",
		"https://i.redd.it/abc.png", "https://v.redd.it/abcdef", "https://preview.redd.it/abc.png?width=1",
		"https://external-preview.redd.it/abc", "https://b.thumbs.redditmedia.com/abc.jpg",
	})
}
