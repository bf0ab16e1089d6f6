package reddit

import (
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The parts of the API's answers that are used, named as Reddit names them.
// Absent and null fields are their zero values.

// The kinds of thing.
const (
	kindComment    = "t1"
	kindSubmission = "t3"
	kindMore       = "more"
	kindListing    = "Listing"
)

// thing is a comment, a submission or a placeholder for comments left out.
type thing struct {
	Kind string `json:"kind"`
	Data item   `json:"data"`
}

// item has the fields of all kinds of thing: which one it is, stands beside it.
type item struct {
	ID       string `json:"id"`
	ParentID string `json:"parent_id"`
	LinkID   string `json:"link_id"`

	Author         string `json:"author"`
	AuthorFullname string `json:"author_fullname"`
	IsSubmitter    bool   `json:"is_submitter"`
	Body           string `json:"body"`
	Score          number `json:"score"`
	CreatedUTC     moment `json:"created_utc"`
	Edited         moment `json:"edited"`
	Permalink      string `json:"permalink"`

	Title             string `json:"title"`
	Selftext          string `json:"selftext"`
	NumComments       number `json:"num_comments"`
	RemovedByCategory string `json:"removed_by_category"`

	Replies  replies  `json:"replies"`
	Children []string `json:"children"`
}

// listing is a page of things.
type listing struct {
	Kind string `json:"kind"`
	Data struct {
		After    string  `json:"after"`
		Children []thing `json:"children"`
	} `json:"data"`
	Error errorCode `json:"error"`
}

// moreAnswer is what morechildren answers under api_type=json.
type moreAnswer struct {
	JSON *struct {
		Errors    [][]word `json:"errors"`
		RateLimit number   `json:"ratelimit"`
		Data      struct {
			Things []thing `json:"things"`
		} `json:"data"`
	} `json:"json"`
	Error errorCode `json:"error"`
}

// replies are a listing, or "" where there are none.
type replies []thing

// UnmarshalJSONFrom reads a listing where there is one. It goes on with the
// same decoder, so that deep threads are read once and not once a level.
func (r *replies) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != '{' {
		return d.SkipValue()
	}
	var l listing
	if err := json.UnmarshalDecode(d, &l); err != nil {
		return err
	}
	*r = l.Data.Children
	return nil
}

// number is a whole number that may be written as a float. What is none is 0;
// large ones are cut so that sums cannot overflow.
type number int64

const maxNumber = math.MaxInt32 * 1024

// UnmarshalJSONFrom reads any value.
func (n *number) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	if f, err := strconv.ParseFloat(string(value), 64); err == nil {
		*n = number(max(-maxNumber, min(f, maxNumber)))
	}
	return nil
}

// moment is a time in seconds since 1970. `edited` is false where there was
// none, and true where nobody kept the time: both are zero.
type moment time.Time

// latest is the last second of the year 9999, the last that all stores take.
const latest = 253402300799

// UnmarshalJSONFrom reads any value.
func (m *moment) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	if f, err := strconv.ParseFloat(string(value), 64); err == nil && f > 0 && f <= latest {
		*m = moment(time.Unix(int64(f), 0).UTC())
	}
	return nil
}

// word is a text among values of any type.
type word string

// UnmarshalJSONFrom reads any value; what is no text is empty.
func (w *word) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	value, err := d.ReadValue()
	if err != nil || value.Kind() != '"' {
		return err
	}
	text, err := jsontext.AppendUnquote(nil, value)
	*w = word(text)
	if err != nil {
		*w = "" // broken UTF-8: no word that anybody knows
	}
	return nil
}

// errorCode is the number under "error"; 0 where there is none.
type errorCode int

// UnmarshalJSONFrom reads any value.
func (e *errorCode) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var n number
	err := n.UnmarshalJSONFrom(d)
	if n > 0 && n < 1000 {
		*e = errorCode(n)
	}
	return err
}

// decodeOptions take what platforms send: broken UTF-8 is replaced by U+FFFD,
// and looking for repeated names would only cost time.
var decodeOptions = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// decode reads an answer whole; trailing data and null are errors.
func decode[T any](body []byte) (T, error) {
	var answer *T
	var zero T
	if err := json.Unmarshal(body, &answer, decodeOptions); err != nil {
		return zero, err
	}
	if answer == nil {
		return zero, &json.SemanticError{JSONKind: 'n'}
	}
	return *answer, nil
}

// maxID is the longest id that Reddit can give: 13 digits to the base of 36
// fill its 64 bits.
const maxID = 13

// usableID tells whether a text is an id to the base of 36: nothing else is
// kept, sent, or written into a token.
func usableID(id string) bool {
	if id == "" || len(id) > maxID {
		return false
	}
	for i := range len(id) {
		if c := id[i]; (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// fullname returns the id of a thing among things of all kinds.
func fullname(kind, id string) string { return kind + "_" + id }

// usableName tells whether a text is the full name of a comment or a submission.
func usableName(name string) bool {
	const prefix = len(kindComment) + len("_")
	if len(name) <= prefix {
		return false
	}
	kind := name[:prefix]
	return (kind == kindComment+"_" || kind == kindSubmission+"_") && usableID(name[prefix:])
}
