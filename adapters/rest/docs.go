package rest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui/v5emb"
)

// docsAssets are the scripts, styles and icons that the page of GET /docs names.
var docsAssets = []string{
	"/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui-standalone-preset.js",
	"/docs/favicon-32x32.png", "/docs/favicon-16x16.png",
}

// docs is Swagger UI, served from the binary: nothing is fetched from elsewhere.
type docs struct {
	assets http.Handler
	html   []byte
	policy string
}

func newDocs() *docs {
	handler := v5emb.New("Soundings", "/openapi.yaml", "/docs")
	page := &pageWriter{header: http.Header{}}
	handler.ServeHTTP(page, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/docs"}})
	html := page.body.Bytes()
	return &docs{assets: handler, html: html, policy: docsPolicy(html)}
}

var inlineScript = regexp.MustCompile(`(?s)<script>(.*?)</script>`)

// docsPolicy allows the page's own two inline scripts by their hashes, and
// nothing from other hosts. Swagger UI sets styles from scripts.
func docsPolicy(html []byte) string {
	scripts := []string{"'self'"}
	for _, script := range inlineScript.FindAllSubmatch(html, -1) {
		sum := sha256.Sum256(script[1])
		scripts = append(scripts, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	return "default-src 'none'; script-src " + strings.Join(scripts, " ") +
		"; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
}

func (d *docs) page(c echo.Context) error {
	c.Response().Header().Set("Content-Security-Policy", d.policy)
	return c.HTMLBlob(http.StatusOK, d.html)
}

func (d *docs) asset(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "public, max-age=3600")
	d.assets.ServeHTTP(c.Response(), c.Request())
	return nil
}

// pageWriter takes down the page that Swagger UI writes.
type pageWriter struct {
	header http.Header
	body   bytes.Buffer
}

// Header returns the headers of the page, which nobody reads.
func (w *pageWriter) Header() http.Header { return w.header }

// WriteHeader does nothing: the page is always there.
func (w *pageWriter) WriteHeader(int) {}

// Write takes down bytes of the page.
func (w *pageWriter) Write(p []byte) (int, error) { return w.body.Write(p) }
