package main

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/soundings-io/soundings/test/fakeapi"
)

const (
	// workersRounds is how often each number of workers is measured, in turns.
	workersRounds = 3
	// upstreamWait and analyserWait are what an answer takes, in milliseconds.
	upstreamWait, analyserWait = 50, 20
	// waitingRuns is the concurrency of each worker: on two cores, which the
	// platform, the API and both servers share, the runs of four workers with
	// more would no longer wait for others but for a core.
	waitingRuns = 1
	// loadUsers share the load, since one user's subtasks on the queue are bounded.
	loadUsers = 4
	// loadPosts is how many comments a task of the waiting load fetches at most: a
	// page. A task of the other load fetches all.
	loadPosts = 100
	// waitingTimes is how many tasks there are of each video: so many that the
	// beginning and the end of a run, where workers have nothing to do, are small.
	waitingTimes = 3
	// fullTasks is how many tasks of the whole corpus fill the cores.
	fullTasks = 2
)

// measureWorkers compares one worker process with two and four, on Postgres and
// Redis: where they wait for others, and where they fill the machine.
func measureWorkers(ctx context.Context, b *bench) error {
	waiting, err := b.waitingLoad()
	if err != nil {
		return err
	}
	took, err := b.compareWorkers(ctx, waiting, 1, 2, 4)
	if err != nil {
		return fmt.Errorf("waiting: %w", err)
	}
	what := fmt.Sprintf("upstream %d ms, analysers %d ms, concurrency %d, one processor each: %%d workers to one", upstreamWait, analyserWait, waitingRuns)
	for _, n := range []int{2, 4} {
		target := map[int]float64{2: 1.8, 4: 3}[n]
		b.table.atLeast(fmt.Sprintf(what, n), took[n].rate(), took[1].rate(), target, "comments/s")
	}
	b.table.note("… seconds of a core: one, two, four", took[1].cores+"; "+took[2].cores+"; "+took[4].cores)
	full := workersLoad{urls: slices.Repeat([]string{playlistURL}, fullTasks)}
	if took, err = b.compareWorkers(ctx, full, 1, 2); err != nil {
		return fmt.Errorf("full cores: %w", err)
	}
	b.table.atLeast("built-in analysers, nobody waits, the processors divided: 2 workers to one", took[2].rate(), took[1].rate(), 0.95, "comments/s")
	b.table.note("… seconds of a core: one, two", took[1].cores+"; "+took[2].cores)
	return nil
}

// workersLoad is what the workers have to do in each run: one task for each
// address, of the users in turns.
type workersLoad struct {
	urls  []string
	posts int
	// rules slow the fake platform down. With rules the analysers are services,
	// and the workers have few runs at a time.
	rules []fakeapi.Rule
}

// processors is how many of the machine's each of so many workers has, as the
// limit of a container would give them. One that waits needs no second.
func (l workersLoad) processors(workers int) int {
	if len(l.rules) > 0 {
		return 1
	}
	return max(1, runtime.NumCPU()/workers)
}

// waitingLoad is a task of each video of the corpus.
func (b *bench) waitingLoad() (workersLoad, error) {
	videos, err := b.smallVideos()
	return workersLoad{urls: slices.Repeat(videos, waitingTimes), posts: loadPosts, rules: []fakeapi.Rule{
		{Service: fakeapi.YouTube, Effect: fakeapi.Delayed, DelayMillis: upstreamWait},
		{Service: fakeapi.Sentiment, Effect: fakeapi.Delayed, DelayMillis: analyserWait},
		{Service: fakeapi.Spam, Effect: fakeapi.Delayed, DelayMillis: analyserWait},
	}}, err
}

// compareWorkers runs the load with each number of workers, in turns, and
// returns what each took in the median.
func (b *bench) compareWorkers(ctx context.Context, load workersLoad, numbers ...int) (map[int]pipelineRun, error) {
	site, err := b.startSite(ctx, load)
	if err != nil {
		return nil, err
	}
	defer site.stop()
	if _, err := site.run(ctx, load, 1); err != nil { // caches get warm
		return nil, err
	}
	seconds, result := map[int][]float64{}, map[int]pipelineRun{}
	for range workersRounds {
		for _, n := range numbers {
			r, err := site.run(ctx, load, n)
			if err != nil {
				return nil, fmt.Errorf("%d workers: %w", n, err)
			}
			seconds[n] = append(seconds[n], r.seconds)
			r.seconds = median(seconds[n])
			result[n] = r
		}
	}
	return result, nil
}

