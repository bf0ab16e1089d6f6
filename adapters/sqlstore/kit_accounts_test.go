package sqlstore

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/ports"
)

// brokenAccounts are wrappers that each break one promise about integrations,
// connections or budgets.
var brokenAccounts = map[string]brokenStore{
	"forgets why the deployment's key stood in": {
		"page/why the user's own token was not used is kept, and the latest page decides",
		func(s ports.Store) ports.Store { return forgetsFallback{s} },
	},
	"hands out another provider's account": {
		"integration/of somebody else, another provider, unknown or garbage is not found",
		func(s ports.Store) ports.Store { return anyProvider{s} },
	},
	"deletes anybody's account": {
		"integration/of somebody else, another provider, unknown or garbage is not found",
		func(s ports.Store) ports.Store { return &deletesAnybodys{Store: s} },
	},
	"chooses the newest, whether it works or not": {
		"integration/without an id it is the newest that works",
		func(s ports.Store) ports.Store { return choosesNewest{s} },
	},
	"keeps no refresh token": {
		"integration/is read as it was saved, with its secrets",
		func(s ports.Store) ports.Store { return losesRefreshToken{s} },
	},
	"makes an account anew each time": {
		"integration/the same account again replaces the credentials and keeps the id",
		func(s ports.Store) ports.Store { return &forgetsAccount{Store: s} },
	},
	"lists the first page only": {
		"integration/lists page by page, newest first, each once",
		func(s ports.Store) ports.Store { return firstPageOnly{s} },
	},
	"lets everybody refresh": {
		"concurrent/one of fifty claims a refresh, and one save of a version wins",
		func(s ports.Store) ports.Store { return claimsForAll{s} },
	},
	"never ends a claim": {
		"integration/a claim is one caller's until it is over or the credentials were saved",
		func(s ports.Store) ports.Store { return &claimsForEver{Store: s} },
	},
	"claims for a version that is over": {
		"integration/a claim is one caller's until it is over or the credentials were saved",
		func(s ports.Store) ports.Store { return claimsAnyVersion{s} },
	},
	"overwrites newer credentials": {
		"integration/renewed credentials are saved by the version that they come from",
		func(s ports.Store) ports.Store { return &overwrites{Store: s} },
	},
	"marks newer credentials": {
		"integration/a mark holds for its version, ends the claim, and gives way to what was renewed",
		func(s ports.Store) ports.Store { return marksAnyVersion{s} },
	},
	"notes no use": {
		"integration/use is noted",
		func(s ports.Store) ports.Store { return touchesNothing{s} },
	},
	"deletes no account": {
		"integration/deleting erases it and tells what it was",
		func(s ports.Store) ports.Store { return keepsAccounts{s} },
	},
	"answers a state again": {
		"connection/a state is good for one answer",
		func(s ports.Store) ports.Store { return &answersAgain{Store: s} },
	},
	"hands a connection to whoever asks": {
		"connection/is answered, then taken by who began it, once",
		func(s ports.Store) ports.Store { return &takenByAnybody{Store: s} },
	},
	"connects however late": {
		"connection/ends at its time, before the answer and after it",
		func(s ports.Store) ports.Store { return neverTooLate{s} },
	},
	"goes on after a refusal": {
		"connection/a refusal ends it",
		func(s ports.Store) ports.Store { return ignoresRefusal{s} },
	},
	"has one budget for all": {
		"budget/keeps what was made of it, each by its key",
		func(s ports.Store) ports.Store { return oneBudget{s} },
	},
	"loses what others spend meanwhile": {
		"concurrent/nothing that many spend of a budget is lost",
		func(s ports.Store) ports.Store { return &losesSpending{Store: s} },
	},
	"goes by another clock": {
		"budget/one that is not there is empty",
		func(s ports.Store) ports.Store { return wrongClock{s} },
	},
	"shows everybody's accounts": {
		"integration/lists page by page, newest first, each once",
		func(s ports.Store) ports.Store { return &listsAll{Store: s} },
	},
	"keeps a claim in spite of a mark": {
		"integration/a mark holds for its version, ends the claim, and gives way to what was renewed",
		func(s ports.Store) ports.Store { return keepsClaim{s} },
	},
	"seals without end": {
		"integration/nothing is sealed anew that the writing key sealed",
		func(s ports.Store) ports.Store { return sealsForEver{s} },
	},
	"keeps two of what is connected twice": {
		"concurrent/an account that is connected many times at once is one integration",
		func(s ports.Store) ports.Store { return connectsTwice{s} },
	},
	"answers however late": {
		"connection/ends at its time, before the answer and after it",
		func(s ports.Store) ports.Store { return answersLate{s} },
	},
	"lets all callbacks win": {
		"concurrent/of many callbacks and completions one each wins",
		func(s ports.Store) ports.Store { return allCallbacksWin{s} },
	},
	"answers a state that is none": {
		"connection/a state is good for one answer",
		func(s ports.Store) ports.Store { return &answersNone{Store: s} },
	},
}

type forgetsFallback struct{ ports.Store }

func (s forgetsFallback) SavePage(ctx context.Context, l ports.Lease, w ports.PageWrite) (ports.PageStored, error) {
	if w.EC.Fallback() != nil {
		w.EC = access.NewMasterContext(w.EC.User(), w.EC.Provider(), access.NewToken("x"))
	}
	return s.Store.SavePage(ctx, l, w)
}

type anyProvider struct{ ports.Store }

func (s anyProvider) Integration(ctx context.Context, user access.UserID, p content.ProviderID, id string) (ports.HeldIntegration, error) {
	held, err := s.Store.Integration(ctx, user, p, id)
	if err != nil {
		return s.Store.Integration(ctx, user, content.YouTube, id)
	}
	return held, nil
}

