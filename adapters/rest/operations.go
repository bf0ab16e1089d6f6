package rest

import (
	_ "embed"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/soundings-io/soundings/domain/access"
)

//go:embed openapi.yaml
var openAPI []byte

// versioned returns openapi.yaml with the version of the binary.
func versioned(version string) []byte {
	if version == "" {
		return openAPI
	}
	return []byte(strings.Replace(string(openAPI), "\n  version: dev\n", "\n  version: "+strconv.Quote(version)+"\n", 1))
}

// operation is what openapi.yaml says of who may call an operation and how.
type operation struct {
	id     string
	public bool
	// permission is empty where being authenticated is enough.
	permission access.Permission
	query      []string
	// browser tells that providers send people's browsers there.
	browser bool
}

// The part of openapi.yaml that is read at the start.
type (
	specDocument struct {
		Paths      map[string]specPath `yaml:"paths"`
		Components struct {
			Parameters map[string]specParameter `yaml:"parameters"`
		} `yaml:"components"`
	}
	specPath struct {
		Get    *specOperation `yaml:"get"`
		Post   *specOperation `yaml:"post"`
		Put    *specOperation `yaml:"put"`
		Patch  *specOperation `yaml:"patch"`
		Delete *specOperation `yaml:"delete"`
	}
	specOperation struct {
		ID         string          `yaml:"operationId"`
		Security   *[]any          `yaml:"security"`
		Permission string          `yaml:"x-permission"`
		Browser    bool            `yaml:"x-browser"`
		Parameters []specParameter `yaml:"parameters"`
	}
	specParameter struct {
		Ref  string `yaml:"$ref"`
		Name string `yaml:"name"`
		In   string `yaml:"in"`
	}
)

// noPermission marks operations for which being authenticated is enough.
const noPermission = "none"

// mustReadOperations reads the embedded openapi.yaml; it panics where that
// leaves open who may call an operation.
func mustReadOperations() []operation {
	var doc specDocument
	if err := yaml.Unmarshal(openAPI, &doc); err != nil {
		panic(fmt.Sprintf("openapi.yaml: %v", err))
	}
	var ops []operation
	for path, item := range doc.Paths {
		for method, spec := range item.operations() {
			op, err := doc.operation(spec)
			if err != nil {
				panic(fmt.Sprintf("openapi.yaml: %s %s: %v", method, path, err))
			}
			ops = append(ops, op)
		}
	}
	return ops
}

func (p specPath) operations() map[string]*specOperation {
	all := map[string]*specOperation{
		http.MethodGet: p.Get, http.MethodPost: p.Post, http.MethodPut: p.Put,
		http.MethodPatch: p.Patch, http.MethodDelete: p.Delete,
	}
	for method, op := range all {
		if op == nil {
			delete(all, method)
		}
	}
	return all
}

func (d specDocument) operation(s *specOperation) (operation, error) {
	op := operation{id: s.ID, public: s.Security != nil && len(*s.Security) == 0, browser: s.Browser}
	if !op.public && s.Permission != noPermission {
		p, err := access.ParsePermission(s.Permission)
		if err != nil {
			return op, fmt.Errorf("x-permission: %w", err)
		}
		op.permission = p
	}
	for _, p := range s.Parameters {
		if name, ok := strings.CutPrefix(p.Ref, "#/components/parameters/"); ok {
			p = d.Components.Parameters[name]
		}
		if p.In == "query" {
			op.query = append(op.query, p.Name)
		}
	}
	slices.Sort(op.query)
	return op, nil
}
