package console

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
)

const (
	// sessionCookie holds the secret id of a session.
	sessionCookie = "soundings_session"
	// visitorCookie holds the secret that the form of the sign-in is bound to.
	visitorCookie = "soundings_visitor"
	// maxCookie bounds what is looked at of a cookie.
	maxCookie = 128
)

// visit is one request of somebody who is signed in.
type visit struct {
	echo.Context
	session string
	by      access.Caller
}

// userKey is where a request's context has the id of its user.
const userKey = "user"

// signedIn calls the handler for people who are signed in and do not ask too
// often.
func (s *Server) signedIn(h func(*visit) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		v, err := s.visitOf(c)
		if err != nil {
			return err
		}
		c.Set(userKey, string(v.by.User.ID))
		return s.requests(func(echo.Context) error { return h(v) })(c)
	}
}

func (s *Server) visitOf(c echo.Context) (*visit, error) {
	id := sessionOf(c)
	if id == "" {
		return nil, fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, "sign in first")
	}
	by, err := s.Sessions.Caller(c.Request().Context(), id)
	return &visit{Context: c, session: id, by: by}, err
}

func sessionOf(c echo.Context) string { return cookieOf(c, sessionCookie) }

func cookieOf(c echo.Context, name string) string {
	cookie, err := c.Cookie(name)
	if err != nil || len(cookie.Value) > maxCookie {
		return ""
	}
	return cookie.Value
}

// setCookie keeps a secret in the browser; an empty one is removed there.
func (s *Server) setCookie(c echo.Context, name, value string) {
	cookie := &http.Cookie{
		Name: name, Value: value, Path: Root, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: strings.HasPrefix(s.opts.PublicURL, "https:"), MaxAge: int(application.SessionTime.Seconds()),
	}
	if value == "" {
		cookie.MaxAge = -1
	}
	c.SetCookie(cookie)
}

func (s *Server) home(c echo.Context) error { return c.Redirect(http.StatusSeeOther, Root+"/tasks") }

// loginPage is the form of the sign-in.
type loginPage struct {
	KeyFile, Next, Problem string
	// Token is that of a form of nobody who is signed in.
	Token string
}

func (s *Server) showLogin(c echo.Context) error {
	return s.renderLogin(c, http.StatusOK, safeNext(c.QueryParam("next")), "")
}

func (s *Server) renderLogin(c echo.Context, status int, next, problem string) error {
	visitor := cookieOf(c, visitorCookie)
	if visitor == "" {
		visitor = access.NewSecret()
		s.setCookie(c, visitorCookie, visitor)
	}
	return s.render(c, nil, status, "login", "Sign in", loginPage{KeyFile: s.opts.KeyFile, Next: next, Problem: problem, Token: newToken(visitor)})
}

func (s *Server) signIn(c echo.Context) error {
	if err := s.checkForm(c, cookieOf(c, visitorCookie)); err != nil {
		return err
	}
	next := safeNext(c.FormValue("next"))
	id, err := s.Sessions.SignIn(c.Request().Context(), strings.TrimSpace(c.FormValue("key")))
	if fault.Is(err, fault.Unauthenticated) {
		return s.renderLogin(c, http.StatusUnauthorized, next, sentence(fault.As(err).Message))
	}
	if err != nil {
		return err
	}
	s.setCookie(c, sessionCookie, id)
	s.setCookie(c, visitorCookie, "")
	return c.Redirect(http.StatusSeeOther, next)
}

func (s *Server) signOut(v *visit) error {
	if err := s.Sessions.SignOut(v.Request().Context(), v.session); err != nil {
		return err
	}
	s.setCookie(v, sessionCookie, "")
	return v.Redirect(http.StatusSeeOther, Root+"/login")
}

// safeNext returns the page to go to after the sign-in: one of the console, or
// the list of tasks.
func safeNext(next string) string {
	odd := func(r rune) bool { return r == '\\' || unicode.IsControl(r) || unicode.IsSpace(r) }
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || strings.ContainsFunc(next, odd) || !strings.HasPrefix(u.Path, Root+"/") {
		return Root + "/tasks"
	}
	return next
}
