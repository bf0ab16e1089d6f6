package fakeapi

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
)

// redditError is one of the four shapes in which Reddit refuses: a message
// with a number, the same with a reason, a list inside a 200, and HTML.
type redditError struct {
	status int
	// body is sent as JSON; nil is an empty body, as recorded 5xx have it.
	body any
	html bool
	// bearer is the error in www-authenticate.
	bearer   string
	location string
}

func plain(status int) redditError {
	return redditError{status: status, body: map[string]any{"message": http.StatusText(status), "error": status}}
}

func withReason(status int, reason string) redditError {
	return redditError{status: status, body: map[string]any{"reason": reason, "message": http.StatusText(status), "error": status}}
}

func inJSON(code, message, field string) redditError {
	return redditError{status: http.StatusOK, body: map[string]any{"json": map[string]any{"errors": [][]string{{code, message, field}}}}}
}

func inToken(code, description string) redditError {
	body := map[string]string{"error": code}
	if description != "" {
		body["error_description"] = description
	}
	return redditError{status: http.StatusOK, body: body}
}

var redditErrors = map[string]redditError{
	"private":     withReason(403, "private"),
	"quarantined": withReason(403, "quarantined"),
	"gated":       withReason(403, "gated"),
	"banned":      withReason(404, "banned"),
	"forbidden":   plain(403),
	"notFound":    plain(404),
	"unauthorized": {status: 401, bearer: "invalid_token",
		body: map[string]any{"message": "Unauthorized", "error": 401}},
	"insufficientScope": {status: 403, bearer: "insufficient_scope",
		body: map[string]any{"message": "Forbidden", "error": 403}},
	"noSuchSubreddit":     {status: 302, html: true, location: redditBase + "subreddits/search?q=gone"},
	"tooManyRequests":     {status: 429, html: true},
	"tooManyRequestsJSON": plain(429),
	"RATELIMIT":           inJSON("RATELIMIT", "you are doing that too much. try again in 9 minutes.", "ratelimit"),
	"uriTooLong":          {status: 414, html: true},
	"legal":               {status: 451},
	"serverError":         {status: 500},
	"badGateway":          {status: 502, html: true},
	"unavailable":         {status: 503},
	"gatewayTimeout":      {status: 504},
	"unknownError":        {status: 520},
	// The token endpoint's.
	"invalid_grant":          inToken("invalid_grant", ""),
	"invalid_request":        inToken("invalid_request", ""),
	"unsupported_grant_type": inToken("unsupported_grant_type", ""),
	"unauthorized_client":    inToken("unauthorized_client", "Only script apps may use password auth"),
	"deadRefresh":            {status: 400, body: map[string]any{"error": 400}},
}

// RedditReasons returns the refusals of Reddit that a rule can name. Any other
// reason is a 403 with that reason in its body.
func RedditReasons() []string { return slices.Sorted(maps.Keys(redditErrors)) }

func redditReason(reason string) redditError {
	if e, ok := redditErrors[reason]; ok {
		return e
	}
	return withReason(http.StatusForbidden, reason)
}

// redditFault renders a rule. A status alone is what was recorded of it: HTML
// for 429, nothing for 5xx, a message for the others.
func redditFault(r Rule) answer {
	var e redditError
	switch {
	case r.Reason != "":
		e = redditReason(r.Reason)
		e.status = cmp.Or(r.Status, e.status)
	case r.Status == http.StatusTooManyRequests:
		e = redditReason("tooManyRequests")
	case r.Status >= 500 || r.Status == 0:
		e = redditError{status: cmp.Or(r.Status, 500)}
	default:
		e = plain(r.Status)
	}
	return e.answer()
}

// pardner is the page of a 429, shortened.
const pardner = `<!doctype html>
<html>
  <head><title>Too Many Requests</title></head>
  <body>
    <h1>whoa there, pardner!</h1>
    <p>we're sorry, but you appear to be a bot and we've seen too many requests from you lately.</p>
  </body>
</html>
`

func (e redditError) answer() answer {
	var a answer
	switch {
	case e.status == http.StatusTooManyRequests && e.html:
		a = htmlAnswer(e.status)
		a.body = []byte(pardner)
	case e.html:
		a = htmlAnswer(e.status)
	default:
		a = rawAnswer(e.status, nil)
		if e.body != nil {
			a.body, _ = json.Marshal(e.body) // maps of strings and numbers
		}
	}
	if e.bearer != "" {
		a.header.Set("Www-Authenticate", `Bearer realm="reddit", error="`+e.bearer+`"`)
	}
	if e.location != "" {
		a.header.Set("Location", e.location)
	}
	return a
}
