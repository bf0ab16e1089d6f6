package youtube

import (
	"strconv"
	"strings"

	"github.com/soundings-io/soundings/domain/fault"
)

// replyToken says where a walk through the replies of several threads stands.
// Written down it is "1.THREAD.PAGE", or "1b.THREAD.PAGE" once a thread was
// broken; 1 is the version.
type replyToken struct {
	// thread is an index into the listing's ids. Behind the last one it stands
	// only to say that something was broken.
	thread int
	// page is the provider's token within the thread, empty at its beginning.
	page string
	// broken remembers that the provider led in a circle in some thread: the
	// others are still walked, and the listing ends with paging_broken.
	broken bool
}

const (
	wholeToken  = "1"
	brokenToken = "1b"
)

// String returns the token as it is stored.
func (t replyToken) String() string {
	version := wholeToken
	if t.broken {
		version = brokenToken
	}
	return version + "." + strconv.Itoa(t.thread) + "." + t.page
}

// parseReplyToken reads a stored token of a listing of so many threads. What
// it did not write is refused as the provider would refuse it: Conflict, so
// that the caller starts the listing anew.
func parseReplyToken(text string, threads int) (replyToken, error) {
	if text == "" {
		return replyToken{}, nil
	}
	version, rest, _ := strings.Cut(text, ".")
	index, page, found := strings.Cut(rest, ".")
	at, err := strconv.Atoi(index)
	t := replyToken{thread: at, page: page, broken: version == brokenToken}
	known := t.broken || version == wholeToken
	// strconv.Itoa again, because Atoi takes "+1" and "01" as well.
	if err != nil || !found || !known || at < 0 || strconv.Itoa(at) != index || !t.within(threads) {
		return replyToken{}, fault.New(fault.Conflict, fault.CodePagingBroken,
			"a stored page token cannot be read; the list of replies is begun anew")
	}
	return t, nil
}

func (t replyToken) within(threads int) bool {
	return t.thread < threads || t.thread == threads && t.broken && t.page == ""
}

// ended tells whether every thread was walked.
func (t replyToken) ended(threads int) bool { return t.thread >= threads }

// after returns the stored token of the page behind this one, where the
// provider's answer named next; empty at the end of the listing.
func (t replyToken) after(next string, threads int) string {
	switch {
	case next != "" && next != t.page:
		t.page = next
		return t.String()
	case next != "":
		t.broken = true
	}
	t.thread, t.page = t.thread+1, ""
	if t.ended(threads) && !t.broken {
		return ""
	}
	return t.String()
}
