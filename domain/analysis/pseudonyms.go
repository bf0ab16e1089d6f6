package analysis

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strings"

	"github.com/soundings-io/soundings/domain/content"
)

// PseudonymKeySize is how long a key for pseudonyms is, in bytes.
const PseudonymKeySize = 32

// Pseudonyms replace authors by keyed hashes (HMAC-SHA-256): who does not have
// the key can tell that two posts have the same author, not who that is. Texts
// stay as they are, with whom they mention. It is used by one goroutine.
type Pseudonyms struct {
	mac hash.Hash
	sum [sha256.Size]byte
}

// NewPseudonyms returns the pseudonyms under the key.
func NewPseudonyms(key []byte) *Pseudonyms { return &Pseudonyms{mac: hmac.New(sha256.New, key)} }

// nobody is Reddit's author of what was deleted: it names no person.
const nobody = "[deleted]"

// nameDigits make names that a person can tell apart: 48 bits, where the
// external id has all 256.
const nameDigits = 12

// Author returns the author's pseudonym. The same author has the same one, told
// by external id, or by name where there is none; what is empty stays so.
func (p *Pseudonyms) Author(a content.Author) content.Author {
	identity := "id:" + a.ExternalID
	switch {
	case a.ExternalID != "":
	case a.Name == "", a.Name == nobody:
		return a
	default:
		identity = "name:" + a.Name
	}
	p.mac.Reset()
	p.mac.Write([]byte(identity))
	digits := hex.EncodeToString(p.mac.Sum(p.sum[:0]))
	if a.Name != "" {
		a.Name = "author-" + digits[:nameDigits]
	}
	if a.ExternalID != "" {
		a.ExternalID = digits
	}
	return a
}

// Hide replaces what tells the author of the post.
func (p *Pseudonyms) Hide(post *JudgedPost) {
	post.Author = p.Author(post.Author)
	post.URL = withoutName(post.URL)
}

// withoutName returns the address without the user's name that Reddit has in the
// addresses of what was posted on a user's own page: /user/NAME/comments/… or
// /r/u_NAME/comments/…. Reddit finds the post without it as well.
func withoutName(address string) string {
	const site = "https://www.reddit.com"
	path, ok := strings.CutPrefix(address, site)
	if !ok {
		return address
	}
	for _, before := range []string{"/user/", "/u/", "/r/u_"} {
		if len(path) < len(before) || !strings.EqualFold(path[:len(before)], before) {
			continue
		}
		if _, behind, ok := strings.Cut(path[len(before):], "/"); ok {
			return site + "/" + behind
		}
		return site
	}
	return address
}
