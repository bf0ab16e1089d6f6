package console

import (
	"net/http"

	"github.com/soundings-io/soundings/adapters/internal/download"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
)

// exportPage is the form of an export.
type exportPage struct {
	Task    taskLine
	Formats []formatLine
	Filter  postsFilter
	Problem string
}

// formatLine is a format, and what it is good for.
type formatLine struct{ Name, About string }

var formatWords = map[string]string{
	"csv": "CSV, for any spreadsheet or script", "xlsx": "Excel workbook",
	"ndjson": "NDJSON, one post a line, exact", "parquet": "Parquet, for data tools, exact",
}

func (s *Server) newExport(v *visit) error {
	t, err := s.taskOf(v)
	if err != nil {
		return err
	}
	return s.renderExport(v, http.StatusOK, t, "")
}

func (s *Server) renderExport(v *visit, status int, t task.State, problem string) error {
	_, _, form := askedPosts(v.QueryParams())
	page := exportPage{Task: lineOf(t), Filter: form, Problem: problem}
	for _, name := range s.Formats.Formats() {
		page.Formats = append(page.Formats, formatLine{name, formatWords[name]})
	}
	return s.render(v, v, status, "export", "Export "+page.Task.Title, page)
}

func (s *Server) startExport(v *visit) error {
	t, err := s.taskOf(v)
	if err != nil {
		return err
	}
	filter, _, _ := askedPosts(v.Request().PostForm)
	created, err := s.Exports.Create(v.Request().Context(), v.by, application.NewExport{
		TaskID: t.ID, Format: v.FormValue("format"), Filter: filter, FormulaGuard: v.FormValue("exact") == "",
		BOM: v.FormValue("bom") != "", Pseudonymise: v.FormValue("pseudonymise") != "", Threaded: v.FormValue("threaded") != "",
	})
	if fault.Is(err, fault.Invalid) {
		return s.renderExport(v, http.StatusUnprocessableEntity, t, sentence(fault.As(err).Message))
	}
	if err != nil {
		return err
	}
	return back(v, taskPath(created.ID), "started")
}

// download sends the file of a finished export.
func (s *Server) download(v *visit) error {
	id, err := uuidOf(v, "id")
	if err != nil {
		return err
	}
	d, err := s.Exports.Open(v.Request().Context(), v.by, task.ID(id))
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // it was only read
	response := v.Response()
	status := download.Serve(response.Writer, v.Request(), download.File{Name: d.Name, Format: d.Format, SHA256: d.SHA256, ModTime: d.ModTime(), Content: d.File})
	if status == http.StatusRequestedRangeNotSatisfiable {
		return v.NoContent(status)
	}
	response.Status, response.Committed = status, true
	return nil
}
