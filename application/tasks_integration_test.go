package application_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/adapters/memory"
	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// withAccounts is the database with connected accounts in memory beside it.
type withAccounts struct {
	*sqlstore.Store
	accounts *accountStore
}

func (s withAccounts) Integration(ctx context.Context, user access.UserID, p content.ProviderID, id string) (ports.HeldIntegration, error) {
	return s.accounts.Integration(ctx, user, p, id)
}

func TestATaskNamesAnAccountOfItsUserAndProvider(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	accounts, google := newAccountStore(), memory.NewTokenAuthority(content.YouTube, time.Hour, needed)
	grant := google.Grant(ports.Account{ID: "a"}, time.Hour)
	own := accounts.add(r.by.User.ID, content.YouTube, grant)
	reddit := accounts.add(r.by.User.ID, content.Reddit, grant)
	others := accounts.add("somebody else", content.YouTube, grant)
	store := withAccounts{r.store, accounts}
	dispatcher := application.NewDispatcher(store, memory.NewQueue(1), task.DefaultLimits(), slog.New(slog.DiscardHandler))
	tasks := application.NewTasks(store, r.files, dispatcher, 1000)
	for id, kind := range map[string]fault.Kind{others: fault.NotFound, "none": fault.NotFound, reddit: fault.Invalid} {
		_, err := tasks.Create(t.Context(), r.by, application.NewTask{URLs: []string{battery}, IntegrationID: id})
		require.Error(t, err)
		assert.Equal(t, kind, fault.KindOf(err))
		assert.Equal(t, "integrationId", fault.As(err).Field)
	}
	made, err := tasks.Create(t.Context(), r.by, application.NewTask{URLs: []string{battery}, IntegrationID: own})
	require.NoError(t, err)
	assert.Equal(t, own, made.IntegrationID)
}
