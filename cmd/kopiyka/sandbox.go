//go:build !production

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"kopiyka/internal/stripesim"
	"kopiyka/templates"
)

type sandboxCommand struct {
	Addr    string `env:"KOPIYKA_SANDBOX_ADDR" default:"127.0.0.1:8081" help:"Where to listen."`
	Data    string `env:"KOPIYKA_DATA" default:"data" help:"Folder of the journal."`
	Webhook string `default:"http://127.0.0.1:8080/hooks/stripe" help:"Where to send events."`
	Payee   string `default:"Kopiyka" help:"Who is paid, as the checkout page says it."`
	Secret  string `env:"STRIPE_WEBHOOK_SECRET" required:"" help:"What to sign them with."`
}

// Run serves the sandbox until it is told to stop.
func (c *sandboxCommand) Run(ctx context.Context, log *slog.Logger) error {
	s, err := startSandbox(c.Addr, c.Data, payee{uk: c.Payee}, stripesim.Endpoint{URL: c.Webhook, Secrets: []string{c.Secret}}, log)
	if err != nil {
		return err
	}
	fmt.Printf("sandbox %s: STRIPE_API_BASE=%s STRIPE_PAGE_ORIGIN=%s and any STRIPE_SECRET_KEY=sk_test_…\n", s.url, s.url, s.url)
	fmt.Printf("desk    %s/desk: settle, refund, dispute, pay out, move the clock\n", s.url)
	return s.run(ctx)
}

// sandbox is a Stripe of our own on its own port.
type sandbox struct {
	*stripesim.Sim
	url      string
	listener net.Listener
}

// payee is who the sandbox's pages say is paid, in both languages.
type payee struct{ uk, en string }

// startSandbox listens at once, so that a taken port is known before anything else begins.
func startSandbox(addr, data string, paid payee, events stripesim.Endpoint, log *slog.Logger) (*sandbox, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("KOPIYKA_SANDBOX_ADDR %s: %w", addr, err)
	}
	if err := os.MkdirAll(data, 0o755); err != nil {
		return nil, errors.Join(fmt.Errorf("make the data folder: %w", err), listener.Close())
	}
	fonts, err := fs.Sub(templates.Files, "fonts")
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	url := "http://" + listener.Addr().String()
	sim, err := stripesim.New(stripesim.Options{
		URL: url, Journal: filepath.Join(data, "sandbox.jsonl"), Log: log,
		Merchant: paid.uk, MerchantEN: paid.en, Endpoints: []stripesim.Endpoint{events},
		Stylesheet: stylesheet, Fonts: fonts,
	})
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return &sandbox{sim, url, listener}, nil
}

// run serves until ctx ends, and closes the journal.
func (s *sandbox) run(ctx context.Context) error {
	return errors.Join(s.Serve(ctx, s.listener), s.Close())
}

// stylesheet joins the house's style sheets for the sandbox's page, which serves them and
// the fonts from its own port.
func stylesheet() (hash string, css []byte) {
	var all bytes.Buffer
	for _, name := range templates.Styles {
		part, err := templates.Files.ReadFile("assets/css/" + name + ".css")
		if err != nil {
			panic("a style sheet is not compiled in: " + name) // the same list joins the site's own sheet, which is tested
		}
		all.Write(part)
		all.WriteByte('\n')
	}
	sum := sha256.Sum256(all.Bytes())
	return hex.EncodeToString(sum[:8]), all.Bytes()
}
