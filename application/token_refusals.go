package application

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

const (
	// refusalsMost is how many Reddit accounts may be refused within
	// refusalsWithin and be taken for revoked. Reddit answers a dead refresh
	// token and a request that we broke with the same 400 (field-notes §3.2).
	refusalsMost   = 5
	refusalsWithin = time.Minute
	// troubleLasts is how long readiness tells of it, unless a refresh succeeds.
	troubleLasts = 10 * time.Minute
)

// refusals watches for refusals that come in a burst. Its lock is held while
// rows are marked, so that a mark and its taking back cannot pass each other.
type refusals struct {
	mu     sync.Mutex
	recent []tokenRefusal
	// troubled is when a burst was last seen; zero for never.
	troubled time.Time
}

type tokenRefusal struct {
	account access.Integration
	at      time.Time
	marked  bool
}

// revoked marks an account that the provider refuses to renew, and returns
// true; or it finds that too many are refused at a time, takes back the marks of
// the last minute, and returns false.
func (r *refresher) revoked(ctx context.Context, held ports.HeldIntegration) bool {
	if held.Provider != content.Reddit {
		r.mark(ctx, held, access.ReasonRevoked) // Google says invalid_grant
		return true
	}
	w := r.refusals
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note(held.Integration, now())
	if len(w.recent) <= refusalsMost {
		w.recent[len(w.recent)-1].marked = true
		r.mark(ctx, held, access.ReasonRevoked)
		return true
	}
	w.troubled = now()
	for i := range w.recent {
		if w.recent[i].marked {
			w.recent[i].marked = false
			r.unmark(ctx, w.recent[i].account)
		}
	}
	return false
}

// note adds a refusal; each account counts once.
func (w *refusals) note(in access.Integration, at time.Time) {
	w.recent = slices.DeleteFunc(w.recent, func(f tokenRefusal) bool {
		return f.account.ID == in.ID || at.Sub(f.at) >= refusalsWithin
	})
	if len(w.recent) > rememberedMost {
		w.recent = w.recent[1:]
	}
	w.recent = append(w.recent, tokenRefusal{account: in, at: at})
}

// unmark takes back that an account was revoked.
func (r *refresher) unmark(ctx context.Context, in access.Integration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	current, err := r.read(ctx, in)
	if err == nil && current.Reason == access.ReasonRevoked && !current.Unreadable {
		current.Reason = ""
		_, err = r.store.SaveRefreshed(ctx, current)
	}
	if err != nil {
		r.log.WarnContext(ctx, "an account was marked for reconnecting in a burst of refusals, and the mark could not be taken back",
			"integration", in.ID, "error", err)
	}
}

// succeeded notes that a refresh worked: it is not our request.
func (w *refusals) succeeded(p content.ProviderID) {
	if p != content.Reddit {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recent, w.troubled = nil, time.Time{}
}

func (w *refusals) healthy() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.troubled.IsZero() || now().Sub(w.troubled) > troubleLasts {
		return nil
	}
	return fault.New(fault.Unavailable, fault.CodeUnavailable,
		"Reddit refused to renew more than %d accounts within a minute, so none was marked: check REDDIT_CLIENT_ID and REDDIT_CLIENT_SECRET", refusalsMost)
}
