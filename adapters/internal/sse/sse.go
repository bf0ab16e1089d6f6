// Package sse sends server-sent events to a browser (WHATWG HTML §9.2).
//
// The format is go-sse's, which is well kept and splits data at every line end
// that a browser takes for one. The connection is ours: go-sse's own sessions
// know no deadlines.
package sse

import (
	"errors"
	"net/http"
	"strings"
	"time"

	gosse "github.com/tmaxmax/go-sse"
)

const (
	// patience is how long a client may take to make room for one event.
	patience = 30 * time.Second
	// reconnectAfter is how long a browser waits before it connects again.
	reconnectAfter = 2 * time.Second
)

var errNUL = errors.New("an event's id holds a NUL")

// Stream is the answer to one request. It is not safe for concurrent use.
type Stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// SetHeader gives an answer the header of a stream: nothing on the way may keep
// it, nor hold it back.
func SetHeader(h http.Header) {
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // nginx
}

// Open begins a stream on an answer whose header was sent. From then on, the
// time limits of the server for reading the request and writing the answer do
// not hold: each event has its own.
func Open(w http.ResponseWriter) (*Stream, error) {
	s := &Stream{w: w, control: http.NewResponseController(w)}
	// The server reads on, to notice that the client has gone; its limit would end
	// the request. A writer without deadlines has no such limit either.
	if err := s.control.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	return s, s.write(&gosse.Message{Retry: reconnectAfter})
}

// Send sends an event. The id is what the client names when it connects again;
// neither it nor the type may hold a line end, nor the id a NUL. Line ends within
// the data arrive as LF.
func (s *Stream) Send(typ, id, data string) error {
	if strings.Contains(id, "\x00") {
		return errNUL // go-sse lets it pass, and browsers would keep the id before
	}
	m := &gosse.Message{}
	var err error
	if m.Type, err = gosse.NewType(typ); err != nil {
		return err
	}
	if m.ID, err = gosse.NewID(id); err != nil {
		return err
	}
	m.AppendData(data)
	return s.write(m)
}

// Ping sends a comment, so that whatever lies between sees that the connection
// is in use, and this side notices that the client is not there any more.
func (s *Stream) Ping() error {
	m := &gosse.Message{}
	m.AppendComment("ping")
	return s.write(m)
}

func (s *Stream) write(m *gosse.Message) error {
	err := s.control.SetWriteDeadline(time.Now().Add(patience))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := m.WriteTo(s.w); err != nil {
		return err
	}
	return s.control.Flush()
}
