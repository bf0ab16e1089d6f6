package content

// Losses are the words that Reddit leaves where a text was, at the end of what is
// stored of it, with what became of it (field-notes §3.2).
var Losses = map[string]Cause{
	"[deleted]":             DeletedByAuthor,
	"[removed]":             Removed,
	"[ Removed by Reddit ]": Removed,
	"[unavailable]":         HiddenByPlatform,
}
