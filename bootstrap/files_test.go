package bootstrap

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"
)

// exportConfig is that of a process whose exports go to the address.
func exportConfig(t *testing.T, address string) Config {
	t.Helper()
	c, err := LoadConfig([]string{"EXPORT_URL=" + address, "AWS_ACCESS_KEY_ID=i", "AWS_SECRET_ACCESS_KEY=s3cret"})
	require.NoError(t, err)
	c.CallTimeout = 2 * time.Second
	return c
}

func TestExportsAreKeptWhereTheAddressSays(t *testing.T) {
	t.Parallel()
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("exports"))
	s3 := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(s3.Close)
	folder := filepath.Join(t.TempDir(), "made")
	for _, address := range []string{"file://" + folder, "s3://exports/made?endpoint=" + s3.URL} {
		store, closeStore, err := openFiles(t.Context(), exportConfig(t, address))
		require.NoError(t, err)
		w, err := store.Create(t.Context(), "a.csv")
		require.NoError(t, err)
		_, err = w.Write([]byte("x"))
		require.NoError(t, err)
		require.NoError(t, w.Commit())
		closeStore()
	}
	require.FileExists(t, filepath.Join(folder, "a.csv"))
	_, err := backend.HeadObject("exports", "made/a.csv")
	require.NoError(t, err)
}

func TestAnAddressThatIsOfNoUseStopsTheStart(t *testing.T) {
	t.Parallel()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(refusing.Close)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, address := range []string{"file://" + file, "s3://exports?endpoint=" + refusing.URL} {
		_, _, err := openFiles(t.Context(), exportConfig(t, address))
		require.Error(t, err)
		require.True(t, strings.HasPrefix(err.Error(), "EXPORT_URL: "), err)
		require.NotContains(t, err.Error(), "\n")
		require.NotContains(t, err.Error(), "s3cret")
	}
}
