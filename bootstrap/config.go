// Package bootstrap puts Soundings together: it reads the configuration,
// chooses the adapters, and starts and stops what they make up.
package bootstrap

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/soundings-io/soundings/domain/access"
)

// Config is what the environment says (contract §5).
type Config struct {
	HTTPAddr   string `env:"HTTP_ADDR" envDefault:"127.0.0.1:8080"`
	WorkerAddr string `env:"WORKER_ADDR"`

	DatabaseURL       string `env:"DATABASE_URL"`
	DatabaseDirectURL string `env:"DATABASE_DIRECT_URL"`
	RedisURL          string `env:"REDIS_URL"`
	Queue             string `env:"QUEUE"`
	DataDir           string `env:"SOUNDINGS_DATA_DIR" envDefault:"data"`
	Concurrency       int    `env:"SOUNDINGS_CONCURRENCY" envDefault:"8"`

	SentimentServiceURL string        `env:"SENTIMENT_SERVICE_URL"`
	SpamServiceURL      string        `env:"SPAM_SERVICE_URL"`
	ServicePatience     time.Duration `env:"SERVICE_PATIENCE" envDefault:"60s"`

	YouTubeMasterToken secret `env:"YOUTUBE_MASTER_ACCESS_TOKEN"`
	YouTubeAPIURL      string `env:"YOUTUBE_API_URL" envDefault:"https://www.googleapis.com/youtube/v3"`

	JWTSecret    secret `env:"AUTH_JWT_SECRET"`
	JWTIssuer    string `env:"AUTH_ISSUER"`
	JWTAudience  string `env:"AUTH_AUDIENCE"`
	WebAppOrigin string `env:"WEB_APP_ORIGIN" envDefault:"http://localhost:3000"`

	ExportURL string        `env:"EXPORT_URL"`
	ExportTTL time.Duration `env:"EXPORT_TTL" envDefault:"168h"`
	MaxPark   time.Duration `env:"MAX_PARK" envDefault:"48h"`

	MaxPosts          int64   `env:"MAX_POSTS" envDefault:"1000000"`
	RunningTasks      int     `env:"RUNNING_TASKS_PER_USER" envDefault:"20"`
	RequestsPerSecond float64 `env:"REQUESTS_PER_SECOND" envDefault:"20"`
	QueuedPerTask     int     `env:"QUEUED_PER_TASK" envDefault:"16"`
	QueuedPerUser     int     `env:"QUEUED_PER_USER" envDefault:"32"`

	LogLevel  slog.Level `env:"LOG_LEVEL" envDefault:"INFO"`
	LogFormat string     `env:"LOG_FORMAT" envDefault:"text"`

	// CallTimeout bounds one call of a provider or service; zero means the
	// adapters' own defaults. Tests shorten it.
	CallTimeout time.Duration `env:"-"`
	// Embedded tells that nothing but a data folder is needed: no DATABASE_URL.
	Embedded bool `env:"-"`
}

// secret is a value that never prints.
type secret struct{ access.Token }

// UnmarshalText reads a secret from the environment.
func (s *secret) UnmarshalText(b []byte) error {
	s.Token = access.NewToken(strings.TrimSpace(string(b)))
	return nil
}

// LoadConfig reads the environment of the given variables, as os.Environ
// returns them. Its error is one line that names the variable and what it
// expects.
func LoadConfig(environ []string) (Config, error) {
	var c Config
	err := env.ParseWithOptions(&c, env.Options{Environment: env.ToMap(environ)})
	if err != nil {
		return c, explain(err)
	}
	c.settle()
	return c, c.check()
}

// explain turns the parser's words into one line about one variable.
func explain(err error) error {
	var aggregate env.AggregateError
	if errors.As(err, &aggregate) && len(aggregate.Errors) > 0 {
		err = aggregate.Errors[0]
	}
	var parse env.ParseError
	if !errors.As(err, &parse) {
		return err
	}
	field, _ := reflect.TypeFor[Config]().FieldByName(parse.Name)
	name := field.Tag.Get("env")
	return fmt.Errorf("%s: expected %s", name, expectations[name])
}

var expectations = map[string]string{
	"SOUNDINGS_CONCURRENCY":  "a whole number from 1 to 1000",
	"SERVICE_PATIENCE":       "a duration such as 60s",
	"EXPORT_TTL":             "a duration such as 168h",
	"MAX_PARK":               "a duration such as 48h",
	"MAX_POSTS":              "a whole number from 1",
	"RUNNING_TASKS_PER_USER": "a whole number from 1",
	"REQUESTS_PER_SECOND":    "a number, 0 for no limit",
	"QUEUED_PER_TASK":        "a whole number from 1",
	"QUEUED_PER_USER":        "a whole number from 1",
	"LOG_LEVEL":              "debug, info, warn or error",
}

