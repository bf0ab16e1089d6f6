package analysis

import (
	"unicode"
	"unicode/utf8"
)

const (
	// fingerprintMinChars is the length below which a text has no fingerprint:
	// everybody writes "nice video" (design §3, field-notes 3.4 item 11).
	fingerprintMinChars = 20
	// fingerprintMinLetters is how many letters must be left: a text of emoji
	// or timestamps has nothing to be recognised by.
	fingerprintMinLetters = 10
	// fingerprintMaxLetters bounds the work on long texts. Two texts that agree
	// in so many letters are the same text.
	fingerprintMaxLetters = 2000

	fnvOffset uint64 = 14695981039346656037
	fnvPrime  uint64 = 1099511628211
)

// Fingerprint recognises repeated and near-repeated texts: two texts with the
// same fingerprint say the same. It is 0, no fingerprint, for texts under 20
// characters and for those of which fewer than 10 letters are left.
//
// It is the 64-bit FNV-1a of the text's first 2,000 letters, UTF-8 encoded,
// after these steps, so that the usual ways to vary a repeated text do not
// change it:
//
//   - letters that look like a Latin one become that one (LooksLike), accented
//     Latin letters lose their accents, everything is in lower case;
//   - whatever is no letter is dropped: digits, punctuation, symbols, emoji,
//     white space, combining marks, zero-width and bidirectional controls;
//   - a letter repeated at once counts once: "soooo" is "so".
//
// Fingerprints are stored: neither the steps nor the tables may change.
func Fingerprint(text string) uint64 {
	if len(text) < fingerprintMinChars || utf8.RuneCountInString(text) < fingerprintMinChars {
		return 0
	}
	hash, letters := fnvOffset, 0
	var last rune
	for _, r := range text {
		r = fingerprintLetter(r)
		if r == 0 || r == last {
			continue
		}
		last = r
		hash = hashRune(hash, r)
		if letters++; letters == fingerprintMaxLetters {
			break
		}
	}
	if letters < fingerprintMinLetters {
		return 0
	}
	return max(hash, 1)
}

// fingerprintLetter returns what r counts as, 0 where it counts for nothing.
func fingerprintLetter(r rune) rune {
	if r < utf8.RuneSelf {
		switch {
		case 'a' <= r && r <= 'z':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return 0
	}
	if latin := LooksLike(r); latin != 0 {
		if latin < 'a' { // a digit in disguise
			return 0
		}
		return latin
	}
	if base := withoutAccent(r); base != 0 {
		return base
	}
	if !unicode.IsLetter(r) {
		return 0
	}
	return unicode.ToLower(r)
}

func hashRune(hash uint64, r rune) uint64 {
	if r < utf8.RuneSelf {
		return (hash ^ uint64(r)) * fnvPrime
	}
	var buf [utf8.UTFMax]byte
	for _, b := range buf[:utf8.EncodeRune(buf[:], r)] {
		hash = (hash ^ uint64(b)) * fnvPrime
	}
	return hash
}
