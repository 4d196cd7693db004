// Command kopiyka is the whole program: one binary, a verb for each thing that it does,
// a file for each verb. All wiring is here and no rule is.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"kopiyka/internal/config"
)

// commands are the verbs, with their flags and variables.
type commands struct {
	Serve serveCommand `cmd:"" help:"Serve the site. Migrates the schema first, where it may."`
	aside
	Migrate         migrateCommand         `cmd:"" help:"Bring the schema up to date."`
	Seed            seedCommand            `cmd:"" help:"Enter a cluster, its people, companies and campaigns from a TOML file."`
	User            userCommand            `cmd:"" help:"People: the first admin, or anybody whom nobody can invite."`
	Verify          verifyCommand          `cmd:"" help:"Recompute every balance from the lines. Exit status 1 if anything differs."`
	Reconcile       reconcileCommand       `cmd:"" help:"Compare the books with every bank statement. Exit status 1 if anything differs."`
	ImportStatement importStatementCommand `cmd:"" help:"Bring in a bank statement: camt.053, MT940 or CSV."`
	Heal            healCommand            `cmd:"" help:"Ask Stripe for what webhooks did not bring, once."`
	ResetFactor     resetFactorCommand     `cmd:"" help:"Take the second factors of somebody away who has lost them all."`
	RotateKey       rotateKeyCommand       `cmd:"" help:"Seal everything with KOPIYKA_SECRET_KEY that KOPIYKA_SECRET_KEY_FORMER has sealed."`
	Healthcheck     healthcheckCommand     `cmd:"" help:"Ask a running server whether it is ready. For containers."`
}

// settings are what every verb that needs the database is told.
type settings struct{ config.Config }

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	var c commands
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
	slog.SetDefault(log)
	parser, err := parserOf(&c, log)
	if err != nil {
		fmt.Fprintln(os.Stderr, "kopiyka:", err)
		return 2
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		parser.Errorf("%s", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.Bind(log)
	err = parsed.Run()
	switch {
	case err == nil || (errors.Is(err, context.Canceled) && ctx.Err() != nil):
		return 0 // told to stop, and stopped
	case errors.Is(err, errDiffers):
		return 1 // it has said what differs
	}
	fmt.Fprintln(os.Stderr, "kopiyka:", err)
	return 1
}

// parserOf reads arguments, variables, and files that variables name.
func parserOf(c *commands, log *slog.Logger) (*kong.Kong, error) {
	return kong.New(c, kong.Name("kopiyka"), kong.Description("Relief campaigns, accounted for to the last kopiyka."), kong.UsageOnError(), kong.Resolvers(secretsFrom(log)))
}
