package batchservice

import (
	"context"
	"errors"
	"sync"

	"github.com/soundings-io/soundings/domain/fault"
)

const (
	// MaxItems is the most items that one request carries (contract §6).
	MaxItems = 100
	// maxRequestBytes bounds a request by the size of its items; a larger item
	// travels alone.
	maxRequestBytes = 1 << 20
)

// Batch is how the items of a service are weighed and judged.
type Batch[T, R any] struct {
	// Size is about how many bytes an item takes in a request.
	Size func(item T) int
	// Call judges up to MaxItems items in one request, by Client.Post. Its
	// results are in the order of the items; nil is a result that was missing.
	Call func(ctx context.Context, items []T) ([]*R, error)
}

// Judge judges all items, in as many requests as that needs. A refused part is
// split in halves until the item at fault stands alone (at most 2n-1 requests
// for n items), and an item that the answer left out goes into one more
// request. The results are in the order of the items, nil where nothing came;
// the error then says why, what ends the batch before what concerns one item.
func Judge[T, R any](ctx context.Context, items []T, batch Batch[T, R]) ([]*R, error) {
	run := judging[T, R]{items: items, batch: batch, results: make([]*R, len(items))}
	var parts sync.WaitGroup
	for _, part := range run.parts() {
		parts.Go(func() { run.judge(ctx, part, false) })
	}
	parts.Wait()
	if run.err != nil && ctx.Err() != nil {
		return run.results, ctx.Err()
	}
	return run.results, run.err
}

// judging is one Judge at work. Parts are lists of indexes; no two of them
// share an index, so that results need no lock.
type judging[T, R any] struct {
	items   []T
	batch   Batch[T, R]
	results []*R

	mu  sync.Mutex
	err error
}

// parts cuts the items into requests of bounded length and size.
func (j *judging[T, R]) parts() [][]int {
	var parts [][]int
	var part []int
	bytes := 0
	for i, item := range j.items {
		size := j.batch.Size(item)
		if len(part) == MaxItems || (len(part) > 0 && bytes+size > maxRequestBytes) {
			parts, part, bytes = append(parts, part), nil, 0
		}
		part = append(part, i)
		bytes += size
	}
	if len(part) > 0 {
		parts = append(parts, part)
	}
	return parts
}

// judge fills in the results of a part; second tells that its items were
// missing from an answer before.
func (j *judging[T, R]) judge(ctx context.Context, part []int, second bool) {
	items := make([]T, len(part))
	for i, at := range part {
		items[i] = j.items[at]
	}
	results, err := j.batch.Call(ctx, items)
	switch {
	case errors.Is(err, ErrRefused) && len(part) > 1:
		j.judge(ctx, part[:len(part)/2], second)
		j.judge(ctx, part[len(part)/2:], second)
		return
	case errors.Is(err, ErrRefused):
		j.fail(fault.Wrap(err, fault.Rejected, fault.CodeAnalysisRejected, "the service refuses to judge a post"))
		return
	case err != nil:
		j.fail(err)
		return
	}
	var missing []int
	for i, at := range part {
		if j.results[at] = results[i]; results[i] == nil {
			missing = append(missing, at)
		}
	}
	if len(missing) == 0 {
		return
	}
	if second {
		j.fail(fault.New(fault.Rejected, fault.CodeAnalysisRejected,
			"the service left %d posts of a batch out of two answers", len(missing)))
		return
	}
	j.judge(ctx, missing, true)
}

// fail keeps the error that matters most: an unavailable service before an
// item that it refused.
func (j *judging[T, R]) fail(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil || (fault.Is(err, fault.Unavailable) && !fault.Is(j.err, fault.Unavailable)) {
		j.err = err
	}
}
