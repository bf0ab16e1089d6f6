package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/soundings-io/soundings/test/fakeapi"
)

const (
	playlistURL = "https://www.youtube.com/playlist?list=" + fakeapi.CorpusPlaylistID
	// grownTimes is how much more the second run fetches.
	grownTimes  = 10
	pipelineEnd = 10 * time.Minute
)

// measurePipeline runs the whole job, from an address to scored comments, with
// real processes: the platform, the API, one worker.
func measurePipeline(ctx context.Context, b *bench) error {
	copied, err := b.copyRate(ctx)
	if err != nil {
		return err
	}
	for _, set := range []struct {
		name string
		run  func(ctx context.Context, times, runs int) (pipelineRun, error)
	}{
		{"Postgres + Redis", b.runApart},
		{"embedded", b.runEmbedded},
	} {
		one, err := set.run(ctx, 1, rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", set.name, err)
		}
		b.table.atLeast("pipeline, "+set.name+", to beside \\copy", one.rate(), copied, 0.08, "comments/s")
		b.table.note("… aim 0.15", fmt.Sprintf("%.3f", one.rate()/copied))
		b.table.note("… stages of the last run", one.stages)
		b.table.note("… seconds of a core, all runs", one.cores)
		b.table.below("… peak memory of the process that works (VmHWM)", one.peak, 120, "MiB")
		ten, err := grown(ctx, set.run)
		if err != nil {
			return fmt.Errorf("%s, %d times the comments: %w", set.name, grownTimes, err)
		}
		b.table.growth(fmt.Sprintf("… %d times the comments take", grownTimes), ten.seconds, one.seconds, 1.1*grownTimes, "s")
		b.table.below("… peak memory then", ten.peak, 120, "MiB")
		b.table.note("… stages then", ten.stages)
		b.table.note("… seconds of a core then", ten.cores)
	}
	return nil
}

// grown runs the job on more comments, each time in a new database, and returns
// the run that took the median time, with the largest memory of all.
func grown(ctx context.Context, run func(ctx context.Context, times, runs int) (pipelineRun, error)) (pipelineRun, error) {
	var all []pipelineRun
	for range rounds {
		r, err := run(ctx, grownTimes, 1)
		if err != nil {
			return r, err
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b pipelineRun) int { return cmp.Compare(a.seconds, b.seconds) })
	middle := all[len(all)/2]
	for _, r := range all {
		middle.peak = max(middle.peak, r.peak)
	}
	return middle, nil
}

// pipelineRun is what some runs of the same job came to.
type pipelineRun struct {
	posts   int64
	seconds float64 // the median
	peak    float64 // MiB
	stages  string
	cores   string
}

func (r pipelineRun) rate() float64 { return float64(r.posts) / r.seconds }

// runApart has the API and one worker on Postgres and Redis.
func (b *bench) runApart(ctx context.Context, times, runs int) (r pipelineRun, err error) {
	platform, environ, err := b.startPlatform(ctx, times)
	if err != nil {
		return r, err
	}
	defer platform.stop()
	address, drop, err := b.newDatabase(ctx)
	if err != nil {
		return r, err
	}
	defer drop()
	folder, err := b.newFolder("apart")
	if err != nil {
		return r, err
	}
	environ = append(environ, "DATABASE_URL="+address, "REDIS_URL="+b.servers.Redis.URL, "SOUNDINGS_DATA_DIR="+folder)
	api, err := b.start(ctx, "api", environ...)
	if err != nil {
		return r, err
	}
	defer api.stop()
	worker, err := b.start(ctx, "worker", environ...)
	if err != nil {
		return r, err
	}
	defer worker.stop()
	c, err := b.newClient(ctx, api, address)
	if err != nil {
		return r, err
	}
	before, err := postgresCPU(ctx, address)
	if err == nil {
		r, err = runJob(ctx, c, worker, runs)
	}
	if err != nil {
		return r, err
	}
	after, err := postgresCPU(ctx, address)
	r.cores = fmt.Sprintf("%s, Postgres %.1f", coresOf(map[string]*process{"worker": worker, "api": api, "platform": platform}), after-before)
	return r, err
}

