package e2e_test

import "time"

// The documents of contract §3, as a client that has only read that would
// declare them.

type source struct {
	URL, ProviderID, Kind, ExternalID string
	Title                             *string
}

type taskProblem struct {
	Code, Message string
	SubtaskID     *string
	Retryable     bool
	RetryAt       *time.Time
}

type task struct {
	ID, Kind, Status string
	Run              int
	Source           *source
	Sources          []source
	IntegrationID    *string
	TokenSource      *string
	Fallback         *fallback
	Webhook          *struct {
		Status      string
		Attempts    int
		DeliveredAt *time.Time
	}
	Export *struct {
		TaskID, Format string
		Rows, Bytes    int64
		SHA256         *string
		ExpiresAt      *time.Time
		Partial        bool
	}
	Progress struct {
		Subtasks struct{ Total, Done, Failed int64 }
		Posts    struct {
			Fetched, Spam, Scored int64
			Expected              *int64
		}
	}
	Problems              []taskProblem
	CreatedAt             time.Time
	StartedAt, FinishedAt *time.Time
	RetryAt               *time.Time
}

// fallback tells since when the deployment's credentials stand in, and why.
type fallback struct {
	At     time.Time
	Reason string
}

// codes returns the codes of the task's problems, each once.
func (t task) codes() []string {
	found, seen := []string{}, map[string]bool{}
	for _, p := range t.Problems {
		if !seen[p.Code] {
			seen[p.Code] = true
			found = append(found, p.Code)
		}
	}
	return found
}

type subtask struct {
	ID, TaskID, Type, Status, ProviderID string
	Attempt                              int
	IntegrationID, AuthMode, TokenSource *string
	Fallback                             *fallback
	Cursor                               struct{ Page, Posts int64 }
	Problem                              *taskProblem
	RunAt, StartedAt, FinishedAt         *time.Time
}

type post struct {
	ID, ExternalID, Kind             string
	ParentExternalID, RootExternalID *string
	Author                           struct{ Name, ExternalID *string }
	Text, URL                        string
	Likes                            int64
	PublishedAt, EditedAt            *time.Time
	Deleted                          bool
	Spam                             *struct {
		Verdict, Model string
		Score          float64
		Reasons        []string
	}
	Sentiment *struct {
		Label, Model string
		Score        float64
	}
}

// integration is a connected account.
type integration struct {
	ID, ProviderID, Status string
	AccountName, Reason    *string
	Scopes                 []string
	ExpiresAt, LastUsedAt  *time.Time
}

type provider struct {
	ID                string
	MasterCredentials bool
	AuthMethods       []string
	Quota             *struct {
		Unit              string
		Limit, Used, Left *int64
		ResetAt           *time.Time
	}
}

type queue struct {
	Name   string
	Paused bool
	Depth  struct{ Waiting, Queued, Running, Dead int64 }
}

type job struct {
	ID, State string
	LastError *string
}

type summary struct {
	Posts struct {
		Total       int64
		ByKind      map[string]int64
		BySentiment map[string]int64
		BySpam      map[string]int64
	}
	ByDay []struct {
		Day                                string
		Posts, Positive, Neutral, Negative int64
		MeanScore                          *float64
	}
	TopAuthors []struct {
		Name, ExternalID *string
		Posts            int64
		MeanScore        *float64
	}
	Completeness struct {
		Expected *int64
		Fetched  int64
		Missing  []struct {
			Cause string
			Count *int64
		}
	}
	Models struct{ Spam, Sentiment *string }
}
