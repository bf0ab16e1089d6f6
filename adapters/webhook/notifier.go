// Package webhook delivers messages in the Standard Webhooks form to addresses
// that users name, and to no network that they should not reach through us.
package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/soundings-io/soundings/adapters/internal/outcall"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

var _ ports.Notifier = (*Notifier)(nil)

// Options say how messages are signed and where they may go.
type Options struct {
	// Secret signs; see ValidSecret. It is required.
	Secret access.Token
	// AllowedNetworks may be reached although they are private.
	AllowedNetworks []netip.Prefix
	// Timeout bounds one delivery, 10 seconds by default, which is also the
	// longest.
	Timeout time.Duration
}

const (
	maxTimeout     = 10 * time.Second
	maxHeaderBytes = 16 << 10
	secretPrefix   = "whsec_"
)

// Notifier is a ports.Notifier over HTTP.
type Notifier struct {
	signer *standardwebhooks.Webhook
	client http.Client
}

// ValidSecret tells whether the secret is whsec_ and 24 to 64 bytes in base64,
// as the specification has it ("Signature scheme", symmetric).
func ValidSecret(secret access.Token) bool {
	encoded, found := strings.CutPrefix(secret.Reveal(), secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	return found && err == nil && len(key) >= 24 && len(key) <= 64
}

// New returns a notifier. Error kinds: Invalid for a secret that is none.
func New(o Options) (*Notifier, error) {
	return newNotifier(o, net.DefaultResolver.LookupNetIP)
}

func newNotifier(o Options, lookup lookup) (*Notifier, error) {
	if !ValidSecret(o.Secret) {
		return nil, fault.New(fault.Invalid, fault.CodeInvalidValue, "a webhook secret is whsec_ and 24 to 64 bytes in base64")
	}
	signer, err := standardwebhooks.NewWebhook(o.Secret.Reveal())
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, fault.CodeInvalidValue, "the webhook secret cannot be used")
	}
	if o.Timeout <= 0 || o.Timeout > maxTimeout {
		o.Timeout = maxTimeout
	}
	return &Notifier{signer: signer, client: http.Client{
		Timeout: o.Timeout,
		// No proxy: it would resolve and connect in our place, unchecked. No
		// connection is kept: each message has its address checked anew.
		Transport: &http.Transport{
			DialContext:            newGuard(o.AllowedNetworks, lookup).dial,
			DisableKeepAlives:      true,
			DisableCompression:     true,
			TLSHandshakeTimeout:    o.Timeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Notify sends the message with a fresh timestamp: receivers refuse old ones.
// The answer's body is not read: the status says all.
func (n *Notifier) Notify(ctx context.Context, target task.CallbackURL, m ports.Message) error {
	req, err := n.request(ctx, target, m, time.Now())
	if err != nil {
		return err
	}
	resp, err := n.client.Do(req)
	if err != nil {
		return undelivered(err)
	}
	_ = resp.Body.Close()
	return judge(resp, time.Now())
}

func (n *Notifier) request(ctx context.Context, target task.CallbackURL, m ports.Message, now time.Time) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, string(target), bytes.NewReader(m.Body))
	if err != nil {
		return nil, fault.New(fault.Invalid, fault.CodeInvalidValue, "the callback's address cannot be used")
	}
	signature, err := n.signer.Sign(m.ID, now, m.Body)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, fault.CodeInternal, "the message could not be signed")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Soundings")
	req.Header.Set(standardwebhooks.HeaderWebhookID, m.ID)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return req, nil
}

// judge follows the specification's "Deliverability and reliability": 2xx is
// taken, 410 wants no more, 429 and 503 may say when to come again.
func judge(resp *http.Response, now time.Time) error {
	kind, code := fault.Unavailable, fault.CodeUnavailable
	switch status := resp.StatusCode; {
	case status/100 == 2:
		return nil
	case status == http.StatusGone:
		return fault.New(fault.Gone, fault.CodeExpired, "the callback answered 410: it wants no more messages")
	case status/100 == 3:
		return fault.New(kind, code, "the callback answered %d; redirects are not followed", status)
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		if at := outcall.RetryAt(resp.Header, now); !at.IsZero() {
			kind, code = fault.RateLimited, fault.CodeRateLimited
			return fault.New(kind, code, "the callback answered %d", status).At(at)
		}
	}
	return fault.New(kind, code, "the callback answered %d", resp.StatusCode)
}

// undelivered says what went wrong without the address that the name led to,
// which would let people map networks that they cannot see.
func undelivered(err error) error {
	if refused, ok := errors.AsType[*fault.Error](err); ok {
		return refused
	}
	if call, ok := errors.AsType[*url.Error](err); ok {
		err = call.Err // the address's query may be secret
	}
	message := "the callback could not be reached"
	var timeout net.Error
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &name):
		message = "the name of the callback's host could not be resolved"
	case errors.As(err, &certificate):
		message = "the callback's certificate is not valid"
	case errors.As(err, &timeout) && timeout.Timeout():
		message = "the callback did not answer in time"
	}
	return fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, message)
}
