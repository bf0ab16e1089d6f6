package fakeapi

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// youtube is the fake YouTube Data API v3: the six list methods that
// Soundings uses.
type youtube struct {
	data        *Data
	credentials *credentials
	methods     map[string]method
	// quota is how many calls are answered before quotaExceeded; 0 is no limit.
	quota int64
	used  atomic.Int64
	// emptyItems makes an empty list carry "items":[]; by default the field is
	// absent, as it often is in the wild.
	emptyItems bool
}

// method is one list method of the API.
type method struct {
	kind   string
	parts  []string
	params []string
	// perPage and most are the default and the limit of maxResults.
	perPage, most int
	scopes        []string
	list          func(*youtube, listRequest) (list, *apiError)
}

// listRequest is a request whose parameters were checked.
type listRequest struct {
	query url.Values
	parts []string
	max   int
	// ids are the values of id, in order.
	ids    []string
	effect Effect
	// token is the zero token for a call with a key.
	token AccessToken
}

func (q listRequest) wants(part string) bool { return slices.Contains(q.parts, part) }

// list is one page of a listing: its items rendered and joined by commas.
type list struct {
	items []byte
	count int
	next  string
	// total is left out where it is -1, pageInfo as a whole where perPage is 0.
	total, perPage int
}

var (
	commentScopes = []string{ScopeForceSSL}
	readScopes    = []string{ScopeForceSSL, ScopeReadonly, "https://www.googleapis.com/auth/youtube"}
	// standardParams are understood by every Google API. The fake accepts
	// `fields` and hands out whole resources all the same.
	standardParams = []string{"key", "alt", "fields", "prettyPrint", "quotaUser", "part", "maxResults", "pageToken", "hl"}
)

func newYouTube(data *Data, c *credentials) *youtube {
	return &youtube{data: data, credentials: c, methods: map[string]method{
		"videos": {kind: "youtube#videoListResponse", perPage: 5, most: 50, scopes: readScopes, list: (*youtube).listVideos,
			parts: []string{"snippet", "statistics", "contentDetails", "status", "id"}, params: []string{"id"}},
		"channels": {kind: "youtube#channelListResponse", perPage: 5, most: 50, scopes: readScopes, list: (*youtube).listChannels,
			parts: []string{"snippet", "statistics", "contentDetails", "status", "id"}, params: []string{"id", "forHandle", "forUsername", "mine"}},
		"playlists": {kind: "youtube#playlistListResponse", perPage: 5, most: 50, scopes: readScopes, list: (*youtube).listPlaylists,
			parts: []string{"snippet", "contentDetails", "status", "id"}, params: []string{"id", "channelId"}},
		"playlistItems": {kind: "youtube#playlistItemListResponse", perPage: 5, most: 50, scopes: readScopes, list: (*youtube).listPlaylistItems,
			parts: []string{"snippet", "contentDetails", "status", "id"}, params: []string{"playlistId"}},
		"commentThreads": {kind: "youtube#commentThreadListResponse", perPage: 20, most: 100, scopes: commentScopes, list: (*youtube).listThreads,
			parts: []string{"snippet", "replies", "id"}, params: []string{"videoId", "id", "allThreadsRelatedToChannelId", "order", "textFormat"}},
		"comments": {kind: "youtube#commentListResponse", perPage: 20, most: 100, scopes: commentScopes, list: (*youtube).listComments,
			parts: []string{"snippet", "id"}, params: []string{"parentId", "id", "textFormat"}},
	}}
}

// fault renders a reason of Google's envelope.
func (y *youtube) fault(r Rule) answer {
	e := reasonNamed(cmp.Or(r.Reason, "backendError"))
	e.status = cmp.Or(r.Status, e.status)
	return e.answer()
}

