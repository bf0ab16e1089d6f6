package webhook

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"github.com/soundings-io/soundings/domain/fault"
)

// lookup resolves a name, as net.Resolver.LookupNetIP does.
type lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

// guard connects to public addresses alone, and to networks that are allowed
// by name. What is not public it takes from IANA's registries of special
// addresses (package ssrf): private, loopback, link-local, multicast,
// unspecified, shared (CGNAT), and, of IPv6, all but global unicast, so no
// mapped, NAT64 or 6to4 form of an IPv4 address.
type guard struct {
	rules  *ssrf.Guardian
	lookup lookup
	dialer net.Dialer
}

func newGuard(allowed []netip.Prefix, lookup lookup) *guard {
	var v4, v6 []netip.Prefix
	for _, p := range allowed {
		if p = p.Masked(); p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	g := &guard{lookup: lookup, rules: ssrf.New(ssrf.WithAnyPort(),
		ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))}
	// Control sees the very address that the socket connects to: it would notice
	// a name that resolved to something else between the check and the call.
	g.dialer.Timeout = dialTimeout
	g.dialer.Control = func(network, address string, c syscall.RawConn) error {
		if err := g.rules.Safe(network, address, c); err != nil {
			return forbidden(err)
		}
		return nil
	}
	return g
}

// dial connects to the host of a URL. All addresses of the name are checked
// before any is tried, and one that is not allowed refuses the host: a name
// that also leads inside is not to be trusted. What was checked is what is
// dialled; the name is not resolved again.
func (g *guard) dial(ctx context.Context, _, hostPort string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, err
	}
	addrs, err := g.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var failed error
	for _, addr := range addrs {
		conn, err := g.dialer.DialContext(ctx, "tcp", net.JoinHostPort(addr.String(), port))
		if err == nil {
			return conn, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}

const (
	// maxAddrs bounds how many addresses of one name are tried, dialTimeout how
	// long each of them.
	maxAddrs    = 3
	dialTimeout = 3 * time.Second
)

// resolve returns the addresses of a host, each allowed. IPv4 addresses in
// IPv6's clothes are judged as what they are.
func (g *guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	addrs, err := g.lookup(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
		if err := g.rules.SafeAddr(addrs[i]); err != nil {
			return nil, forbidden(err)
		}
	}
	return addrs[:min(len(addrs), maxAddrs)], nil
}

func forbidden(err error) error {
	return fault.Wrap(err, fault.Forbidden, fault.CodeForbidden,
		"the callback's host is not on the public internet; this deployment sends it no messages")
}
