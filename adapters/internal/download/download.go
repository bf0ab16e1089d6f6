// Package download answers a request with a finished file, or with the part of it
// that was asked for.
package download

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// patience is how long a client may take for each part of a file, and part how
// much that is.
const (
	patience = 90 * time.Second
	part     = 1 << 20
)

var types = map[string]string{
	"csv":     "text/csv; charset=utf-8",
	"ndjson":  "application/x-ndjson",
	"xlsx":    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"parquet": "application/vnd.apache.parquet",
}

// File is what is sent. It never changes: its digest is its ETag.
type File struct {
	Name, Format, SHA256 string
	ModTime              time.Time
	// Content is the file itself: what is wrapped around it hides the descriptor
	// by which the connection can send files by itself (sendfile).
	Content io.ReadSeeker
}

// Serve sends the file and returns the status of the answer. Of a range that the
// file does not have, which is StatusRequestedRangeNotSatisfiable, nothing is sent
// but the header prepared: the caller says it in words of its own. w is to be the
// server's own writer, for the same reason as Content.
func Serve(w http.ResponseWriter, r *http.Request, f File) (status int) {
	header := w.Header()
	header.Set("Content-Type", types[f.Format])
	header.Set("Content-Disposition", attachment(f.Name))
	header.Set("Cache-Control", "private, no-cache")
	header.Set("ETag", `"`+f.SHA256+`"`)
	sent := &writer{ResponseWriter: w, control: http.NewResponseController(w), status: http.StatusOK}
	http.ServeContent(sent, r, f.Name, f.ModTime, f.Content)
	if sent.status == http.StatusRequestedRangeNotSatisfiable {
		header.Del("Content-Disposition")
	}
	return sent.status
}

// writer gives each part of a file its own time, remembers the status, and keeps
// the plain-text answer to a bad range to itself.
type writer struct {
	http.ResponseWriter
	control *http.ResponseController
	status  int
}

// WriteHeader passes every status on but that of a bad range.
func (w *writer) WriteHeader(status int) {
	w.status = status
	if status != http.StatusRequestedRangeNotSatisfiable {
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write passes bytes on.
func (w *writer) Write(p []byte) (int, error) {
	if w.status == http.StatusRequestedRangeNotSatisfiable {
		return len(p), nil
	}
	w.prolong()
	return w.ResponseWriter.Write(p)
}

// ReadFrom sends a file part by part; ServeContent calls it once for all.
func (w *writer) ReadFrom(src io.Reader) (int64, error) {
	limited, ok := src.(*io.LimitedReader)
	if !ok {
		return io.Copy(struct{ io.Writer }{w}, src)
	}
	var sent int64
	for limited.N > 0 {
		w.prolong()
		// sendfile looks behind one LimitedReader, not two.
		next := &io.LimitedReader{R: limited.R, N: min(limited.N, part)}
		n, err := io.Copy(w.ResponseWriter, next)
		sent, limited.N = sent+n, limited.N-n
		if err != nil || n == 0 {
			return sent, err
		}
	}
	return sent, nil
}

func (w *writer) prolong() { _ = w.control.SetWriteDeadline(time.Now().Add(patience)) }

// attachment returns a Content-Disposition by RFC 6266: the name in ASCII, and
// in full where that is not the same.
func attachment(name string) string {
	ascii := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '_'
		}
		return r
	}, name)
	if ascii == name {
		return fmt.Sprintf(`attachment; filename="%s"`, name)
	}
	full := strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	return fmt.Sprintf(`attachment; filename="%s"; filename*=UTF-8''%s`, ascii, full)
}
