package console

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

// maxForm bounds a form, in bytes: fifty addresses are less.
const maxForm = 64 << 10

// tokenField is the hidden field that shows that a form came from a page of ours.
const tokenField = "token"

// checkForm refuses a form that did not come from a page that was made for the
// holder of the secret: the browser tells where it came from, and the form has a
// token that nobody else could make.
func (s *Server) checkForm(c echo.Context, secret string) error {
	r := c.Request()
	if err := s.origins.Check(r); err != nil {
		return fault.New(fault.Forbidden, fault.CodeForbidden, "this form was sent by another website, so nothing was done")
	}
	r.Body = http.MaxBytesReader(c.Response(), r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, fault.CodeTooLarge, "the form is too long, or broken")
	}
	for _, values := range r.PostForm {
		for i, value := range values {
			if !utf8.ValidString(value) {
				return fault.New(fault.Invalid, fault.CodeInvalidValue, "the form is not valid UTF-8 text")
			}
			values[i] = content.CleanText(value) // NUL bytes
		}
	}
	if secret == "" || !validToken(secret, r.PostForm.Get(tokenField)) {
		return fault.New(fault.Forbidden, fault.CodeForbidden,
			"this form came without the token that shows that you sent it yourself, so nothing was done. It may be from before you signed in: open the page again and send the form from there")
	}
	return nil
}

const nonceSize = 16

// newToken returns a proof that a form was made for the holder of the secret. It
// is another one each time, so that compression cannot be used to find it out
// (BREACH).
func newToken(secret string) string {
	nonce := make([]byte, nonceSize)
	_, _ = rand.Read(nonce) // never fails, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(append(nonce, proof(secret, nonce)...))
}

func validToken(secret, token string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	return err == nil && len(raw) > nonceSize && hmac.Equal(raw[nonceSize:], proof(secret, raw[:nonceSize]))
}

func proof(secret string, nonce []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("a form of the console"))
	mac.Write(nonce)
	return mac.Sum(nil)
}
