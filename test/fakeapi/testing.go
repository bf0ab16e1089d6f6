package fakeapi

import "testing"

// Run starts a server for a test and closes it at the test's end.
func Run(t testing.TB, data *Data, options ...Option) *Server {
	t.Helper()
	s := New(data, options...)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}
