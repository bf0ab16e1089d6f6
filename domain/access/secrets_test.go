package access_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/fault"
)

const plain = "ya29.Very-Secret"

// inside holds a secret's holder in every place that a value can have.
type inside[T any] struct {
	Field    T
	Pointer  *T
	Slice    []T
	Map      map[string]T
	Any      any
	hidden   T
	pointer  *T
	slice    []T
	pointers []*T
	array    [1]T
	byName   map[string]T
	any      any
	deep     struct{ deeper *struct{ deepest T } }
}

func within[T any](v T) *inside[T] {
	in := &inside[T]{
		Field: v, Pointer: &v, Slice: []T{v}, Map: map[string]T{"k": v}, Any: v,
		hidden: v, pointer: &v, slice: []T{v}, pointers: []*T{&v}, array: [1]T{v}, byName: map[string]T{"k": v}, any: &v,
	}
	in.deep.deeper = &struct{ deepest T }{v}
	return in
}

// holders are all values of the domain that hold a secret, in every place.
func holders() map[string]any {
	token := access.NewToken(plain)
	ec := access.NewUserContext(access.Integration{ID: "i"}, token)
	both := access.Credentials{Access: token, Refresh: token}
	return map[string]any{
		"token": token, "in token": within(token),
		"execution context": ec, "in execution context": within(ec),
		"request config": access.BuildRequestConfig(ec), "in request config": within(access.BuildRequestConfig(ec)),
		"credentials": both, "in credentials": within(both),
		"grant": access.Grant{Credentials: both}, "in grant": within(access.Grant{Credentials: both}),
		"connection": access.Connection{Verifier: token, Code: token}, "in connection": within(access.Connection{Verifier: token, Code: token}),
		"embedded": struct{ access.Token }{token}, "embedded context": struct{ access.ExecutionContext }{ec},
	}
}

// verbs are fmt's, those that do not fit as well: it prints the value then.
var verbs = strings.Fields("%v %+v %#v %s %+s %q %#q %x %X %#x %d %c %U %t %p %e %T %w %z %[2]v")

// requireHidden looks for the secret as it is, and as fmt's verbs write it.
func requireHidden(t *testing.T, printed, what string) {
	t.Helper()
	for _, form := range []string{
		plain, hex.EncodeToString([]byte(plain)), strings.ToUpper(hex.EncodeToString([]byte(plain))),
		base64.StdEncoding.EncodeToString([]byte(plain)), strings.Trim(fmt.Sprint([]byte(plain)), "[]"),
	} {
		require.NotContains(t, printed, form, what)
	}
}

func TestNoSecretIsPrinted(t *testing.T) {
	t.Parallel()
	for name, v := range holders() {
		for _, verb := range verbs {
			for _, value := range []any{v, &v, []any{v}, map[string]any{"k": v}} {
				requireHidden(t, fmt.Sprintf(verb, value), name+" "+verb)
			}
		}
		requireHidden(t, fmt.Sprint(v, &v)+fmt.Sprintln(v), name)
	}
}

func TestNoSecretIsLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		for name, v := range holders() {
			log.Reset()
			err := fmt.Errorf("%v: %w", v, fault.New(fault.Internal, fault.CodeInternal, "%+v", v))
			slog.New(handler).With("bound", v).WithGroup("g").Error(fmt.Sprint(v),
				"value", v, "pointer", &v, "values", []any{v}, slog.Group("group", "v", v), "error", err)
			requireHidden(t, log.String(), name)
			require.Contains(t, log.String(), "pointer", "it was logged")
		}
	}
}

func TestNoSecretIsMarshalled(t *testing.T) {
	t.Parallel()
	for name, v := range holders() {
		encoded, err := json.Marshal(v)
		require.NoError(t, err, name)
		requireHidden(t, string(encoded), name)
		var page bytes.Buffer
		require.NoError(t, template.Must(template.New("").Parse(`{{.}} {{printf "%#v" .}}`)).Execute(&page, v), name)
		requireHidden(t, page.String(), name)
	}
}

func TestNoSecretIsInAnError(t *testing.T) {
	t.Parallel()
	for name, v := range holders() {
		err := errors.Join(
			fault.New(fault.Rejected, fault.CodeCredentialsRejected, "%v %+v %#v", v, v, v),
			&access.IntegrationAuthenticationError{Provider: content.YouTube, Tried: []string{fmt.Sprint(v)}},
		)
		for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
			requireHidden(t, fmt.Sprintf(verb, err), name)
			requireHidden(t, fmt.Sprintf(verb, fault.As(err)), name)
		}
	}
}

// TestNoKeyIsPrinted is about the ring inside of other values, where fmt does
// not ask it how to print.
func TestNoKeyIsPrinted(t *testing.T) {
	t.Parallel()
	key := []byte("0123456789abcdefghijklmnopqrstuv")
	ring, err := access.ParseKeyring("a:" + base64.StdEncoding.EncodeToString(key))
	require.NoError(t, err)
	for _, verb := range verbs {
		for _, v := range []any{ring, &ring, within(ring)} {
			printed := fmt.Sprintf(verb, v)
			for _, form := range []string{string(key[:8]), hex.EncodeToString(key[:8]), strings.Trim(fmt.Sprint(key[:8]), "[]")} {
				require.NotContains(t, printed, form, verb)
			}
			require.NotContains(t, printed, "0x30, 0x31, 0x32", verb)
		}
	}
}
