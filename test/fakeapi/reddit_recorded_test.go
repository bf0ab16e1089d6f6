package fakeapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// TestRecordedThreadsAreServedWhole collects the recorded threads with chunks
// of ids that the recording never used.
func TestRecordedThreadsAreServedWhole(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		group    string
		chunk    int
		comments int
	}{
		{"thread_n49rw_full", 100, 1428},
		{"thread_n49rw_full", 7, 1428},
		{"thread_n49rw_full", 1000, 1428},
		{"thread_n49rw_recollected_2020", 100, 1419},
		{"thread_6otocc_chain", 100, 32},
	} {
		t.Run(c.group, func(t *testing.T) {
			t.Parallel()
			d := fakeapi.NewData()
			post, err := d.LoadRedditThread(fixtures(t), c.group)
			require.NoError(t, err)
			got := collect(t, allowReader(fakeapi.Run(t, d)), post, c.chunk)
			require.Len(t, got.bodies, c.comments)
			require.Len(t, d.RedditComments(post), c.comments)
			for _, want := range d.RedditComments(post) {
				require.Equal(t, want.Text, got.bodies[want.ID])
				parent := "t3_" + post
				if want.ParentID != "" {
					parent = "t1_" + want.ParentID
				}
				require.Equal(t, parent, got.parents[want.ID])
			}
		})
	}
}

func TestARecordingThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	_, err := fakeapi.NewData().LoadRedditThread(fixtures(t), "no_such_group")
	require.ErrorContains(t, err, "no submission")
	_, err = fakeapi.NewData().LoadRedditThread(t.TempDir(), "thread_n49rw_full")
	require.Error(t, err)
}
