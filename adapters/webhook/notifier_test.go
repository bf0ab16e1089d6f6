package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
	"github.com/soundings-io/soundings/ports/portstest"
)

// The example of the specification, section "Verifying signatures": its secret,
// message id, timestamp, payload and the signature that they must give.
const (
	specSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	specID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	specTime      = 1614265330
	specPayload   = `{"test": 2432232314}`
	specSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func notifier(t *testing.T, change ...func(*Options)) *Notifier {
	t.Helper()
	o := Options{Secret: access.NewToken(specSecret), AllowedNetworks: loopback}
	for _, c := range change {
		c(&o)
	}
	n, err := New(o)
	require.NoError(t, err)
	return n
}

func TestNotifier_Kit(t *testing.T) {
	t.Parallel()
	portstest.TestNotifier(t, func(t *testing.T) (ports.Notifier, portstest.Inbox) {
		return notifier(t), newInbox(t)
	})
}

// inbox is a receiver that checks signatures with the library of the
// specification's authors.
type inbox struct {
	server *httptest.Server

	mu      sync.Mutex
	refusal *fault.Kind
	got     []ports.Message
}

func newInbox(t *testing.T) *inbox {
	verifier, err := standardwebhooks.NewWebhook(specSecret)
	require.NoError(t, err)
	in := &inbox{}
	in.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || verifier.Verify(body, r.Header) != nil {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		in.mu.Lock()
		defer in.mu.Unlock()
		in.got = append(in.got, ports.Message{ID: r.Header.Get("webhook-id"), Body: body})
		in.answer(w)
	}))
	t.Cleanup(in.server.Close)
	return in
}

func (in *inbox) answer(w http.ResponseWriter) {
	switch {
	case in.refusal == nil:
		w.WriteHeader(http.StatusNoContent)
	case *in.refusal == fault.Gone:
		w.WriteHeader(http.StatusGone)
	case *in.refusal == fault.RateLimited:
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusTooManyRequests)
	default:
		w.WriteHeader(http.StatusInternalServerError)
	}
}

func (in *inbox) Target() task.CallbackURL {
	return task.CallbackURL(in.server.URL + "/hook?token=s3cret")
}

func (in *inbox) Answer(refusal *fault.Kind) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.refusal = refusal
}

func (in *inbox) Received() []ports.Message {
	in.mu.Lock()
	defer in.mu.Unlock()
	return append([]ports.Message(nil), in.got...)
}

func TestTheSpecificationsExample(t *testing.T) {
	t.Parallel()
	req, err := notifier(t).request(t.Context(), "https://example.com/", ports.Message{ID: specID, Body: []byte(specPayload)}, time.Unix(specTime, 0))
	require.NoError(t, err)
	require.Equal(t, specID, req.Header.Get("webhook-id"))
	require.Equal(t, fmt.Sprint(specTime), req.Header.Get("webhook-timestamp"))
	require.Equal(t, specSignature, req.Header.Get("webhook-signature"))

	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(specSecret, "whsec_"))
	require.NoError(t, err)
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.%s", specID, specTime, specPayload)
	require.Equal(t, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)), specSignature, "computed without the library")
}

func TestValidSecret(t *testing.T) {
	t.Parallel()
	encoded := func(n int) string { return "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for secret, valid := range map[string]bool{
		specSecret: true, encoded(24): true, encoded(64): true, encoded(23): false, encoded(65): false, "": false,
		"whsec_": false, strings.TrimPrefix(specSecret, "whsec_"): false, "whsec_not base64": false,
	} {
		require.Equal(t, valid, ValidSecret(access.NewToken(secret)), secret)
		_, err := New(Options{Secret: access.NewToken(secret)})
		require.Equal(t, valid, err == nil)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for status, kind := range map[int]fault.Kind{
		400: fault.Unavailable, 401: fault.Unavailable, 404: fault.Unavailable, 410: fault.Gone, 429: fault.Unavailable,
		500: fault.Unavailable, 503: fault.Unavailable, 302: fault.Unavailable, 307: fault.Unavailable, 304: fault.Unavailable,
	} {
		var called int
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			called++
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}))
		err := notifier(t).Notify(t.Context(), task.CallbackURL(server.URL), ports.Message{ID: "a"})
		server.Close()
		require.Equal(t, kind, fault.KindOf(err), "%d: %v", status, err)
		require.Contains(t, fault.As(err).Message, fmt.Sprint(status))
		require.Equal(t, 1, called, "neither redirects nor retries")
	}
}

func TestARedirectToAPrivateAddressIsNotFollowed(t *testing.T) {
	t.Parallel()
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was followed") }))
	defer inside.Close()
	outside := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusTemporaryRedirect))
	defer outside.Close()
	err := notifier(t).Notify(t.Context(), task.CallbackURL(outside.URL), ports.Message{ID: "a"})
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.Contains(t, fault.As(err).Message, "307")
}

func TestACallbackThatHangs(t *testing.T) {
	t.Parallel()
	released := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-released
	}))
	defer server.Close()
	defer close(released)
	n := notifier(t, func(o *Options) { o.Timeout = 50 * time.Millisecond })
	err := n.Notify(t.Context(), task.CallbackURL(server.URL+"/?token=s3cret"), ports.Message{ID: "a"})
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.Equal(t, "the callback did not answer in time", fault.As(err).Message)
	require.NotContains(t, err.Error(), "s3cret")
}

// TestAnEndlessBodyIsDropped: the status says that the message is taken.
func TestAnEndlessBodyIsDropped(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer close(gone)
		for {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	require.NoError(t, notifier(t).Notify(t.Context(), task.CallbackURL(server.URL), ports.Message{ID: "a"}))
	<-gone
}

func TestACertificateMustBeValid(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was sent") }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	err := notifier(t).Notify(t.Context(), task.CallbackURL(server.URL), ports.Message{ID: "a"})
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.Equal(t, "the callback's certificate is not valid", fault.As(err).Message)
}

func TestHeadersAreBounded(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Large", strings.Repeat("a", maxHeaderBytes))
	}))
	defer server.Close()
	err := notifier(t).Notify(t.Context(), task.CallbackURL(server.URL), ports.Message{ID: "a"})
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}

func TestNoProxyIsTaken(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") }))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	n, err := newNotifier(Options{Secret: access.NewToken(specSecret)}, func(context.Context, string, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
	})
	require.NoError(t, err)
	require.Nil(t, n.client.Transport.(*http.Transport).Proxy)
	err = n.Notify(t.Context(), "http://public.example/", ports.Message{ID: "a"})
	require.Equal(t, fault.Forbidden, fault.KindOf(err))
}
