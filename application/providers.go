package application

import (
	"cmp"
	"context"
	"slices"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
)

// ProviderInfo tells what a provider needs, and what it still allows.
type ProviderInfo struct {
	ID                content.ProviderID
	Name              string
	AuthMethods       []access.AuthMethod
	MasterCredentials bool
	// Quota is nil where nothing is counted or known.
	Quota *access.Quota
}

// Providers lists the built-in providers.
type Providers struct {
	sources  ContentSources
	contexts *Contexts
	quotas   *Quotas
}

// NewProviders returns the use case.
func NewProviders(sources ContentSources, contexts *Contexts, quotas *Quotas) *Providers {
	return &Providers{sources: sources, contexts: contexts, quotas: quotas}
}

var providerNames = map[content.ProviderID]string{content.YouTube: "YouTube", content.Reddit: "Reddit"}

// List returns the providers that this version can fetch from, by id.
func (p *Providers) List(ctx context.Context) ([]ProviderInfo, error) {
	infos := make([]ProviderInfo, 0, len(p.sources))
	for id := range p.sources {
		quota, err := p.quotas.Quota(ctx, id)
		if err != nil {
			return nil, err
		}
		infos = append(infos, ProviderInfo{
			ID: id, Name: providerNames[id], MasterCredentials: p.contexts.HasMaster(id), Quota: quota,
			AuthMethods: []access.AuthMethod{access.OAuth, access.KeyAuth},
		})
	}
	slices.SortFunc(infos, func(a, b ProviderInfo) int { return cmp.Compare(a.ID, b.ID) })
	return infos, nil
}
