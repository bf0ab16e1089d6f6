package servers

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"net/netip"
	"os"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
	"github.com/testcontainers/testcontainers-go/modules/postgres"
	"github.com/testcontainers/testcontainers-go/modules/redis"
)

func postgresImage() string { return cmp.Or(os.Getenv("TEST_POSTGRES_IMAGE"), "postgres:17-alpine") }

func redisImage() string { return cmp.Or(os.Getenv("TEST_REDIS_IMAGE"), "redis:7-alpine") }

// engineHealth asks the Docker engine whether it is there, once for both servers.
func engineHealth(ctx context.Context) (err error) {
	// testcontainers panics where it finds no engine to talk to.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("no Docker engine: %v", r)
		}
	}()
	tclog.SetDefault(log.New(io.Discard, "", 0))
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	provider, err := testcontainers.ProviderDefault.GetProvider()
	if err != nil {
		return fmt.Errorf("no Docker engine: %w", err)
	}
	defer func() { _ = provider.Close() }()
	return provider.Health(ctx)
}

type startFunc = func(context.Context) (string, func(context.Context) error, error)

func withEngine(health error, start startFunc) startFunc {
	if health == nil {
		return start
	}
	return func(context.Context) (string, func(context.Context) error, error) { return "", nil, health }
}

// onLoopback publishes the port on this machine's loopback address alone: these servers have known passwords or none.
func onLoopback(port string) testcontainers.ContainerCustomizer {
	return testcontainers.WithHostConfigModifier(func(host *container.HostConfig) {
		host.PortBindings = network.PortMap{
			network.MustParsePort(port): {{HostIP: netip.AddrFrom4([4]byte{127, 0, 0, 1}), HostPort: "0"}},
		}
	})
}

func postgresContainer(ctx context.Context) (string, func(context.Context) error, error) {
	c, err := postgres.Run(ctx, postgresImage(), onLoopback("5432/tcp"), postgres.BasicWaitStrategies(),
		testcontainers.WithCmd(append([]string{"postgres"}, postgresSettings()...)...))
	if err != nil {
		return "", terminate(c), err
	}
	url, err := c.ConnectionString(ctx, "sslmode=disable")
	return url, terminate(c), err
}

func redisContainer(ctx context.Context) (string, func(context.Context) error, error) {
	c, err := redis.Run(ctx, redisImage(), onLoopback("6379/tcp"),
		testcontainers.WithCmd(append([]string{"redis-server"}, redisSettings()...)...))
	if err != nil {
		return "", terminate(c), err
	}
	url, err := c.ConnectionString(ctx)
	return url, terminate(c), err
}

// terminate kills: nothing in these servers is worth an orderly end.
func terminate(c testcontainers.Container) func(context.Context) error {
	return func(context.Context) error {
		return testcontainers.TerminateContainer(c, testcontainers.StopTimeout(0*time.Second))
	}
}
