package console_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// BenchmarkPages asks for the pages of a task with 100,000 posts. A page is to
// take 50 ms at most on the server (issue 5).
func BenchmarkPages(b *testing.B) {
	bundle := setup(b)
	id := bundle.ada.created(someVideo)
	last := bundle.filled(100_000)
	path := "/console/tasks/" + string(id)
	for name, page := range map[string]string{
		"tasks": "/console/tasks", "task": path, "posts": path + "/posts", "oldest": path + "/posts?sort=published", "liked": path + "/posts?sort=-likes",
		"spam": path + "/posts?spam=spam", "search": path + "/posts?q=number+99", "search for nothing": path + "/posts?q=nowhere",
		"thread": path + "/thread?post=" + last, "plot": path + "/plots/mix.svg",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				got := bundle.ada.get(page)
				require.Equal(b, http.StatusOK, got.status)
			}
		})
	}
}

// filled stores so many posts, a reply in four, and ends the task; it returns the
// external id of the last.
func (b *testBundle) filled(n int) string {
	b.Helper()
	lease := b.claim()
	const page = 1000
	last := ""
	for at := 0; at < n; at += page {
		var posts []content.Post
		for i := at; i < at+page; i++ {
			p := comment(fmt.Sprintf("c%06d", i), fmt.Sprintf("comment number %d, as long as most of them are in the field", i))
			if i%4 == 3 {
				p = reply(p.ExternalID, fmt.Sprintf("c%06d", i-1), p.Text)
			}
			p.Likes, p.PublishedAt = int64(i*7919%1000), published.AddDate(0, 0, i/400)
			posts, last = append(posts, p), p.ExternalID
		}
		write := ports.PageWrite{Posts: posts, FreshBatch: task.BatchID(newID()), Opened: 1, Cursor: content.Cursor{Token: fmt.Sprint(at), Page: at/page + 1}}
		if at+page >= n {
			end := task.Succeed()
			write.Cursor.Token, write.End = "", &end
		}
		stored, err := b.store.SavePage(b.Context(), lease, write)
		require.NoError(b, err)
		lease.Subtask = stored.Subtask
	}
	return last
}
