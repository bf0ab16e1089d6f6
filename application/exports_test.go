package application_test

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

func TestAnExportIsTheTasksPosts(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	of := p.ended(p.collect(watch + "WakeIn60sec"))
	made, err := p.exports.Create(t.Context(), p.by, application.NewExport{TaskID: of.ID, Format: "csv"})
	require.NoError(t, err)
	assert.Equal(t, task.Export, made.Kind)
	ended := p.ended(made.ID)
	require.Equal(t, task.Completed, ended.Status, codes(ended))
	assert.False(t, ended.Export.Partial)
	assert.Equal(t, of.Counters.Fetched, ended.Export.Rows)

	download, err := p.exports.Open(t.Context(), p.by, made.ID)
	require.NoError(t, err)
	defer func() { _ = download.Close() }()
	body, err := io.ReadAll(download)
	require.NoError(t, err)
	sum := sha256.Sum256(body)
	assert.Equal(t, ended.Export.SHA256, hex.EncodeToString(sum[:]))
	assert.EqualValues(t, ended.Export.Bytes, len(body))
	assert.Regexp(t, `^soundings-video-WakeIn60sec-\d{8}\.csv$`, download.Name)
	rows, err := csv.NewReader(strings.NewReader(string(body))).ReadAll()
	require.NoError(t, err)
	texts := map[string]string{}
	for _, row := range rows[1:] {
		if row[1] != string(content.VideoPost) {
			texts[row[2]] = row[7]
		}
	}
	assert.Equal(t, p.onYouTube("WakeIn60sec"), texts)
}

func TestAnExportOfARunningTaskIsMarkedPartial(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fake.Inject(secondPage(0))
	p := r.start()
	id := p.collect(battery)
	p.hangs(1)
	made, err := p.exports.Create(t.Context(), p.by, application.NewExport{
		TaskID: id, Format: "ndjson", Filter: analysis.PostFilter{Kinds: []content.PostKind{content.CommentPost}},
	})
	require.NoError(t, err)
	ended := p.ended(made.ID)
	require.Equal(t, task.Completed, ended.Status, codes(ended))
	assert.True(t, ended.Export.Partial)
	assert.EqualValues(t, 100, ended.Export.Rows, "the comments of the first page")
}

func TestExportsAreRefusedWithTheRightCode(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fake.Inject(secondPage(0))
	p := r.start()
	running := p.collect(battery)
	stranger, err := application.NewAccounts(r.store).Local(t.Context(), "a stranger")
	require.NoError(t, err)
	reader := p.by
	reader.Permissions = []access.Permission{access.TasksRead}

	create := func(by access.Caller, of task.ID, format string) error {
		_, err := p.exports.Create(t.Context(), by, application.NewExport{TaskID: of, Format: format})
		return err
	}
	requireFault(t, create(p.by, running, "docx"), fault.Invalid, fault.CodeInvalidValue)
	requireFault(t, create(stranger, running, "csv"), fault.NotFound, fault.CodeNotFound)
	requireFault(t, create(reader, running, "csv"), fault.Forbidden, fault.CodeForbidden)
	_, err = p.exports.Open(t.Context(), p.by, running)
	requireFault(t, err, fault.NotFound, fault.CodeNotFound)

	p.stop() // nobody writes the next one
	made, err := p.exports.Create(t.Context(), p.by, application.NewExport{TaskID: running, Format: "csv"})
	require.NoError(t, err)
	_, err = p.exports.Open(t.Context(), p.by, made.ID)
	requireFault(t, err, fault.Conflict, fault.CodeNotReady)
	requireFault(t, create(p.by, made.ID, "csv"), fault.Invalid, fault.CodeInvalidValue)
}

func TestDeleteRemovesPostsAndFiles(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	of := p.ended(p.collect(watch + "WakeIn60sec"))
	made, err := p.exports.Create(t.Context(), p.by, application.NewExport{TaskID: of.ID, Format: "csv"})
	require.NoError(t, err)
	ended := p.ended(made.ID)
	require.Len(t, p.published(ended), 2)
	require.NoError(t, p.tasks.Delete(t.Context(), p.by, of.ID))
	_, err = p.tasks.Task(t.Context(), p.by, of.ID)
	requireFault(t, err, fault.NotFound, fault.CodeNotFound)
	_, err = p.exports.Open(t.Context(), p.by, made.ID)
	requireFault(t, err, fault.NotFound, fault.CodeNotFound)
	require.Empty(t, p.published(ended))
}

