package servers

import (
	"context"
	"errors"
	"os"

	"github.com/soundings-io/soundings/test/env"
)

// The environment variables that name the servers of a benchmark.
const (
	BenchPostgresURL = "BENCH_DATABASE_URL"
	BenchRedisURL    = "BENCH_REDIS_URL"
)

// Production returns servers that keep what they were told, as those that people run do: the ones that the environment
// names, or else programs on this machine with the settings they come with. Containers are left out, because what lies
// between would be measured too. Stop must be called, also after an error.
func Production(ctx context.Context) (*Set, error) {
	set := &Set{}
	var postgresErr, redisErr error
	set.Postgres, postgresErr = set.production(ctx, BenchPostgresURL, way{"program on this machine", func(ctx context.Context) (string, func(context.Context) error, error) {
		return startPostgres(ctx, nil)
	}}, checkPostgres)
	set.Redis, redisErr = set.production(ctx, BenchRedisURL, way{"program on this machine", func(ctx context.Context) (string, func(context.Context) error, error) {
		return startRedis(ctx, nil)
	}}, checkRedis)
	return set, errors.Join(postgresErr, redisErr)
}

func (s *Set) production(ctx context.Context, variable string, w way, check func(context.Context, string) error) (env.Server, error) {
	if url := os.Getenv(variable); url != "" {
		return env.Server{URL: url, Origin: variable}, check(ctx, url)
	}
	url, err := s.try(ctx, w, check)
	return env.Server{URL: url, Origin: w.origin}, err
}
