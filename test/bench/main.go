// Command bench measures how fast and how small Soundings is, each figure
// beside its limit on the same machine in the same run, and prints one table.
//
//	go run ./test/bench [-strict] [-rows N] [storage] [pipeline] [export] [reads] [pages] [access] [claims] [fairness] [sweep] [retention] [scale] [latency] [streams] [workers] [telemetry] [footprint]
//
// Without names it runs all parts, in ten minutes or so. -strict makes a missed
// target an exit code of 1. -rows is how many posts are exported, rounded up to
// whole corpora of 51,756; a million take minutes more. BENCH_DATABASE_URL and
// BENCH_REDIS_URL name servers; otherwise Postgres and Redis are started as
// programs, with the durability they come with. Linux alone tells what processes
// use.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/soundings-io/soundings/test/env/servers"
)

// part is one group of measurements. It adds its rows to the bench's table.
type part struct {
	name string
	run  func(ctx context.Context, b *bench) error
}

var parts = []part{
	{"storage", measureStorage},
	{"pipeline", measurePipeline},
	{"export", measureExport},
	{"reads", measureReads},
	{"pages", measurePages},
	{"access", measureAccess},
	{"claims", measureClaims},
	{"fairness", measureFairness},
	{"sweep", measureSweep},
	{"retention", measureRetention},
	{"scale", measureScale},
	{"latency", measureLatency},
	{"streams", measureStreams},
	{"workers", measureWorkers},
	{"telemetry", measureTelemetry},
	{"footprint", measureFootprint},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if len(os.Args) == 2 && os.Args[1] == bareCommand {
		err = serveBare(ctx)
	} else {
		err = run(ctx, os.Args[1:])
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	strict := flags.Bool("strict", false, "exit with 1 if a target is missed")
	rows := flags.Int("rows", 10*corpusRows, "how many posts are exported")
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, err := choose(flags.Args())
	if err != nil {
		return err
	}
	b, err := newBench(ctx)
	if err != nil {
		return err
	}
	defer b.close(ctx)
	b.exportRows = *rows
	for _, p := range chosen {
		b.say("%s …", p.name)
		began := time.Now()
		if err := p.run(ctx, b); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			b.table.broken(p.name, err)
		}
		b.say("%s took %.0f s", p.name, time.Since(began).Seconds())
	}
	fmt.Print(b.table.markdown())
	if missed := b.table.missed(); *strict && missed > 0 {
		return fmt.Errorf("%d targets missed", missed)
	}
	return nil
}

func choose(names []string) ([]part, error) {
	if len(names) == 0 {
		return parts, nil
	}
	var chosen []part
	for _, name := range names {
		i := slices.IndexFunc(parts, func(p part) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no part %q", name)
		}
		chosen = append(chosen, parts[i])
	}
	return chosen, nil
}

// bench is what the parts share.
type bench struct {
	// folder holds the built programs and everything that the parts write.
	folder  string
	servers *servers.Set
	table   table
	corpus  corpus
	// copied is what psql stores in a second, 0 until somebody has measured it.
	copied    float64
	databases int
	// exportRows is how many posts the big export has.
	exportRows int
}

func newBench(ctx context.Context) (b *bench, err error) {
	b = &bench{}
	if b.folder, err = os.MkdirTemp("", "soundings-bench-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			b.close(ctx)
		}
	}()
	b.say("building and starting servers …")
	for _, program := range []string{"./bootstrap/cmd/soundings", "./test/fakeapi/cmd/fakeapi"} {
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", b.folder+"/", program).CombinedOutput(); err != nil {
			return b, fmt.Errorf("building %s: %w\n%s", program, err, out)
		}
	}
	if b.servers, err = servers.Production(ctx); err != nil {
		return b, err
	}
	b.say("Postgres: %s; Redis: %s", b.servers.Postgres.Origin, b.servers.Redis.Origin)
	return b, nil
}

// close stops the servers and removes everything.
func (b *bench) close(ctx context.Context) {
	if b.servers != nil {
		if err := b.servers.Stop(ctx); err != nil {
			b.say("stopping the servers: %v", err)
		}
	}
	if err := os.RemoveAll(b.folder); err != nil {
		b.say("removing files: %v", err)
	}
}

// newFolder returns a new empty folder.
func (b *bench) newFolder(name string) (string, error) {
	return os.MkdirTemp(b.folder, name+"-")
}

// program returns the path of a program that newBench has built.
func (b *bench) program(name string) string { return filepath.Join(b.folder, name) }

// say tells a waiting person what goes on; the table alone goes to stdout.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintln(os.Stderr, "bench:", strings.TrimSpace(fmt.Sprintf(format, args...)))
}
