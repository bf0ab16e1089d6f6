package portstest

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// TestFileStore is the kit of ports.FileStore. newStore returns an empty store.
func TestFileStore(t *testing.T, newStore func(t *testing.T) ports.FileStore) {
	for name, check := range map[string]func(t *testing.T, s ports.FileStore){
		"a committed file is read whole":          filesRoundTrip,
		"nobody sees a file before its commit":    filesAreAtomic,
		"an aborted file leaves nothing":          filesAbort,
		"a commit replaces, readers keep theirs":  filesReplace,
		"what is not there is not found":          filesNotFound,
		"many files go by what they begin with":   filesDeleteAll,
		"files are read from anywhere":            filesSeek,
		"writers of one name do not mix":          filesConcurrent,
		"an empty file is a file":                 filesEmpty,
		"the writer does not keep what it is fed": filesKeepNothing,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, newStore(t))
		})
	}
}

func writeFile(t *testing.T, s ports.FileStore, name, content string) {
	t.Helper()
	w, err := s.Create(t.Context(), name)
	require.NoError(t, err)
	_, err = io.WriteString(w, content)
	require.NoError(t, err)
	require.NoError(t, w.Commit())
	require.NoError(t, w.Abort(), "an abort after the commit does nothing")
}

func readFile(t *testing.T, s ports.FileStore, name string) string {
	t.Helper()
	f, err := s.Open(t.Context(), name)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	content, err := io.ReadAll(f)
	require.NoError(t, err)
	require.EqualValues(t, len(content), f.Size())
	return string(content)
}

func filesRoundTrip(t *testing.T, s ports.FileStore) {
	before := time.Now().Add(-2 * time.Second)
	content := strings.Repeat("line\r\n\x00", 100_000)
	writeFile(t, s, "a.csv", content)
	require.Equal(t, content, readFile(t, s, "a.csv"))
	f, err := s.Open(t.Context(), "a.csv")
	require.NoError(t, err)
	require.WithinRange(t, f.ModTime(), before, time.Now().Add(2*time.Second))
	require.NoError(t, f.Close())
}

func filesAreAtomic(t *testing.T, s ports.FileStore) {
	w, err := s.Create(t.Context(), "a.csv")
	require.NoError(t, err)
	_, err = io.WriteString(w, "half")
	require.NoError(t, err)
	_, err = s.Open(t.Context(), "a.csv")
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	require.NoError(t, w.Commit())
	require.Equal(t, "half", readFile(t, s, "a.csv"))
}

func filesAbort(t *testing.T, s ports.FileStore) {
	writeFile(t, s, "a.csv", "old")
	w, err := s.Create(t.Context(), "a.csv")
	require.NoError(t, err)
	_, err = io.WriteString(w, "new")
	require.NoError(t, err)
	require.NoError(t, w.Abort())
	require.Equal(t, "old", readFile(t, s, "a.csv"))
}

func filesReplace(t *testing.T, s ports.FileStore) {
	writeFile(t, s, "a.csv", "old content")
	f, err := s.Open(t.Context(), "a.csv")
	require.NoError(t, err)
	writeFile(t, s, "a.csv", "new")
	old, err := io.ReadAll(f)
	require.NoError(t, err)
	require.Equal(t, "old content", string(old))
	require.NoError(t, f.Close())
	require.Equal(t, "new", readFile(t, s, "a.csv"))
}

func filesNotFound(t *testing.T, s ports.FileStore) {
	_, err := s.Open(t.Context(), "nothing.csv")
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	require.NoError(t, s.Delete(t.Context(), "nothing.csv"))
	writeFile(t, s, "a.csv", "x")
	require.NoError(t, s.Delete(t.Context(), "a.csv"))
	_, err = s.Open(t.Context(), "a.csv")
	require.Equal(t, fault.NotFound, fault.KindOf(err))
}

func filesDeleteAll(t *testing.T, s ports.FileStore) {
	for _, name := range []string{"one.1.csv", "one.2.csv", "one.2.manifest.json", "one", "oneself.csv", "another.one.csv"} {
		writeFile(t, s, name, name)
	}
	begun, err := s.Create(t.Context(), "one.3.csv")
	require.NoError(t, err)
	require.NoError(t, s.DeleteAll(t.Context(), "one."))
	require.NoError(t, s.DeleteAll(t.Context(), "one."), "when there are none")
	for _, name := range []string{"one.1.csv", "one.2.csv", "one.2.manifest.json"} {
		_, err := s.Open(t.Context(), name)
		require.Equal(t, fault.NotFound, fault.KindOf(err))
	}
	for _, name := range []string{"one", "oneself.csv", "another.one.csv"} {
		require.Equal(t, name, readFile(t, s, name))
	}
	require.NoError(t, begun.Commit(), "what is in the making is left alone")
	require.Empty(t, readFile(t, s, "one.3.csv"))
}

func filesSeek(t *testing.T, s ports.FileStore) {
	writeFile(t, s, "a.csv", "0123456789")
	f, err := s.Open(t.Context(), "a.csv")
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	at, err := f.Seek(-3, io.SeekEnd)
	require.NoError(t, err)
	require.EqualValues(t, 7, at)
	rest, err := io.ReadAll(f)
	require.NoError(t, err)
	require.Equal(t, "789", string(rest))
}

func filesConcurrent(t *testing.T, s ports.FileStore) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			w, err := s.Create(t.Context(), "a.csv")
			if err != nil {
				return // an adapter may let one writer win
			}
			for range 100 {
				_, _ = fmt.Fprint(w, i)
			}
			_ = w.Commit()
		})
	}
	wg.Wait()
	content := readFile(t, s, "a.csv")
	require.Equal(t, strings.Repeat(content[:1], 100), content)
}

func filesEmpty(t *testing.T, s ports.FileStore) {
	writeFile(t, s, "a.csv", "")
	require.Empty(t, readFile(t, s, "a.csv"))
}

func filesKeepNothing(t *testing.T, s ports.FileStore) {
	w, err := s.Create(t.Context(), "a.csv")
	require.NoError(t, err)
	buffer := []byte("aaaa")
	for _, b := range []byte("abc") {
		copy(buffer, bytes.Repeat([]byte{b}, 4))
		_, err = w.Write(buffer)
		require.NoError(t, err)
	}
	require.NoError(t, w.Commit())
	require.Equal(t, "aaaabbbbcccc", readFile(t, s, "a.csv"))
}
