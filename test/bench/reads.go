package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	readers  = 16
	readFor  = 3 * time.Second
	warmFor  = 500 * time.Millisecond
	answerOK = "HTTP/1.1 200 "
)

// measureReads asks for one task from 16 connections, of Soundings and of a
// bare handler with the same two reads, in turns.
func measureReads(ctx context.Context, b *bench) error {
	address, drop, err := b.newDatabase(ctx)
	if err != nil {
		return err
	}
	defer drop()
	store, err := b.openStore(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	made, _, err := leases(ctx, store, 1)
	if err != nil {
		return err
	}
	folder, err := b.newFolder("reads")
	if err != nil {
		return err
	}
	api, err := b.start(ctx, "api", "DATABASE_URL="+address, "REDIS_URL="+b.servers.Redis.URL, "SOUNDINGS_DATA_DIR="+folder)
	if err != nil {
		return err
	}
	defer api.stop()
	c, err := b.newClient(ctx, api, address)
	if err != nil {
		return err
	}
	path := "/tasks/" + string(made.ID)
	size, err := answerSize(ctx, c, path)
	if err != nil {
		return err
	}
	bare, err := startBare(ctx, address, size)
	if err != nil {
		return err
	}
	defer bare.stop()
	var ours, limit []float64
	for range rounds {
		for _, side := range []struct {
			url   string
			rates *[]float64
		}{{api.url, &ours}, {bare.url, &limit}} {
			rate, err := readRate(ctx, client{side.url, c.key}, path)
			if err != nil {
				return err
			}
			*side.rates = append(*side.rates, rate)
		}
	}
	b.table.atLeast("GET /tasks/:id, 16 connections, beside a bare net/http handler", median(ours), median(limit), 0.5, "requests/s")
	return nil
}

func answerSize(ctx context.Context, c client, path string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+path, http.NoBody)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+c.key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	n, err := io.Copy(io.Discard, response.Body)
	return int(n), err
}

// startBare runs this program's other face as a process of its own.
func startBare(ctx context.Context, database string, size int) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, bareCommand)
	cmd.Stderr = os.Stderr
	cmd.Env = []string{bareDatabase + "=" + database, bareAddress + "=" + address, bareSize + "=" + strconv.Itoa(size)}
	p, err := launch(cmd)
	if err != nil {
		return nil, err
	}
	p.url = "http://" + address
	if err := p.awaitReady(ctx); err != nil {
		p.stop()
		return nil, fmt.Errorf("the bare handler: %w", err)
	}
	return p, nil
}

// readRate returns how many requests a second 16 connections get answered.
func readRate(ctx context.Context, c client, path string) (float64, error) {
	if _, err := readAll(ctx, c, path, warmFor); err != nil {
		return 0, err
	}
	began := time.Now()
	n, err := readAll(ctx, c, path, readFor)
	return float64(n) / time.Since(began).Seconds(), err
}

func readAll(ctx context.Context, c client, path string, d time.Duration) (int, error) {
	target, err := url.Parse(c.url)
	if err != nil {
		return 0, err
	}
	request := "GET " + path + " HTTP/1.1\r\nHost: " + target.Host + "\r\nAuthorization: Bearer " + c.key + "\r\n\r\n"
	group, ctx := errgroup.WithContext(ctx)
	counts := make([]int, readers)
	for i := range readers {
		group.Go(func() (err error) {
			counts[i], err = readOn(ctx, target.Host, request, time.Now().Add(d))
			return err
		})
	}
	err = group.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	return total, err
}

// readOn sends the request again and again on one connection. net/http's own
// client would cost as much as the handlers that are measured.
func readOn(ctx context.Context, host, request string, until time.Time) (n int, err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", host)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(until.Add(stopWithin)); err != nil {
		return 0, err
	}
	answers := bufio.NewReaderSize(conn, 16<<10)
	for ; time.Now().Before(until); n++ {
		if _, err := io.WriteString(conn, request); err != nil {
			return n, err
		}
		if err := readAnswer(answers); err != nil {
			return n, err
		}
	}
	return n, nil
}

// readAnswer reads one answer that has a Content-Length and passes over it.
func readAnswer(r *bufio.Reader) error {
	status, err := r.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(string(status), answerOK) {
		return fmt.Errorf("answered %s", status)
	}
	length := -1
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if value, ok := strings.CutPrefix(strings.ToLower(string(line)), "content-length:"); ok {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return fmt.Errorf("an answer has no Content-Length")
	}
	_, err = r.Discard(length)
	return err
}
