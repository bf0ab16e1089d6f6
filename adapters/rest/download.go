package rest

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/adapters/internal/download"
	"github.com/soundings-io/soundings/domain/fault"
)

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
	response := c.Response()
	// echo's own writer would hide that the connection can send files by itself.
	status := download.Serve(response.Writer, c.Request(), download.File{Name: d.Name, Format: d.Format, SHA256: d.SHA256, ModTime: d.ModTime(), Content: d.File})
	if status == http.StatusRequestedRangeNotSatisfiable {
		return errBadRange{fault.New(fault.Invalid, fault.CodeInvalidValue, "the file has %d bytes; ask for a range within", d.Size())}
	}
	response.Status, response.Committed = status, true
	return nil
}

// errBadRange is the one refusal whose status is not that of its code: HTTP has
// one for it, by which clients see that they have the whole file.
type errBadRange struct{ fault *fault.Error }

// Error returns the message.
func (e errBadRange) Error() string { return e.fault.Error() }

// Unwrap returns the fault.
func (e errBadRange) Unwrap() error { return e.fault }
