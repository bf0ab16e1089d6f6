package portstest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// answering returns a provider that always gives one answer.
func answering(status int, header map[string]string, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

const htmlPage = "<!doctype html><title>502</title><p>Bad gateway"

func wantFault(err error, kinds ...fault.Kind) error {
	if err == nil {
		return errors.New("it is no error")
	}
	if !slices.Contains(kinds, fault.KindOf(err)) {
		return fmt.Errorf("it is %s, want one of %v: %w", fault.KindOf(err), kinds, err)
	}
	return nil
}

// checkOutages: whatever 5xx, and nobody there at all.
func checkOutages(ctx context.Context, h ContentSourceHarness) error {
	listings, err := h.listings(ctx)
	if err != nil {
		return err
	}
	unavailable := func(err error) error { return wantFault(err, fault.Unavailable) }
	for _, status := range []int{500, 502, 503, 504} {
		if err := h.eachCall(ctx, listings, answering(status, nil, htmlPage), unavailable); err != nil {
			return fmt.Errorf("%d: %w", status, err)
		}
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	_, err = h.New(gone.URL, contentSourceTimeout).Open(ctx, h.Context, h.Source)
	return unavailable(err)
}

// checkRateLimits: 429 in JSON or not, Retry-After in both of its forms.
func checkRateLimits(ctx context.Context, h ContentSourceHarness) error {
	listings, err := h.listings(ctx)
	if err != nil {
		return err
	}
	const wait = 600 * time.Second
	for _, value := range []string{"600", time.Now().Add(wait).UTC().Format(http.TimeFormat)} {
		limited := answering(http.StatusTooManyRequests, map[string]string{"Retry-After": value}, htmlPage)
		err := h.eachCall(ctx, listings, limited, func(err error) error {
			if wrong := wantFault(err, fault.RateLimited); wrong != nil {
				return wrong
			}
			if left := time.Until(fault.As(err).RetryAt); left < wait-30*time.Second || left > wait+30*time.Second {
				return fmt.Errorf("Retry-After %s gives %s from now", value, left)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// checkUnusableAnswers: a 200 that is none, cut off or without an end.
func checkUnusableAnswers(ctx context.Context, h ContentSourceHarness) error {
	listings, err := h.listings(ctx)
	if err != nil {
		return err
	}
	answers := map[string]http.Handler{
		"HTML":      answering(http.StatusOK, nil, htmlPage),
		"empty":     answering(http.StatusOK, nil, ""),
		"null":      answering(http.StatusOK, nil, "null"),
		"a string":  answering(http.StatusOK, nil, `"ok"`),
		"half":      answering(http.StatusOK, nil, `{"items":[{"id":"a"`),
		"cut":       answering(http.StatusOK, map[string]string{"Content-Length": "4096"}, `{"items":[`),
		"not gzip":  answering(http.StatusOK, map[string]string{"Content-Encoding": "gzip"}, `{"items":[]}`),
		"no end":    http.HandlerFunc(pour),
		"hung up":   http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
		"bad types": answering(http.StatusOK, nil, `{"items":{"id":[]},"data":7,"kind":{}}`),
	}
	for _, name := range slices.Sorted(maps.Keys(answers)) {
		err := h.eachCall(ctx, listings, answers[name], func(err error) error {
			if wrong := wantFault(err, fault.Unavailable, fault.Rejected); wrong != nil {
				return wrong
			}
			codes := []fault.Code{fault.CodeProviderAnswerInvalid, fault.CodeProviderUnavailable}
			if code := fault.As(err).Code; !slices.Contains(codes, code) {
				return fmt.Errorf("it has the code %s", code)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// pour sends one endless string, 256 MiB at most.
func pour(w http.ResponseWriter, _ *http.Request) {
	chunk := []byte(strings.Repeat("a", 1<<20))
	_, _ = w.Write([]byte(`{"kind":"`))
	for range 256 {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// hanging never answers; begun is told of each call.
func hanging(begun chan<- struct{}) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case begun <- struct{}{}:
		default:
		}
		<-r.Context().Done()
	})
}

// checkHangs: a call ends by itself, also when the answer begins and stops.
func checkHangs(ctx context.Context, h ContentSourceHarness) error {
	trickle := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"items":[`))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	for _, handler := range []http.Handler{hanging(nil), trickle} {
		server := httptest.NewServer(handler)
		began := time.Now()
		_, err := h.New(server.URL, 200*time.Millisecond).Open(ctx, h.Context, h.Source)
		took := time.Since(began)
		server.CloseClientConnections()
		server.Close()
		if wrong := wantFault(err, fault.Unavailable); wrong != nil {
			return wrong
		}
		if took > 10*time.Second {
			return fmt.Errorf("the call ended after %s, want 200ms", took)
		}
	}
	return nil
}

// checkCancel: before the call, and in the middle of it.
func checkCancel(ctx context.Context, h ContentSourceHarness) error {
	begun := make(chan struct{}, 1)
	server := httptest.NewServer(hanging(begun))
	defer server.Close()
	defer server.CloseClientConnections()
	source := h.New(server.URL, 30*time.Second)
	for _, inCall := range []bool{false, true} {
		ended, cancel := context.WithCancel(ctx)
		if inCall {
			go func() { <-begun; cancel() }()
		} else {
			cancel()
		}
		began := time.Now()
		_, err := source.Open(ended, h.Context, h.Source)
		cancel()
		if !errors.Is(err, context.Canceled) && wantFault(err, fault.Unavailable) != nil {
			return fmt.Errorf("a cancelled call gives %w", err)
		}
		if took := time.Since(began); took > 10*time.Second {
			return fmt.Errorf("a cancelled call went on for %s", took)
		}
	}
	return nil
}

// checkRedirects: nobody but the configured host gets a call, and a redirect
// is no answer.
func checkRedirects(ctx context.Context, h ContentSourceHarness) error {
	var strayed atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed.Add(1) }))
	defer elsewhere.Close()
	// Another name for the same machine, so that it is another host.
	target := strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1)
	redirect := answering(http.StatusFound, map[string]string{"Location": target}, "")
	err := h.serving(redirect, func(s ports.ContentSource) error {
		_, err := s.Open(ctx, h.Context, h.Source)
		return wantFault(err, fault.Unavailable, fault.Rejected, fault.NotFound)
	})
	if strayed.Load() > 0 {
		return errors.New("a redirect to another host was followed")
	}
	return err
}

// checkSecrets: no error carries the token, not even when the provider echoes it.
func checkSecrets(ctx context.Context, h ContentSourceHarness) error {
	listings, err := h.listings(ctx)
	if err != nil {
		return err
	}
	if h.Secret == "" {
		return errors.New("the harness has no secret")
	}
	silent := func(err error) error {
		if err == nil {
			return nil // a listing may take a 404 for its end
		}
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fault.As(err).Message} {
			if strings.Contains(text, h.Secret) || strings.Contains(text, url.QueryEscape(h.Secret)) {
				return errors.New("its text has the token in it")
			}
		}
		return nil
	}
	for _, status := range []int{200, 400, 401, 403, 404, 429, 500} {
		body := fmt.Sprintf(`{"message":%[2]q,"reason":%[2]q,"error":{"code":%[1]d,"message":%[2]q,"errors":[{"reason":%[2]q,"message":%[2]q}]}}`, status, h.Secret)
		if err := h.eachCall(ctx, listings, answering(status, nil, body), silent); err != nil {
			return fmt.Errorf("%d: %w", status, err)
		}
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	_, err = h.New(gone.URL, contentSourceTimeout).Open(ctx, h.Context, h.Source)
	return silent(err)
}
