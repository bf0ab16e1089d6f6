package fakeapi

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// keptCalls bounds the memory of a fake that runs for days: older calls go.
const keptCalls = 100_000

// Call is one request that a platform received. As JSON it holds no secret.
type Call struct {
	// Seq counts all calls from 1.
	Seq     int     `json:"seq"`
	Service Service `json:"service"`
	Method  string  `json:"method"`
	// Path stands behind the service's base path: commentThreads, analyze.
	Path string `json:"path"`
	// Query is without the key.
	Query url.Values `json:"query,omitempty"`
	Auth  AuthKind   `json:"auth"`
	At    time.Time  `json:"at"`
	// Status is what was answered; 0 while the call is open, and for one that
	// was cut or left hanging.
	Status int `json:"status"`
	// Effect is the fault that was worked on it, if any.
	Effect Effect `json:"effect,omitempty"`
	// Trace is the header traceparent.
	Trace string `json:"trace,omitempty"`
	// Body is what was posted; at a token endpoint it holds secrets.
	Body string `json:"-"`
}

// recorder keeps the calls and how many were open at the same time.
type recorder struct {
	mu    sync.Mutex
	calls []Call
	seq   int
	open  map[Service]int
	high  map[Service]int
}

// begin records a call and returns its number.
func (r *recorder) begin(c Call) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.calls) == keptCalls {
		r.calls = slices.Delete(r.calls, 0, keptCalls/10)
	}
	r.seq++
	c.Seq = r.seq
	r.calls = append(r.calls, c)
	r.open[c.Service]++
	r.high[c.Service] = max(r.high[c.Service], r.open[c.Service])
	return c.Seq
}

// end notes how a call ended.
func (r *recorder) end(seq int, service Service, status int, effect Effect) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open[service]--
	if len(r.calls) == 0 {
		return
	}
	if at := seq - r.calls[0].Seq; at >= 0 && at < len(r.calls) {
		r.calls[at].Status, r.calls[at].Effect = status, effect
	}
}

// Calls returns the calls so far, oldest first, at most the last 100,000.
func (s *Server) Calls() []Call {
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	return slices.Clone(s.recorder.calls)
}

// CallsTo returns the calls to one path of a service, such as YouTube's
// commentThreads. An empty path means all.
func (s *Server) CallsTo(service Service, path string) []Call {
	return slices.DeleteFunc(s.Calls(), func(c Call) bool {
		return c.Service != service || path != "" && c.Path != path
	})
}

// MaxInFlight returns how many calls to a service were open at the same time
// at most.
func (s *Server) MaxInFlight(service Service) int {
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	return s.recorder.high[service]
}

// ForgetCalls empties the record; numbers go on.
func (s *Server) ForgetCalls() {
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	s.recorder.calls = nil
	clear(s.recorder.high)
}

// withoutKey returns a request's query without its secret.
func withoutKey(r *http.Request) url.Values {
	query := r.URL.Query()
	query.Del("key")
	query.Del("access_token")
	query.Del("token")
	return query
}
