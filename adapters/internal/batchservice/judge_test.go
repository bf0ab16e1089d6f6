package batchservice_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/internal/batchservice"
	"github.com/soundings-io/soundings/domain/fault"
)

// judgeNumbers judges 0 to n-1 with call, each item weighing size bytes; a
// result is the item doubled. It returns the parts that were asked for.
func judgeNumbers(t *testing.T, n, size int, call func(part []int) ([]*int, error)) (results []*int, parts [][]int, err error) {
	t.Helper()
	items := make([]int, n)
	for i := range items {
		items[i] = i
	}
	var mu sync.Mutex
	results, err = batchservice.Judge(t.Context(), items, batchservice.Batch[int, int]{
		Size: func(int) int { return size },
		Call: func(_ context.Context, part []int) ([]*int, error) {
			mu.Lock()
			parts = append(parts, slices.Clone(part))
			mu.Unlock()
			return call(part)
		},
	})
	require.Len(t, results, n)
	return results, parts, err
}

func doubled(part []int) ([]*int, error) {
	results := make([]*int, len(part))
	for i, n := range part {
		results[i] = new(2 * n)
	}
	return results, nil
}

// unjudged returns the items without a result and checks the others.
func unjudged(t *testing.T, results []*int) []int {
	t.Helper()
	var none []int
	for i, r := range results {
		if r == nil {
			none = append(none, i)
			continue
		}
		require.Equal(t, 2*i, *r)
	}
	return none
}

func TestJudgeCutsBatches(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ items, size, parts int }{
		{0, 1, 0}, {1, 1, 1}, {100, 1, 1}, {101, 1, 2}, {500, 1, 5}, {10, 400 << 10, 5}, {3, 9 << 20, 3},
	} {
		results, parts, err := judgeNumbers(t, test.items, test.size, doubled)
		require.NoError(t, err)
		assert.Empty(t, unjudged(t, results))
		assert.Len(t, parts, test.parts)
		for _, part := range parts {
			assert.LessOrEqual(t, len(part), batchservice.MaxItems)
		}
	}
}

func TestJudgeFindsTheItemThatIsRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range [][]int{{0}, {57}, {99}, {3, 4}, {10, 20, 30, 250, 499}} {
		results, parts, err := judgeNumbers(t, 500, 1, func(part []int) ([]*int, error) {
			for _, n := range bad {
				if slices.Contains(part, n) {
					return nil, batchservice.ErrRefused
				}
			}
			return doubled(part)
		})
		assert.Equal(t, bad, unjudged(t, results))
		assert.True(t, fault.Is(err, fault.Rejected))
		assert.Equal(t, fault.CodeAnalysisRejected, fault.As(err).Code)
		assert.LessOrEqual(t, len(parts), 5+16*len(bad))
	}
}

func TestSplittingIsBounded(t *testing.T) {
	t.Parallel()
	results, parts, err := judgeNumbers(t, 100, 1, func([]int) ([]*int, error) { return nil, batchservice.ErrRefused })
	assert.Len(t, unjudged(t, results), 100)
	assert.Len(t, parts, 199)
	assert.True(t, fault.Is(err, fault.Rejected))
}

func TestMissingItemsGoIntoOneMoreRequest(t *testing.T) {
	t.Parallel()
	calls := 0
	results, parts, err := judgeNumbers(t, 100, 1, func(part []int) ([]*int, error) {
		results, _ := doubled(part)
		for i, n := range part {
			if n == 7 || (n == 8 && calls == 0) {
				results[i] = nil
			}
		}
		calls++
		return results, nil
	})
	assert.Equal(t, []int{7}, unjudged(t, results))
	require.Len(t, parts, 2)
	assert.Equal(t, []int{7, 8}, parts[1])
	assert.True(t, fault.Is(err, fault.Rejected))
}

func TestOtherPartsHoldBesideAFailedOne(t *testing.T) {
	t.Parallel()
	unavailable := fault.New(fault.Unavailable, fault.CodeSpamUnavailable, "down")
	results, _, err := judgeNumbers(t, 300, 1, func(part []int) ([]*int, error) {
		switch part[0] {
		case 100:
			return nil, unavailable
		case 200:
			return nil, fault.New(fault.Rejected, fault.CodeAnalysisRejected, "garbled")
		}
		return doubled(part)
	})
	assert.Len(t, unjudged(t, results), 200)
	assert.ErrorIs(t, err, unavailable, "what ends the batch comes before what concerns a part")
}

func TestJudgeReturnsTheContextsError(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := batchservice.Judge(ctx, []int{1}, batchservice.Batch[int, int]{
		Size: func(int) int { return 1 },
		Call: func(context.Context, []int) ([]*int, error) {
			cancel()
			return nil, errors.New("connection reset")
		},
	})
	assert.ErrorIs(t, err, context.Canceled)
}
