package oauth_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/oauth"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/ports"
)

// secrets are what must be in no error. The query stands in the addresses.
var secrets = map[string]string{
	"client": "kl1entS3cret", "code": "c0deS3cret", "verifier": "v3rifierS3cret", "refresh": "r3freshS3cret",
	"access": "acc3ssS3cret", "query": "qu3ryS3cret", "user": "us3rinfoS3cret",
}

func secret(of string) access.Token { return access.NewToken(secrets[of]) }

// echo answers on the wire with whatever it was sent, in a form of its own.
func echo(t *testing.T, answer func(request string) string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			reader := bufio.NewReader(conn)
			r, err := http.ReadRequest(reader)
			if err == nil {
				body, _ := io.ReadAll(r.Body)
				asked := fmt.Sprint(r.RequestURI, " ", r.Header, " ", string(body))
				_, _ = io.WriteString(conn, answer(strings.NewReplacer("\r", "", "\n", "", `"`, "").Replace(asked)))
			}
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}

func TestNoSecretIsInAnError(t *testing.T) {
	t.Parallel()
	answer := func(status, contentType, body string) string {
		return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", status, contentType, len(body), body)
	}
	wire := map[string]func(string) string{
		"nothing":         func(string) string { return "" },
		"no HTTP":         func(asked string) string { return asked + "\r\n\r\n" },
		"the status line": func(asked string) string { return "HTTP/1.1 " + asked + "\r\n\r\n" },
		"a broken header": func(asked string) string { return "HTTP/1.1 200 OK\r\n" + asked + "\r\n\r\n" },
		"half a body":     func(asked string) string { return "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + asked },
		"a broken chunk":  func(asked string) string { return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + asked },
		"a page":          func(asked string) string { return answer("200 OK", "text/html", asked) },
		"an error":        func(asked string) string { return answer("400 Bad", "application/json", `{"error":"`+asked+`"}`) },
		"a described error": func(asked string) string {
			return answer("400 Bad", "application/json", `{"error":"invalid_grant","error_description":"`+asked+`"}`)
		},
		"a rejected client": func(asked string) string {
			return answer("401 No", "application/json", `{"error":"invalid_client","x":"`+asked+`"}`)
		},
		"an error of an API": func(asked string) string {
			return answer("403 No", "application/json", `{"error":{"errors":[{"reason":"`+asked+`"}]}}`)
		},
		"a wait":          func(asked string) string { return "HTTP/1.1 429 " + asked + "\r\nRetry-After: " + asked + "\r\n\r\n" },
		"a redirect":      func(asked string) string { return "HTTP/1.1 302 Found\r\nLocation: http://" + asked + "\r\n\r\n" },
		"a token of text": func(asked string) string { return answer("200 OK", "application/json", `{"access_token":"`+asked+`"}`) },
	}
	for name, reply := range wire {
		host := echo(t, reply)
		requireNoSecrets(t, name, "http://"+secrets["user"]+":pw@"+host, "?x="+secrets["query"])
	}
	requireNoSecrets(t, "nobody listens", "http://127.0.0.1:1", "?x="+secrets["query"])
	requireNoSecrets(t, "a bad address", "http://127.0.0.1:port-"+secrets["query"], "")
	requireNoSecrets(t, "a bad scheme", secrets["query"]+"://host", "")
}

// requireNoSecrets asks servers at the address for everything, and searches
// what comes back.
func requireNoSecrets(t *testing.T, name, address, query string) {
	t.Helper()
	opts := oauth.Options{
		ClientID: "client", ClientSecret: secret("client"), AuthURL: address, APIURL: address,
		TokenURL: address + "/token" + query, RevokeURL: address + "/revoke" + query,
	}
	failures := 0
	for _, a := range []ports.TokenAuthority{oauth.NewGoogle(opts), oauth.NewReddit(opts)} {
		_, exchange := a.Exchange(t.Context(), secret("code"), secret("verifier"), "https://soundings.example")
		_, refresh := a.Refresh(t.Context(), secret("refresh"))
		_, account := a.Account(t.Context(), secret("access"))
		_, app := a.AppGrant(t.Context())
		revoke := a.Revoke(t.Context(), access.Credentials{Access: secret("access"), Refresh: secret("refresh")})
		for _, err := range []error{exchange, refresh, account, app, revoke} {
			if err != nil {
				failures++
			}
			requireQuiet(t, name, err)
		}
	}
	require.GreaterOrEqual(t, failures, 7, name)
}

// requireQuiet walks the whole tree of causes.
func requireQuiet(t *testing.T, name string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
		for of, secret := range secrets {
			assert.NotContains(t, strings.ToLower(fmt.Sprintf(verb, err)), strings.ToLower(secret), "%s: the secret of %s", name, of)
		}
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, cause := range joined.Unwrap() {
			requireQuiet(t, name, cause)
		}
	}
	requireQuiet(t, name, errors.Unwrap(err))
}

func TestNoSettingPrintsItsSecret(t *testing.T) {
	t.Parallel()
	opts := oauth.Options{ClientSecret: secret("client")}
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		for _, value := range []any{opts, oauth.NewGoogle(opts), oauth.NewReddit(opts)} {
			assert.NotContains(t, fmt.Sprintf(verb, value), secrets["client"], verb)
		}
	}
}
