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
	PledgeID string
	PersonID string
	Amount   money.Amount // of an invoice: a part of what is outstanding; zero: all of it
	DueOn    time.Time    // of an invoice: zero: as the pledge says
	PayURL   string       // where the pledge can be paid by card
}

// IssueInvoice issues an invoice for what is outstanding of a pledge, or a part of it. The
// same wish again, with nothing changed since, is the same invoice. Another's pledge and
// none are one NotFound fault; a viewer's wish is Forbidden; nothing outstanding is a
// Conflict.
func IssueInvoice(ctx context.Context, db *sqlx.DB, now clock.Clock, w Wish) (Document, error) {
	pledge, err := giving.PledgeOf(ctx, db, w.PledgeID, w.PersonID)
	if err != nil {
		return Document{}, err
	}
	amount, err := asked(pledge, w.Amount)
	if err != nil {
		return Document{}, err
	}
	due := w.DueOn
	if due.IsZero() {
		due = pledge.DueOn
	}
	return ofPledge(ctx, db, now, w, func(d *draft) {
		d.kind, d.amount = Invoice, amount
		d.facts.Amount, d.facts.DueOn, d.facts.PayURL = amount, due.UTC(), w.PayURL
	})
}

// asked is what an invoice asks for.
func asked(p giving.Pledge, part money.Amount) (money.Amount, error) {
	left := p.Outstanding()
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

// IssueAgreement issues a donation agreement about a whole pledge, for both sides to sign.
// Its faults are those of IssueInvoice, and a repeat is the same agreement.
func IssueAgreement(ctx context.Context, db *sqlx.DB, now clock.Clock, w Wish) (Document, error) {
	pledge, err := giving.PledgeOf(ctx, db, w.PledgeID, w.PersonID)
	if err != nil {
		return Document{}, err
	}
	return ofPledge(ctx, db, now, w, func(d *draft) {
		d.kind, d.amount = Agreement, pledge.Amount
		d.facts.Amount, d.facts.DueOn = pledge.Amount, pledge.DueOn.UTC()
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
