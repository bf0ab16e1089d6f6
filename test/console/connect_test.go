package console_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// TestAnAccountIsConnectedInTheBrowser goes to the platform's own consent page,
// on another site, and back: the session's cookie, which the browser does not
// send along from there, and the strict policy of the pages must bear it.
func TestAnAccountIsConnectedInTheBrowser(t *testing.T) {
	t.Parallel()
	address := unusedAddress(t)
	d := deploy(t, func(fake *fakeapi.Server) []string {
		fake.AllowRedirect("http://" + address + "/integrations/callback")
		return []string{
			"HTTP_ADDR=" + address, "PUBLIC_URL=http://" + address,
			"YOUTUBE_CLIENT_ID=" + fakeapi.DemoGoogleClientID, "YOUTUBE_CLIENT_SECRET=" + fakeapi.DemoGoogleClientSecret,
			// By another name the platform is another site.
			"GOOGLE_AUTH_URL=" + strings.Replace(fake.GoogleAuthURL(), "127.0.0.1", "localhost", 1),
			"GOOGLE_TOKEN_URL=" + fake.GoogleTokenURL(), "GOOGLE_REVOKE_URL=" + fake.GoogleRevokeURL(),
		}
	})
	p := newPerson(t, d.base)
	p.noteComplaints()
	p.open("/console")
	p.types("#key", d.key)
	p.press("Sign in")
	p.sees("There is nothing here yet")
	p.open("/console/integrations")
	p.sees("No account is connected")

	p.goesToThePlatform()
	p.clicks("#deny")
	p.sees("You did not allow it")

	p.goesToThePlatform()
	p.clicks("#allow")
	p.sees("One step is left")
	p.judgePage("one step left")
	p.press("Finish connecting")
	p.sees("YouTube: ")
	p.sees("works")
	p.judgePage("connected account")

	p.press("Disconnect")
	p.press("Disconnect the account")
	p.sees("No account is connected")
	require.Empty(t, asks[string](p, `sessionStorage.getItem("refused") ?? ""`), "what the browser refused")
}

// goesToThePlatform presses on until the platform's page asks.
func (p *person) goesToThePlatform() {
	p.Helper()
	p.press("Connect YouTube")
	p.judgePage("consent")
	p.press("Go on to YouTube")
	require.Eventually(p, func() bool { return asks[string](p, `location.hostname`) == "localhost" }, patience, 100*time.Millisecond)
}

// clicks clicks on a page that is not ours.
func (p *person) clicks(selector chromedp.CSS) {
	p.Helper()
	p.do(chromedp.Click(selector))
}

// unusedAddress returns an address that nobody listened at a moment ago.
func unusedAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}
