package rest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"

	"github.com/soundings-io/soundings/domain/fault"
)

const pageStyle = `body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem}small{opacity:.7}`

// failurePage is what a person sees whose browser was sent here and got stuck.
// It holds nothing of the request: that may have secrets in it.
var failurePage = template.Must(template.New("failure").Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>The account is not connected</title><style>` + pageStyle + `</style></head>
<body>
<h1>The account is not connected</h1>
<p>{{.Detail}}</p>
<p>Nothing was changed. {{with .WebApp}}<a href="{{.}}" rel="noreferrer">Back to the web app</a>{{end}}</p>
<p><small>Request {{.RequestID}}</small></p>
</body>
</html>
`))

// pagePolicy allows the page's own style and nothing else: no script, no form,
// no frame.
var pagePolicy = func() []string {
	sum := sha256.Sum256([]byte(pageStyle))
	return []string{"default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
}()

// writePage tells a person what went wrong. A browser that was sent here with
// something unknown made a bad request: there is something at this address.
func writePage(c *call, err error, webApp string) {
	p, _ := problemOf(err, c.requestID)
	if p.Code == string(fault.CodeNotFound) {
		p.Status = http.StatusBadRequest
	}
	var page bytes.Buffer
	if err := failurePage.Execute(&page, map[string]string{"Detail": p.Detail, "RequestID": p.RequestID, "WebApp": webApp}); err != nil {
		page.Reset() // the status alone tells enough
	}
	h := c.Response().Header()
	h["Content-Security-Policy"] = pagePolicy
	h.Set("Content-Type", "text/html; charset=utf-8")
	c.Response().WriteHeader(p.Status)
	_, _ = c.Response().Write(page.Bytes())
}
