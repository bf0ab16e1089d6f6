package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/soundings-io/soundings/test/env"
)

// leftOut says in one block which tests had no server to run on, why, and what brings one. It says nothing when every
// test ran.
func leftOut(w io.Writer, set env.Servers, path string) error {
	skipped, err := os.ReadFile(path)
	if err != nil || len(skipped) == 0 {
		return err
	}
	var text bytes.Buffer
	fmt.Fprintln(&text, "\nLEFT OUT, because a server was missing:")
	for _, missing := range []struct {
		name   string
		server env.Server
	}{{"Postgres", set.Postgres}, {"Redis", set.Redis}} {
		if count := bytes.Count(skipped, []byte(missing.name+"\t")); count > 0 {
			reason := strings.ReplaceAll(missing.server.Origin, "\n", "\n      ")
			fmt.Fprintf(&text, "  %d tests that need %s\n      %s\n", count, missing.name, reason)
		}
	}
	fmt.Fprintln(&text, "Everything else ran. `make test-deps` installs what is missing (apt); a Docker engine serves as well.")
	_, err = w.Write(text.Bytes())
	return err
}
