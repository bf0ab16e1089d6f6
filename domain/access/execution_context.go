package access

import (
	"log/slog"
	"regexp"
	"time"

	"github.com/soundings-io/soundings/domain/content"
)

const redacted = "[redacted]"

// Token is a secret for a provider. It prints, logs and marshals as
// "[redacted]"; only Reveal gives it out, to the adapter that sends it. Within
// an unexported field of another value, where fmt does not ask how to print it,
// it prints as an address. Compare tokens by Equal.
type Token struct {
	_      [0]func() // == would compare addresses: the compiler refuses it
	secret *string
}

// NewToken keeps a secret.
func NewToken(secret string) Token {
	if secret == "" {
		return Token{}
	}
	return Token{secret: &secret}
}

// Reveal returns the secret. Its result must go into a request's header and
// nowhere else.
func (t Token) Reveal() string {
	if t.secret == nil {
		return ""
	}
	return *t.secret
}

// Empty tells whether there is no secret at all.
func (t Token) Empty() bool { return t.secret == nil }

// Equal tells whether both hold the same secret.
func (t Token) Equal(other Token) bool { return t.Reveal() == other.Reveal() }

// String returns "[redacted]".
func (Token) String() string { return redacted }

// GoString returns "[redacted]".
func (Token) GoString() string { return redacted }

// LogValue returns "[redacted]".
func (Token) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[redacted]".
func (Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// TokenSource tells whose token fetched something.
type TokenSource string

// The token sources, spelt as the HTTP contract has them.
const (
	UserOAuth    TokenSource = "USER_OAUTH"
	MasterAPIKey TokenSource = "MASTER_API_KEY"
)

// AuthMethod tells how a token is sent.
type AuthMethod string

// The methods, spelt as the HTTP contract has them.
const (
	OAuth   AuthMethod = "oauth"
	KeyAuth AuthMethod = "api_key"
)

// googleAPIKey is the published form of Google's API keys: AIza and 35 more.
var googleAPIKey = regexp.MustCompile(`^AIza[0-9A-Za-z_-]{35}$`)

// DetectAuthMethod tells a Google API key from an access token by its form.
func DetectAuthMethod(t Token) AuthMethod {
	if googleAPIKey.MatchString(t.Reveal()) {
		return KeyAuth
	}
	return OAuth
}

// ExecutionContext is on whose behalf one subtask calls its provider. It is
// immutable; BuildExecutionContext in the application is the only place that
// resolves one.
type ExecutionContext struct {
	user          UserID
	provider      content.ProviderID
	integrationID string
	token         Token
	source        TokenSource
	expiresAt     time.Time
	fallback      *Fallback
}

// Fallback tells that the deployment's credentials stand in for the user's own,
// since when, and why, in words for the user.
type Fallback struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// NewUserContext returns a context with the user's own token.
func NewUserContext(in Integration, token Token) ExecutionContext {
	return ExecutionContext{
		user: in.UserID, provider: in.Provider, integrationID: in.ID,
		token: token, source: UserOAuth, expiresAt: in.ExpiresAt,
	}
}

// NewMasterContext returns a context with the deployment's own credentials.
func NewMasterContext(user UserID, provider content.ProviderID, token Token) ExecutionContext {
	return ExecutionContext{user: user, provider: provider, token: token, source: MasterAPIKey}
}

// FallenBack returns the context with the note that it stands in for the user's
// own token.
func (ec ExecutionContext) FallenBack(f Fallback) ExecutionContext {
	ec.fallback = &f
	return ec
}

// Carries tells whether the context's token is that one.
func (ec ExecutionContext) Carries(t Token) bool { return ec.token.Equal(t) }

// Fallback returns why the user's own token was not used, nil if it was or if
// there was none to use.
func (ec ExecutionContext) Fallback() *Fallback { return ec.fallback }

// User returns on whose behalf the call is made.
func (ec ExecutionContext) User() UserID { return ec.user }

// Provider returns who is called.
func (ec ExecutionContext) Provider() content.ProviderID { return ec.provider }

// IntegrationID returns the integration whose token is used, empty for none.
func (ec ExecutionContext) IntegrationID() string { return ec.integrationID }

// TokenSource returns whose token it is.
func (ec ExecutionContext) TokenSource() TokenSource { return ec.source }

// AuthMethod returns how the token is sent.
func (ec ExecutionContext) AuthMethod() AuthMethod { return DetectAuthMethod(ec.token) }

// ExpiresAt returns when the token runs out; zero for never or unknown.
func (ec ExecutionContext) ExpiresAt() time.Time { return ec.expiresAt }

// RequestConfig is the header that carries a token.
type RequestConfig struct {
	Header string
	value  Token
}

// Value returns the header's value, a secret.
func (rc RequestConfig) Value() string { return rc.value.Reveal() }

// BuildRequestConfig returns the header for the context's token: X-Goog-Api-Key
// for a Google API key, Authorization for everything else. Never the query
// string, because net/http puts whole addresses into its errors.
func BuildRequestConfig(ec ExecutionContext) RequestConfig {
	if ec.AuthMethod() == KeyAuth {
		return RequestConfig{Header: "X-Goog-Api-Key", value: ec.token}
	}
	return RequestConfig{Header: "Authorization", value: NewToken("Bearer " + ec.token.Reveal())}
}
