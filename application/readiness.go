package application

import (
	"context"
	"sync"
	"time"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// Health is how a part of the service is.
type Health string

// The states of a part, spelt as the HTTP contract has them.
const (
	PartOK       Health = "ok"
	PartDegraded Health = "degraded"
	PartDown     Health = "down"
)

// Part is something that Soundings depends on.
type Part struct {
	Name string
	// Vital parts are down when they fail, others leave the service degraded.
	Vital   bool
	Checker ports.HealthChecker
}

// PartHealth is how a part is now, with what to do about it.
type PartHealth struct {
	Name   string
	Health Health
	Detail string
}

// Readiness tells whether the service can work.
type Readiness struct{ parts []Part }

// NewReadiness returns the use case.
func NewReadiness(parts []Part) *Readiness { return &Readiness{parts: parts} }

const checkTimeout = 2 * time.Second

// Check asks all parts at a time, for 2 seconds at most, and returns the worst
// state and that of each part in order.
func (r *Readiness) Check(ctx context.Context) (Health, []PartHealth) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	found := make([]PartHealth, len(r.parts))
	var wg sync.WaitGroup
	for i, p := range r.parts {
		wg.Go(func() { found[i] = p.check(ctx) })
	}
	wg.Wait()
	worst := PartOK
	for _, h := range found {
		if h.Health == PartDown || worst == PartOK {
			worst = h.Health
		}
	}
	return worst, found
}

func (p Part) check(ctx context.Context) PartHealth {
	h := PartHealth{Name: p.Name, Health: PartOK}
	if err := p.Checker.Healthy(ctx); err != nil {
		// The cause may hold addresses and user names; anybody may read this.
		h.Health, h.Detail = PartDegraded, fault.As(err).Message
		if p.Vital {
			h.Health = PartDown
		}
	}
	return h
}
