package application

import (
	"context"

	"github.com/soundings-io/soundings/ports"
)

// save stores renewed credentials before they are used. Those that the store
// does not take stay in memory until the next chance.
func (r *refresher) save(ctx context.Context, renewed ports.HeldIntegration) (ports.HeldIntegration, error) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	saved, err := r.store.SaveRefreshed(bounded, renewed)
	if err != nil {
		r.keepUnsaved(renewed)
		r.log.WarnContext(ctx, "a renewed token could not be saved; it is kept in memory and saved at the next chance",
			"integration", renewed.ID, "provider", renewed.Provider, "error", err)
		return renewed, later("the connected %s account's new token could not be saved; the work goes on by itself", renewed.Integration)
	}
	r.forgetUnsaved(renewed.ID)
	if !saved {
		// The account was connected again, or somebody else was quicker.
		current, err := r.read(bounded, renewed.Integration)
		if err != nil {
			return renewed, err
		}
		return r.judgeOthers(current)
	}
	renewed.Version++
	return renewed, nil
}

// settle saves what this process renewed and could not save before, and returns
// the integration as it then is.
func (r *refresher) settle(ctx context.Context, held ports.HeldIntegration) (ports.HeldIntegration, error) {
	r.mu.Lock()
	renewed, waits := r.unsaved[held.ID]
	r.mu.Unlock()
	switch {
	case !waits:
		return held, nil
	case renewed.Version != held.Version:
		r.forgetUnsaved(held.ID) // the row has newer ones
		return held, nil
	}
	return r.save(ctx, renewed)
}

// keepUnsaved remembers credentials. Of too many, some are dropped: their
// accounts are renewed once more, with the token that the store has.
func (r *refresher) keepUnsaved(renewed ports.HeldIntegration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range r.unsaved {
		if len(r.unsaved) < rememberedMost {
			break
		}
		delete(r.unsaved, id)
	}
	r.unsaved[renewed.ID] = renewed
}

func (r *refresher) forgetUnsaved(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.unsaved, id)
}
