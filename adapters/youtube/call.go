package youtube

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/soundings-io/soundings/adapters/internal/outcall"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
)

// userAgent names the program; Google compresses only for agents that say gzip.
const userAgent = "soundings (gzip)"

// request is one call of a list method.
type request struct {
	// method is the API's resource: videos, commentThreads …
	method string
	// params are the method's own parameters.
	params url.Values
	// perPage is maxResults, 0 for none.
	perPage int
	// pageToken is the provider's token of the page, empty for the first.
	pageToken string
}

func (r request) query() string {
	if r.perPage > 0 {
		r.params.Set("maxResults", strconv.Itoa(r.perPage))
	}
	if r.pageToken != "" {
		r.params.Set("pageToken", r.pageToken)
	}
	return r.params.Encode()
}

// get makes the call. Its errors are faults, but for that of an ended context,
// which outcall.Within puts right.
func get[T any](ctx context.Context, s *Source, ec access.ExecutionContext, r request) (list[T], error) {
	req, err := s.newRequest(ctx, ec, r)
	if err != nil {
		return list[T]{}, err
	}
	if err := s.meter.Take(ctx, ec, r.method+".list"); err != nil {
		return list[T]{}, err
	}
	answer, err := s.calls.Do(req)
	if err != nil {
		return list[T]{}, unreachable(err)
	}
	at := circumstances{ec: ec, now: s.now(), answer: answer, paged: r.pageToken != ""}
	if answer.Status != http.StatusOK {
		return list[T]{}, s.told(ctx, ec, at.refused(readError(answer.Body)))
	}
	page, err := decode[T](answer.Body)
	switch {
	case err != nil:
		return list[T]{}, unreadable(err)
	case page.Error != nil:
		return list[T]{}, s.told(ctx, ec, at.refused(*page.Error))
	}
	return page, nil
}

// told passes on to the meter that the quota is used up, so that no worker asks
// again before it comes back.
func (s *Source) told(ctx context.Context, ec access.ExecutionContext, err error) error {
	if f := fault.As(err); f.Kind == fault.QuotaExhausted {
		s.meter.Refused(ctx, ec, f.RetryAt)
	}
	return err
}

// newRequest builds the call; the credentials go into a header.
func (s *Source) newRequest(ctx context.Context, ec access.ExecutionContext, r request) (*http.Request, error) {
	credentials := access.BuildRequestConfig(ec)
	secret := strings.TrimPrefix(credentials.Value(), "Bearer ")
	if secret == "" {
		return nil, fault.New(fault.Unauthenticated, fault.CodeNoCredentials,
			"there is neither a connected YouTube account nor an API key; connect an account, or set YOUTUBE_MASTER_ACCESS_TOKEN")
	}
	if strings.ContainsFunc(secret, unicode.IsControl) {
		return nil, credentialsRejected(ec, "it holds a line break or another control character")
	}
	target := s.base.JoinPath(r.method)
	target.RawQuery = r.query()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		return nil, unreachable(errors.New("the address in YOUTUBE_API_URL cannot be used"))
	}
	req.Header.Set(credentials.Header, credentials.Value())
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", userAgent)
	return req, nil
}

// unreachable is a call that brought no answer, or half of one.
func unreachable(err error) error {
	if errors.Is(err, outcall.ErrTooLarge) {
		return unreadable(err)
	}
	return fault.Wrap(err, fault.Unavailable, fault.CodeProviderUnavailable,
		"YouTube could not be reached, or stopped in the middle of an answer; it is tried again")
}

// unreadable is an answer that is none of the API. It may be a hiccup on the
// way, so it is worth the few attempts that Unavailable gets. The cause has no
// text of the answer in it: that may echo the request.
func unreadable(err error) error {
	cause := errors.New("the body does not fit the method")
	if errors.Is(err, outcall.ErrTooLarge) {
		cause = err
	}
	return fault.Wrap(cause, fault.Unavailable, fault.CodeProviderAnswerInvalid,
		"YouTube gave an answer that cannot be read; if this stays, check YOUTUBE_API_URL and any proxy on the way")
}
