package redisqueue

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/fault"
)

func TestConnectOne(t *testing.T) {
	t.Parallel()
	client := connected[*redis.Client](t, "rediss://user:secret@cache.example:6380/3?read_timeout=7s")
	opts := client.Options()
	assert.Equal(t, "cache.example:6380", opts.Addr)
	assert.Equal(t, 3, opts.DB)
	assert.Equal(t, "secret", opts.Password)
	assert.NotNil(t, opts.TLSConfig)
	assert.Equal(t, "7s", opts.ReadTimeout.String())
}

func TestConnectCluster(t *testing.T) {
	t.Parallel()
	client := connected[*redis.ClusterClient](t, "redis-cluster://user:secret@a,b:7001,[::1]:7002?read_timeout=7s")
	opts := client.Options()
	assert.Equal(t, []string{"a:6379", "b:7001", "[::1]:7002"}, opts.Addrs)
	assert.Equal(t, "secret", opts.Password)
	assert.Nil(t, opts.TLSConfig)
	assert.Equal(t, "7s", opts.ReadTimeout.String())
}

func TestConnectSentinel(t *testing.T) {
	t.Parallel()
	client := connected[*redis.Client](t, "rediss-sentinel://:secret@a,b:7001/main/2")
	opts := client.Options()
	assert.Equal(t, "FailoverClient", opts.Addr)
	assert.Equal(t, 2, opts.DB)
	assert.Equal(t, "secret", opts.Password)
	assert.NotNil(t, opts.TLSConfig)
}

func connected[T redis.UniversalClient](t *testing.T, address string) T {
	t.Helper()
	client, err := connect(address)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	require.IsType(t, *new(T), client)
	return client.(T)
}

func TestConnectRefuses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"", "localhost:6379", "http://h:1", "redis", "redis://h:port", "redis://u:secret@h:1/notanumber",
		"redis-swarm://h:1", "redis-sentinel://h:1", "redis-sentinel://h:1/", "redis://h:1?nonsense=1",
		"redis-cluster://u:secret@h:x,%zz", "redis://u:secret@h\x7f:1",
	} {
		_, err := connect(address)
		if assert.Error(t, err, address) {
			assert.True(t, fault.Is(err, fault.Invalid), address)
			assert.NotContains(t, err.Error(), "secret")
			assert.NotContains(t, err.Error(), "\n")
		}
	}
}
