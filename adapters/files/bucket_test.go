package files_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/files"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

// fakeS3 is a server with one bucket, and what it does to requests.
type fakeS3 struct {
	*httptest.Server
	backend *s3mem.Backend
	// before may answer in the server's place: it returns true then.
	before atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool]
}

func newFakeS3(t *testing.T) *fakeS3 {
	t.Helper()
	f := &fakeS3{backend: s3mem.New()}
	require.NoError(t, f.backend.CreateBucket("exports"))
	s3 := gofakes3.New(f.backend).Server()
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if before := f.before.Load(); before == nil || !(*before)(w, r) {
			s3.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *fakeS3) open(t *testing.T, prefix string, timeout time.Duration) *files.Bucket {
	t.Helper()
	b, err := files.OpenBucket("s3://exports"+prefix+"?region=eu-central-1&endpoint="+f.URL, files.BucketOptions{
		AccessKeyID: "id", SecretKey: access.NewToken("secret"), Timeout: timeout,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

func (f *fakeS3) answers(before func(w http.ResponseWriter, r *http.Request) bool) {
	f.before.Store(&before)
}

func (f *fakeS3) objects(t *testing.T) []string {
	t.Helper()
	list, err := f.backend.ListBucket("exports", nil, gofakes3.ListBucketPage{})
	require.NoError(t, err)
	var keys []string
	for _, object := range list.Contents {
		keys = append(keys, object.Key)
	}
	return keys
}

func write(t *testing.T, s ports.FileStore, name string, content []byte) ports.FileWriter {
	t.Helper()
	w, err := s.Create(t.Context(), name)
	require.NoError(t, err)
	_, err = w.Write(content)
	require.NoError(t, err)
	return w
}

// bytesOf returns content that differs everywhere.
func bytesOf(size int) []byte {
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return content
}

func TestBucket(t *testing.T) {
	t.Parallel()
	for name, prefix := range map[string]string{"at the top": "", "below a prefix": "/a/prefix"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			portstest.TestFileStore(t, func(t *testing.T) ports.FileStore { return newFakeS3(t).open(t, prefix, 0) })
		})
	}
}

func TestBucketKeepsBigFilesInParts(t *testing.T) {
	t.Parallel()
	s3 := newFakeS3(t)
	b := s3.open(t, "/made", 0)
	content := bytesOf(20<<20 + 17)
	w := write(t, b, "a.csv", content)
	require.Empty(t, s3.objects(t), "nobody sees it yet")
	require.NoError(t, w.Commit())
	require.Equal(t, []string{"made/a.csv"}, s3.objects(t))
	f, err := b.Open(t.Context(), "a.csv")
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	back, err := io.ReadAll(f)
	require.NoError(t, err)
	require.True(t, bytes.Equal(content, back))

	exact := write(t, b, "b.csv", content[:16<<20]) // no part is empty
	require.NoError(t, exact.Commit())
	_, err = exact.Write([]byte("late"))
	require.Error(t, err)
}

func TestBucketDropsWhatIsAborted(t *testing.T) {
	t.Parallel()
	s3 := newFakeS3(t)
	b := s3.open(t, "", 0)
	ctx, cancel := context.WithCancel(t.Context())
	w, err := b.Create(ctx, "a.csv")
	require.NoError(t, err)
	_, err = w.Write(bytesOf(20 << 20))
	require.NoError(t, err)
	cancel() // as when a task is cancelled: the parts go all the same
	require.Equal(t, fault.Unavailable, fault.KindOf(w.Commit()))
	require.NoError(t, w.Abort())
	require.Empty(t, s3.objects(t))
	require.Empty(t, uploads(t, s3))
}

// uploads asks the server for what is unfinished.
func uploads(t *testing.T, s3 *fakeS3) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s3.URL+"/exports?uploads", http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	_, found, _ := strings.Cut(string(body), "<Upload>")
	return found
}

func TestBucketRemovesWhatAKilledProcessLeft(t *testing.T) {
	t.Parallel()
	s3 := newFakeS3(t)
	b, other := s3.open(t, "/made", 0), s3.open(t, "/made/by/others", 0)
	write(t, b, "a.csv", bytesOf(9<<20))
	write(t, other, "b.csv", bytesOf(9<<20))
	require.NoError(t, b.RemoveLeftovers(t.Context(), time.Now().Add(-time.Hour)))
	require.Contains(t, uploads(t, s3), "made/a.csv", "a file that is written now stays")
	require.NoError(t, b.RemoveLeftovers(t.Context(), time.Now().Add(time.Hour)))
	require.NotContains(t, uploads(t, s3), "made/a.csv")
	require.Contains(t, uploads(t, s3), "made/by/others/b.csv")
}

func TestBucketServesRangesWithoutTheRest(t *testing.T) {
	t.Parallel()
	s3 := newFakeS3(t)
	b := s3.open(t, "", 0)
	content := bytesOf(12 << 20)
	require.NoError(t, write(t, b, "a.csv", content).Commit())
	var asked []string
	s3.answers(func(_ http.ResponseWriter, r *http.Request) bool {
		asked = append(asked, r.Header.Get("Range"))
		return false
	})
	f, err := b.Open(t.Context(), "a.csv")
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "a.csv", f.ModTime(), f)
	}))
	defer served.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, served.URL, http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Range", "bytes=12582900-12582905")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusPartialContent, response.StatusCode)
	require.Equal(t, content[12582900:12582906], body)
	require.Equal(t, []string{"", "bytes=12582900-"}, asked)
}

