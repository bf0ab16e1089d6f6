package fakeapi_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// fixtures returns the folder of recorded data. Where it is absent the test is
// skipped, and fails in CI.
func fixtures(t testing.TB) string {
	t.Helper()
	folder := os.Getenv("FIXTURES_DIR")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "fixtures")
	}
	if _, err := os.Stat(folder); err == nil {
		return folder
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("FIXTURES_DIR: there is no %s", folder)
	}
	t.Skip("the recorded data is absent; set FIXTURES_DIR")
	return ""
}

func corpus(t testing.TB) *fakeapi.Data {
	t.Helper()
	d, err := fakeapi.LoadCorpus2013(fixtures(t))
	if err != nil {
		t.Fatal(err)
	}
	return d
}
