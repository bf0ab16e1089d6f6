package oauth

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/soundings-io/soundings/domain/access"
)

// reply is the JSON object of an answer, empty for anything else. Its members
// are read one by one, so that one of an odd type spoils no other.
type reply map[string]json.RawMessage

func readReply(body []byte) reply {
	var r reply
	if json.Unmarshal(body, &r) != nil {
		return nil
	}
	return r
}

// text returns a member that is a string; empty for any other.
func (r reply) text(name string) string {
	var s string
	if json.Unmarshal(r[name], &s) != nil {
		return ""
	}
	return s
}

// number returns a member that is a number, in quotes or without; 0 for any
// other.
func (r reply) number(name string) float64 {
	n, err := strconv.ParseFloat(strings.Trim(string(r[name]), `"`), 64)
	if err != nil {
		return 0
	}
	return n
}

// has tells whether a member is there and says something.
func (r reply) has(name string) bool {
	switch string(r[name]) {
	case "", "null", `""`, "false":
		return false
	}
	return true
}

// longest bounds what is believed of an expiry.
const longest = 10 * 365 * 24 * time.Hour

// after returns when a number of seconds from the time is over; zero where the
// member tells nothing, because a token without a known end is still a token.
func (r reply) after(from time.Time, name string) time.Time {
	seconds := r.number(name)
	if !(seconds > 0) { // not a number, too
		return time.Time{}
	}
	length := time.Duration(min(seconds, longest.Seconds()) * float64(time.Second))
	return from.UTC().Add(length).Truncate(time.Second)
}

// words returns a member that is a string of words or a list of them, nil for
// none. Reddit has put commas between them.
func (r reply) words(name string) []string {
	text := r.text(name)
	var list []string
	if text == "" && json.Unmarshal(r[name], &list) == nil {
		text = strings.Join(list, " ")
	}
	words := strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == ',' })
	if len(words) == 0 {
		return nil
	}
	return words
}

// grant reads what a token endpoint gave at that time.
func (r reply) grant(asked time.Time) (access.Grant, bool) {
	token, kind := r.text("access_token"), r.text("token_type")
	if !sendable(token) || kind != "" && !strings.EqualFold(kind, "bearer") {
		return access.Grant{}, false
	}
	g := access.Grant{
		Credentials: access.Credentials{Access: access.NewToken(token)},
		ExpiresAt:   r.after(asked, "expires_in"),
		EndsAt:      r.after(asked, "refresh_token_expires_in"), // Google, for access that a user limited in time
		Scopes:      r.words("scope"),
	}
	if refresh := r.text("refresh_token"); sendable(refresh) {
		g.Refresh = access.NewToken(refresh)
	}
	return g, true
}

// sendable tells whether a token fits into a header.
func sendable(token string) bool {
	const longest = 16 << 10 // bytes
	return token != "" && len(token) <= longest &&
		!strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c >= 0x7f })
}
