// Package servers finds a Postgres and a Redis for the tests, or starts them, and stops what it started.
package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// The environment variables that tell where the servers are, and where to look for them.
const (
	// PostgresURL names a Postgres (15 or newer) whose user may create databases.
	PostgresURL = "TEST_DATABASE_URL"
	// RedisURL names a Redis; a test takes a database of it that is empty, and empties that one afterwards.
	RedisURL = "TEST_REDIS_URL"
	// Search is "containers" where anything but containers is a failure, and "none" where the search was made
	// already and what it found is in the two addresses. Empty means: search.
	Search = "TEST_ENV"
)

// startTimeout bounds the start of one server, the pull of its image included.
const startTimeout = 4 * time.Minute

// Server is a server that tests may use.
type Server struct {
	// URL is empty when there is no such server.
	URL string `json:"url"`
	// Origin says in a few words where it is from, or why there is none.
	Origin string `json:"origin"`

	stop func(context.Context) error
}

// Set is the servers of one test run.
type Set struct {
	Postgres Server `json:"postgres"`
	Redis    Server `json:"redis"`
}

// way is one way to come by a server. It returns the server's address and how to stop it.
type way struct {
	origin string
	start  func(context.Context) (url string, stop func(context.Context) error, err error)
}

// Find looks for each server in this order: an address in the environment, a Docker engine, a program on this machine.
// A server that cannot be had has no URL and its Origin says why; that is an error only where the environment asks
// for containers and gets none. Stop must be called in either case.
func Find(ctx context.Context) (*Set, error) {
	engine := engineHealth(ctx)
	set := &Set{
		Postgres: find(ctx, PostgresURL, checkPostgres, []way{
			{"container of " + postgresImage(), withEngine(engine, postgresContainer)},
			{"program on this machine", postgresProgram},
		}),
		Redis: find(ctx, RedisURL, checkRedis, []way{
			{"container of " + redisImage(), withEngine(engine, redisContainer)},
			{"program on this machine", redisProgram},
		}),
	}
	if os.Getenv(Search) != "containers" {
		return set, nil
	}
	if set.Postgres.URL == "" || set.Redis.URL == "" {
		return set, fmt.Errorf("%s=containers: Postgres: %s; Redis: %s", Search, set.Postgres.Origin, set.Redis.Origin)
	}
	return set, nil
}

func find(ctx context.Context, variable string, check func(context.Context, string) error, ways []way) Server {
	search := os.Getenv(Search)
	if url := os.Getenv(variable); url != "" {
		if search == "containers" {
			return Server{Origin: variable + " is set"}
		}
		if err := check(ctx, url); err != nil {
			return Server{Origin: fmt.Sprintf("%s: %v", variable, err)}
		}
		return Server{URL: url, Origin: variable}
	}
	switch search {
	case "none":
		return Server{Origin: "not looked for"}
	case "containers":
		ways = ways[:1]
	}
	var reasons error
	for _, w := range ways {
		server, err := try(ctx, w, check)
		if err == nil {
			return server
		}
		reasons = errors.Join(reasons, fmt.Errorf("%s: %w", w.origin, err))
	}
	return Server{Origin: reasons.Error()}
}

func try(ctx context.Context, w way, check func(context.Context, string) error) (Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	url, stop, err := w.start(ctx)
	if err == nil {
		err = check(ctx, url)
	}
	if err != nil {
		if stop != nil {
			err = errors.Join(err, stop(context.WithoutCancel(ctx)))
		}
		return Server{}, err
	}
	return Server{URL: url, Origin: w.origin, stop: stop}, nil
}

// Stop ends what Find started, within half a minute.
func (s *Set) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	var errs error
	for _, server := range []Server{s.Postgres, s.Redis} {
		if server.stop != nil {
			errs = errors.Join(errs, server.stop(ctx))
		}
	}
	return errs
}
