// Package fault says what a caller can do about a failure: every error that
// crosses a port is a *fault.Error or is treated as Internal.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind tells what a caller can do about a failure. It decides between trying
// again, waiting, giving up and asking a person; the Code tells a person why.
type Kind uint8

const (
	// Internal is a defect or an unknown failure: nothing can be promised.
	Internal Kind = iota
	// Invalid means that the request must be changed before it is sent again.
	Invalid
	// Unauthenticated means that no accepted credentials came with the request.
	Unauthenticated
	// Forbidden means that the credentials do not allow this.
	Forbidden
	// NotFound means that the thing does not exist, or not for this caller.
	NotFound
	// Conflict means that the thing is in a state that does not allow this.
	Conflict
	// Gone means that the thing existed and will not come back.
	Gone
	// RateLimited means that the same call works again at RetryAt.
	RateLimited
	// QuotaExhausted means that a budget is used up until RetryAt.
	QuotaExhausted
	// Unavailable means that trying again later may work.
	Unavailable
	// Rejected means that the other side answered, and its answer is final.
	Rejected
)

var kindNames = [...]string{
	"internal", "invalid", "unauthenticated", "forbidden", "not found", "conflict",
	"gone", "rate limited", "quota exhausted", "unavailable", "rejected",
}

// String returns the kind in lower-case words.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "internal"
}

// Code names a failure for clients. The values are fixed by the HTTP contract:
// those of problem documents and those of a task's problems.
type Code string

// Codes of a task's problems.
const (
	CodeSourceNotFound        Code = "source_not_found"
	CodeSourceForbidden       Code = "source_forbidden"
	CodeCommentsDisabled      Code = "comments_disabled"
	CodeNoCredentials         Code = "no_credentials"
	CodeNeedsReconnect        Code = "needs_reconnect"
	CodeCredentialsRejected   Code = "credentials_rejected"
	CodeQuotaExhausted        Code = "quota_exhausted"
	CodeRateLimited           Code = "rate_limited"
	CodeProviderUnavailable   Code = "provider_unavailable"
	CodeProviderAnswerInvalid Code = "provider_answer_invalid"
	CodePagingBroken          Code = "paging_broken"
	CodeSentimentUnavailable  Code = "sentiment_unavailable"
	CodeSpamUnavailable       Code = "spam_unavailable"
	CodeAnalysisRejected      Code = "analysis_rejected"
	CodeExportFailed          Code = "export_failed"
	CodeWorkerLost            Code = "worker_lost"
	CodeInternal              Code = "internal"
)

// Codes of problem documents.
const (
	CodeBadJSON              Code = "bad_json"
	CodeUnknownField         Code = "unknown_field"
	CodeInvalidValue         Code = "invalid_value"
	CodeBadCursor            Code = "bad_cursor"
	CodeUnauthenticated      Code = "unauthenticated"
	CodeForbidden            Code = "forbidden"
	CodeNotFound             Code = "not_found"
	CodeMethodNotAllowed     Code = "method_not_allowed"
	CodeWrongState           Code = "wrong_state"
	CodeNothingToRetry       Code = "nothing_to_retry"
	CodeNotReady             Code = "not_ready"
	CodeIdempotencyInFlight  Code = "idempotency_in_flight"
	CodeExpired              Code = "expired"
	CodeTooLarge             Code = "too_large"
	CodeUnsupportedMediaType Code = "unsupported_media_type"
	CodeUnsupportedURL       Code = "unsupported_url"
	CodeUnsupportedKind      Code = "unsupported_kind"
	CodeIdempotencyMismatch  Code = "idempotency_mismatch"
	CodeTooManyRequests      Code = "too_many_requests"
	CodeUnavailable          Code = "unavailable"
)

var problemCodes = map[Code]bool{
	CodeSourceNotFound: true, CodeSourceForbidden: true, CodeCommentsDisabled: true, CodeNoCredentials: true,
	CodeNeedsReconnect: true, CodeCredentialsRejected: true, CodeQuotaExhausted: true, CodeRateLimited: true,
	CodeProviderUnavailable: true, CodeProviderAnswerInvalid: true, CodePagingBroken: true, CodeSentimentUnavailable: true,
	CodeSpamUnavailable: true, CodeAnalysisRejected: true, CodeExportFailed: true, CodeWorkerLost: true,
}

// ForProblem returns the code if a task's problem may have it, else internal:
// clients know no other.
func (c Code) ForProblem() Code {
	if problemCodes[c] {
		return c
	}
	return CodeInternal
}

// Error is a failure with what a caller can do about it. Message is written
// for a person, says what to do, and never carries a secret or an address
// with one.
type Error struct {
	Kind    Kind
	Code    Code
	Message string
	// Field names the request's field at fault, in the contract's spelling, or is empty.
	Field string
	// RetryAt is when the same call may work again; zero where nobody knows.
	RetryAt time.Time
	// Allowed lists what the thing's state does allow, for Conflict.
	Allowed []string
	// Cause is for logs alone.
	Cause error
}

// New returns a fault with a formatted message. A %w verb sets the cause.
func New(kind Kind, code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Code: code, Message: err.Error(), Cause: errors.Unwrap(err)}
}

// Wrap returns a fault whose message is for people and whose cause is for logs.
func Wrap(cause error, kind Kind, code Code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message, Cause: cause}
}

// Error returns the message and, behind it, the cause's text if that is not in it already.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// At sets when the call may be tried again and returns e.
func (e *Error) At(t time.Time) *Error { e.RetryAt = t; return e }

// In names the field at fault and returns e.
func (e *Error) In(field string) *Error { e.Field = field; return e }

// As returns err as a fault; anything unknown becomes Internal with err as
// its cause, so that no driver's words reach a client. It returns nil for nil.
func As(err error) *Error {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Error](err); ok {
		return f
	}
	return Wrap(err, Internal, CodeInternal, "something went wrong inside Soundings")
}

// KindOf returns the kind of err; Internal for what is no fault.
func KindOf(err error) Kind { return As(err).Kind }

// Is tells whether err is a fault of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }
