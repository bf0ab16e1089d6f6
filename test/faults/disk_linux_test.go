package faults_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"syscall"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// tinyDisk is less than any of the exports takes, in bytes.
const tinyDisk = 64 << 10

// fillDisk starts the processes with a disk for exports that is too small, and returns what makes room on it: a file
// system of its own where we may mount one, and otherwise a limit on the size of files, which fails writes alike.
func (w *world) fillDisk() (free func()) {
	w.t.Helper()
	err := syscall.Mount("tmpfs", w.exports, "tmpfs", 0, "size=64k,mode=700")
	if err == nil {
		w.t.Cleanup(func() { _ = syscall.Unmount(w.exports, syscall.MNT_DETACH) })
	}
	w.startAll()
	if err != nil {
		for i := range w.workers {
			w.limitFiles(i, tinyDisk)
		}
		w.t.Logf("no file system may be mounted here (%v): files are limited in size", err)
		return func() {
			for i := range w.workers {
				w.limitFiles(i, unix.RLIM_INFINITY)
			}
		}
	}
	return func() {
		require.NoError(w.t, syscall.Mount("tmpfs", w.exports, "tmpfs", syscall.MS_REMOUNT, "size=256m"))
	}
}

func (w *world) limitFiles(worker int, bytes uint64) {
	w.t.Helper()
	limit := unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}
	require.NoError(w.t, unix.Prlimit(w.workers[worker].cmd.Process.Pid, unix.RLIMIT_FSIZE, &limit, nil))
}

// exportFails exports onto the full disk, where nothing may be published, then makes room and retries.
func (w *world) exportFails(id string, rows int, free func()) {
	w.t.Helper()
	var made, ended task
	w.must(http.MethodPost, "/tasks/export", `{"taskId":"`+id+`","format":"csv"}`, http.StatusAccepted, &made)
	w.row.runs++
	ends := func() bool { ended = w.task(made.ID); return ended.ended() }
	if !comes(w.t, runWithin, ends) {
		w.row.stuck++
		w.t.Errorf("the export is stuck: %+v", ended)
	}
	if ended.Status != "failed" || len(ended.Problems) != 1 || ended.Problems[0].Code != "export_failed" {
		w.wrong("an export onto a full disk is %s: %v", ended.Status, ended.Problems)
	}
	if files, err := os.ReadDir(w.exports); err != nil || len(files) > 0 {
		w.wrong("the full disk holds %v (%v)", files, err)
	}
	var refusal []byte
	w.must(http.MethodGet, "/tasks/"+made.ID+"/download", "", http.StatusConflict, &refusal)
	free()
	w.must1(http.MethodPost, "/tasks/"+made.ID+"/retry")
	require.True(w.t, comes(w.t, runWithin, ends), "the export is stuck")
	if ended.Status != "completed" || ended.Export == nil || ended.Export.Rows != rows {
		w.wrong("with room again the export is %s with %+v, for %d posts", ended.Status, ended.Export, rows)
		return
	}
	var file []byte
	w.must(http.MethodGet, "/tasks/"+made.ID+"/download", "", http.StatusOK, &file)
	if sum := sha256.Sum256(file); hex.EncodeToString(sum[:]) != ended.Export.SHA256 {
		w.wrong("what is downloaded is not what was written")
	}
}
