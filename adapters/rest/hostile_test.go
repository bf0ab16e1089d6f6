package rest_test

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHugeHeaders: what reads a header bounds it. The listener of bootstrap
// refuses requests with more than 64 KiB of headers before they come here.
func TestHugeHeaders(t *testing.T) {
	t.Parallel()
	b := setup(t)
	huge := strings.Repeat("x", 1<<20)
	for name, want := range map[string]int{"Authorization": 401, "Idempotency-Key": 400, "X-Request-Id": 202, "Origin": 202} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/tasks", strings.NewReader(someTask))
		r.Header.Set("Authorization", "Bearer "+token(t, "owner", nil))
		value := huge
		if name == "Authorization" {
			value = "Bearer " + huge
		}
		r.Header.Set(name, value)
		w := httptest.NewRecorder()
		b.server.ServeHTTP(w, r)
		require.Equal(t, want, w.Code, name)
		for answered := range w.Header() {
			require.Less(t, len(w.Header().Get(answered)), 1000, "%s says %s back", answered, name)
		}
		require.NotContains(t, w.Body.String(), huge[:200])
	}
}

// TestKeyOfADeletedUser: keys go with their user.
func TestKeyOfADeletedUser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	made := b.post("/apikeys", owner, `{"name":"k"}`)
	require.Equal(t, http.StatusCreated, made.status)
	db, err := sql.Open("sqlite", "file:"+b.database+"?_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	_, err = db.ExecContext(t.Context(), "DELETE FROM users WHERE id = ?", string(b.userOf(owner)))
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, b.get("/me", made.doc["key"].(string)).status)
}