func TestTasksAreRefusedWithTheRightCode(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	for name, tc := range map[string]struct {
		request application.NewTask
		kind    fault.Kind
		code    fault.Code
		field   string
	}{
		"no address":         {application.NewTask{}, fault.Invalid, fault.CodeInvalidValue, "urls"},
		"too many":           {application.NewTask{URLs: make([]string, 51)}, fault.Invalid, fault.CodeInvalidValue, "urls"},
		"another site":       {application.NewTask{URLs: []string{"https://example.com/"}}, fault.Invalid, fault.CodeUnsupportedURL, "url"},
		"the second is bad":  {application.NewTask{URLs: []string{battery, "https://example.com/"}}, fault.Invalid, fault.CodeUnsupportedURL, "urls[1]"},
		"two providers":      {application.NewTask{URLs: []string{battery, "https://www.reddit.com/r/golang"}}, fault.Invalid, fault.CodeInvalidValue, "urls[1]"},
		"a mix":              {application.NewTask{URLs: []string{"https://www.youtube.com/playlist?list=RDSolarBoat01"}}, fault.Invalid, fault.CodeUnsupportedKind, "url"},
		"more than allowed":  {application.NewTask{URLs: []string{battery}, Options: task.Options{MaxPosts: 1001}}, fault.Invalid, fault.CodeInvalidValue, "options.maxPosts"},
		"less than nothing":  {application.NewTask{URLs: []string{battery}, Options: task.Options{MaxPosts: -1}}, fault.Invalid, fault.CodeInvalidValue, "options.maxPosts"},
		"odd choice of auth": {application.NewTask{URLs: []string{battery}, Options: task.Options{Auth: "anybody"}}, fault.Invalid, fault.CodeInvalidValue, "options.auth"},
		"no such account":    {application.NewTask{URLs: []string{battery}, IntegrationID: "x"}, fault.NotFound, fault.CodeNotFound, "integrationId"},
	} {
		_, err := p.tasks.Create(t.Context(), p.by, tc.request)
		requireFault(t, err, tc.kind, tc.code)
		assert.Equal(t, tc.field, fault.As(err).Field, name)
	}
	assert.Empty(t, p.fake.Calls(), "accepting a task calls nobody")
}

func TestStrangersSeeNothing(t *testing.T) {
	t.Parallel()
	p := newRig(t).start()
	id := p.collect(watch + "WakeIn60sec")
	stranger, err := application.NewAccounts(p.store).Local(t.Context(), "a stranger")
	require.NoError(t, err)
	ctx := t.Context()
	_, err = p.tasks.Task(ctx, stranger, id)
	requireFault(t, err, fault.NotFound, fault.CodeNotFound)
	_, err = p.tasks.Summary(ctx, stranger, id)
	requireFault(t, err, fault.NotFound, fault.CodeNotFound)
	_, err = p.tasks.Cancel(ctx, stranger, id)
	requireFault(t, err, fault.NotFound, fault.CodeNotFound)
	requireFault(t, p.tasks.Delete(ctx, stranger, id), fault.NotFound, fault.CodeNotFound)
	listed, err := p.tasks.List(ctx, stranger, ports.TaskFilter{}, ports.Paging{Limit: 10})
	require.NoError(t, err)
	assert.Empty(t, listed.Items)
}

func TestARevokedKeyIsRefused(t *testing.T) {
	t.Parallel()
	accounts := application.NewAccounts(newRig(t).store)
	by, err := accounts.Local(t.Context(), "an owner")
	require.NoError(t, err)
	key, secret, err := accounts.CreateKey(t.Context(), by, application.NewAPIKey{Name: "mine"})
	require.NoError(t, err)
	caller, err := accounts.ByAPIKey(t.Context(), secret)
	require.NoError(t, err)
	assert.Equal(t, access.DefaultPermissions(), caller.Permissions)
	require.NoError(t, accounts.RevokeKey(t.Context(), by, key.ID))
	_, err = accounts.ByAPIKey(t.Context(), secret)
	requireFault(t, err, fault.Unauthenticated, fault.CodeUnauthenticated)
	_, err = accounts.ByAPIKey(t.Context(), access.NewAPIKeySecret())
	requireFault(t, err, fault.Unauthenticated, fault.CodeUnauthenticated)
}

func TestNoKeyMayDoMoreThanItsMaker(t *testing.T) {
	t.Parallel()
	accounts := application.NewAccounts(newRig(t).store)
	by, err := accounts.BySubject(t.Context(), "issuer", "subject", "Somebody", []string{"tasks:read", "no such thing"})
	require.NoError(t, err)
	assert.Equal(t, []access.Permission{access.TasksRead}, by.Permissions)
	_, _, err = accounts.CreateKey(t.Context(), by, application.NewAPIKey{Permissions: []access.Permission{access.QueuesAdmin}})
	requireFault(t, err, fault.Forbidden, fault.CodeForbidden)
	key, _, err := accounts.CreateKey(t.Context(), by, application.NewAPIKey{})
	require.NoError(t, err)
	assert.Equal(t, by.Permissions, key.Permissions)
	_, _, err = accounts.CreateKey(t.Context(), by, application.NewAPIKey{ExpiresAt: time.Now().Add(-time.Hour)})
	requireFault(t, err, fault.Invalid, fault.CodeInvalidValue)
}

func requireFault(t *testing.T, err error, kind fault.Kind, code fault.Code) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, kind, fault.KindOf(err), "%v", err)
	require.Equal(t, code, fault.As(err).Code, "%v", err)
}
