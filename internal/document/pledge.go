package document

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// Wish is a document that a person asks for about a pledge.
type Wish struct {
	PledgeID   string
	PersonID   string
	Instalment string       // of an invoice: its id; empty: all that is outstanding
	Amount     money.Amount // of an invoice: a part of that; zero: all of it
	PayURL     string       // where the pledge can be paid by card
}

// IssueInvoice issues an invoice for what is outstanding of a pledge, of one of its
// instalments, or a part of either, to be paid by the last day of what it asks for. The
// same wish again, with nothing changed since, is the same invoice. Another's pledge and
// none are one NotFound fault; a viewer's wish is Forbidden; nothing outstanding is a
// Conflict.
func IssueInvoice(ctx context.Context, db *sqlx.DB, now clock.Clock, w Wish) (Document, error) {
	pledge, err := giving.PledgeOf(ctx, db, w.PledgeID, w.PersonID)
	if err != nil {
		return Document{}, err
	}
	schedule, err := giving.ScheduleOf(ctx, db, pledge, now())
	if err != nil {
		return Document{}, err
	}
	left, due, err := outstanding(pledge, schedule, w.Instalment)
	if err != nil {
		return Document{}, err
	}
	amount, err := asked(left, w.Amount)
	if err != nil {
		return Document{}, err
	}
	return ofPledge(ctx, db, now, w, func(d *draft) {
		d.kind, d.amount = Invoice, amount
		d.facts.Amount, d.facts.DueOn, d.facts.PayURL = amount, due.UTC(), w.PayURL
	})
}

// outstanding is what is left of a pledge or of one instalment, and the last day for it.
func outstanding(p giving.Pledge, s giving.Schedule, instalment string) (money.Amount, time.Time, error) {
	if instalment == "" {
		var due time.Time
		for _, i := range s.Open() {
			due = i.DueOn
		}
		return p.ToPay(), dueAfter(p, due), nil
	}
	for _, i := range s.Instalments {
		if i.ID == instalment {
			return p.LeftOf(i), i.DueOn, nil
		}
	}
	return money.Amount{}, time.Time{}, fault.New(fault.NotFound, "document.instalment_unknown")
}

// dueAfter is a day, or none when the company wanted to pay on the day it promised.
func dueAfter(p giving.Pledge, day time.Time) time.Time {
	if !day.After(clock.Day(p.MadeAt)) {
		return time.Time{}
	}
	return day
}

// asked is what an invoice asks for of what is left.
func asked(left, part money.Amount) (money.Amount, error) {
	switch {
	case left.IsZero():
		return left, fault.New(fault.Conflict, "payment.nothing_left")
	case part == money.Amount{}:
		return left, nil
	case part.Currency != left.Currency:
		return left, fault.In("amount", "pledge.other_currency", string(left.Currency))
	case part.Minor <= 0:
		return left, fault.In("amount", "money.zero")
	case part.Minor > left.Minor:
		return left, fault.In("amount", "payment.more_than_left", left)
	}
	return part, nil
}

// IssueAgreement issues a donation agreement about a whole pledge as it stands, with its
// schedule, for both sides to sign.
// Its faults are those of IssueInvoice, and a repeat is the same agreement.
func IssueAgreement(ctx context.Context, db *sqlx.DB, now clock.Clock, w Wish) (Document, error) {
	pledge, err := giving.PledgeOf(ctx, db, w.PledgeID, w.PersonID)
	if err != nil {
		return Document{}, err
	}
	if pledge.Amount.Minor <= 0 {
		return Document{}, fault.New(fault.Conflict, "payment.nothing_left")
	}
	schedule, err := giving.ScheduleOf(ctx, db, pledge, now())
	if err != nil {
		return Document{}, err
	}
	return ofPledge(ctx, db, now, w, func(d *draft) {
		whole := pledge.InOriginal(pledge.Amount.Minor)
		d.kind, d.amount, d.facts.Amount = Agreement, whole, whole
		for _, i := range schedule.Instalments {
			if i.Asks > 0 {
				part := money.Of(i.Asks, pledge.Amount.Currency)
				if pledge.Foreign() {
					part = i.Original
				}
				d.facts.Parts = append(d.facts.Parts, Part{DueOn: i.DueOn.UTC(), Amount: part})
			}
		}
		if len(d.facts.Parts) == 1 {
			d.facts.DueOn, d.facts.Parts = dueAfter(pledge, d.facts.Parts[0].DueOn).UTC(), nil
		}
	})
}

func ofPledge(ctx context.Context, db *sqlx.DB, now clock.Clock, w Wish, fill func(*draft)) (Document, error) {
	var doc Document
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		g, err := groundOf(ctx, tx, w.PledgeID)
		if err != nil {
			return err
		}
		if err := mayIssue(ctx, tx, g.Company, w.PersonID); err != nil {
			return err
		}
		d := draft{subject: "pledge:" + strings.ToLower(w.PledgeID), cluster: g.Cluster, company: g.Company, pledge: w.PledgeID, facts: g.facts, by: w.PersonID}
		fill(&d)
		doc, err = issue(ctx, tx, now(), d)
		return err
	})
	if err != nil {
		return Document{}, fmt.Errorf("issue a document of a pledge: %w", err)
	}
	return doc, nil
}
