package youtube

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/soundings-io/soundings/adapters/internal/outcall"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
)

// errorDetails is what stands under "error" in an answer.
type errorDetails struct {
	Code    count  `json:"code"`
	Message string `json:"message"`
	Errors  []struct {
		Reason string `json:"reason"`
	} `json:"errors"`
	Details []struct {
		Reason string `json:"reason"`
	} `json:"details"`
	// envelope tells that there was one: pages of proxies have none.
	envelope bool
}

// UnmarshalJSONFrom reads the API's object, or the bare word that Google's
// OAuth servers put there. What fits neither is an error without a reason.
func (e *errorDetails) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	type plain errorDetails
	var word string
	switch value.Kind() {
	case '{':
		if json.Unmarshal(value, (*plain)(e), d.Options()) != nil {
			*e = errorDetails{}
		}
		e.envelope = true
	case '"':
		if json.Unmarshal(value, &word, d.Options()) == nil {
			e.Errors = append(e.Errors, struct {
				Reason string `json:"reason"`
			}{word})
		}
		e.envelope = true
	}
	return nil
}

// readError reads the body of an answer that is no success; one that cannot be
// read is the zero value, and the status decides.
func readError(body []byte) errorDetails {
	page, err := decode[struct{}](body)
	if err != nil || page.Error == nil {
		return errorDetails{}
	}
	return *page.Error
}

// reason is errors[0].reason, the word that decides; empty where there is none.
func (e errorDetails) reason() string {
	if len(e.Errors) == 0 {
		return ""
	}
	return e.Errors[0].Reason
}

// circumstances are what an error is judged by beside its reason.
type circumstances struct {
	ec     access.ExecutionContext
	now    time.Time
	answer outcall.Answer
	// paged tells that the call carried a page token.
	paged bool
}

// refused returns the fault for an error of the API. The reason decides, then
// what newer answers tell in details and message, and the status only last:
// 403 alone means five things.
func (c circumstances) refused(e errorDetails) error {
	v, known := e.verdict()
	switch {
	case !known:
		return c.byStatus(e)
	case v.kind == fault.RateLimited && strings.Contains(e.Message, "per day"):
		v = quota // newer answers say rateLimitExceeded of the day's limit, too
	}
	return c.fault(v)
}

func (e errorDetails) verdict() (v verdict, known bool) {
	if v, known = reasons[e.reason()]; known {
		return v, true
	}
	for _, detail := range e.Details {
		if v, known = reasons[detail.Reason]; known {
			return v, true
		}
	}
	for _, phrase := range phrases {
		if strings.Contains(e.Message, phrase.text) {
			return phrase.verdict, true
		}
	}
	return verdict{}, false
}

func (c circumstances) byStatus(e errorDetails) error {
	status := c.answer.Status
	if status == http.StatusOK {
		status = int(e.Code)
	}
	switch {
	case status == http.StatusUnauthorized:
		return c.fault(badToken)
	case status == http.StatusTooManyRequests:
		return c.fault(rateLimited)
	case status == http.StatusRequestTimeout || status >= http.StatusInternalServerError:
		return c.fault(unavailable)
	case !e.envelope || status < http.StatusBadRequest:
		return unreadable(nil)
	case status == http.StatusForbidden:
		return c.fault(private)
	case status == http.StatusNotFound:
		return c.fault(gone)
	}
	return fault.New(fault.Rejected, fault.CodeProviderAnswerInvalid,
		"YouTube refused the request with %d (%s); this should not happen, please report it", status, printable(e.reason()))
}

// fault turns a verdict into the error for these circumstances.
func (c circumstances) fault(v verdict) error {
	switch v.kind {
	case fault.Unauthenticated:
		if v.operator {
			return c.operators(v.words)
		}
		return credentialsRejected(c.ec, v.words)
	case fault.QuotaExhausted:
		return fault.New(v.kind, v.code, "%s", v.words).At(DayEnd(c.now))
	case fault.RateLimited, fault.Unavailable:
		return fault.New(v.kind, v.code, "%s", v.words).At(outcall.RetryAt(c.answer.Header, c.now))
	case fault.Conflict:
		if !c.paged {
			v.kind = fault.Rejected // nothing to begin anew: this was the beginning
		}
	case fault.Forbidden:
		if v.code == fault.CodeNeedsReconnect && c.ec.TokenSource() != access.UserOAuth {
			v.code = fault.CodeCredentialsRejected
			v.words = "the deployment's YouTube token lacks the scope youtube.force-ssl, without which comments cannot be read; the operator sets YOUTUBE_MASTER_ACCESS_TOKEN to an API key or to a token with that scope"
		}
	}
	return fault.New(v.kind, v.code, "%s", v.words)
}

// operators is a refusal of the Google Cloud project. With a user's token it is
// Forbidden, because another token of the project's users would not help, and
// the account is in order.
func (c circumstances) operators(why string) error {
	f := operatorsCredentials(why)
	if c.ec.TokenSource() == access.UserOAuth {
		f.Kind = fault.Forbidden
	}
	return f
}

// credentialsRejected is a token or key that YouTube does not take, in words
// for whoever can do something about it.
func credentialsRejected(ec access.ExecutionContext, why string) *fault.Error {
	if ec.TokenSource() != access.UserOAuth {
		return operatorsCredentials(why)
	}
	return fault.New(fault.Unauthenticated, fault.CodeCredentialsRejected,
		"YouTube refused the connected account's token: %s; connect the YouTube account again", why)
}

func operatorsCredentials(why string) *fault.Error {
	return fault.New(fault.Unauthenticated, fault.CodeCredentialsRejected,
		"YouTube refused the deployment's credentials: %s; the operator checks YOUTUBE_MASTER_ACCESS_TOKEN and its Google Cloud project", why)
}

// word is what reasons look like; keys and tokens have digits in them, so an
// answer that echoes one is not repeated.
var word = regexp.MustCompile(`^[A-Za-z_]{1,60}$`)

func printable(reason string) string {
	if word.MatchString(reason) {
		return reason
	}
	return "no reason given"
}
