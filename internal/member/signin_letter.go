package member

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/pg"
)

// told is what the letter about a change of somebody's sign-in says.
type told struct{ Title, Text, Name string }

// tell writes to a person that something about their sign-in has changed. Somebody else may
// have done it, and this letter is how the person learns of it.
func tell(ctx context.Context, tx *sqlx.Tx, at time.Time, person, what string) error {
	var p struct{ Email, Name, Lang string }
	if err := tx.GetContext(ctx, &p, `SELECT email, name, lang FROM people WHERE id = $1`, person); err != nil {
		return fmt.Errorf("write to a person: %w", err)
	}
	l := i18n.Lang(p.Lang)
	return mail.Queue(ctx, tx, mail.Letter{
		Key: "account:" + what + ":" + pg.NewID(), To: p.Email, Lang: l, Name: "account", At: at, Data: toldOf(l, at, what, p.Name),
	})
}

func toldOf(l i18n.Lang, at time.Time, what, name string) told {
	return told{Title: l.T("mail.account." + what), Text: l.T("mail.account."+what+"_text", l.DateTime(at)), Name: name}
}
