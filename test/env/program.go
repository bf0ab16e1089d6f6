package env

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// Folders where Postgres's programs lie that are not on the path: Debian's and Homebrew's.
var postgresFolders = []string{"/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql@*/bin"}

// PostgresProgram finds Postgres's server program on this machine.
func PostgresProgram() (string, error) { return lookUp("postgres", postgresFolders...) }

// RedisProgram finds Redis's server program on this machine.
func RedisProgram() (string, error) { return lookUp("redis-server") }

// lookUp finds a program on the path or in one of the folders, the newest version (by name) first.
func lookUp(name string, folders ...string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, folder := range folders {
		found, _ := filepath.Glob(filepath.Join(folder, name))
		if len(found) > 0 {
			return found[len(found)-1], nil
		}
	}
	return "", fmt.Errorf("no %s here", name)
}

// ServerAttributes give a server a process group of its own, so that Ctrl-C reaches the tests first, and, as Postgres
// refuses to run as root, another user's rights.
func ServerAttributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return attr
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, _ := strconv.ParseUint(u.Uid, 10, 32)
			gid, _ := strconv.ParseUint(u.Gid, 10, 32)
			attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
			return attr
		}
	}
	return attr
}

// ServerFolder makes a temporary folder that belongs to the servers' user.
func ServerFolder(pattern string) (string, error) {
	folder, err := os.MkdirTemp("", pattern)
	if err != nil {
		return "", err
	}
	if c := ServerAttributes().Credential; c != nil {
		err = os.Chown(folder, int(c.Uid), int(c.Gid))
	}
	return folder, err
}
