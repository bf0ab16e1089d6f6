// Command soundings finds out what people think: see the README.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	_ "golang.org/x/crypto/x509roots/fallback" // images without certificates must know the platforms as well

	"github.com/soundings-io/soundings/bootstrap"
)

// version is set by the linker.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the second one ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(bootstrap.Main(ctx, os.Args[1:], bootstrap.Version(version), bootstrap.ProcessStreams()))
}
