package e2e_test

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // reads the tables
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// tap stands before the platforms' OAuth servers and notes every secret that
// passes. It returns its own address.
func (w *world) tap() string {
	w.t.Helper()
	platforms, err := url.Parse(w.fake.URL())
	require.NoError(w.t, err)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(platforms) },
		ModifyResponse: func(r *http.Response) error {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			var granted map[string]any
			if json.Unmarshal(body, &granted) == nil {
				for _, name := range []string{"access_token", "refresh_token"} {
					value, _ := granted[name].(string)
					w.secrets.keep("an "+name, value)
				}
			}
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			return nil
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if form, err := url.ParseQuery(string(body)); err == nil {
			for _, name := range []string{"code", "code_verifier", "refresh_token", "client_secret"} {
				w.secrets.keep("a "+name, form.Get(name))
			}
		}
		w.secrets.keep("an Authorization header", strings.TrimPrefix(r.Header.Get("Authorization"), "Basic "))
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		proxy.ServeHTTP(rw, r)
	}))
	w.t.Cleanup(server.Close)
	return server.URL
}

// TestNoSecretIsTold runs everything that a secret takes part in, well and
// badly, and looks for each of them wherever Soundings writes.
func TestNoSecretIsTold(t *testing.T) {
	t.Parallel()
	onEachQueue(t, func(t *testing.T, s setup) {
		w := deploy(t, s, withAccounts, withWebhooks, func(w *world) {
			tap := w.tap()
			w.environ["GOOGLE_TOKEN_URL"] = tap + "/google/token"
			w.environ["GOOGLE_REVOKE_URL"] = tap + "/google/revoke"
			w.environ["REDDIT_AUTH_URL"] = tap + "/reddit-www"
			w.secrets.keep("the JWTs' secret", jwtSecret)
		})
		c := w.somebody
		address, messages := receive(t)
		google := c.connect("youtube")
		c.connect("reddit")
		var made task
		c.read(c.do(http.MethodPost, "/tasks", `{"url":"`+watch+`HardReplies","callbackUrl":"`+address+`"}`), http.StatusAccepted, &made)
		requireFetchedBy(t, c, c.ended(made.ID), "USER_OAUTH", google.ID)
		w.secrets.requireNoneIn(t, "a message", string((<-messages).body))
		requireFetchedBy(t, w.stranger, w.stranger.collect("https://redd.it/tide03", ""), "MASTER_API_KEY", "")
		w.fake.ExpireTokens()
		c.collect(watch+"WakeIn60sec", "")
		c.collect("https://redd.it/tide03", "")
		var key struct{ Key string }
		require.NoError(t, json.Unmarshal([]byte(c.do(http.MethodPost, "/apikeys", `{"name":"another"}`).Body), &key))
		w.secrets.keep("another API key", key.Key)
		newClient(w, key.Key+"x").refused(http.StatusUnauthorized, "unauthenticated", http.MethodGet, "/me", "")
		secretsGoWrong(t, w)

		kept := w.secrets.all()
		counted := map[string]int{}
		for _, name := range kept {
			counted[name]++
		}
		require.GreaterOrEqual(t, counted["an access_token"], 5, counted)
		require.GreaterOrEqual(t, counted["a code_verifier"], 3, counted)
		w.requireKeptNowhere(google.ID)
		w.stop()
		w.requireKeptNowhere(google.ID)
		w.secrets.requireNoneIn(t, "a log", w.logs.String())
	})
}

// secretsGoWrong makes the platforms refuse tokens, codes and refreshes: errors
// are where secrets like to be told.
func secretsGoWrong(t *testing.T, w *world) {
	t.Helper()
	c := w.somebody
	connection := c.consent("youtube", "allow").Query().Get("connection")
	w.fake.Inject(fakeapi.Rule{Service: fakeapi.Google, Path: "token", Times: 1, Effect: fakeapi.Error, Reason: "invalid_grant"})
	c.refused(http.StatusBadRequest, "invalid_value", http.MethodPost, "/integrations/complete", `{"connection":"`+connection+`"}`)
	w.fake.ClearRules()

	left := c.consent("reddit", "allow").Query().Get("connection") // its code stays in the rows
	require.NotEmpty(t, left)
	for _, service := range []fakeapi.Service{fakeapi.Google, fakeapi.RedditWWW} {
		w.fake.Inject(fakeapi.Rule{Service: service, Effect: fakeapi.Garbage, Status: http.StatusBadGateway, Body: "refresh_token"})
	}
	w.fake.ExpireTokens()
	c.collect(watch+"WakeIn60sec", `{"maxPosts":5}`)
	w.fake.ClearRules()
	w.fake.KillRefreshTokens()
	w.fake.ExpireTokens()
	failed := c.collect(watch+"WakeIn60sec", `{"auth":"user"}`)
	assert.Equal(t, "failed", failed.Status)
	c.collect("https://redd.it/tide03", `{"auth":"user"}`)
}

// requireKeptNowhere looks for the secrets in all that is stored. That the
// search finds what is there is proved by an id.
func (w *world) requireKeptNowhere(id string) {
	w.t.Helper()
	stored := w.files()
	if dsn := w.environ["DATABASE_URL"]; dsn != "" {
		stored["Postgres"] = rows(w.t, dsn)
	}
	if address := w.environ["REDIS_URL"]; address != "" {
		stored["Redis"] = entries(w.t, address)
	}
	var everything strings.Builder
	for where, text := range stored {
		w.secrets.requireNoneIn(w.t, where, text)
		for value, name := range w.secrets.all() {
			if strings.Contains(text, hex.EncodeToString([]byte(value))) {
				require.Fail(w.t, where+" tells "+name)
			}
		}
		everything.WriteString(text)
	}
	require.Contains(w.t, everything.String(), id)
}

// files are those of the data folder, but for the two that are there to keep a
// secret.
func (w *world) files() map[string]string {
	w.t.Helper()
	found := map[string]string{}
	require.NoError(w.t, filepath.WalkDir(w.environ["SOUNDINGS_DATA_DIR"], func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "api-key" || d.Name() == "token-key" {
			return err
		}
		content, err := os.ReadFile(path)
		found[d.Name()] = string(content)
		return err
	}))
	return found
}

// rows are those of all tables, River's too; bytes are in hexadecimal.
func rows(t *testing.T, dsn string) string {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	defer db.Close()
	var all string
	require.NoError(t, db.QueryRowContext(t.Context(), `
		SELECT string_agg(query_to_xml(format('SELECT t::text AS row FROM %I.%I t', table_schema, table_name), true, true, '')::text, E'\n')
		FROM information_schema.tables
		WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`).Scan(&all))
	return all
}

// entries are the values of all keys of Redis.
func entries(t *testing.T, address string) string {
	t.Helper()
	options, err := redis.ParseURL(address)
	require.NoError(t, err)
	client := redis.NewClient(options)
	defer client.Close()
	keys, err := client.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	var all strings.Builder
	for _, key := range keys {
		all.WriteString(key + "\n")
		if dump, err := client.Dump(t.Context(), key).Result(); err == nil { // it may be gone by now
			all.WriteString(dump + "\n")
		}
	}
	return all.String()
}
