package rest_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/rest"
	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/test/env/embedded"
)

// timedStreams is a server in virtual time, which a network would not let pass.
type timedStreams struct {
	*testing.T
	store  *sqlstore.Store
	server *rest.Server
}

func inVirtualTime(t *testing.T, test func(v *timedStreams)) {
	t.Parallel()
	path := embedded.Database(t)
	synctest.Test(t, func(t *testing.T) {
		store, err := sqlstore.Open(t.Context(), "sqlite:"+path, sqlstore.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		options := rest.Options{JWTSecret: []byte(testSecret)}
		test(&timedStreams{t, store, rest.New(deps(store, nil, nil, settings{}), options)})
	})
}

// owner returns somebody with an API key, its secret, and a task.
func (v *timedStreams) owner() (by access.Caller, key access.APIKey, secret string, of task.ID) {
	v.Helper()
	accounts := application.NewAccounts(v.store)
	by, err := accounts.Local(v.Context(), "ada")
	require.NoError(v, err)
	key, secret, err = accounts.CreateKey(v.Context(), by, application.NewAPIKey{Name: "k"})
	require.NoError(v, err)
	return by, key, secret, v.createTask(by.User.ID)
}

func (v *timedStreams) createTask(user access.UserID) task.ID {
	v.Helper()
	created, first := task.NewAnalysis(user, someState().Sources, "", task.Options{}, newID, time.Now())
	require.NoError(v, v.store.CreateTask(v.Context(), created, first))
	return created.State().ID
}

// watch opens a stream that lasts until the test ends, or done is closed.
func (v *timedStreams) watch(id task.ID, token string) (sent *answerBuffer, done <-chan struct{}) {
	v.Helper()
	sent = &answerBuffer{header: http.Header{}}
	ctx, cancel := context.WithCancel(v.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/tasks/"+string(id)+"/events", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		v.server.ServeHTTP(sent, r)
	}()
	v.Cleanup(func() { cancel(); <-ended })
	synctest.Wait()
	require.Contains(v, sent.String(), "event: progress\n")
	return sent, ended
}

// answerBuffer is an answer that can be read while it is written.
type answerBuffer struct {
	header http.Header
	mu     sync.Mutex
	body   bytes.Buffer
}

func (b *answerBuffer) Header() http.Header { return b.header }
func (b *answerBuffer) WriteHeader(int)     {}
func (b *answerBuffer) Flush()              {}

func (b *answerBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.body.Write(p)
}

func (b *answerBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.body.String()
}

func TestAnIdleStreamIsPinged(t *testing.T) {
	inVirtualTime(t, func(v *timedStreams) {
		_, _, secret, id := v.owner()
		sent, _ := v.watch(id, secret)
		<-time.After(time.Second) // past the beat
		for pings := range 20 {
			require.Equal(v, pings, strings.Count(sent.String(), ": ping\n\n"), "after %d times 15 s", pings)
			<-time.After(15 * time.Second)
			synctest.Wait()
		}
		require.Equal(v, 1, strings.Count(sent.String(), "event: "), "nothing changed")
	})
}

// TestARevokedKeyEndsItsStreams, within 5 seconds, although it was revoked by
// another process.
func TestARevokedKeyEndsItsStreams(t *testing.T) {
	inVirtualTime(t, func(v *timedStreams) {
		by, key, secret, id := v.owner()
		_, other, err := application.NewAccounts(v.store).CreateKey(v.Context(), by, application.NewAPIKey{Name: "other"})
		require.NoError(v, err)
		sent, done := v.watch(id, secret)
		_, stays := v.watch(id, other)
		<-time.After(100 * time.Second)
		revoked := time.Now()
		require.NoError(v, application.NewAccounts(v.store).RevokeKey(v.Context(), by, key.ID))
		<-done
		require.Less(v, time.Since(revoked), 5*time.Second)
		require.Equal(v, 1, strings.Count(sent.String(), "event: "))
		<-time.After(time.Minute)
		select {
		case <-stays:
			v.Fatal("another key's stream has ended")
		default:
		}
	})
}

func TestAJWTThatRunsOutEndsItsStreams(t *testing.T) {
	inVirtualTime(t, func(v *timedStreams) {
		runsOut := time.Now().Add(10 * time.Minute)
		secret := signed(v, jwt.SigningMethodHS256, []byte(testSecret), jwt.MapClaims{"iss": testIssuer, "sub": "ada", "exp": runsOut.Unix()})
		by, err := application.NewAccounts(v.store).BySubject(v.Context(), testIssuer, "ada", "ada", nil)
		require.NoError(v, err)
		_, done := v.watch(v.createTask(by.User.ID), secret)
		<-done
		require.WithinRange(v, time.Now(), runsOut, runsOut.Add(20*time.Second)) // clocks may differ by 10 s
	})
}
