package document

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/money"
)

// letter is what the letters about documents are told.
type letter struct {
	Sum                       money.Amount
	Company, Campaign, Number string
	On                        time.Time
	Facts                     []mail.Fact
	Button                    mail.Button
}

// letters are the templates, by what they are about.
func letterOf(d Document) string {
	switch {
	case d.Kind == Receipt:
		return "receipt"
	case d.Facts.Undone:
		return "refund-undone"
	}
	return "refund"
}

// write queues a letter with the document to each person who pays for the company, in that
// person's language.
func (c *Clerk) write(ctx context.Context, tx *sqlx.Tx, d Document) error {
	var readers []struct {
		ID, Email string
		Lang      i18n.Lang
	}
	err := tx.SelectContext(ctx, &readers, `
		SELECT p.id, p.email, p.lang FROM people p JOIN company_roles r ON r.person_id = p.id
		 WHERE r.company_id = $1 AND r.role IN ('owner', 'payer') ORDER BY p.id`, d.CompanyID)
	if err != nil {
		return fmt.Errorf("find who pays for the company: %w", err)
	}
	for _, r := range readers {
		body, err := fileIn(ctx, tx, c.Now(), d, r.Lang)
		if err != nil {
			return err
		}
		err = mail.Queue(ctx, tx, mail.Letter{
			Key: "document:" + d.ID + ":" + r.ID, To: r.Email, Lang: r.Lang, Name: letterOf(d), Data: newLetter(r.Lang, d, c.URL), At: c.Now(), Cluster: d.ClusterID,
			Attachments: []mail.Attachment{{Name: d.FileName(r.Lang), Type: "application/pdf", Body: body}},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func newLetter(l i18n.Lang, d Document, url string) letter {
	f := d.Facts
	m := letter{
		Sum: f.Amount, Company: f.Company.In(l), Campaign: f.Pledge.Campaign.In(l), Number: d.No(), On: d.HappenedAt,
		Button: mail.Button{Text: l.T("mail.document.button"), Href: url + "/portal/pledges/" + d.PledgeID},
	}
	add := func(key, text string) { m.Facts = append(m.Facts, mail.Fact{Name: l.T(key), Text: text}) }
	add("document.fact.amount", l.Money(f.Amount))
	if d.Kind == Receipt {
		if !f.Payment.Fee.IsZero() {
			add("document.fact.fee", l.Money(f.Payment.Fee))
			add("document.fact.net", l.Money(money.Of(f.Payment.Received.Minor-f.Payment.Fee.Minor, f.Payment.Fee.Currency)))
		}
	} else {
		add("document.fact.receipt", l.T("document.no", f.Payment.ReceiptNo))
	}
	add("document.fact.purpose", purpose(l, f.Pledge))
	add("document.fact.reference", f.Pledge.Reference.String())
	return m
}

// purpose is what a pledge's money is for.
func purpose(l i18n.Lang, p *Pledge) string {
	if text := p.Purpose.In(l); text != "" {
		return text
	}
	return l.T("document.purpose.any")
}
