package application

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/soundings-io/soundings/domain/fault"
)

const longestReturnTo = 2048

// checkReturnTo returns nil for an address at one of the origins, else Invalid.
// Browsers read backslashes, control characters and user names in ways of their
// own, so that an address with one is refused whatever it seems to say.
func checkReturnTo(address string, origins []string) error {
	odd := func(r rune) bool { return r == '\\' || unicode.IsControl(r) || unicode.IsSpace(r) }
	u, err := url.Parse(address)
	if err == nil && len(address) <= longestReturnTo && !strings.ContainsFunc(address, odd) && u.User == nil && u.Opaque == "" {
		at, ok := originOf(u)
		if ok && slices.ContainsFunc(origins, func(o string) bool { return sameOrigin(o, at) }) {
			return nil
		}
	}
	return fault.New(fault.Invalid, fault.CodeInvalidValue,
		"returnTo must be an address of the web app: %s", strings.Join(origins, " or ")).In("returnTo")
}

// origin is scheme, host and port (RFC 6454), in lower case, the port always set.
type origin struct{ scheme, host, port string }

func originOf(u *url.URL) (origin, bool) {
	o := origin{scheme: strings.ToLower(u.Scheme), host: strings.ToLower(u.Hostname()), port: u.Port()}
	defaults := map[string]string{"http": "80", "https": "443"}
	standard, web := defaults[o.scheme]
	if o.port == "" {
		o.port = standard
	}
	return o, web && o.host != ""
}

func sameOrigin(allowed string, at origin) bool {
	u, err := url.Parse(allowed)
	if err != nil {
		return false
	}
	o, ok := originOf(u)
	return ok && o == at
}

// withParameter adds a parameter to an address, before its fragment, and keeps
// the query as it is but for parameters of the names that it may add.
func withParameter(address, name, value string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, fault.CodeInternal, "the address to go back to cannot be read")
	}
	var kept []string
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		key, _, _ := strings.Cut(part, "=")
		if part != "" && key != "connection" && key != "error" {
			kept = append(kept, part)
		}
	}
	u.RawQuery = strings.Join(append(kept, name+"="+url.QueryEscape(value)), "&")
	return u.String(), nil
}
