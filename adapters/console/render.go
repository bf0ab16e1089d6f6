package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/adapters/internal/plain"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets
var assetFiles embed.FS

// pages are the templates by name: each is the layout with a content of its own.
type pages map[string]*template.Template

func mustReadPages() pages {
	layout := template.Must(template.New("layout.html").Funcs(functions).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html"))
	names, err := templateFiles.ReadDir("templates")
	if err != nil {
		panic(err)
	}
	read := pages{}
	for _, file := range names {
		if name := strings.TrimSuffix(file.Name(), ".html"); name != "layout" && name != "parts" {
			read[name] = template.Must(template.Must(layout.Clone()).ParseFS(templateFiles, path.Join("templates", file.Name())))
		}
	}
	return read
}

// frame is what the layout shows around a page.
type frame struct {
	Title string
	// User is empty for who is not signed in.
	User  string
	Admin bool
	// Token goes into every form.
	Token string
	// Section is the part of the menu that the page is in.
	Section string
	Notice  string
	Page    any
}

// notices are what a page says after something was done.
var notices = map[string]string{
	"started": "The task is on its way.", "pause": "The task is paused.", "resume": "The task goes on.",
	"cancel": "The task is cancelled.", "retry": "What failed runs again.", "refresh": "A new run has begun.",
	"deleted": "The task and all its posts are deleted.", "judged": "Your verdict is kept.",
	"connected": "The account is connected.", "disconnected": "The account is disconnected.",
	"queue": "The queue is changed.", "job": "The job is changed.",
}

// render writes a page; v is nil for who is not signed in.
func (s *Server) render(c echo.Context, v *visit, status int, name, title string, page any) error {
	f := frame{Title: plain.Isolated(title), Page: page, Section: sectionOf(c), Notice: notices[c.QueryParam("done")]}
	if v != nil {
		f.User, f.Admin, f.Token = cleared(v.by.User.Name), v.by.May(access.QueuesAdmin) == nil, newToken(v.session)
		if f.User == "" {
			f.User = "you"
		}
	}
	var written bytes.Buffer
	if err := s.pages[name].Execute(&written, f); err != nil {
		return err
	}
	return c.HTMLBlob(status, written.Bytes())
}

// sectionOf returns the part of the menu that a request is in.
func sectionOf(c echo.Context) string {
	section, _, _ := strings.Cut(strings.TrimPrefix(c.Path(), Root+"/"), "/")
	return section
}

// back returns to a page with a notice of what was done.
func back(c echo.Context, to, done string) error {
	u, err := url.Parse(safeNext(to))
	if err != nil {
		return err
	}
	q := u.Query()
	q.Set("done", done)
	u.RawQuery = q.Encode()
	return c.Redirect(http.StatusSeeOther, u.String())
}

// versions are digests of the assets, by which browsers may keep them for good.
var versions = func() map[string]string {
	files, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic(err)
	}
	found := map[string]string{}
	for _, f := range files {
		raw, err := assetFiles.ReadFile("assets/" + f.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(raw)
		found[f.Name()] = hex.EncodeToString(sum[:6])
	}
	return found
}()

var assetTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

func (s *Server) asset(c echo.Context) error {
	name := c.Param("name")
	if _, ok := versions[name]; !ok {
		return echo.ErrNotFound
	}
	raw, err := assetFiles.ReadFile("assets/" + name)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	return c.Blob(http.StatusOK, assetTypes[path.Ext(name)], raw)
}

var functions = template.FuncMap{
	"asset":    func(name string) string { return Root + "/assets/" + name + "?v=" + versions[name] },
	"number":   plain.Number,
	"count":    plain.Count,
	"percent":  plain.Percent,
	"score":    plain.Score,
	"date":     func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
	"iso":      func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"weblink":  plain.Link,
	"isolated": plain.Isolated,
	"status":   plain.Status,
	"dict":     dict,
	"bytes":    sized,
	"spaced":   func(s string) string { return strings.ReplaceAll(s, "_", " ") },
}

// dict passes several values to a part of a page.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict takes names and values, not %d of them", len(pairs))
	}
	values := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		values[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return values, nil
}

func cleared(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// sentence makes a sentence of a fault's message.
func sentence(message string) string {
	first, size := utf8.DecodeRuneInString(message)
	if size == 0 {
		return ""
	}
	message = string(unicode.ToUpper(first)) + message[size:]
	if strings.HasSuffix(message, ".") {
		return message
	}
	return message + "."
}

// uuidOf returns the id in a path, or NotFound: what is no id names nothing.
func uuidOf(c echo.Context, name string) (string, error) {
	const textLength = 36 // uuid.Validate takes braces and URNs as well
	id := c.Param(name)
	if len(id) != textLength || uuid.Validate(id) != nil {
		return "", fault.New(fault.NotFound, fault.CodeNotFound, "there is nothing of that id, or it is somebody else's")
	}
	return strings.ToLower(id), nil
}
