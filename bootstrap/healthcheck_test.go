package bootstrap

import (
	"bytes"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHealthcheckAsksTheProcessBesideIt(t *testing.T) {
	t.Parallel()
	api := run(t, Roles{API: true, Worker: true}, func(c *Config) { c.HTTPAddr = "127.0.0.1:0" })
	worker := run(t, Roles{Worker: true}, func(c *Config) { c.HTTPAddr, c.WorkerAddr = "", "127.0.0.1:0" })
	_, port, err := net.SplitHostPort(api.addr)
	require.NoError(t, err)
	for name, environ := range map[string][]string{
		"the API":                       {"HTTP_ADDR=" + api.addr},
		"everywhere":                    {"HTTP_ADDR=0.0.0.0:" + port},
		"nowhere in particular":         {"HTTP_ADDR=:" + port},
		"a worker, although an API too": {"HTTP_ADDR=127.0.0.1:1", "WORKER_ADDR=" + worker.addr},
	} {
		var out, errs bytes.Buffer
		code := Main(t.Context(), []string{"healthcheck"}, "test", Streams{Out: &out, Err: &errs, Environ: environ})
		assert.Equal(t, ExitOK, code, "%s: %s", name, &errs)
		assert.Contains(t, out.String(), `"status":"ok"`, name)
	}
	var errs bytes.Buffer
	code := Main(t.Context(), []string{"healthcheck"}, "test", Streams{Err: &errs, Environ: []string{"HTTP_ADDR=" + freeAddr(t)}})
	assert.Equal(t, ExitFailed, code)
	assert.Contains(t, errs.String(), "not ready")
}
