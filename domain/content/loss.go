package content

import "strings"

// Losses are the words that Reddit leaves where a text was, at the end of what is
// stored of it, with what became of it (field-notes §3.2).
var Losses = map[string]Cause{
	"[deleted]":             DeletedByAuthor,
	"[removed]":             Removed,
	"[ Removed by Reddit ]": Removed,
	"[unavailable]":         HiddenByPlatform,
}

// Lost tells what became of the text of a deleted post; empty for one that has
// its text. Where nothing else is said, the author took it away.
func (p Post) Lost() Cause {
	if !p.Deleted {
		return ""
	}
	for words, cause := range Losses {
		if strings.HasSuffix(p.Text, words) {
			return cause
		}
	}
	return DeletedByAuthor
}
