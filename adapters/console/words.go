package console

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

// The plain words for what the domain names by codes.

var statusWords = map[task.Status]string{
	task.Pending: "waits for its turn", task.Running: "running", task.Waiting: "waiting", task.Paused: "paused",
	task.Completed: "completed", task.CompletedPartial: "completed, with gaps", task.Failed: "failed", task.Cancelled: "cancelled",
}

var labelWords = map[analysis.Label]string{
	analysis.Positive: "positive", analysis.Neutral: "neutral", analysis.Negative: "negative", "": "not scored",
}

var kindWords = map[content.PostKind]string{
	content.VideoPost: "video", content.SubmissionPost: "submission", content.CommentPost: "comment", content.ReplyPost: "reply",
}

var providerWords = map[content.ProviderID]string{content.YouTube: "YouTube", content.Reddit: "Reddit"}

// missingWords say why posts are missing; %s is how many.
var missingWords = map[content.Cause]string{
	content.HiddenByPlatform: "%s the platform counts but shows nobody: held for review, or by hidden accounts.",
	content.Removed:          "%s were removed by moderators or the platform.",
	content.DeletedByAuthor:  "%s were deleted by those who wrote them.",
	content.CommentsDisabled: "Comments are turned off here, so that there are none to read.",
	content.Capped:           "%s were left out because you asked for no more.",
	content.BeforeSince:      "%s are older than you asked for.",
	content.ListingLimit:     "%s lie beyond what the platform lists at all.",
	content.FetchFailed:      "%s could not be fetched; the problems tell why.",
}

func missingInWords(m analysis.Missing) string {
	n := "Nobody knows how many"
	if m.Count != nil {
		n = grouped(*m.Count)
	}
	format, known := missingWords[m.Cause]
	switch {
	case !known:
		return fmt.Sprintf("%s are missing (%s).", n, m.Cause)
	case !strings.Contains(format, "%s"):
		return format
	}
	return fmt.Sprintf(format, n)
}

// problemWords say what a problem is about, before its own message.
var problemWords = map[fault.Code]string{
	fault.CodeSourceNotFound: "Not found", fault.CodeSourceForbidden: "Private", fault.CodeCommentsDisabled: "Comments are off",
	fault.CodeNoCredentials: "No account to fetch with", fault.CodeNeedsReconnect: "An account must be connected again",
	fault.CodeCredentialsRejected: "The platform refused the key", fault.CodeQuotaExhausted: "The daily quota is used up",
	fault.CodeRateLimited: "Too many requests to the platform", fault.CodeProviderUnavailable: "The platform does not answer",
	fault.CodeProviderAnswerInvalid: "The platform answered strangely", fault.CodePagingBroken: "The platform's list broke off",
	fault.CodeSentimentUnavailable: "The sentiment service does not answer", fault.CodeSpamUnavailable: "The spam service does not answer",
	fault.CodeAnalysisRejected: "A text could not be judged", fault.CodeExportFailed: "The file could not be written",
	fault.CodeWorkerLost: "A worker was lost", fault.CodeInternal: "A fault of Soundings",
}

// mendedByConnecting are the problems that an account mends.
var mendedByConnecting = map[fault.Code]bool{
	fault.CodeNoCredentials: true, fault.CodeNeedsReconnect: true, fault.CodeSourceForbidden: true, fault.CodeCredentialsRejected: true,
}

var healthWords = map[access.Health]string{
	access.Active: "works", access.Expiring: "ends soon: connect it again", access.NeedsReconnect: "must be connected again",
}

var reasonWords = map[string]string{
	access.ReasonRevoked: "the platform no longer renews its token", access.ReasonInsufficientScope: "a permission that is needed was left out",
	access.ReasonRefused: "the platform refuses its token", access.ReasonUnreadable: "its stored token cannot be read",
	access.ReasonExpired: "its token ran out and cannot be renewed",
}

// consentErrors say why a consent came to nothing (RFC 6749 §4.1.2.1).
var consentErrors = map[string]string{
	"access_denied":                "You did not allow it, so nothing was connected.",
	access.ReasonInsufficientScope: "A permission that is needed was left out. Connect again and leave all boxes ticked.",
}

var queueWords = map[task.SubtaskType]string{
	task.FetchContent: "Fetching", task.DetectSpam: "Finding spam", task.AnalyzeSentiment: "Scoring sentiment", task.ExportPosts: "Writing exports",
}

// grouped writes a number with commas.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// counted writes a number with its noun.
func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

func percentage(part, whole int64) string {
	if whole == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}

func sized(n int64) string {
	const unit = 1024
	switch {
	case n < unit:
		return counted(n, "byte", "bytes")
	case n < unit*unit:
		return fmt.Sprintf("%.1f KiB", float64(n)/unit)
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(unit*unit))
}

// lasting writes a time left for people.
func lasting(seconds int64) string {
	switch d := time.Duration(seconds) * time.Second; {
	case d < time.Minute:
		return counted(seconds, "second", "seconds")
	case d < time.Hour:
		return counted(int64(d.Round(time.Minute)/time.Minute), "minute", "minutes")
	default:
		return fmt.Sprintf("%.1f hours", d.Hours())
	}
}
