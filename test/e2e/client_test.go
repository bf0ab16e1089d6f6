package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

const (
	// endsWithin bounds a task, on a busy machine and with -race.
	endsWithin = 3 * time.Minute
	pollGap    = 25 * time.Millisecond
)

// client is somebody who uses the API.
type client struct {
	w     *world
	token string
	http  *http.Client
}

func newClient(w *world, token string) *client {
	return &client{w: w, token: token, http: &http.Client{Timeout: time.Minute}}
}

// in returns the client for a part of its world's test.
func (c *client) in(t *testing.T) *client {
	w := *c.w
	w.t = t
	return &client{w: &w, token: c.token, http: c.http}
}

// signedToken returns a JWT of a user of the web app.
func signedToken(t *testing.T, subject string) string {
	t.Helper()
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": subject, "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString([]byte(jwtSecret))
	require.NoError(t, err)
	return signed
}

// reply is an answer, read whole.
type reply struct {
	Status int
	Header http.Header
	Body   string
}

// do sends a request. Headers are pairs of name and value.
func (c *client) do(method, path, body string, headers ...string) reply {
	t := c.w.t
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+*c.w.address+path, strings.NewReader(body))
	require.NoError(t, err)
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.http.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	c.w.secrets.requireNoneIn(t, method+" "+path, string(read))
	return reply{resp.StatusCode, resp.Header, string(read)}
}

// get reads a document.
func (c *client) get(path string, into any) {
	c.w.t.Helper()
	c.read(c.do(http.MethodGet, path, ""), http.StatusOK, into)
}

func (c *client) read(r reply, status int, into any) {
	c.w.t.Helper()
	require.Equal(c.w.t, status, r.Status, r.Body)
	require.NoError(c.w.t, json.Unmarshal([]byte(r.Body), into))
}

// all reads a list to its end.
func all[T any](c *client, path string, query url.Values) []T {
	c.w.t.Helper()
	if query == nil {
		query = url.Values{}
	}
	query.Set("limit", "100")
	var items []T
	for {
		var page struct {
			Items      []T
			NextCursor *string
		}
		c.get(path+"?"+query.Encode(), &page)
		items = append(items, page.Items...)
		if page.NextCursor == nil {
			return items
		}
		query.Set("cursor", *page.NextCursor)
	}
}

// create makes a task; options is the JSON of them, or empty.
func (c *client) create(address, options string) task {
	c.w.t.Helper()
	if options == "" {
		options = "{}"
	}
	r := c.do(http.MethodPost, "/tasks", `{"url":"`+address+`","options":`+options+`}`)
	var made task
	c.read(r, http.StatusAccepted, &made)
	require.Equal(c.w.t, "/tasks/"+made.ID, r.Header.Get("Location"))
	return made
}

// collect makes a task and waits for its end.
func (c *client) collect(address, options string) task {
	c.w.t.Helper()
	return c.ended(c.create(address, options).ID)
}

func (c *client) task(id string) task {
	c.w.t.Helper()
	var found task
	c.get("/tasks/"+id, &found)
	return found
}

func (c *client) ended(id string) task {
	c.w.t.Helper()
	return c.when(id, "has ended", func(t task) bool {
		switch t.Status {
		case "completed", "completed_partial", "failed", "cancelled":
			return true
		}
		return false
	})
}

// when polls a task until it is as described.
func (c *client) when(id, what string, is func(task) bool) task {
	c.w.t.Helper()
	var found task
	c.w.until("task "+what, func() bool {
		found = c.task(id)
		return is(found)
	})
	return found
}

// until polls a condition, and fails the test if it does not come.
func (w *world) until(what string, is func() bool) {
	w.t.Helper()
	deadline, tick := time.After(endsWithin), time.NewTicker(pollGap)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			require.Fail(w.t, "waited in vain until "+what)
		}
	}
}

func (c *client) posts(id string, query url.Values) []post {
	c.w.t.Helper()
	return all[post](c, "/tasks/"+id+"/posts", query)
}

// problem is an error document.
type problem struct {
	Type, Title, Detail, Code, RequestID string
	Status                               int
	Errors                               []struct{ Field, Message string }
	RetryAt                              *time.Time
	Allowed                              []string
}

// refused sends a request that must be refused with the code.
func (c *client) refused(status int, code, method, path, body string, headers ...string) problem {
	c.w.t.Helper()
	r := c.do(method, path, body, headers...)
	require.Equal(c.w.t, status, r.Status, "%s %s: %s", method, path, r.Body)
	require.Equal(c.w.t, "application/problem+json", r.Header.Get("Content-Type"))
	var p problem
	require.NoError(c.w.t, json.Unmarshal([]byte(r.Body), &p))
	require.Equal(c.w.t, code, p.Code, "%s %s: %s", method, path, p.Detail)
	require.Equal(c.w.t, status, p.Status)
	require.NotEmpty(c.w.t, p.Detail)
	require.NotEmpty(c.w.t, p.RequestID)
	return p
}
