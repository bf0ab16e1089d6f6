package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/test/fakeapi"
)

// benchUser owns what the benchmarks store; `apikey create` makes his key.
const benchUser = "bench"

// corpus holds the recorded comments of 2013 as posts: real texts, real
// lengths, real repetition.
type corpus struct{ posts []content.Post }

// load returns the posts of the corpus, and as many times more under other ids.
func (c *corpus) load(times int) ([]content.Post, error) {
	if len(c.posts) == 0 {
		fixtures := os.Getenv("FIXTURES_DIR")
		if fixtures == "" {
			fixtures = "../shared/fixtures"
		}
		data, err := fakeapi.LoadCorpus2013(fixtures)
		if err != nil {
			return nil, err
		}
		for _, video := range data.VideoIDs() {
			for _, comment := range data.Comments(video) {
				c.posts = append(c.posts, corpusPost(comment))
			}
		}
	}
	posts := make([]content.Post, 0, times*len(c.posts))
	for n := range times {
		for _, p := range c.posts {
			if n > 0 {
				p.ExternalID = fmt.Sprintf("%s-%d", p.ExternalID, n)
			}
			posts = append(posts, p)
		}
	}
	return posts, nil
}

func corpusPost(c fakeapi.Comment) content.Post {
	return content.Post{
		ExternalID: c.ID, ParentExternalID: c.VideoID, RootExternalID: c.VideoID, Kind: content.CommentPost,
		Author: content.Author{Name: c.Author, ExternalID: c.AuthorChannelID}, Text: c.Text, Likes: c.Likes,
		PublishedAt: c.PublishedAt, URL: "https://www.youtube.com/watch?v=" + c.VideoID + "&lc=" + c.ID,
	}.Cleaned()
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// leases makes a task of so many sources and claims the subtask of each.
func leases(ctx context.Context, store ports.Store, n int) (task.State, []ports.Lease, error) {
	user, err := store.EnsureUser(ctx, access.User{ID: access.UserID(newID()), Name: benchUser, CreatedAt: time.Now()})
	if err != nil {
		return task.State{}, nil, err
	}
	sources := make([]content.Source, n)
	for i := range sources {
		sources[i] = content.Source{Provider: content.YouTube, Kind: content.Video, ExternalID: fmt.Sprintf("BenchVideo%d", i), URL: fmt.Sprintf("https://www.youtube.com/watch?v=BenchVideo%d", i)}
	}
	made, first := task.NewAnalysis(user.ID, sources, "", task.Options{IncludeReplies: true}, newID, time.Now())
	if err := store.CreateTask(ctx, made, first); err != nil {
		return task.State{}, nil, err
	}
	claimed := make([]ports.Lease, n)
	for i, sub := range first {
		d := ports.Delivery{SubtaskID: sub.State().ID, Generation: sub.State().Generation}
		if claimed[i], err = store.Claim(ctx, d, "bench", time.Hour); err != nil {
			return task.State{}, nil, err
		}
	}
	return made.State(), claimed, nil
}

// walk stores the posts in pages as a fetcher does, one walker for each lease
// and each with a share of the posts, and returns how long that took.
func walk(ctx context.Context, store ports.Store, claimed []ports.Lease, posts []content.Post, size int) (time.Duration, error) {
	group, ctx := errgroup.WithContext(ctx)
	share := (len(posts) + len(claimed) - 1) / len(claimed)
	began := time.Now()
	for i, mine := range slices.Collect(slices.Chunk(posts, share)) {
		group.Go(func() error {
			lease, number := claimed[i], 0
			for page := range slices.Chunk(mine, size) {
				number++
				stored, err := store.SavePage(ctx, lease, ports.PageWrite{
					Posts: page, Cursor: content.Cursor{Token: fmt.Sprint("page", number), Page: number}, FreshBatch: task.BatchID(newID()),
				})
				if err != nil {
					return err
				}
				lease.Subtask = stored.Subtask
			}
			return nil
		})
	}
	err := group.Wait()
	return time.Since(began), err
}
