//go:build !production

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"

	"kopiyka/internal/clock"
	"kopiyka/internal/demo"
	"kopiyka/internal/mail/catcher"
	"kopiyka/templates"
)

// mailbox catches the demo's letters and shows them on a port of its own.
type mailbox struct {
	*catcher.Catcher
	letters, pages net.Listener
}

// openMailbox listens at once, so that a taken port is known before anything else begins.
func openMailbox(addr, data string, log *slog.Logger) (*mailbox, error) {
	fonts, err := fs.Sub(templates.Files, "fonts")
	if err != nil {
		return nil, err
	}
	_, css := stylesheet()
	c, err := catcher.New(catcher.Options{Folder: filepath.Join(data, "mail"), Log: log, Stylesheet: css, Fonts: http.FS(fonts), Codes: func() ([]catcher.Code, error) { return demo.Codes(clock.System()) }})
	if err != nil {
		return nil, err
	}
	pages, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("KOPIYKA_MAIL_ADDR %s: %w", addr, err)
	}
	letters, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen for letters: %w", err), pages.Close())
	}
	return &mailbox{c, letters, pages}, nil
}

// server is where the program sends its letters.
func (m *mailbox) server() string { return "smtp://" + m.letters.Addr().String() }

// url is where people read them.
func (m *mailbox) url() string { return "http://" + m.pages.Addr().String() }

func (m *mailbox) run(ctx context.Context) error { return m.Serve(ctx, m.letters, m.pages) }

func (m *mailbox) close() error { return errors.Join(m.letters.Close(), m.pages.Close()) }
