package memory_test

import (
	"testing"

	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

func TestFiles(t *testing.T) {
	t.Parallel()
	portstest.TestFileStore(t, func(*testing.T) ports.FileStore { return memory.NewFiles() })
}
