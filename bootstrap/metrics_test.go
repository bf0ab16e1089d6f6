package bootstrap

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
)

// running is an App that serves its roles until the test ends.
type running struct {
	*testing.T
	*App
	addr string
}

func run(t *testing.T, roles Roles, change func(*Config)) running {
	t.Helper()
	app := openedWith(t, change)
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- app.Run(ctx, roles, func(addr string) { ready <- addr }) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-ended) })
	select {
	case addr := <-ready:
		return running{t, app, addr}
	case err := <-ended:
		ended <- nil
		require.NoError(t, err)
	}
	return running{}
}

// key returns an API key with the permissions.
func (r running) key(permissions ...access.Permission) string {
	r.Helper()
	user, err := r.Accounts.Local(r.Context(), "ada")
	require.NoError(r, err)
	_, key, err := r.Accounts.CreateKey(r.Context(), user, application.NewAPIKey{Name: "a test", Permissions: permissions})
	require.NoError(r, err)
	return key
}

func (r running) get(addr, path, key string) (int, string) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, nil)
	require.NoError(r, err)
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	answer, err := http.DefaultClient.Do(request)
	require.NoError(r, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(r, err)
	return answer.StatusCode, string(body)
}

func freeAddr(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// TestMetricsNeedAPermissionOrAnAddressOfTheirOwn is contract §1.
func TestMetricsNeedAPermissionOrAnAddressOfTheirOwn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		roles Roles
		addr  func(*Config)
	}{
		"serve":  {Roles{API: true, Worker: true}, func(c *Config) { c.HTTPAddr = "127.0.0.1:0" }},
		"worker": {Roles{Worker: true}, func(c *Config) { c.HTTPAddr, c.WorkerAddr = "", "127.0.0.1:0" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := freeAddr(t)
			r := run(t, tc.roles, func(c *Config) { tc.addr(c); c.MetricsAddr = own })
			for key, want := range map[string]int{
				"": http.StatusUnauthorized, r.key(access.TasksRead): http.StatusForbidden, r.key(access.QueuesAdmin): http.StatusOK,
			} {
				status, page := r.get(r.addr, "/metrics", key)
				assert.Equal(t, want, status)
				assert.Equal(t, want == http.StatusOK, regexp.MustCompile(`(?m)^soundings_queue_oldest_seconds\{type="fetch_content"\} 0$`).MatchString(page))
			}
			status, page := r.get(own, "/metrics", "")
			assert.Equal(t, http.StatusOK, status)
			assert.Contains(t, page, `soundings_http_requests_total{method="GET",route="/metrics",status="401"} 1`)
			for _, path := range []string{"/", "/healthz", "/tasks", "/console"} {
				status, _ := r.get(own, path, r.key(access.QueuesAdmin))
				assert.Equal(t, http.StatusNotFound, status, "%s at the metrics' own address", path)
			}
		})
	}
}

func TestWhereNothingIsCountedNothingIsShown(t *testing.T) {
	t.Parallel()
	app := openedWith(t, listensNowhere)
	require.Nil(t, app.Metrics)
	require.Nil(t, app.MetricsPage.Handler)
}

// metricName finds what looks like a metric of ours or of the libraries in an
// expression of PromQL.
var metricName = regexp.MustCompile(`\b(?:soundings|go|process)_[a-z_]+`)

// TestDashboardAndAlertsNameMetricsThatThereAre: a name that was changed leaves
// a panel empty and an alert silent for ever, and nobody notices.
func TestDashboardAndAlertsNameMetricsThatThereAre(t *testing.T) {
	t.Parallel()
	r := run(t, Roles{API: true, Worker: true}, func(c *Config) { c.HTTPAddr = "127.0.0.1:0" })
	key := r.key(access.QueuesAdmin)
	r.get(r.addr, "/metrics", key) // counts itself
	_, page := r.get(r.addr, "/metrics", key)
	shown := regexp.MustCompile(`(?m)^[a-z_]+`).FindAllString(page, -1)
	// Counted by method when it is called: no method is known before.
	shown = append(shown, "soundings_provider_calls_total")
	for _, source := range []struct {
		of          string
		expressions []string
		least       int
	}{
		{"the dashboard", dashboardExpressions(t), 30},
		{"the alerts", alertExpressions(t), 15},
		{"the autoscaler", scalerExpressions(t), 1},
	} {
		require.GreaterOrEqual(t, len(source.expressions), source.least, source.of)
		for _, expression := range source.expressions {
			names := metricName.FindAllString(expression, -1)
			require.NotEmpty(t, names, expression)
			for _, name := range names {
				assert.True(t, slices.Contains(shown, name), "%s: nothing shows %s", source.of, name)
			}
		}
	}
}

func dashboardExpressions(t *testing.T) (found []string) {
	var doc struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	text, err := os.ReadFile("deploy/grafana/soundings.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &doc))
	for _, panel := range doc.Panels {
		for _, target := range panel.Targets {
			found = append(found, target.Expr)
		}
	}
	return found
}

func alertExpressions(t *testing.T) (found []string) {
	var doc struct {
		Groups []struct {
			Rules []struct {
				Alert       string
				Expr        string
				Annotations map[string]string
			}
		}
	}
	readYAML(t, "deploy/prometheus/alerts.yaml", &doc)
	for _, group := range doc.Groups {
		for _, rule := range group.Rules {
			require.NotEmpty(t, rule.Alert)
			require.NotEmpty(t, rule.Annotations["summary"], rule.Alert)
			found = append(found, rule.Expr)
		}
	}
	return found
}

func scalerExpressions(t *testing.T) (found []string) {
	var doc struct {
		Spec struct {
			Triggers []struct{ Metadata struct{ Query string } }
		}
	}
	readYAML(t, "deploy/kubernetes/autoscale/worker.yaml", &doc)
	for _, trigger := range doc.Spec.Triggers {
		require.Contains(t, trigger.Metadata.Query, "soundings_queue_oldest_seconds")
		found = append(found, trigger.Metadata.Query)
	}
	return found
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, into))
}
