package reddit

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/soundings-io/soundings/adapters/internal/outcall"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
)

// request is one call of the API.
type request struct {
	// method names the call for the budget: comments, morechildren, listing.
	method string
	// path holds the segments of the address, not yet escaped.
	path []string
	// query goes into the address; raw_json is added, without which texts come
	// with &amp; for &.
	query url.Values
	// form, where there is one, makes the call a POST.
	form url.Values
}

// call makes the call and returns the body of a success. Its errors are
// faults, but for that of an ended context, which outcall.Within puts right.
func (s *Source) call(ctx context.Context, ec access.ExecutionContext, r request) (circumstances, error) {
	req, err := s.newRequest(ctx, ec, r)
	if err != nil {
		return circumstances{}, err
	}
	if err := s.take(ctx, ec, r.method); err != nil {
		return circumstances{}, err
	}
	answer, err := s.calls.Do(req)
	if err != nil {
		return circumstances{}, unreachable(err)
	}
	at := circumstances{ec: ec, now: s.now(), answer: answer}
	s.heard(ctx, at)
	if answer.Status != http.StatusOK {
		return circumstances{}, at.refused(readRefusal(answer.Body))
	}
	return at, nil
}

// newRequest builds the call; the credentials go into a header.
func (s *Source) newRequest(ctx context.Context, ec access.ExecutionContext, r request) (*http.Request, error) {
	credentials := access.BuildRequestConfig(ec)
	secret := strings.TrimPrefix(credentials.Value(), "Bearer ")
	if secret == "" {
		return nil, fault.New(fault.Unauthenticated, fault.CodeNoCredentials,
			"there is neither a connected Reddit account nor an application's token; connect an account, or set REDDIT_CLIENT_ID and REDDIT_CLIENT_SECRET")
	}
	if strings.ContainsFunc(secret, unicode.IsControl) {
		return nil, credentialsRejected(ec, "it holds a line break or another control character")
	}
	method, body := http.MethodGet, ""
	if r.form != nil {
		method, body = http.MethodPost, r.form.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address(s.base, r), strings.NewReader(body))
	if err != nil {
		return nil, unreachable(errors.New("the address in REDDIT_API_URL cannot be used"))
	}
	if r.form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set(credentials.Header, credentials.Value())
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", s.userAgent)
	return req, nil
}

func address(base *url.URL, r request) string {
	segments := make([]string, len(r.path))
	for i, segment := range r.path {
		segments[i] = url.PathEscape(segment)
	}
	target := base.JoinPath(segments...)
	query := url.Values{"raw_json": {"1"}}
	for name, values := range r.query {
		query[name] = values
	}
	target.RawQuery = query.Encode()
	return target.String()
}

// unreachable is a call that brought no answer, or half of one.
func unreachable(err error) error {
	if errors.Is(err, outcall.ErrTooLarge) {
		return unreadable(err)
	}
	return fault.Wrap(err, fault.Unavailable, fault.CodeProviderUnavailable,
		"Reddit could not be reached, or stopped in the middle of an answer; it is tried again")
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
		"Reddit gave an answer that cannot be read; if this stays, check REDDIT_API_URL, REDDIT_USER_AGENT and any proxy on the way")
}
