package fakeapi_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/test/fakeapi"
)

// discovery is the part of Google's discovery document that the walk needs.
type discovery struct {
	Schemas   map[string]schema `json:"schemas"`
	Resources map[string]struct {
		Methods map[string]struct {
			Parameters map[string]struct {
				Maximum string   `json:"maximum"`
				Enum    []string `json:"enum"`
			} `json:"parameters"`
			Scopes []string `json:"scopes"`
		} `json:"methods"`
	} `json:"resources"`
}

type schema struct {
	Ref        string            `json:"$ref"`
	Type       string            `json:"type"`
	Format     string            `json:"format"`
	Enum       []string          `json:"enum"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
	Additional *schema           `json:"additionalProperties"`
}

func readDiscovery(t testing.TB) discovery {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(fixtures(t), "youtube", "discovery", "youtube-v3-rest.json"))
	require.NoError(t, err)
	var d discovery
	require.NoError(t, json.Unmarshal(body, &d))
	return d
}

var decimal = regexp.MustCompile(`^\d+$`)

// check returns what is wrong with a value, each with its place.
func (d discovery) check(s schema, place string, v any) []string {
	if s.Ref != "" {
		s = d.Schemas[s.Ref]
	}
	switch s.Type {
	case "object":
		return d.checkObject(s, place, v)
	case "array":
		list, ok := v.([]any)
		if !ok {
			return []string{place + " is no array"}
		}
		var faults []string
		for i, item := range list {
			faults = append(faults, d.check(*s.Items, fmt.Sprintf("%s[%d]", place, i), item)...)
		}
		return faults
	}
	if fault := scalar(s, v); fault != "" {
		return []string{fmt.Sprintf("%s: %v is %s", place, v, fault)}
	}
	return nil
}

func (d discovery) checkObject(s schema, place string, v any) []string {
	object, ok := v.(map[string]any)
	if !ok {
		return []string{place + " is no object"}
	}
	var faults []string
	for name, value := range object {
		property, known := s.Properties[name]
		if !known && s.Additional != nil {
			property, known = *s.Additional, true
		}
		if !known {
			faults = append(faults, place+"."+name+" is not in the document")
			continue
		}
		faults = append(faults, d.check(property, place+"."+name, value)...)
	}
	return faults
}

// scalar returns why a value is not of a simple type, or nothing. 64-bit
// numbers are strings in Google's JSON.
func scalar(s schema, v any) string {
	text, isText := v.(string)
	number, isNumber := v.(float64)
	_, isBool := v.(bool)
	switch {
	case s.Type == "boolean" && !isBool:
		return "no boolean"
	case s.Type == "integer" && (!isNumber || number != math.Trunc(number) || s.Format == "uint32" && number < 0):
		return "no " + s.Format
	case s.Type == "string" && !isText:
		return "no string"
	case (s.Format == "uint64" || s.Format == "int64") && !decimal.MatchString(text):
		return "no number in a string"
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, text):
		return "none of the document's values"
	}
	if s.Format == "date-time" {
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return "no time"
		}
	}
	return ""
}

// everyAnswer are calls that between them show every part of every method.
func everyAnswer(d *fakeapi.Data) map[string][]string {
	parts := "part=snippet,contentDetails,statistics,status,id&maxResults=50&"
	list := "part=snippet,contentDetails,status,id&maxResults=50&"
	calls := map[string][]string{
		"videos":        {parts + "id=SolarBoat01,NoComments0,SoundCheck0,PrivateCut0"},
		"channels":      {parts + "forHandle=TidelineWorkshop", parts + "forHandle=nobody", parts + "forUsername=tidelineworkshop"},
		"playlists":     {list + "channelId=UCTidelineWorkshopDemo01", list + "id=UUTidelineWorkshopDemo01"},
		"playlistItems": {list + "playlistId=" + d.PlaylistIDs()[0], list + "playlistId=UUTidelineWorkshopDemo01"},
		"commentThreads": {
			"part=snippet,replies,id&maxResults=100&videoId=SolarBoat01", "part=snippet&textFormat=plainText&videoId=BatteryFire",
			"part=snippet,replies&order=relevance&allThreadsRelatedToChannelId=UCTidelineWorkshopDemo01", "part=snippet&videoId=SoundCheck0",
		},
	}
	for _, c := range d.Comments("SolarBoat01") {
		if c.ParentID != "" {
			calls["comments"] = []string{"part=snippet,id&maxResults=2&parentId=" + c.ParentID, "part=snippet&id=" + c.ID + "," + c.ParentID}
		}
	}
	return calls
}

var responseSchemas = map[string]string{
	"videos": "VideoListResponse", "channels": "ChannelListResponse", "playlists": "PlaylistListResponse",
	"playlistItems": "PlaylistItemListResponse", "commentThreads": "CommentThreadListResponse", "comments": "CommentListResponse",
}

func TestAnswersValidateAgainstTheDiscoveryDocument(t *testing.T) {
	t.Parallel()
	document := readDiscovery(t)
	d, err := fakeapi.LoadDemo()
	require.NoError(t, err)
	s := fakeapi.Run(t, d)
	calls := everyAnswer(d)
	for method, name := range responseSchemas {
		require.NotEmpty(t, calls[method], method)
		for _, query := range calls[method] {
			for _, p := range rawPages(t, s, method, query) {
				require.Empty(t, document.check(schema{Ref: name}, method, p), query)
				require.Equal(t, "youtube#"+lowerFirst(name), at(p, "kind"))
			}
		}
	}
}

func lowerFirst(s string) string { return string(s[0]+'a'-'A') + s[1:] }

// rawPages walks a listing and returns its pages as they came.
func rawPages(t testing.TB, s *fakeapi.Server, method, query string) []any {
	t.Helper()
	var pages []any
	token := ""
	for range 100 {
		r := call(t, s, method, query+"&pageToken="+token)
		var v any
		require.NoError(t, json.Unmarshal(r.body, &v))
		pages = append(pages, v)
		next, more := at(v, "nextPageToken").(string)
		if !more {
			return pages
		}
		token = next
	}
	return pages
}

func TestTheCheckFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	document := readDiscovery(t)
	for _, wrong := range []string{
		`{"items":{}}`, `{"items":[{"bogus":1}]}`, `{"items":[{"statistics":{"viewCount":7}}]}`, `{"items":[{"snippet":{"publishedAt":"today"}}]}`,
		`{"pageInfo":{"totalResults":"1"}}`, `{"items":[{"status":{"privacyStatus":"secret"}}]}`, `{"items":[{"snippet":"text"}]}`,
		`{"items":[{"status":{"embeddable":"yes"}}]}`,
	} {
		var v any
		require.NoError(t, json.Unmarshal([]byte(wrong), &v))
		require.NotEmpty(t, document.check(schema{Ref: "VideoListResponse"}, "", v), wrong)
	}
}

// TestLimitsAndScopesAreTheDocuments holds the fake's limits against the document.
func TestLimitsAndScopesAreTheDocuments(t *testing.T) {
	t.Parallel()
	document := readDiscovery(t)
	s := fakeapi.Run(t, small(t, 1), fakeapi.WithToken(fakeapi.AccessToken{Secret: "ro", Scopes: []string{fakeapi.ScopeReadonly}}))
	for method := range responseSchemas {
		list := document.Resources[method].Methods["list"]
		most := list.Parameters["maxResults"].Maximum
		accepted := call(t, s, method, "part=id&maxResults="+most)
		require.Equal(t, "missingRequiredParameter", accepted.reason(t), method)
		require.Equal(t, "invalidParameter", call(t, s, method, "part=id&maxResults="+most+"0").reason(t), method)
		r, err := get(t.Context(), s.YouTubeURL()+"/"+method+"?part=id", "Authorization: Bearer ro")
		require.NoError(t, err)
		require.Equal(t, slices.Contains(list.Scopes, fakeapi.ScopeReadonly), r.reason(t) != "insufficientPermissions", method)
	}
}
