package fakeapi

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// Effect is what a fault does to a call.
type Effect string

// The effects on any call.
const (
	// Delayed only waits, then answers as ever.
	Delayed Effect = "delay"
	// Error answers with the rule's Status and Reason.
	Error Effect = "error"
	// Hang does not answer until the client goes away, the rule's delay (60 s
	// where it has none) is over, or the server closes; then the connection is cut.
	Hang Effect = "hang"
	// Drop closes the connection before the first byte.
	Drop Effect = "drop"
	// Cut closes the connection in the middle of the body.
	Cut Effect = "cut"
	// Truncate sends half of the body as if it were whole.
	Truncate Effect = "truncate"
	// Garbage answers with a page of HTML, 200 unless the rule has a Status.
	Garbage Effect = "garbage"
)

// The effects on YouTube's lists.
const (
	// RefusePageToken refuses the token of a request that carries one.
	RefusePageToken Effect = "refuse_page_token"
	// LoopPageToken names a page as its own next page, for ever.
	LoopPageToken Effect = "loop_page_token"
	// IgnorePageToken hands out the first page whatever the token says, as
	// comments.list did in May 2024.
	IgnorePageToken Effect = "ignore_page_token"
	// EmptyPage leaves the items out and keeps the next page's token.
	EmptyPage Effect = "empty_page"
)

// The effects on the answers of the sentiment and the spam service.
const (
	// WrongLength leaves the last result out.
	WrongLength Effect = "wrong_length"
	// WrongOrder turns the results around.
	WrongOrder Effect = "wrong_order"
	// NotANumber writes NaN for the scores, which is no JSON.
	NotANumber Effect = "nan"
	// OutOfRange writes 7 for the scores.
	OutOfRange Effect = "out_of_range"
	// MissingIDs leaves out every second result of the spam service.
	MissingIDs Effect = "missing_ids"
	// UnknownLabel writes a label that nobody knows.
	UnknownLabel Effect = "unknown_label"
	// NoModel leaves the model's name out.
	NoModel Effect = "no_model"
)

var effects = []Effect{
	Delayed, Error, Hang, Drop, Cut, Truncate, Garbage, RefusePageToken, LoopPageToken, IgnorePageToken, EmptyPage,
	WrongLength, WrongOrder, NotANumber, OutOfRange, MissingIDs, UnknownLabel, NoModel,
}

// Rule is a fault: which calls, and what happens to them. Empty conditions
// match every call. The first rule that takes a call is the only one to act.
type Rule struct {
	Service Service `json:"service,omitempty"`
	// Path is the method's name as in Call.Path; "comments/*" is all that
	// begins so.
	Path string `json:"path,omitempty"`
	// Query is a part of the query without the key, encoded and sorted by
	// name: "pageToken=", "videoId=abc".
	Query string `json:"query,omitempty"`
	// Body is a part of what is posted.
	Body string `json:"body,omitempty"`
	// Skip leaves the first matching calls alone, Times ends the rule after so
	// many; 0 is for ever.
	Skip  int `json:"skip,omitempty"`
	Times int `json:"times,omitempty"`
	// Probability takes only that part of the matching calls, by a generator
	// that Seed starts; 0 takes all.
	Probability float64 `json:"probability,omitempty"`
	Seed        uint64  `json:"seed,omitempty"`

	Effect Effect `json:"effect"`
	// Status is the HTTP status of Error and Garbage; 0 is the reason's own.
	Status int `json:"status,omitempty"`
	// Reason is the platform's word, such as quotaExceeded; see KnownReasons,
	// GoogleReasons and RedditReasons.
	Reason string `json:"reason,omitempty"`
	// RetryAfter is sent as the header of that name: seconds or a date.
	RetryAfter string `json:"retryAfter,omitempty"`
	// DelayMillis is waited before any effect, and bounds Hang.
	DelayMillis int64 `json:"delayMillis,omitempty"`
}

// delay returns how long a rule waits.
func (r Rule) delay() time.Duration { return time.Duration(r.DelayMillis) * time.Millisecond }

func (r Rule) validate() error {
	if !slices.Contains(effects, r.Effect) {
		return fmt.Errorf("%q is not an effect; known are %v", r.Effect, effects)
	}
	if r.Probability < 0 || r.Probability > 1 {
		return fmt.Errorf("a probability of %v is not within 0 and 1", r.Probability)
	}
	if r.Effect == Error && r.Status == 0 && r.Reason == "" {
		return fmt.Errorf("the effect %q needs a status or a reason", Error)
	}
	return nil
}

func (r Rule) matchesPath(path string) bool {
	if begin, open := strings.CutSuffix(r.Path, "*"); open {
		return strings.HasPrefix(path, begin)
	}
	return r.Path == "" || r.Path == path
}

func (r Rule) matches(c Call) bool {
	return (r.Service == "" || r.Service == c.Service) &&
		r.matchesPath(c.Path) &&
		strings.Contains(c.Query.Encode(), r.Query) &&
		strings.Contains(c.Body, r.Body)
}

// activeRule is a rule with what it has seen.
type activeRule struct {
	Rule
	seen, taken int
	dice        *rand.Rand
}

// takes tells whether the rule acts on a matching call, and counts it.
func (a *activeRule) takes() bool {
	a.seen++
	if a.seen <= a.Skip || a.Times > 0 && a.taken >= a.Times {
		return false
	}
	if a.Probability > 0 && a.dice.Float64() >= a.Probability {
		return false
	}
	a.taken++
	return true
}

// ruleBook holds the rules of a server.
type ruleBook struct {
	mu    sync.Mutex
	rules []*activeRule
}

// find returns the rule that takes a call; the zero Rule does nothing.
func (b *ruleBook) find(c Call) Rule {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.rules {
		if a.matches(c) && a.takes() {
			return a.Rule
		}
	}
	return Rule{}
}

// Inject adds faults behind those that are there. It panics on a rule that
// makes no sense, which is a mistake in the test.
func (s *Server) Inject(rules ...Rule) {
	for _, r := range rules {
		if err := s.inject(r); err != nil {
			panic("fakeapi: " + err.Error())
		}
	}
}

func (s *Server) inject(r Rule) error {
	if err := r.validate(); err != nil {
		return err
	}
	s.rules.mu.Lock()
	defer s.rules.mu.Unlock()
	s.rules.rules = append(s.rules.rules, &activeRule{Rule: r, dice: rand.New(rand.NewPCG(r.Seed, 0))})
	return nil
}

// ClearRules removes all faults.
func (s *Server) ClearRules() {
	s.rules.mu.Lock()
	defer s.rules.mu.Unlock()
	s.rules.rules = nil
}
