package content

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxAddressBytes is where an address ends to be one: browsers and servers cut
// near 2,048 bytes, and no provider needs a tenth of it.
const maxAddressBytes = 2048

// address is a web address taken apart, with a host that is safe to compare.
type address struct {
	// host is lower-case ASCII without a port.
	host string
	// path holds the path's segments, percent-decoded, without empty ones.
	path     []string
	query    url.Values
	fragment string
}

// segment returns the path's i-th segment, empty behind the end.
func (a address) segment(i int) string {
	if i >= len(a.path) {
		return ""
	}
	return a.path[i]
}

// word returns the path's i-th segment in lower case, for looking up in a table.
func (a address) word(i int) string { return strings.ToLower(a.segment(i)) }

// readAddress takes a pasted text apart and refuses everything about it that is
// hostile or broken, whatever the host. Messages leave the parser's own words
// out, because they repeat the address and with it any password.
func readAddress(text string) (address, error) {
	if len(text) > maxAddressBytes {
		return address{}, refuseURL("This address is longer than 2,048 bytes. Paste it without what follows the id.")
	}
	text = trimPaste(text)
	if text == "" {
		return address{}, refuseURL("There is no address. " + pasteAny)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, neverInAddress) {
		return address{}, refuseURL("An address has no spaces, backslashes or control characters. Paste one address and nothing else.")
	}
	u, err := url.Parse(withScheme(text))
	if err != nil {
		return address{}, refuseURL("This address is malformed. Copy it again from the browser's address bar.")
	}
	if err := checkAuthority(u); err != nil {
		return address{}, err
	}
	path, err := pathSegments(u.EscapedPath())
	if err != nil {
		return address{}, err
	}
	// Addresses copied from a page's source have &amp; for &.
	u.RawQuery = strings.ReplaceAll(u.RawQuery, "&amp;", "&")
	return address{
		host: strings.ToLower(u.Hostname()), path: path, query: u.Query(), fragment: u.Fragment,
	}, nil
}

// trimPaste removes what comes along with a pasted address: white space,
// invisible marks, and the angle brackets of mails and Markdown.
func trimPaste(text string) string {
	text = strings.TrimFunc(text, aroundAddress)
	if inner, found := strings.CutPrefix(text, "<"); found {
		text = strings.TrimFunc(strings.TrimSuffix(inner, ">"), aroundAddress)
	}
	return text
}

func aroundAddress(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// neverInAddress tells characters that no address has. Programs disagree about
// the host where there is a backslash, and format characters (Cf) can turn the
// direction of reading.
func neverInAddress(r rune) bool {
	return r == '\\' || unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r)
}

// withScheme adds https where the text has no scheme. A name before the first
// colon that has a dot is a host with a port.
func withScheme(text string) string {
	if strings.HasPrefix(text, "//") {
		return "https:" + text
	}
	before, _, found := strings.Cut(text, ":")
	if found && !strings.ContainsAny(before, "./?#") {
		return text
	}
	return "https://" + text
}

// defaultPorts are the ports that an address may name, by scheme.
var defaultPorts = map[string]string{"http": ":80", "https": ":443"}

// checkAuthority refuses everything between the scheme and the path that could
// lead elsewhere than it seems to.
func checkAuthority(u *url.URL) error {
	port, known := defaultPorts[u.Scheme]
	host := strings.TrimSuffix(u.Host, port)
	switch {
	case !known:
		return refuseURL("An address begins with https:// or http://. " + pasteAny)
	case u.User != nil:
		return refuseURL("This address holds a user name or password before its host. Paste it without.")
	case strings.Contains(host, ":") && !strings.HasPrefix(host, "["):
		return refuseURL("This address names a port. Paste it without.")
	case !isHostName(host):
		return refuseURL("This address has no readable host name. " + pasteAny)
	}
	return nil
}

// isHostName tells whether host is a DNS name in plain ASCII: no homographs,
// no percent codes, no IPv6 literal, no empty label, no dot at the end.
func isHostName(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || strings.ContainsFunc(label, notInLabel) {
			return false
		}
	}
	return true
}

func notInLabel(r rune) bool {
	return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

// pathSegments splits before decoding, so that an encoded slash stays inside
// its segment, where no id or name allows it.
func pathSegments(escapedPath string) ([]string, error) {
	var segments []string
	for raw := range strings.SplitSeq(escapedPath, "/") {
		segment, err := url.PathUnescape(raw)
		if err != nil || !utf8.ValidString(segment) || slices.Contains([]string{".", ".."}, segment) ||
			strings.ContainsFunc(segment, unicode.IsControl) {
			return nil, refuseURL("The path of this address is malformed. Copy it again from the browser's address bar.")
		}
		if segment != "" {
			segments = append(segments, segment)
		}
	}
	return segments, nil
}
