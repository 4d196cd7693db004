package member

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
)

// Application is what a company writes when it asks to be taken into a cluster.
type Application struct {
	ClusterID  string
	Kind       string
	Company    Company // its names, country and official id
	Site       string
	Message    string // to the coordinators
	ShowsName  bool
	ShowsSite  bool
	PersonName string
	Email      string
	Lang       string
	Host       string // the network address it came from
}

// How many applications are taken within a day from one network address, and how often one
// e-mail is written to.
const (
	applicationsByHost  = 20
	applicationsByEmail = 3
	applicationWindow   = 24 * time.Hour
)

// applicationDays is how long the confirming link works. What nobody has confirmed for a
// month is deleted: it may have been written with somebody else's address.
const applicationDays, forgetAfterDays = 7, 30

const maxMessage = 2000

// Apply takes an application and writes to its e-mail. A coordinator sees it once the link
// in that letter has been used. What is known here of the company or of the address changes
// nothing in the answer.
//
// Too many from one network address are a TooMany fault. An address that has been written to
// often enough today gets no further letter, and nobody is told so.
func Apply(ctx context.Context, db *sqlx.DB, now clock.Clock, site string, a Application) error {
	if err := a.check(); err != nil {
		return err
	}
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		at, host := now(), digest("application:"+a.Host)
		_, err := tx.ExecContext(ctx, `DELETE FROM company_applications a WHERE a.asked_at < $1 AND NOT EXISTS (SELECT 1 FROM application_confirmations c WHERE c.application_id = a.id)`,
			at.AddDate(0, 0, -forgetAfterDays))
		if err != nil {
			return fmt.Errorf("forget unconfirmed applications: %w", err)
		}
		// One after another, so that many at once are counted too.
		for _, name := range []string{"applications:" + host, "applications:" + a.Email} {
			if err := pg.Lock(ctx, tx, name); err != nil {
				return err
			}
		}
		var asked struct{ Host, Email int }
		err = tx.GetContext(ctx, &asked, `
			SELECT (SELECT count(*) FROM company_applications WHERE asked_from = $1 AND asked_at > $3) AS host,
			       (SELECT count(*) FROM company_applications WHERE email = $2 AND asked_at > $3) AS email`, host, a.Email, at.Add(-applicationWindow))
		if err != nil {
			return fmt.Errorf("count applications: %w", err)
		}
		if asked.Host >= applicationsByHost {
			return fault.New(fault.TooMany, "application.too_many")
		}
		return a.keep(ctx, tx, at, host, site, asked.Email < applicationsByEmail)
	})
}

// check brings the application into the form in which it is kept.
func (a *Application) check() error {
	form := CheckOfficial(&a.Company)
	site, err := CleanSite(a.Site)
	if err := form.Add("site", err); err != nil {
		return err
	}
	a.Site, a.Message, a.PersonName = site, tidy(a.Message), line(a.PersonName)
	if f := text.Check("message", a.Message, maxMessage); f != nil {
		form = append(form, f)
	}
	if a.PersonName == "" {
		form = append(form, fault.In("person_name", "person.name_missing"))
	} else if f := text.Check("person_name", a.PersonName, MaxName); f != nil {
		form = append(form, f)
	}
	email, err := newEmail(a.Email)
	if err := form.Add("email", err); err != nil {
		return err
	}
	if a.Email = email; !pg.IsID(a.ClusterID) {
		form = append(form, fault.In("cluster", "application.cluster"))
	}
	if !slices.Contains(Kinds, a.Kind) {
		form = append(form, fault.In("kind", "membership.kind"))
	}
	return form.Err()
}

