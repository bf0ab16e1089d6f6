package application_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

func (p *process) retain(keep task.Retention) {
	p.t.Helper()
	policy := application.RetentionPolicy{content.YouTube: keep, content.Reddit: {}}
	sweep := application.NewRetention(p.store, p.tasks, policy, slog.New(slog.DiscardHandler))
	require.NoError(p.t, sweep.Sweep(p.t.Context()))
}

func TestTextsGoAndScoresStay(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	id := p.collect(battery)
	before := p.ended(id)
	p.retain(task.Retention{Texts: time.Hour})
	require.Equal(t, p.onYouTube("BatteryFire"), p.comments(id), "none is old enough")

	p.retain(task.Retention{Texts: time.Nanosecond})
	scored := int64(0)
	for _, post := range p.posts(id) {
		assert.Empty(t, post.Text)
		assert.Empty(t, post.Author)
		if post.Sentiment != nil {
			scored++
		}
	}
	assert.Equal(t, before.Counters.Scored, scored)
	p.requireCountersAreRows(p.when(id, "stands", func(task.State) bool { return true }))

	p.refreshed(id, task.RefreshAll)
	assert.Equal(t, p.onYouTube("BatteryFire"), p.comments(id), "a refresh brings them back")
}

func TestAnExportGoesNoLaterThanTheTextsInIt(t *testing.T) {
	t.Parallel()
	p := newRig(t).start(func(p *parts) {
		p.retention = application.RetentionPolicy{content.YouTube: {Texts: 10 * time.Minute}}
	})
	id := p.collect(battery)
	of := p.ended(id)
	exported, err := p.exports.Create(t.Context(), p.by, application.NewExport{TaskID: id, Format: "csv"})
	require.NoError(t, err)
	assert.Equal(t, of.CreatedAt.Add(10*time.Minute), p.ended(exported.ID).Export.ExpiresAt)
}

func TestOldTasksGoWithTheirExports(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	id := p.collect(battery)
	p.ended(id)
	exported, err := p.exports.Create(t.Context(), p.by, application.NewExport{TaskID: id, Format: "csv"})
	require.NoError(t, err)
	p.ended(exported.ID)
	p.retain(task.Retention{Tasks: time.Hour})
	_, err = p.tasks.Task(t.Context(), p.by, id)
	require.NoError(t, err)

	p.retain(task.Retention{Tasks: time.Nanosecond})
	left, err := p.tasks.List(t.Context(), p.by, ports.TaskFilter{}, ports.Paging{Limit: 10})
	require.NoError(t, err)
	assert.Empty(t, left.Items)
	_, err = p.exports.Open(t.Context(), p.by, exported.ID)
	assert.Equal(t, fault.NotFound, fault.KindOf(err))
	withPosts, err := p.store.TasksDeleted(t.Context(), 10)
	require.NoError(t, err)
	assert.Empty(t, withPosts, "their posts went, too")
}
