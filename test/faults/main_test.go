// Package faults_test breaks what Soundings stands on while it works, and counts what is lost: real processes of the
// built program, a Postgres and a Redis of its own that it may restart, the network between them through toxiproxy.
//
// `go test ./test/faults` is the short form on small data, a part of `make test`; `make test-faults` is the full one
// over the 51,756 comments of the recorded corpus. Both end with a table.
package faults_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"text/tabwriter"
)

var (
	full    = flag.Bool("full", false, "the full suite over the recorded corpus, about 20 minutes")
	program = flag.String("soundings", "", "the program to break; it is built from this tree where it is not named")
)

// built is the folder of the programs that the suite has built.
var built string

func TestMain(m *testing.M) {
	flag.Parse()
	if !*full {
		// Most of the short form is waiting: as many sites as there are, however few processors.
		_ = flag.Set("test.parallel", strconv.Itoa(sites))
	}
	var err error
	if built, err = os.MkdirTemp("", "soundings-faults-"); err != nil {
		panic(err)
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted
		end(1)
	}()
	end(m.Run())
}

// end prints the table, also of a run that was interrupted, and leaves nothing behind.
func end(code int) {
	table.print()
	started.Range(func(cmd, _ any) bool {
		_ = cmd.(*exec.Cmd).Process.Signal(syscall.SIGQUIT)
		return true
	})
	_ = os.RemoveAll(built)
	os.Exit(code)
}

// started are the servers that run, as *exec.Cmd.
var started sync.Map

// soundings is the program under test, built once.
var soundings = sync.OnceValues(func() (string, error) {
	if *program != "" {
		return filepath.Abs(*program)
	}
	return build("soundings")
})

// build makes the program as `make build` does.
func build(name string, flags ...string) (string, error) {
	path := filepath.Join(built, name)
	args := append([]string{"build", "-trimpath", "-o", path}, flags...)
	cmd := exec.Command("go", append(args, "github.com/soundings-io/soundings/bootstrap/cmd/soundings")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return path, nil
}

// row is what one fault came to.
type row struct {
	queue, fault string
	// times is how often the fault struck, runs how many tasks it struck.
	times, runs int
	// lost are posts of the source that are not stored, doubled those that are stored twice or that the source never
	// had, stuck tasks that did not end, and wrong whatever else differs: texts, counters, verdicts, dead letters.
	lost, doubled, stuck, wrong int
}

// results is the table.
type results struct {
	mu   sync.Mutex
	rows []*row
}

var table results

func (r *results) add(queue, fault string) *row {
	r.mu.Lock()
	defer r.mu.Unlock()
	added := &row{queue: queue, fault: fault}
	r.rows = append(r.rows, added)
	return added
}

func (r *results) print() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rows) == 0 {
		return
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "queue\tfault\ttimes\truns\tposts lost\tposts doubled\ttasks stuck\twrong otherwise")
	for _, queue := range []string{asynqQueue, riverQueue} {
		for _, f := range r.rows {
			if f.queue == queue {
				fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\n", f.queue, f.fault, f.times, f.runs, f.lost, f.doubled, f.stuck, f.wrong)
			}
		}
	}
	_ = w.Flush()
}
