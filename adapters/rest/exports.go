package rest

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
)

// CreateExport answers POST /tasks/export.
func (h *handlers) CreateExport(c echo.Context, params CreateExportParams) error {
	body, err := readBody(c)
	if err != nil {
		return err
	}
	var asked NewExport
	if err := decode(body, &asked); err != nil {
		return err
	}
	request, err := newExport(asked)
	if err != nil {
		return err
	}
	return h.answerOnce(c, params.IdempotencyKey, body, func(ctx context.Context) (Task, error) {
		made, err := h.Exports.Create(ctx, callerOf(c), request)
		return TaskDocument(made), err
	})
}

func newExport(asked NewExport) (application.NewExport, error) {
	request := application.NewExport{Format: string(asked.Format), FormulaGuard: true}
	if asked.TaskID == "" {
		return request, invalid("taskId", "taskId is missing")
	}
	if !asked.Format.Valid() {
		return request, invalid("format", "format is csv, ndjson, xlsx or parquet")
	}
	var err error
	if asked.Filter != nil {
		if request.Filter, err = exportFilter(*asked.Filter); err != nil {
			return request, err
		}
	}
	if asked.Options != nil {
		if err := exportOptions(&request, *asked.Options); err != nil {
			return request, err
		}
	}
	id, err := canonicalID(asked.TaskID)
	request.TaskID = task.ID(id)
	return request, err
}

func exportFilter(asked ExportFilter) (analysis.PostFilter, error) {
	f, err := postWords{
		wordsOf[PostKind](asked.Kind), wordsOf[SentimentFilter](asked.Sentiment), wordsOf[SpamFilter](asked.Spam),
	}.filter("filter.")
	if err != nil {
		return f, err
	}
	f.Author, f.Query = valueOf(asked.Author), valueOf(asked.Q)
	if !storable(f.Author) || !storable(f.Query) {
		return f, invalid("filter", "author and q are text without NUL characters")
	}
	if f.Since, err = checkTime("filter.since", asked.Since); err != nil {
		return f, err
	}
	f.Until, err = checkTime("filter.until", asked.Until)
	return f, err
}

// exportOptions reads the options; the guard alone is on unless it is turned off.
func exportOptions(request *application.NewExport, asked NewExportOptions) error {
	request.FormulaGuard = asked.FormulaGuard == nil || *asked.FormulaGuard
	request.Pseudonymise, request.Threaded, request.BOM = valueOf(asked.Pseudonymise), valueOf(asked.Threaded), valueOf(asked.Bom)
	if asked.Columns == nil {
		return nil
	}
	const field = "options.columns"
	if len(*asked.Columns) == 0 {
		return invalid(field, "name one column or more, or leave columns out for all")
	}
	for _, column := range *asked.Columns {
		if !column.Valid() {
			return invalid(field, "%q is no column of an export", shortened(string(column)))
		}
		request.Columns = append(request.Columns, string(column))
	}
	return nil
}
