package faults_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/stretchr/testify/require"
)

const (
	// clockSkew names how many seconds the clock of a skewed program is ahead.
	clockSkew   = "FAULTS_CLOCK_SKEW"
	skewSeconds = 600
)

// skewClock runs the second worker with another time of day.
func (w *world) skewClock(times int) {
	path, err := skewedSoundings()
	require.NoError(w.t, err)
	w.skewed = path
	e := wholly(w.of)
	e.noAttempt = true
	for range times {
		w.stopWorkers()
		w.startWorker(0)
		w.startWorker(1)
		id := w.begin()
		w.midway(id)
		w.workers[0].kill() // the skewed one has to take over by the leases
		w.row.times++
		w.audit(id, e)
		w.startWorker(0)
	}
}

// skewedSoundings is the program over a standard library whose time.Now adds what the environment says. libfaketime
// does not reach a static Go program; this reaches all of it, its libraries included, and leaves the sources alone.
var skewedSoundings = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	original := filepath.Join(strings.TrimSpace(string(out)), "src", "time", "time.go")
	text, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	const read = "sec, nsec, mono := runtimeNow()\n"
	changed := strings.ReplaceAll(string(text), read, read+"\tsec += skew\n") + `
var skew = func() int64 {
	said, _ := syscall.Getenv("` + clockSkew + `")
	seconds, _ := atoi(said)
	return int64(seconds)
}()
`
	changed = strings.Replace(changed, "import (\n", "import (\n\t\"syscall\"\n", 1)
	replaced := filepath.Join(built, "time.go.txt")
	if err := os.WriteFile(replaced, []byte(changed), 0o600); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{original: replaced}})
	if err != nil {
		return "", err
	}
	file := filepath.Join(built, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return "", err
	}
	return build("soundings-skewed", "-overlay", file)
})
