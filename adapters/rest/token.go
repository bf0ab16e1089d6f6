package rest

import (
	"context"
	"encoding/json"
	"errors"
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

// tokenVerifier checks the web app's JWTs. The algorithms are pinned, so that
// neither "none" nor a key of another kind is ever tried.
type tokenVerifier struct {
	// keyOf returns what must have signed a token; nil refuses every token.
	keyOf  func(context.Context, *jwt.Token) (any, error)
	parser *jwt.Parser
}

// identity is who a JWT names. A nil scopes means that it named none.
type identity struct {
	issuer, subject, name string
	scopes                []string
}

// newTokenVerifier returns one that checks by the keys of JWKSURL, and by
// JWTSecret only without them: a public key must never pass for a secret.
func newTokenVerifier(opts Options) *tokenVerifier {
	v := &tokenVerifier{}
	algorithms := []string{jwt.SigningMethodHS256.Alg()}
	switch {
	case opts.JWKSURL != "":
		algorithms = []string{jwt.SigningMethodRS256.Alg(), jwt.SigningMethodES256.Alg(), jwt.SigningMethodEdDSA.Alg()}
		v.keyOf = newKeySet(opts.JWKSURL, nil, opts.Logger).keyOf
	case len(opts.JWTSecret) > 0:
		v.keyOf = func(context.Context, *jwt.Token) (any, error) { return opts.JWTSecret, nil }
	}
	parsing := []jwt.ParserOption{
		jwt.WithValidMethods(algorithms),
		jwt.WithExpirationRequired(), jwt.WithLeeway(clockLeeway), jwt.WithStrictDecoding(),
	}
	if opts.JWTIssuer != "" {
		parsing = append(parsing, jwt.WithIssuer(opts.JWTIssuer))
	}
	if opts.JWTAudience != "" {
		parsing = append(parsing, jwt.WithAudience(opts.JWTAudience))
	}
	v.parser = jwt.NewParser(parsing...)
	return v
}

// claims are those that are read of a JWT.
type claims struct {
	jwt.RegisteredClaims
	Name  string `json:"name"`
	Scope scopes `json:"scope"`
}

// verify returns whom a JWT names. Error kinds: Unauthenticated, and Unavailable
// when nothing is there to check it with.
func (v *tokenVerifier) verify(ctx context.Context, token string) (identity, error) {
	if v.keyOf == nil {
		return identity{}, unauthenticated("this deployment takes API keys only")
	}
	var c claims
	_, err := v.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		if _, critical := t.Header["crit"]; critical { // RFC 7515 §4.1.11: none is understood here
			return nil, unauthenticated("the JWT needs an extension")
		}
		return v.keyOf(ctx, t)
	})
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Unavailable {
		return identity{}, f
	}
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
