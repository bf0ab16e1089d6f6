package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

func TestTheCommandTellsItsAddressesServesAndStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"-repeat", "2", "-consent", "somebody"}, write) }()

	var line map[string]any
	require.NoError(t, json.NewDecoder(read).Decode(&line))
	require.Equal(t, fakeapi.DemoKey, line["YOUTUBE_MASTER_ACCESS_TOKEN"])
	address := line["YOUTUBE_API_URL"].(string) + "/videos?part=id&id=" + fakeapi.DemoVideoID + "&key=" + fakeapi.DemoKey
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), `"id":"`+fakeapi.DemoVideoID+`"`)

	for _, name := range []string{
		"GOOGLE_AUTH_URL", "GOOGLE_TOKEN_URL", "GOOGLE_REVOKE_URL", "REDDIT_API_URL", "REDDIT_AUTH_URL", "YOUTUBE_CLIENT_ID",
		"YOUTUBE_CLIENT_SECRET", "REDDIT_CLIENT_ID", "REDDIT_CLIENT_SECRET", "REDDIT_USER_AGENT",
	} {
		require.NotEmpty(t, line[name], name)
	}

	cancel()
	require.NoError(t, <-ended)
}

func TestWrongUseIsAnError(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-bogus"}, {"-reddit-thread", "no_such_group"}, {"-data", t.TempDir()}, {"-addr", "nowhere:-1"}} {
		require.Error(t, run(t.Context(), args, io.Discard))
	}
}
