package portstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// The kit is tried on a correct source of a made-up provider, which it must
// accept, and on sources that break one promise each, which it must not.

const probeSecret = "probe-secret-4711"

// probeProvider hands out one listing in two pages.
func probeProvider(w http.ResponseWriter, r *http.Request) {
	pages := map[string]string{
		"/open": `{"title":"T"}`, "/list": `{"ids":["a","b"],"next":"2"}`, "/list2": `{"ids":["c"]}`,
	}
	body, ok := pages[r.URL.Path]
	if !ok {
		w.WriteHeader(http.StatusConflict)
	}
	_, _ = io.WriteString(w, body)
}

// probe is a correct source; bend changes what it answers.
type probe struct {
	base   string
	client *http.Client
	bend   func(*content.Page, error) error
}

func (*probe) Provider() content.ProviderID { return content.YouTube }

func (p *probe) Open(ctx context.Context, ec access.ExecutionContext, _ content.Source) (content.Page, error) {
	page, err := p.get(ctx, ec, "/open")
	page.Follow = []content.Listing{{Kind: "list", IDs: []string{"x"}}}
	return p.bent(page, err)
}

func (p *probe) Fetch(ctx context.Context, ec access.ExecutionContext, l content.Listing, token string) (content.Page, error) {
	if l.Kind != "list" {
		return content.Page{}, fault.New(fault.Invalid, fault.CodeUnsupportedKind, "no such listing")
	}
	if strings.ContainsRune(token, 0) {
		token = "garbage"
	}
	return p.bent(p.get(ctx, ec, "/list"+token))
}

func (p *probe) bent(page content.Page, err error) (content.Page, error) {
	if p.bend != nil {
		err = p.bend(&page, err)
	}
	return page, err
}

func (p *probe) get(ctx context.Context, ec access.ExecutionContext, path string) (page content.Page, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+path, http.NoBody)
	if err != nil {
		return page, err
	}
	rc := access.BuildRequestConfig(ec)
	req.Header.Set(rc.Header, rc.Value())
	resp, err := p.client.Do(req)
	if err != nil {
		return page, fault.New(fault.Unavailable, fault.CodeProviderUnavailable, "no answer")
	}
	defer resp.Body.Close()
	if err := probeStatus(resp); err != nil {
		return page, err
	}
	var body struct {
		Title, Next string
		IDs         []string
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || !strings.HasPrefix(string(raw), "{") || json.Unmarshal(raw, &body) != nil || body.Title+body.Next == "" && len(body.IDs) == 0 {
		return page, fault.New(fault.Unavailable, fault.CodeProviderAnswerInvalid, "no answer of the provider")
	}
	page.Title, page.Next = body.Title, body.Next
	for _, id := range body.IDs {
		page.Posts = append(page.Posts, content.Post{
			ExternalID: id, RootExternalID: "x", ParentExternalID: "x", Kind: content.CommentPost,
			PublishedAt: time.Unix(1, 0).UTC(), URL: "https://example.org/" + id,
		})
	}
	return page, nil
}

func probeStatus(resp *http.Response) error {
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		limited := fault.New(fault.RateLimited, fault.CodeRateLimited, "slower")
		if at, err := http.ParseTime(resp.Header.Get("Retry-After")); err == nil {
			return limited.At(at)
		}
		return limited.At(time.Now().Add(600 * time.Second))
	case resp.StatusCode == http.StatusConflict:
		return fault.New(fault.Conflict, fault.CodePagingBroken, "token refused")
	case resp.StatusCode != http.StatusOK:
		return fault.New(fault.Unavailable, fault.CodeProviderUnavailable, "status %d", resp.StatusCode)
	}
	return nil
}

func probeHarness(client *http.Client, bend func(*content.Page, error) error) ContentSourceHarness {
	return ContentSourceHarness{
		New: func(baseURL string, timeout time.Duration) ports.ContentSource {
			own := *client
			if own.Timeout == 0 {
				own.Timeout = timeout
			}
			return &probe{base: baseURL, client: &own, bend: bend}
		},
		Provider: http.HandlerFunc(probeProvider),
		Source:   content.Source{Provider: content.YouTube, Kind: content.Video, ExternalID: "x"},
		Context:  access.NewMasterContext("u", content.YouTube, access.NewToken(probeSecret)),
		Secret:   probeSecret,
		Posts:    []string{"a", "b", "c"},
	}
}

func staying() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func TestContentSourceKitAcceptsACorrectSource(t *testing.T) {
	t.Parallel()
	TestContentSource(t, probeHarness(staying(), nil))
}

// brokenSources break one promise each, and name the check that must notice.
var brokenSources = map[string]struct {
	check  string
	client *http.Client
	bend   func(*content.Page, error) error
}{
	"loses the last post": {"walk finds every post", staying(), func(p *content.Page, err error) error {
		p.Posts = p.Posts[:max(0, len(p.Posts)-1)]
		return err
	}},
	"stops after a page": {"walk finds every post", staying(), func(p *content.Page, err error) error {
		p.Next = ""
		return err
	}},
	"gives a post twice": {"walk finds every post", staying(), func(p *content.Page, err error) error {
		p.Posts = append(p.Posts, p.Posts...)
		return err
	}},
	"drops the root": {"posts are well formed", staying(), func(p *content.Page, err error) error {
		for i := range p.Posts {
			p.Posts[i].RootExternalID = ""
		}
		return err
	}},
	"keeps a state": {"pages can be asked for again", staying(), func(p *content.Page, err error) error {
		for i := range p.Posts {
			p.Posts[i].Likes = time.Now().UnixNano()
		}
		return err
	}},
	"swallows outages": {"outages are unavailable", staying(), func(_ *content.Page, err error) error {
		if fault.Is(err, fault.Unavailable) {
			return nil
		}
		return err
	}},
	"forgets Retry-After": {"rate limits carry their end", staying(), func(_ *content.Page, err error) error {
		if f := fault.As(err); f != nil {
			f.RetryAt = time.Time{}
		}
		return err
	}},
	"takes anything for an answer": {"unusable answers", staying(), func(_ *content.Page, err error) error {
		if f := fault.As(err); f != nil && f.Code == fault.CodeProviderAnswerInvalid {
			return nil
		}
		return err
	}},
	"calls hanging internal": {"hanging calls end by themselves", staying(), func(_ *content.Page, err error) error {
		if err != nil {
			return errors.New("deadline")
		}
		return nil
	}},
	"follows redirects": {"redirects are not followed", &http.Client{}, nil},
	"echoes the token": {"secrets stay out of errors", staying(), func(_ *content.Page, err error) error {
		if err != nil {
			return fmt.Errorf("with %s: %w", probeSecret, err)
		}
		return nil
	}},
}

func TestContentSourceKitRefusesBrokenSources(t *testing.T) {
	t.Parallel()
	for name, broken := range brokenSources {
		at := slices.IndexFunc(contentSourceChecks, func(c contentSourceCheck) bool { return c.name == broken.check })
		require.GreaterOrEqual(t, at, 0, broken.check)
		err := contentSourceChecks[at].run(t.Context(), probeHarness(broken.client, broken.bend))
		assert.Error(t, err, "a source that %s passes %q", name, broken.check)
	}
}
