package youtube

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/internal/outcall"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func judged(t *testing.T, ec access.ExecutionContext, status int, header http.Header, body string) *fault.Error {
	t.Helper()
	at := circumstances{ec: ec, now: noon, paged: true, answer: outcall.Answer{Status: status, Header: header, Body: []byte(body)}}
	err := at.refused(readError([]byte(body)))
	require.Error(t, err)
	return fault.As(err)
}

func masterContext() access.ExecutionContext {
	return access.NewMasterContext("", content.YouTube, access.NewToken("key"))
}

func userContext() access.ExecutionContext {
	return access.NewUserContext(access.Integration{Provider: content.YouTube}, access.NewToken("token"))
}

func TestReasonsDecideNotTheStatus(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]struct {
		kind fault.Kind
		code fault.Code
	}{
		"quotaExceeded":              {fault.QuotaExhausted, fault.CodeQuotaExhausted},
		"dailyLimitExceeded":         {fault.QuotaExhausted, fault.CodeQuotaExhausted},
		"rateLimitExceeded":          {fault.RateLimited, fault.CodeRateLimited},
		"userRateLimitExceeded":      {fault.RateLimited, fault.CodeRateLimited},
		"commentsDisabled":           {fault.Gone, fault.CodeCommentsDisabled},
		"forbidden":                  {fault.Forbidden, fault.CodeSourceForbidden},
		"accessNotConfigured":        {fault.Forbidden, fault.CodeCredentialsRejected},
		"ipRefererBlocked":           {fault.Forbidden, fault.CodeCredentialsRejected},
		"keyInvalid":                 {fault.Forbidden, fault.CodeCredentialsRejected},
		"keyExpired":                 {fault.Forbidden, fault.CodeCredentialsRejected},
		"insufficientPermissions":    {fault.Forbidden, fault.CodeNeedsReconnect},
		"videoNotFound":              {fault.NotFound, fault.CodeSourceNotFound},
		"channelNotFound":            {fault.NotFound, fault.CodeSourceNotFound},
		"commentThreadNotFound":      {fault.NotFound, fault.CodeSourceNotFound},
		"playlistNotFound":           {fault.NotFound, fault.CodeSourceNotFound},
		"processingFailure":          {fault.Unavailable, fault.CodeProviderUnavailable},
		"invalidPageToken":           {fault.Conflict, fault.CodePagingBroken},
		"authError":                  {fault.Unauthenticated, fault.CodeCredentialsRejected},
		"backendError":               {fault.Unavailable, fault.CodeProviderUnavailable},
		"channelClosed":              {fault.NotFound, fault.CodeSourceNotFound},
		"channelSuspended":           {fault.NotFound, fault.CodeSourceNotFound},
		"playlistItemsNotAccessible": {fault.Forbidden, fault.CodeSourceForbidden},
		"aReasonOfTheFuture":         {fault.Forbidden, fault.CodeSourceForbidden},
	} {
		body := fmt.Sprintf(`{"error":{"code":403,"message":"m","errors":[{"reason":%q}]}}`, reason)
		f := judged(t, userContext(), 403, nil, body)
		assert.Equal(t, want.kind, f.Kind, reason)
		assert.Equal(t, want.code, f.Code, reason)
		assert.Greater(t, len(f.Message), 20, reason)
	}
}

func TestStatusDecidesWhereThereIsNoReason(t *testing.T) {
	t.Parallel()
	const envelope = `{"error":{"code":1,"message":"m"}}`
	for _, c := range []struct {
		status int
		body   string
		kind   fault.Kind
		code   fault.Code
	}{
		{401, "", fault.Unauthenticated, fault.CodeCredentialsRejected},
		{403, envelope, fault.Forbidden, fault.CodeSourceForbidden},
		{403, "<html>", fault.Unavailable, fault.CodeProviderAnswerInvalid},
		{404, envelope, fault.NotFound, fault.CodeSourceNotFound},
		{404, "<html>", fault.Unavailable, fault.CodeProviderAnswerInvalid},
		{400, envelope, fault.Rejected, fault.CodeProviderAnswerInvalid},
		{302, envelope, fault.Unavailable, fault.CodeProviderAnswerInvalid},
		{408, "", fault.Unavailable, fault.CodeProviderUnavailable},
		{429, "", fault.RateLimited, fault.CodeRateLimited},
		{500, "<html>", fault.Unavailable, fault.CodeProviderUnavailable},
		{200, `{"error":{"code":503}}`, fault.Unavailable, fault.CodeProviderUnavailable},
		{200, `{"error":7}`, fault.Unavailable, fault.CodeProviderAnswerInvalid},
		{403, `{"error":"quotaExceeded"}`, fault.QuotaExhausted, fault.CodeQuotaExhausted},
		{403, `{"error":{"errors":{"reason":1}}}`, fault.Forbidden, fault.CodeSourceForbidden},
	} {
		f := judged(t, masterContext(), c.status, nil, c.body)
		assert.Equal(t, c.kind, f.Kind, "%d %s", c.status, c.body)
		assert.Equal(t, c.code, f.Code, "%d %s", c.status, c.body)
	}
}

