package bootstrap

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/test/fakeapi"
)

// aKey returns a pair of TOKEN_ENCRYPTION_KEY.
func aKey(id, fill string) string {
	return id + ":" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(fill, 32)))
}

func TestKeysAreDemandedWhereAccountsCanBeConnected(t *testing.T) {
	t.Parallel()
	const google = "YOUTUBE_CLIENT_ID=1-x;YOUTUBE_CLIENT_SECRET=s"
	short := "a:" + base64.StdEncoding.EncodeToString([]byte("only sixteen byt"))
	for name, tc := range map[string]struct {
		environ string
		told    string // empty: it starts
	}{
		"embedded has a key":         {google, ""},
		"Postgres has none":          {"DATABASE_URL=postgres://h/d;" + google, "since an OAuth client is set"},
		"SQLite by hand has none":    {"DATABASE_URL=sqlite:x.db;REDDIT_CLIENT_ID=r", "since an OAuth client is set"},
		"no client, no key":          {"DATABASE_URL=postgres://h/d", ""},
		"a key":                      {"DATABASE_URL=postgres://h/d;" + google + ";TOKEN_ENCRYPTION_KEY=" + aKey("a", "k"), ""},
		"two keys":                   {google + ";TOKEN_ENCRYPTION_KEY=" + aKey("b", "n") + ", " + aKey("a", "k"), ""},
		"too short":                  {"TOKEN_ENCRYPTION_KEY=" + short, `the key "a" is not 32 bytes in base64`},
		"no id":                      {"TOKEN_ENCRYPTION_KEY=" + strings.TrimPrefix(aKey("", "k"), ":"), "ID:KEY"},
		"the same id twice":          {"TOKEN_ENCRYPTION_KEY=" + aKey("a", "k") + "," + aKey("a", "n"), "twice"},
		"too short, on the database": {"DATABASE_URL=postgres://h/d;TOKEN_ENCRYPTION_KEY=" + short, "is not 32 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := LoadConfig(strings.Split(tc.environ, ";"))
			if tc.told == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.told)
			assert.True(t, strings.HasPrefix(err.Error(), "TOKEN_ENCRYPTION_KEY: expected "), err)
			assert.NotContains(t, err.Error(), "\n")
			assert.NotContains(t, err.Error(), strings.TrimPrefix(short, "a:"), "a key is not repeated")
		})
	}
}

func TestWhichAccountsHaveABudget(t *testing.T) {
	t.Parallel()
	load := func(environ ...string) application.BudgetPlans {
		c, err := LoadConfig(environ)
		require.NoError(t, err)
		return newBudgetPlans(c)
	}
	assert.Empty(t, load())
	assert.Equal(t, "4711", load("YOUTUBE_CLIENT_ID=4711-abc.apps.googleusercontent.com", "YOUTUBE_CLIENT_SECRET=s", "YOUTUBE_MASTER_ACCESS_TOKEN=k")[content.YouTube].Key.Credential)

	byKey := load("YOUTUBE_MASTER_ACCESS_TOKEN=k", "YOUTUBE_QUOTA_COSTS=commentThreads.list=3,search.list=100")[content.YouTube]
	assert.Equal(t, "8254c329a92850f6", byKey.Key.Credential, "the beginning of the SHA-256 of k")
	assert.EqualValues(t, 10_000, byKey.Plan.Limit)
	assert.EqualValues(t, 3, byKey.Plan.Cost("commentThreads.list"))
	assert.EqualValues(t, 1, byKey.Plan.Cost("videos.list"))

	reddit := load("REDDIT_CLIENT_ID=app")[content.Reddit]
	assert.Equal(t, access.BudgetKey{Provider: content.Reddit, Credential: "app"}, reddit.Key)
	assert.EqualValues(t, 100, reddit.Plan.Limit)
	at := time.Date(2026, 3, 29, 1, 59, 59, 999, time.UTC)
	assert.Equal(t, time.Date(2026, 3, 29, 2, 0, 0, 0, time.UTC), reddit.Plan.WindowEnd(at))
	assert.Equal(t, time.Date(2026, 3, 29, 2, 1, 0, 0, time.UTC), reddit.Plan.WindowEnd(at.Add(time.Second)))
}

func TestOnlyAClientWithASecretIsGrantedTokensOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		environ []string
		clients int
		grants  bool
	}{
		{nil, 0, false},
		{[]string{"REDDIT_CLIENT_ID=app"}, 1, false},
		{[]string{"REDDIT_CLIENT_ID=app", "REDDIT_CLIENT_SECRET=s"}, 1, true},
		{[]string{"YOUTUBE_CLIENT_ID=1-x", "YOUTUBE_CLIENT_SECRET=s", "REDDIT_CLIENT_ID=app", "REDDIT_CLIENT_SECRET=s"}, 2, true},
	} {
		c, err := LoadConfig(tc.environ)
		require.NoError(t, err)
		authorities := newTokenAuthorities(c, nil, nil)
		assert.Len(t, authorities, tc.clients)
		assert.Equal(t, tc.grants, newAppGrants(c, authorities)[content.Reddit] != nil)
	}
}

