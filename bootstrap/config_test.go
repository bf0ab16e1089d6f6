package bootstrap

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWithNothingSetItIsEmbedded(t *testing.T) {
	t.Parallel()
	c, err := LoadConfig(nil)
	require.NoError(t, err)
	assert.True(t, c.Embedded)
	assert.Equal(t, "127.0.0.1:8080", c.HTTPAddr)
	assert.Equal(t, "sqlite:data/soundings.db", c.DatabaseURL)
	assert.Equal(t, QueueRiver, c.Queue)
	assert.Regexp(t, `^file:///.*/data/exports$`, c.ExportURL)
	assert.Equal(t, 8, c.Concurrency)
	assert.Equal(t, 168*time.Hour, c.ExportTTL)
	assert.Equal(t, time.Minute, c.ServicePatience)
	assert.EqualValues(t, 1_000_000, c.MaxPosts)
}

func TestTheQueueFollowsFromWhatIsThere(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		environ []string
		queue   string
	}{
		{[]string{"DATABASE_URL=postgres://h/d"}, QueueRiver},
		{[]string{"DATABASE_URL=postgres://h/d", "REDIS_URL=redis://h:6379"}, QueueAsynq},
		{[]string{"DATABASE_URL=postgres://h/d", "REDIS_URL=redis://h:6379", "QUEUE=river"}, QueueRiver},
		{[]string{"QUEUE=memory"}, QueueMemory},
	} {
		c, err := LoadConfig(tc.environ)
		require.NoError(t, err)
		assert.Equal(t, tc.queue, c.Queue, tc.environ)
	}
}

func TestABadValueIsToldInOneLine(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"HTTP_ADDR=8080", "HTTP_ADDR=localhost", "WORKER_ADDR=nowhere", "METRICS_ADDR=nowhere",
		"DATABASE_URL=mysql://h/d", "DATABASE_URL=sqlite:", "DATABASE_DIRECT_URL=sqlite:x",
		"QUEUE=kafka", "QUEUE=asynq", // without REDIS_URL, which is what is missing
		"SOUNDINGS_CONCURRENCY=0", "SOUNDINGS_CONCURRENCY=1001", "SOUNDINGS_CONCURRENCY=many",
		"SENTIMENT_SERVICE_URL=host:8001", "SPAM_SERVICE_URL=ftp://host", "YOUTUBE_API_URL=youtube",
		"AUTH_JWT_SECRET=short", "WEB_APP_ORIGIN=example.com", "EXPORT_URL=relative/path", "EXPORT_URL=s3://", "EXPORT_URL=s3://exports?endpiont=https://minio.example",
		"GOOGLE_AUTH_URL=google", "GOOGLE_TOKEN_URL=oauth2", "GOOGLE_REVOKE_URL=/revoke", "REDDIT_API_URL=oauth.reddit.com", "REDDIT_AUTH_URL=ftp://x",
		"YOUTUBE_DAILY_QUOTA=-1", "YOUTUBE_DAILY_QUOTA=much", "YOUTUBE_QUOTA_COSTS=commentThreads.list", "YOUTUBE_QUOTA_COSTS=a=x",
		"YOUTUBE_QUOTA_COSTS=a=-1", "REDDIT_REQUESTS_PER_MINUTE=-1", "REDDIT_REQUESTS_PER_MINUTE=1.5", "REDDIT_USER_AGENT=two\nlines",
		"AUTH_JWKS_URL=keys.json", "PUBLIC_URL=soundings.example", "PUBLIC_URL=https://soundings.example/?q", "WEBHOOK_SECRET=whsec_short",
		"WEBHOOK_ALLOWED_NETWORKS=10.0.0.0", "TOKEN_ENCRYPTION_KEY=short",
		"SERVICE_PATIENCE=0s", "SERVICE_PATIENCE=60", "EXPORT_TTL=-1h", "EXPORT_TTL=week", "MAX_PARK=0s", "MAX_PARK=2days", "RETENTION_YOUTUBE_TEXTS=30d", "RETENTION_REDDIT_TASKS=-1h",
		"OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_HEADERS=authorization",
		"OTEL_EXPORTER_OTLP_TIMEOUT=0", "OTEL_EXPORTER_OTLP_TIMEOUT=10s", "OTEL_TRACES_SAMPLER=sometimes", "OTEL_SDK_DISABLED=perhaps",
		"MAX_POSTS=0", "MAX_POSTS=1e6", "RUNNING_TASKS_PER_USER=0", "RUNNING_TASKS_PER_USER=x",
		"REQUESTS_PER_SECOND=-1", "REQUESTS_PER_SECOND=fast", "QUEUED_PER_TASK=0", "QUEUED_PER_TASK=x",
		"QUEUED_PER_USER=0", "QUEUED_PER_USER=x", "LOG_LEVEL=loud", "LOG_FORMAT=xml",
	} {
		t.Run(bad, func(t *testing.T) {
			t.Parallel()
			_, err := LoadConfig([]string{bad})
			require.Error(t, err)
			name, value, _ := strings.Cut(bad, "=")
			if bad == "QUEUE=asynq" {
				name = "REDIS_URL"
			}
			assert.True(t, strings.HasPrefix(err.Error(), name+": expected "), "%q", err)
			assert.NotContains(t, err.Error(), "\n")
			if name == "AUTH_JWT_SECRET" || name == "TOKEN_ENCRYPTION_KEY" || name == "WEBHOOK_SECRET" || name == "OTEL_EXPORTER_OTLP_HEADERS" {
				assert.NotContains(t, err.Error(), value, "a secret is not repeated")
			}
		})
	}
}

