package youtube

import "github.com/soundings-io/soundings/domain/fault"

// verdict is what a reason means for the caller.
type verdict struct {
	kind  fault.Kind
	code  fault.Code
	words string
	// operator tells that nobody but the deployment's operator can mend it,
	// whoever's token it was.
	operator bool
}

var (
	gone = verdict{kind: fault.NotFound, code: fault.CodeSourceNotFound,
		words: "YouTube does not know this video, playlist or channel; it was removed, or the address has a mistake in it"}
	closed = verdict{kind: fault.NotFound, code: fault.CodeSourceNotFound,
		words: "the channel was closed or suspended, and YouTube shows nothing of it any more"}
	private = verdict{kind: fault.Forbidden, code: fault.CodeSourceForbidden,
		words: "this is private or for members only; connect a YouTube account that may see it"}
	rateLimited = verdict{kind: fault.RateLimited, code: fault.CodeRateLimited,
		words: "YouTube asks for fewer calls for a moment; the work goes on by itself"}
	unavailable = verdict{kind: fault.Unavailable, code: fault.CodeProviderUnavailable,
		words: "YouTube has a problem of its own; it is tried again"}
	quota = verdict{kind: fault.QuotaExhausted, code: fault.CodeQuotaExhausted,
		words: "YouTube's quota for today is used up; it comes back at midnight Pacific time, and the work goes on by itself"}
	scope = verdict{kind: fault.Forbidden, code: fault.CodeNeedsReconnect,
		words: "the connected YouTube account did not allow reading comments; connect it again and allow the scope youtube.force-ssl"}
	badKey = verdict{kind: fault.Unauthenticated, operator: true,
		words: "the API key is not valid"}
	blockedKey = verdict{kind: fault.Unauthenticated, operator: true,
		words: "the API key's restrictions do not allow this server or the YouTube Data API"}
	apiOff = verdict{kind: fault.Unauthenticated, operator: true,
		words: "the YouTube Data API v3 is not enabled in the Google Cloud project, or the project is suspended"}
	noCaller = verdict{kind: fault.Unauthenticated,
		words: "it was not recognised as an API key or access token"}
	badToken = verdict{kind: fault.Unauthenticated,
		words: "the access token has expired or was revoked"}
)

// reasons is the table of field-notes §3.1, with Google's words for the same
// things: lower case from errors[0].reason, upper case from google.rpc.ErrorInfo.
// badRequest and forbidden are not in it, because they say nothing by themselves.
var reasons = map[string]verdict{
	"quotaExceeded":      quota,
	"dailyLimitExceeded": quota,

	"rateLimitExceeded":       rateLimited,
	"userRateLimitExceeded":   rateLimited,
	"concurrentLimitExceeded": rateLimited,
	"servingLimitExceeded":    rateLimited,
	"RATE_LIMIT_EXCEEDED":     rateLimited,

	"commentsDisabled": {kind: fault.Gone, code: fault.CodeCommentsDisabled,
		words: "the owner has switched comments off for this video"},

	"videoNotFound":         gone,
	"channelNotFound":       gone,
	"playlistNotFound":      gone,
	"commentThreadNotFound": gone,
	"commentNotFound":       gone,
	"notFound":              gone,
	"channelClosed":         closed,
	"channelSuspended":      closed,

	"playlistItemsNotAccessible": private,
	"channelForbidden":           private,
	"playlistForbidden":          private,

	"invalidPageToken": {kind: fault.Conflict, code: fault.CodePagingBroken,
		words: "YouTube no longer takes the token of the next page"},

	// The documentation says "could not process"; mostly it is bad input, so
	// the few attempts of Unavailable are the right measure.
	"processingFailure":  unavailable,
	"backendError":       unavailable,
	"internalError":      unavailable,
	"serviceUnavailable": unavailable,

	"insufficientPermissions":         scope,
	"ACCESS_TOKEN_SCOPE_INSUFFICIENT": scope,

	"keyInvalid":                    badKey,
	"API_KEY_INVALID":               badKey,
	"keyExpired":                    {kind: fault.Unauthenticated, operator: true, words: "the API key has expired"},
	"ipRefererBlocked":              blockedKey,
	"API_KEY_SERVICE_BLOCKED":       blockedKey,
	"API_KEY_HTTP_REFERRER_BLOCKED": blockedKey,
	"API_KEY_IP_ADDRESS_BLOCKED":    blockedKey,
	"API_KEY_ANDROID_APP_BLOCKED":   blockedKey,
	"API_KEY_IOS_APP_BLOCKED":       blockedKey,
	"accessNotConfigured":           apiOff,
	"SERVICE_DISABLED":              apiOff,
	"CONSUMER_SUSPENDED":            apiOff,
	"CONSUMER_INVALID":              apiOff,

	"authError":                         badToken,
	"unauthorized":                      badToken,
	"invalid_grant":                     badToken,
	"ACCESS_TOKEN_EXPIRED":              badToken,
	"required":                          noCaller,
	"dailyLimitExceededUnreg":           noCaller,
	"CREDENTIALS_MISSING":               noCaller,
	"ACCESS_TOKEN_TYPE_UNSUPPORTED":     noCaller,
	"youtubeSignupRequired":             {kind: fault.Unauthenticated, words: "the Google account has no YouTube channel"},
	"authenticatedUserAccountClosed":    {kind: fault.Unauthenticated, words: "the account is closed"},
	"authenticatedUserAccountSuspended": {kind: fault.Unauthenticated, words: "the account is suspended"},
}

// phrases are messages that tell apart what comes under badRequest and forbidden.
var phrases = []struct {
	text    string
	verdict verdict
}{
	{"unregistered callers", noCaller},
	{"API key not valid", badKey},
	{"API key expired", badKey},
	{"API Key not found", badKey},
}
