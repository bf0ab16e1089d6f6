package arch

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/licensecheck"
	"github.com/stretchr/testify/require"
)

// allowed are the licences under which code may be part of the binary: they ask
// for their text to be passed on, and the MPL for changes of its own files.
var allowed = []string{
	"MIT", "MIT-0", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-Clear", "ISC", "MPL-2.0", "MPL-2.0-no-copyleft-exception",
	"Unlicense", "CC0-1.0", "Zlib", "0BSD",
	"FTL", // BSD with a credit in the documentation, which README.md has
}

// chosen are the folders of the licences of modules that leave the choice between
// several; licencesIn reads the one that is taken.
var chosen = map[string]string{"github.com/golang/freetype": "licenses"} // FTL or GPL-2.0-or-later

// knownEnough is the share of a file, in percent, that must be text of known
// licences: copyright lines and headings are the rest.
const knownEnough = 75

// dependency is a part of what `go list -deps -json` prints.
type dependency struct {
	Path, Dir string
	Main      bool
}

// TestEveryModuleOfTheBinaryMayBePassedOn reads the licences of all modules that
// the binary is linked from.
func TestEveryModuleOfTheBinaryMayBePassedOn(t *testing.T) {
	t.Parallel()
	modules := linkedModules(t)
	require.Greater(t, len(modules), 20, "the binary is linked from few modules; the list is wrong")
	for _, m := range modules {
		ids, percent := licencesIn(t, filepath.Join(m.Dir, chosen[m.Path]))
		require.NotEmpty(t, ids, "%s has no licence", m.Path)
		require.GreaterOrEqual(t, percent, float64(knownEnough), "%s: read its licence; %v was found", m.Path, ids)
		for _, id := range ids {
			require.Contains(t, allowed, id, "%s is under %s", m.Path, id)
		}
	}
}

func linkedModules(t *testing.T) []dependency {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=Module", "./bootstrap/cmd/soundings")
	list.Dir = filepath.Join("..", "..")
	out, err := list.Output()
	require.NoError(t, err)
	found := map[string]dependency{}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p struct{ Module *dependency }
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if p.Module != nil && !p.Module.Main {
			found[p.Module.Path] = *p.Module
		}
	}
	modules := make([]dependency, 0, len(found))
	for _, m := range found {
		modules = append(modules, m)
	}
	slices.SortFunc(modules, func(a, b dependency) int { return strings.Compare(a.Path, b.Path) })
	return modules
}

// licencesIn returns the licences of a module's folder, and how much of the file
// that is known best is known.
func licencesIn(t *testing.T, dir string) (ids []string, percent float64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		if e.IsDir() || !strings.HasPrefix(name, "LICEN") && !strings.HasPrefix(name, "COPYING") && !strings.HasPrefix(name, "UNLICEN") && name != "FTL.TXT" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		cover := licensecheck.Scan(text)
		percent = max(percent, cover.Percent)
		for _, m := range cover.Match {
			ids = append(ids, m.ID)
		}
	}
	return ids, percent
}
