// Package plain puts into words for people what the domain names by codes and
// numbers, and makes fit for a page what strangers wrote.
package plain

import (
	"fmt"
	"math"
	"net/url"
	"strings"
	"unicode"

	"github.com/dustin/go-humanize"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

var statusWords = map[task.Status]string{
	task.Pending: "waits for its turn", task.Running: "running", task.Waiting: "waiting", task.Paused: "paused",
	task.Completed: "completed", task.CompletedPartial: "completed, with gaps", task.Failed: "failed", task.Cancelled: "cancelled",
}

// Status says how a task stands.
func Status(s task.Status) string { return statusWords[s] }

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

// Missing says in a sentence what is missing and why.
func Missing(m analysis.Missing) string {
	n := "An unknown number"
	if m.Count != nil {
		n = Number(*m.Count)
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

// Problem says what a task's problem is about, as a heading for its message.
func Problem(c fault.Code) string { return problemWords[c.ForProblem()] }

// Number writes a whole number with commas.
func Number(n int64) string { return humanize.Comma(n) }

// Count writes a number with its noun.
func Count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(n) + " " + many
}

// Percent writes a share with one digit behind the point; a dash of nothing.
func Percent(part, whole int64) string {
	if whole == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}

// Score writes a polarity with its sign; what rounds to nothing has none.
func Score(score float64) string {
	if math.Abs(score) < 0.005 {
		return "0.00"
	}
	return strings.Replace(fmt.Sprintf("%+.2f", score), "-", "−", 1)
}

// Link returns an address that may be linked to, else nothing: others' addresses
// are from outside, and only http and https lead to a page.
func Link(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return address
}

// Isolated keeps the direction of others' words to themselves where <bdi> cannot
// stand: in titles and labels.
func Isolated(s string) string {
	const firstStrong, pop = "\u2068", "\u2069"
	if strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0 {
		return s
	}
	return firstStrong + s + pop
}
