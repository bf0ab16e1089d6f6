package rest

import (
	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/domain/fault"
)

var errToCome = fault.New(fault.Unavailable, fault.CodeUnavailable, "to come")

// GetManifest answers GET /tasks/{id}/manifest.
func (h *handlers) GetManifest(echo.Context, TaskID) error { return errToCome }

// JudgeSpam answers PUT /tasks/{id}/posts/{postId}/spam.
func (h *handlers) JudgeSpam(echo.Context, TaskID, string) error { return errToCome }

// GetPlot answers GET /tasks/{id}/plots/{plot}.
func (h *handlers) GetPlot(echo.Context, TaskID, PlotName) error { return errToCome }
