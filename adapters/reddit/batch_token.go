package reddit

import (
	"strconv"
	"strings"

	"github.com/soundings-io/soundings/domain/fault"
)

// batchToken says where a walk through a listing's batches stands. Written
// down it is "1.BATCH.QUEUE", or "1b.BATCH.QUEUE" once something was broken,
// with the queue's batches joined by semicolons; 1 is the version.
type batchToken struct {
	// at is an index into the listing's batches. Behind the last one there may
	// be a queue still.
	at int
	// queue is what answers left out again, and is asked for first.
	queue []batch
	// broken remembers that Reddit promised comments again and again without
	// handing them out: the rest is still walked, and the listing ends with
	// paging_broken.
	broken bool
}

const (
	wholeToken  = "1"
	brokenToken = "1b"
	// maxQueue bounds the ids in a token: 4,000 have less than 40 kB. A queue
	// holds what single answers left out, 100 comments with a few ids each.
	maxQueue = 4000
)

// String returns the token as it is stored.
func (t batchToken) String() string {
	version := wholeToken
	if t.broken {
		version = brokenToken
	}
	return version + "." + strconv.Itoa(t.at) + "." + strings.Join(written(t.queue), ";")
}

// parseBatchToken reads a stored token of a listing of so many batches. What
// it did not write is refused as Reddit would refuse it: Conflict, so that the
// caller starts the listing anew.
func parseBatchToken(text string, batches int) (batchToken, error) {
	if text == "" {
		return batchToken{}, nil
	}
	version, rest, _ := strings.Cut(text, ".")
	index, queue, found := strings.Cut(rest, ".")
	at, err := strconv.Atoi(index)
	t := batchToken{at: at, broken: version == brokenToken}
	known := t.broken || version == wholeToken
	if err != nil || !found || !known || at < 0 || at > batches || strconv.Itoa(at) != index {
		return batchToken{}, refusedToken()
	}
	if queue == "" {
		if at == batches && !t.broken {
			return batchToken{}, refusedToken()
		}
		return t, nil
	}
	for part := range strings.SplitSeq(queue, ";") {
		b, ok := parseBatch(part)
		if !ok {
			return batchToken{}, refusedToken()
		}
		t.queue = append(t.queue, b)
	}
	return t, nil
}

func refusedToken() error {
	return fault.New(fault.Conflict, fault.CodePagingBroken,
		"a stored page token cannot be read; the list is begun anew")
}

// next returns the batch to ask for, and false at the end of the listing.
func (t batchToken) next(stored []string) (b batch, found bool, err error) {
	switch {
	case len(t.queue) > 0:
		return t.queue[0], true, nil
	case t.at >= len(stored):
		return batch{}, false, nil
	}
	b, ok := parseBatch(stored[t.at])
	if !ok {
		return batch{}, false, fault.New(fault.Invalid, fault.CodeUnsupportedKind,
			"the Reddit adapter cannot read the ids of a stored listing")
	}
	return b, true, nil
}

// after returns the stored token of the page behind this one, where the batch
// that next gave was answered with more to ask for; empty at the end.
func (t batchToken) after(more []batch, batches int) string {
	rest := t.queue
	if len(rest) > 0 {
		rest = rest[1:]
	} else {
		t.at++
	}
	queue := newPending(rest...)
	for _, b := range more {
		for _, id := range b.ids {
			if queue.ids >= maxQueue {
				t.broken = true
				break
			}
			queue.add(b.depth, id, b.below)
		}
	}
	t.queue = queue.batches
	if t.at >= batches && len(t.queue) == 0 && !t.broken {
		return ""
	}
	return t.String()
}
