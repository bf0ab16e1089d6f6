package download

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAttachment(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"soundings-handle-@ada-20260101.csv": `attachment; filename="soundings-handle-@ada-20260101.csv"`,
		"soundings-channel-c-Jürgen x.csv":   `attachment; filename="soundings-channel-c-J_rgen x.csv"; filename*=UTF-8''soundings-channel-c-J%C3%BCrgen%20x.csv`,
		"a\"b\\c\r\nd.csv":                   `attachment; filename="a_b_c__d.csv"; filename*=UTF-8''a%22b%5Cc%0D%0Ad.csv`,
	} {
		require.Equal(t, want, attachment(name))
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header, value, body string
		status              int
	}{
		"whole":         {"", "", "one,two", http.StatusOK},
		"a part":        {"Range", "bytes=4-", "two", http.StatusPartialContent},
		"the same":      {"If-None-Match", `"digest"`, "", http.StatusNotModified},
		"beyond":        {"Range", "bytes=99-", "", http.StatusRequestedRangeNotSatisfiable},
		"another range": {"Range", "lines=1-2", "one,two", http.StatusRequestedRangeNotSatisfiable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			if c.header != "" {
				r.Header.Set(c.header, c.value)
			}
			w := httptest.NewRecorder()
			status := Serve(w, r, File{Name: "a.csv", Format: "csv", SHA256: "digest", ModTime: time.Unix(1, 0), Content: strings.NewReader("one,two")})
			require.Equal(t, c.status, status)
			if status == http.StatusRequestedRangeNotSatisfiable {
				require.Empty(t, w.Body.String(), "the caller says it")
				require.Empty(t, w.Header().Get("Content-Disposition"))
				return
			}
			require.Equal(t, c.status, w.Code)
			require.Equal(t, c.body, w.Body.String())
			require.Equal(t, `attachment; filename="a.csv"`, w.Header().Get("Content-Disposition"))
			require.Equal(t, `"digest"`, w.Header().Get("ETag"))
		})
	}
}
