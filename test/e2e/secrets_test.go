package e2e_test

import (
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// secrets are what a world must keep to itself, by what they are.
type secrets struct {
	mu    sync.Mutex
	named map[string]string
}

func newSecrets() *secrets {
	return &secrets{named: map[string]string{fakeapi.DemoKey: "YouTube's API key"}}
}

// keep adds a secret.
func (s *secrets) keep(name, value string) {
	if value == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.named[value] = name
}

// all returns the names by value.
func (s *secrets) all() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.named)
}

// requireNoneIn fails the test where a text tells a secret; it does not repeat it.
func (s *secrets) requireNoneIn(t *testing.T, where, text string) {
	t.Helper()
	for value, name := range s.all() {
		if strings.Contains(text, value) {
			require.Fail(t, where+" tells "+name)
		}
	}
}
