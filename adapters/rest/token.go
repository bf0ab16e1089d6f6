package rest

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/soundings-io/soundings/domain/fault"
)

// clockLeeway is how far the clocks of two machines may differ.
const clockLeeway = 10 * time.Second

// maxClaim bounds the claims that are stored, in bytes.
const maxClaim = 255

// noIssuer stands for the issuer of JWTs that name none: a user without any
// issuer is one made on the command line, whom no JWT may become.
const noIssuer = "jwt"

// tokenVerifier checks the web app's JWTs. The algorithm is pinned, so that
// neither "none" nor a key of another kind is ever tried.
type tokenVerifier struct {
	secret []byte
	parser *jwt.Parser
}

// identity is who a JWT names. A nil scopes means that it named none.
type identity struct {
	issuer, subject, name string
	scopes                []string
}

func newTokenVerifier(secret []byte, issuer, audience string) *tokenVerifier {
	opts := []jwt.ParserOption{
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithExpirationRequired(), jwt.WithLeeway(clockLeeway), jwt.WithStrictDecoding(),
	}
	if issuer != "" {
		opts = append(opts, jwt.WithIssuer(issuer))
	}
	if audience != "" {
		opts = append(opts, jwt.WithAudience(audience))
	}
	return &tokenVerifier{secret: secret, parser: jwt.NewParser(opts...)}
}

// claims are those that are read of a JWT.
type claims struct {
	jwt.RegisteredClaims
	Name  string `json:"name"`
	Scope scopes `json:"scope"`
}

func (v *tokenVerifier) verify(token string) (identity, error) {
	if len(v.secret) == 0 {
		return identity{}, unauthenticated("this deployment takes API keys only")
	}
	var c claims
	_, err := v.parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return v.secret, nil })
	if err != nil {
		return identity{}, fault.Wrap(err, fault.Unauthenticated, fault.CodeUnauthenticated,
			"the token is no API key, nor a JWT that is valid here now")
	}
	if c.Issuer == "" {
		c.Issuer = noIssuer
	}
	for _, claim := range []string{c.Issuer, c.Subject} {
		if claim == "" || len(claim) > maxClaim || !storable(claim) {
			return identity{}, unauthenticated("the JWT needs a sub of 1 to 255 bytes")
		}
	}
	if c.Name == "" || len(c.Name) > maxClaim || !storable(c.Name) {
		c.Name = c.Subject
	}
	return identity{issuer: c.Issuer, subject: c.Subject, name: c.Name, scopes: c.Scope}, nil
}

// scopes is a claim that is a string of words, or a list of them. It is nil
// where there is no claim, and otherwise never empty: "none" stands for nothing,
// so that a claim of nothing and no claim stay apart wherever words are joined.
type scopes []string

// UnmarshalJSON reads either form; null is as if there were none.
func (s *scopes) UnmarshalJSON(b []byte) error {
	var words string
	if json.Unmarshal(b, &words) != nil {
		var list []string
		if err := json.Unmarshal(b, &list); err != nil {
			return err
		}
		words = strings.Join(list, " ")
	} else if string(b) == "null" {
		return nil
	}
	if *s = strings.Fields(words); len(*s) == 0 {
		*s = scopes{noPermission}
	}
	return nil
}
