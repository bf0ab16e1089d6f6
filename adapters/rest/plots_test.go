package rest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlots(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	path := "/tasks/" + b.createTask(owner) + "/plots/"
	ask := func(name string, header map[string]string) reply {
		return b.send(request{method: http.MethodGet, path: path + name, token: owner, header: header})
	}

	empty := ask("mix.svg", nil)
	require.Equal(t, http.StatusOK, empty.status)
	require.Contains(t, string(empty.body), "There are no posts yet.")
	b.fetched(somePosts(), judge)
	etags := map[string]string{}
	for _, name := range []string{"mix.svg", "sentiment-over-time.svg", "volume.svg"} {
		got := ask(name, map[string]string{"Range": "bytes=0-3", "If-None-Match": empty.header.Get("ETag")})
		require.Equal(t, http.StatusOK, got.status, "%s", got.body)
		require.Equal(t, "image/svg+xml", got.header.Get("Content-Type"))
		require.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"))
		require.Equal(t, "private, no-cache", got.header.Get("Cache-Control"))
		require.Contains(t, got.header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'unsafe-inline'")
		require.Contains(t, string(got.body), "<svg ")
		require.NotContains(t, string(got.body), "Lovely", "a picture has nothing in it that people wrote")
		etags[got.header.Get("ETag")] = name
	}
	require.Len(t, etags, 3)
	for etag, name := range etags {
		same := ask(name, map[string]string{"If-None-Match": `"other", W/` + etag})
		require.Equal(t, http.StatusNotModified, same.status)
		require.Empty(t, same.body)
		require.Equal(t, etag, same.header.Get("ETag"))
	}
}

func TestPlotsThatThereAreNot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	id := b.createTask(owner)
	for _, name := range []string{"mix", "mix.png", "Mix.svg", "..%2Fmix.svg", "pie.svg", ".svg"} {
		got := b.get("/tasks/"+id+"/plots/"+name, owner)
		require.Equal(t, http.StatusNotFound, got.status, name)
		require.Equal(t, "not_found", got.doc["code"], name)
	}
	require.Equal(t, http.StatusNotFound, b.get("/tasks/"+id+"/plots/mix.svg", token(t, "stranger", nil)).status)
}
