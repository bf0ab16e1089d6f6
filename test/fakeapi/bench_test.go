package fakeapi_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// BenchmarkThreadPage measures a full page of 100 threads over loopback, the
// client's share included.
func BenchmarkThreadPage(b *testing.B) {
	s := fakeapi.Run(b, corpus(b))
	address := s.YouTubeURL() + "/commentThreads?part=snippet,replies&maxResults=100&textFormat=plainText&videoId=FzRH3iTQPrk&key=" + fakeapi.DemoKey
	b.ReportAllocs()
	for b.Loop() {
		response, err := http.Get(address)
		if err != nil {
			b.Fatal(err)
		}
		n, _ := io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		b.SetBytes(n)
	}
}

// BenchmarkThreadPageServer measures the server's share alone.
func BenchmarkThreadPageServer(b *testing.B) {
	s := fakeapi.Run(b, corpus(b))
	address := s.YouTubeURL() + "/commentThreads?part=snippet,replies&maxResults=100&textFormat=plainText&videoId=FzRH3iTQPrk&key=" + fakeapi.DemoKey
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		w := &discard{header: http.Header{}}
		s.ServeHTTP(w, r)
		b.SetBytes(int64(w.n))
	}
}

// discard is a ResponseWriter that counts.
type discard struct {
	header http.Header
	n      int
}

func (d *discard) Header() http.Header { return d.header }
func (d *discard) WriteHeader(int)     {}
func (d *discard) Write(b []byte) (int, error) {
	d.n += len(b)
	return len(b), nil
}
