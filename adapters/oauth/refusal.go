package oauth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/soundings-io/soundings/adapters/internal/outcall"
	"github.com/soundings-io/soundings/domain/fault"
)

// verdict is what a refusal means.
type verdict uint8

const (
	unknown verdict = iota
	// final is about this code or token, which nobody will take again.
	final
	// client is about the deployment's OAuth client.
	client
	limited
	passing
)

// verdicts are the errors of RFC 6749 §5.2, RFC 7009 §2.2.1 and those that
// Google and Reddit made up. What is not here is not final.
var verdicts = map[string]verdict{
	"invalid_grant":           final,
	"invalid_token":           final,
	"access_denied":           final,
	"admin_policy_enforced":   final, // a Google Workspace does not allow the scope
	"invalid_client":          client,
	"unauthorized_client":     client,
	"deleted_client":          client,
	"disabled_client":         client,
	"org_internal":            client,
	"redirect_uri_mismatch":   client,
	"unsupported_grant_type":  client,
	"invalid_scope":           client,
	"rate_limit_exceeded":     limited,
	"slow_down":               limited,
	"temporarily_unavailable": passing,
	"server_error":            passing,
	"internal_failure":        passing,
	"backend_error":           passing,
}

// refused returns why an answer of a token endpoint is a refusal, nil if it is
// none. A status that passes outweighs the body; then the word decides, with
// whatever status it comes: Reddit refuses a code with 200.
func (a *authority) refused(answer outcall.Answer) error {
	if v := byStatus(answer.Status); v != unknown {
		return a.fault(v, answer, "")
	}
	reply := readReply(answer.Body)
	word := strings.ToLower(reply.text("error"))
	if v := verdicts[word]; v != unknown {
		return a.fault(v, answer, word)
	}
	if status := int(reply.number("error")); a.numbers && status != 0 {
		return a.fault(byNumber(status), answer, fmt.Sprintf("error %d", status))
	}
	if answer.Status/100 == 2 && !reply.has("error") {
		return nil
	}
	return a.unreadable(answer)
}

// byStatus judges the statuses after which the same call may succeed.
func byStatus(status int) verdict {
	switch {
	case status == http.StatusTooManyRequests:
		return limited
	case status == http.StatusRequestTimeout || status >= http.StatusInternalServerError:
		return passing
	}
	return unknown
}

// byNumber judges a status that stands in the JSON. 400 is a refresh token that
// is dead; application guards against a request of ours that is wrong.
func byNumber(status int) verdict {
	switch status {
	case http.StatusBadRequest:
		return final
	case http.StatusUnauthorized, http.StatusForbidden:
		return client
	}
	return byStatus(status)
}

// fault turns a verdict into an error. Of the answer it repeats the status, and
// a word only if that is one of verdicts: an answer may echo the request.
func (a *authority) fault(v verdict, answer outcall.Answer, word string) error {
	cause := errors.New(strings.TrimSpace(fmt.Sprintf("HTTP %d %s", answer.Status, word)))
	switch v {
	case final:
		return a.final(cause)
	case client:
		return a.rejected(cause)
	case limited:
		return fault.Wrap(cause, fault.RateLimited, fault.CodeRateLimited,
			a.name+" asks to wait; the call is made again").At(a.retryAt(answer.Header))
	case passing:
		return fault.Wrap(cause, fault.Unavailable, fault.CodeProviderUnavailable,
			a.name+" has trouble answering; it is tried again").At(outcall.RetryAt(answer.Header, a.now()))
	}
	return a.unreadable(answer)
}

// final is a refusal that only the user can change.
func (a *authority) final(cause error) error {
	return fault.Wrap(cause, fault.Unauthenticated, fault.CodeNeedsReconnect,
		a.name+" does not take what the user granted, or does not any more; connect the account again")
}

// rejected is a refusal that only the operator can change.
func (a *authority) rejected(cause error) error {
	return fault.Wrap(cause, fault.Rejected, fault.CodeCredentialsRejected, fmt.Sprintf(
		"%s does not take this deployment's OAuth client; the operator checks %s_CLIENT_ID, %[2]s_CLIENT_SECRET and the redirect address that the client is registered with",
		a.name, a.settings))
}

// unreadable is an answer that the provider would not give: it may come from
// something before it, so it is never final.
func (a *authority) unreadable(answer outcall.Answer) error {
	return fault.Wrap(fmt.Errorf("HTTP %d with a body of %d bytes that fits no answer", answer.Status, len(answer.Body)),
		fault.Unavailable, fault.CodeProviderAnswerInvalid,
		a.name+" gave an answer that cannot be read; if this stays, check the addresses that are set and any proxy on the way")
}

const (
	// usualWait is for a limit that tells no end.
	usualWait = time.Minute
	// longestWait bounds what a provider asks to wait for.
	longestWait = 24 * time.Hour
)

// retryAt reads Retry-After and Reddit's X-Ratelimit-Reset, which is seconds.
func (a *authority) retryAt(h http.Header) time.Time {
	now := a.now()
	if at := outcall.RetryAt(h, now); at.After(now) {
		return earlier(at, now.Add(longestWait))
	}
	if at := (reply{"reset": []byte(h.Get("X-Ratelimit-Reset"))}).after(now, "reset"); at.After(now) {
		return earlier(at, now.Add(longestWait))
	}
	return now.Add(usualWait)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// unreachable is a call that brought no answer, or half of one.
func (a *authority) unreachable(err error) error {
	return fault.Wrap(quiet(err), fault.Unavailable, fault.CodeProviderUnavailable,
		a.name+" could not be reached, or stopped in the middle of an answer; it is tried again")
}

// quiet returns the error without words of the other side's: net/http repeats
// what it could not read, and that may echo the request.
func quiet(err error) error {
	call, ok := errors.AsType[*outcall.Error](err)
	if !ok {
		return errors.New("the call failed")
	}
	_, network := errors.AsType[net.Error](call.Err)
	_, certificate := errors.AsType[*tls.CertificateVerificationError](call.Err)
	broken := errors.Is(call.Err, io.EOF) || errors.Is(call.Err, io.ErrUnexpectedEOF) ||
		errors.Is(call.Err, outcall.ErrTooLarge) || errors.Is(call.Err, context.DeadlineExceeded)
	if network || certificate || broken {
		return call
	}
	return &outcall.Error{Method: call.Method, Host: call.Host, Path: call.Path, Err: errors.New("what came is no answer of HTTP")}
}
