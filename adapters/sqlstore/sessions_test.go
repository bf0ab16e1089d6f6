package sqlstore

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

func TestConsoleOnSQLite(t *testing.T) {
	t.Parallel()
	portstest.TestConsoleStore(t, func(t *testing.T) portstest.StoreWithConsole { return newSQLite(t) })
}

func TestConsoleOnPostgres(t *testing.T) {
	t.Parallel()
	portstest.TestConsoleStore(t, func(t *testing.T) portstest.StoreWithConsole { return newPostgres(t) })
}

// TestTheConsoleKitFailsOnBrokenStores proves the kit as
// TestTheKitFailsOnBrokenStores does.
func TestTheConsoleKitFailsOnBrokenStores(t *testing.T) {
	t.Parallel()
	for notices, broken := range map[string]func(*Store) portstest.StoreWithConsole{
		"session/is found until its time":                            func(s *Store) portstest.StoreWithConsole { return neverOver{s} },
		"session/ends once, and alone":                               func(s *Store) portstest.StoreWithConsole { return neverEnds{s} },
		"thread/is whole from wherever it is asked for, depth first": func(s *Store) portstest.StoreWithConsole { return flattens{s} },
	} {
		t.Run(notices, func(t *testing.T) {
			t.Parallel()
			for _, check := range portstest.ConsoleChecks() {
				if check.Name != notices {
					continue
				}
				run := func(s portstest.StoreWithConsole) portstest.StoreCheck {
					return portstest.StoreCheck{Run: func(r portstest.StoreT, _ ports.Store) { check.Run(r, s) }}
				}
				require.False(t, fails(t, run(newSQLite(t)), nil), "the check fails on a good store")
				require.True(t, fails(t, run(broken(newSQLite(t))), nil), "nothing was noticed")
				return
			}
			t.Fatalf("there is no check %q", notices)
		})
	}
}

type neverOver struct{ *Store }

func (s neverOver) Session(ctx context.Context, idHash []byte, _ time.Time) (access.APIKey, access.User, error) {
	return s.Store.Session(ctx, idHash, time.Time{})
}

type neverEnds struct{ *Store }

func (neverEnds) DeleteSession(context.Context, []byte) error { return nil }

type flattens struct{ *Store }

func (s flattens) Thread(ctx context.Context, user access.UserID, id task.ID, externalID string, limit int) ([]ports.ThreadedPost, error) {
	posts, err := s.Store.Thread(ctx, user, id, externalID, limit)
	for i := range posts {
		posts[i].Depth = 0
	}
	return posts, err
}
