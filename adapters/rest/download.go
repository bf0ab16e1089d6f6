package rest

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/fault"
)

var exportTypes = map[string]string{
	"csv":     "text/csv; charset=utf-8",
	"ndjson":  "application/x-ndjson",
	"xlsx":    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"parquet": "application/vnd.apache.parquet",
}

// DownloadExport answers GET and HEAD /tasks/{id}/download.
func (h *handlers) DownloadExport(c echo.Context, raw TaskID) error {
	id, err := taskID(raw)
	if err != nil {
		return err
	}
	d, err := h.Exports.Open(c.Request().Context(), callerOf(c), id)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // it was only read
	header := c.Response().Header()
	header.Set("Content-Type", exportTypes[d.Format])
	header.Set("Content-Disposition", attachment(d.Name))
	header.Set("Cache-Control", "private, no-cache")
	header.Set("ETag", `"`+d.SHA256+`"`)
	return serveFile(c, d)
}

// serveFile streams the file past echo's writer, which would hide that the
// connection can send files by itself (sendfile).
func serveFile(c echo.Context, d *application.Download) error {
	response := c.Response()
	w := &fileWriter{ResponseWriter: response.Writer, control: http.NewResponseController(response.Writer), status: http.StatusOK}
	http.ServeContent(w, c.Request(), d.Name, d.ModTime(), d.File) // not d, which would hide the file's descriptor
	if w.status == http.StatusRequestedRangeNotSatisfiable {
		response.Header().Del("Content-Disposition")
		return errBadRange{fault.New(fault.Invalid, fault.CodeInvalidValue, "the file has %d bytes; ask for a range within", d.Size())}
	}
	response.Status, response.Committed = w.status, true
	return nil
}

// errBadRange is the one refusal whose status is not that of its code: HTTP has
// one for it, by which clients see that they have the whole file.
type errBadRange struct{ fault *fault.Error }

// Error returns the message.
func (e errBadRange) Error() string { return e.fault.Error() }

// Unwrap returns the fault.
func (e errBadRange) Unwrap() error { return e.fault }

// filePart is how much of a file is sent before its client must have taken it.
const filePart = 1 << 20

// fileWriter gives each part of a file its own time, remembers the status, and
// keeps the plain-text answer to a bad range to itself.
type fileWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	status  int
}

// WriteHeader passes every status on but that of a bad range.
func (w *fileWriter) WriteHeader(status int) {
	w.status = status
	if status != http.StatusRequestedRangeNotSatisfiable {
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write passes bytes on.
func (w *fileWriter) Write(p []byte) (int, error) {
	if w.status == http.StatusRequestedRangeNotSatisfiable {
		return len(p), nil
	}
	w.prolong()
	return w.ResponseWriter.Write(p)
}

// ReadFrom sends a file part by part; ServeContent calls it once for all.
func (w *fileWriter) ReadFrom(src io.Reader) (int64, error) {
	limited, ok := src.(*io.LimitedReader)
	if !ok {
		return io.Copy(struct{ io.Writer }{w}, src)
	}
	var sent int64
	for limited.N > 0 {
		w.prolong()
		// sendfile looks behind one LimitedReader, not two.
		part := &io.LimitedReader{R: limited.R, N: min(limited.N, filePart)}
		n, err := io.Copy(w.ResponseWriter, part)
		sent, limited.N = sent+n, limited.N-n
		if err != nil || n == 0 {
			return sent, err
		}
	}
	return sent, nil
}

func (w *fileWriter) prolong() { _ = w.control.SetWriteDeadline(time.Now().Add(writePatience)) }

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
