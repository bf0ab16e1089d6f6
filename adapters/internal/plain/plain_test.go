package plain_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/internal/plain"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

func TestMissing(t *testing.T) {
	t.Parallel()
	some := int64(1234)
	for want, m := range map[string]analysis.Missing{
		"1,234 were deleted by those who wrote them.":                    {Cause: content.DeletedByAuthor, Count: &some},
		"An unknown number could not be fetched; the problems tell why.": {Cause: content.FetchFailed},
		"Comments are turned off here, so that there are none to read.":  {Cause: content.CommentsDisabled},
		"1,234 are missing (eclipse).":                                   {Cause: "eclipse", Count: &some},
	} {
		require.Equal(t, want, plain.Missing(m))
	}
}

func TestEveryStatusAndProblemHasWords(t *testing.T) {
	t.Parallel()
	for _, s := range []task.Status{
		task.Pending, task.Running, task.Waiting, task.Paused, task.Completed, task.CompletedPartial, task.Failed, task.Cancelled,
	} {
		require.NotEmpty(t, plain.Status(s), s)
	}
	require.Equal(t, "The daily quota is used up", plain.Problem(fault.CodeQuotaExhausted))
	require.Equal(t, "A fault of Soundings", plain.Problem("unheard_of"))
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	require.Equal(t, "-1,234,567", plain.Number(-1234567))
	require.Equal(t, "1 post", plain.Count(1, "post", "posts"))
	require.Equal(t, "0 posts", plain.Count(0, "post", "posts"))
	require.Equal(t, "33.3 %", plain.Percent(1, 3))
	require.Equal(t, "–", plain.Percent(0, 0))
	for want, score := range map[string]float64{"0.00": -0.001, "+0.50": 0.5, "−1.00": -1} {
		require.Equal(t, want, plain.Score(score))
	}
}

func TestLink(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"https://www.youtube.com/watch?v=a&lc=b", "http://example.org"} {
		require.Equal(t, good, plain.Link(good))
	}
	for _, bad := range []string{
		"", "javascript:alert(1)", "JavaScript://example.org/%0aalert(1)", "data:text/html,x", "//example.org", "/local", "https:", "file:///etc/passwd", "https://%zz",
	} {
		require.Empty(t, plain.Link(bad), bad)
	}
}

func TestIsolated(t *testing.T) {
	t.Parallel()
	require.Equal(t, "plain", plain.Isolated("plain"))
	require.Equal(t, "\u2068שלום\u2069", plain.Isolated("שלום"))
}
