package rest

import (
	"time"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
)

// TaskDocument returns the task as GET /tasks/{id} shows it.
func TaskDocument(t task.State) Task {
	d := Task{
		ID: string(t.ID), Kind: TaskKind(t.Kind), Status: TaskStatus(t.Status), Run: t.Run,
		Sources: documents(t.Sources, sourceDocument), IntegrationID: orNull(t.IntegrationID),
		TokenSource: orNull(TokenSource(t.TokenSource)), Fallback: fallbackDocument(t.Fallback),
		Export:   exportDocument(t.Export),
		Progress: progressDocument(t.Counters), Problems: documents(t.Problems, problemDocument),
		CreatedAt: t.CreatedAt.UTC(), StartedAt: timeOrNull(t.StartedAt),
		FinishedAt: timeOrNull(t.FinishedAt), RetryAt: timeOrNull(t.RetryAt), Webhook: webhookDocument(t.Webhook),
	}
	if len(d.Sources) > 0 {
		d.Source = &d.Sources[0]
	}
	return d
}

// progressDocument: what providers announce is known once a source is open.
func progressDocument(n task.Counters) Progress {
	p := Progress{
		Subtasks: SubtaskProgress{Total: n.Subtasks, Done: n.Succeeded + n.Cancelled, Failed: n.Failed},
		Posts:    PostProgress{Fetched: n.Fetched, Spam: n.Spam, Scored: n.Scored},
	}
	if n.Opened > 0 {
		p.Posts.Expected = &n.Expected
	}
	return p
}

func sourceDocument(s content.Source) Source {
	return Source{
		URL: s.URL, ProviderID: ProviderID(s.Provider), Kind: SourceKind(s.Kind),
		ExternalID: s.ExternalID, Title: orNull(s.Title),
	}
}

func exportDocument(e *task.ExportSpec) *ExportFile {
	if e == nil {
		return nil
	}
	return &ExportFile{
		TaskID: string(e.TaskID), Format: ExportFormat(e.Format), Rows: e.Rows, Bytes: e.Bytes,
		Sha256: orNull(e.SHA256), ExpiresAt: timeOrNull(e.ExpiresAt), Partial: e.Partial,
	}
}

func problemDocument(p task.Problem) TaskProblem {
	return TaskProblem{
		Code: string(p.Code), Message: p.Message, SubtaskID: orNull(string(p.SubtaskID)),
		Retryable: p.Retryable, RetryAt: timeOrNull(p.RetryAt),
	}
}

func subtaskDocument(s task.SubtaskState, of content.ProviderID) Subtask {
	d := Subtask{
		ID: string(s.ID), TaskID: string(s.TaskID), Type: string(s.Type), Status: string(s.Status),
		Attempt: s.Attempt, ProviderID: ProviderID(of), IntegrationID: orNull(s.IntegrationID),
		AuthMode: orNull(string(s.AuthMethod)), TokenSource: orNull(TokenSource(s.TokenSource)),
		Fallback: fallbackDocument(s.Fallback),
		Cursor:   SubtaskCursor{Page: s.Cursor.Page, Posts: s.Cursor.Posts},
		RunAt:    timeOrNull(s.RunAt), StartedAt: timeOrNull(s.StartedAt), FinishedAt: timeOrNull(s.FinishedAt),
	}
	if s.Problem != nil {
		p := problemDocument(*s.Problem)
		d.Problem = &p
	}
	return d
}

func fallbackDocument(f *access.Fallback) *Fallback {
	if f == nil {
		return nil
	}
	return &Fallback{At: f.At.UTC(), Reason: f.Reason}
}

func postDocument(p *analysis.JudgedPost) Post {
	d := Post{
		ID: p.ID, ExternalID: p.ExternalID, ParentExternalID: orNull(p.ParentExternalID),
		RootExternalID: orNull(p.RootExternalID), Kind: PostKind(p.Kind),
		Author: Author{Name: orNull(p.Author.Name), ExternalID: orNull(p.Author.ExternalID)},
		Text:   p.Text, Likes: p.Likes, PublishedAt: timeOrNull(p.PublishedAt), EditedAt: timeOrNull(p.EditedAt),
		Deleted: p.Deleted, URL: p.URL,
	}
	if p.Spam != nil {
		d.Spam = &SpamVerdict{
			Verdict: string(p.Spam.Verdict), Score: p.Spam.Score,
			Reasons: append([]string{}, p.Spam.Reasons...), Model: string(p.Spam.Model),
		}
	}
	if p.Sentiment != nil {
		d.Sentiment = &Sentiment{
			Label: SentimentLabel(p.Sentiment.Label), Score: p.Sentiment.Score, Model: string(p.Sentiment.Model),
		}
	}
	return d
}

func providerDocument(p application.ProviderInfo) Provider {
	return Provider{
		ID: ProviderID(p.ID), Name: p.Name, MasterCredentials: p.MasterCredentials,
		AuthMethods: documents(p.AuthMethods, func(m access.AuthMethod) string { return string(m) }),
		Quota:       quotaDocument(p.Quota),
	}
}

func apiKeyDocument(k access.APIKey) APIKey {
	return APIKey{
		ID: k.ID, Name: k.Name, Permissions: permissionWords(k.Permissions),
		CreatedAt: k.CreatedAt.UTC(), ExpiresAt: timeOrNull(k.ExpiresAt),
	}
}

func permissionWords(permissions []access.Permission) []Permission {
	return documents(permissions, func(p access.Permission) Permission { return Permission(p) })
}

// documents returns the document of each value; never nil, so that an empty
// list is [] in every encoder.
func documents[T, D any](values []T, document func(T) D) []D {
	list := make([]D, len(values))
	for i, v := range values {
		list[i] = document(v)
	}
	return list
}

func orNull[S ~string](s S) *S {
	if s == "" {
		return nil
	}
	return &s
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
