package bootstrap

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/soundings-io/soundings/adapters/files"
	"github.com/soundings-io/soundings/adapters/webhook"
	"github.com/soundings-io/soundings/domain/access"
)

// expectations are of the variables that the parser may refuse; check uses them
// where a value can be parsed and is of no use.
var expectations = map[string]string{
	"SOUNDINGS_CONCURRENCY":      "a whole number from 1 to 1000",
	"WEBHOOK_ALLOWED_NETWORKS":   "networks with commas between them, such as 10.0.0.0/8,fd00::/8, or nothing",
	"YOUTUBE_DAILY_QUOTA":        "a whole number, 0 to count nothing",
	"YOUTUBE_QUOTA_COSTS":        "METHOD=UNITS with commas between them, such as commentThreads.list=1,videos.list=1, or nothing",
	"REDDIT_REQUESTS_PER_MINUTE": "a whole number, 0 to obey the headers of the answers alone",
	"SERVICE_PATIENCE":           "a duration such as 60s",
	"EXPORT_TTL":                 "a duration such as 168h",
	"MAX_PARK":                   "a duration such as 48h",
	"RETENTION_YOUTUBE_TEXTS":    retention,
	"RETENTION_YOUTUBE_TASKS":    retention,
	"RETENTION_REDDIT_TEXTS":     retention,
	"RETENTION_REDDIT_TASKS":     retention,
	"MAX_POSTS":                  "a whole number from 1",
	"RUNNING_TASKS_PER_USER":     "a whole number from 1",
	"REQUESTS_PER_SECOND":        "a number, 0 for no limit",
	"QUEUED_PER_TASK":            "a whole number from 1",
	"QUEUED_PER_USER":            "a whole number from 1",
	"OTEL_EXPORTER_OTLP_TIMEOUT": "a whole number of milliseconds, from 1 to 60000",
	"OTEL_SDK_DISABLED":          "true or false",
	"LOG_LEVEL":                  "debug, info, warn or error",
}

// retention is what the variables of retention expect.
const retention = "a duration such as 720h, 0 to keep it for ever"

// check is one condition on a variable.
type check struct {
	variable, expects string
	ok                bool
}

func (c *Config) check() error {
	for _, ch := range slices.Concat(c.checks(), c.platformChecks(), c.traceChecks()) {
		if !ch.ok {
			return fmt.Errorf("%s: expected %s", ch.variable, ch.expects)
		}
	}
	return c.checkKeys()
}

func (c *Config) checks() []check {
	toBucket := files.ValidBucketURL(c.ExportURL)
	return []check{
		{"HTTP_ADDR", "HOST:PORT, such as 127.0.0.1:8080", isAddr(c.HTTPAddr)},
		{"WORKER_ADDR", "HOST:PORT, such as 127.0.0.1:8081, or nothing", c.WorkerAddr == "" || isAddr(c.WorkerAddr)},
		{"METRICS_ADDR", "HOST:PORT, such as 127.0.0.1:9090, or nothing", c.MetricsAddr == "" || isAddr(c.MetricsAddr)},
		{"DATABASE_URL", "postgres://… or sqlite:PATH", isDatabase(c.DatabaseURL)},
		{"DATABASE_DIRECT_URL", "postgres://…, or nothing", c.DatabaseDirectURL == "" || isPostgres(c.DatabaseDirectURL)},
		{"QUEUE", "asynq, river or memory", c.Queue == QueueAsynq || c.Queue == QueueRiver || c.Queue == QueueMemory},
		{"REDIS_URL", "redis://HOST:PORT, since QUEUE is asynq", c.Queue != QueueAsynq || c.RedisURL != ""},
		{"SOUNDINGS_CONCURRENCY", expectations["SOUNDINGS_CONCURRENCY"], c.Concurrency >= 1 && c.Concurrency <= 1000},
		{"SENTIMENT_SERVICE_URL", "http://… or https://…, or nothing", c.SentimentServiceURL == "" || isHTTP(c.SentimentServiceURL)},
		{"SPAM_SERVICE_URL", "http://… or https://…, or nothing", c.SpamServiceURL == "" || isHTTP(c.SpamServiceURL)},
		{"AUTH_JWT_SECRET", "32 bytes or more, or nothing", c.JWTSecret.Empty() || len(c.JWTSecret.Reveal()) >= 32},
		{"AUTH_JWKS_URL", "http://… or https://…, or nothing", c.JWKSURL == "" || isHTTP(c.JWKSURL)},
		{"AUTH_JWKS_URL", "nothing, since AUTH_JWT_SECRET is set", c.JWKSURL == "" || c.JWTSecret.Empty()},
		{"PUBLIC_URL", "http://… or https://…, without a query", isHTTP(c.PublicURL) && !strings.ContainsAny(c.PublicURL, "?#")},
		{"WEB_APP_ORIGIN", "an origin such as http://localhost:3000", isHTTP(c.WebAppOrigin)},
		{"WEBHOOK_SECRET", "whsec_ and 24 to 64 bytes in base64, or nothing", c.WebhookSecret.Empty() || webhook.ValidSecret(c.WebhookSecret.Token)},
		{"EXPORT_URL", "file:///PATH or " + files.BucketURL, strings.HasPrefix(c.ExportURL, "file:///") || toBucket},
		{"AWS_ACCESS_KEY_ID", "the id of a key that may use the bucket of EXPORT_URL", !toBucket || c.AWSAccessKeyID != ""},
		{"AWS_SECRET_ACCESS_KEY", "the secret of AWS_ACCESS_KEY_ID, since EXPORT_URL is a bucket", !toBucket || !c.AWSSecretAccessKey.Empty()},
		{"SERVICE_PATIENCE", expectations["SERVICE_PATIENCE"], c.ServicePatience > 0},
		{"EXPORT_TTL", expectations["EXPORT_TTL"], c.ExportTTL > 0},
		{"MAX_PARK", expectations["MAX_PARK"], c.MaxPark > 0},
		{"RETENTION_YOUTUBE_TEXTS", retention, c.RetentionYouTubeTexts >= 0},
		{"RETENTION_YOUTUBE_TASKS", retention, c.RetentionYouTubeTasks >= 0},
		{"RETENTION_REDDIT_TEXTS", retention, c.RetentionRedditTexts >= 0},
		{"RETENTION_REDDIT_TASKS", retention, c.RetentionRedditTasks >= 0},
		{"MAX_POSTS", expectations["MAX_POSTS"], c.MaxPosts >= 1},
		{"RUNNING_TASKS_PER_USER", expectations["RUNNING_TASKS_PER_USER"], c.RunningTasks >= 1},
		{"REQUESTS_PER_SECOND", expectations["REQUESTS_PER_SECOND"], c.RequestsPerSecond >= 0},
		{"QUEUED_PER_TASK", expectations["QUEUED_PER_TASK"], c.QueuedPerTask >= 1},
		{"QUEUED_PER_USER", expectations["QUEUED_PER_USER"], c.QueuedPerUser >= 1},
		{"LOG_FORMAT", "text or json", c.LogFormat == "text" || c.LogFormat == "json"},
	}
}

