package application

import (
	"context"
	"time"

	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// processor does one type of subtask. An error is judged by the retry policy;
// an outcome is stored as it is.
type processor interface {
	process(ctx context.Context, r *run) (task.Outcome, error)
}

// Processors holds the processor of each type of subtask.
type Processors map[task.SubtaskType]processor

// NewProcessors returns the processors of all types.
func NewProcessors(fetch *Fetcher, spam *SpamJudge, sentiment *SentimentJudge, export *Exporter) Processors {
	return Processors{
		task.FetchContent: fetch, task.DetectSpam: spam,
		task.AnalyzeSentiment: sentiment, task.ExportPosts: export,
	}
}

// Turns bound how long a run keeps a handler while others wait.
const (
	turnPages = 20
	turnTime  = 5 * time.Second
)

// othersWait tells whether deliveries stand on the queue. A queue that cannot
// be asked has nothing that this handler could take.
func othersWait(ctx context.Context, q ports.Queue) bool {
	depth, err := q.Depth(ctx)
	return err == nil && depth > 0
}