func TestBucketReadsOnWhereAnAnswerBrokeOff(t *testing.T) {
	t.Parallel()
	s3 := newFakeS3(t)
	b := s3.open(t, "", 0)
	content := bytesOf(3 << 20)
	require.NoError(t, write(t, b, "a.csv", content).Commit())
	f, err := b.Open(t.Context(), "a.csv")
	require.NoError(t, err)
	require.NoError(t, f.Close(), "a file that nobody reads")

	var broken atomic.Int32
	s3.answers(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || broken.Add(1) > 2 {
			return false
		}
		s3.backendAnswer(w, r, content)
		return true
	})
	f, err = b.Open(t.Context(), "a.csv")
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	back, err := io.ReadAll(f)
	require.NoError(t, err)
	require.True(t, bytes.Equal(content, back))
	require.EqualValues(t, 3, broken.Load())
}

// backendAnswer sends 100,000 bytes of what was asked for and hangs up.
func (f *fakeS3) backendAnswer(w http.ResponseWriter, r *http.Request, content []byte) {
	head, err := f.backend.HeadObject("exports", "a.csv")
	if err != nil {
		return
	}
	w.Header().Set("ETag", `"`+hex.EncodeToString(head.Hash)+`"`)
	w.Header().Set("Last-Modified", head.Metadata["Last-Modified"])
	http.ServeContent(&shortWriter{ResponseWriter: w, room: 100_000}, r, "", time.Time{}, bytes.NewReader(content))
}

// shortWriter ends the connection after so many bytes.
type shortWriter struct {
	http.ResponseWriter
	room int
}

func (w *shortWriter) Write(p []byte) (int, error) {
	if w.room -= len(p); w.room < 0 {
		panic(http.ErrAbortHandler)
	}
	return w.ResponseWriter.Write(p)
}

func TestBucketNeverMixesTwoFiles(t *testing.T) {
	t.Parallel()
	b := newFakeS3(t).open(t, "", 0)
	require.NoError(t, write(t, b, "a.csv", []byte("old content")).Commit())
	f, err := b.Open(t.Context(), "a.csv")
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	require.NoError(t, write(t, b, "a.csv", []byte("new content")).Commit())
	_, err = f.Seek(4, io.SeekStart)
	require.NoError(t, err)
	_, err = io.ReadAll(f)
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
}

