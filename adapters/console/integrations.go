package console

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// maxIntegrations is how many accounts a page lists.
const maxIntegrations = 100

// integrationsPage is the accounts that are connected, and what more can be.
type integrationsPage struct {
	Accounts  []accountLine
	Providers []application.ProviderInfo
	// Connection is an attempt that the provider has sent back, to be completed.
	Connection string
	Problem    string
}

// accountLine is a connected account.
type accountLine struct {
	access.Integration
	Name, Provider, Health, Reason string
	Works                          bool
}

func (s *Server) listIntegrations(v *visit) error {
	ctx := v.Request().Context()
	listed, err := s.Integrations.List(ctx, v.by, ports.Paging{Limit: maxIntegrations})
	if err != nil {
		return err
	}
	page := integrationsPage{Connection: v.QueryParam("connection"), Problem: consentProblem(v.QueryParam("error"))}
	for _, in := range listed.Items {
		health := in.Health(time.Now())
		page.Accounts = append(page.Accounts, accountLine{
			Integration: in, Name: cleared(in.AccountName), Provider: providerWords[in.Provider],
			Health: healthWords[health], Reason: reasonWords[in.Reason], Works: health == access.Active,
		})
	}
	if page.Providers, err = s.Providers.List(ctx); err != nil {
		return err
	}
	return s.render(v, v, http.StatusOK, "integrations", "Accounts", page)
}

func consentProblem(code string) string {
	switch words, known := consentErrors[code]; {
	case code == "":
		return ""
	case known:
		return words
	}
	return "The platform did not connect the account. Try again in a moment."
}

// consentPage leads to the provider. It is a link, because the policy of these
// pages lets forms go nowhere else.
type consentPage struct{ Provider, Address string }

func (s *Server) connect(v *visit) error {
	provider := content.ProviderID(v.Param("provider"))
	address, err := s.Integrations.Begin(v.Request().Context(), v.by, provider, s.opts.PublicURL+Root+"/connected")
	if err != nil {
		return err
	}
	return s.render(v, v, http.StatusOK, "consent", "Connect an account", consentPage{providerWords[provider], address})
}

// connectedPage leads back into the console.
type connectedPage struct{ Next string }

// connected is where the provider's consent ends. The browser comes from another
// site and so brings no cookie (SameSite=Strict): this page only leads on to one
// that it does bring it to.
func (s *Server) connected(c echo.Context) error {
	u := *c.Request().URL
	q := u.Query()
	for name := range q {
		if name != "connection" && name != "error" {
			q.Del(name)
		}
	}
	return s.render(c, nil, http.StatusOK, "connected", "Back from the platform", connectedPage{Root + "/integrations?" + q.Encode()})
}

func (s *Server) complete(v *visit) error {
	_, err := s.Integrations.Complete(v.Request().Context(), v.by, v.FormValue("connection"))
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, fault.CodeNotFound, "this consent was used already, or it took too long; connect the account again")
	}
	if err != nil {
		return err
	}
	return back(v, Root+"/integrations", "connected")
}

func (s *Server) confirmDisconnect(v *visit) error {
	id, err := uuidOf(v, "id")
	if err != nil {
		return err
	}
	return s.render(v, v, http.StatusOK, "confirm", "Disconnect an account", confirmation{
		Question: "Disconnect this account?", Means: "Its tokens are erased here and revoked at the platform. Tasks that use it fall back to this deployment's own access, or stop.",
		Button: "Disconnect the account", Action: Root + "/integrations/" + id + "/disconnect", Back: Root + "/integrations",
	})
}

func (s *Server) disconnect(v *visit) error {
	id, err := uuidOf(v, "id")
	if err != nil {
		return err
	}
	if err := s.Integrations.Delete(v.Request().Context(), v.by, id); err != nil {
		return err
	}
	return back(v, Root+"/integrations", "disconnected")
}
