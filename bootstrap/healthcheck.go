package bootstrap

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// healthcheckTimeout is a little more than the parts of /readyz take.
const healthcheckTimeout = 5 * time.Second

// healthcheck asks /readyz of the process beside it, which has the same
// settings: a worker where WORKER_ADDR is set, else the API. An image of one
// binary has no shell and no curl to do it.
func healthcheck(ctx context.Context, c Config, out io.Writer) error {
	host, port, err := net.SplitHostPort(cmp.Or(c.WorkerAddr, c.HTTPAddr))
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", http.NoBody)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("not ready: %w", err)
	}
	defer answer.Body.Close()
	parts, err := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("not ready: %s", parts)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n", parts)
	return err
}
