package member

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/pg"
)

// AskFactor switches whether a company asks a second factor of all who act for it. While it
// does, sessions that have not shown one know nothing of the company, from their next request
// on. Only an owner may; to ask for one takes having one, else it is a fault of the field
// "factor". All others of the company are told by letter. A second call changes nothing.
func AskFactor(ctx context.Context, db *sqlx.DB, now clock.Clock, site, company, by string, asked bool) error {
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := mustOwn(ctx, tx, company, by); err != nil {
			return err
		}
		var choice int64
		err := tx.GetContext(ctx, &choice, `INSERT INTO company_factor_choices (company_id, asked, person_id, chosen_at) VALUES ($1, $2, $3, $4) RETURNING id`,
			company, asked, by, now())
		if err != nil {
			return fmt.Errorf("switch a company's second factor: %w", kindly(err))
		}
		act := "company.factor-ended"
		if asked {
			act = "company.factor-asked"
		}
		if err := record(ctx, tx, now(), by, act, "company:"+company, nil); err != nil {
			return err
		}
		return tellTeamOfFactor(ctx, tx, now(), site, company, by, choice, asked)
	})
	if pg.Constraint(err) == "company_factor_choices_change" {
		return nil // it is so already
	}
	return err
}

// tellTeamOfFactor writes to everybody of the company but who has switched it.
func tellTeamOfFactor(ctx context.Context, tx *sqlx.Tx, at time.Time, site, company, by string, choice int64, asked bool) error {
	name, who, err := namesFor(ctx, tx, Place{CompanyID: company}, by)
	if err != nil {
		return err
	}
	var team []struct {
		ID, Email string
		Lang      i18n.Lang
		Factor    bool
	}
	err = tx.SelectContext(ctx, &team, `SELECT p.id, p.email, p.lang, `+hasFactor+` AS factor FROM company_roles r JOIN people p ON p.id = r.person_id
		WHERE r.company_id = $1 AND p.id <> $2 ORDER BY p.id`, company, by)
	if err != nil {
		return fmt.Errorf("read a company's people: %w", err)
	}
	for _, one := range team {
		said := factorLetter(one.Lang, who, name, asked, one.Factor, site+"/account/authenticator")
		if err := write(ctx, tx, at, fmt.Sprintf("company-factor:%d:%s", choice, one.ID), one.Email, one.Lang, said, by); err != nil {
			return err
		}
	}
	return nil
}

// factorLetter says that a company asks for a second factor from now on, and to whom has none
// how to come to one; or that it asks no more.
func factorLetter(l i18n.Lang, who string, company Text, asked, has bool, link string) letter {
	said := letter{Title: l.T("mail.company_factor.ended", company.In(l)), Text: []string{l.T("mail.company_factor.ended_text", who, company.In(l))}, Why: l.T("mail.company_factor.why")}
	if !asked {
		return said
	}
	said.Title = l.T("mail.company_factor.asked", company.In(l))
	said.Text = []string{l.T("mail.company_factor.asked_text", who, company.In(l))}
	if has {
		said.Text = append(said.Text, l.T("mail.company_factor.has"))
		return said
	}
	said.Text = append(said.Text, l.T("mail.company_factor.has_none"))
	said.Button = mail.Button{Text: l.T("mail.company_factor.button"), Href: link}
	return said
}
