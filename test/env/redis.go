package env

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// claimPrefix and a database's number make the key, in database 0, under which a test holds that database.
	claimPrefix = "soundings:test:database:"
	// claimFor is how long a claim outlives a process that was killed.
	claimFor = time.Hour
	// claimWait is how long a test waits until another gives a database back.
	claimWait = 2 * time.Minute
)

// Redis returns the URL of an empty Redis database that is the test's own until it ends. Databases that hold somebody
// else's data are left alone, and so is database 0.
func Redis(t testing.TB) string {
	t.Helper()
	set := found(t)
	if set.Redis.URL == "" {
		leaveOut(t, "Redis", set.Redis)
	}
	options, err := redis.ParseURL(set.Redis.URL)
	if err != nil {
		t.Fatalf("the address of Redis: %v", err)
	}
	options.DB = 0
	claims := redis.NewClient(options)
	number, err := claimDatabase(t.Context(), claims)
	if err != nil {
		t.Fatalf("a Redis database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), claimWait)
		defer cancel()
		if err := release(ctx, claims, number); err != nil {
			t.Errorf("give Redis database %d back: %v", number, err)
		}
		_ = claims.Close()
	})
	return withDatabase(set.Redis.URL, strconv.Itoa(number))
}

// claimDatabase takes the first database that is unclaimed and empty, across all processes on the server.
func claimDatabase(ctx context.Context, claims *redis.Client) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, claimWait)
	defer cancel()
	databases := 16 // Redis's default, for servers that do not let us ask
	if config, err := claims.ConfigGet(ctx, "databases").Result(); err == nil {
		if n, err := strconv.Atoi(config["databases"]); err == nil {
			databases = n
		}
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		for number := 1; number < databases; number++ {
			ours, err := claimOne(ctx, claims, number)
			if err != nil || ours {
				return number, err
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, fmt.Errorf("all %d databases are taken or hold data: %w", databases, ctx.Err())
		}
	}
}

func claimOne(ctx context.Context, claims *redis.Client, number int) (bool, error) {
	ours, err := claims.SetNX(ctx, claimKey(number), process, claimFor).Result()
	if err != nil || !ours {
		return false, err
	}
	var size *redis.IntCmd
	_, err = claims.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.Do(ctx, "SELECT", number)
		size = pipe.DBSize(ctx)
		pipe.Do(ctx, "SELECT", 0) // the connection goes back to the pool
		return nil
	})
	if err != nil {
		return false, err
	}
	if size.Val() > 0 {
		return false, claims.Del(ctx, claimKey(number)).Err()
	}
	return true, nil
}

func release(ctx context.Context, claims *redis.Client, number int) error {
	_, err := claims.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.Do(ctx, "SELECT", number)
		pipe.FlushDB(ctx)
		pipe.Do(ctx, "SELECT", 0)
		pipe.Del(ctx, claimKey(number))
		return nil
	})
	return err
}

func claimKey(number int) string { return claimPrefix + strconv.Itoa(number) }
