package rest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestErasureTakesAllOfOneUserAndNothingOfAnother(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, other := token(t, "owner", nil), token(t, "somebody else", nil)
	b.belongings(owner)
	theirs := b.createTask(other)

	limited := b.send(request{method: http.MethodDelete, path: "/users/me/data", token: token(t, "owner", "tasks:write tasks:read")})
	require.Equal(t, http.StatusForbidden, limited.status, "accounts are disconnected too: %s", limited.body)
	for range 2 { // again does no harm
		gone := b.send(request{method: http.MethodDelete, path: "/users/me/data", token: owner})
		require.Equal(t, http.StatusNoContent, gone.status, "%s", gone.body)
	}
	for _, list := range []string{"/tasks", "/schedules", "/integrations"} {
		assert.Empty(t, b.get(list, owner).doc["items"], list)
	}
	assert.NotEmpty(t, b.get("/apikeys", owner).doc["items"], "who calls must be able to call again")
	assert.Equal(t, http.StatusOK, b.get("/tasks/"+theirs, other).status)
}
