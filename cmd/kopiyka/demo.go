//go:build !production

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"kopiyka/internal/clock"
	"kopiyka/internal/config"
	"kopiyka/internal/demo"
	"kopiyka/internal/serve"
	"kopiyka/internal/stripesim"
)

type demoCommand struct {
	Addr        string `env:"KOPIYKA_ADDR" default:"127.0.0.1:8080" help:"Where to serve."`
	SandboxAddr string `env:"KOPIYKA_SANDBOX_ADDR" default:"127.0.0.1:8081" help:"Where the sandbox listens."`
	MailAddr    string `env:"KOPIYKA_MAIL_ADDR" default:"127.0.0.1:8082" help:"Where the demo's letters can be read."`
	Data        string `env:"KOPIYKA_DATA" default:"data" help:"Folder of the database and the sandbox's journal."`
	DatabaseURL string `env:"DATABASE_URL" help:"PostgreSQL. Empty: a private cluster below the data folder."`
}

// sandboxKey is a key that only the sandbox takes.
const sandboxKey = "sk_test_kopiyka_demo"

// Run boots the demo, loads what is missing of it, and serves until it is told to stop.
func (c *demoCommand) Run(ctx context.Context, _ *slog.Logger) error {
	logFile, log, err := demoLog(c.Data)
	if err != nil {
		return err
	}
	defer logFile.Close()
	if err := syscall.Flock(int(logFile.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { // until this process ends, however it does
		return fmt.Errorf("another demo runs on %s: stop it, or set KOPIYKA_DATA to another folder", c.Data)
	}
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("KOPIYKA_ADDR %s: %w", c.Addr, err)
	}
	url := "http://" + listener.Addr().String()
	secret := "whsec_" + rand.Text()
	box, err := openMailbox(c.MailAddr, c.Data, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	sim, err := startSandbox(c.SandboxAddr, c.Data, payee{demo.Payee, demo.PayeeEN}, stripesim.Endpoint{URL: url + "/hooks/stripe", Secrets: []string{secret}}, log)
	if err != nil {
		return errors.Join(err, listener.Close(), box.close())
	}
	fmt.Println("starting PostgreSQL …")
	settings := config.Config{
		Addr: listener.Addr().String(), URL: url, Data: c.Data, DatabaseURL: c.DatabaseURL,
		StripeKey: sandboxKey, StripeBase: sim.url, StripePageOrigin: sim.url, WebhookSecret: secret, StripeMethods: []string{"card", "us_bank_account", "customer_balance", "invoice"},
		SMTPURL: box.server(), MailFrom: demo.MailFrom,
	}
	d, err := findDatabase(ctx, settings, log)
	if err != nil {
		return errors.Join(err, listener.Close(), sim.listener.Close(), sim.Close(), box.close())
	}
	defer d.close()
	if d.place != "" {
		fmt.Println("its data is in", d.place)
	}
	if settings.SecretKey, err = keyOf(c.Data); err != nil {
		return errors.Join(err, listener.Close(), sim.listener.Close(), sim.Close(), box.close())
	}
	h, err := build(ctx, settings, d, log)
	if err != nil {
		return errors.Join(err, listener.Close(), sim.listener.Close(), sim.Close(), box.close())
	}
	defer h.db.Close()

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return sim.run(ctx) })
	group.Go(func() error { return box.run(ctx) })
	group.Go(func() error { return h.run(ctx, serve.On(listener, log)) })
	group.Go(func() error { return h.sendSoon(ctx) })
	group.Go(func() error {
		if err := load(ctx, h, sim, url); err != nil {
			if ctx.Err() != nil {
				return ctx.Err() // told to stop: what broke off then goes on at the next start
			}
			return err
		}
		welcome(os.Stdout, url, sim.url, box.url(), filepath.Join(c.Data, "demo.log"))
		return nil
	})
	return group.Wait()
}

// soon is how often the demo looks into its outbox beside the timetable: whoever tries the
// house out sits and waits for each letter.
const soon = 500 * time.Millisecond

// sendSoon sends what is queued until ctx ends. A letter that cannot be sent now is the
// timetable's.
func (h *house) sendSoon(ctx context.Context) error {
	look := time.NewTicker(soon)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
			if err := h.sender.Send(ctx); err != nil && ctx.Err() == nil {
				h.log.Warn("letters wait for the timetable", "error", err)
			}
		}
	}
}

// demoLog keeps the terminal for the progress bar and the sign-ins.
func demoLog(data string) (*os.File, *slog.Logger, error) {
	if err := os.MkdirAll(data, 0o755); err != nil {
		return nil, nil, fmt.Errorf("make the data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(data, "demo.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, nil, fmt.Errorf("open the demo's log: %w", err)
	}
	log := slog.New(slog.NewTextHandler(f, nil))
	slog.SetDefault(log)
	return f, log, nil
}

func load(ctx context.Context, h *house, sim *sandbox, url string) error {
	l := &demo.Loader{
		DB: h.db, Now: clock.System, Vault: h.vault, Gateway: h.gateway, URL: url, Step: progress(os.Stdout),
		Sandbox: demo.Sandbox{URL: sim.url, Key: sandboxKey, Settle: sim.Settle, HTTP: &http.Client{Timeout: 30 * time.Second}},
	}
	return l.Load(ctx)
}

// progress draws one bar in place on a terminal, and a line a tenth elsewhere.
func progress(out *os.File) func(done, total int, what string) {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	said := -1
	return func(done, total int, what string) {
		const width = 30
		bar := strings.Repeat("█", done*width/total) + strings.Repeat("░", width-done*width/total)
		if terminal {
			fmt.Fprintf(out, "\r\033[Kloading the demo %s %3d %%  %s", bar, done*100/total, what)
			if done == total {
				fmt.Fprintln(out)
			}
			return
		}
		if tenth := done * 10 / total; tenth > said {
			said = tenth
			fmt.Fprintf(out, "loading the demo %s %3d %%\n", bar, done*100/total)
		}
	}
}

// welcome prints where to go and who to be.
func welcome(out io.Writer, url, sandbox, letters, log string) {
	fmt.Fprintf(out, "\nThe money here is not real: payments go to the sandbox. Log: %s\n\n", log)
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "e-mail\trole\tpassword")
	for _, s := range demo.SignIns {
		fmt.Fprintf(table, "%s\t%s\t%s\n", s.Email, s.Role, demo.Password)
	}
	_ = table.Flush() // out is the terminal
	fmt.Fprintln(out, "\nWhoever runs the cluster is asked for a six-digit code too. It stands at", letters+demo.CodesPath)
	fmt.Fprintln(out, "Letters are sent to nobody and can be read at", letters)
	fmt.Fprintln(out, "What happens at the bank and at Stripe happens at", sandbox+"/desk")
	fmt.Fprintln(out, "Pay with 4242 4242 4242 4242, any date to come and any CVC. Ctrl-C stops everything.")
	fmt.Fprintln(out, "ready", url)
}
