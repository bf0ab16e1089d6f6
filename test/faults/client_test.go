package faults_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The documents of contract §3, as far as they are compared.
type (
	problem struct{ Code, Message string }

	task struct {
		ID, Kind, Status string
		Progress         struct {
			Subtasks struct{ Total, Done, Failed int }
			Posts    struct{ Fetched, Spam, Scored int }
		}
		Problems []problem
		Export   *struct {
			Rows   int
			SHA256 string
		}
	}

	subtask struct {
		ID, Type, Status string
		Attempt          int
		Problem          *problem
	}

	post struct {
		ExternalID, Kind, Text string
		ParentExternalID       *string
		Author                 struct{ Name *string }
		Likes                  int64
		PublishedAt            *time.Time
		Spam                   *struct{ Verdict string }
		Sentiment              *struct{ Label string }
	}
)

func (t task) ended() bool {
	switch t.Status {
	case "completed", "completed_partial", "failed", "cancelled":
		return true
	}
	return false
}

// client uses the API, which may be down for a while.
type client struct {
	t    *testing.T
	http http.Client
	url  string
	key  string
}

// errRefused is an answer that stays: the request was understood and is not answered as expected.
var errRefused = errors.New("refused")

// try makes one request and decodes its answer where it has the status.
func (c *client) try(method, path, body string, status int, into any) error {
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != status {
		err := fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, answer)
		if resp.StatusCode < http.StatusInternalServerError {
			err = errors.Join(errRefused, err)
		}
		return err
	}
	if raw, ok := into.(*[]byte); ok {
		*raw = answer
		return nil
	}
	return json.Unmarshal(answer, into)
}

// patience is how long the API may be away.
const patience = time.Minute

// must repeats a request that is safe to repeat until it is answered as expected.
func (c *client) must(method, path, body string, status int, into any) {
	c.t.Helper()
	var err error
	comes(c.t, patience, func() bool {
		err = c.try(method, path, body, status, into)
		return err == nil || errors.Is(err, errRefused)
	})
	require.NoError(c.t, err)
}

func (c *client) task(id string) task {
	c.t.Helper()
	var found task
	c.must(http.MethodGet, "/tasks/"+id, "", http.StatusOK, &found)
	return found
}

// all reads a list to its end.
func all[T any](c *client, path string) []T {
	c.t.Helper()
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	var items []T
	for cursor := ""; ; {
		var page struct {
			Items      []T
			NextCursor *string
		}
		c.must(http.MethodGet, path+separator+"limit=100"+cursor, "", http.StatusOK, &page)
		items = append(items, page.Items...)
		if page.NextCursor == nil {
			return items
		}
		cursor = "&cursor=" + *page.NextCursor
	}
}
