package faults_test

import (
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// link is the network between the processes and a server.
type link struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
}

func newLink(t *testing.T, to *server) *link {
	t.Helper()
	control := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	l := &link{t: t, proxy: toxiproxy.NewProxy(control, to.name, "127.0.0.1:0", to.address)}
	require.NoError(t, l.proxy.Start())
	t.Cleanup(l.proxy.Stop)
	return l
}

func (l *link) address() string { return l.proxy.Listen }

// cut ends all connections and refuses new ones until join.
func (l *link) cut() { l.proxy.Stop() }

func (l *link) join() {
	l.t.Helper()
	require.NoError(l.t, l.proxy.Start())
}

// The toxics: answers come late; nothing arrives although the connections stay.
const (
	slow   = `{"name":"fault","type":"latency","stream":"downstream","attributes":{"latency":150,"jitter":100}}`
	silent = `{"name":"fault","type":"timeout","stream":"downstream","attributes":{"timeout":0}}`
)

func (l *link) poison(toxic string) {
	l.t.Helper()
	_, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(toxic))
	require.NoError(l.t, err)
}

func (l *link) cure() { l.proxy.Toxics.ResetToxics(l.t.Context()) }
