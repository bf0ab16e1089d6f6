package reddit

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/soundings-io/soundings/adapters/internal/outcall"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
)

// refusal is what the body of an answer that is no success tells: one of
// {"message","error":403}, {"reason":"private",…} and pages for people.
type refusal struct {
	Reason word      `json:"reason"`
	Error  errorCode `json:"error"`
	// Message is not read, for it may echo the request; that it is there tells
	// the API's answers from those of whatever stands before it.
	Message *word `json:"message"`
}

// readRefusal reads a body; one that cannot be read is the zero value, and the
// status decides.
func readRefusal(body []byte) refusal {
	r, err := decode[refusal](body)
	if err != nil {
		return refusal{}
	}
	return r
}

func (r refusal) known() bool { return r.Reason != "" || r.Error != 0 || r.Message != nil }

// circumstances are what an answer is judged by beside its body.
type circumstances struct {
	ec     access.ExecutionContext
	now    time.Time
	answer outcall.Answer
}

// refused returns the fault for an answer that is no success. The reason
// decides, then the headers, and the status only last: 403 means five things.
func (c circumstances) refused(r refusal) error {
	status := c.answer.Status
	if status == http.StatusOK {
		status = int(r.Error)
	}
	if status >= http.StatusMultipleChoices && status < http.StatusBadRequest {
		return c.redirected()
	}
	// A reason never outweighs that the call should be made again.
	if v, known := reasons[strings.ToLower(string(r.Reason))]; known && !passing(status) {
		return c.fault(v)
	}
	return c.byStatus(status, r)
}

// passing tells of statuses after which the same call may succeed. 520 and 522
// come from the servers in front of Reddit.
func passing(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusRequestTimeout ||
		status >= http.StatusInternalServerError
}

func (c circumstances) byStatus(status int, r refusal) error {
	switch {
	case status == http.StatusTooManyRequests:
		return c.fault(rateLimited)
	case passing(status):
		return c.fault(unavailable)
	case status == http.StatusUnauthorized:
		return c.fault(badToken)
	case status == http.StatusForbidden && lacksScope(c.answer.Header):
		return c.fault(scope)
	case status == http.StatusNotFound || status == http.StatusGone:
		return c.fault(gone)
	case status == http.StatusUnavailableForLegalReasons:
		return c.fault(withheld)
	case !r.known() || status < http.StatusBadRequest:
		return unreadable(nil)
	case status == http.StatusForbidden:
		return c.fault(closed)
	}
	return fault.New(fault.Rejected, fault.CodeProviderAnswerInvalid,
		"Reddit refused the request with %d; this should not happen, please report it", status)
}

// lacksScope reads the challenge of RFC 6750 §3.
func lacksScope(h http.Header) bool {
	for _, challenge := range h.Values("Www-Authenticate") {
		if strings.Contains(strings.ToLower(challenge), "insufficient_scope") {
			return true
		}
	}
	return false
}

// redirected judges a redirect by where it leads: none is followed.
func (c circumstances) redirected() error {
	target, err := url.Parse(c.answer.Header.Get("Location"))
	if err != nil {
		return unreadable(nil)
	}
	switch path.Base(target.Path) {
	case "search": // /subreddits/search?q=NAME
		return c.fault(noSubreddit)
	case "quarantine":
		return c.fault(quarantined)
	case "over18", "login":
		return c.fault(membersOnly)
	}
	return unreadable(nil)
}

// fault turns a verdict into the error for these circumstances.
func (c circumstances) fault(v verdict) error {
	switch v.kind {
	case fault.Unauthenticated:
		return credentialsRejected(c.ec, v.words)
	case fault.RateLimited, fault.Unavailable:
		return fault.New(v.kind, v.code, "%s", v.words).At(c.retryAfter(v.kind))
	case fault.Forbidden:
		if v.code == fault.CodeNeedsReconnect && c.ec.TokenSource() != access.UserOAuth {
			v.code = fault.CodeCredentialsRejected
			v.words = "the deployment's Reddit application may not read comments; the operator checks REDDIT_CLIENT_ID and its approval by Reddit"
		}
	}
	return fault.New(v.kind, v.code, "%s", v.words)
}

// retryAfter is when to try again. Of an outage the budget's window says nothing.
func (c circumstances) retryAfter(kind fault.Kind) time.Time {
	if kind == fault.RateLimited {
		return c.retryAt()
	}
	return outcall.RetryAt(c.answer.Header, c.now)
}

// failed judges the errors that morechildren gives with a 200: lists of a
// name, words for people and a field.
func (c circumstances) failed(errors [][]word, wait number) error {
	var name word
	if len(errors) > 0 && len(errors[0]) > 0 {
		name = errors[0][0]
	}
	v, known := reasons[strings.ToLower(string(name))]
	switch {
	case !known:
		return fault.New(fault.Rejected, fault.CodeProviderAnswerInvalid,
			"Reddit refused to hand out more comments; this should not happen, please report it")
	case v.kind == fault.RateLimited && wait > 0:
		return fault.New(v.kind, v.code, "%s", v.words).At(c.now.Add(time.Duration(min(wait, maxWait)) * time.Second))
	}
	return c.fault(v)
}

// maxWait bounds what Reddit asks to wait for, in seconds: a day.
const maxWait = 24 * 60 * 60

// credentialsRejected is a token that Reddit does not take, in words for
// whoever can do something about it.
func credentialsRejected(ec access.ExecutionContext, why string) *fault.Error {
	if ec.TokenSource() != access.UserOAuth {
		return fault.New(fault.Unauthenticated, fault.CodeCredentialsRejected,
			"Reddit refused the deployment's credentials: %s; the operator checks REDDIT_CLIENT_ID and REDDIT_CLIENT_SECRET", why)
	}
	return fault.New(fault.Unauthenticated, fault.CodeCredentialsRejected,
		"Reddit refused the connected account's token: %s; connect the Reddit account again", why)
}
