package task

import (
	"time"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

// Refresh says how much of its sources a new run of a task reads.
type Refresh string

const (
	// RefreshNew reads what is new: a listing in order of time ends at the first
	// page that holds nothing unknown, and what hangs below a post is read again
	// only where the provider announces another number than before.
	RefreshNew Refresh = "new"
	// RefreshAll reads everything again, and so finds every edit and deletion.
	RefreshAll Refresh = "all"
)

// Refresh begins a new run: each source is opened again, and what failed or was
// cancelled runs once more, as by Retry. The subtasks for which Reopens says so
// are to be given to Reopen in the same transaction. An export is a snapshot
// and takes no refresh.
func (t *Task) Refresh(how Refresh) error {
	if t.state.Kind != Analysis {
		f := fault.New(fault.Conflict, fault.CodeWrongState, "an export is a snapshot and cannot be refreshed; export the task again")
		f.Allowed = t.state.Status.Allowed()
		return f
	}
	if err := t.on(EventRefresh); err != nil {
		return err
	}
	t.state.Run++
	t.reopen, t.refresh = true, how
	t.beginAgain()
	return nil
}

// Refreshed tells whether the sources are opened once more.
func (t *Task) Refreshed() bool { return t.refresh != "" }

// opens tells whether the subtask opens a source.
func (s *Subtask) opens() bool {
	return s.state.Type == FetchContent && s.state.Payload.Listing.Kind == content.ListingSource
}

// openAnew lets a source be opened from its beginning. What it announced and
// lacked is told anew.
func (s *Subtask) openAnew(how Refresh, now time.Time) {
	s.state.Payload.Refresh = how
	s.state.Cursor = content.Cursor{Posts: s.state.Cursor.Posts}
	s.state.Counters.Expected, s.state.Counters.Opened = 0, 0
	s.state.Missing = nil
	s.reopen(now)
}