func (a Application) keep(ctx context.Context, tx *sqlx.Tx, at time.Time, host, site string, mayWrite bool) error {
	token, hash, err := newToken()
	if err != nil {
		return err
	}
	id := pg.NewID()
	_, err = tx.ExecContext(ctx, `
		INSERT INTO company_applications (id, cluster_id, kind, name_uk, name_en, country, official_id, site, message, shows_name, shows_site, person_name, email, lang, token_hash, asked_from, asked_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		id, a.ClusterID, a.Kind, a.Company.Name.UK, a.Company.Name.EN, a.Company.Country, a.Company.OfficialID, a.Site, a.Message, a.ShowsName, a.ShowsSite,
		a.PersonName, a.Email, string(langOf(a.Lang)), hash, host, at)
	if pg.Constraint(err) == "company_applications_cluster_id_fkey" {
		return fault.In("cluster", "application.cluster")
	}
	if err != nil {
		return fmt.Errorf("keep an application: %w", err)
	}
	if !mayWrite {
		return nil
	}
	cluster, _, err := namesFor(ctx, tx, Place{ClusterID: a.ClusterID}, "")
	if err != nil {
		return err
	}
	l := langOf(a.Lang)
	link := site + "/applications/" + token + "?lang=" + string(l)
	return write(ctx, tx, at, "application:"+id, a.Email, l, applicationLetter(l, a.Company.Name, cluster, link))
}

func applicationLetter(l i18n.Lang, company, cluster Text, link string) letter {
	return letter{
		Title:  l.T("mail.application.title", cluster.In(l)),
		Text:   []string{l.T("mail.application.text", company.In(l), cluster.In(l))},
		Button: mail.Button{Text: l.T("mail.application.button"), Href: link},
		Note:   l.T("mail.application.note"),
		Why:    l.T("mail.application.why"),
	}
}

// ConfirmApplication says that the e-mail of an application answers: the cluster's
// coordinators see it from now on, and a letter tells them. A second call changes nothing.
func ConfirmApplication(ctx context.Context, db *sqlx.DB, now clock.Clock, site, token string) error {
	a, err := applicationOf(ctx, db, now, token)
	if err != nil {
		return err
	}
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO application_confirmations (application_id, cluster_id, confirmed_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			a.ID, a.ClusterID, now())
		if err != nil {
			return fmt.Errorf("confirm an application: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if err := record(ctx, tx, now(), "", "application.confirmed", "application:"+a.ID, nil); err != nil {
			return err
		}
		return a.tellCoordinators(ctx, tx, now(), site)
	})
}

// ApplicationToConfirm is the application of a confirming link.
func ApplicationToConfirm(ctx context.Context, db *sqlx.DB, now clock.Clock, token string) (Applied, error) {
	return applicationOf(ctx, db, now, token)
}

// applicationOf finds the application of a link. One that has not been confirmed in time is
// a Conflict fault.
func applicationOf(ctx context.Context, db *sqlx.DB, now clock.Clock, token string) (Applied, error) {
	hash, err := hashToken(token)
	if err != nil {
		return Applied{}, fault.New(fault.NotFound, "application.unknown")
	}
	a, err := oneApplication(ctx, db, `a.token_hash = $1`, hash)
	if err == nil && a.ConfirmedAt == nil && now().After(a.AskedAt.AddDate(0, 0, applicationDays)) {
		err = fault.New(fault.Conflict, "application.expired")
	}
	return a, err
}

func (a Applied) tellCoordinators(ctx context.Context, tx *sqlx.Tx, at time.Time, site string) error {
	var all []struct{ ID, Email, Lang string }
	err := tx.SelectContext(ctx, &all, `SELECT p.id, p.email, p.lang FROM cluster_roles r JOIN people p ON p.id = r.person_id
		WHERE r.cluster_id = $1 AND r.role = 'coordinator' AND letter_wanted(p.id, 'application') ORDER BY p.id`, a.ClusterID)
	if err != nil {
		return fmt.Errorf("list coordinators: %w", err)
	}
	for _, c := range all {
		l := langOf(c.Lang)
		stop, err := mail.Stop(ctx, tx, at, site, c.ID, mail.Applications)
		if err != nil {
			return err
		}
		err = mail.Queue(ctx, tx, mail.Letter{
			Key: "application-arrived:" + a.ID + ":" + c.ID, To: c.Email, Lang: l, Name: "people", At: at, Unsubscribe: stop,
			Data: arrivedLetter(l, a.Name(), a.Cluster(), site+"/office/applications/"+a.ID),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func arrivedLetter(l i18n.Lang, company, cluster Text, link string) letter {
	return letter{
		Title:  l.T("mail.application_arrived.title", company.In(l)),
		Text:   []string{l.T("mail.application_arrived.text", company.In(l), cluster.In(l))},
		Button: mail.Button{Text: l.T("mail.application_arrived.button"), Href: link},
		Why:    l.T("mail.why_coordinator", cluster.In(l)),
	}
}
