package files_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/files"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

func openDir(t *testing.T, path string) *files.Dir {
	t.Helper()
	dir, err := files.OpenDir(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dir.Close()) })
	return dir
}

func TestDir(t *testing.T) {
	t.Parallel()
	portstest.TestFileStore(t, func(t *testing.T) ports.FileStore { return openDir(t, t.TempDir()) })
}

func TestDirReachesNothingOutside(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("x"), 0o600))
	inside := filepath.Join(outside, "exports")
	dir := openDir(t, inside)
	require.NoError(t, os.Symlink(filepath.Join(outside, "secret"), filepath.Join(inside, "link")))
	for _, name := range []string{"../secret", "/etc/passwd", "a/b", "", ".", "..", ".hidden", "x.part", "link"} {
		_, err := dir.Open(t.Context(), name)
		require.Error(t, err, name)
		if name != "link" {
			_, err = dir.Create(t.Context(), name)
			require.Equal(t, fault.Invalid, fault.KindOf(err), name)
			require.Equal(t, fault.Invalid, fault.KindOf(dir.Delete(t.Context(), name)), name)
		}
	}
	require.FileExists(t, filepath.Join(outside, "secret"))
}

func TestDirRemovesWhatAKilledProcessLeft(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	dir := openDir(t, path)
	w, err := dir.Create(t.Context(), "a.csv")
	require.NoError(t, err)
	_, err = w.Write([]byte("half"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(path, "movie.part"), nil, 0o600)) // somebody else's

	require.NoError(t, dir.RemoveLeftovers(time.Now().Add(-time.Hour)))
	entries, err := os.ReadDir(path)
	require.NoError(t, err)
	require.Len(t, entries, 2, "a file that is written now stays")
	require.NoError(t, dir.RemoveLeftovers(time.Now().Add(time.Hour)))
	entries, err = os.ReadDir(path)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Equal(t, "movie.part", entries[0].Name())
}