// site is a platform and an API, to which workers can be added.
type site struct {
	*bench
	environ []string
	users   []client
	stops   []func()
}

func (s *site) stop() {
	for _, stop := range slices.Backward(s.stops) {
		stop()
	}
}

// startSite starts what the workers stand on. The load tells how slow the
// platform is; extra is more of the environment.
func (b *bench) startSite(ctx context.Context, load workersLoad, extra ...string) (s *site, err error) {
	s = &site{bench: b}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	platform, environ, err := b.startPlatform(ctx, 1)
	if err != nil {
		return nil, err
	}
	s.stops = append(s.stops, platform.stop)
	if len(load.rules) > 0 {
		if err := (client{url: platform.url}).call(ctx, http.MethodPost, "/_fakeapi/rules", load.rules, nil); err != nil {
			return nil, err
		}
		environ = append(environ, fmt.Sprint("SOUNDINGS_CONCURRENCY=", waitingRuns),
			"SENTIMENT_SERVICE_URL="+platform.url+"/sentiment", "SPAM_SERVICE_URL="+platform.url+"/spam")
	}
	address, drop, err := b.newDatabase(ctx)
	if err != nil {
		return nil, err
	}
	s.stops = append(s.stops, drop)
	folder, err := b.newFolder("workers")
	if err != nil {
		return nil, err
	}
	s.environ = append(append(environ, extra...), "DATABASE_URL="+address, "REDIS_URL="+b.servers.Redis.URL, "SOUNDINGS_DATA_DIR="+folder)
	api, err := b.start(ctx, "api", s.environ...)
	if err != nil {
		return nil, err
	}
	s.stops = append(s.stops, api.stop)
	for n := range loadUsers {
		key, err := b.command(ctx, fmt.Sprintf("apikey create --user user%d", n), "DATABASE_URL="+address).Output()
		if err != nil {
			return nil, err
		}
		s.users = append(s.users, client{api.url, strings.TrimSpace(string(key))})
	}
	return s, nil
}

// run starts so many workers, has them do the load, and ends them.
func (s *site) run(ctx context.Context, load workersLoad, workers int) (r pipelineRun, err error) {
	ctx, cancel := context.WithTimeout(ctx, pipelineEnd)
	defer cancel()
	environ := append(slices.Clone(s.environ), fmt.Sprint("GOMAXPROCS=", load.processors(workers)))
	var all []*process
	defer func() {
		for _, w := range all {
			w.stop()
		}
	}()
	for range workers {
		w, err := s.start(ctx, "worker", environ...)
		if err != nil {
			return r, err
		}
		all = append(all, w)
	}
	began := time.Now()
	made := make([]taskDocument, len(load.urls))
	posting, postingCtx := errgroup.WithContext(ctx)
	posting.SetLimit(posters)
	for i, url := range load.urls {
		posting.Go(func() error {
			body := map[string]any{"url": url, "options": map[string]any{"maxPosts": load.posts}}
			return s.users[i%loadUsers].call(postingCtx, http.MethodPost, "/tasks", body, &made[i])
		})
	}
	if err := posting.Wait(); err != nil {
		return r, err
	}
	for i, t := range made {
		done, err := s.users[i%loadUsers].completed(ctx, t.ID, 50*time.Millisecond)
		if err != nil {
			return r, err
		}
		r.posts += done.Progress.Posts.Scored + done.Progress.Posts.Spam
	}
	r.seconds = time.Since(began).Seconds()
	var used float64
	for _, w := range all {
		seconds, err := w.cpu()
		if err != nil {
			return r, err
		}
		used += seconds
	}
	r.cores = fmt.Sprintf("workers %.1f in %.1f s", used, r.seconds)
	return r, nil
}
