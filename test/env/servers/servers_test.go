package servers

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/env"
)

var errRefused = errors.New("refused")

func TestFindOrder(t *testing.T) {
	for _, c := range []struct {
		name, search, address     string
		engine, program           bool
		wantURL, wantOrigin, want string
	}{
		{name: "an address goes first", address: "given", engine: true, program: true, wantURL: "given", wantOrigin: env.RedisURL},
		{name: "an address that does not answer is an error", address: "dead", engine: true, want: "TEST_REDIS_URL: refused"},
		{name: "then containers", engine: true, program: true, wantURL: "engine", wantOrigin: "engine"},
		{name: "then programs", program: true, wantURL: "program", wantOrigin: "program"},
		{name: "nothing", wantOrigin: "engine: refused\nprogram: refused"},
		{name: "no search", search: "none", engine: true, program: true, wantOrigin: "not looked for"},
		{name: "an address needs no search", search: "none", address: "given", wantURL: "given", wantOrigin: env.RedisURL},
		{name: "containers alone", search: "containers", engine: true, wantURL: "engine", wantOrigin: "engine"},
		{name: "anything but containers", search: "containers", program: true, want: "engine: refused"},
		{name: "an address is no container", search: "containers", address: "given", engine: true, want: "names a server"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(env.Search, c.search)
			t.Setenv(env.RedisURL, c.address)
			set := &Set{}
			ways := []way{fakeWay("engine", c.engine), fakeWay("program", c.program)}
			server, err := set.find(t.Context(), env.RedisURL, answers, ways)
			if c.want != "" {
				require.ErrorContains(t, err, c.want)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, env.Server{URL: c.wantURL, Origin: c.wantOrigin}, server)
		})
	}
}

func TestStopEndsFailedStartsToo(t *testing.T) {
	t.Setenv(env.Search, "")
	t.Setenv(env.RedisURL, "")
	set := &Set{}
	stopped := 0
	broken := way{"broken", func(context.Context) (string, func(context.Context) error, error) {
		return "dead", func(context.Context) error { stopped++; return nil }, nil
	}}
	server, err := set.find(t.Context(), env.RedisURL, answers, []way{broken})
	require.NoError(t, err)
	assert.Empty(t, server.URL, "a server that does not answer must not be handed out")
	require.NoError(t, set.Stop(t.Context()))
	assert.Equal(t, 1, stopped)
}

func fakeWay(name string, there bool) way {
	return way{name, func(context.Context) (string, func(context.Context) error, error) {
		if !there {
			return "", nil, errRefused
		}
		return name, nil, nil
	}}
}

func answers(_ context.Context, url string) error {
	if url == "dead" {
		return errRefused
	}
	return nil
}
