package env

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// RedisCluster starts an empty Redis Cluster of three masters and returns its address, redis-cluster://….
func RedisCluster(t testing.TB) string {
	t.Helper()
	const nodes, slots = 3, 16384
	addresses := make([]string, nodes)
	for i := range addresses {
		bus := freePort(t) // otherwise it is the port and 10,000, which may be taken or none
		addresses[i] = redisNode(t, "--cluster-enabled", "yes", "--cluster-port", fmt.Sprint(bus), "--cluster-node-timeout", "5000").Address
		node := redisAt(t, addresses[i])
		from, to := slots*i/nodes, slots*(i+1)/nodes-1
		must(t, node.ClusterAddSlotsRange(t.Context(), from, to).Err())
		must(t, node.Do(t.Context(), "cluster", "set-config-epoch", i+1).Err())
		if i > 0 {
			host, port, _ := net.SplitHostPort(addresses[i])
			must(t, redisAt(t, addresses[0]).Do(t.Context(), "cluster", "meet", host, port, bus).Err())
		}
	}
	for _, address := range addresses {
		waitFor(t, "the node knows the whole cluster", func(ctx context.Context) bool {
			info, err := redisAt(t, address).ClusterInfo(ctx).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprint("cluster_known_nodes:", nodes))
		})
	}
	return "redis-cluster://" + strings.Join(addresses, ",")
}

// Sentinels are a Redis master with a replica, and three sentinels that watch them.
type Sentinels struct {
	// URL is their address, redis-sentinel://….
	URL   string
	t     testing.TB
	nodes []*Program
	watch *redis.SentinelClient
}

const sentinelMaster = "soundings"

// RedisSentinel starts them. A master that is gone is replaced after about a second.
func RedisSentinel(t testing.TB) *Sentinels {
	t.Helper()
	master := redisNode(t)
	host, port, _ := net.SplitHostPort(master.Address)
	replica := redisNode(t, "--replicaof", host, port, "--repl-diskless-sync-delay", "0")
	waitFor(t, "the replica follows the master", func(ctx context.Context) bool {
		info, err := redisAt(t, replica.Address).Info(ctx, "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	})
	sentinels := make([]string, 3)
	for i := range sentinels {
		sentinels[i] = sentinel(t, host, port)
	}
	s := &Sentinels{
		URL: "redis-sentinel://" + strings.Join(sentinels, ",") + "/" + sentinelMaster,
		t:   t, nodes: []*Program{master, replica},
		watch: redis.NewSentinelClient(&redis.Options{Addr: sentinels[0]}),
	}
	t.Cleanup(func() { _ = s.watch.Close() })
	waitFor(t, "the sentinels know each other and the replica", func(ctx context.Context) bool {
		others, err := s.watch.Sentinels(ctx, sentinelMaster).Result()
		replicas, err2 := s.watch.Replicas(ctx, sentinelMaster).Result()
		return err == nil && err2 == nil && len(others) == len(sentinels)-1 && len(replicas) == 1
	})
	return s
}

// Failover kills the master and returns when the sentinels have made the replica one.
func (s *Sentinels) Failover() {
	s.t.Helper()
	old := s.master(s.t.Context())
	i := slices.IndexFunc(s.nodes, func(p *Program) bool { return p.Address == old })
	if i < 0 {
		s.t.Fatalf("the sentinels say that %s is the master", old)
	}
	s.nodes[i].Kill()
	waitFor(s.t, "there is another master", func(ctx context.Context) bool {
		now := s.master(ctx)
		return now != "" && now != old
	})
}

func (s *Sentinels) master(ctx context.Context) string {
	address, err := s.watch.GetMasterAddrByName(ctx, sentinelMaster).Result()
	if err != nil || len(address) != 2 {
		return ""
	}
	return net.JoinHostPort(address[0], address[1])
}

// sentinel starts one; it keeps what it learns in its file of settings.
func sentinel(t testing.TB, host, port string) string {
	t.Helper()
	program := need(t, RedisProgram)
	folder := programFolder(t)
	file := filepath.Join(folder, "sentinel.conf")
	return launch(t, program, folder, func(own string) []string {
		text := fmt.Sprintf(`port %[1]s
bind 127.0.0.1
sentinel monitor %[2]s %[3]s %[4]s 2
sentinel down-after-milliseconds %[2]s 1000
sentinel failover-timeout %[2]s 5000
`, own, sentinelMaster, host, port)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		ownedByServers(t, file)
		return []string{file, "--sentinel"}
	}, redisAnswers).Address
}

// redisNode starts a Redis that keeps nothing on the disk.
func redisNode(t testing.TB, settings ...string) *Program {
	t.Helper()
	program := need(t, RedisProgram)
	return launch(t, program, programFolder(t), func(port string) []string {
		return append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"}, settings...)
	}, redisAnswers)
}

func redisAnswers(ctx context.Context, address string) error {
	client := redis.NewClient(&redis.Options{Addr: address})
	defer func() { _ = client.Close() }()
	return client.Ping(ctx).Err()
}

func redisAt(t testing.TB, address string) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: address})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func ownedByServers(t testing.TB, file string) {
	t.Helper()
	if c := ServerAttributes().Credential; c != nil {
		must(t, os.Chown(file, int(c.Uid), int(c.Gid)))
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// waitFor asks ten times a second, for at most half a minute.
func waitFor(t testing.TB, what string, is func(ctx context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), programStart)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !is(ctx) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
