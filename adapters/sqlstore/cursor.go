package sqlstore

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// list names one list: its kind, whose it is, filter and order. Cursors carry
// a hash of it, so that one of another list is refused instead of leading
// somewhere.
type list struct{ hash []byte }

const listHashBytes = 8

func newList(parts ...any) list {
	text, err := json.Marshal(parts)
	if err != nil {
		panic(err) // filters are plain values
	}
	sum := sha256.Sum256(text)
	return list{hash: sum[:listHashBytes]}
}

// seal returns the cursor for the keys of a page's last item.
func (l list) seal(keys []string) string {
	return base64.RawURLEncoding.EncodeToString(append(l.hash[:listHashBytes:listHashBytes], strings.Join(keys, "\n")...))
}

// open returns the keys of a cursor of this list.
func (l list) open(cursor string, keys int) ([]string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) < listHashBytes || string(raw[:listHashBytes]) != string(l.hash) {
		return nil, badCursor()
	}
	found := strings.Split(string(raw[listHashBytes:]), "\n")
	if len(found) != keys || checkIDs(found[keys-1]) != nil {
		return nil, badCursor()
	}
	return found, nil
}

func badCursor() *fault.Error {
	return fault.New(fault.Invalid, fault.CodeBadCursor, "this cursor is not from this list; start without one").In("cursor")
}

// paged cuts the extra item off that tells whether there is a next page.
func paged[T any](l list, items []T, limit int, keys func(T) []string) ports.Listed[T] {
	if len(items) <= limit {
		return ports.Listed[T]{Items: items}
	}
	items = items[:limit]
	return ports.Listed[T]{Items: items, Next: l.seal(keys(items[limit-1]))}
}
