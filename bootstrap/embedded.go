package bootstrap

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
)

// localUser is whoever runs Soundings on their own machine.
const localUser = "local"

// dataLock keeps a second process away from a SQLite database.
type dataLock struct{}

// singleProcess tells whether the lock file allows this process alone.
func (c Config) singleProcess() bool { return strings.HasPrefix(c.DatabaseURL, "sqlite:") }

// lockData takes the lock file beside a SQLite database. The system lets go of
// it when the process ends, however it ends.
func lockData(c Config) (dataLock, func(), error) {
	path, ok := strings.CutPrefix(c.DatabaseURL, "sqlite:")
	if !ok {
		return dataLock{}, func() {}, nil
	}
	if err := makeDatabaseFolder(c); err != nil {
		return dataLock{}, nil, err
	}
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	taken, err := lock.TryLock()
	if err != nil {
		return dataLock{}, nil, fmt.Errorf("the lock of the data folder: %w", err)
	}
	if !taken {
		return dataLock{}, nil, fmt.Errorf("another soundings process uses %s: stop it, or set SOUNDINGS_DATA_DIR to another folder", filepath.Dir(path))
	}
	return dataLock{}, func() { _ = lock.Close() }, nil
}

// makeDatabaseFolder makes the folder of a SQLite database, for its owner alone.
func makeDatabaseFolder(c Config) error {
	path, ok := strings.CutPrefix(c.DatabaseURL, "sqlite:")
	if !ok {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("the data folder: %w", err)
	}
	return nil
}

// openKeyring returns the keys that users' tokens are encrypted with: those of
// TOKEN_ENCRYPTION_KEY, else, embedded, those in the file token-key of the data
// folder, which is made where it is not there yet.
func openKeyring(c Config, _ dataLock) (access.Keyring, error) {
	if !c.TokenKeys.Empty() {
		return access.ParseKeyring(c.TokenKeys.Reveal()) // LoadConfig has checked them
	}
	if !c.Embedded {
		return access.Keyring{}, nil
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails, see crypto/rand
	path := filepath.Join(c.DataDir, "token-key")
	if _, err := keepSecret(path, "local:"+base64.StdEncoding.EncodeToString(key)); err != nil {
		return access.Keyring{}, err
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		return access.Keyring{}, fmt.Errorf("the data folder: %w", err)
	}
	keys, err := access.ParseKeyring(strings.TrimSpace(string(kept)))
	if err != nil {
		return access.Keyring{}, fmt.Errorf("the file %s: %w", path, err)
	}
	return keys, nil
}

// firstStart makes the local user and an API key with all permissions in the
// file api-key, where they are not there yet. A key in the file that the
// database does not know, because that was removed, is replaced. It returns the
// API key if this start made it.
func firstStart(ctx context.Context, dir string, accounts *application.Accounts) (string, error) {
	path := keyFile(dir)
	kept, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("the data folder: %w", err)
	}
	if err == nil {
		known, err := accounts.KnowsKey(ctx, strings.TrimSpace(string(kept)))
		if err != nil || known {
			return "", err
		}
		if err := os.Remove(path); err != nil {
			return "", fmt.Errorf("the data folder: %w", err)
		}
	}
	local, err := accounts.Local(ctx, localUser)
	if err != nil {
		return "", err
	}
	_, key, err := accounts.CreateKey(ctx, local, application.NewAPIKey{Name: "first start", Permissions: local.Permissions})
	if err != nil {
		return "", err
	}
	_, err = keepSecret(path, key)
	return key, err
}

// keyFile is where the first start keeps its API key.
func keyFile(dir string) string { return filepath.Join(dir, "api-key") }

// keepSecret writes a file that its owner alone may read, whole or not at all,
// and leaves one that is there as it is.
func keepSecret(path, value string) (made bool, err error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return false, fmt.Errorf("the data folder: %w", err)
	}
	_, err = f.WriteString(value + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return false, fmt.Errorf("the data folder: %w", err)
	}
	return true, os.Rename(part, path)
}
