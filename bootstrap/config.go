// Package bootstrap puts Soundings together: it reads the configuration,
// chooses the adapters, and starts and stops what they make up.
package bootstrap

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/soundings-io/soundings/adapters/observe"
	"github.com/soundings-io/soundings/domain/access"
)

// Config is what the environment says (contract §5).
type Config struct {
	HTTPAddr    string `env:"HTTP_ADDR" envDefault:"127.0.0.1:8080"`
	WorkerAddr  string `env:"WORKER_ADDR"`
	MetricsAddr string `env:"METRICS_ADDR"`

	DatabaseURL       string `env:"DATABASE_URL"`
	DatabaseDirectURL string `env:"DATABASE_DIRECT_URL"`
	RedisURL          string `env:"REDIS_URL"`
	Queue             string `env:"QUEUE"`
	DataDir           string `env:"SOUNDINGS_DATA_DIR" envDefault:"data"`
	Concurrency       int    `env:"SOUNDINGS_CONCURRENCY" envDefault:"8"`

	SentimentServiceURL string        `env:"SENTIMENT_SERVICE_URL"`
	SpamServiceURL      string        `env:"SPAM_SERVICE_URL"`
	ServicePatience     time.Duration `env:"SERVICE_PATIENCE" envDefault:"60s"`

	YouTubeMasterToken  secret           `env:"YOUTUBE_MASTER_ACCESS_TOKEN"`
	YouTubeAPIURL       string           `env:"YOUTUBE_API_URL" envDefault:"https://www.googleapis.com/youtube/v3"`
	YouTubeClientID     string           `env:"YOUTUBE_CLIENT_ID"`
	YouTubeClientSecret secret           `env:"YOUTUBE_CLIENT_SECRET"`
	YouTubeDailyQuota   int64            `env:"YOUTUBE_DAILY_QUOTA" envDefault:"10000"`
	YouTubeQuotaCosts   map[string]int64 `env:"YOUTUBE_QUOTA_COSTS" envKeyValSeparator:"="`
	GoogleAuthURL       string           `env:"GOOGLE_AUTH_URL" envDefault:"https://accounts.google.com/o/oauth2/v2/auth"`
	GoogleTokenURL      string           `env:"GOOGLE_TOKEN_URL" envDefault:"https://oauth2.googleapis.com/token"`
	GoogleRevokeURL     string           `env:"GOOGLE_REVOKE_URL" envDefault:"https://oauth2.googleapis.com/revoke"`

	RedditClientID          string `env:"REDDIT_CLIENT_ID"`
	RedditClientSecret      secret `env:"REDDIT_CLIENT_SECRET"`
	RedditUserAgent         string `env:"REDDIT_USER_AGENT"`
	RedditAPIURL            string `env:"REDDIT_API_URL" envDefault:"https://oauth.reddit.com"`
	RedditAuthURL           string `env:"REDDIT_AUTH_URL" envDefault:"https://www.reddit.com"`
	RedditRequestsPerMinute int64  `env:"REDDIT_REQUESTS_PER_MINUTE" envDefault:"100"`

	TokenKeys secret `env:"TOKEN_ENCRYPTION_KEY"`
	PublicURL string `env:"PUBLIC_URL"`

	JWTSecret    secret `env:"AUTH_JWT_SECRET"`
	JWKSURL      string `env:"AUTH_JWKS_URL"`
	JWTIssuer    string `env:"AUTH_ISSUER"`
	JWTAudience  string `env:"AUTH_AUDIENCE"`
	WebAppOrigin string `env:"WEB_APP_ORIGIN" envDefault:"http://localhost:3000"`

	WebhookSecret          secret         `env:"WEBHOOK_SECRET"`
	WebhookAllowedNetworks []netip.Prefix `env:"WEBHOOK_ALLOWED_NETWORKS"`

	ExportURL string        `env:"EXPORT_URL"`
	ExportTTL time.Duration `env:"EXPORT_TTL" envDefault:"168h"`
	MaxPark   time.Duration `env:"MAX_PARK" envDefault:"48h"`

	AWSAccessKeyID     string `env:"AWS_ACCESS_KEY_ID"`
	AWSSecretAccessKey secret `env:"AWS_SECRET_ACCESS_KEY"`
	AWSSessionToken    secret `env:"AWS_SESSION_TOKEN"`

	RetentionYouTubeTexts time.Duration `env:"RETENTION_YOUTUBE_TEXTS" envDefault:"720h"`
	RetentionYouTubeTasks time.Duration `env:"RETENTION_YOUTUBE_TASKS" envDefault:"26280h"`
	RetentionRedditTexts  time.Duration `env:"RETENTION_REDDIT_TEXTS" envDefault:"0"`
	RetentionRedditTasks  time.Duration `env:"RETENTION_REDDIT_TASKS" envDefault:"0"`

	MaxPosts          int64   `env:"MAX_POSTS" envDefault:"1000000"`
	RunningTasks      int     `env:"RUNNING_TASKS_PER_USER" envDefault:"20"`
	RequestsPerSecond float64 `env:"REQUESTS_PER_SECOND" envDefault:"20"`
	QueuedPerTask     int     `env:"QUEUED_PER_TASK" envDefault:"16"`
	QueuedPerUser     int     `env:"QUEUED_PER_USER" envDefault:"32"`

	LogLevel  slog.Level `env:"LOG_LEVEL" envDefault:"INFO"`
	LogFormat string     `env:"LOG_FORMAT" envDefault:"text"`

	// The SDK of OpenTelemetry reads its other variables by itself.
	OTLPEndpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	OTLPProtocol string `env:"OTEL_EXPORTER_OTLP_PROTOCOL"`
	OTLPHeaders  secret `env:"OTEL_EXPORTER_OTLP_HEADERS"`
	OTLPTimeout  int    `env:"OTEL_EXPORTER_OTLP_TIMEOUT" envDefault:"10000"` // in milliseconds
	OTelSampler  string `env:"OTEL_TRACES_SAMPLER"`
	OTelDisabled bool   `env:"OTEL_SDK_DISABLED"`

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
	if c.PublicURL == "" {
		c.PublicURL = "http://" + c.HTTPAddr
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
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

// Logger returns the logger that the configuration asks for, onto stderr.
func (c Config) Logger() *slog.Logger {
	opts := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(observe.Logs(slog.NewJSONHandler(os.Stderr, opts)))
	}
	return slog.New(observe.Logs(slog.NewTextHandler(os.Stderr, opts)))
}
