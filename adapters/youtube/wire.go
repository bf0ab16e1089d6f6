package youtube

import (
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The parts of the API's answers that are used, named as in its discovery
// document. Absent and null fields are their zero values.

// list is the envelope of every answer. `items` is absent where it is empty.
type list[T any] struct {
	NextPageToken string        `json:"nextPageToken"`
	Items         []T           `json:"items"`
	Error         *errorDetails `json:"error"`
}

type videoItem struct {
	ID         string          `json:"id"`
	Snippet    resourceSnippet `json:"snippet"`
	Statistics struct {
		// CommentCount is absent where comments are disabled.
		CommentCount count `json:"commentCount"`
		LikeCount    count `json:"likeCount"`
	} `json:"statistics"`
}

// resourceSnippet describes a video, a playlist or a channel.
type resourceSnippet struct {
	Title        string `json:"title"`
	Description  string `json:"description"`
	ChannelID    string `json:"channelId"`
	ChannelTitle string `json:"channelTitle"`
	PublishedAt  stamp  `json:"publishedAt"`
}

type playlistResource struct {
	ID      string          `json:"id"`
	Snippet resourceSnippet `json:"snippet"`
}

type channelItem struct {
	ID             string          `json:"id"`
	Snippet        resourceSnippet `json:"snippet"`
	ContentDetails struct {
		RelatedPlaylists struct {
			Uploads string `json:"uploads"`
		} `json:"relatedPlaylists"`
	} `json:"contentDetails"`
}

type playlistItem struct {
	Snippet struct {
		ResourceID struct {
			VideoID string `json:"videoId"`
		} `json:"resourceId"`
	} `json:"snippet"`
	ContentDetails struct {
		VideoID string `json:"videoId"`
	} `json:"contentDetails"`
	Status struct {
		PrivacyStatus string `json:"privacyStatus"`
	} `json:"status"`
}

func (i playlistItem) videoID() string {
	if id := i.ContentDetails.VideoID; id != "" {
		return id
	}
	return i.Snippet.ResourceID.VideoID
}

type threadItem struct {
	ID      string `json:"id"`
	Snippet struct {
		TopLevelComment commentItem `json:"topLevelComment"`
		TotalReplyCount count       `json:"totalReplyCount"`
	} `json:"snippet"`
	Replies struct {
		Comments []commentItem `json:"comments"`
	} `json:"replies"`
}

type commentItem struct {
	ID      string `json:"id"`
	Snippet struct {
		AuthorDisplayName string `json:"authorDisplayName"`
		AuthorChannelID   struct {
			Value string `json:"value"`
		} `json:"authorChannelId"`
		TextOriginal string `json:"textOriginal"`
		TextDisplay  string `json:"textDisplay"`
		LikeCount    count  `json:"likeCount"`
		PublishedAt  stamp  `json:"publishedAt"`
		UpdatedAt    stamp  `json:"updatedAt"`
	} `json:"snippet"`
}

// count is a number that the API writes as a number or as a string. What is
// negative or no number is 0; large ones are cut so that sums cannot overflow.
type count int64

const maxCount = math.MaxInt32 * 1024

// UnmarshalJSONFrom reads a number, a string or null.
func (c *count) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	value, err := scalar(d)
	if err != nil {
		return err
	}
	if n, err := strconv.ParseFloat(string(value), 64); err == nil && n > 0 {
		*c = count(min(n, maxCount))
	}
	return nil
}

// stamp is a time as RFC 3339, zero where it cannot be read: a post is worth
// keeping without its day.
type stamp time.Time

// UnmarshalJSONFrom reads a string or null.
func (s *stamp) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	value, err := scalar(d)
	if err != nil {
		return err
	}
	var t time.Time
	if t.UnmarshalText(value) == nil {
		*s = stamp(t.UTC())
	}
	return nil
}

// scalar reads one value that is neither object, list nor truth value, without
// its quotes. The bytes hold until the next read.
func scalar(d *jsontext.Decoder) ([]byte, error) {
	value, err := d.ReadValue()
	if err != nil {
		return nil, err
	}
	switch value.Kind() {
	case '0', 'n':
		return value, nil
	case '"':
		return value[1 : len(value)-1], nil
	}
	return nil, &json.SemanticError{JSONKind: value.Kind()}
}

// decodeOptions take what platforms send: broken UTF-8 is replaced by U+FFFD,
// and looking for repeated names would only cost time.
var decodeOptions = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// decode reads an answer whole; trailing data and anything but an object are errors.
func decode[T any](body []byte) (list[T], error) {
	var answer *list[T]
	if err := json.Unmarshal(body, &answer, decodeOptions); err != nil {
		return list[T]{}, err
	}
	if answer == nil {
		return list[T]{}, &json.SemanticError{JSONKind: 'n'}
	}
	return *answer, nil
}

// maxID bounds an external id, in bytes; YouTube's longest are reply ids of
// about fifty.
const maxID = 200

// usableID tells whether an id can key a post: what has none is dropped.
func usableID(id string) bool {
	if id == "" || len(id) > maxID {
		return false
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] == 0x7f {
			return false
		}
	}
	return true
}
