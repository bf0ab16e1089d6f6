package task

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/soundings-io/soundings/domain/fault"
)

// UnknownTime stands for a time left that nobody knows.
const UnknownTime int64 = -1

// Progress is a task at a moment, with what can only be told by watching it.
type Progress struct {
	State
	// Revision is equal for equal states, whichever process saw them.
	Revision string
	// PostsPerSecond is how many posts were stored a second of late.
	PostsPerSecond float64
	// SecondsLeft is an estimate, UnknownTime where there is no honest one.
	SecondsLeft int64
	// WaitingFor tells people what holds the task up; empty while it runs.
	WaitingFor string
}

const (
	// paceWindow is what "of late" means.
	paceWindow = 10 * time.Second
	// paceStep lies between two looks that are remembered, so that they are few
	// however many watchers come.
	paceStep = 500 * time.Millisecond
	// paceEnough is how long one must have looked to judge by what one saw.
	paceEnough = 2 * time.Second
)

// Pace tells how quickly a task gets on, from looks at it. The zero value has
// seen nothing. It is not safe for concurrent use.
type Pace struct{ looks []look }

// look is what was seen at a moment.
type look struct {
	at       time.Time
	run      int
	counters Counters
}

// Look notes how the task stands now, and returns what follows.
func (p *Pace) Look(s State, now time.Time) Progress {
	l := look{at: now, run: s.Run, counters: s.Counters}
	p.looks = slices.DeleteFunc(p.looks, func(old look) bool { return now.Sub(old.at) > paceWindow || old.run != s.Run })
	if n := len(p.looks); n == 0 || now.Sub(p.looks[n-1].at) >= paceStep {
		p.looks = append(p.looks, l)
	}
	return Progress{
		State: s, Revision: s.Revision(), WaitingFor: s.WaitingFor(),
		PostsPerSecond: p.postsPerSecond(s, l), SecondsLeft: p.secondsLeft(s, l),
	}
}

// postsPerSecond goes by the looks. Whoever has only begun to look is told the
// mean of the first run; when a later one began, the task does not tell.
func (p *Pace) postsPerSecond(s State, now look) float64 {
	if s.Status != Running {
		return 0
	}
	first := p.looks[0]
	if now.at.Sub(first.at) < paceEnough {
		if s.Run != 1 || s.StartedAt.IsZero() {
			return 0
		}
		first = look{at: s.StartedAt}
	}
	return round(rate(first, now, fetched))
}

// secondsLeft is honest where all posts of what was announced are wanted, no
// more is being announced, and what is missing comes at a pace that was seen:
// posts are to be stored, then judged, and the slower of the two counts.
func (p *Pace) secondsLeft(s State, now look) int64 {
	first := p.looks[0]
	c, o := s.Counters, s.Options
	announced := c.Expected > 0 && c.Opened >= int64(len(s.Sources)) &&
		c.Expected == first.counters.Expected && c.Opened == first.counters.Opened
	whole := s.Kind == Analysis && s.Run == 1 && o.IncludeReplies && o.Since.IsZero()
	if s.Status != Running || !announced || !whole || now.at.Sub(first.at) < paceEnough {
		return UnknownTime
	}
	wanted := c.Expected
	if o.MaxPosts > 0 {
		wanted = min(wanted, o.MaxPosts)
	}
	storing := left(wanted-fetched(c), rate(first, now, fetched))
	judging := left(max(wanted, fetched(c))-judged(c), rate(first, now, judged))
	longest := max(storing, judging)
	if longest <= 0 || math.IsInf(longest, 1) {
		return UnknownTime // the rest is not counted in posts, or nothing moves
	}
	return int64(math.Ceil(longest))
}

func fetched(c Counters) int64 { return c.Fetched }

func judged(c Counters) int64 { return c.Spam + c.Scored }

// rate returns the growth a second, never negative: a retry may count anew.
func rate(from, to look, of func(Counters) int64) float64 {
	seconds := max(to.at.Sub(from.at).Seconds(), 1)
	return max(0, float64(of(to.counters)-of(from.counters))/seconds)
}

// left returns the seconds that the posts take; infinite at no pace.
func left(posts int64, perSecond float64) float64 {
	if posts <= 0 {
		return 0
	}
	return float64(posts) / perSecond
}

// round keeps one decimal: more would only pretend to be exact.
func round(perSecond float64) float64 { return math.Round(10*perSecond) / 10 }

// Revision names the state: it is the same text for the same state, in every
// process, and another one for another state.
func (s State) Revision() string {
	b, _ := json.Marshal(s) // a State holds nothing that cannot be marshalled
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// WaitingFor tells people what holds the task up; empty while it runs and when
// it has ended.
func (s State) WaitingFor() string {
	switch s.Status {
	case Paused:
		return "paused by you; resume it to go on"
	case Pending:
		return "its turn"
	case Waiting:
		return s.parkedFor()
	}
	return ""
}

// parkedFor speaks of the park that ends first: then the task goes on.
func (s State) parkedFor() string {
	what, ends := "the next try", time.Time{}
	for _, p := range s.Problems {
		if !p.RetryAt.IsZero() && (ends.IsZero() || p.RetryAt.Before(ends)) {
			what, ends = hindrance(p), p.RetryAt
		}
	}
	if s.RetryAt.IsZero() {
		return what
	}
	return what + ", until " + s.RetryAt.UTC().Format("2006-01-02 15:04:05 MST")
}

// hindrance names what a parked subtask waits for.
func hindrance(p Problem) string {
	switch p.Code {
	case fault.CodeQuotaExhausted:
		return "the provider's daily quota, which is used up"
	case fault.CodeRateLimited:
		return "the provider's rate limit"
	case fault.CodeProviderUnavailable:
		return "the provider, which cannot be reached now"
	case fault.CodeSpamUnavailable:
		return "the spam service, which cannot be reached now"
	case fault.CodeSentimentUnavailable:
		return "the sentiment service, which cannot be reached now"
	}
	return p.Message
}
