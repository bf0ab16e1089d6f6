package rest

import (
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
)

// GetManifest answers GET /tasks/{id}/manifest with the document that was
// published with the file.
func (h *handlers) GetManifest(c echo.Context, raw TaskID) error {
	id, err := taskID(raw)
	if err != nil {
		return err
	}
	document, err := h.Exports.Manifest(c.Request().Context(), callerOf(c), id)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "private, no-cache")
	return answerBytes(c, http.StatusOK, document)
}

// EncodeManifest returns the document of a manifest, as it is published.
func EncodeManifest(m application.Manifest) ([]byte, error) {
	totals := SummaryDocument(m.Totals)
	d := Manifest{
		File: m.Spec.FileName + "." + m.Spec.Format, Format: ExportFormat(m.Spec.Format),
		Rows: m.Spec.Rows, Bytes: m.Spec.Bytes, Sha256: m.Spec.SHA256, CreatedAt: m.CreatedAt.UTC(), Partial: m.Spec.Partial,
		Columns: documents(m.Columns, func(column string) ExportColumn { return ExportColumn(column) }),
		Filter:  filterDocument(m.Spec.Filter),
		Options: ExportOptions{
			FormulaGuard: m.Spec.FormulaGuard, Pseudonymise: m.Spec.Pseudonymise, Threaded: m.Spec.Threaded, Bom: m.Spec.BOM,
		},
		Completeness: totals.Completeness, Models: totals.Models,
	}
	d.Task.ID, d.Task.Run, d.Task.Status = string(m.Of.ID), m.Of.Run, TaskStatus(m.Of.Status)
	d.Task.Sources = documents(m.Of.Sources, sourceDocument)
	return json.Marshal(d)
}

// filterDocument returns a filter in the words in which it can be asked for
// again; what chooses everything is left out.
func filterDocument(f analysis.PostFilter) map[string]any {
	d := map[string]any{}
	lists := map[string][]string{
		"kind":      documents(f.Kinds, func(k content.PostKind) string { return string(k) }),
		"sentiment": documents(f.Sentiments, func(l analysis.Label) string { return wordFor(l, sentimentWords) }),
		"spam":      documents(f.Spam, func(v analysis.Verdict) string { return wordFor(v, spamWords) }),
	}
	for name, words := range lists {
		if len(words) > 0 {
			d[name] = words
		}
	}
	for name, text := range map[string]string{"author": f.Author, "q": f.Query} {
		if text != "" {
			d[name] = text
		}
	}
	if since := timeOrNull(f.Since); since != nil {
		d["since"] = since
	}
	if until := timeOrNull(f.Until); until != nil {
		d["until"] = until
	}
	return d
}

// wordFor returns the word with which a value is asked for, where that is not the
// value itself.
func wordFor[T ~string, W word](value T, renamed map[W]T) string {
	for w, v := range renamed {
		if v == value {
			return string(w)
		}
	}
	return string(value)
}
