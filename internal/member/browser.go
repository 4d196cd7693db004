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

// browserLetters is how many letters about new browsers somebody gets in a day: who sees
// three of them knows, and who deletes cookies all the time is not to stop reading.
const browserLetters = 3

// IsOf reports whether a person has signed in with the browser before, or has read a letter
// of ours in it.
func (d Device) IsOf(p Person) bool {
	for _, k := range d.Knows {
		if k.Email == emailSubject("email", p.Email) {
			return true
		}
	}
	return false
}

// Browser is one in which somebody shows who they are.
type Browser struct {
	Name string // in words of the person's language
	Host string // the address that it came from
	Half bool   // the second factor is yet to be shown
}

// TellOfBrowser writes to a person that somebody comes in as them with a browser in which
// they were not seen before. The first sign-in of all is told of by no letter: a link by
// letter led to it. After three letters in a day there are no more until the next.
func TellOfBrowser(ctx context.Context, tx *sqlx.Tx, at time.Time, p Person, b Browser) error {
	if err := pg.Lock(ctx, tx, "browser:"+p.ID); err != nil {
		return err
	}
	day := "account:browser:" + p.ID + ":" + clock.Day(at).Format(time.DateOnly) + ":"
	var row struct {
		Before bool
		Told   int
	}
	err := tx.GetContext(ctx, &row, `
		SELECT EXISTS (SELECT 1 FROM audit_acts WHERE person_id = $1 AND act = 'person.signed-in') AS before,
		       (SELECT count(*) FROM letters l JOIN generate_series(1, $3) n ON l.key = $2 || n) AS told`, p.ID, day, browserLetters)
	if err != nil {
		return fmt.Errorf("look for a person's browsers: %w", err)
	}
	if !row.Before || row.Told >= browserLetters {
		return nil
	}
	l := langOf(p.Lang)
	return mail.Queue(ctx, tx, mail.Letter{Key: fmt.Sprint(day, row.Told+1), To: p.Email, Lang: l, Name: "account", At: at, Data: browserLetter(l, at, p.Name, b)})
}

func browserLetter(l i18n.Lang, at time.Time, name string, b Browser) told {
	what := "browser"
	if b.Half {
		what = "browser-half"
	}
	return told{Title: l.T("mail.account." + what), Text: l.T("mail.account."+what+"_text", l.DateTime(at), b.Name, b.Host), Name: name}
}