func TestTheOriginsOfUsers(t *testing.T) {
	t.Parallel()
	c, err := LoadConfig([]string{"PUBLIC_URL=https://soundings.example/", "WEB_APP_ORIGIN=https://app.example"})
	require.NoError(t, err)
	settings := newIntegrationSettings(c)
	assert.Equal(t, []string{"https://app.example", "https://soundings.example"}, settings.Origins)
	assert.Equal(t, "https://soundings.example/integrations/callback", settings.CallbackURL)
	c, err = LoadConfig([]string{"HTTP_ADDR=127.0.0.1:9090"})
	require.NoError(t, err)
	assert.Equal(t, "http://127.0.0.1:9090/integrations/callback", newIntegrationSettings(c).CallbackURL)
}

// TestTokensAreRotatedBesideTheService: the database is in use while the
// secrets in it are encrypted anew.
func TestTokensAreRotatedBesideTheService(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.serveUntilReady()
	url := "sqlite:" + filepath.Join(s.dir, "soundings.db")
	local, err := os.ReadFile(filepath.Join(s.dir, "token-key"))
	require.NoError(t, err)
	old := strings.TrimSpace(string(local))
	made := saveAnAccount(t, url, old)

	code, out, errs := s.run("tokens", "rotate")
	require.Equal(t, ExitOK, code, errs)
	assert.Contains(t, out, "0 ", "the key that writes has written them all")
	s.environ = append(s.environ, "TOKEN_ENCRYPTION_KEY="+aKey("new", "n")+","+old)
	code, out, errs = s.run("tokens", "rotate")
	require.Equal(t, ExitOK, code, errs)
	assert.Regexp(t, `^1 .*"new"`, out)
	assert.Empty(t, errs)

	keys, err := access.ParseKeyring(aKey("new", "n"))
	require.NoError(t, err)
	store, err := sqlstore.Open(t.Context(), url, sqlstore.Options{Keyring: keys})
	require.NoError(t, err)
	defer func() { _ = store.Close() }()
	held, err := store.Integration(t.Context(), made.UserID, content.YouTube, made.ID)
	require.NoError(t, err)
	assert.Equal(t, "s3cret", held.Refresh.Reveal(), "the new key alone reads it")
}

func saveAnAccount(t *testing.T, url, pairs string) access.Integration {
	t.Helper()
	keys, err := access.ParseKeyring(pairs)
	require.NoError(t, err)
	store, err := sqlstore.Open(t.Context(), url, sqlstore.Options{Keyring: keys})
	require.NoError(t, err)
	defer func() { _ = store.Close() }()
	user, err := application.NewAccounts(store).Local(t.Context(), localUser)
	require.NoError(t, err)
	made, err := store.SaveIntegration(t.Context(), ports.HeldIntegration{
		Integration: access.Integration{
			ID: uuid.NewString(), UserID: user.User.ID, Provider: content.YouTube, AccountID: "UCx",
			CreatedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour),
		},
		Credentials: access.Credentials{Access: access.NewToken("t0ken"), Refresh: access.NewToken("s3cret")},
	})
	require.NoError(t, err)
	return made
}

func TestRotationWithoutAKeyIsToldInOneLine(t *testing.T) {
	t.Parallel()
	code, out, errs := newShell(t, "DATABASE_URL=sqlite:"+filepath.Join(t.TempDir(), "x.db")).run("tokens", "rotate")
	assert.Equal(t, ExitFailed, code)
	assert.Empty(t, out)
	assert.True(t, strings.HasPrefix(errs, "soundings: TOKEN_ENCRYPTION_KEY: expected "), errs)
	assert.Equal(t, 1, strings.Count(errs, "\n"))
}

func TestATokenKeyThatIsSpoilt(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	require.NoError(t, os.MkdirAll(s.dir, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "token-key"), []byte("local:c2hvcnQ=\n"), 0o600))
	code, _, errs := s.run("serve")
	assert.Equal(t, ExitFailed, code)
	assert.Contains(t, errs, "token-key")
	assert.Contains(t, errs, "not 32 bytes")
	assert.NotContains(t, errs, "c2hvcnQ=")
}

func TestAnalyzeReddit(t *testing.T) {
	t.Parallel()
	data, err := fakeapi.LoadDemo()
	require.NoError(t, err)
	fake := fakeapi.Run(t, data)
	s := newShell(t, "REDDIT_API_URL="+fake.RedditURL(), "REDDIT_AUTH_URL="+fake.RedditAuthURL(), "REDDIT_USER_AGENT="+fakeapi.DemoUserAgent,
		"REDDIT_CLIENT_ID="+fakeapi.DemoRedditClientID, "REDDIT_CLIENT_SECRET="+fakeapi.DemoRedditClientSecret)
	code, out, errs := s.run("analyze", "https://redd.it/tide02")
	assert.Equal(t, ExitOK, code, errs)
	assert.Contains(t, out, "91: ", "90 comments and the submission")
	assert.Contains(t, out, "completed")
	assert.NotContains(t, out+errs, fakeapi.DemoRedditClientSecret)

	code, out, errs = newShell(t).run("analyze", "https://redd.it/tide02")
	assert.Equal(t, ExitFailed, code, errs)
	assert.Contains(t, out, "no_credentials")
	assert.Contains(t, out+errs, "REDDIT_CLIENT_ID", "what to do")
}
