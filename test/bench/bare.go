package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/soundings-io/soundings/domain/access"
)

// bareCommand makes this program the limit of the reads: a net/http handler
// with two indexed reads and nothing around them.
const (
	bareCommand  = "bare"
	bareDatabase = "BARE_DATABASE_URL"
	bareAddress  = "BARE_ADDR"
	bareSize     = "BARE_SIZE"
	// bareConns is as many connections as Soundings takes.
	bareConns = 16
)

// bareTask is the least that a task's document is made of. Padding makes it as
// long as the real one.
type bareTask struct {
	ID        string          `json:"id"`
	Kind      string          `json:"kind"`
	Status    string          `json:"status"`
	Run       int             `json:"run"`
	Sources   json.RawMessage `json:"sources"`
	Options   json.RawMessage `json:"options"`
	Counters  [6]int64        `json:"counters"`
	CreatedAt time.Time       `json:"createdAt"`
	StartedAt *time.Time      `json:"startedAt"`
	Padding   string          `json:"padding"`
}

// serveBare serves GET /tasks/{id} until ctx ends.
func serveBare(ctx context.Context) error {
	size, err := strconv.Atoi(os.Getenv(bareSize))
	if err != nil {
		return err
	}
	config, err := pgxpool.ParseConfig(os.Getenv(bareDatabase))
	if err != nil {
		return err
	}
	config.MaxConns = bareConns
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /tasks/{id}", func(w http.ResponseWriter, r *http.Request) {
		text, err := bareAnswer(r, pool, size)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text) // a client that is gone needs nothing
	})
	server := &http.Server{Addr: os.Getenv(bareAddress), Handler: mux, ReadHeaderTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func bareAnswer(r *http.Request, pool *pgxpool.Pool, size int) ([]byte, error) {
	var user, permissions string
	hash := access.HashAPIKey(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	err := pool.QueryRow(r.Context(), `SELECT u.id::text, k.permissions::text FROM api_keys AS k JOIN users AS u ON u.id = k.user_id
		WHERE k.hash = $1 AND k.revoked_at IS NULL`, hash).Scan(&user, &permissions)
	if err != nil {
		return nil, fmt.Errorf("the key: %w", err)
	}
	var t bareTask
	n := &t.Counters
	err = pool.QueryRow(r.Context(), `SELECT id::text, kind, status, run, sources, options, subtasks, succeeded, failed, fetched, spam, scored,
		created_at, started_at FROM tasks WHERE id = $1 AND user_id = $2`, r.PathValue("id"), user).
		Scan(&t.ID, &t.Kind, &t.Status, &t.Run, &t.Sources, &t.Options, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &t.CreatedAt, &t.StartedAt)
	if err != nil {
		return nil, fmt.Errorf("the task: %w", err)
	}
	text, err := json.Marshal(t)
	if missing := size - len(text); err == nil && missing > 0 {
		t.Padding = strings.Repeat("x", missing)
		text, err = json.Marshal(t)
	}
	return text, err
}
