// Package arch executes the dependency rule: who may import what. It parses the sources itself, files behind build
// tags included, so that no cache and no build constraint hides a breach.
package arch

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

const module = "github.com/soundings-io/soundings"

// topLevel is what may lie in the project's root beside names that begin with a dot.
var topLevel = []string{
	"domain", "application", "ports", "adapters", "bootstrap", "test",
	"go.mod", "go.sum", "Makefile", "README.md", "LICENSE", "compose.yaml", "Dockerfile",
}

// inputOutput are the packages of the standard library that reach outside the process. net/url and net/netip only
// parse, and are fine.
var inputOutput = []string{
	"crypto/tls", "database/sql", "embed", "io/fs", "io/ioutil", "log", "net", "os", "plugin", "syscall", "testing",
}

var parsersUnderNet = []string{"net/netip", "net/url"}

// home says where a library may be imported, and nowhere else.
var home = map[string][]string{
	"github.com/labstack/echo":    {"adapters/rest", "adapters/console"},
	"github.com/uptrace/bun":      {"adapters/sqlstore"},
	"github.com/hibiken/asynq":    {"adapters/redisqueue"},
	"github.com/riverqueue/river": {"adapters/riverqueue"},
	"riverqueue.com/riverui":      {"adapters/riverqueue"},
	"github.com/google/wire":      {"bootstrap"},
	"github.com/prometheus":       {"adapters/observe"},
	"go.opentelemetry.io":         {"adapters/observe"},
}

// testing code must not be in the binary.
var testCode = []string{
	"testing", "github.com/stretchr/testify", "github.com/testcontainers/testcontainers-go",
	"github.com/alicebob/miniredis", "go.uber.org/goleak", "net/http/httptest",
	module + "/test", module + "/ports/portstest",
}

// breaches returns what is wrong with a Go file, given by its slash-separated path below the project's root, that has
// these imports. Test files and everything under test may import anything.
func breaches(file string, imports []string) []string {
	if strings.HasSuffix(file, "_test.go") || in(file, "test") {
		return nil
	}
	var found []string
	for _, imported := range imports {
		for _, rule := range []func(string, string) string{forLibrary, forTestCode, forLayer} {
			if reason := rule(path.Dir(file), imported); reason != "" {
				found = append(found, fmt.Sprintf("%s imports %s: %s", file, imported, reason))
				break
			}
		}
	}
	return found
}

func forLibrary(folder, imported string) string {
	for library, homes := range home {
		if in(imported, library) && !slices.ContainsFunc(homes, func(home string) bool { return in(folder, home) }) {
			return "it belongs in " + strings.Join(homes, " and ") + " only"
		}
	}
	return ""
}

func forTestCode(folder, imported string) string {
	if !in(folder, "ports/portstest") && inAny(imported, testCode) {
		return "testing code must not be in the binary"
	}
	return ""
}

func forLayer(folder, imported string) string {
	layer, _, _ := strings.Cut(folder, "/")
	own, isOwn := strings.CutPrefix(imported, module+"/")
	switch {
	case in(folder, "ports/portstest"):
		return ownOnly(isOwn, own, "domain", "ports")
	case layer == "domain":
		return inner(imported, isOwn, own, nil, "domain")
	case layer == "ports":
		return inner(imported, isOwn, own, nil, "domain", "ports")
	case layer == "application":
		return inner(imported, isOwn, own, []string{"golang.org/x/sync", "github.com/google/uuid"},
			"domain", "ports", "application")
	case layer == "adapters":
		return adapter(folder, isOwn, own)
	case layer == "bootstrap":
		return ownOnly(isOwn, own, "domain", "application", "ports", "adapters", "bootstrap")
	}
	return "no package may be here"
}

// inner is the rule of the layers inside: the standard library without input and output, the listed libraries, and the
// listed layers.
func inner(imported string, isOwn bool, own string, libraries []string, layers ...string) string {
	if isOwn {
		return ownOnly(isOwn, own, layers...)
	}
	if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
		if inAny(imported, libraries) {
			return ""
		}
		return "this layer has no libraries of others"
	}
	if inAny(imported, inputOutput) && imported != "log/slog" && !slices.Contains(parsersUnderNet, imported) {
		return "this layer does no input or output"
	}
	return ""
}

// adapter is the rule of adapters/X: the driven ones know the ports, the driving ones the application as well, and
// none knows another.
func adapter(folder string, isOwn bool, own string) string {
	parts := strings.Split(folder, "/")
	if len(parts) < 2 {
		return "an adapter is a package below adapters"
	}
	allowed := []string{"domain", "ports", "adapters/internal", "adapters/" + parts[1]}
	if parts[1] == "rest" || parts[1] == "console" {
		allowed = append(allowed, "application")
	}
	return ownOnly(isOwn, own, allowed...)
}

func ownOnly(isOwn bool, own string, allowed ...string) string {
	if !isOwn || inAny(own, allowed) {
		return ""
	}
	return "it may import " + strings.Join(allowed, ", ") + " of this project"
}

// in tells whether a path is, or lies below, another.
func in(name, parent string) bool { return name == parent || strings.HasPrefix(name, parent+"/") }

func inAny(name string, parents []string) bool {
	return slices.ContainsFunc(parents, func(parent string) bool { return in(name, parent) })
}
