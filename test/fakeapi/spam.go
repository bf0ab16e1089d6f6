package fakeapi

import (
	"net/http"
	"strings"
	"time"
)

const spamModel = "fake-spam@1"

// spamService plays the spam service: POST classify, GET health. It looks for
// a few marks, so that a test can foretell what it says.
type spamService struct{}

type classifyRequest struct {
	Items []classifyItem `json:"items"`
}

type classifyItem struct {
	ID          string     `json:"id"`
	Text        string     `json:"text"`
	Author      string     `json:"author"`
	PublishedAt *time.Time `json:"publishedAt"`
}

type spamResult struct {
	ID      string   `json:"id"`
	Spam    bool     `json:"spam"`
	Score   float64  `json:"score"`
	Reasons []string `json:"reasons"`
}

func (spamService) fault(r Rule) answer { return fault(r) }

func (spamService) answer(r *http.Request, path string, effect Effect) answer {
	return route(r, path, "classify", func() answer { return classify(r, effect) })
}

func classify(r *http.Request, effect Effect) answer {
	var batch classifyRequest
	if refusal := read(r, &batch); refusal != nil {
		return *refusal
	}
	if batch.Items == nil {
		return refused("items", "Field required")
	}
	texts := make([]string, len(batch.Items))
	results := make([]spamResult, 0, len(batch.Items))
	for i, item := range batch.Items {
		if item.ID == "" {
			return refused("items", "every item needs an id")
		}
		texts[i] = item.Text
		if effect == MissingIDs && i%2 == 1 {
			continue
		}
		reasons := SpamMarks(item.Text)
		result := spamResult{ID: item.ID, Reasons: reasons, Spam: len(reasons) > 0, Score: 0.02}
		if result.Spam {
			result.Score = 1 - 0.3/float64(len(reasons)*len(reasons))
		}
		results = append(results, result)
	}
	if refusal := overLimit("items", texts); refusal != nil {
		return *refusal
	}
	return spoiledAnswer(results, spamModel, effect)
}

// spamMarks are parts of a text in lower case and the reason they stand for.
var spamMarks = []struct{ part, reason string }{
	{"http://", "link"}, {"https://", "link"}, {"www.", "link"}, {".com", "link"}, {"t.me/", "link"},
	{"check out my channel", "self_promotion"}, {"subscribe to my", "self_promotion"}, {"sub4sub", "self_promotion"},
	{"giveaway", "bait"}, {"whatsapp", "bait"}, {"telegram", "bait"}, {"free money", "bait"}, {"gift card", "bait"},
	{"\u202e", "bidi"}, {"\u2066", "bidi"},
}

// SpamMarks returns why the fake spam service takes a text for spam, each
// reason once; none means ok.
func SpamMarks(text string) []string {
	text = strings.ToLower(text)
	reasons := []string{}
	for _, m := range spamMarks {
		if strings.Contains(text, m.part) && (len(reasons) == 0 || reasons[len(reasons)-1] != m.reason) {
			reasons = append(reasons, m.reason)
		}
	}
	return reasons
}
