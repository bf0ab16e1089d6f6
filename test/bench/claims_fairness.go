package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	smallTasks = 200
	// smallPosts makes a task small: a page of comments, judged and scored.
	smallPosts = 20
	// posters post and watch tasks at a time.
	posters = 8
	// slower is how much longer small tasks may take beside a large one.
	slower = 3
	// underWay is when the large task counts as running.
	underWay = 1000
)

// measureFairness posts 200 small tasks alone, beside a task of 51,756 comments
// of the same user, and beside one of another user.
func measureFairness(ctx context.Context, b *bench) error {
	platform, environ, err := b.startPlatform(ctx, 1)
	if err != nil {
		return err
	}
	defer platform.stop()
	address, drop, err := b.newDatabase(ctx)
	if err != nil {
		return err
	}
	defer drop()
	folder, err := b.newFolder("fairness")
	if err != nil {
		return err
	}
	environ = append(environ, "DATABASE_URL="+address, "REDIS_URL="+b.servers.Redis.URL, "SOUNDINGS_DATA_DIR="+folder)
	served, err := b.start(ctx, "serve", environ...)
	if err != nil {
		return err
	}
	defer served.stop()
	c, err := b.newClient(ctx, served, address)
	if err != nil {
		return err
	}
	out, err := b.command(ctx, "apikey create --user another", "DATABASE_URL="+address).Output()
	if err != nil {
		return err
	}
	another := client{served.url, strings.TrimSpace(string(out))}
	videos, err := b.smallVideos()
	if err != nil {
		return err
	}
	if _, err := c.small(ctx, videos); err != nil { // caches get warm
		return err
	}
	alone, err := c.small(ctx, videos)
	if err != nil {
		return err
	}
	for _, large := range []struct {
		whose string
		owner client
	}{{"of the same user", c}, {"of another user", another}} {
		beside, still, err := c.smallBeside(ctx, large.owner, videos)
		if err != nil {
			return err
		}
		b.table.growth(fmt.Sprintf("%d small tasks beside one of 51,756 comments %s take", smallTasks, large.whose), beside, alone, slower, "s")
		b.table.note("… the large one by then", still)
	}
	return nil
}

// smallVideos returns the addresses of videos of the corpus, in turns.
func (b *bench) smallVideos() ([]string, error) {
	posts, err := b.corpus.load(1)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var videos []string
	for _, p := range posts {
		if !seen[p.RootExternalID] {
			seen[p.RootExternalID] = true
			videos = append(videos, "https://www.youtube.com/watch?v="+p.RootExternalID)
		}
	}
	return videos, nil
}

// smallBeside posts the small tasks while the owner's large one runs. It tells
// how far that was when they were done.
func (c client) smallBeside(ctx context.Context, owner client, videos []string) (seconds float64, still string, err error) {
	large, err := owner.analyze(ctx, playlistURL)
	if err != nil {
		return 0, "", err
	}
	path := "/tasks/" + large.ID
	for large.Progress.Posts.Fetched < underWay {
		if err := wait(ctx, lookEvery); err != nil {
			return 0, "", err
		}
		if err := owner.call(ctx, http.MethodGet, path, nil, &large); err != nil {
			return 0, "", err
		}
	}
	if seconds, err = c.small(ctx, videos); err != nil {
		return 0, "", err
	}
	if err := owner.call(ctx, http.MethodGet, path, nil, &large); err != nil {
		return 0, "", err
	}
	still = fmt.Sprintf("%d comments, %s", large.Progress.Posts.Fetched, large.Status)
	_, err = owner.completed(ctx, large.ID, 50*time.Millisecond)
	return seconds, still, err
}

// small posts the small tasks and returns how long it takes until all are done.
func (c client) small(ctx context.Context, videos []string) (seconds float64, err error) {
	group, ctx := errgroup.WithContext(ctx)
	made := make(chan string, smallTasks)
	began := time.Now()
	posting, postingCtx := errgroup.WithContext(ctx)
	posting.SetLimit(posters)
	group.Go(func() error {
		defer close(made)
		for i := range smallTasks {
			posting.Go(func() error {
				var t taskDocument
				err := c.call(postingCtx, http.MethodPost, "/tasks", map[string]any{
					"url": videos[i%len(videos)], "options": map[string]any{"maxPosts": smallPosts},
				}, &t)
				made <- t.ID
				return err
			})
		}
		return posting.Wait()
	})
	group.Go(func() error {
		for id := range made {
			if _, err := c.completed(ctx, id, 10*time.Millisecond); err != nil {
				return err
			}
		}
		return nil
	})
	err = group.Wait()
	return time.Since(began).Seconds(), err
}
