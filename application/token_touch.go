package application

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/ports"
)

const touchEvery = time.Minute

// touches notes when integrations were last used, each at most once a minute
// and beside the work: nobody waits for it.
type touches struct {
	store   ports.IntegrationStore
	log     *slog.Logger
	running sync.WaitGroup

	mu   sync.Mutex
	last map[string]time.Time
}

func newTouches(store ports.IntegrationStore, log *slog.Logger) *touches {
	return &touches{store: store, log: log, last: map[string]time.Time{}}
}

func (t *touches) note(ctx context.Context, in access.Integration) {
	used := now()
	if used.Sub(in.LastUsedAt) < touchEvery || !t.due(in.ID, used) {
		return
	}
	detached := context.WithoutCancel(ctx)
	t.running.Go(func() {
		ctx, cancel := context.WithTimeout(detached, saveTimeout)
		defer cancel()
		if err := t.store.TouchIntegration(ctx, in.ID, used); err != nil {
			t.log.DebugContext(ctx, "the last use of an integration was not noted", "integration", in.ID, "error", err)
		}
	})
}

func (t *touches) due(id string, used time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if used.Sub(t.last[id]) < touchEvery {
		return false
	}
	if len(t.last) >= rememberedMost {
		clear(t.last)
	}
	t.last[id] = used
	return true
}
