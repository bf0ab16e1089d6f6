package portstest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// StoreWithConsole is what the kits of ports.SessionStore and ports.ThreadStore
// need.
type StoreWithConsole interface {
	ports.Store
	ports.SessionStore
	ports.ThreadStore
}

// ConsoleCheck is one guarantee of those ports.
type ConsoleCheck struct {
	Name string
	Run  func(t StoreT, s StoreWithConsole)
}

// TestConsoleStore runs the kits. newStore returns an empty, migrated store.
func TestConsoleStore(t *testing.T, newStore func(t *testing.T) StoreWithConsole) {
	for _, c := range ConsoleChecks() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Run(t, newStore(t))
		})
	}
}

// ConsoleChecks returns both kits.
func ConsoleChecks() []ConsoleCheck { return append(sessionChecks(), wholeThreadChecks()...) }

func sessionChecks() []ConsoleCheck {
	return []ConsoleCheck{
		{"session/is found until its time", func(t StoreT, s StoreWithConsole) {
			w := newWorld(t, s)
			key, until := w.newKey(w.user), now().Add(time.Hour)
			require.NoError(t, s.CreateSession(w.ctx, []byte("a hash"), key.ID, until))
			found, user, err := s.Session(w.ctx, []byte("a hash"), now())
			require.NoError(t, err)
			require.Equal(t, key, found)
			require.Equal(t, w.user, user.ID)
			require.Equal(t, "ada", user.Name)
			for _, hash := range [][]byte{nil, {}, []byte("a hash\x00"), []byte("another")} {
				_, _, err = s.Session(w.ctx, hash, now())
				requireKind(t, fault.NotFound, err)
			}
			_, _, err = s.Session(w.ctx, []byte("a hash"), until)
			requireKind(t, fault.NotFound, err)
		}},
		{"session/shows that its key was revoked", func(t StoreT, s StoreWithConsole) {
			w := newWorld(t, s)
			key := w.newKey(w.user)
			require.NoError(t, s.CreateSession(w.ctx, []byte("a hash"), key.ID, now().Add(time.Hour)))
			require.NoError(t, s.RevokeAPIKey(w.ctx, w.user, key.ID, now()))
			found, _, err := s.Session(w.ctx, []byte("a hash"), now())
			require.NoError(t, err)
			require.Error(t, found.Usable(now()))
		}},
		{"session/ends once, and alone", func(t StoreT, s StoreWithConsole) {
			w := newWorld(t, s)
			key := w.newKey(w.user)
			for _, hash := range []string{"one", "other"} {
				require.NoError(t, s.CreateSession(w.ctx, []byte(hash), key.ID, now().Add(time.Hour)))
			}
			require.NoError(t, s.DeleteSession(w.ctx, []byte("one")))
			require.NoError(t, s.DeleteSession(w.ctx, []byte("one")))
			_, _, err := s.Session(w.ctx, []byte("one"), now())
			requireKind(t, fault.NotFound, err)
			_, _, err = s.Session(w.ctx, []byte("other"), now())
			require.NoError(t, err)
		}},
		{"session/is of a key that exists, and those that are over go", func(t StoreT, s StoreWithConsole) {
			w := newWorld(t, s)
			for _, id := range []string{"", "garbage", newID()} {
				requireKind(t, fault.NotFound, s.CreateSession(w.ctx, []byte("a hash"), id, now()))
			}
			key, began := w.newKey(w.user), now()
			require.NoError(t, s.CreateSession(w.ctx, []byte("over"), key.ID, began.Add(-time.Minute)))
			_, _, err := s.Session(w.ctx, []byte("over"), began.Add(-time.Hour))
			require.NoError(t, err)
			require.NoError(t, s.CreateSession(w.ctx, []byte("next"), key.ID, began.Add(time.Hour)))
			_, _, err = s.Session(w.ctx, []byte("over"), began.Add(-time.Hour))
			requireKind(t, fault.NotFound, err)
		}},
	}
}

func wholeThreadChecks() []ConsoleCheck {
	return []ConsoleCheck{
		{"thread/is whole from wherever it is asked for, depth first", func(t StoreT, s StoreWithConsole) {
			w := newWorld(t, s)
			id := w.withThread()
			want := []string{"0 Ug000001", "1 r2", "2 r4", "1 r3"}
			for _, of := range []string{"Ug000001", "r2", "r4", "r3"} {
				require.Equal(t, want, w.thread(s, id, of, 10), of)
			}
			require.Equal(t, want[:2], w.thread(s, id, "r4", 2), "no more than asked for")
			require.Equal(t, []string{"0 Ug000005"}, w.thread(s, id, "Ug000005", 10))
			require.Equal(t, []string{"0 dQw4w9WgXcQ"}, w.thread(s, id, "dQw4w9WgXcQ", 10), "a video stands alone")
			require.Equal(t, []string{"0 orphan"}, w.thread(s, id, "orphan", 10), "what it answers is not stored")
		}},
		{"thread/posts that answer each other in a circle end", func(t StoreT, s StoreWithConsole) {
			w := newWorld(t, s)
			id := w.withThread(reply("c1", "c2", 20), reply("c2", "c1", 21))
			require.Len(t, w.thread(s, id, "c1", 10), 2)
		}},
		{"thread/of somebody else, unknown or garbage is not found", func(t StoreT, s StoreWithConsole) {
			w := newWorld(t, s)
			id := w.withThread()
			for _, external := range []string{"", "unknown", "gar\x00bage\xff"} {
				_, err := s.Thread(w.ctx, w.user, id, external, 10)
				requireKind(t, fault.NotFound, err)
			}
			_, err := s.Thread(w.ctx, w.newUser("eve"), id, "r4", 10)
			requireKind(t, fault.NotFound, err)
			_, err = s.Thread(w.ctx, w.user, "garbage", "r4", 10)
			requireKind(t, fault.NotFound, err)
		}},
	}
}

func (w *world) newKey(user access.UserID) access.APIKey {
	w.Helper()
	key := access.APIKey{ID: newID(), UserID: user, Name: "a key", Permissions: access.DefaultPermissions(), CreatedAt: now()}
	require.NoError(w, w.CreateAPIKey(w.ctx, key, access.HashAPIKey(key.ID)))
	return key
}

func reply(id, parent string, n int) content.Post {
	p := comment(n)
	p.ExternalID, p.ParentExternalID, p.Kind = id, parent, content.ReplyPost
	return p
}

// withThread stores a video, a comment with a tree of replies, another comment, a
// reply to nothing, and more.
func (w *world) withThread(more ...content.Post) task.ID {
	w.Helper()
	of, l := w.begin(task.Options{})
	video := comment(0)
	video.ExternalID, video.ParentExternalID, video.Kind = video.RootExternalID, "", content.VideoPost
	posts := append([]content.Post{
		reply("r4", "r2", 9), comment(5), reply("r3", "Ug000001", 8), video, comment(1), reply("r2", "Ug000001", 7), reply("orphan", "nothing", 3),
	}, more...)
	w.save(l, ports.PageWrite{Posts: posts, Cursor: at("", 1), Opened: 1})
	return of.ID
}

// thread returns depths and external ids.
func (w *world) thread(s ports.ThreadStore, id task.ID, external string, limit int) []string {
	w.Helper()
	posts, err := s.Thread(w.ctx, w.user, id, external, limit)
	require.NoError(w, err)
	var found []string
	for _, p := range posts {
		found = append(found, fmt.Sprint(p.Depth, " ", p.ExternalID))
	}
	return found
}
