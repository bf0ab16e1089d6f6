package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// telemetryPairs is how many runs are made with telemetry, and as many without.
	telemetryPairs = 5
	// scrapeEvery is how often the metrics are read, ten times as often as usual.
	scrapeEvery = time.Second
)

// measureTelemetry compares the pipeline with metrics and traces switched on to
// the pipeline without, in pairs that follow one another. A collector takes the
// traces, and the metrics are read every second.
func measureTelemetry(ctx context.Context, b *bench) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	collector, err := startCollector(ctx)
	if err != nil {
		return err
	}
	defer collector.stop()
	load := workersLoad{urls: []string{playlistURL}, posts: corpusRows}
	off, err := b.startSite(ctx, load)
	if err != nil {
		return err
	}
	defer off.stop()
	on, err := b.startSite(ctx, load, "METRICS_ADDR=127.0.0.1:0", "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.url)
	if err != nil {
		return err
	}
	defer on.stop()
	address, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	on.environ = append(on.environ, "METRICS_ADDR="+address)
	go collector.scrape(ctx, "http://"+address+"/metrics")

	var ratios, withs, withouts []float64
	var cores string
	for pair := range telemetryPairs + 1 {
		without, err := off.run(ctx, load, 1)
		if err != nil {
			return err
		}
		with, err := on.run(ctx, load, 1)
		if err != nil {
			return err
		}
		if pair == 0 { // caches get warm
			continue
		}
		ratios = append(ratios, with.rate()/without.rate())
		cores = with.cores + "; " + without.cores
		withs, withouts = append(withs, with.rate()), append(withouts, without.rate())
	}
	b.table.above("pipeline with telemetry to without, median of five pairs", median(ratios), 0.9, "×")
	b.table.note("… comments/s with, without", fmt.Sprintf("%.0f, %.0f", median(withs), median(withouts)))
	b.table.note("… seconds of a core in the last pair: with, without", cores)
	b.table.above("… how often the metrics were read", float64(collector.scraped.Load()), telemetryPairs, "times")
	b.table.above("… what the collector was sent", float64(collector.bytes.Load())/1024, 1, "KiB of traces")
	return nil
}

// collector takes traces as an OpenTelemetry collector does, over HTTP, and
// throws them away.
type collector struct {
	url    string
	server *http.Server
	// bytes of traces were taken, and the metrics were read so often.
	bytes, scraped atomic.Int64
}

func startCollector(ctx context.Context) (*collector, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &collector{url: "http://" + listener.Addr().String()}
	c.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body) // what was cut off counts as far as it came
		c.bytes.Add(n)
		w.Header().Set("Content-Type", r.Header.Get("Content-Type")) // an empty message in either encoding
	})}
	go func() { _ = c.server.Serve(listener) }() // ends with stop
	return c, nil
}

func (c *collector) stop() { _ = c.server.Close() }

// scrape reads the metrics every second until ctx ends. Between two runs nobody
// serves them.
func (c *collector) scrape(ctx context.Context, url string) {
	for wait(ctx, scrapeEvery) == nil {
		if status, err := get(ctx, url); err == nil && status == http.StatusOK {
			c.scraped.Add(1)
		}
	}
}