func (c *Config) platformChecks() []check {
	const address = "http://… or https://…"
	costs := true
	for _, units := range c.YouTubeQuotaCosts {
		costs = costs && units >= 0
	}
	return []check{
		{"YOUTUBE_API_URL", address, isHTTP(c.YouTubeAPIURL)},
		{"GOOGLE_AUTH_URL", address, isHTTP(c.GoogleAuthURL)},
		{"GOOGLE_TOKEN_URL", address, isHTTP(c.GoogleTokenURL)},
		{"GOOGLE_REVOKE_URL", address, isHTTP(c.GoogleRevokeURL)},
		{"REDDIT_API_URL", address, isHTTP(c.RedditAPIURL)},
		{"REDDIT_AUTH_URL", address, isHTTP(c.RedditAuthURL)},
		{"YOUTUBE_CLIENT_ID", "the id that YOUTUBE_CLIENT_SECRET belongs to", c.YouTubeClientID != "" || c.YouTubeClientSecret.Empty()},
		{"YOUTUBE_CLIENT_SECRET", "the secret of YOUTUBE_CLIENT_ID", c.YouTubeClientID == "" || !c.YouTubeClientSecret.Empty()},
		{"REDDIT_CLIENT_ID", "the id that REDDIT_CLIENT_SECRET belongs to", c.RedditClientID != "" || c.RedditClientSecret.Empty()},
		{"REDDIT_USER_AGENT", "one line, such as server:org.example:v1 (by /u/NAME)", !strings.ContainsFunc(c.RedditUserAgent, unicode.IsControl)},
		{"YOUTUBE_DAILY_QUOTA", expectations["YOUTUBE_DAILY_QUOTA"], c.YouTubeDailyQuota >= 0},
		{"YOUTUBE_QUOTA_COSTS", expectations["YOUTUBE_QUOTA_COSTS"], costs},
		{"REDDIT_REQUESTS_PER_MINUTE", expectations["REDDIT_REQUESTS_PER_MINUTE"], c.RedditRequestsPerMinute >= 0},
	}
}

// checkKeys demands keys as soon as users can connect accounts. Embedded, the
// data folder has one.
func (c *Config) checkKeys() error {
	const expects = "TOKEN_ENCRYPTION_KEY: expected ID:KEY with commas between them, each KEY 32 bytes in base64"
	if !c.TokenKeys.Empty() {
		if _, err := access.ParseKeyring(c.TokenKeys.Reveal()); err != nil {
			return fmt.Errorf("%s; %w", expects, err)
		}
		return nil
	}
	if !c.Embedded && (c.YouTubeClientID != "" || c.RedditClientID != "") {
		return errors.New(expects + ", since an OAuth client is set")
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
