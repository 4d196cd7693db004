package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/config"
	"kopiyka/internal/document"
	"kopiyka/internal/jobs"
	"kopiyka/internal/mail"
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
