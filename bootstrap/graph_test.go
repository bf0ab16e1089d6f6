package bootstrap

import (
	"log/slog"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// watching is what decorators and collectors are made of.
const watching = "github.com/soundings-io/soundings/adapters/observe"

// walked are the packages whose values are looked into, besides our own: they
// hold what is given to them. Other libraries know nothing of ours.
var walked = []string{"github.com/soundings-io/soundings/", "log/slog", "net/http"}

// graph is a walk over everything that an App holds.
type graph struct {
	*testing.T
	seen map[visit]bool
	// found are the types and functions of package observe, in short.
	found map[string]bool
}

// visit names a value by its address and type: a struct and its first field
// share an address.
type visit struct {
	at   uintptr
	kind reflect.Type
}

// mostVisits bounds the walk; an App has some thousands of values.
const mostVisits = 200_000

// observers returns the names of what the object graph of the App has of
// package observe, unexported fields and closures included. What a closure
// holds cannot be seen, but the closure itself can.
func observers(t *testing.T, app *App) map[string]bool {
	g := graph{t, map[visit]bool{}, map[string]bool{}}
	g.walk(reflect.ValueOf(app))
	require.Less(t, len(g.seen), mostVisits, "the graph was not walked to its end")
	require.Greater(t, len(g.seen), 100, "the graph was hardly walked")
	return g.found
}

func (g graph) walk(v reflect.Value) {
	if !v.IsValid() || len(g.seen) >= mostVisits {
		return
	}
	t := v.Type()
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Func, reflect.Slice:
		at := visit{v.Pointer(), t}
		if v.IsNil() || g.seen[at] {
			return
		}
		g.seen[at] = true
	}
	if strings.HasSuffix(t.PkgPath(), "adapters/observe") && v.Kind() != reflect.Interface {
		g.found[t.Name()] = true
	}
	g.into(v)
}

func (g graph) into(v reflect.Value) {
	switch v.Kind() {
	case reflect.Func:
		g.function(runtime.FuncForPC(v.Pointer()).Name())
	case reflect.Pointer, reflect.Interface:
		g.walk(v.Elem())
	case reflect.Struct:
		if !isWalked(v.Type()) {
			return
		}
		for i := range v.NumField() {
			g.walk(v.Field(i))
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			g.walk(entries.Key())
			g.walk(entries.Value())
		}
	case reflect.Slice, reflect.Array:
		if isPlain(v.Type().Elem()) {
			return
		}
		for i := range v.Len() {
			g.walk(v.Index(i))
		}
	}
}

// function notes a closure or a method of package observe, by the part of its
// name that a person would know.
func (g graph) function(name string) {
	if rest, ok := strings.CutPrefix(name, watching+"."); ok {
		g.found[strings.FieldsFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) })[0]] = true
	}
}

func isWalked(t reflect.Type) bool {
	if t.PkgPath() == "" {
		return true // a struct without a name
	}
	for _, p := range walked {
		if strings.HasPrefix(t.PkgPath(), p) {
			return true
		}
	}
	return false
}

// isPlain tells bytes, numbers and texts, which hold nothing.
func isPlain(t reflect.Type) bool {
	return t.Kind() <= reflect.Complex128 || t.Kind() == reflect.String
}

// openedWith returns an App that has all there is to decorate.
func openedWith(t *testing.T, change func(*Config)) *App {
	t.Helper()
	c, err := LoadConfig([]string{
		"SOUNDINGS_DATA_DIR=" + t.TempDir(), "QUEUE=memory", "WEBHOOK_SECRET=whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
		"YOUTUBE_CLIENT_ID=1-x", "YOUTUBE_CLIENT_SECRET=s", "REDDIT_CLIENT_ID=app", "REDDIT_CLIENT_SECRET=s",
	})
	require.NoError(t, err)
	change(&c)
	app, closeApp, err := Open(t.Context(), c, "test", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(closeApp)
	return app
}

func listensNowhere(c *Config) { c.HTTPAddr, c.WorkerAddr, c.MetricsAddr = "", "", "" }

// counting and tracing are the decorators.
var (
	counting = []string{
		"Metrics", "countedQueue", "countedStore", "countedSchedules", "countedSource", "countedMeter", "countedAuthority",
		"countedDetector", "countedAnalyzer", "countedNotifier",
	}
	tracing = []string{
		"Traces", "tracedQueue", "tracedStore", "tracedSchedules", "tracedSource", "tracedMeter", "tracedAuthority",
		"tracedDetector", "tracedAnalyzer", "tracedNotifier", "carrying", "calling",
	}
)

// TestNothingIsWatchedWhereNobodyReads: a process that listens nowhere, as
// `analyze` and a worker without WORKER_ADDR and METRICS_ADDR do, and that has
// no collector of traces, pays nothing for being watched.
func TestNothingIsWatchedWhereNobodyReads(t *testing.T) {
	t.Parallel()
	assert.Empty(t, observers(t, openedWith(t, listensNowhere)))
	worker := func(c *Config) { *c = c.heardBy(Roles{Worker: true}) }
	assert.Empty(t, observers(t, openedWith(t, worker)), "HTTP_ADDR is the API's")
}

// TestEverythingIsWatchedWhereSomebodyReads proves the walk as well: it finds
// what is there.
func TestEverythingIsWatchedWhereSomebodyReads(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change     func(*Config)
		want, none []string
	}{
		"the API":               {func(*Config) {}, counting, tracing},
		"a worker":              {func(c *Config) { listensNowhere(c); c.WorkerAddr = "127.0.0.1:0" }, counting, tracing},
		"a listener of its own": {func(c *Config) { listensNowhere(c); c.MetricsAddr = "127.0.0.1:0" }, counting, tracing},
		"a collector": {func(c *Config) {
			listensNowhere(c)
			c.OTLPEndpoint, c.SpamServiceURL, c.SentimentServiceURL = "http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:2"
		}, tracing, counting},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := observers(t, openedWith(t, tc.change))
			for _, decorator := range tc.want {
				assert.Contains(t, found, decorator)
			}
			for _, decorator := range tc.none {
				assert.NotContains(t, found, decorator)
			}
		})
	}
}
