package access_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/soundings-io/soundings/domain/access"
)

// keyOf returns a key in base64, 32 times the character.
func keyOf(c byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{c}, 32)) }

func ringOf(t testing.TB, pairs string) access.Keyring {
	t.Helper()
	ring, err := access.ParseKeyring(pairs)
	require.NoError(t, err)
	return ring
}

func TestParseKeyring(t *testing.T) {
	t.Parallel()
	short := base64.StdEncoding.EncodeToString([]byte("too short"))
	for pairs, ok := range map[string]bool{
		"a:" + keyOf('a'): true,
		" a: " + keyOf('a') + " , b:" + keyOf('b') + " ": true,
		"":                                     false,
		keyOf('a'):                             false,
		":" + keyOf('a'):                       false,
		"a:" + short:                           false,
		"a:not base64, surely":                 false,
		"a:" + keyOf('a') + ",a:" + keyOf('b'): false,
		"a:" + keyOf('a') + ",":                false,
		strings.Repeat("a", 65) + ":" + keyOf('a'): false,
	} {
		ring, err := access.ParseKeyring(pairs)
		if ok {
			require.NoError(t, err)
			assert.Equal(t, "a", ring.Writes())
			assert.False(t, ring.Empty())
			assert.NotContains(t, fmt.Sprintf("%v %+v %s", ring, ring, ring), keyOf('a'))
			continue
		}
		require.Error(t, err, pairs)
		assert.True(t, ring.Empty())
		assert.NotContains(t, err.Error(), keyOf('a'))
		assert.NotContains(t, err.Error(), short)
	}
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	ring, secret := ringOf(t, "a:"+keyOf('a')), access.NewToken("1//refresh")
	sealed, err := ring.Seal(secret, "integrations/1/refresh")
	require.NoError(t, err)
	assert.NotContains(t, string(sealed), secret.Reveal())
	assert.Equal(t, "a", access.SealedBy(sealed))
	opened, err := ring.Open(sealed, "integrations/1/refresh")
	require.NoError(t, err)
	assert.Equal(t, secret, opened)
	again, err := ring.Seal(secret, "integrations/1/refresh")
	require.NoError(t, err)
	assert.NotEqual(t, sealed, again, "the same secret looks different each time")

	empty, err := ring.Seal(access.Token{}, "o")
	require.NoError(t, err)
	assert.Empty(t, empty)
	opened, err = ring.Open(nil, "o")
	require.NoError(t, err)
	assert.True(t, opened.Empty())
	_, err = access.Keyring{}.Seal(secret, "o")
	assert.ErrorContains(t, err, "TOKEN_ENCRYPTION_KEY")
}

func TestOpenRefusesWhatWasTamperedWith(t *testing.T) {
	t.Parallel()
	ring := ringOf(t, "a:"+keyOf('a'))
	sealed, err := ring.Seal(access.NewToken("secret"), "owner")
	require.NoError(t, err)
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		_, err := ring.Open(changed, "owner")
		require.ErrorIs(t, err, access.ErrUnreadable, "byte %d", i)
		if i > 0 {
			_, err = ring.Open(sealed[:i], "owner")
			require.ErrorIs(t, err, access.ErrUnreadable, "the first %d bytes", i)
		}
	}
	_, err = ring.Open(sealed, "another owner")
	require.ErrorIs(t, err, access.ErrUnreadable, "a ciphertext is worth nothing in another row")
	_, err = ringOf(t, "a:"+keyOf('b')).Open(sealed, "owner")
	require.ErrorIs(t, err, access.ErrUnreadable, "another key under the same id")
	_, err = access.Keyring{}.Open(sealed, "owner")
	require.ErrorIs(t, err, access.ErrUnreadable)
}

func TestRotation(t *testing.T) {
	t.Parallel()
	before := ringOf(t, "old:"+keyOf('o'))
	sealed, err := before.Seal(access.NewToken("secret"), "owner")
	require.NoError(t, err)
	after := ringOf(t, "new:"+keyOf('n')+",old:"+keyOf('o'))
	opened, err := after.Open(sealed, "owner")
	require.NoError(t, err)
	assert.NotEqual(t, after.Writes(), access.SealedBy(sealed))
	resealed, err := after.Seal(opened, "owner")
	require.NoError(t, err)
	assert.Equal(t, "new", access.SealedBy(resealed))
	_, err = before.Open(resealed, "owner")
	require.ErrorIs(t, err, access.ErrUnreadable)
}

// Whatever stands in the database, Open neither panics nor takes it for a secret.
func FuzzKeyringOpen(f *testing.F) {
	ring := ringOf(f, "a:"+keyOf('a'))
	sealed, err := ring.Seal(access.NewToken("secret"), "owner")
	require.NoError(f, err)
	for _, seed := range [][]byte{nil, {1}, {1, 0}, {1, 255}, {1, 1, 'a'}, {2, 1, 'a'}, sealed, sealed[:20]} {
		f.Add(seed, "owner")
	}
	f.Fuzz(func(t *testing.T, stored []byte, owner string) {
		opened, err := ring.Open(stored, owner)
		switch {
		case err != nil:
			require.ErrorIs(t, err, access.ErrUnreadable)
			require.True(t, opened.Empty())
		case len(stored) > 0:
			// Each fuzzing process seals its own seed, so that bytes cannot be compared.
			require.Equal(t, "secret", opened.Reveal(), "nobody but Seal makes what can be opened")
			require.Equal(t, "owner", owner)
		}
	})
}
