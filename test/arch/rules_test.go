package arch

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestBreaches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, imported string
		breach         bool
	}{
		{"domain/task/task.go", "time", false},
		{"domain/content/source.go", "net/url", false},
		{"domain/content/source.go", "net/netip", false},
		{"domain/task/task.go", module + "/domain/fault", false},
		{"domain/task/task.go", "net/http", true},
		{"domain/task/task.go", "net", true},
		{"domain/task/task.go", "os", true},
		{"domain/task/task.go", "os/exec", true},
		{"domain/task/task.go", "database/sql/driver", true},
		{"domain/task/task.go", "io/fs", true},
		{"domain/task/task.go", "github.com/google/uuid", true},
		{"domain/task/task.go", module + "/ports", true},
		{"domain/task/task_test.go", "github.com/stretchr/testify/assert", false},

		{"ports/store.go", module + "/domain/task", false},
		{"ports/store.go", module + "/application", true},
		{"ports/store.go", "golang.org/x/sync/errgroup", true},
		{"ports/store.go", "database/sql", true},
		{"ports/store.go", module + "/ports/portstest", true},
		{"ports/portstest/store.go", "testing", false},
		{"ports/portstest/store.go", "github.com/stretchr/testify/require", false},
		{"ports/portstest/store.go", module + "/ports", false},
		{"ports/portstest/store.go", module + "/adapters/memory", true},

		{"application/tasks.go", module + "/ports", false},
		{"application/tasks.go", "golang.org/x/sync/errgroup", false},
		{"application/tasks.go", "github.com/google/uuid", false},
		{"application/tasks.go", "log/slog", false},
		{"application/tasks.go", "github.com/jackc/pgx/v5", true},
		{"application/tasks.go", module + "/adapters/memory", true},
		{"application/tasks.go", "net/http", true},

		{"adapters/youtube/client.go", "net/http", false},
		{"adapters/youtube/client.go", module + "/ports", false},
		{"adapters/youtube/client.go", module + "/adapters/internal/outcall", false},
		{"adapters/youtube/client.go", module + "/adapters/reddit", true},
		{"adapters/youtube/client.go", module + "/application", true},
		{"adapters/youtube/client.go", module + "/bootstrap", true},
		{"adapters/internal/outcall/call.go", module + "/adapters/youtube", true},
		{"adapters/rest/server.go", module + "/application", false},
		{"adapters/console/page.go", module + "/application", false},
		{"adapters/rest/server.go", module + "/adapters/memory", true},
		{"adapters/adapters.go", "time", true},

		{"adapters/rest/server.go", "github.com/labstack/echo/v4", false},
		{"adapters/files/server.go", "github.com/labstack/echo/v4", true},
		{"adapters/sqlstore/store.go", "github.com/uptrace/bun/dialect/pgdialect", false},
		{"adapters/riverqueue/queue.go", "github.com/uptrace/bun", true},
		{"adapters/redisqueue/queue.go", "github.com/hibiken/asynq", false},
		{"bootstrap/queue.go", "github.com/hibiken/asynq", true},
		{"adapters/riverqueue/queue.go", "github.com/riverqueue/river/riverdriver/riversqlite", false},
		{"adapters/sqlstore/migrate.go", "github.com/riverqueue/river/rivermigrate", true},
		{"bootstrap/wire.go", "github.com/google/wire", false},
		{"adapters/memory/wire.go", "github.com/google/wire", true},

		{"bootstrap/app.go", module + "/adapters/sqlstore", false},
		{"bootstrap/cmd/soundings/main.go", module + "/bootstrap", false},
		{"bootstrap/app.go", module + "/test/fakeapi", true},
		{"bootstrap/app.go", "testing", true},
		{"adapters/memory/queue.go", "github.com/stretchr/testify/assert", true},
		{"adapters/redisqueue/queue.go", "github.com/alicebob/miniredis/v2", true},
		{"adapters/memory/queue.go", "net/http/httptest", true},
		{"test/e2e/boot.go", module + "/bootstrap", false},
		{"test/e2e/boot.go", "testing", false},

		{"main.go", "fmt", true},
		{"pkg/tools/tools.go", "fmt", true},
	} {
		found := breaches(c.file, []string{"context", c.imported})
		if c.file == "main.go" || c.file == "pkg/tools/tools.go" || c.file == "adapters/adapters.go" {
			assert.Len(t, found, 2, "%s: every import is a breach there", c.file)
			continue
		}
		assert.Equal(t, c.breach, len(found) == 1, "%s imports %s: %q", c.file, c.imported, found)
	}
}
