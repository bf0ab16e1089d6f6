package fakeapi

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
)

// apiError is one reason of Google's error envelope, with everything that
// stands around it in recorded answers.
type apiError struct {
	status   int
	reason   string
	domain   string
	message  string
	location string
	// canonical is the google.rpc code; older answers have none.
	canonical string
	// detail is the reason of the google.rpc.ErrorInfo, empty for none.
	detail string
}

// withMessage returns the error with another message.
func (e apiError) withMessage(message string) apiError {
	e.message = message
	return e
}

// at returns the error with the request parameter that is to blame.
func (e apiError) at(parameter string) apiError {
	e.location = parameter
	return e
}

const notFound = " parameter could not be found."

// reasonNamed returns the error of a reason, spelt as in the recorded answers
// and, where none was recorded, as on YouTube's page of errors. An unknown
// reason is a 400 of that name.
func reasonNamed(reason string) apiError {
	if e, ok := youtubeReasons[reason]; ok {
		e.reason = cmp.Or(e.reason, reason)
		return e
	}
	return apiError{status: http.StatusBadRequest, reason: reason, domain: "youtube.api", message: "Bad Request"}
}

// KnownReasons returns the reasons whose status and wording the fake knows.
func KnownReasons() []string { return slices.Sorted(maps.Keys(youtubeReasons)) }

var youtubeReasons = map[string]apiError{
	"commentsDisabled": {status: 403, domain: "youtube.commentThread", location: "videoId",
		message: `The video identified by the <code><a href="/youtube/v3/docs/commentThreads/list#videoId">videoId</a></code> parameter has disabled comments.`},
	"videoNotFound": {status: 404, domain: "youtube.commentThread", location: "videoId",
		message: `The video identified by the <code><a href="/youtube/v3/docs/commentThreads/list#videoId">videoId</a></code>` + notFound},
	"channelNotFound": {status: 404, domain: "youtube.commentThread", location: "channelId",
		message: `The channel identified by the <code><a href="/youtube/v3/docs/commentThreads/list#allThreadsRelatedToChannelId">allThreadsRelatedToChannelId</a></code>` + notFound},
	"commentThreadNotFound": {status: 404, domain: "youtube.commentThread", location: "id",
		message: "One or more of the specified comment threads cannot be found."},
	"commentNotFound": {status: 404, domain: "youtube.comment", location: "parentId",
		message: "One or more of the specified comments cannot be found."},
	"playlistNotFound": {status: 404, domain: "youtube.playlistItem", location: "playlistId",
		message: "The playlist identified with the request's <code>playlistId</code> parameter cannot be found."},
	"playlistItemsNotAccessible": {status: 403, domain: "youtube.playlistItem", location: "playlistId",
		message: "The request is not properly authorized to retrieve the specified playlist items."},
	"invalidPageToken": {status: 400, domain: "youtube.parameter", location: "pageToken",
		message: "The request specifies an invalid page token."},
	"missingRequiredParameter": {status: 400, domain: "youtube.parameter",
		message: "No filter selected."},
	"incompatibleParameters": {status: 400, domain: "youtube.parameter", location: "parameters",
		message: "Incompatible parameters specified in the request."},
	"invalidParameter": {status: 400, domain: "global",
		message: "Invalid value."},
	"unknownPart": {status: 400, domain: "youtube.part", location: "part",
		message: "Unknown part."},
	"processingFailure": {status: 400, domain: "youtube.commentThread",
		message: "The API server failed to successfully process the request. While this can be a transient error, it usually indicates that the request's input is invalid."},
	"keyInvalid": {status: 400, domain: "usageLimits", message: "Bad Request"},
	"API_KEY_INVALID": {status: 400, reason: "badRequest", domain: "global", canonical: "INVALID_ARGUMENT", detail: "API_KEY_INVALID",
		message: "API key not valid. Please pass a valid API key."},
	"badRequest": {status: 400, domain: "global", canonical: "INVALID_ARGUMENT", message: "Bad Request"},
	"authError": {status: 401, domain: "global", location: "Authorization", canonical: "UNAUTHENTICATED",
		message: "Invalid Credentials"},
	"authorizationRequired": {status: 401, domain: "youtube.parameter", location: "mine",
		message: "The request uses the <code>mine</code> parameter but is not properly authorized."},
	"youtubeSignupRequired": {status: 401, domain: "youtube.header", location: "Authorization", message: "Unauthorized"},
	"quotaExceeded": {status: 403, domain: "youtube.quota",
		message: `The request cannot be completed because you have exceeded your <a href="/youtube/v3/getting-started#quota">quota</a>.`},
	"dailyLimitExceeded": {status: 403, domain: "usageLimits", message: "Daily Limit Exceeded"},
	"rateLimitExceeded": {status: 429, domain: "global", canonical: "RESOURCE_EXHAUSTED", detail: "RATE_LIMIT_EXCEEDED",
		message: "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service 'youtube.googleapis.com'."},
	"userRateLimitExceeded": {status: 403, domain: "usageLimits", message: "User Rate Limit Exceeded"},
	"accessNotConfigured": {status: 403, domain: "usageLimits", canonical: "PERMISSION_DENIED", detail: "SERVICE_DISABLED",
		message: "YouTube Data API v3 has not been used in project 1 before or it is disabled."},
	"insufficientPermissions": {status: 403, domain: "global", canonical: "PERMISSION_DENIED", detail: "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
		message: "Request had insufficient authentication scopes."},
	"forbidden": {status: 403, domain: "youtube.commentThread",
		message: "One or more of the requested comment threads cannot be retrieved due to insufficient permissions. The request might not be properly authorized."},
	"unregisteredCallers": {status: 403, reason: "forbidden", domain: "global", canonical: "PERMISSION_DENIED",
		message: "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API."},
	"channelClosed":    {status: 403, domain: "youtube.channel", message: "The channel has been closed."},
	"channelSuspended": {status: 403, domain: "youtube.channel", message: "The channel has been suspended."},
	"backendError":     {status: 503, domain: "global", canonical: "UNAVAILABLE", message: "The service is currently unavailable."},
	"internalError":    {status: 500, domain: "global", canonical: "INTERNAL", message: "Internal error encountered."},
}

type errorItem struct {
	Message      string `json:"message"`
	Domain       string `json:"domain"`
	Reason       string `json:"reason"`
	Location     string `json:"location,omitempty"`
	LocationType string `json:"locationType,omitempty"`
}

type errorInfo struct {
	Type     string            `json:"@type"`
	Reason   string            `json:"reason"`
	Domain   string            `json:"domain"`
	Metadata map[string]string `json:"metadata"`
}

type errorBody struct {
	Code    int         `json:"code"`
	Message string      `json:"message"`
	Errors  []errorItem `json:"errors"`
	Status  string      `json:"status,omitempty"`
	Details []errorInfo `json:"details,omitempty"`
}

// answer renders the envelope.
func (e apiError) answer() answer {
	item := errorItem{Message: e.message, Domain: e.domain, Reason: e.reason, Location: e.location}
	if e.location != "" {
		item.LocationType = "parameter"
	}
	if e.location == "Authorization" {
		item.LocationType = "header"
	}
	body := errorBody{Code: e.status, Message: e.message, Errors: []errorItem{item}, Status: e.canonical}
	if e.detail != "" {
		body.Details = []errorInfo{{
			Type: "type.googleapis.com/google.rpc.ErrorInfo", Reason: e.detail, Domain: "googleapis.com",
			Metadata: map[string]string{"service": "youtube.googleapis.com"},
		}}
	}
	return jsonAnswer(e.status, map[string]errorBody{"error": body})
}