// runEmbedded has one process and a data folder.
func (b *bench) runEmbedded(ctx context.Context, times, runs int) (r pipelineRun, err error) {
	platform, environ, err := b.startPlatform(ctx, times)
	if err != nil {
		return r, err
	}
	defer platform.stop()
	folder, err := b.newFolder("embedded")
	if err != nil {
		return r, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	served, err := b.start(ctx, "serve", append(environ, "SOUNDINGS_DATA_DIR="+folder)...)
	if err != nil {
		return r, err
	}
	defer served.stop()
	c, err := localClient(served, folder)
	if err != nil {
		return r, err
	}
	r, err = runJob(ctx, c, served, runs)
	r.cores = coresOf(map[string]*process{"serve": served, "platform": platform})
	return r, err
}

// startPlatform runs the fake YouTube as a process of its own and returns the
// environment that leads to it.
func (b *bench) startPlatform(ctx context.Context, times int) (*process, []string, error) {
	cmd := b.command(ctx, "")
	cmd.Path, cmd.Dir = b.program("fakeapi"), ""
	cmd.Args = []string{cmd.Path, "-data", "corpus2013", "-repeat", fmt.Sprint(times)}
	cmd.Env = append(cmd.Env, "FIXTURES_DIR="+os.Getenv("FIXTURES_DIR"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	p, err := launch(cmd)
	if err != nil {
		return nil, nil, err
	}
	var says map[string]any
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &says)
	}
	if err != nil {
		p.stop()
		return nil, nil, fmt.Errorf("fakeapi says %q: %w", line, err)
	}
	p.url = strings.TrimSuffix(fmt.Sprint(says["control"]), "/_fakeapi")
	return p, []string{
		fmt.Sprintf("YOUTUBE_API_URL=%v", says["YOUTUBE_API_URL"]),
		fmt.Sprintf("YOUTUBE_MASTER_ACCESS_TOKEN=%v", says["YOUTUBE_MASTER_ACCESS_TOKEN"]),
		"YOUTUBE_DAILY_QUOTA=0", // a corpus costs more than a day's units
	}, nil
}

// runJob posts the playlist so many times, one task after the other.
func runJob(ctx context.Context, c client, worker *process, runs int) (r pipelineRun, err error) {
	ctx, cancel := context.WithTimeout(ctx, pipelineEnd)
	defer cancel()
	var seconds []float64
	for range runs {
		began := time.Now()
		made, err := c.analyze(ctx, playlistURL)
		if err != nil {
			return r, err
		}
		done, err := c.completed(ctx, made.ID, 20*time.Millisecond)
		if err != nil {
			return r, err
		}
		seconds = append(seconds, time.Since(began).Seconds())
		r.posts = done.Progress.Posts.Fetched
		subtasks, err := c.subtasks(ctx, made.ID)
		if err != nil {
			return r, err
		}
		r.stages = stagesOf(subtasks)
	}
	r.seconds = median(seconds)
	r.peak, err = worker.memory("VmHWM")
	return r, err
}

// stagesOf adds up how long the handlers worked on each type of subtask, waits
// for others included. Eight of them work at a time.
func stagesOf(subtasks []subtaskDocument) string {
	spent, count := map[string]time.Duration{}, map[string]int{}
	for _, s := range subtasks {
		spent[s.Type] += s.FinishedAt.Sub(s.StartedAt)
		count[s.Type]++
	}
	var stages []string
	for _, typ := range []string{"FETCH_CONTENT", "DETECT_SPAM", "ANALYZE_SENTIMENT"} {
		stages = append(stages, fmt.Sprintf("%d × %s %.1f s", count[typ], typ, spent[typ].Seconds()))
	}
	return strings.Join(stages, ", ")
}

func coresOf(processes map[string]*process) string {
	var used []string
	for _, name := range []string{"worker", "serve", "api", "platform"} {
		if p, ok := processes[name]; ok {
			if seconds, err := p.cpu(); err == nil {
				used = append(used, fmt.Sprintf("%s %.1f", name, seconds))
			}
		}
	}
	return strings.Join(used, ", ")
}
