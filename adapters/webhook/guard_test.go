package webhook

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// resolved returns a lookup that finds these addresses for every name.
func resolved(addrs ...string) lookup {
	return func(context.Context, string, string) ([]netip.Addr, error) {
		var found []netip.Addr
		for _, a := range addrs {
			found = append(found, netip.MustParseAddr(a))
		}
		return found, nil
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	allowed := []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("fd00:7::/32"), netip.MustParsePrefix("10.30.0.9/24")}
	for addr, public := range map[string]bool{
		"93.184.216.34": true, "1.1.1.1": true, "2606:4700:4700::1111": true, "::ffff:1.1.1.1": true,
		"10.20.3.4": true, "::ffff:10.20.3.4": true, "fd00:7::1": true, "10.30.0.200": true,

		"127.0.0.1": false, "127.255.255.254": false, "::1": false, "0.0.0.0": false, "0.1.2.3": false, "::": false,
		"10.21.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "fd00:8::1": false, "fc00::1": false,
		"169.254.169.254": false, "169.254.0.1": false, "fe80::1": false, "fe80::1%eth0": false, "fd00:ec2::254": false,
		"100.64.0.1": false, "100.127.255.255": false, "192.0.0.8": false, "198.18.0.1": false, "192.0.2.1": false,
		"224.0.0.1": false, "239.255.255.250": false, "ff02::1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "::ffff:10.0.0.1": false, "::127.0.0.1": false,
		"64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b:1::1": false, "2002:7f00:1::": false,
		"2001::1": false, "2001:db8::1": false, "fec0::1": false, "100::1": false,
	} {
		_, err := newGuard(allowed, resolved(addr)).resolve(t.Context(), "name.example")
		require.Equal(t, public, err == nil, "%s: %v", addr, err)
		if !public {
			require.Equal(t, fault.Forbidden, fault.KindOf(err))
			require.NotContains(t, fault.As(err).Message, addr, "what a name leads to is not told")
		}
	}
}

// TestTargetsThatAreRefused goes through the resolver of this machine.
func TestTargetsThatAreRefused(t *testing.T) {
	t.Parallel()
	n, err := New(Options{Secret: access.NewToken(specSecret)})
	require.NoError(t, err)
	for _, target := range []task.CallbackURL{
		"http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:1/", "http://localhost:1/", "https://LOCALHOST:1/", "http://[::1]:1/",
		"http://[::ffff:169.254.169.254]/", "http://0.0.0.0:1/", "http://[::]:1/", "http://10.0.0.1/", "http://[fe80::1%25lo]/", "http://[64:ff9b::a9fe:a9fe]/",
	} {
		err := n.Notify(t.Context(), target, ports.Message{ID: "a"})
		require.Equal(t, fault.Forbidden, fault.KindOf(err), "%s: %v", target, err)
	}
}

func TestANameThatLeadsInsideAsWellIsRefused(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was called") }))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	for _, addrs := range [][]string{{"93.184.216.34", "127.0.0.1"}, {"127.0.0.1", "93.184.216.34"}} {
		n, err := newNotifier(Options{Secret: access.NewToken(specSecret)}, resolved(addrs...))
		require.NoError(t, err)
		err = n.Notify(t.Context(), task.CallbackURL("http://both.example:"+port), ports.Message{ID: "a"})
		require.Equal(t, fault.Forbidden, fault.KindOf(err))
	}
}

// TestRebinding is about a name that is public when it is checked and private
// afterwards: the name is resolved once, and the socket is checked again.
func TestRebinding(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was called") }))
	defer server.Close()
	var asked int
	g := newGuard(nil, func(ctx context.Context, network, host string) ([]netip.Addr, error) {
		asked++
		return resolved("192.0.2.1")(ctx, network, host)
	})
	_, err := g.dial(t.Context(), "tcp", "rebinding.example:80")
	require.Equal(t, fault.Forbidden, fault.KindOf(err))
	require.Equal(t, 1, asked)

	conn, err := g.dialer.DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	require.Nil(t, conn)
	require.Equal(t, fault.Forbidden, fault.KindOf(err), "the check of the socket's own address: %v", err)
}

// TestANameIsKept: the receiver sees the name that the user gave, and the
// address that was resolved is the one that is dialled.
func TestANameIsKept(t *testing.T) {
	t.Parallel()
	hosts := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { hosts <- r.Host }))
	defer server.Close()
	u, err := url.Parse(server.URL)
	require.NoError(t, err)
	n, err := newNotifier(Options{Secret: access.NewToken(specSecret), AllowedNetworks: loopback}, resolved("::ffff:127.0.0.1"))
	require.NoError(t, err)
	require.NoError(t, n.Notify(t.Context(), task.CallbackURL("http://hook.example:"+u.Port()), ports.Message{ID: "a"}))
	require.Equal(t, "hook.example:"+u.Port(), <-hosts)
}

func TestTheNextAddressIsTried(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	u, err := url.Parse(server.URL)
	require.NoError(t, err)
	n, err := newNotifier(Options{Secret: access.NewToken(specSecret), AllowedNetworks: loopback}, resolved("127.0.0.9", "127.0.0.1"))
	require.NoError(t, err)
	require.NoError(t, n.Notify(t.Context(), task.CallbackURL("http://hook.example:"+u.Port()), ports.Message{ID: "a"}))
}

func TestNamesThatLeadNowhere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lookup  lookup
		message string
	}{
		"unknown": {func(context.Context, string, string) ([]netip.Addr, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}
		}, "the name of the callback's host could not be resolved"},
		"without addresses": {resolved(), "the name of the callback's host could not be resolved"},
		"nobody listens":    {resolved("127.0.0.1"), "the callback could not be reached"},
		"the resolver hangs": {func(ctx context.Context, _, _ string) ([]netip.Addr, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, "the callback did not answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, err := newNotifier(Options{Secret: access.NewToken(specSecret), AllowedNetworks: loopback, Timeout: 100 * time.Millisecond}, c.lookup)
			require.NoError(t, err)
			err = n.Notify(t.Context(), "http://name.example:1/?s3cret", ports.Message{ID: "a"})
			require.Equal(t, fault.Unavailable, fault.KindOf(err))
			require.Equal(t, c.message, fault.As(err).Message)
			require.NotContains(t, err.Error(), "s3cret")
		})
	}
}
