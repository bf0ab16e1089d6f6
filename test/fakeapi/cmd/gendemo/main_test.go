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
	for name, write := range files {
		committed, err := os.ReadFile(filepath.Join("..", "..", "data", name))
		require.NoError(t, err)
		var fresh bytes.Buffer
		require.NoError(t, write(&fresh))
		require.True(t, bytes.Equal(committed, fresh.Bytes()), "data/"+name+" is stale: run go generate ./test/fakeapi")
	}
}
