package sentiment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"unicode"

	"github.com/soundings-io/soundings/adapters/internal/batchservice"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// unknownModel stands for a service that does not tell its name.
const unknownModel analysis.Model = "sentiment-service@unknown"

const (
	// maxCharacters is how long a text may be that is sent (contract §6).
	maxCharacters = 10_000
	// maxModel bounds a service's name, in characters, so that it cannot fill
	// the store.
	maxModel = 200
)

// Client scores texts by asking the sentiment service (contract §6).
type Client struct {
	service *batchservice.Client
	model   atomic.Pointer[analysis.Model]
}

var (
	_ ports.SentimentAnalyzer = (*Client)(nil)
	_ ports.HealthChecker     = (*Client)(nil)
)

// Options are the limits of a Client; zero values mean the defaults of
// batchservice.
type Options = batchservice.Options

// NewClient returns a client of the sentiment service at baseURL, an http or
// https address. It makes no call.
func NewClient(baseURL string, opts Options) (*Client, error) {
	service, err := batchservice.New(baseURL, batchservice.Service{
		Name:        "sentiment service",
		Unavailable: fault.CodeSentimentUnavailable,
	}, opts)
	if err != nil {
		return nil, err
	}
	return &Client{service: service}, nil
}

// Analyze scores texts in requests of at most 100; see
// ports.SentimentAnalyzer. Texts of more than 10,000 characters are cut at a
// word.
func (c *Client) Analyze(ctx context.Context, texts []string) ([]*analysis.Sentiment, error) {
	short := make([]string, len(texts))
	for i, text := range texts {
		short[i] = shorten(text, maxCharacters)
	}
	return batchservice.Judge(ctx, short, batchservice.Batch[string, analysis.Sentiment]{
		Size: func(text string) int { return len(text) },
		Call: c.ask,
	})
}

// Model returns the name that the service last told, else
// "sentiment-service@unknown".
func (c *Client) Model() analysis.Model {
	if model := c.model.Load(); model != nil {
		return *model
	}
	return unknownModel
}

// Healthy asks the service's GET /health.
func (c *Client) Healthy(ctx context.Context) error { return c.service.Healthy(ctx) }

type analyzeRequest struct {
	Texts []string `json:"texts"`
}

type analyzeAnswer struct {
	Results []analyzeResult `json:"results"`
	Model   string          `json:"model"`
}

// analyzeResult has a pointer where the absence of a field makes the answer
// useless.
type analyzeResult struct {
	Label analysis.Label `json:"label"`
	Score *float64       `json:"score"`
}

// ask scores up to 100 texts in one request.
func (c *Client) ask(ctx context.Context, texts []string) ([]*analysis.Sentiment, error) {
	var sentiments []*analysis.Sentiment
	err := c.service.Post(ctx, "/analyze", analyzeRequest{Texts: texts}, func(body []byte) (err error) {
		sentiments, err = c.read(body, len(texts))
		return err
	})
	if err != nil {
		return nil, err
	}
	return sentiments, nil
}

// read turns an answer to n texts into sentiments. Results belong to texts by
// their place alone, so one bad result spoils the answer.
func (c *Client) read(body []byte, n int) ([]*analysis.Sentiment, error) {
	var answer analyzeAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	if len(answer.Results) != n {
		return nil, fmt.Errorf("it has %d results for %d texts", len(answer.Results), n)
	}
	model := modelName(answer.Model)
	sentiments := make([]*analysis.Sentiment, n)
	for i, result := range answer.Results {
		sentiment, err := result.sentiment(model)
		if err != nil {
			return nil, fmt.Errorf("result %d: %w", i, err)
		}
		sentiments[i] = &sentiment
	}
	c.model.Store(&model)
	return sentiments, nil
}

func (r analyzeResult) sentiment(model analysis.Model) (analysis.Sentiment, error) {
	if r.Score == nil {
		return analysis.Sentiment{}, errors.New("it has no score")
	}
	sentiment, err := analysis.NewSentiment(r.Label, *r.Score, model)
	if err != nil {
		return sentiment, err
	}
	if sentiment.Label == analysis.Positive && sentiment.Score < 0 {
		return sentiment, errors.New("it is positive with a score below 0")
	}
	sentiment.Score += 0 // a negated 0 would be written as -0
	return sentiment, nil
}

func modelName(name string) analysis.Model {
	if name = strings.TrimSpace(content.CleanText(name)); name == "" {
		return unknownModel
	}
	return analysis.Model(shorten(name, maxModel))
}

// shorten returns the text if it has at most limit characters, else its
// beginning up to the last white space in the second half of them. Where there
// is none, as in Chinese, words cannot be seen and it cuts at the limit.
func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	characters, word := 0, 0
	for i, c := range text {
		if unicode.IsSpace(c) {
			word = i
		}
		if characters == limit {
			if word < i/2 {
				word = i
			}
			return text[:word]
		}
		characters++
	}
	return text
}
