package bootstrap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/soundings-io/soundings/adapters/files"
	"github.com/soundings-io/soundings/adapters/rest"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

type analyzeCommand struct {
	URL      string `arg:"" help:"A YouTube or Reddit address."`
	Export   string `help:"Write all posts to this file; its ending names the format: .csv, .ndjson, .xlsx or .parquet." type:"path" placeholder:"FILE"`
	Report   string `help:"Write what came of it to this file as a web page: .html." type:"path" placeholder:"FILE"`
	MaxPosts int64  `help:"Store at most this many comments and replies; 0 is all." default:"0"`
	JSON     bool   `name:"json" help:"Print the task and its summary as JSON."`
}

const (
	pollEvery = 200 * time.Millisecond
	// longestWait is how long a park may be that is waited for.
	longestWait = time.Minute
)

// run analyses in this process: the queue is in memory, the rows are where the
// configuration says, and nobody else's work is touched.
func (c *analyzeCommand) run(ctx context.Context, config Config, v Version, s Streams) int {
	format := strings.TrimPrefix(filepath.Ext(c.Export), ".")
	if c.Export != "" && !slices.Contains(files.Formats{}.Formats(), format) {
		fmt.Fprintf(s.Err, "soundings: --export: the file must end in .%s\n", strings.Join(files.Formats{}.Formats(), " or ."))
		return ExitUsage
	}
	if c.Report != "" && filepath.Ext(c.Report) != ".html" {
		fmt.Fprintln(s.Err, "soundings: --report: the file must end in .html")
		return ExitUsage
	}
	config.Queue = QueueMemory
	config.HTTPAddr, config.WorkerAddr, config.MetricsAddr = "", "", "" // it listens nowhere
	app, closeApp, err := Open(ctx, config, v, config.quietLogger(s.Err))
	if err != nil {
		return failUnlessInterrupted(ctx, s, err)
	}
	defer closeApp()
	local, err := app.Accounts.Local(ctx, localUser)
	if err != nil {
		return fail(s, err)
	}
	created, err := app.Tasks.Create(ctx, local, application.NewTask{
		URLs: []string{c.URL}, Options: task.Options{MaxPosts: c.MaxPosts, IncludeReplies: true},
	})
	if err != nil && ctx.Err() == nil {
		return failWith(s, err)
	}
	if err != nil {
		return ExitInterrupted
	}
	app.Dispatcher.Only(created.ID)
	ended, err := app.runUntilEnded(ctx, local, created, newProgress(s.Err))
	if err != nil {
		return fail(s, err)
	}
	return c.report(ctx, app, local, ended, s)
}

// failUnlessInterrupted tells Ctrl-C, which needs no words, from failures.
func failUnlessInterrupted(ctx context.Context, s Streams, err error) int {
	if ctx.Err() != nil {
		return ExitInterrupted
	}
	return fail(s, err)
}

// failWith tells wrong usage from other failures.
func failWith(s Streams, err error) int {
	code := fail(s, fmt.Errorf("%s", fault.As(err).Message))
	if fault.Is(err, fault.Invalid) {
		return ExitUsage
	}
	return code
}

// runUntilEnded works on the task until it has ended, waits too long, or ctx
// ends, and returns it as it is then.
func (a *App) runUntilEnded(ctx context.Context, by access.Caller, t task.State, p progress) (task.State, error) {
	working, stop := context.WithCancel(ctx)
	defer stop()
	worked := make(chan error, 1)
	go func() { worked <- a.Run(working, Roles{Worker: true, Guest: true}, func(string) {}) }()
	defer p.done()

	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !t.Status.Ended() && !waitsTooLong(t) && ctx.Err() == nil {
		select {
		case err := <-worked:
			if err != nil {
				return t, err
			}
			worked <- nil
		case <-ctx.Done():
		case <-tick.C:
		}
		now, err := a.Tasks.Task(context.WithoutCancel(ctx), by, t.ID)
		if err != nil {
			stop()
			return t, errors.Join(err, <-worked)
		}
		t = now
		p.show(t)
	}
	stop()
	return t, <-worked
}

func waitsTooLong(t task.State) bool {
	return t.Status == task.Waiting && time.Until(t.RetryAt) > longestWait
}

// report writes the export and the report and prints the summary, also when Ctrl-C
// came or the task waits.
func (c *analyzeCommand) report(ctx context.Context, app *App, by access.Caller, t task.State, s Streams) int {
	interrupted := ctx.Err() != nil
	ctx = context.WithoutCancel(ctx)
	if interrupted && !t.Status.Ended() {
		fmt.Fprintf(s.Err, "Interrupted. What was fetched is kept in task %s; `soundings serve` goes on with it.\n", t.ID)
		return ExitInterrupted
	}
	if err := app.Words.WorkOut(ctx, t.ID); err != nil {
		return fail(s, err)
	}
	summary, err := app.Tasks.Summary(ctx, by, t.ID)
	if err != nil {
		return fail(s, err)
	}
	var written *exported
	if c.Export != "" {
		if written, err = c.export(ctx, app, by, t.ID); err != nil {
			return fail(s, fmt.Errorf("%s", fault.As(err).Message))
		}
	}
	if c.Report != "" {
		if err := writeReport(ctx, c.Report, t, summary); err != nil {
			return fail(s, fmt.Errorf("--report: %w", err))
		}
	}
	if c.JSON {
		err = printJSON(s, t, summary)
	} else {
		err = printSummary(s.Out, t, summary, written, c.Report)
	}
	if err != nil {
		return fail(s, err)
	}
	return exitCode(t)
}

func exitCode(t task.State) int {
	switch t.Status {
	case task.Completed:
		return ExitOK
	case task.Failed, task.Cancelled:
		return ExitFailed
	}
	return ExitPartial
}

func printJSON(s Streams, t task.State, summary analysis.Summary) error {
	e := json.NewEncoder(s.Out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(map[string]any{"task": rest.TaskDocument(t), "summary": rest.SummaryDocument(summary)})
}

type exported struct {
	path string
	rows int64
}

// export writes all posts to the file, and the manifest beside it; both appear
// whole, or neither.
func (c *analyzeCommand) export(ctx context.Context, app *App, by access.Caller, id task.ID) (*exported, error) {
	dir, err := files.OpenDir(filepath.Dir(c.Export))
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	name, ending := filepath.Base(c.Export), filepath.Ext(c.Export)
	format := strings.TrimPrefix(ending, ".")
	exporter := application.NewExporter(app.Store, dir, app.Formats, application.ExportLifetime{}, newManifestEncoder())
	spec, err := exporter.Save(ctx, by.User.ID, task.ExportSpec{
		TaskID: id, Format: format, FormulaGuard: format == "csv", FileName: strings.TrimSuffix(name, ending),
	}, application.ExportNames{File: name, Manifest: name + ".manifest.json"})
	return &exported{path: c.Export, rows: spec.Rows}, err
}
