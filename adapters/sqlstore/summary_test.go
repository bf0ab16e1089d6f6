package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

// manyPosts fills a task with posts as a large video has them: 400 days, a third
// as many authors, a tenth spam, all judged. They are written as workers do: first
// the posts, then the verdicts onto them.
func manyPosts(t testing.TB, s *Store, posts int) (access.UserID, task.ID) {
	t.Helper()
	user, err := s.EnsureUser(t.Context(), access.User{ID: access.UserID(newID()), Name: "reader"})
	require.NoError(t, err)
	src, err := content.ParseSource("https://youtu.be/dQw4w9WgXcQ")
	require.NoError(t, err)
	made, first := task.NewAnalysis(user.ID, []content.Source{src}, "", task.Options{}, newID, time.Now())
	require.NoError(t, s.CreateTask(t.Context(), made, first))
	id := made.State().ID
	for _, statement := range []string{
		`INSERT INTO posts (task_id, external_id, id, batch_id, published_at, likes, occurrences, first_run, last_seen_run,
			by_owner, deleted, kind, parent_external_id, root_external_id, author_name, author_external_id, body, url)
		SELECT $1, md5(n::text), lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n / 500), 32, '0')::uuid,
			now() - power(random(), 3) * interval '400 days', floor(3 / (random() + 0.0001)) - 3, 1, 1, 1,
			false, n % 200 = 0, CASE n % 3 WHEN 0 THEN 'reply' ELSE 'comment' END, md5((n / 3)::text), 'dQw4w9WgXcQ',
			'@author' || a, 'UC' || md5(a::text), repeat('words ', 5 + n % 40), 'https://www.youtube.com/watch?v=dQw4w9WgXcQ&lc=' || n
		FROM (SELECT n, floor(power(random(), 2) * $2 / 3)::int AS a FROM generate_series(1, $2::int) AS n) AS n`,
		`UPDATE posts SET spam_verdict = CASE WHEN s < 0.1 THEN 'spam' ELSE 'ok' END, spam_score = s, spam_model = 'builtin-spam@1',
			spam_reasons = CASE WHEN s < 0.05 THEN '["link", "repeated"]'::jsonb WHEN s < 0.1 THEN '["promotion"]'::jsonb END
		FROM (SELECT id AS i, random() AS s FROM posts WHERE task_id = $1) AS v WHERE task_id = $1 AND id = i AND $2::int > 0 AND NOT deleted`,
		`UPDATE posts SET sentiment_label = CASE WHEN s < -0.3 THEN 'negative' WHEN s < 0.3 THEN 'neutral' ELSE 'positive' END,
			sentiment_score = s, sentiment_model = 'builtin-sentiment@1'
		FROM (SELECT id AS i, 2 * random() - 1 AS s FROM posts WHERE task_id = $1) AS v WHERE task_id = $1 AND id = i AND $2::int > 0 AND spam_verdict = 'ok'`,
	} {
		_, err := s.db.DB.ExecContext(t.Context(), statement, string(id), posts)
		require.NoError(t, err)
	}
	return user.ID, id
}

// BenchmarkSummary reads the figures of 100,000 posts, which is to take less
// than 200 ms on Postgres. The quickest read is told as well: it is the one that
// no other program on the machine has slowed down.
func BenchmarkSummary(b *testing.B) {
	for _, name := range []string{"as written", "analysed"} {
		b.Run(name, func(b *testing.B) {
			s := newPostgres(b)
			user, id := manyPosts(b, s, 100_000)
			if name == "analysed" {
				_, err := s.db.DB.ExecContext(b.Context(), "VACUUM ANALYZE posts")
				require.NoError(b, err)
			}
			quickest := time.Hour
			for b.Loop() {
				began := time.Now()
				summary, err := s.Summary(b.Context(), user, id)
				require.NoError(b, err)
				require.EqualValues(b, 100_000, summary.Total)
				quickest = min(quickest, time.Since(began))
			}
			b.ReportMetric(float64(quickest.Microseconds())/1000, "ms/quickest")
		})
	}
}
