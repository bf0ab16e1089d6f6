package rest

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/fault"
)

// ListProviders answers GET /providers.
func (h *handlers) ListProviders(c echo.Context) error {
	listed, err := h.Providers.List(c.Request().Context())
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, ProviderList{Items: documents(listed, providerDocument)})
}

// GetHealth answers GET /healthz.
func (h *handlers) GetHealth(c echo.Context) error {
	return answer(c, http.StatusOK, Health{Status: string(application.PartOK)})
}

// GetReadiness answers GET /readyz.
func (h *handlers) GetReadiness(c echo.Context) error {
	health, parts := h.Readiness.Check(c.Request().Context())
	status := http.StatusOK
	if health == application.PartDown {
		status = http.StatusServiceUnavailable
	}
	items := documents(parts, func(p application.PartHealth) Part {
		return Part{Name: p.Name, Status: PartStatus(p.Health), Detail: orNull(p.Detail)}
	})
	return answer(c, status, Readiness{Status: PartStatus(health), Parts: items})
}

// GetMetrics answers GET /metrics.
func (h *handlers) GetMetrics(c echo.Context) error {
	if h.metrics == nil {
		return fault.New(fault.NotFound, fault.CodeNotFound, "this process counts nothing")
	}
	h.metrics.ServeHTTP(c.Response(), c.Request())
	return nil
}

// GetOpenAPI answers GET /openapi.yaml.
func (h *handlers) GetOpenAPI(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-cache")
	return c.Blob(http.StatusOK, "application/yaml", h.spec)
}

// GetDocs answers GET /docs.
func (h *handlers) GetDocs(c echo.Context) error { return h.docs.page(c) }
