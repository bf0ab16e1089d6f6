package access

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Keyring encrypts secrets at rest: AES-256-GCM, with the owner as associated
// data, so that a ciphertext is worth nothing in another row. The first key
// writes, all of them read. The zero Keyring has no key.
type Keyring struct {
	writer string
	keys   map[string]cipher.AEAD
}

// sealVersion is the first byte of a ciphertext: version, the key id's length,
// the key id, the nonce, the sealed secret.
const sealVersion = 1

const (
	keyBytes = 32
	maxKeyID = 64
)

// ParseKeyring reads pairs of id:key separated by commas, each key 32 bytes in
// base64. Its errors never repeat a key.
func ParseKeyring(pairs string) (Keyring, error) {
	ring := Keyring{keys: map[string]cipher.AEAD{}}
	for pair := range strings.SplitSeq(pairs, ",") {
		id, encoded, ok := strings.Cut(strings.TrimSpace(pair), ":")
		if !ok || id == "" || len(id) > maxKeyID {
			return Keyring{}, errors.New("each key is ID:KEY, the id of 1 to 64 characters")
		}
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
		if err != nil || len(key) != keyBytes {
			return Keyring{}, fmt.Errorf("the key %q is not 32 bytes in base64", id)
		}
		if _, twice := ring.keys[id]; twice {
			return Keyring{}, fmt.Errorf("the key id %q stands there twice", id)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return Keyring{}, fmt.Errorf("the key %q: %w", id, err)
		}
		if ring.keys[id], err = cipher.NewGCM(block); err != nil {
			return Keyring{}, fmt.Errorf("the key %q: %w", id, err)
		}
		if ring.writer == "" {
			ring.writer = id
		}
	}
	return ring, nil
}

// Empty tells whether there is no key.
func (k Keyring) Empty() bool { return k.writer == "" }

// String names the keys' ids and no key.
func (k Keyring) String() string { return "keyring writing with " + k.writer }

// Writes returns the id of the key that encrypts.
func (k Keyring) Writes() string { return k.writer }

// ErrUnreadable means that a ciphertext cannot be decrypted: it was tampered
// with, moved to another row, or its key is not in the ring.
var ErrUnreadable = errors.New("a stored secret cannot be decrypted")

// Seal encrypts a secret for an owner. An empty secret stays empty.
func (k Keyring) Seal(t Token, owner string) ([]byte, error) {
	if t.Empty() {
		return nil, nil
	}
	aead, ok := k.keys[k.writer]
	if !ok {
		return nil, errors.New("there is no key to encrypt secrets with: set TOKEN_ENCRYPTION_KEY")
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails, see crypto/rand
	sealed := append([]byte{sealVersion, byte(len(k.writer))}, k.writer...)
	sealed = append(sealed, nonce...)
	return aead.Seal(sealed, nonce, []byte(t.Reveal()), []byte(owner)), nil
}

// Open decrypts what Seal made for the owner, or returns ErrUnreadable.
func (k Keyring) Open(sealed []byte, owner string) (Token, error) {
	if len(sealed) == 0 {
		return Token{}, nil
	}
	aead, ok := k.keys[SealedBy(sealed)]
	if !ok {
		return Token{}, ErrUnreadable
	}
	body := sealed[2+int(sealed[1]):]
	if len(body) < aead.NonceSize() {
		return Token{}, ErrUnreadable
	}
	secret, err := aead.Open(nil, body[:aead.NonceSize()], body[aead.NonceSize():], []byte(owner))
	if err != nil {
		return Token{}, ErrUnreadable
	}
	return NewToken(string(secret)), nil
}

// SealedBy returns the id of the key that a ciphertext was made with, empty
// where it is none.
func SealedBy(sealed []byte) string {
	if len(sealed) < 2 || sealed[0] != sealVersion || len(sealed) < 2+int(sealed[1]) {
		return ""
	}
	return string(sealed[2 : 2+int(sealed[1])])
}