// settle fills in what depends on other values.
func (c *Config) settle() {
	c.Embedded = c.DatabaseURL == ""
	if c.Embedded {
		c.DatabaseURL = "sqlite:" + filepath.Join(c.DataDir, "soundings.db")
	}
	if c.Queue == "" {
		c.Queue = QueueRiver
		if c.RedisURL != "" {
			c.Queue = QueueAsynq
		}
	}
	if c.ExportURL == "" {
		if dir, err := filepath.Abs(filepath.Join(c.DataDir, "exports")); err == nil {
			c.ExportURL = "file://" + dir
		}
	}
}

// The queues that QUEUE may name.
const (
	QueueAsynq  = "asynq"
	QueueRiver  = "river"
	QueueMemory = "memory"
)

func (c *Config) check() error {
	checks := []struct {
		variable, expects string
		ok                bool
	}{
		{"HTTP_ADDR", "HOST:PORT, such as 127.0.0.1:8080", isAddr(c.HTTPAddr)},
		{"WORKER_ADDR", "HOST:PORT, such as 127.0.0.1:8081, or nothing", c.WorkerAddr == "" || isAddr(c.WorkerAddr)},
		{"DATABASE_URL", "postgres://… or sqlite:PATH", isDatabase(c.DatabaseURL)},
		{"DATABASE_DIRECT_URL", "postgres://…, or nothing", c.DatabaseDirectURL == "" || isPostgres(c.DatabaseDirectURL)},
		{"QUEUE", "asynq, river or memory", c.Queue == QueueAsynq || c.Queue == QueueRiver || c.Queue == QueueMemory},
		{"REDIS_URL", "redis://HOST:PORT, since QUEUE is asynq", c.Queue != QueueAsynq || c.RedisURL != ""},
		{"SOUNDINGS_CONCURRENCY", expectations["SOUNDINGS_CONCURRENCY"], c.Concurrency >= 1 && c.Concurrency <= 1000},
		{"SENTIMENT_SERVICE_URL", "http://… or https://…, or nothing", c.SentimentServiceURL == "" || isHTTP(c.SentimentServiceURL)},
		{"SPAM_SERVICE_URL", "http://… or https://…, or nothing", c.SpamServiceURL == "" || isHTTP(c.SpamServiceURL)},
		{"YOUTUBE_API_URL", "http://… or https://…", isHTTP(c.YouTubeAPIURL)},
		{"AUTH_JWT_SECRET", "32 bytes or more, or nothing", c.JWTSecret.Empty() || len(c.JWTSecret.Reveal()) >= 32},
		{"WEB_APP_ORIGIN", "an origin such as http://localhost:3000", isHTTP(c.WebAppOrigin)},
		{"EXPORT_URL", "file:///path", strings.HasPrefix(c.ExportURL, "file:///")},
		{"SERVICE_PATIENCE", expectations["SERVICE_PATIENCE"], c.ServicePatience > 0},
		{"EXPORT_TTL", expectations["EXPORT_TTL"], c.ExportTTL > 0},
		{"MAX_PARK", expectations["MAX_PARK"], c.MaxPark > 0},
		{"MAX_POSTS", expectations["MAX_POSTS"], c.MaxPosts >= 1},
		{"RUNNING_TASKS_PER_USER", expectations["RUNNING_TASKS_PER_USER"], c.RunningTasks >= 1},
		{"REQUESTS_PER_SECOND", expectations["REQUESTS_PER_SECOND"], c.RequestsPerSecond >= 0},
		{"QUEUED_PER_TASK", expectations["QUEUED_PER_TASK"], c.QueuedPerTask >= 1},
		{"QUEUED_PER_USER", expectations["QUEUED_PER_USER"], c.QueuedPerUser >= 1},
		{"LOG_FORMAT", "text or json", c.LogFormat == "text" || c.LogFormat == "json"},
	}
	for _, ch := range checks {
		if !ch.ok {
			return fmt.Errorf("%s: expected %s", ch.variable, ch.expects)
		}
	}
	return nil
}

func isAddr(s string) bool {
	_, port, err := net.SplitHostPort(s)
	return err == nil && port != ""
}

func isPostgres(s string) bool {
	return strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://")
}

func isDatabase(s string) bool {
	return isPostgres(s) || strings.HasPrefix(s, "sqlite:") && len(s) > len("sqlite:")
}

func isHTTP(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// Logger returns the logger that the configuration asks for, onto stderr.
func (c Config) Logger() *slog.Logger {
	opts := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, opts))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, opts))
}
