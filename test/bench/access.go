package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

const (
	accessCalls   = 2000
	benchSecret   = "a secret of the benchmarks, long enough for HS256"
	mostToAdmitUS = 150
)

// measureAccess tells what it costs to know who calls, and on whose behalf to
// fetch.
func measureAccess(ctx context.Context, b *bench) error {
	address, drop, err := b.newDatabase(ctx)
	if err != nil {
		return err
	}
	defer drop()
	if err := b.measureAdmission(ctx, address); err != nil {
		return err
	}
	return b.measureContexts(ctx, address)
}

// measureAdmission compares GET /me, which does nothing but authenticate, with
// GET /healthz, which does nothing.
func (b *bench) measureAdmission(ctx context.Context, address string) error {
	folder, err := b.newFolder("access")
	if err != nil {
		return err
	}
	api, err := b.start(ctx, "api", "DATABASE_URL="+address, "REDIS_URL="+b.servers.Redis.URL, "SOUNDINGS_DATA_DIR="+folder, "AUTH_JWT_SECRET="+benchSecret)
	if err != nil {
		return err
	}
	defer api.stop()
	c, err := b.newClient(ctx, api, address)
	if err != nil {
		return err
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": "somebody", "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString([]byte(benchSecret))
	if err != nil {
		return err
	}
	for _, who := range []struct{ name, bearer string }{{"an API key", c.key}, {"a JWT (HS256)", signed}} {
		var open, guarded []float64
		for range accessCalls { // in turns: machines are noisy
			for path, times := range map[string]*[]float64{"/healthz": &open, "/me": &guarded} {
				took, err := requestTime(ctx, client{api.url, who.bearer}, path)
				if err != nil {
					return err
				}
				*times = append(*times, took)
			}
		}
		b.table.below("authorising a request by "+who.name+", added to it", median(guarded)-median(open), mostToAdmitUS, "µs")
	}
	return nil
}

// requestTime returns how long a request takes, in microseconds.
func requestTime(ctx context.Context, c client, path string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+path, http.NoBody)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+c.key)
	began := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return 0, err
	}
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("GET %s: %d", path, response.StatusCode)
	}
	return float64(time.Since(began).Nanoseconds()) / 1000, nil
}

// measureContexts compares building an execution context from a valid token with
// reading the same row through pgx.
func (b *bench) measureContexts(ctx context.Context, address string) error {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	ring, err := access.ParseKeyring("bench:" + base64.StdEncoding.EncodeToString(key))
	if err != nil {
		return err
	}
	store, err := sqlstore.Open(ctx, address, sqlstore.Options{Keyring: ring})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	user, err := store.EnsureUser(ctx, access.User{ID: access.UserID(uuid.Must(uuid.NewV7()).String()), Name: "contexts", CreatedAt: time.Now()})
	if err != nil {
		return err
	}
	if _, err := store.SaveIntegration(ctx, ports.HeldIntegration{
		Integration: access.Integration{
			ID: uuid.Must(uuid.NewV7()).String(), UserID: user.ID, Provider: content.YouTube, AccountID: "UC", LastUsedAt: time.Now(),
			ExpiresAt: time.Now().Add(time.Hour), CreatedAt: time.Now(),
		},
		Credentials: access.Credentials{Access: access.NewToken(strings.Repeat("a", 200)), Refresh: access.NewToken("r")},
	}); err != nil {
		return err
	}
	contexts := application.NewContexts(application.ContextsDeps{Store: store}, slog.New(slog.DiscardHandler))
	defer contexts.Close(ctx)
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	wanted := task.State{User: user.ID, Provider: content.YouTube}
	build := func() error { _, err := contexts.Build(ctx, wanted); return err }
	bare := func() error {
		rows, err := conn.Query(ctx, "SELECT * FROM integrations WHERE user_id = $1 AND provider = $2", string(user.ID), string(content.YouTube))
		if err != nil {
			return err
		}
		rows.Close()
		return rows.Err()
	}
	var ours, limit []float64
	for range rounds {
		for _, side := range []struct {
			do    func() error
			rates *[]float64
		}{{build, &ours}, {bare, &limit}} {
			rate, err := callRate(side.do)
			if err != nil {
				return err
			}
			*side.rates = append(*side.rates, rate)
		}
	}
	b.table.atLeast("BuildExecutionContext with a valid token, beside a bare read of its row", median(ours), median(limit), 0.7, "calls/s")
	return nil
}

func callRate(do func() error) (float64, error) {
	began := time.Now()
	for range accessCalls {
		if err := do(); err != nil {
			return 0, err
		}
	}
	return accessCalls / time.Since(began).Seconds(), nil
}
