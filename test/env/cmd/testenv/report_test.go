package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/env"
)

func TestLeftOut(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "skipped")
	require.NoError(t, os.WriteFile(path, []byte("Postgres\tTestA\nPostgres\tTestB\n"), 0o600))
	var out strings.Builder
	require.NoError(t, leftOut(&out, env.Servers{Postgres: env.Server{Origin: "container: no\nprogram: no"}}, path))
	assert.Contains(t, out.String(), "2 tests that need Postgres")
	assert.Contains(t, out.String(), "      program: no")
	assert.NotContains(t, out.String(), "Redis")
	assert.Contains(t, out.String(), "make test-deps")
}

func TestNothingLeftOut(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "skipped")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	var out strings.Builder
	require.NoError(t, leftOut(&out, env.Servers{}, path))
	assert.Empty(t, out.String())
}
