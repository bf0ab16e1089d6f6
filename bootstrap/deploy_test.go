package bootstrap

import (
	"bytes"
	"errors"
	"io"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// knownVariables are those that the program reads.
func knownVariables() map[string]bool {
	known := map[string]bool{}
	for field := range reflect.TypeFor[Config]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
		known[name] = true
	}
	return known
}

// TestWhatIsDeployedSetsVariablesThatExist: a name that nothing reads would be
// a setting that never holds.
func TestWhatIsDeployedSetsVariablesThatExist(t *testing.T) {
	t.Parallel()
	known, seen := knownVariables(), 0
	for _, file := range []string{"../compose.yaml", "deploy/kubernetes/soundings.yaml"} {
		for name := range variables(t, file) {
			assert.True(t, known[name], "%s sets %s, which nothing reads", file, name)
			seen++
		}
		assert.Contains(t, variables(t, file), "METRICS_ADDR", "%s: nobody can watch", file)
	}
	assert.Greater(t, seen, 15, "the files were hardly read")
	dockerfile, err := os.ReadFile("../Dockerfile")
	require.NoError(t, err)
	for _, found := range regexp.MustCompile(`([A-Z_]+)=\S`).FindAllStringSubmatch(string(regexp.MustCompile(`(?m)^ENV .*$`).Find(dockerfile)), -1) {
		assert.True(t, known[found[1]], "the image sets %s, which nothing reads", found[1])
	}
}

// variables returns what a file sets for the processes of Soundings.
func variables(t *testing.T, file string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	set := map[string]any{}
	for documents := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var document struct {
			Kind     string
			Data     map[string]any
			Services map[string]struct {
				Command     any
				Environment map[string]any
			}
		}
		err := documents.Decode(&document)
		if errors.Is(err, io.EOF) {
			return set
		}
		require.NoError(t, err)
		if document.Kind == "ConfigMap" {
			collect(set, document.Data)
		}
		for _, ours := range []string{"migrate", "api", "worker"} {
			collect(set, document.Services[ours].Environment)
		}
	}
}

func collect(into, from map[string]any) {
	for name, value := range from {
		into[name] = value
	}
}
