package rest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/task"
)

func TestASchedule(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	id := b.in(owner, task.Completed)
	made := b.post("/schedules", owner, `{"taskId":"`+id+`","cron":"0 6 * * 1-5","timeZone":"Europe/Berlin","endsAt":"2199-01-01T00:00:00Z","full":true}`)
	require.Equal(t, http.StatusCreated, made.status, "%s", made.body)
	assert.Equal(t, "0 6 * * 1-5", made.doc["cron"])
	assert.Equal(t, "Europe/Berlin", made.doc["timeZone"])
	assert.Equal(t, true, made.doc["full"])
	assert.Nil(t, made.doc["everyMinutes"])
	assert.Nil(t, made.doc["note"])
	assert.NotNil(t, made.doc["nextAt"])

	listed := b.get("/schedules", owner)
	require.Equal(t, http.StatusOK, listed.status)
	assert.Equal(t, []any{made.doc}, listed.doc["items"])
	gone := b.send(request{method: http.MethodDelete, path: "/schedules/" + made.doc["id"].(string), token: owner})
	require.Equal(t, http.StatusNoContent, gone.status)
	assert.Empty(t, b.get("/schedules", owner).doc["items"])
}

func TestBadSchedulesAreRefusedWithTheField(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := token(t, "owner", nil)
	id := b.in(owner, task.Completed)
	for body, field := range map[string]string{
		`"everyMinutes":0`:                                  "everyMinutes",
		`"everyMinutes":9223372036854775807`:                "everyMinutes",
		`"everyMinutes":14`:                                 "everyMinutes",
		`"cron":"* * * * *"`:                                "cron",
		`"cron":"* * * * * *"`:                              "cron",
		`"cron":"nonsense"`:                                 "cron",
		`"cron":"@daily","timeZone":"Mars/Olympus"`:         "timeZone",
		`"cron":"@daily","everyMinutes":60`:                 "cron",
		`"everyMinutes":60,"endsAt":"2020-01-01T00:00:00Z"`: "endsAt",
		`"everyMinutes":60,"timeZone":"Europe/Berlin"`:      "timeZone",
		`"full":true`:                                       "everyMinutes",
	} {
		got := b.post("/schedules", owner, `{"taskId":"`+id+`",`+body+`}`)
		require.Equal(t, http.StatusBadRequest, got.status, "%s: %s", body, got.body)
		assert.Equal(t, field, got.doc["errors"].([]any)[0].(map[string]any)["field"], body)
	}
	export := b.createExport(owner, id)
	got := b.post("/schedules", owner, `{"taskId":"`+export+`","everyMinutes":60}`)
	assert.Equal(t, http.StatusBadRequest, got.status, "an export is not refreshed: %s", got.body)
	got = b.post("/schedules", token(t, "somebody else", nil), `{"taskId":"`+id+`","everyMinutes":60}`)
	assert.Equal(t, http.StatusNotFound, got.status)
}
