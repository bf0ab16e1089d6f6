package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"

	"github.com/soundings-io/soundings/adapters/riverqueue"
	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/application"
	"github.com/soundings-io/soundings/domain/access"
)

// Exit codes of the commands (contract §4).
const (
	ExitOK          = 0
	ExitFailed      = 1
	ExitPartial     = 2
	ExitUsage       = 64
	ExitInterrupted = 130
)

type commands struct {
	Serve   struct{}       `cmd:"" default:"1" help:"Run the API and workers in one process (the default)."`
	API     struct{}       `cmd:"" name:"api" help:"Run the API alone."`
	Worker  struct{}       `cmd:"" help:"Run workers alone."`
	Migrate struct{}       `cmd:"" help:"Bring the database up to date."`
	Analyze analyzeCommand `cmd:"" help:"Analyse one address here and now, and print what people think."`
	APIKey  struct {
		Create apiKeyCommand `cmd:"" help:"Make an API key and print it."`
	} `cmd:"" name:"apikey" help:"Manage API keys."`
	Tokens struct {
		Rotate struct{} `cmd:"" help:"Encrypt all stored tokens with the first key of TOKEN_ENCRYPTION_KEY."`
	} `cmd:"" help:"Manage users' tokens at rest."`
	Healthcheck struct{} `cmd:"" help:"Ask the process that has the same settings whether it is ready; for containers."`
	Version     struct{} `cmd:"" help:"Print the version."`
}

type apiKeyCommand struct {
	User       string   `required:"" help:"Whose key; the user is made if there is none."`
	Permission []string `help:"What the key may do, repeatable. Without it: what web users may do."`
}

// Streams are where a command reads and writes.
type Streams struct {
	Out, Err io.Writer
	Environ  []string
}

// Main runs the command that args name and returns the exit code. ctx ends when
// the process is asked to stop.
func Main(ctx context.Context, args []string, version Version, s Streams) int {
	var c commands
	exited := -1
	parser, err := kong.New(&c, kong.Name("soundings"), kong.Writers(s.Out, s.Err),
		kong.Description("Soundings finds out what people think: it takes a YouTube or Reddit address, fetches what people wrote there, sets the spam apart and scores the rest."),
		kong.Exit(func(code int) { exited = code }))
	if err != nil {
		return fail(s, err)
	}
	parsed, err := parser.Parse(args)
	switch {
	case exited >= 0:
		return exited // --help was printed
	case err != nil:
		fmt.Fprintf(s.Err, "soundings: %s\nTry 'soundings --help'.\n", err)
		return ExitUsage
	}
	if parsed.Command() == "version" {
		fmt.Fprintln(s.Out, "soundings", version)
		return ExitOK
	}
	config, err := LoadConfig(s.Environ)
	if err != nil {
		return fail(s, err)
	}
	switch parsed.Command() {
	case "migrate":
		err = migrate(ctx, config)
	case "apikey create":
		err = createAPIKey(ctx, config, c.APIKey.Create, s.Out)
	case "tokens rotate":
		err = rotateTokens(ctx, config, s.Out)
	case "analyze <url>":
		return c.Analyze.run(ctx, config, version, s)
	case "healthcheck":
		err = healthcheck(ctx, config, s.Out)
	case "api":
		err = serve(ctx, config, version, Roles{API: true}, s)
	case "worker":
		err = serve(ctx, config, version, Roles{Worker: true}, s)
	default:
		err = serve(ctx, config, version, Roles{API: true, Worker: true}, s)
	}
	if err != nil {
		return fail(s, err)
	}
	return ExitOK
}

func fail(s Streams, err error) int {
	fmt.Fprintln(s.Err, "soundings:", err)
	return ExitFailed
}

func serve(ctx context.Context, c Config, v Version, roles Roles, s Streams) error {
	if c.Queue == QueueMemory && roles != (Roles{API: true, Worker: true}) {
		return errors.New("QUEUE: expected asynq or river; a queue in memory does not reach another process")
	}
	app, closeApp, err := Open(ctx, c.heardBy(roles), v, c.Logger())
	if err != nil {
		return err
	}
	defer closeApp()
	if c.Embedded {
		key, err := firstStart(ctx, c.DataDir, app.Accounts)
		if err != nil {
			return err
		}
		if key != "" {
			fmt.Fprintf(s.Out, "API key (shown once, kept in %s/api-key): %s\n", c.DataDir, key)
		}
	}
	err = app.Run(ctx, roles, func(addr string) {
		app.Log.Info("soundings is ready", "address", addr, "api", roles.API, "worker", roles.Worker, "queue", c.Queue, "version", v)
	})
	app.Log.Info("soundings stopped")
	return err
}

// migrate uses the direct address where there is one: poolers in transaction
// mode do not take the session lock that keeps migrators apart.
func migrate(ctx context.Context, c Config) error {
	url := c.DatabaseURL
	if c.DatabaseDirectURL != "" {
		url = c.DatabaseDirectURL
	}
	if err := makeDatabaseFolder(c); err != nil {
		return err
	}
	store, err := sqlstore.Open(ctx, url, sqlstore.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	if store.Pooled() {
		return errNoDirectAddress
	}
	if err := store.Migrate(ctx); err != nil || !isPostgres(url) {
		return err
	}
	// River's tables cost nothing where another queue is used, and are there
	// when somebody changes QUEUE.
	return riverqueue.MigratePostgres(ctx, url, c.Logger())
}

func createAPIKey(ctx context.Context, c Config, cmd apiKeyCommand, out io.Writer) error {
	if err := makeDatabaseFolder(c); err != nil {
		return err
	}
	store, closeStore, err := openStore(ctx, c, access.Keyring{}, dataLock{})
	if err != nil {
		return err
	}
	defer closeStore()
	permissions := access.DefaultPermissions()
	if len(cmd.Permission) > 0 {
		permissions = nil
	}
	for _, name := range cmd.Permission {
		p, err := access.ParsePermission(name)
		if err != nil {
			return err
		}
		permissions = append(permissions, p)
	}
	accounts := application.NewAccounts(store)
	user, err := accounts.Local(ctx, cmd.User)
	if err != nil {
		return err
	}
	_, key, err := accounts.CreateKey(ctx, user, application.NewAPIKey{Name: "apikey create", Permissions: permissions})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, key)
	return err
}

// rotateTokens works beside the service, which must have the new key by then:
// what it encrypts with an old one in the meantime would stay so.
func rotateTokens(ctx context.Context, c Config, out io.Writer) error {
	if err := makeDatabaseFolder(c); err != nil {
		return err
	}
	keys, err := openKeyring(c, dataLock{})
	if err != nil {
		return err
	}
	if keys.Empty() {
		return errors.New("TOKEN_ENCRYPTION_KEY: expected the new key and the old ones behind it, as ID:KEY with commas between them")
	}
	store, closeStore, err := openStore(ctx, c, keys, dataLock{})
	if err != nil {
		return err
	}
	defer closeStore()
	done, err := application.RotateTokens(ctx, store)
	if err != nil {
		return fmt.Errorf("%d secrets were encrypted with the key %q: %w", done, keys.Writes(), err)
	}
	_, err = fmt.Fprintf(out, "%d secrets were encrypted with the key %q; all are now\n", done, keys.Writes())
	return err
}

// ProcessStreams are those of this process.
func ProcessStreams() Streams {
	return Streams{Out: os.Stdout, Err: os.Stderr, Environ: os.Environ()}
}
