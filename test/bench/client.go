package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// client speaks to the API as a web app does.
type client struct{ url, key string }

// taskDocument and subtaskDocument are what the benchmarks read of the API's.
type taskDocument struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Progress struct {
		Posts struct{ Fetched, Spam, Scored int64 } `json:"posts"`
	} `json:"progress"`
	Problems []struct{ Code, Message string } `json:"problems"`
	Export   struct{ Rows, Bytes int64 }      `json:"export"`
}

type subtaskDocument struct {
	Type       string    `json:"type"`
	StartedAt  time.Time `json:"startedAt"`
	FinishedAt time.Time `json:"finishedAt"`
}

// newClient returns a client with a key of its own, made by the command.
func (b *bench) newClient(ctx context.Context, p *process, database string) (client, error) {
	out, err := b.command(ctx, "apikey create --user "+benchUser, "DATABASE_URL="+database).Output()
	return client{p.url, strings.TrimSpace(string(out))}, err
}

// localClient returns a client with the key of a data folder.
func localClient(p *process, folder string) (client, error) {
	key, err := os.ReadFile(filepath.Join(folder, "api-key"))
	return client{p.url, strings.TrimSpace(string(key))}, err
}

// call sends a request and decodes the answer into to, where that is not nil.
func (c client) call(ctx context.Context, method, path string, body, to any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.key)
	if body == nil {
		request.Body, request.ContentLength = http.NoBody, 0
	} else {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %d %s", method, path, response.StatusCode, answer)
	}
	if to == nil {
		return nil
	}
	return json.Unmarshal(answer, to)
}

// analyze posts an address.
func (c client) analyze(ctx context.Context, url string) (taskDocument, error) {
	var made taskDocument
	err := c.call(ctx, http.MethodPost, "/tasks", map[string]any{"url": url}, &made)
	return made, err
}

// export asks for a file of a task.
func (c client) export(ctx context.Context, id, format string) (taskDocument, error) {
	var made taskDocument
	err := c.call(ctx, http.MethodPost, "/tasks/export", map[string]any{"taskId": id, "format": format}, &made)
	return made, err
}

// completed looks at a task again and again until it is completed; any other
// end is an error.
func (c client) completed(ctx context.Context, id string, every time.Duration) (taskDocument, error) {
	for {
		var now taskDocument
		if err := c.call(ctx, http.MethodGet, "/tasks/"+id, nil, &now); err != nil {
			return now, err
		}
		switch now.Status {
		case "completed":
			return now, nil
		case "pending", "running":
		default:
			return now, fmt.Errorf("the task is %s: %v", now.Status, now.Problems)
		}
		if err := wait(ctx, every); err != nil {
			return now, err
		}
	}
}

// subtasks returns all subtasks of a task.
func (c client) subtasks(ctx context.Context, id string) ([]subtaskDocument, error) {
	var all []subtaskDocument
	for cursor := ""; ; {
		var page struct {
			Items      []subtaskDocument `json:"items"`
			NextCursor *string           `json:"nextCursor"`
		}
		if err := c.call(ctx, http.MethodGet, "/tasks/"+id+"/subtasks?limit=100&cursor="+cursor, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.NextCursor == nil {
			return all, nil
		}
		cursor = *page.NextCursor
	}
}
