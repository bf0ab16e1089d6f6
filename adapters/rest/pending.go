package rest

import (
	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/domain/fault"
)

var errToCome = fault.New(fault.Unavailable, fault.CodeUnavailable, "to come")

// GetPlot answers GET /tasks/{id}/plots/{plot}.
func (h *handlers) GetPlot(echo.Context, TaskID, PlotName) error { return errToCome }
