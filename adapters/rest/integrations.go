package rest

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
)

// ListIntegrations answers GET /integrations.
func (h *handlers) ListIntegrations(c echo.Context, params ListIntegrationsParams) error {
	page, err := paging(params.Limit, params.Cursor)
	if err != nil {
		return err
	}
	listed, err := h.Integrations.List(c.Request().Context(), callerOf(c), page)
	if err != nil {
		return err
	}
	items := documents(listed.Items, integrationDocument)
	return answer(c, http.StatusOK, IntegrationList{Items: items, NextCursor: orNull(listed.Next)})
}

// DeleteIntegration answers DELETE /integrations/{id}.
func (h *handlers) DeleteIntegration(c echo.Context, raw string) error {
	id, err := canonicalID(raw)
	if err != nil {
		return err
	}
	if err := h.Integrations.Delete(c.Request().Context(), callerOf(c), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// BeginIntegration answers POST /integrations/{providerId}/authorize.
func (h *handlers) BeginIntegration(c echo.Context, provider string) error {
	body, err := readBody(c)
	if err != nil {
		return err
	}
	var asked NewConnection
	if err := decode(body, &asked); err != nil {
		return err
	}
	if asked.ReturnTo == "" || !storable(asked.ReturnTo) {
		return invalid("returnTo", "returnTo is the address in the web app that the browser comes back to")
	}
	address, err := h.Integrations.Begin(c.Request().Context(), callerOf(c), content.ProviderID(provider), asked.ReturnTo)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, BegunConnection{AuthorizationURL: address})
}

// CompleteIntegration answers POST /integrations/complete.
func (h *handlers) CompleteIntegration(c echo.Context) error {
	body, err := readBody(c)
	if err != nil {
		return err
	}
	var asked CompletedConnection
	if err := decode(body, &asked); err != nil {
		return err
	}
	if asked.Connection == "" {
		return invalid("connection", "connection is missing")
	}
	if !storable(asked.Connection) {
		return errNoSuchThing()
	}
	connected, err := h.Integrations.Complete(c.Request().Context(), callerOf(c), asked.Connection)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, integrationDocument(connected))
}

// AnswerIntegration answers GET /integrations/callback, to which providers send
// the user's browser. It goes on to the web app, never to anywhere that the
// request names.
func (h *handlers) AnswerIntegration(c echo.Context, params AnswerIntegrationParams) error {
	if c.Request().Method == http.MethodHead {
		return c.NoContent(http.StatusNoContent) // whoever only looks must not use up the state
	}
	location, err := h.Integrations.Callback(c.Request().Context(), application.CallbackAnswer{
		State: valueOf(params.State), Code: valueOf(params.Code), Error: valueOf(params.Error), Scope: valueOf(params.Scope),
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, location)
}

func integrationDocument(in access.Integration) Integration {
	return Integration{
		ID: in.ID, ProviderID: ProviderID(in.Provider), AccountName: in.AccountName,
		Status: IntegrationStatus(in.Health(time.Now())), Reason: orNull(in.Reason),
		Scopes: append([]string{}, in.Scopes...), ExpiresAt: timeOrNull(in.ExpiresAt), LastUsedAt: timeOrNull(in.LastUsedAt),
	}
}
