package rest

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/go-json-experiment/json"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

const (
	maxIdempotencyKey = 255
	// claimTime bounds the work under a key, which goes on when the client has
	// hung up: otherwise its retry would find the key taken and no answer.
	claimTime = 20 * time.Second
)

// answerOnce answers a request that makes a task. With an Idempotency-Key the
// work is done once for each key, and its answer is kept; failures are not.
func (h *handlers) answerOnce(c echo.Context, key *IdempotencyKey, body []byte, work func(context.Context) (Task, error)) error {
	ctx := c.Request().Context()
	if key == nil {
		made, err := work(ctx)
		if err != nil {
			return err
		}
		return accepted(c, made)
	}
	if err := checkIdempotencyKey(*key); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTime)
	defer cancel()
	hash := sha256.Sum256(body)
	request := ports.IdempotentRequest{User: callerOf(c).User.ID, Path: c.Path(), Key: *key, BodyHash: hash[:]}
	kept, err := h.Idempotency.BeginRequest(ctx, request, time.Now().UTC())
	if err != nil {
		return err
	}
	if kept == nil {
		if kept, err = h.answerUnder(ctx, request, work); err != nil {
			return err
		}
	} else {
		c.Response().Header().Set("Idempotency-Replayed", "true")
	}
	c.Response().Header().Set("Location", kept.Location)
	return answerBytes(c, kept.Status, kept.Body)
}

// answerUnder does the work and keeps its answer, or gives the key back.
func (h *handlers) answerUnder(ctx context.Context, r ports.IdempotentRequest, work func(context.Context) (Task, error)) (*ports.StoredAnswer, error) {
	done := false
	defer func() {
		if !done { // also when the work panics
			if err := h.Idempotency.ForgetRequest(ctx, r); err != nil {
				h.log.WarnContext(ctx, "an Idempotency-Key stays taken for a minute", "user", r.User, "error", err)
			}
		}
	}()
	made, err := work(ctx)
	if err != nil {
		return nil, err
	}
	done = true
	body, err := json.Marshal(made)
	if err != nil {
		return nil, err
	}
	answer := &ports.StoredAnswer{Status: http.StatusAccepted, Location: locationOf(made), Body: body}
	if err := h.Idempotency.KeepAnswer(ctx, r, *answer); err != nil {
		h.log.WarnContext(ctx, "the answer under an Idempotency-Key could not be kept", "user", r.User, "error", err)
	}
	return answer, nil
}

func checkIdempotencyKey(key string) error {
	hidden := func(r rune) bool { return r < '!' || r > '~' }
	if key == "" || len(key) > maxIdempotencyKey || strings.ContainsFunc(key, hidden) {
		return fault.New(fault.Invalid, fault.CodeInvalidValue,
			"Idempotency-Key is 1 to %d visible ASCII characters", maxIdempotencyKey).In("Idempotency-Key")
	}
	return nil
}

func locationOf(t Task) string { return "/tasks/" + t.ID }

// accepted answers with a task that is on its way.
func accepted(c echo.Context, t Task) error {
	c.Response().Header().Set("Location", locationOf(t))
	return answer(c, http.StatusAccepted, t)
}
