package redisqueue

import (
	"cmp"
	"errors"
	"net"
	"net/url"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/soundings-io/soundings/domain/fault"
)

// silence keeps go-redis from writing to stderr on its own: what goes wrong
// comes back as an error, and asynq's are logged.
var silence = sync.OnceFunc(logging.Disable)

// protocol is RESP2, which costs an idle Run a tenth less than RESP3: asynq has
// no use for what servers push.
const protocol = 2

// connect returns a client of what the address names. It does not reach out
// for it yet. Contexts end commands in all of them, which go-redis leaves out
// by default.
func connect(redisURL string) (redis.UniversalClient, error) {
	silence()
	scheme, rest, ok := strings.Cut(redisURL, "://")
	scheme, kind, _ := strings.Cut(strings.ToLower(scheme), "-")
	if !ok || scheme != "redis" && scheme != "rediss" {
		return nil, badAddress(nil)
	}
	switch kind {
	case "":
		opts, err := redis.ParseURL(scheme + "://" + rest)
		if err != nil {
			return nil, badAddress(err)
		}
		opts.ContextTimeoutEnabled, opts.Protocol = true, cmp.Or(opts.Protocol, protocol)
		return redis.NewClient(opts), nil
	case "cluster":
		opts, err := redis.ParseClusterURL(manyHosts(scheme, rest, "6379", ""))
		if err != nil {
			return nil, badAddress(err)
		}
		opts.ContextTimeoutEnabled, opts.Protocol = true, cmp.Or(opts.Protocol, protocol)
		return redis.NewClusterClient(opts), nil
	case "sentinel":
		rest, master := takeMaster(rest)
		opts, err := redis.ParseFailoverURL(manyHosts(scheme, rest, "26379", master))
		if err != nil || master == "" {
			return nil, badAddress(err)
		}
		// go-redis takes what stands before the @ for the sentinels' own.
		opts.Username, opts.SentinelUsername = opts.SentinelUsername, opts.Username
		opts.Password, opts.SentinelPassword = opts.SentinelPassword, opts.Password
		opts.ContextTimeoutEnabled, opts.Protocol = true, cmp.Or(opts.Protocol, protocol)
		return redis.NewFailoverClient(opts), nil
	}
	return nil, badAddress(nil)
}

// takeMaster cuts the master's name out of "hosts/master/database".
func takeMaster(rest string) (without, master string) {
	rest, query, _ := strings.Cut(rest, "?")
	hosts, path, _ := strings.Cut(rest, "/")
	master, database, _ := strings.Cut(path, "/")
	return hosts + "/" + database + "?" + query, master
}

// manyHosts turns "user:password@host1,host2/path?query" into the form of
// go-redis, which takes all hosts but the first from the query, with their ports.
func manyHosts(scheme, rest, port, master string) string {
	rest, query, _ := strings.Cut(rest, "?")
	rest, path, _ := strings.Cut(rest, "/")
	user := ""
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		user, rest = rest[:at+1], rest[at+1:]
	}
	hosts := strings.Split(rest, ",")
	for i, host := range hosts {
		if _, _, err := net.SplitHostPort(host); err != nil {
			hosts[i] = net.JoinHostPort(strings.Trim(host, "[]"), port)
		}
	}
	more := url.Values{"addr": hosts[1:]}
	if master != "" {
		more.Set("master_name", master)
	}
	return scheme + "://" + user + hosts[0] + "/" + path + "?" + strings.Trim(query+"&"+more.Encode(), "&")
}

// badAddress says what is expected. The words of net/url are left out, as they
// repeat the address with its password.
func badAddress(err error) error {
	if parsing, ok := errors.AsType[*url.Error](err); ok {
		err = parsing.Err
	}
	return fault.Wrap(err, fault.Invalid, fault.CodeInvalidValue,
		"the address of Redis must have the form redis://host:port, redis-cluster://host:port,host:port "+
			"or redis-sentinel://host:port,host:port/master (rediss for TLS)")
}
