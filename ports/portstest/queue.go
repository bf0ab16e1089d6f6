package portstest

import (
	"cmp"
	"context"
	"testing"
	"time"

	"github.com/soundings-io/soundings/ports"
)

// QueueFeatures declare what an adapter promises beyond what every Queue must,
// so that nothing is left out silently.
type QueueFeatures struct {
	// Deduplicates says that a delivery that stands on the queue is delivered
	// once, however often it was added.
	Deduplicates bool
	// Shared says that several Queues on one backend share its deliveries.
	Shared bool
	// Durable says that deliveries outlive the Queue that they were given to.
	Durable bool
	// LongRun is how long a handler runs that outlasts the leases and timeouts
	// of the library underneath.
	LongRun time.Duration
	// Many is how many deliveries are added by many goroutines; zero means
	// 10,000. Only a library that is slow under the race detector needs fewer.
	Many int
	// Patience is how long the kit waits for what must come while nothing comes;
	// zero means the 30 seconds in which the port promises a delivery again
	// after an error.
	Patience time.Duration
}

func (f QueueFeatures) many() int { return cmp.Or(f.Many, 10_000) }

func (f QueueFeatures) patience() time.Duration { return cmp.Or(f.Patience, 30*time.Second) }

// QueueBackend opens one more Queue, for that many handlers at a time, on the
// same backend. The Queues are closed at the end of the test that opened them.
type QueueBackend func(concurrency int) ports.Queue

// QueueCheck is one guarantee of ports.Queue.
type QueueCheck struct {
	// Name says what is guaranteed, and is unique.
	Name string
	// Run returns how the queues of an empty backend break the guarantee, or
	// nil. It returns an error instead of failing a test, so that the kit itself
	// can be tested against queues that are broken.
	Run func(ctx context.Context, f QueueFeatures, open QueueBackend) error

	// needs returns what the adapter would have to declare for the check to be
	// run, and nothing if it has.
	needs func(f QueueFeatures) string
}

// Undeclared names the feature that the check needs and that is not declared.
// It is empty where the check applies.
func (c QueueCheck) Undeclared(f QueueFeatures) string {
	if c.needs == nil {
		return ""
	}
	return c.needs(f)
}

// QueueChecks returns the kit of ports.Queue.
func QueueChecks() []QueueCheck {
	return []QueueCheck{
		{Name: "delivers everything", Run: checkDeliversEverything},
		{Name: "delivers what many goroutines add", Run: checkDeliversMany},
		{Name: "takes an empty batch", Run: checkEmptyBatch},
		{Name: "does not keep the caller's slice", Run: checkKeepsNoSlice},
		{Name: "survives a context that ends while adding", Run: checkEnqueueCancelled},
		{Name: "delivers a higher generation apart", Run: checkGenerations},
		{Name: "delivers again what is added again", Run: checkAddedAgain},
		{Name: "leaves alone what is settled", Run: checkSettled},
		{Name: "delivers once what stands twice", Run: checkDeduplicates, needs: needsDeduplicates},
		{Name: "delivers again after an error", Run: checkErrorComesAgain},
		{Name: "survives a panic", Run: checkPanic},
		{Name: "keeps to the concurrency", Run: checkConcurrency},
		{Name: "counts what stands", Run: checkDepth},
		{Name: "waits for handlers when stopped", Run: checkStopWaits},
		{Name: "takes nothing when stopped", Run: checkStopTakesNothing},
		{Name: "keeps what was not taken", Run: checkNotTakenStays, needs: needsDurable},
		{Name: "shares the work", Run: checkShares, needs: needsShared},
		{Name: "leaves a long handler alone", Run: checkLongRun, needs: needsLongRun},
	}
}

func needsDeduplicates(f QueueFeatures) string { return unless(f.Deduplicates, "Deduplicates") }
func needsShared(f QueueFeatures) string       { return unless(f.Shared, "Shared") }
func needsDurable(f QueueFeatures) string      { return unless(f.Durable, "Durable") }
func needsLongRun(f QueueFeatures) string      { return unless(f.LongRun > 0, "LongRun") }

func unless(declared bool, name string) string {
	if declared {
		return ""
	}
	return name
}

// TestQueue runs the kit of ports.Queue. newBackend returns an empty backend
// each time; it may fail the test that it is given.
func TestQueue(t *testing.T, f QueueFeatures, newBackend func(t testing.TB) QueueBackend) {
	t.Helper()
	for _, check := range QueueChecks() {
		t.Run(check.Name, func(t *testing.T) {
			t.Parallel() // one check of asynq waits for half a minute
			if feature := check.Undeclared(f); feature != "" {
				t.Skipf("the adapter does not declare QueueFeatures.%s", feature)
			}
			if err := check.Run(t.Context(), f, newBackend(t)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// quiet is how long the kit watches for what must not come.
const quiet = 500 * time.Millisecond

// delivery returns the n-th of a test's deliveries. Ids look as real ones do.
func delivery(n int) ports.Delivery { return deliveryOf(n, 1) }

func deliveries(from, count int) []ports.Delivery {
	all := make([]ports.Delivery, count)
	for i := range all {
		all[i] = delivery(from + i)
	}
	return all
}
