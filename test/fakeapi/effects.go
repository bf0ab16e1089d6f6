package fakeapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// errCut ends a call without a whole answer.
var errCut = errors.New("the connection is cut")

// serve records a call, lets the platform answer and works the fault that
// takes the call, if any.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, m mount, path string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		send(w, jsonAnswer(http.StatusRequestEntityTooLarge, map[string]string{"detail": "the body is too large"}))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	auth, _ := identify(r)
	call := Call{
		Service: m.service, Method: r.Method, Path: path, Query: withoutKey(r),
		Auth: auth, At: time.Now(), Trace: r.Header.Get("traceparent"), Body: string(body),
	}
	rule := s.rules.find(call)
	leave := func() {}
	if gate, ok := m.platform.(gatekeeper); ok {
		r, leave = gate.enter(r, path)
	}
	seq := s.recorder.begin(call)
	status := 0
	// Deferred, so that a connection that is cut by a panic ends the call too.
	defer func() {
		leave()
		s.recorder.end(seq, m.service, status, rule.Effect)
	}()
	a, err := s.faulty(r, m, path, rule)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if rule.Effect == Cut {
		sendHalf(w, a)
		panic(http.ErrAbortHandler)
	}
	status = a.status
	send(w, a)
	giveBack(a.body)
}

// faulty returns the answer under a rule, or errCut.
func (s *Server) faulty(r *http.Request, m mount, path string, rule Rule) (answer, error) {
	if !s.waited(r.Context(), rule) {
		return answer{}, errCut
	}
	var a answer
	switch rule.Effect {
	case Hang, Drop:
		return answer{}, errCut
	case Error:
		a = m.platform.fault(rule)
	case Garbage:
		a = htmlAnswer(max(rule.Status, http.StatusOK))
	default:
		a = m.platform.answer(r, path, rule.Effect)
	}
	if rule.Effect == Truncate {
		a.body = a.body[:len(a.body)/2]
	}
	if rule.RetryAfter != "" {
		a.header.Set("Retry-After", rule.RetryAfter)
	}
	return a, nil
}

// waited waits as long as the rule says and tells whether the client is still
// there and the server still open.
func (s *Server) waited(ctx context.Context, rule Rule) bool {
	wait := rule.delay()
	if rule.Effect == Hang && wait == 0 {
		wait = maxHang
	}
	if wait == 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-s.closing.Done():
	}
	return false
}

// send writes an answer. A client that went away meanwhile is no error.
func send(w http.ResponseWriter, a answer) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// sendHalf announces the whole body and writes half of it.
func sendHalf(w http.ResponseWriter, a answer) {
	half := a.body[:len(a.body)/2]
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(half)
	_ = http.NewResponseController(w).Flush()
}
