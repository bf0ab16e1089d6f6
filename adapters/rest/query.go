package rest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const (
	defaultLimit = 50
	maxLimit     = 100
)

func paging(limit *Limit, cursor *Cursor) (ports.Paging, error) {
	p := ports.Paging{Limit: defaultLimit}
	if limit != nil {
		p.Limit = *limit
	}
	if p.Limit < 1 || p.Limit > maxLimit {
		return p, invalid("limit", "limit is 1 to %d", maxLimit)
	}
	if cursor != nil {
		p.After = *cursor
	}
	return p, nil
}

// canonicalID returns an id as it is stored. What is no UUID names nothing.
func canonicalID(raw string) (string, error) {
	const textLength = 36 // uuid.Validate takes braces and URNs as well
	if len(raw) != textLength || uuid.Validate(raw) != nil {
		return "", errNoSuchThing()
	}
	return strings.ToLower(raw), nil
}

func taskID(raw TaskID) (task.ID, error) {
	id, err := canonicalID(raw)
	return task.ID(id), err
}

// word is an enumeration of openapi.yaml.
type word interface {
	~string
	Valid() bool
}

// chosen returns the words of a filter as the domain has them; rename has those
// that are spelt otherwise there.
func chosen[T ~string, W word](field string, given *[]W, rename map[W]T) ([]T, error) {
	if given == nil {
		return nil, nil
	}
	words := make([]T, len(*given))
	for i, w := range *given {
		if !w.Valid() {
			return nil, invalid(field, "%q is none of the values that %s takes", shortened(string(w)), field)
		}
		words[i] = T(w)
		if other, ok := rename[w]; ok {
			words[i] = other
		}
	}
	return words, nil
}

// The words for posts that nobody has judged are empty in the domain.
var (
	sentimentWords = map[SentimentFilter]analysis.Label{SentimentFilterNone: ""}
	spamWords      = map[SpamFilter]analysis.Verdict{
		SpamFilterTrue: analysis.Spam, SpamFilterFalse: analysis.OK, SpamFilterNone: "",
	}
)

// postWords are the lists of a filter of posts.
type postWords struct {
	kind      *[]PostKind
	sentiment *[]SentimentFilter
	spam      *[]SpamFilter
}

// filter returns the filter with the lists; prefix goes before fields' names.
func (w postWords) filter(prefix string) (analysis.PostFilter, error) {
	var f analysis.PostFilter
	var err error
	if f.Kinds, err = chosen[content.PostKind](prefix+"kind", w.kind, nil); err != nil {
		return f, err
	}
	if f.Sentiments, err = chosen(prefix+"sentiment", w.sentiment, sentimentWords); err != nil {
		return f, err
	}
	f.Spam, err = chosen(prefix+"spam", w.spam, spamWords)
	return f, err
}

// wordList is a list in a body, given as an array, as words with commas
// between, or, for spam, as true or false.
type wordList []string

// UnmarshalJSON reads any of the forms; null is as if it were left out.
func (l *wordList) UnmarshalJSON(b []byte) error {
	var value any
	if err := json.Unmarshal(b, &value); err != nil {
		return err
	}
	switch v := value.(type) {
	case nil:
		*l = nil
	case string:
		*l = strings.Split(v, ",")
	case bool:
		*l = wordList{strconv.FormatBool(v)}
	default:
		return json.Unmarshal(b, (*[]string)(l))
	}
	return nil
}

// wordsOf returns a body's list as a query's. A list that is there and empty
// chooses nothing in particular, like one that is left out.
func wordsOf[W ~string](l wordList) *[]W {
	if len(l) == 0 {
		return nil
	}
	words := make([]W, len(l))
	for i, w := range l {
		words[i] = W(w)
	}
	return &words
}

func valueOf[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// checkTime refuses years that databases or JSON cannot hold.
func checkTime(field string, t *time.Time) (time.Time, error) {
	if t == nil {
		return time.Time{}, nil
	}
	if utc := t.UTC(); utc.Year() >= 1 && utc.Year() <= 9999 {
		return utc, nil
	}
	return time.Time{}, invalid(field, "%s", fmt.Sprintf("%s is no year that anybody wrote in", field))
}
