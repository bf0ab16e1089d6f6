package files

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

// TestASheetThatIsTooLongSaysWhatToDo begins where 4 GiB have been written.
func TestASheetThatIsTooLongSaysWhatToDo(t *testing.T) {
	t.Parallel()
	made, err := newXLSX(io.Discard, columns, ports.EncoderOptions{})
	require.NoError(t, err)
	e := made.(*xlsxEncoder)
	p := analysis.JudgedPost{ID: "i"}
	e.bytes = xlsxBytes - 1000
	require.NoError(t, e.Encode(&p))
	e.bytes = xlsxBytes - 10
	err = e.Encode(&p)
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.ErrorContains(t, err, "which 1 posts are")
	require.Equal(t, "format", fault.As(err).Field)
}
