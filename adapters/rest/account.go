package rest

import (
	"net/http"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
)

// GetMe answers GET /me.
func (h *handlers) GetMe(c echo.Context) error {
	caller := callerOf(c)
	return answer(c, http.StatusOK, Me{
		ID: string(caller.User.ID), Name: caller.User.Name, Permissions: permissionWords(caller.Permissions),
	})
}

// EraseMyData answers DELETE /users/me/data.
func (h *handlers) EraseMyData(c echo.Context) error {
	if err := h.Erasure.Erase(c.Request().Context(), callerOf(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// ListAPIKeys answers GET /apikeys.
func (h *handlers) ListAPIKeys(c echo.Context, params ListAPIKeysParams) error {
	page, err := paging(params.Limit, params.Cursor)
	if err != nil {
		return err
	}
	listed, err := h.Accounts.Keys(c.Request().Context(), callerOf(c), page)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, APIKeyList{Items: documents(listed.Items, apiKeyDocument), NextCursor: orNull(listed.Next)})
}

// CreateAPIKey answers POST /apikeys.
func (h *handlers) CreateAPIKey(c echo.Context) error {
	body, err := readBody(c)
	if err != nil {
		return err
	}
	var asked NewAPIKey
	if err := decode(body, &asked); err != nil {
		return err
	}
	request, err := newAPIKey(asked)
	if err != nil {
		return err
	}
	key, secret, err := h.Accounts.CreateKey(c.Request().Context(), callerOf(c), request)
	if err != nil {
		return err
	}
	d := apiKeyDocument(key)
	return answer(c, http.StatusCreated, CreatedAPIKey{
		ID: d.ID, Name: d.Name, Permissions: d.Permissions, CreatedAt: d.CreatedAt, ExpiresAt: d.ExpiresAt, Key: secret,
	})
}

const maxKeyName = 100

func newAPIKey(asked NewAPIKey) (application.NewAPIKey, error) {
	request := application.NewAPIKey{Name: asked.Name}
	if n := utf8.RuneCountInString(asked.Name); n == 0 || n > maxKeyName || !storable(asked.Name) {
		return request, invalid("name", "name is 1 to %d characters", maxKeyName)
	}
	var err error
	if request.Permissions, err = chosen[access.Permission]("permissions", asked.Permissions, nil); err != nil {
		return request, err
	}
	request.ExpiresAt, err = checkTime("expiresAt", asked.ExpiresAt)
	return request, err
}

// RevokeAPIKey answers DELETE /apikeys/{id}.
func (h *handlers) RevokeAPIKey(c echo.Context, raw string) error {
	id, err := canonicalID(raw)
	if err != nil {
		return err
	}
	if err := h.Accounts.RevokeKey(c.Request().Context(), callerOf(c), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
