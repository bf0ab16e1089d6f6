package fakeapi

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
)

// A page token is opaque to clients: eight bytes that bind it to its listing
// (method, filter and order), then the position. A token of another listing,
// or one that was tampered with, is refused.

const boundBytes = 8

// encodeToken returns the token of the page behind a position.
func encodeToken(listing string, p position) string {
	b := make([]byte, boundBytes, boundBytes+2*binary.MaxVarintLen64+len(p.id))
	b = binary.AppendVarint(b, p.likes)
	b = binary.AppendVarint(b, p.at)
	b = append(b, p.id...)
	binary.BigEndian.PutUint64(b, bind(listing, b[boundBytes:]))
	return base64.URLEncoding.EncodeToString(b)
}

// decodeToken returns the position in a token of that listing, or false.
func decodeToken(listing, token string) (position, bool) {
	b, err := base64.URLEncoding.DecodeString(token)
	if err != nil || len(b) < boundBytes || binary.BigEndian.Uint64(b) != bind(listing, b[boundBytes:]) {
		return position{}, false
	}
	b = b[boundBytes:]
	likes, n := binary.Varint(b)
	at, m := binary.Varint(b[max(n, 0):])
	if n <= 0 || m <= 0 {
		return position{}, false
	}
	return position{likes: likes, at: at, id: string(b[n+m:])}, true
}

func bind(listing string, payload []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(listing)) // a hash never fails
	_, _ = h.Write([]byte{0})
	_, _ = h.Write(payload)
	return h.Sum64()
}
