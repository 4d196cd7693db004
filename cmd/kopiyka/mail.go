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
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/config"
	"kopiyka/internal/demo"
	"kopiyka/internal/document"
	"kopiyka/internal/jobs"
	"kopiyka/internal/mail"
	"kopiyka/internal/mail/catcher"
	"kopiyka/templates"
)

// mailEvery is how often the outbox is looked into: somebody may sit and wait for a letter
// that lets them in. What is not sent until the next look waits for it.
const mailEvery = 10 * time.Second

// sendMail names the sending job in the queue.
type sendMail struct{}

// Kind is the job's name in the queue, which outlives releases.
func (sendMail) Kind() string { return "send_mail" }

// checkMail says what is wrong with the mail server's settings, before anything starts.
func checkMail(c config.Config) error {
	if c.SMTPURL == "" {
		return nil
	}
	_, err := mail.ParseServer(c.SMTPURL)
	_, wrongFrom := mail.ParseFrom(c.MailFrom)
	return errors.Join(err, wrongFrom)
}

// newSender makes the sender of letters, or none without a mail server: letters wait then.
func newSender(c config.Config, db *sqlx.DB, log *slog.Logger) (*mail.Sender, error) {
	if c.SMTPURL == "" {
		log.Warn("KOPIYKA_SMTP_URL is not set: letters wait in the outbox")
		return nil, nil
	}
	server, err := mail.ParseServer(c.SMTPURL)
	if err != nil {
		return nil, err
	}
	from, err := mail.ParseFrom(c.MailFrom)
	if err != nil {
		return nil, err
	}
	return &mail.Sender{DB: db, Now: clock.System, Log: log, Server: server.OnPrivateNetwork(c.PrivateNetwork), From: from}, nil
}

// How often receipts and refund notes are issued: for payments that were started lately, and
// for all, which heals what the others missed.
const (
	issueEvery    = 30 * time.Second
	issueAllEvery = time.Hour
	issueLately   = 30 * 24 * time.Hour
)

// issueDocuments and issueAllDocuments name the issuing jobs in the queue.
type (
	issueDocuments    struct{}
	issueAllDocuments struct{}
)

// Kind is the job's name in the queue, which outlives releases.
func (issueDocuments) Kind() string { return "issue_documents" }

// Kind is the job's name in the queue, which outlives releases.
func (issueAllDocuments) Kind() string { return "issue_all_documents" }

// issue puts the issuing of receipts and notes on the timetable.
func (h *house) issue(c config.Config) {
	clerk := &document.Clerk{DB: h.db, Now: clock.System, URL: c.URL}
	round := func(ctx context.Context, startedAfter time.Time) error {
		n, err := clerk.IssueAll(ctx, startedAfter)
		if n > 0 {
			h.log.Info("documents issued", "count", n)
		}
		return err
	}
	jobs.Every(h.timetable, issueEvery, issueDocuments{}, func(ctx context.Context) error { return round(ctx, clock.System().Add(-issueLately)) })
	jobs.Every(h.timetable, issueAllEvery, issueAllDocuments{}, func(ctx context.Context) error { return round(ctx, time.Time{}) })
}

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