// answer answers one call; path is what stands behind the base path.
func (y *youtube) answer(r *http.Request, path string, effect Effect) answer {
	m, ok := y.methods[path]
	if !ok || r.Method != http.MethodGet {
		return htmlAnswer(http.StatusNotFound)
	}
	token, e := y.credentials.check(r, m.scopes)
	if e != nil {
		return e.answer()
	}
	if y.quota > 0 && y.used.Add(1) > y.quota {
		return reasonNamed("quotaExceeded").answer()
	}
	q, e := m.parse(r.URL.Query(), effect)
	if e != nil {
		return e.answer()
	}
	q.token = token
	page, e := m.list(y, q)
	if e != nil {
		return e.answer()
	}
	if effect == EmptyPage {
		page.items, page.count = page.items[:0], 0
	}
	body := y.envelope(m.kind, page)
	giveBack(page.items)
	return rawAnswer(http.StatusOK, body)
}

// parse checks a request's parameters as the API does: unknown ones are refused.
func (m method) parse(query url.Values, effect Effect) (listRequest, *apiError) {
	q := listRequest{query: query, max: m.perPage, effect: effect, ids: split(query["id"]), parts: split(query["part"])}
	for name := range query {
		if !slices.Contains(standardParams, name) && !slices.Contains(m.params, name) {
			return q, refuse("badRequest", name, `Invalid JSON payload received. Unknown name "`+name+`": Cannot bind query parameter.`)
		}
	}
	if len(q.parts) == 0 {
		return q, refuse("missingRequiredParameter", "part", "Required parameter: part")
	}
	for _, part := range q.parts {
		if !slices.Contains(m.parts, part) {
			return q, refuse("unknownPart", "part", "'"+part+"'")
		}
	}
	if len(q.ids) > 50 {
		return q, refuse("invalidParameter", "id", "The id parameter names more than 50 resources.")
	}
	if text := query.Get("maxResults"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > m.most {
			return q, refuse("invalidParameter", "maxResults",
				"Invalid value '"+text+"'. Values must be within the range: [1, "+strconv.Itoa(m.most)+"]")
		}
		q.max = n
	}
	if effect == RefusePageToken && query.Get("pageToken") != "" {
		return q, refuse("invalidPageToken", "", "")
	}
	return q, nil
}

// refuse returns an error with another parameter and message, where given.
func refuse(reason, parameter, message string) *apiError {
	e := reasonNamed(reason)
	if parameter != "" {
		e = e.at(parameter)
	}
	if message != "" {
		e = e.withMessage(message)
	}
	return &e
}

// oneFilter returns the one filter of a request, or why there is not one.
func (q listRequest) oneFilter(names ...string) (string, *apiError) {
	found := ""
	for _, name := range names {
		switch {
		case !q.query.Has(name):
		case found != "":
			return "", refuse("incompatibleParameters", "parameters", "Incompatible parameters specified in the request: "+found+", "+name)
		default:
			found = name
		}
	}
	if found == "" {
		return "", refuse("missingRequiredParameter", "", "No filter selected. Expected one of: "+strings.Join(names, ", "))
	}
	return found, nil
}

// split returns the values of a list parameter, repeated or joined by commas.
func split(values []string) []string {
	var all []string
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				all = append(all, part)
			}
		}
	}
	return all
}

// envelope renders a list response around its items.
func (y *youtube) envelope(kind string, l list) []byte {
	b := append(append(borrow(), `{"kind":"`...), kind...)
	b = appendETag(append(b, `",`...), kind, l.next, strconv.Itoa(l.count))
	if l.next != "" {
		b = appendField(b, "nextPageToken", l.next)
	}
	if l.perPage > 0 {
		b = append(b, `,"pageInfo":{`...)
		if l.total >= 0 {
			b = append(append(b, `"totalResults":`...), strconv.Itoa(l.total)...)
			b = append(b, ',')
		}
		b = append(append(b, `"resultsPerPage":`...), strconv.Itoa(l.perPage)...)
		b = append(b, '}')
	}
	if l.count > 0 || y.emptyItems {
		b = append(append(append(b, `,"items":[`...), l.items...), ']')
	}
	return append(b, '}')
}
