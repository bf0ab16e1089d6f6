package faults_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// sites is how many the suite has.
const sites = 4

// TestFaults breaks one thing after the other at four sites at the same time: most of it is waiting until a lease runs
// out. A number of times is that of the short form and that of the full one; 0 leaves the fault to the other.
func TestFaults(t *testing.T) {
	for _, tc := range [sites]struct {
		name, queue string
		strike      func(*site)
	}{
		{"asynq", asynqQueue, onAsynq},
		{"around asynq", asynqQueue, aroundAsynq},
		{"river", riverQueue, onRiver},
		{"around river", riverQueue, aroundRiver},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tc.strike(newSite(t, tc.queue))
		})
	}
}

// What breaks Postgres is the same to both queues but for what River keeps there: the short form tries it on River.
func onAsynq(s *site) {
	s.workers(3, 50)
	s.atServer("Redis flushed", 1, 5, (*world).flushQueue, "SOUNDINGS_CONCURRENCY=1")
	s.atServer("Redis restarted, empty", 0, 3, (*world).restartRedis, "SOUNDINGS_CONCURRENCY=2")
	s.database(0)
	s.atServer("clock of a worker 10 minutes ahead", 0, 2, (*world).skewClock)
}

func aroundAsynq(s *site) {
	s.network("Postgres", s.toPostgres, 0)
	s.network("Redis", s.toRedis, 1)
	s.deliveries(1, 3)
	s.upstream()
	s.atServer("export disk full", 1, 2, (*world).exportOntoFullDisk)
}

func onRiver(s *site) {
	s.workers(2, 50)
	s.atServer("clock of a worker 10 minutes ahead", 0, 2, (*world).skewClock)
	s.deliveries(1, 3)
}

func aroundRiver(s *site) {
	s.database(1)
	s.network("Postgres", s.toPostgres, 1)
}

// atServer strikes a run over the whole source.
func (s *site) atServer(name string, short, long int, strike func(w *world, times int), environ ...string) {
	if times := pick(short, long); times > 0 {
		s.fault(name, wholeSource(s.t), times, strike, environ...)
	}
}

// pick returns how often in this form of the suite.
func pick(short, long int) int {
	if *full {
		return long
	}
	return short
}

func (s *site) workers(short, long int) {
	s.atServer("kill -9 of a worker", short, long, (*world).killWorkers)
	s.atServer("SIGTERM of a worker", 1, 10, (*world).terminateWorkers)
	s.atServer("SIGTERM twice at once", 0, 10, (*world).terminateWorkersTwice)
}

// killWorkers kills one of the two workers after a random time and starts it again at once.
func (w *world) killWorkers(times int) {
	w.anyWorker(times, func(i int) { w.workers[i].kill() })
}

// terminateWorkers asks for an end in order, which hands back what runs.
func (w *world) terminateWorkers(times int) {
	w.anyWorker(times, func(i int) {
		w.workers[i].ask()
		w.workers[i].gone(endsWithin)
		if code := w.workers[i].cmd.ProcessState.ExitCode(); code != 0 {
			w.wrong("a worker that was asked to stop exits with %d", code)
		}
	})
}

// atOnce is how long a process may live after the second signal.
const atOnce = 2 * time.Second

func (w *world) terminateWorkersTwice(times int) {
	w.anyWorker(times, func(i int) {
		w.workers[i].ask()
		for !gone(w.workers[i], 50*time.Millisecond) {
			w.workers[i].ask()
			if !gone(w.workers[i], atOnce) {
				w.wrong("a worker does not leave at the second signal")
				w.workers[i].kill()
			}
		}
	})
}

func gone(p *process, within time.Duration) bool {
	select {
	case <-p.exited:
		return true
	case <-time.After(within):
		return false
	}
}

// anyWorker ends workers at random while tasks run; none of that may spend an attempt.
func (w *world) anyWorker(times int, end func(i int)) {
	e := wholly(w.of)
	e.noAttempt = true
	for w.row.times < times && !w.t.Failed() {
		id := w.begin()
		for w.row.times < times {
			pause(w.t, time.Duration(200+w.random.IntN(1500))*time.Millisecond)
			if w.task(id).ended() {
				break
			}
			i := w.random.IntN(len(w.workers))
			end(i)
			w.startWorker(i)
			w.row.times++
		}
		w.audit(id, e)
	}
}

