package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommittedSetIsWhatTheGeneratorWrites(t *testing.T) {
	t.Parallel()
	committed, err := os.ReadFile(filepath.Join("..", "..", "data", "demo.ndjson"))
	require.NoError(t, err)
	var fresh bytes.Buffer
	require.NoError(t, generate(&fresh))
	require.True(t, bytes.Equal(committed, fresh.Bytes()), "data/demo.ndjson is stale: run go generate ./test/fakeapi")
}
