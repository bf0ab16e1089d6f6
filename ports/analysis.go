// Package ports holds the driven ports: the interfaces that the application
// needs and adapters implement. The comments are contracts; portstest checks
// them. All methods may be called from many goroutines, none keeps a slice
// that it was given after it returned, and errors are *fault.Error.
package ports

import (
	"context"

	"github.com/soundings-io/soundings/domain/analysis"
)

// SpamDetector judges posts.
type SpamDetector interface {
	// Detect judges up to 500 items and returns verdicts in the order of the
	// items. A nil verdict leaves that post unjudged; its reason is in the
	// error, if any, and the other verdicts hold although there is an error.
	//
	// The same item gets the same verdict whatever else is in the batch, and in
	// whatever order batches come.
	//
	// Error kinds: Unavailable with CodeSpamUnavailable when nothing usable
	// came within the detector's patience; Rejected with CodeAnalysisRejected
	// for what it will never judge. It retries by itself, honours ctx, and
	// returns ctx's error when that ends.
	Detect(ctx context.Context, items []analysis.SpamItem) ([]*analysis.SpamVerdict, error)
	// Model names what judges, as name@version.
	Model() analysis.Model
}

// SentimentAnalyzer scores texts.
type SentimentAnalyzer interface {
	// Analyze scores up to 500 texts and returns sentiments in the order of the
	// texts. A nil leaves that text unscored; its reason is in the error, if
	// any, and the other results hold although there is an error. Texts that
	// cannot be judged (another language, nothing but links) are neutral, 0.
	//
	// Error kinds: Unavailable with CodeSentimentUnavailable when nothing
	// usable came within the analyser's patience; Rejected with
	// CodeAnalysisRejected for what it will never score. It retries by itself,
	// honours ctx, and returns ctx's error when that ends.
	Analyze(ctx context.Context, texts []string) ([]*analysis.Sentiment, error)
	// Model names what scores, as name@version; a service may tell another in
	// its answers.
	Model() analysis.Model
}

// HealthChecker is implemented by adapters of outside services.
type HealthChecker interface {
	// Healthy returns nil, or why the service cannot be used now. It answers
	// within 2 seconds.
	Healthy(ctx context.Context) error
}