func TestDetailsAndMessagesTellGenericReasonsApart(t *testing.T) {
	t.Parallel()
	unregistered := `{"error":{"message":"Method doesn't allow unregistered callers (callers without established identity).","errors":[{"reason":"forbidden"}]}}`
	assert.Equal(t, fault.CodeCredentialsRejected, judged(t, masterContext(), 403, nil, unregistered).Code)
	oldKey := `{"error":{"message":"API key not valid. Please pass a valid API key.","errors":[{"reason":"badRequest"}]}}`
	assert.Equal(t, fault.CodeCredentialsRejected, judged(t, masterContext(), 400, nil, oldKey).Code)
	blocked := `{"error":{"code":403,"details":[{"@type":"x"},{"reason":"API_KEY_SERVICE_BLOCKED"}]}}`
	assert.Equal(t, fault.Unauthenticated, judged(t, masterContext(), 403, nil, blocked).Kind)
	perDay := `{"error":{"message":"Quota exceeded for quota metric 'Queries' and limit 'Queries per day'","errors":[{"reason":"rateLimitExceeded"}]}}`
	assert.Equal(t, fault.QuotaExhausted, judged(t, masterContext(), 429, nil, perDay).Kind)
}

func TestWordsAreForWhoCanMendIt(t *testing.T) {
	t.Parallel()
	expired := `{"error":{"errors":[{"reason":"authError"}]}}`
	assert.Contains(t, judged(t, userContext(), 401, nil, expired).Message, "connect the YouTube account again")
	assert.Contains(t, judged(t, masterContext(), 401, nil, expired).Message, "YOUTUBE_MASTER_ACCESS_TOKEN")
	off := `{"error":{"errors":[{"reason":"accessNotConfigured"}]}}`
	assert.Contains(t, judged(t, userContext(), 403, nil, off).Message, "the operator")
	noScope := `{"error":{"errors":[{"reason":"insufficientPermissions"}]}}`
	assert.Contains(t, judged(t, userContext(), 403, nil, noScope).Message, "youtube.force-ssl")
	master := judged(t, masterContext(), 403, nil, noScope)
	assert.Equal(t, fault.CodeCredentialsRejected, master.Code, "there is nothing to reconnect")
	assert.Contains(t, master.Message, "youtube.force-ssl")
}

func TestRetryAt(t *testing.T) {
	t.Parallel()
	after := http.Header{"Retry-After": {"90"}}
	for _, status := range []int{429, 503} {
		assert.Equal(t, noon.Add(90*time.Second), judged(t, masterContext(), status, after, "").RetryAt)
		assert.Zero(t, judged(t, masterContext(), status, nil, "").RetryAt)
	}
	spent := judged(t, masterContext(), 403, after, `{"error":{"errors":[{"reason":"quotaExceeded"}]}}`)
	assert.Equal(t, time.Date(2026, 7, 2, 7, 0, 0, 0, time.UTC), spent.RetryAt)
}

func TestQuotaResetKnowsSummerTime(t *testing.T) {
	t.Parallel()
	for now, want := range map[string]string{
		"2026-01-15T20:00:00Z": "2026-01-16T08:00:00Z", // winter: UTC-8
		"2026-07-15T20:00:00Z": "2026-07-16T07:00:00Z", // summer: UTC-7
		"2026-03-08T09:30:00Z": "2026-03-09T07:00:00Z", // the day of 23 hours, before 2 o'clock
		"2026-03-08T07:59:59Z": "2026-03-08T08:00:00Z", // a second before that day
		"2026-11-01T07:00:00Z": "2026-11-02T08:00:00Z", // midnight of the day of 25 hours
		"2026-11-01T09:30:00Z": "2026-11-02T08:00:00Z", // its second 1:30
		"2026-12-31T23:59:00Z": "2027-01-01T08:00:00Z",
	} {
		at, err := time.Parse(time.RFC3339, now)
		require.NoError(t, err)
		assert.Equal(t, want, DayEnd(at).Format(time.RFC3339), now)
	}
}

func TestEchoedSecretsAreNotRepeated(t *testing.T) {
	t.Parallel()
	for _, reason := range []string{"AIzaSy0123456789", "ya29.a0Af", "two words", ""} {
		body := fmt.Sprintf(`{"error":{"message":"m","errors":[{"reason":%q}]}}`, reason)
		f := judged(t, masterContext(), 400, nil, body)
		assert.Contains(t, f.Message, "no reason given")
	}
	named := judged(t, masterContext(), 400, nil, `{"error":{"errors":[{"reason":"missingRequiredParameter"}]}}`)
	assert.Contains(t, named.Message, "missingRequiredParameter")
}
