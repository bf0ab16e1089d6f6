package rest

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
)

// EstimateTask answers POST /tasks/estimate.
func (h *handlers) EstimateTask(c echo.Context) error {
	body, err := readBody(c)
	if err != nil {
		return err
	}
	var asked NewTask
	if err := decode(body, &asked); err != nil {
		return err
	}
	request, err := h.newTask(asked)
	if err != nil {
		return err
	}
	estimated, err := h.Estimates.Estimate(c.Request().Context(), callerOf(c), request)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, estimateDocument(estimated))
}

func estimateDocument(e application.Estimate) Estimate {
	return Estimate{
		ProviderID: ProviderID(e.Provider), Kind: SourceKind(e.Kind), ExpectedPosts: e.ExpectedPosts,
		Cost: EstimatedCost{Unit: e.Unit, Estimate: e.Cost}, Quota: quotaDocument(e.Quota),
	}
}

func quotaDocument(q *access.Quota) *Quota {
	if q == nil {
		return nil
	}
	return &Quota{Unit: q.Unit, Limit: q.Limit, Used: q.Used, Left: q.Left, ResetAt: q.ResetAt.UTC()}
}
