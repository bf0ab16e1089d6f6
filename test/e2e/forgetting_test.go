package e2e_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// TestNothingIsLeftOfWhatMayNotBeKept looks through every table, file and queue
// for what people wrote, once its time is over and once its user has left.
func TestNothingIsLeftOfWhatMayNotBeKept(t *testing.T) {
	t.Parallel()
	in(t, setups[:2], func(t *testing.T, s setup) {
		w := deploy(t, s)
		old := w.somebody.collect(fakeapi.DemoVideoURL, "")
		require.Contains(t, w.kept(), w.sayingOf(fakeapi.DemoVideoID), "the search finds what is there")
		w.stop()
		w.environ["RETENTION_YOUTUBE_TEXTS"] = "1ms"
		w.start(s.commands...)
		w.until("the texts are gone", func() bool { return !strings.Contains(w.kept(), w.sayingOf(fakeapi.DemoVideoID)) })
		w.requireForgotten(fakeapi.DemoVideoID)
		scored := w.somebody.posts(old.ID, nil)
		assert.NotEmpty(t, scored)
		assert.NotNil(t, scored[0].Sentiment, "scores stay")

		w.stop()
		delete(w.environ, "RETENTION_YOUTUBE_TEXTS")
		w.start(s.commands...)
		leaver := newClient(w, signedToken(t, "leaver"))
		theirs := leaver.collect(watch+"WakeIn60sec", "")
		require.NotEmpty(t, leaver.export(theirs.ID, `"format":"csv"`))
		scheduled := leaver.do(http.MethodPost, "/schedules", `{"taskId":"`+theirs.ID+`","everyMinutes":60}`, "Idempotency-Key", "one")
		require.Equal(t, http.StatusCreated, scheduled.Status, scheduled.Body)
		running := leaver.create(watch+"SolarBoat01", "")
		require.Contains(t, w.kept(), w.sayingOf("WakeIn60sec"))
		gone := leaver.do(http.MethodDelete, "/users/me/data", "")
		require.Equal(t, http.StatusNoContent, gone.Status, gone.Body)
		w.requireForgotten("WakeIn60sec")
		for _, id := range []string{theirs.ID, running.ID} {
			assert.NotContains(t, w.kept(), id, "a trace of a task")
		}
	})
}

// sayingOf returns a long text of a video's comments, which stands for all.
func (w *world) sayingOf(video string) string {
	longest := ""
	for _, c := range w.data.Comments(video) {
		if len(c.Text) > len(longest) && !strings.ContainsAny(c.Text, "\n&<>\"'\\") {
			longest = c.Text
		}
	}
	return longest
}

// requireForgotten requires that no text of some length and no author of the
// video is kept anywhere.
func (w *world) requireForgotten(video string) {
	w.t.Helper()
	kept := w.kept()
	for _, c := range w.data.Comments(video) {
		require.False(w.t, len(c.Text) > 25 && strings.Contains(kept, c.Text), "what %s says is kept", c.ID)
		require.False(w.t, len(c.Author) > 5 && strings.Contains(kept, c.Author), "who wrote %s is kept", c.ID)
	}
}

// kept is all that the deployment holds: rows of all tables, files that are no
// database, and what stands in Redis. Bytes that SQLite has freed in its file are
// not looked at.
func (w *world) kept() string {
	w.t.Helper()
	var all strings.Builder
	if dsn := w.environ["DATABASE_URL"]; dsn != "" {
		all.WriteString(rows(w.t, dsn))
	} else {
		all.WriteString(sqliteRows(w.t, filepath.Join(w.environ["SOUNDINGS_DATA_DIR"], "soundings.db")))
	}
	if address := w.environ["REDIS_URL"]; address != "" {
		all.WriteString(entries(w.t, address))
	}
	for name, text := range w.files() {
		if !strings.Contains(name, ".db") {
			all.WriteString(text)
		}
	}
	return all.String()
}

// sqliteRows are those of all tables of a file.
func sqliteRows(t *testing.T, path string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	defer db.Close()
	tables, err := db.QueryContext(t.Context(), "SELECT name FROM sqlite_master WHERE type = 'table'")
	require.NoError(t, err)
	defer tables.Close()
	var names []string
	for tables.Next() {
		var name string
		require.NoError(t, tables.Scan(&name))
		names = append(names, name)
	}
	require.NoError(t, tables.Err())
	var all strings.Builder
	for _, name := range names {
		writeRows(t, db, name, &all)
	}
	return all.String()
}

func writeRows(t *testing.T, db *sql.DB, table string, to *strings.Builder) {
	t.Helper()
	found, err := db.QueryContext(t.Context(), fmt.Sprintf("SELECT * FROM %q", table))
	require.NoError(t, err)
	defer found.Close()
	columns, err := found.Columns()
	require.NoError(t, err)
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for found.Next() {
		require.NoError(t, found.Scan(into...))
		for _, value := range values {
			if bytes, ok := value.([]byte); ok {
				value = string(bytes)
			}
			fmt.Fprintln(to, value)
		}
	}
	require.NoError(t, found.Err())
}
