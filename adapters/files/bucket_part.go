package files

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// sending is a part on its way. Where a try is refused before its body was read,
// net/http may still read that body while minio-go sends the next try of the same
// reader, and we fill its memory with the next part: reads take turns, and find
// nothing once the part has ended. What they take from each other, S3 sees by the
// part's sum.
type sending struct {
	mu   sync.Mutex
	part *bytes.Reader // nil once it has ended
}

var errPartEnded = errors.New("the part has ended")

func newSending(part []byte) *sending { return &sending{part: bytes.NewReader(part)} }

// Read reads on.
func (s *sending) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.part == nil {
		return 0, errPartEnded
	}
	return s.part.Read(p)
}

// Seek lets minio-go begin again.
func (s *sending) Seek(offset int64, whence int) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.part == nil {
		return 0, errPartEnded
	}
	return s.part.Seek(offset, whence)
}

// end waits for a read that goes on, and lets no other one begin.
func (s *sending) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.part = nil
}

var _ io.ReadSeeker = (*sending)(nil)