func TestSettingsThatDoNotGoTogether(t *testing.T) {
	t.Parallel()
	for named, environ := range map[string][]string{
		"AUTH_JWKS_URL":         {"AUTH_JWKS_URL=https://login.example/keys", "AUTH_JWT_SECRET=" + strings.Repeat("s", 32)},
		"AWS_ACCESS_KEY_ID":     {"EXPORT_URL=s3://exports/made", "AWS_SECRET_ACCESS_KEY=s"},
		"AWS_SECRET_ACCESS_KEY": {"EXPORT_URL=s3://exports/made", "AWS_ACCESS_KEY_ID=i"},
		"YOUTUBE_CLIENT_ID":     {"YOUTUBE_CLIENT_SECRET=s"},
		"YOUTUBE_CLIENT_SECRET": {"YOUTUBE_CLIENT_ID=1-x"},
		"REDDIT_CLIENT_ID":      {"REDDIT_CLIENT_SECRET=s"},
	} {
		_, err := LoadConfig(environ)
		require.Error(t, err)
		assert.True(t, strings.HasPrefix(err.Error(), named+": expected "), err)
	}
	_, err := LoadConfig([]string{"AUTH_JWKS_URL=https://login.example/keys"})
	require.NoError(t, err)
}

func TestEverySettingThatCannotBeParsedHasAnExpectation(t *testing.T) {
	t.Parallel()
	for name, expects := range expectations {
		_, err := LoadConfig([]string{name + "=?"})
		require.EqualError(t, err, name+": expected "+expects)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	c, err := LoadConfig([]string{"AUTH_JWT_SECRET=" + strings.Repeat("s3cret", 8), "YOUTUBE_CLIENT_ID=1-x", "YOUTUBE_CLIENT_SECRET=s3cret", "REDDIT_CLIENT_ID=r",
		"REDDIT_CLIENT_SECRET=s3cret", "TOKEN_ENCRYPTION_KEY=" + aKey("a", "k"), "YOUTUBE_MASTER_ACCESS_TOKEN= tok3n\n", "OTEL_EXPORTER_OTLP_HEADERS=authorization=s3cret"})
	require.NoError(t, err)
	assert.Equal(t, "tok3n", c.YouTubeMasterToken.Reveal(), "spaces around it are a slip")
	for _, shown := range []string{sprint("%v", c), sprint("%+v", c), sprint("%#v", c)} {
		assert.NotContains(t, shown, "s3cret")
		assert.NotContains(t, shown, "tok3n")
		assert.NotContains(t, shown, aKey("a", "k")[len("a:"):])
	}
}
