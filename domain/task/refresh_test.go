package task_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

func TestRefreshOpensTheSourcesOnceMore(t *testing.T) {
	t.Parallel()
	tk, subs := newTask(t, 1)
	opening := subs[0]
	opening.PageStored(task.Brought{Cursor: content.Cursor{Page: 1, Posts: 1}, Counters: task.Counters{Fetched: 1, Expected: 9, Opened: 1}}, noon)
	opening.End(task.Succeed(), noon)
	tk.Absorb(opening.State())
	require.Nil(t, tk.Settle(task.Tally{}, ids(), noon), "one post repeats nothing")
	require.True(t, tk.State().Status.Ended())

	require.NoError(t, tk.Refresh(task.RefreshNew))
	require.True(t, tk.Reopened())
	tk.Reopen(opening, noon)
	after := tk.State()
	require.Equal(t, task.Pending, after.Status)
	require.Equal(t, 2, after.Run)
	require.Zero(t, after.FinishedAt)
	require.Equal(t, task.Counters{Subtasks: 1}, after.Counters, "what the subtask brought is added again when it ends")
	s := opening.State()
	require.Equal(t, task.SubtaskPending, s.Status)
	require.Equal(t, task.RefreshNew, s.Payload.Refresh)
	require.Equal(t, content.Cursor{Posts: 1}, s.Cursor)
	require.Equal(t, task.Counters{Fetched: 1}, s.Counters, "what is announced is told anew")
}

func TestAnExportIsNotRefreshed(t *testing.T) {
	t.Parallel()
	tk, _ := newTask(t, 1)
	export, _ := task.NewExport("user", tk.State(), task.ExportSpec{}, ids(), noon)
	require.Equal(t, fault.CodeWrongState, fault.As(export.Refresh(task.RefreshAll)).Code)
	require.Equal(t, 1, export.State().Run)
}
