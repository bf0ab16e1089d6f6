// Package servers finds a Postgres and a Redis for the tests, or starts them, and stops what it started.
package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/soundings-io/soundings/test/env"
)

// startTimeout bounds the start of one server, the pull of its image included.
const startTimeout = 4 * time.Minute

// Set is the servers of one test run, and how to stop those that Find started.
type Set struct {
	env.Servers
	stops []func(context.Context) error
}

// way is one way to come by a server. It returns the server's address and how to stop it.
type way struct {
	origin string
	start  func(context.Context) (url string, stop func(context.Context) error, err error)
}

// Find looks for each server in this order: an address in the environment, a Docker engine, a program on this machine.
// A server that cannot be had has no URL and its Origin says why. That is an error only where the environment names an
// address that does not answer, or asks for containers and gets none. Stop must be called in either case.
func Find(ctx context.Context) (*Set, error) {
	engine := engineHealth(ctx)
	set := &Set{}
	var postgresErr, redisErr error
	set.Postgres, postgresErr = set.find(ctx, env.PostgresURL, checkPostgres, []way{
		{"container of " + postgresImage(), withEngine(engine, postgresContainer)},
		{"program on this machine", postgresProgram},
	})
	set.Redis, redisErr = set.find(ctx, env.RedisURL, checkRedis, []way{
		{"container of " + redisImage(), withEngine(engine, redisContainer)},
		{"program on this machine", redisProgram},
	})
	return set, errors.Join(postgresErr, redisErr)
}

func (s *Set) find(ctx context.Context, variable string, check func(context.Context, string) error, ways []way,
) (env.Server, error) {
	search, url := os.Getenv(env.Search), os.Getenv(variable)
	switch {
	case url != "" && search == "containers":
		return env.Server{}, fmt.Errorf("%s=containers, but %s names a server", env.Search, variable)
	case url != "":
		if err := check(ctx, url); err != nil {
			return env.Server{}, fmt.Errorf("%s: %w", variable, err)
		}
		return env.Server{URL: url, Origin: variable}, nil
	case search == "none":
		return env.Server{Origin: "not looked for"}, nil
	case search == "containers":
		ways = ways[:1]
	}
	var reasons error
	for _, w := range ways {
		url, err := s.try(ctx, w, check)
		if err == nil {
			return env.Server{URL: url, Origin: w.origin}, nil
		}
		reasons = errors.Join(reasons, fmt.Errorf("%s: %w", w.origin, err))
	}
	if search == "containers" {
		return env.Server{}, fmt.Errorf("%s=containers: %w", env.Search, reasons)
	}
	return env.Server{Origin: reasons.Error()}, nil
}

func (s *Set) try(ctx context.Context, w way, check func(context.Context, string) error) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	url, stop, err := w.start(ctx)
	if stop != nil {
		s.stops = append(s.stops, stop)
	}
	if err != nil {
		return "", err
	}
	return url, check(ctx, url)
}

// Stop ends what Find started, within half a minute.
func (s *Set) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	var errs error
	for _, stop := range s.stops {
		errs = errors.Join(errs, stop(ctx))
	}
	return errs
}
