package task

import "time"

// Retention says how long what a provider handed out is kept, counted from when
// it was last fetched. Zero is for ever. YouTube's developer policies (III.E.4)
// and Reddit's terms are why there are limits; the README says which.
type Retention struct {
	// Texts is how long what people wrote is kept, and who they are. Scores,
	// verdicts and times stay behind.
	Texts time.Duration
	// Tasks is how long a task is kept after its latest end, with all it has.
	Tasks time.Duration
}

// Run is one pass through a task's sources.
type Run struct {
	TaskID ID
	Run    int
	// BeganAt is not later than anything that the run fetched.
	BeganAt time.Time
}
