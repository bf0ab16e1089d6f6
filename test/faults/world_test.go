package faults_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// The queues that the suite runs with.
const (
	asynqQueue = "asynq"
	riverQueue = "river"
)

// site is the servers of one queue's faults, with the network that leads to them.
type site struct {
	t                   *testing.T
	queue               string
	postgres, redis     *server
	toPostgres, toRedis *link
	// key is an API key of the template, and so of every database.
	key       string
	databases int
}

const templateDatabase = "soundings"

func newSite(t *testing.T, queue string) *site {
	t.Helper()
	s := &site{t: t, queue: queue, postgres: startPostgres(t)}
	s.toPostgres = newLink(t, s.postgres)
	if queue == asynqQueue {
		s.redis = startRedis(t)
		s.toRedis = newLink(t, s.redis)
	}
	s.execute("CREATE DATABASE " + templateDatabase)
	address := "DATABASE_URL=" + s.postgres.database(templateDatabase)
	s.command(address, "migrate")
	s.key = s.command(address, "apikey", "create", "--user", "faults", "--permission", "tasks:read",
		"--permission", "tasks:write", "--permission", "exports:write", "--permission", "queues:admin")
	return s
}

func (s *site) command(environ string, args ...string) string {
	s.t.Helper()
	path, err := soundings()
	require.NoError(s.t, err)
	cmd := exec.Command(path, args...)
	cmd.Env, cmd.Dir = []string{environ, "SOUNDINGS_DATA_DIR=" + s.t.TempDir()}, s.t.TempDir()
	out, err := cmd.Output()
	if exit, ok := err.(*exec.ExitError); ok {
		require.Fail(s.t, strings.Join(args, " ")+": "+string(exit.Stderr))
	}
	require.NoError(s.t, err)
	return strings.TrimSpace(string(out))
}

func (s *site) execute(statement string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.postgres.database("postgres"))
	require.NoError(s.t, err)
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	require.NoError(s.t, err)
}

// fault runs one fault against a deployment of its own.
func (s *site) fault(name string, of source, times int, strike func(w *world, times int), environ ...string) {
	s.t.Run(name, func(t *testing.T) {
		began := time.Now()
		w := s.deploy(t, of, environ)
		w.row = table.add(s.queue, name)
		strike(w, times)
		t.Logf("%d times in %d runs, %s", w.row.times, w.row.runs, time.Since(began).Round(time.Second))
	})
}

// world is one deployment: an API, two workers, an empty database and the platform behind them.
type world struct {
	*client
	site     *site
	row      *row
	of       source
	fake     *fakeapi.Server
	database string
	exports  string
	environ  []string
	logs     *logbook
	api      *process
	workers  [2]*process
	// skewed is the program of the second worker, where it is another one.
	skewed string
	random *rand.Rand
}

func (s *site) deploy(t *testing.T, of source, environ []string) *world {
	t.Helper()
	s.databases++
	w := &world{
		client: &client{t: t, key: s.key, http: http.Client{Timeout: 30 * time.Second}},
		site:   s, of: of, fake: fakeapi.Run(t, of.data), database: "faults" + strconv.Itoa(s.databases),
		exports: t.TempDir(), logs: &logbook{}, random: rand.New(rand.NewPCG(4, uint64(s.databases))),
	}
	s.execute("CREATE DATABASE " + w.database + " TEMPLATE " + templateDatabase)
	w.environ = append([]string{
		"HTTP_ADDR=127.0.0.1:0", "SOUNDINGS_DATA_DIR=" + t.TempDir(), "EXPORT_URL=file://" + w.exports,
		"LOG_FORMAT=json", "REQUESTS_PER_SECOND=0", "QUEUE=" + s.queue,
		"DATABASE_URL=" + databaseAt(s.toPostgres.address(), w.database),
		"YOUTUBE_API_URL=" + w.fake.YouTubeURL(), "YOUTUBE_MASTER_ACCESS_TOKEN=" + fakeapi.DemoKey, "YOUTUBE_DAILY_QUOTA=0",
	}, environ...)
	if s.redis != nil {
		w.environ = append(w.environ, "REDIS_URL=redis://"+s.toRedis.address()+"/0")
		w.flush()
	}
	w.calm()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("the last warnings:\n" + w.logs.String())
		}
	})
	w.startAll()
	return w
}

// calm ends all faults of the platform but the time that its pages take.
func (w *world) calm() {
	w.fake.ClearRules()
	if w.of.pageDelay > 0 {
		w.fake.Inject(fakeapi.Rule{
			Service: fakeapi.YouTube, Path: "comment*", Effect: fakeapi.Delayed, DelayMillis: w.of.pageDelay.Milliseconds(),
		})
	}
}

func (w *world) startAll() {
	w.t.Helper()
	path, err := soundings()
	require.NoError(w.t, err)
	w.api = spawn(w.t, path, "api", w.environ, w.logs)
	w.url = "http://" + w.api.address()
	for i := range w.workers {
		w.startWorker(i)
	}
}

func (w *world) startWorker(i int) {
	w.t.Helper()
	path, err := soundings()
	require.NoError(w.t, err)
	environ := w.environ
	if i == 1 && w.skewed != "" {
		path = w.skewed
		environ = append(environ[:len(environ):len(environ)], clockSkew+"="+strconv.Itoa(skewSeconds))
	}
	w.workers[i] = spawn(w.t, path, "worker", environ, w.logs)
	w.workers[i].address()
}

func (w *world) stopWorkers() {
	w.t.Helper()
	for _, p := range w.workers {
		p.ask()
	}
	for _, p := range w.workers {
		p.gone(endsWithin)
	}
}

// flush empties Redis.
func (w *world) flush() {
	w.t.Helper()
	client := w.redisClient()
	defer client.Close()
	require.NoError(w.t, client.FlushAll(w.t.Context()).Err())
}

// redisClient reaches Redis past the proxy.
func (w *world) redisClient() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: w.site.redis.address})
}

// begin posts a task over the whole source.
func (w *world) begin() string {
	w.t.Helper()
	var made task
	w.must(http.MethodPost, "/tasks", `{"url":"`+w.of.address()+`"}`, http.StatusAccepted, &made)
	w.row.runs++
	return made.ID
}

// midway waits until a part of the posts is there, between an eighth and a half.
func (w *world) midway(id string) {
	w.t.Helper()
	part := len(w.of.comments()) * (1 + w.random.IntN(4)) / 8
	until(w.t, runWithin, "the run is under way", func() bool {
		t := w.task(id)
		return t.ended() || t.Progress.Posts.Fetched > part
	})
}

// struck runs a task, lets the fault strike in its middle, and audits what came of it; so many times.
func (w *world) struck(times int, e expectation, strike func(id string)) {
	w.t.Helper()
	for range times {
		id := w.begin()
		w.midway(id)
		strike(id)
		w.row.times++
		w.audit(id, e)
	}
}
