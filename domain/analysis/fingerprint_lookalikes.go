package analysis

import "unicode"

// lookalikes lists, behind each Latin letter, letters of other alphabets and
// stylistic forms that a reader takes for it. It follows the idea of Unicode's
// confusables (UTS #39), cut down to what is used to write Latin words: both
// cases of Cyrillic, Greek, Armenian and Cherokee letters, and small capitals.
var lookalikes = map[rune]string{
	'a': "аАαΑɑᴀΆάᎪ",
	'b': "ЬВΒʙᏴ",
	'c': "сСϲϹᴄᏟ",
	'd': "ԁԀᴅᎠ",
	'e': "еЕёЁΕᴇЀѐᎬ",
	'f': "ꜰϜ",
	'g': "ɡɢԌԍᏀ",
	'h': "һҺНнΗʜᎻ",
	'i': "іІїЇιΙίΊɪᎥ",
	'j': "јЈᴊᎫ",
	'k': "кКκΚᴋᏦ",
	'l': "ӏӀʟᏞ",
	'm': "мМΜᴍᎷ",
	'n': "пΝηɴռո",
	'o': "оОοΟόΌօՕᴏ",
	'p': "рРρΡᴘᏢ",
	'q': "ԛԚ",
	'r': "гʀᏒ",
	's': "ѕЅꜱᏚՏ",
	't': "тТτΤᴛᎢ",
	'u': "υսᴜՍ",
	'v': "νѵѴᴠᏙ",
	'w': "ԝԜωᴡᏔ",
	'x': "хХχΧ",
	'y': "уУүҮΥʏᎩ",
	'z': "ᴢΖᏃ",
}

var lookalikeOf = invert(lookalikes)

// accented lists, behind each Latin letter, the letters that are it with a
// mark: Latin-1, Latin Extended-A and the Vietnamese ones.
var accented = map[rune]string{
	'a': "àáâãäåāăąạảấầẩẫậắằẳẵặ",
	'c': "çćĉċč",
	'd': "ďđ",
	'e': "èéêëēĕėęěẹẻẽếềểễệ",
	'g': "ĝğġģ",
	'h': "ĥħ",
	'i': "ìíîïĩīĭįıỉị",
	'j': "ĵ",
	'k': "ķ",
	'l': "ĺļľŀł",
	'n': "ñńņňŉ",
	'o': "òóôõöøōŏőơọỏốồổỗộớờởỡợ",
	'r': "ŕŗř",
	's': "śŝşš",
	't': "ţťŧ",
	'u': "ùúûüũūŭůűųưụủứừửữự",
	'w': "ŵ",
	'y': "ýÿŷỳỵỷỹ",
	'z': "źżž",
}

var baseOf = invert(accented)

func invert(table map[rune]string) map[rune]rune {
	inverted := make(map[rune]rune, 256)
	for latin, others := range table {
		for _, r := range others {
			inverted[r] = latin
		}
	}
	return inverted
}

// LooksLike returns the lower-case Latin letter or the digit that r is made to
// look like: a letter of another alphabet, or a full-width, mathematical,
// circled or squared form. It is 0 for everything else, ASCII included.
//
// Real words of the other alphabets are made of the same letters, so a
// look-alike means something only where it stands among Latin ones.
func LooksLike(r rune) rune {
	switch {
	case r < 0x180:
		return 0
	case r >= 0xFF01 && r <= 0xFF5E:
		return lowerASCII(r - 0xFF01 + '!')
	case r >= 0x1D400 && r <= 0x1D7FF:
		return mathematical(r)
	case r >= 0x24B6 && r <= 0x24E9: // circled
		return 'a' + (r-0x24B6)%26
	case r >= 0x249C && r <= 0x24B5: // parenthesised
		return 'a' + r - 0x249C
	case r >= 0x1F110 && r <= 0x1F189 && (r-0x1F110)%32 < 26: // parenthesised, squared, negative
		return 'a' + (r-0x1F110)%32
	}
	return lookalikeOf[r]
}

// mathematical reads the Mathematical Alphanumeric Symbols: 13 alphabets of 26
// capitals and 26 small letters, Greek ones (left alone), and five rows of
// digits.
func mathematical(r rune) rune {
	switch {
	case r < 0x1D6A4:
		return 'a' + (r-0x1D400)%26
	case r >= 0x1D7CE:
		return '0' + (r-0x1D7CE)%10
	}
	return 0
}

// lowerASCII returns r where it is an ASCII letter or digit, in lower case.
func lowerASCII(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		return r
	case 'A' <= r && r <= 'Z':
		return r + 'a' - 'A'
	}
	return 0
}

// withoutAccent returns the Latin letter under an accented one, else 0.
func withoutAccent(r rune) rune {
	if r < 0xC0 || (r > 0x17F && r < 0x1A0) || (r > 0x1B0 && r < 0x1EA0) || r > 0x1EF9 {
		return 0
	}
	return baseOf[unicode.ToLower(r)]
}
