package reddit

import "github.com/soundings-io/soundings/domain/fault"

// verdict is what a reason means for the caller.
type verdict struct {
	kind  fault.Kind
	code  fault.Code
	words string
}

var (
	gone = verdict{kind: fault.NotFound, code: fault.CodeSourceNotFound,
		words: "Reddit does not know this post, subreddit or user; it was deleted or suspended, or the address has a mistake in it"}
	noSubreddit = verdict{kind: fault.NotFound, code: fault.CodeSourceNotFound,
		words: "there is no such subreddit; check the spelling of its name"}
	banned = verdict{kind: fault.NotFound, code: fault.CodeSourceNotFound,
		words: "Reddit has banned this subreddit and shows nothing of it any more"}
	private = verdict{kind: fault.Forbidden, code: fault.CodeSourceForbidden,
		words: "this subreddit is private; connect a Reddit account that is a member of it"}
	quarantined = verdict{kind: fault.Forbidden, code: fault.CodeSourceForbidden,
		words: "Reddit has quarantined this subreddit; open it on reddit.com with the connected account, agree to see it, and try again"}
	gated = verdict{kind: fault.Forbidden, code: fault.CodeSourceForbidden,
		words: "Reddit shows this subreddit only to who agreed to a warning; open it on reddit.com with the connected account, agree, and try again"}
	membersOnly = verdict{kind: fault.Forbidden, code: fault.CodeSourceForbidden,
		words: "Reddit shows this only to accounts that are signed in and may see it; connect such an account"}
	closed = verdict{kind: fault.Forbidden, code: fault.CodeSourceForbidden,
		words: "Reddit does not show this without saying why; it is private or quarantined, so connect a Reddit account that may see it"}
	withheld = verdict{kind: fault.Forbidden, code: fault.CodeSourceForbidden,
		words: "Reddit withholds this for legal reasons"}
	rateLimited = verdict{kind: fault.RateLimited, code: fault.CodeRateLimited,
		words: "Reddit asks for fewer calls for a moment; the work goes on by itself"}
	unavailable = verdict{kind: fault.Unavailable, code: fault.CodeProviderUnavailable,
		words: "Reddit has a problem of its own; it is tried again"}
	scope = verdict{kind: fault.Forbidden, code: fault.CodeNeedsReconnect,
		words: "the connected Reddit account did not allow reading; connect it again and allow the scope read"}
	badToken = verdict{kind: fault.Unauthenticated,
		words: "the access token has expired or was revoked"}
)

// reasons are Reddit's words under "reason", and the names of errors that come
// with a 200, in lower case (field-notes §3.2; r2/lib/errors.py for the names).
var reasons = map[string]verdict{
	"private":     private,
	"quarantined": quarantined,
	"gated":       gated,
	"banned":      banned,
	"gold_only": {kind: fault.Forbidden, code: fault.CodeSourceForbidden,
		words: "this subreddit is for Reddit Premium alone; connect an account that has it"},
	"employees_only": membersOnly,
	"gold_required":  membersOnly,

	"subreddit_noexist":    noSubreddit,
	"page_not_found":       gone,
	"user_doesnt_exist":    gone,
	"user_blocked":         membersOnly,
	"no_thing_id":          gone,
	"deleted_link":         gone,
	"deleted_comment":      gone,
	"subreddit_notallowed": private,

	"ratelimit":     rateLimited,
	"user_required": badToken,
}
