package rest_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/files"
	"github.com/soundings-io/soundings/adapters/rest"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

// oneTask answers the two reads of GET /tasks/{id} from memory, so that the
// benchmarks show this package's own cost.
type oneTask struct {
	allRows
	state task.State
}

func (s oneTask) APIKey(context.Context, []byte) (access.APIKey, access.User, error) {
	key := access.APIKey{ID: newID(), UserID: s.state.User, Permissions: access.DefaultPermissions()}
	return key, access.User{ID: s.state.User, Name: "ada"}, nil
}

func (s oneTask) Task(context.Context, access.UserID, task.ID) (task.State, error) {
	return s.state, nil
}

func someState() task.State {
	return task.State{
		ID: task.ID(newID()), User: access.UserID(newID()), Kind: task.Analysis, Status: task.Running, Run: 1,
		Provider: content.YouTube, CreatedAt: newYear, StartedAt: newYear, TokenSource: access.MasterAPIKey,
		Sources:  []content.Source{{Provider: content.YouTube, Kind: content.Video, ExternalID: "dQw4w9WgXcQ", URL: someVideo, Title: "A title"}},
		Counters: task.Counters{Subtasks: 9, Succeeded: 5, Fetched: 1000, Opened: 1, Expected: 2000},
	}
}

// BenchmarkGetTask is GET /tasks/{id} with an API key, without a network.
func BenchmarkGetTask(b *testing.B) {
	store := oneTask{state: someState()}
	server := rest.New(deps(store, nil, nil, settings{}), rest.Options{RequestsPerSecond: 1e9})
	bearer := "Bearer " + access.NewAPIKeySecret()
	path := "/tasks/" + string(store.state.ID)
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil)
		r.Header.Set("Authorization", bearer)
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code, w.Body)
		}
	}
}

// BenchmarkGetTaskOverTheWire is the same from 16 connections.
func BenchmarkGetTaskOverTheWire(b *testing.B) {
	store := oneTask{state: someState()}
	server := httptest.NewServer(rest.New(deps(store, nil, nil, settings{}), rest.Options{RequestsPerSecond: 1e9}))
	defer server.Close()
	hammer(b, server.URL+"/tasks/"+string(store.state.ID), "Bearer "+access.NewAPIKeySecret())
}

// BenchmarkBareHandler is what BenchmarkGetTaskOverTheWire is held against: a
// plain net/http handler that writes a document of the same size.
func BenchmarkBareHandler(b *testing.B) {
	body := make([]byte, 700)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
	defer server.Close()
	hammer(b, server.URL, "")
}

func hammer(b *testing.B, url, authorization string) {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16, MaxConnsPerHost: 16}}
	b.SetParallelism(8) // times GOMAXPROCS
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, _ := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
			r.Header.Set("Authorization", authorization)
			resp, err := client.Do(r)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	})
}

// BenchmarkDownload must show 200 MB/s and more.
func BenchmarkDownload(b *testing.B) {
	const size = 256 << 20
	folder := b.TempDir()
	dir, err := files.OpenDir(folder)
	require.NoError(b, err)
	defer func() { _ = dir.Close() }()
	store := oneTask{state: someState()}
	store.state.Kind, store.state.Status = task.Export, task.Completed
	store.state.Export = &task.ExportSpec{Format: "csv", FileName: "x", SHA256: "abc", ExpiresAt: time.Now().Add(time.Hour)}
	require.NoError(b, os.WriteFile(filepath.Join(folder, string(store.state.ID)+".csv"), make([]byte, size), 0o600))
	server := httptest.NewServer(rest.New(deps(store, dir, nil, settings{}), rest.Options{}))
	defer server.Close()
	b.SetBytes(size)
	for b.Loop() {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL+"/tasks/"+string(store.state.ID)+"/download", nil)
		require.NoError(b, err)
		r.Header.Set("Authorization", "Bearer "+access.NewAPIKeySecret())
		resp, err := server.Client().Do(r)
		require.NoError(b, err)
		n, err := io.Copy(io.Discard, resp.Body)
		require.NoError(b, err)
		require.EqualValues(b, size, n)
		_ = resp.Body.Close()
	}
}
