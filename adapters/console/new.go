package console

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/soundings-io/soundings/adapters/internal/plain"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

// newPage is the form of a new task, with what is known of it.
type newPage struct {
	Addresses, MaxPosts, Since string
	Replies                    bool
	Integrations               []choice
	// Problem says what of the form cannot be read.
	Problem  string
	Estimate *application.Estimate
	Provider string
	// Providers are those that this version can fetch from.
	Providers []providerLine
}

// providerLine is a provider, and whether there is anything to fetch with.
type providerLine struct {
	application.ProviderInfo
	Connected bool
}

func (s *Server) newTask(v *visit) error {
	return s.renderNew(v, http.StatusOK, newPage{Replies: true})
}

func (s *Server) renderNew(v *visit, status int, page newPage) error {
	ctx := v.Request().Context()
	listed, err := s.Integrations.List(ctx, v.by, ports.Paging{Limit: maxIntegrations})
	if err != nil {
		return err
	}
	connected := map[string]bool{}
	page.Integrations = append(page.Integrations, choice{Word: "Whichever works"})
	for _, in := range listed.Items {
		connected[string(in.Provider)] = connected[string(in.Provider)] || in.Health(time.Now()) != access.NeedsReconnect
		page.Integrations = append(page.Integrations, choice{Value: in.ID, Word: providerWords[in.Provider] + ": " + plain.Isolated(cleared(in.AccountName))})
	}
	page.Integrations = choices(v.FormValue("integration"), page.Integrations...)
	providers, err := s.Providers.List(ctx)
	for _, p := range providers {
		page.Providers = append(page.Providers, providerLine{p, connected[string(p.ID)]})
	}
	if err != nil {
		return err
	}
	return s.render(v, v, status, "new", "New task", page)
}

// asked reads the form. What it cannot read stands in the page's Problem.
func asked(v *visit) (application.NewTask, newPage) {
	page := newPage{
		Addresses: v.FormValue("urls"), MaxPosts: v.FormValue("maxPosts"), Since: v.FormValue("since"), Replies: v.FormValue("replies") != "",
	}
	req := application.NewTask{
		URLs: strings.Fields(page.Addresses), IntegrationID: v.FormValue("integration"),
		Options: task.Options{IncludeReplies: page.Replies},
	}
	var err error
	if page.MaxPosts != "" {
		if req.Options.MaxPosts, err = strconv.ParseInt(page.MaxPosts, 10, 64); err != nil {
			page.Problem = "The most posts is a whole number, or nothing for all."
		}
	}
	if page.Since != "" {
		if req.Options.Since, err = time.Parse(time.DateOnly, page.Since); err != nil {
			page.Problem = "The day is written as 2026-01-31, or left out."
		}
	}
	return req, page
}

func (s *Server) estimate(v *visit) error {
	req, page := asked(v)
	if page.Problem != "" {
		return s.renderNew(v, http.StatusUnprocessableEntity, page)
	}
	estimate, err := s.Estimates.Estimate(v.Request().Context(), v.by, req)
	if err != nil {
		return s.refuseNew(v, page, err)
	}
	page.Estimate, page.Provider = &estimate, providerWords[estimate.Provider]
	return s.renderNew(v, http.StatusOK, page)
}

func (s *Server) startTask(v *visit) error {
	req, page := asked(v)
	if page.Problem != "" {
		return s.renderNew(v, http.StatusUnprocessableEntity, page)
	}
	created, err := s.Tasks.Create(v.Request().Context(), v.by, req)
	if err != nil {
		return s.refuseNew(v, page, err)
	}
	return back(v, taskPath(created.ID), "started")
}

// refuseNew shows the form again where it is the form that is at fault.
func (s *Server) refuseNew(v *visit, page newPage, err error) error {
	if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) {
		return err
	}
	page.Problem = sentence(fault.As(err).Message)
	return s.renderNew(v, http.StatusUnprocessableEntity, page)
}