type deletesAnybodys struct {
	ports.Store
	owners sync.Map
}

func (s *deletesAnybodys) SaveIntegration(ctx context.Context, in ports.HeldIntegration) (access.Integration, error) {
	s.owners.Store(in.ID, in.UserID)
	return s.Store.SaveIntegration(ctx, in)
}

func (s *deletesAnybodys) DeleteIntegration(ctx context.Context, user access.UserID, id string) (ports.HeldIntegration, error) {
	if owner, ok := s.owners.Load(id); ok {
		user = owner.(access.UserID)
	}
	return s.Store.DeleteIntegration(ctx, user, id)
}

type choosesNewest struct{ ports.Store }

func (s choosesNewest) Integration(ctx context.Context, user access.UserID, p content.ProviderID, id string) (ports.HeldIntegration, error) {
	listed, err := s.Integrations(ctx, user, ports.Paging{Limit: 100})
	if i := slices.IndexFunc(listed.Items, func(in access.Integration) bool { return in.Provider == p }); err == nil && id == "" && i >= 0 {
		id = listed.Items[i].ID
	}
	return s.Store.Integration(ctx, user, p, id)
}

type losesRefreshToken struct{ ports.Store }

func (s losesRefreshToken) SaveIntegration(ctx context.Context, in ports.HeldIntegration) (access.Integration, error) {
	in.Refresh = access.Token{}
	saved, err := s.Store.SaveIntegration(ctx, in)
	saved.Renewable = true
	return saved, err
}

type forgetsAccount struct {
	ports.Store
	saved sync.Map
}

func (s *forgetsAccount) SaveIntegration(ctx context.Context, in ports.HeldIntegration) (access.Integration, error) {
	if old, again := s.saved.Swap(in.AccountID, in.ID); again {
		if _, err := s.DeleteIntegration(ctx, in.UserID, old.(string)); err != nil {
			return access.Integration{}, err
		}
	}
	return s.Store.SaveIntegration(ctx, in)
}

type firstPageOnly struct{ ports.Store }

func (s firstPageOnly) Integrations(ctx context.Context, user access.UserID, p ports.Paging) (ports.Listed[access.Integration], error) {
	listed, err := s.Store.Integrations(ctx, user, p)
	listed.Next = ""
	return listed, err
}

type claimsForAll struct{ ports.Store }

func (claimsForAll) ClaimRefresh(context.Context, string, int64, time.Duration) (bool, error) {
	return true, nil
}

type claimsForEver struct {
	ports.Store
	claimed sync.Map
}

func (s *claimsForEver) ClaimRefresh(ctx context.Context, id string, version int64, length time.Duration) (bool, error) {
	claimed, err := s.Store.ClaimRefresh(ctx, id, version, length)
	if claimed {
		_, before := s.claimed.LoadOrStore(id, true)
		claimed = !before
	}
	return claimed, err
}

type claimsAnyVersion struct{ ports.Store }

func (s claimsAnyVersion) ClaimRefresh(ctx context.Context, id string, version int64, length time.Duration) (bool, error) {
	for v := range version + 10 {
		if claimed, err := s.Store.ClaimRefresh(ctx, id, v, length); claimed || err != nil {
			return claimed, err
		}
	}
	return false, nil
}

type overwrites struct{ ports.Store }

func (s *overwrites) SaveRefreshed(ctx context.Context, in ports.HeldIntegration) (bool, error) {
	held, err := s.Integration(ctx, in.UserID, in.Provider, in.ID)
	if err != nil {
		return false, err
	}
	in.Version = held.Version
	return s.Store.SaveRefreshed(ctx, in)
}

type marksAnyVersion struct{ ports.Store }

func (s marksAnyVersion) MarkReconnect(ctx context.Context, id string, version int64, reason string) error {
	for v := range 10 {
		if err := s.Store.MarkReconnect(ctx, id, version+int64(v)-1, reason); err != nil {
			return err
		}
	}
	return nil
}

type touchesNothing struct{ ports.Store }

func (touchesNothing) TouchIntegration(context.Context, string, time.Time) error { return nil }

type keepsAccounts struct{ ports.Store }

func (s keepsAccounts) DeleteIntegration(ctx context.Context, user access.UserID, id string) (ports.HeldIntegration, error) {
	return s.Integration(ctx, user, content.YouTube, id)
}

// listsAll shows the accounts of the user who connected first.
type listsAll struct {
	ports.Store
	first access.UserID
}

func (s *listsAll) SaveIntegration(ctx context.Context, in ports.HeldIntegration) (access.Integration, error) {
	if s.first == "" {
		s.first = in.UserID
	}
	return s.Store.SaveIntegration(ctx, in)
}

func (s *listsAll) Integrations(ctx context.Context, _ access.UserID, p ports.Paging) (ports.Listed[access.Integration], error) {
	return s.Store.Integrations(ctx, s.first, p)
}

type keepsClaim struct{ ports.Store }

func (s keepsClaim) MarkReconnect(ctx context.Context, id string, version int64, reason string) error {
	if err := s.Store.MarkReconnect(ctx, id, version, reason); err != nil {
		return err
	}
	_, err := s.ClaimRefresh(ctx, id, version, time.Minute)
	return err
}

type sealsForEver struct{ ports.Store }

func (sealsForEver) ResealSecrets(_ context.Context, limit int) (int, error) { return limit, nil }

type connectsTwice struct{ ports.Store }

func (s connectsTwice) SaveIntegration(ctx context.Context, in ports.HeldIntegration) (access.Integration, error) {
	in.AccountID = in.ID
	return s.Store.SaveIntegration(ctx, in)
}
