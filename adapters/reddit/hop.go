package reddit

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
)

// hop asks the site for an address and returns where it redirects to, empty if
// it does not. The answer tells nothing of the API's budget.
func (s *Source) hop(ctx context.Context, ec access.ExecutionContext, at *url.URL) (location string, err error) {
	target := s.web.JoinPath(at.EscapedPath())
	target.RawQuery = at.RawQuery
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		return "", unreachable(errors.New("the address of Reddit's site cannot be used"))
	}
	req.Header.Set("User-Agent", s.userAgent)
	if err := s.take(ctx, ec, "share"); err != nil {
		return "", err
	}
	answer, err := s.calls.Do(req)
	if err != nil {
		return "", unreachable(err)
	}
	c := circumstances{ec: ec, now: s.now(), answer: answer}
	switch status := answer.Status; {
	case status >= http.StatusMultipleChoices && status < http.StatusBadRequest:
		return answer.Header.Get("Location"), nil
	case status == http.StatusTooManyRequests:
		return "", c.fault(rateLimited)
	case passing(status):
		return "", c.fault(unavailable)
	case status == http.StatusNotFound || status == http.StatusGone:
		return "", fault.New(fault.NotFound, fault.CodeSourceNotFound,
			"Reddit does not know this share link; copy it again, or open it and paste the address you arrive at")
	}
	return "", noShare()
}
