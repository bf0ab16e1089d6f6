package spam

import (
	"strings"
	"unicode"
)

// links is what a text links to.
type links struct {
	// all counts addresses, written out or bare domains.
	all int
	// hidden counts addresses written so that a platform does not see them:
	// "example dot com".
	hidden int
	// short, social, money and own count addresses by host: shorteners, social
	// networks and music hosts, places to give money or to earn some by
	// referrals, YouTube itself, and hosts of pictures, sources and references
	// that a discussion leans on.
	short, social, money, own, reference int
}

// maxLink bounds an address, in characters.
const maxLink = 500

// schemes begin an address; the last one is that of a video whose host was
// left out to get past a filter.
var schemes = [...]string{"http://", "https://", "hxxp://", "www.", "/watch?v="}

// linkAt returns the length of the address with a scheme or www that begins at
// i, 0 where none does.
func linkAt(text []rune, i int) int {
	if c := text[i]; (c != 'h' && c != 'w' && c != '/') || (i > 0 && inWord(text[i-1])) {
		return 0
	}
	for _, scheme := range schemes {
		if !hasPrefix(text[i:], scheme) {
			continue
		}
		end := i + len(scheme)
		for end < len(text) && end-i < maxLink && !unicode.IsSpace(text[end]) && !strings.ContainsRune(`"<>`, text[end]) {
			end++
		}
		if end-i > len(scheme)+3 {
			return end - i
		}
	}
	return 0
}

func hasPrefix(text []rune, prefix string) bool {
	if len(text) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if text[i] != rune(prefix[i]) {
			return false
		}
	}
	return true
}

// address counts an address by its host.
func (l *links) address(address string) {
	l.all++
	if _, rest, found := strings.Cut(address, "://"); found {
		address = rest
	}
	host := address
	if end := strings.IndexAny(address, "/?#:"); end >= 0 {
		host = address[:end]
	}
	l.host(host)
}

// host counts a host under what its last two labels are known for.
func (l *links) host(host string) {
	host = strings.TrimPrefix(host, "www.")
	last := strings.LastIndexByte(host, '.')
	if last < 0 {
		return
	}
	if before := strings.LastIndexByte(host[:last], '.'); before >= 0 {
		host = host[before+1:]
	}
	switch host {
	case "youtube.com", "youtu.be":
		l.own++
	case "imgur.com", "reddit.com", "redd.it", "wikipedia.org", "gfycat.com", "github.com", "stackoverflow.com",
		"archive.org", "nexusmods.com", "steampowered.com", "nytimes.com", "bbc.com", "theguardian.com", "reuters.com", "arxiv.org":
		l.reference++
	case "bit.ly", "adf.ly", "goo.gl", "tinyurl.com", "t.co", "ow.ly", "is.gd", "cutt.ly", "rb.gy", "j.mp", "shorturl.at":
		l.short++
	case "facebook.com", "instagram.com", "twitter.com", "x.com", "soundcloud.com", "twitch.tv", "tiktok.com",
		"google.com", "spotify.com", "vk.com", "t.me", "wa.me", "telegram.me", "whatsapp.com", "discord.gg", "onlyfans.com":
		l.social++
	case "gofundme.com", "kickstarter.com", "indiegogo.com", "patreon.com", "paypal.me", "paypal.com", "ebay.com",
		"amazon.com", "change.org", "bubblews.com", "tsu.co", "fiverr.com", "cash.app", "teespring.com":
		l.money++
	}
}

// domainEndings are top-level domains by which a bare domain is known. Those
// that are words of a large language ("me", "it", "de", "co", "shop") are left
// out: people forget the blank behind a full stop.
var domainEndings = wordSet("com net org info biz ru tk ly gl tv uk eu xyz")

// hiddenEndings are those that hidden addresses use.
var hiddenEndings = wordSet("com org net ru tk xyz")

// domains finds addresses without a scheme among the words: "example.com",
// "example . com", "example dot com".
func (t *tokens) domains() {
	for i := 1; i < len(t.words); i++ {
		ending, name := t.words[i], t.words[i-1]
		if name.concept == conceptLink || ending.concept == conceptLink {
			continue
		}
		switch {
		case ending.gap == gapDot && (domainEndings[string(t.text(ending))] || ending.slash && isEnding(t.text(ending))):
			t.links.all++
			t.links.host(string(t.text(name)) + "." + string(t.text(ending)))
			t.words[i-1].concept, t.words[i].concept = conceptLink, conceptLink
		case ending.gap == gapLooseDot && hiddenEndings[string(t.text(ending))],
			i > 1 && string(t.text(name)) == "dot" && hiddenEndings[string(t.text(ending))]:
			t.links.hidden++
			t.words[i-1].concept, t.words[i].concept = conceptLink, conceptLink
		}
	}
}

// isEnding tells whether a word in front of a slash may be a top-level domain.
func isEnding(word []byte) bool {
	for _, c := range word {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	return len(word) >= 2 && len(word) <= 6
}

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}
