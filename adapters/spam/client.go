// Package spam judges posts: a client of the spam service, and a detector
// that needs no service.
package spam

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/soundings-io/soundings/adapters/internal/batchservice"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// unknownModel stands for a service that does not tell its name.
const unknownModel analysis.Model = "spam-service@unknown"

// Bounds on what is taken over from an answer, so that a service cannot fill
// the store.
const (
	maxReasons     = 16
	maxReasonBytes = 64
	maxModelBytes  = 200
)

// Client judges posts by asking the spam service (contract §6).
type Client struct {
	service *batchservice.Client
	model   atomic.Pointer[analysis.Model]
}

var (
	_ ports.SpamDetector  = (*Client)(nil)
	_ ports.HealthChecker = (*Client)(nil)
)

// Options are the limits of a Client; zero values mean the defaults of
// batchservice.
type Options = batchservice.Options

// NewClient returns a client of the spam service at baseURL, an http or https
// address. It makes no call.
func NewClient(baseURL string, opts Options) (*Client, error) {
	service, err := batchservice.New(baseURL, batchservice.Service{
		Name:        "spam service",
		Unavailable: fault.CodeSpamUnavailable,
	}, opts)
	if err != nil {
		return nil, err
	}
	return &Client{service: service}, nil
}

// Detect judges items in requests of at most 100; see ports.SpamDetector.
func (c *Client) Detect(ctx context.Context, items []analysis.SpamItem) ([]*analysis.SpamVerdict, error) {
	return batchservice.Judge(ctx, items, batchservice.Batch[analysis.SpamItem, analysis.SpamVerdict]{
		Size: func(item analysis.SpamItem) int { return len(item.ID) + len(item.Text) + len(item.Author.Name) + 64 },
		Call: c.classify,
	})
}

// Model returns the name that the service last told, else
// "spam-service@unknown".
func (c *Client) Model() analysis.Model {
	if model := c.model.Load(); model != nil {
		return *model
	}
	return unknownModel
}

// Healthy asks the service's GET /health.
func (c *Client) Healthy(ctx context.Context) error { return c.service.Healthy(ctx) }

type classifyRequest struct {
	Items []classifyItem `json:"items"`
}

type classifyItem struct {
	ID          string     `json:"id"`
	Text        string     `json:"text"`
	Author      string     `json:"author"`
	PublishedAt *time.Time `json:"publishedAt"`
}

type classifyAnswer struct {
	Results []classifyResult `json:"results"`
	Model   string           `json:"model"`
}

// classifyResult has pointers where the absence of a field makes the answer
// useless.
type classifyResult struct {
	ID      string   `json:"id"`
	Spam    *bool    `json:"spam"`
	Score   *float64 `json:"score"`
	Reasons []string `json:"reasons"`
}

// classify judges up to 100 items in one request; an item that the answer
// leaves out has a nil verdict.
func (c *Client) classify(ctx context.Context, items []analysis.SpamItem) ([]*analysis.SpamVerdict, error) {
	request := classifyRequest{Items: make([]classifyItem, len(items))}
	at := make(map[string]int, len(items))
	for i, item := range items {
		id := wireID(item.ID, i, at)
		at[id] = i
		request.Items[i] = classifyItem{ID: id, Text: item.Text, Author: item.Author.Name}
		if !item.PublishedAt.IsZero() {
			utc := item.PublishedAt.UTC()
			request.Items[i].PublishedAt = &utc
		}
	}
	var verdicts []*analysis.SpamVerdict
	err := c.service.Post(ctx, "/classify", request, func(body []byte) (err error) {
		verdicts, err = c.read(body, at)
		return err
	})
	if err != nil {
		return nil, err
	}
	return verdicts, nil
}

// wireID is the post's id, or something of its own where that is empty or
// already taken in this request: results are matched by id.
func wireID(id string, i int, taken map[string]int) string {
	for {
		if _, used := taken[id]; id != "" && !used {
			return id
		}
		id += "#" + strconv.Itoa(i)
	}
}

// read turns an answer into verdicts in the order of the request. One bad
// result spoils the answer: a service that garbles one is not trusted with the
// others. Ids that nobody asked for are ignored.
func (c *Client) read(body []byte, at map[string]int) ([]*analysis.SpamVerdict, error) {
	var answer classifyAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	if answer.Results == nil {
		return nil, errors.New("it has no results")
	}
	model := modelName(answer.Model)
	verdicts := make([]*analysis.SpamVerdict, len(at))
	for _, result := range answer.Results {
		i, asked := at[result.ID]
		if !asked {
			continue
		}
		if verdicts[i] != nil {
			return nil, fmt.Errorf("it has two results for %q", result.ID)
		}
		verdict, err := result.verdict(model)
		if err != nil {
			return nil, err
		}
		verdicts[i] = &verdict
	}
	c.model.Store(&model)
	return verdicts, nil
}

func (r classifyResult) verdict(model analysis.Model) (analysis.SpamVerdict, error) {
	if r.Spam == nil || r.Score == nil {
		return analysis.SpamVerdict{}, fmt.Errorf("the result of %q has no verdict or no score", r.ID)
	}
	var reasons []string
	if *r.Spam {
		reasons = cleanReasons(r.Reasons)
	}
	return analysis.NewSpamVerdict(*r.Spam, *r.Score, reasons, model)
}

// cleanReasons bounds a service's reasons and keeps them apart from the ";"
// that joins them in an export.
func cleanReasons(reasons []string) []string {
	var clean []string
	for _, reason := range reasons[:min(len(reasons), maxReasons)] {
		reason = strings.TrimSpace(content.CleanText(strings.ReplaceAll(reason, ";", ",")))
		if reason != "" {
			clean = append(clean, truncate(reason, maxReasonBytes))
		}
	}
	return clean
}

func modelName(name string) analysis.Model {
	if name = strings.TrimSpace(content.CleanText(name)); name == "" {
		return unknownModel
	}
	return analysis.Model(truncate(name, maxModelBytes))
}
