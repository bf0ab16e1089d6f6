package memory_test

import (
	"testing"
	"time"

	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

func TestNotifier(t *testing.T) {
	t.Parallel()
	portstest.TestNotifier(t, func(*testing.T) (ports.Notifier, portstest.Inbox) {
		n := memory.NewNotifier()
		return n, memoryInbox{n}
	})
}

type memoryInbox struct{ *memory.Notifier }

func (memoryInbox) Target() task.CallbackURL { return "https://example.com/hook" }

func (in memoryInbox) Answer(refusal *fault.Kind) {
	if refusal == nil {
		in.Refuse(nil)
		return
	}
	f := fault.New(*refusal, fault.CodeUnavailable, "the callback said no")
	if *refusal == fault.RateLimited {
		f = f.At(time.Now().Add(time.Minute))
	}
	in.Refuse(f)
}
