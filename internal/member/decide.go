package member

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
)

const maxReason = 1000

// AcceptApplication takes a company in: it and its membership are entered and its person is
// invited to own it, in one commit. It returns the company's id.
//
// A company that is here already, by its official id, only becomes a member of the further
// cluster: its own owners decide who acts for it, and nobody gets in by naming its number.
func AcceptApplication(ctx context.Context, db *sqlx.DB, now clock.Clock, site, id, person string) (company string, err error) {
	err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		a, err := decidable(ctx, tx, id, person)
		if err != nil {
			return err
		}
		if company = a.KnownID; company == "" {
			if company, err = a.enter(ctx, tx, now()); err != nil {
				return err
			}
		}
		if err := a.enrol(ctx, tx, now(), company); err != nil {
			return err
		}
		if err := a.decide(ctx, tx, now(), person, true, "", company); err != nil {
			return err
		}
		if a.KnownID != "" {
			return a.tell(ctx, tx, now(), "mail.application_known.title", "mail.application_known.text", "", mail.Button{})
		}
		_, err = Invite{Place: Place{CompanyID: company}, Role: string(Owner), Email: a.Email, Name: a.PersonName, Lang: a.Lang}.send(ctx, tx, now(), site)
		return err
	})
	return company, err
}

// RefuseApplication says no, with a reason that the company reads. It may apply again.
func RefuseApplication(ctx context.Context, db *sqlx.DB, now clock.Clock, site, id, person, reason string) error {
	reason = tidy(reason)
	if reason == "" {
		return fault.In("reason", "application.reason")
	}
	if f := text.Check("reason", reason, maxReason); f != nil {
		return f
	}
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		a, err := decidable(ctx, tx, id, person)
		if err != nil {
			return err
		}
		if err := a.decide(ctx, tx, now(), person, false, reason, ""); err != nil {
			return err
		}
		l := langOf(a.Lang)
		return a.tell(ctx, tx, now(), "mail.application_refused.title", "mail.application_refused.text", reason, mail.Button{Text: l.T("mail.application_refused.button"), Href: site + "/" + string(l) + "/apply"})
	})
}

// decidable is an application on which a person may decide now.
func decidable(ctx context.Context, tx *sqlx.Tx, id, person string) (Applied, error) {
	if err := pg.Lock(ctx, tx, "application:"+id); err != nil {
		return Applied{}, err
	}
	a, err := ApplicationFor(ctx, tx, id, person)
	if err != nil {
		return a, err
	}
	if err := mustCoordinateCluster(ctx, tx, a.ClusterID, person, fault.New(fault.NotFound, "application.unknown")); err != nil {
		return a, err
	}
	if !a.Waits() {
		return a, fault.New(fault.Conflict, "application.decided")
	}
	return a, nil
}

func (a Applied) decide(ctx context.Context, tx *sqlx.Tx, at time.Time, person string, accepted bool, reason, company string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO application_decisions (application_id, accepted, reason, person_id, company_id, happened_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		a.ID, accepted, reason, person, null(company), at)
	if pg.Constraint(err) == "application_decisions_once" {
		return fault.New(fault.Conflict, "application.decided")
	}
	if err != nil {
		return fmt.Errorf("decide on an application: %w", err)
	}
	return record(ctx, tx, at, person, "application.decided", "application:"+a.ID, map[string]any{"accepted": accepted, "company": company, "reason": reason})
}

// enter makes the company of what was written.
func (a Applied) enter(ctx context.Context, tx *sqlx.Tx, at time.Time) (string, error) {
	company := Company{Name: a.Name(), Country: a.Country, OfficialID: a.OfficialID}
	id, err := AddCompanyAs(ctx, tx, at, company)
	if err != nil {
		return "", err
	}
	_, err = tx.ExecContext(ctx, `UPDATE companies SET site = $2, shows_name = $3, shows_site = $4 WHERE id = $1`, id, a.Site, a.ShowsName, a.ShowsSite)
	if err != nil {
		return "", fmt.Errorf("keep a company's consent: %w", err)
	}
	return id, nil
}

// enrol makes the company what it asked to be, unless it is that already.
func (a Applied) enrol(ctx context.Context, tx *sqlx.Tx, at time.Time, company string) error {
	today := clock.Day(at)
	var open bool
	err := tx.GetContext(ctx, &open, `SELECT EXISTS (SELECT 1 FROM memberships WHERE company_id = $1 AND cluster_id = $2 AND (until IS NULL OR until > $3))`, company, a.ClusterID, today)
	if err != nil {
		return fmt.Errorf("look for a membership: %w", err)
	}
	if open {
		return fault.New(fault.Conflict, "application.member_already")
	}
	return Enrol(ctx, tx, company, Membership{ClusterID: a.ClusterID, Kind: a.Kind, Since: today})
}

// tell writes to who applied.
func (a Applied) tell(ctx context.Context, tx *sqlx.Tx, at time.Time, title, said, reason string, button mail.Button) error {
	l := langOf(a.Lang)
	return write(ctx, tx, at, "application-decided:"+a.ID, a.Email, l, decidedLetter(l, a.Name(), a.Cluster(), title, said, reason, button))
}

func decidedLetter(l i18n.Lang, company, cluster Text, title, said, reason string, button mail.Button) letter {
	return letter{
		Title:  l.T(title, cluster.In(l)),
		Text:   []string{l.T(said, company.In(l), cluster.In(l))},
		Quote:  reason,
		Button: button,
		Why:    l.T("mail.application.why"),
	}
}

// AddCompanyAs enters a company under an address made of its English name, with a number
// behind it when that is taken.
func AddCompanyAs(ctx context.Context, tx *sqlx.Tx, at time.Time, c Company) (string, error) {
	base := slugOf(c.Name.EN)
	if err := pg.Lock(ctx, tx, "company-slugs"); err != nil {
		return "", err
	}
	var taken []string
	if err := tx.SelectContext(ctx, &taken, `SELECT slug FROM companies WHERE slug = $1 OR slug ~ ('^' || $1 || '-[0-9]+$')`, base); err != nil {
		return "", fmt.Errorf("look for addresses: %w", err)
	}
	is := map[string]bool{}
	for _, s := range taken {
		is[s] = true
	}
	c.Slug = base
	for n := 2; is[c.Slug]; n++ {
		c.Slug = base + "-" + strconv.Itoa(n)
	}
	return AddCompany(ctx, tx, at, c)
}

// slugOf makes a name into a part of an address: "ТОВ «Ґанок»" is "tov-ganok". A name
// without any letter or digit of ours is "company".
func slugOf(name string) string {
	if slug := text.Slug(name); slug != "" {
		return slug
	}
	return "company"
}
