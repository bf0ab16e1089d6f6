package arch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../.."

// TestTree holds every Go file of the project against the rule.
func TestTree(t *testing.T) {
	t.Parallel()
	layers := map[string]int{}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		file, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		file = filepath.ToSlash(file)
		if entry.IsDir() {
			if file != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(file) != ".go" {
			return nil
		}
		layer, _, _ := strings.Cut(file, "/")
		layers[layer]++
		assert.Empty(t, breaches(file, importsOf(t, name)))
		return nil
	})
	require.NoError(t, err)
	// A walk that saw nothing would pass: these are far fewer files than there are.
	for layer, least := range map[string]int{"domain": 10, "ports": 5, "application": 5, "adapters": 30, "bootstrap": 3, "test": 10} {
		assert.GreaterOrEqual(t, layers[layer], least, "Go files under %s", layer)
	}
}

func importsOf(t *testing.T, name string) []string {
	t.Helper()
	// The parser heeds no build tags, so that wire.go is read like any other file.
	parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	require.NoError(t, err)
	imports := make([]string, 0, len(parsed.Imports))
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		imports = append(imports, imported)
	}
	return imports
}

// generatedLocally are names in the root that .gitignore keeps out of the project.
var generatedLocally = []string{"bin", "data"}

func TestTopLevel(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") || slices.Contains(generatedLocally, name) {
			continue
		}
		assert.Contains(t, topLevel, name, "the top level is fixed")
	}
}

// TestLinterKnowsEveryAdapter keeps the other half of the rule, depguard's, complete: it has one rule an adapter.
func TestLinterKnowsEveryAdapter(t *testing.T) {
	t.Parallel()
	config, err := os.ReadFile(filepath.Join(root, ".golangci.yaml"))
	require.NoError(t, err)
	entries, err := os.ReadDir(filepath.Join(root, "adapters"))
	require.NoError(t, err)
	for _, entry := range entries {
		if entry.IsDir() {
			assert.Contains(t, string(config), `files: ["${config-path}/adapters/`+entry.Name()+`/**", "!$test"]`)
		}
	}
}