// flushQueue empties Redis while a delivery stands on the queue: one worker with one handler cannot take all.
func (w *world) flushQueue(times int) {
	client := w.redisClient()
	defer client.Close()
	w.struck(times, wholly(w.of), func(string) {
		until(w.t, runWithin, "a delivery stands on the queue", func() bool {
			waiting, err := client.LLen(w.t.Context(), "asynq:{soundings}:pending").Result()
			return err == nil && waiting > 0
		})
		w.flush()
	})
}

func (w *world) restartRedis(times int) {
	w.struck(times, wholly(w.of), func(string) {
		w.site.redis.end(syscall.SIGKILL)
		pause(w.t, time.Second)
		w.site.redis.start()
	})
}

func (s *site) database(short int) {
	s.atServer("Postgres restarted, fast", short, 3, func(w *world, times int) {
		w.struck(times, wholly(w.of), func(string) { s.postgres.restart(syscall.SIGINT) })
	})
	s.atServer("Postgres crashed", 0, 5, func(w *world, times int) {
		w.struck(times, wholly(w.of), func(string) { s.postgres.restart(syscall.SIGQUIT) })
	})
	if times := pick(short, 5); times > 0 {
		s.fault("Postgres crashed between two pages", smallSource(s.t), times, (*world).crashBetweenPages)
	}
}

// secondPage is how long it takes to come: more than Postgres takes to recover, less than a lease.
const secondPage = 8 * time.Second

// crashBetweenPages ends Postgres just after pages were stored, and has it back before the next ones come: what a
// server that is killed forgets of the last moment must be missed by nobody.
func (w *world) crashBetweenPages(times int) {
	for range times {
		w.fake.ForgetCalls()
		w.fake.ClearRules()
		w.fake.Inject(fakeapi.Rule{
			Service: fakeapi.YouTube, Path: "commentThreads", Query: "pageToken=", Times: smallVideos,
			Effect: fakeapi.Delayed, DelayMillis: secondPage.Milliseconds(),
		})
		id := w.begin()
		until(w.t, runWithin, "a second page is asked for", func() bool {
			for _, call := range w.fake.CallsTo(fakeapi.YouTube, "commentThreads") {
				if call.Query.Get("pageToken") != "" {
					return true
				}
			}
			return false
		})
		w.site.postgres.restart(syscall.SIGQUIT)
		w.row.times++
		w.audit(id, wholly(w.of))
	}
}

// network cuts, slows and silences the way to a server. The long cut and the silence outlast every lease.
func (s *site) network(name string, l *link, short int) {
	lasting := func(d time.Duration, begin, end func()) func(*world, int) {
		return func(w *world, times int) {
			w.struck(times, wholly(w.of), func(string) {
				begin()
				pause(w.t, d)
				end()
			})
		}
	}
	s.atServer("network to "+name+" cut for 3 s", short, 3, lasting(3*time.Second, l.cut, l.join))
	s.atServer("network to "+name+" cut for 20 s", 0, 2, lasting(20*time.Second, l.cut, l.join))
	s.atServer("network to "+name+" slow for 10 s", 0, 2, lasting(10*time.Second, func() { l.poison(slow) }, l.cure))
	s.atServer("network to "+name+" silent for 20 s", 0, 2, lasting(20*time.Second, func() { l.poison(silent) }, l.cure))
}

func (s *site) deliveries(short, long int) {
	s.atServer("deliveries doubled and reordered", short, long, (*world).doubleDeliveries, "SOUNDINGS_CONCURRENCY=2")
}

// exportOntoFullDisk fetches, fills the disk, and exports.
func (w *world) exportOntoFullDisk(times int) {
	id := w.begin()
	whole := w.audit(id, wholly(w.of))
	require.False(w.t, w.t.Failed())
	for range times {
		w.stopWorkers()
		w.api.ask()
		w.api.gone(endsWithin)
		free := w.fillDisk()
		w.exportFails(id, whole.Progress.Posts.Fetched, free)
		w.row.times++
	}
}
