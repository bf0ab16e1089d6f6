package console

import (
	"fmt"
	"time"

	"github.com/soundings-io/soundings/adapters/internal/plain"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

// The words that these pages alone have for what the domain names by codes; see
// plain for those that the report shares.

var labelWords = map[analysis.Label]string{
	analysis.Positive: "positive", analysis.Neutral: "neutral", analysis.Negative: "negative", "": "not scored",
}

var kindWords = map[content.PostKind]string{
	content.VideoPost: "video", content.SubmissionPost: "submission", content.CommentPost: "comment", content.ReplyPost: "reply",
}

var providerWords = map[content.ProviderID]string{content.YouTube: "YouTube", content.Reddit: "Reddit"}

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

func sized(n int64) string {
	const unit = 1024
	switch {
	case n < unit:
		return plain.Count(n, "byte", "bytes")
	case n < unit*unit:
		return fmt.Sprintf("%.1f KiB", float64(n)/unit)
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(unit*unit))
}

// lasting writes a time left for people.
func lasting(seconds int64) string {
	switch d := time.Duration(seconds) * time.Second; {
	case d < time.Minute:
		return plain.Count(seconds, "second", "seconds")
	case d < time.Hour:
		return plain.Count(int64(d.Round(time.Minute)/time.Minute), "minute", "minutes")
	default:
		return fmt.Sprintf("%.1f hours", d.Hours())
	}
}