func TestBucketThatIsOutOfReach(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	for name, answers := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"refuses": func(w http.ResponseWriter, r *http.Request) bool {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code></Error>")
			return true
		},
		"is broken": func(w http.ResponseWriter, r *http.Request) bool {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		},
		"is silent": func(_ http.ResponseWriter, r *http.Request) bool {
			_, _ = io.Copy(io.Discard, r.Body)
			select {
			case <-hang:
			case <-r.Context().Done():
			}
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s3 := newFakeS3(t)
			begun := write(t, s3.open(t, "", 0), "b.csv", bytesOf(9<<20))
			timeout := time.Duration(0)
			if name == "is silent" {
				timeout = 200 * time.Millisecond
				require.NoError(t, begun.Abort()) // it would wait for a minute
			}
			b := s3.open(t, "", timeout)
			whole, next := write(t, b, "a.csv", []byte("x")), write(t, b, "c.csv", nil)
			s3.answers(answers)
			ctx := t.Context()
			var wg sync.WaitGroup
			for _, call := range []func() []error{
				func() []error { _, err := b.Open(ctx, "a.csv"); return []error{err} },
				func() []error { return []error{b.Delete(ctx, "a.csv"), b.RemoveLeftovers(ctx, time.Now())} },
				func() []error { return []error{whole.Commit()} },
				func() []error { _, err := next.Write(bytesOf(9 << 20)); return []error{err} },
				func() []error {
					if timeout > 0 {
						return nil
					}
					return []error{begun.Commit(), begun.Abort()}
				},
			} {
				wg.Go(func() { // at once: each takes as long as it may
					for _, err := range call() {
						assert.Error(t, err)
						assert.True(t, fault.Is(err, fault.Unavailable), "%v", err)
					}
				})
			}
			wg.Wait()
		})
	}
}

// TestBucketSendsPartsAgain: the first try of each part is refused before its
// body was read, so that the transport still reads that one while the next try,
// and then the next part, goes.
func TestBucketSendsPartsAgain(t *testing.T) {
	t.Parallel()
	s3 := newFakeS3(t)
	var mu sync.Mutex
	refused := map[string]bool{}
	s3.answers(func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		part := r.URL.Query().Get("partNumber")
		if part == "" || refused[part] {
			return false
		}
		refused[part] = true
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	b := s3.open(t, "", 0)
	content := bytesOf(17 << 20)
	require.NoError(t, write(t, b, "a.csv", content).Commit())
	require.Len(t, refused, 3)
	f, err := b.Open(t.Context(), "a.csv")
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	back, err := io.ReadAll(f)
	require.NoError(t, err)
	require.True(t, bytes.Equal(content, back))
}

func TestBucketReachesNothingOutside(t *testing.T) {
	t.Parallel()
	b := newFakeS3(t).open(t, "/made", 0)
	for _, name := range []string{"../secret", "/etc/passwd", "a/b", "", ".", "..", ".hidden"} {
		_, err := b.Open(t.Context(), name)
		require.Equal(t, fault.Invalid, fault.KindOf(err), name)
		_, err = b.Create(t.Context(), name)
		require.Equal(t, fault.Invalid, fault.KindOf(err), name)
		require.Equal(t, fault.Invalid, fault.KindOf(b.Delete(t.Context(), name)), name)
	}
}

func TestBucketURLs(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"s3://exports", "s3://exports/", "s3://exports/a/b", "s3://my.bucket/a?region=eu-central-1", "s3://exports/a?endpoint=http://127.0.0.1:9000",
		"s3://exports?endpoint=https://minio.example/&region=x",
	} {
		assert.True(t, files.ValidBucketURL(good), good)
	}
	for _, bad := range []string{
		"", "s3://", "s3:exports", "file:///exports", "s3://Ex", "s3://id:secret@exports", "s3://exports/../a", "s3://exports/a//b", "s3://exports?endpoint=minio:9000",
		"s3://exports?endpoint=", "s3://exports?endpoint=https://minio.example/path", "s3://exports?endpoint=https://id:secret@minio.example", "s3://exports?regoin=x",
		"s3://exports?region=a&region=b", "s3://exports#x", "s3://exports?%zz", "s3://exports?endpoint=ftp://x",
	} {
		assert.False(t, files.ValidBucketURL(bad), bad)
		_, err := files.OpenBucket(bad, files.BucketOptions{})
		require.Error(t, err, bad)
		assert.NotContains(t, err.Error(), "secret")
	}
}
