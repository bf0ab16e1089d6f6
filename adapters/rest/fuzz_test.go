package rest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/fault"
)

// requireRefusal fails where an error would not be told as a 4xx.
func requireRefusal(t *testing.T, err error) {
	t.Helper()
	p, _ := problemOf(err, "fuzz")
	require.GreaterOrEqual(t, p.Status, 400, "%v", err)
	require.Less(t, p.Status, 500, "%v", err)
	for _, e := range p.Errors {
		require.LessOrEqual(t, len(e.Field), 300)
	}
}

// FuzzBody: whatever a client sends is a request, or a refusal that says why.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{"url":"https://youtu.be/dQw4w9WgXcQ","options":{"maxPosts":1,"since":"2026-01-01T00:00:00Z","auth":null}}`,
		`{"urls":["a","b"],"callbackUrl":null}`, `{"taskId":"0197a6e0-6f3c-7c51-9d0e-4f3a2b1c0d9e","format":"csv","filter":{"kind":"video,reply","spam":[true]}}`,
		`{"name":"k","permissions":["tasks:read"],"expiresAt":null}`, `{"a":{"0":[{"":1}]}}`, `[`, `null`, ``, "\xff", `{"url":"\ud800"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var asked NewTask
		if err := decode(body, &asked); err != nil {
			requireRefusal(t, err)
		} else if request, err := (&handlers{webhooks: true}).newTask(asked); err != nil {
			requireRefusal(t, err)
		} else {
			require.False(t, request.URLs == nil)
		}
		var export NewExport
		if err := decode(body, &export); err != nil {
			requireRefusal(t, err)
		} else if _, err := newExport(export); err != nil {
			requireRefusal(t, err)
		}
		var key NewAPIKey
		if err := decode(body, &key); err != nil {
			requireRefusal(t, err)
		} else if request, err := newAPIKey(key); err == nil {
			require.NotEmpty(t, request.Name)
		}
	})
}

// FuzzQuery: any query string chooses posts, or is refused. It goes through the
// generated binding as a request does.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"kind=video,reply&sentiment=none&spam=true,none", "since=2026-01-01T00:00:00Z&until=2026-01-02", "limit=100&cursor=x&sort=-likes",
		"q=%00", "q=%ff", "limit=1&limit=2", "kind=", "author=a,b&q=%2C", "%zz", "a=b", "limit=1e3", ";", "kind=video&kind=reply",
	} {
		f.Add(seed)
	}
	known := []string{"kind", "sentiment", "spam", "author", "q", "since", "until", "sort", "limit", "cursor"}
	e := echo.New()
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.URL = &url.URL{Path: "/tasks/1/posts", RawQuery: query}
		c := e.NewContext(r, httptest.NewRecorder())
		c.SetParamNames("id")
		c.SetParamValues("1")
		if err := checkQuery(c, known); err != nil {
			requireRefusal(t, err)
			return
		}
		probe := &queryProbe{}
		if err := (&ServerInterfaceWrapper{Handler: probe}).ListPosts(c); err != nil {
			requireRefusal(t, err)
		}
	})
}

// queryProbe reads the parameters as ListPosts does.
type queryProbe struct{ ServerInterface }

// ListPosts reads what it was asked.
func (*queryProbe) ListPosts(_ echo.Context, _ TaskID, params ListPostsParams) error {
	if _, err := paging(params.Limit, params.Cursor); err != nil {
		return err
	}
	filter, order, err := postFilter(params)
	if err == nil && (order == "" || !storable(filter.Query) || !storable(filter.Author)) {
		return fault.New(fault.Internal, fault.CodeInternal, "a filter that no database takes")
	}
	return err
}
