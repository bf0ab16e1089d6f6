package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/fault"
)

func TestUnknownErrorsAreOpaque(t *testing.T) {
	t.Parallel()
	f := fault.As(errors.New("pq: password authentication failed for user admin"))
	require.Equal(t, fault.Internal, f.Kind)
	require.Equal(t, fault.CodeInternal, f.Code)
	require.NotContains(t, f.Message, "admin")
	require.Nil(t, fault.As(nil))
	require.False(t, fault.Is(nil, fault.Internal))
}

func TestAFaultIsFoundBehindOthers(t *testing.T) {
	t.Parallel()
	at := time.Now()
	inner := fault.Wrap(io.EOF, fault.Unavailable, fault.CodeProviderUnavailable, "the answer was cut off").At(at).In("url")
	err := fmt.Errorf("fetching: %w", inner)
	require.True(t, fault.Is(err, fault.Unavailable))
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, at, fault.As(err).RetryAt)
	require.Equal(t, "url", fault.As(err).Field)
	require.Equal(t, "the answer was cut off: EOF", inner.Error())
}

func TestNewKeepsACause(t *testing.T) {
	t.Parallel()
	f := fault.New(fault.Invalid, fault.CodeInvalidValue, "line %d: %w", 3, io.ErrUnexpectedEOF)
	require.Equal(t, "line 3: unexpected EOF", f.Message)
	require.ErrorIs(t, f, io.ErrUnexpectedEOF)
}
