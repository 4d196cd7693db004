package member

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/pg"
)

// purposeAddress is what a link opens that says that an address answers.
const purposeAddress = "address"

// addressFor is how long such a link opens.
const addressFor = 24 * time.Hour

// AskAddress writes to a person's own address, to find out whether it answers again. How
// often is limited as for new passwords; beyond that it is a TooMany fault.
func AskAddress(ctx context.Context, db *sqlx.DB, now clock.Clock, p Person, site, host string) error {
	if _, err := begin(ctx, db, now(), "address:"+p.ID, resetsByEmail, host); err != nil {
		return err
	}
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		token, key, err := makeLink(ctx, tx, purposeAddress, p.ID, now(), addressFor)
		if err != nil {
			return err
		}
		l := i18n.Lang(p.Lang)
		return write(ctx, tx, now(), key, p.Email, l, addressLetter(l, strings.TrimRight(site, "/")+"/addresses/"+token))
	})
}

func addressLetter(l i18n.Lang, link string) letter {
	return letter{
		Title: l.T("mail.address.title"), Text: []string{l.T("mail.address.text")}, Button: mail.Button{Text: l.T("mail.address.button"), Href: link},
		Note: l.T("mail.address.note"), Why: l.T("mail.address.why"),
	}
}

// AddressOpen says whether such a link still opens; else it is a NotFound fault.
func AddressOpen(ctx context.Context, db *sqlx.DB, now clock.Clock, token string) error {
	return linkOpen(ctx, db, now(), purposeAddress, token)
}

// ConfirmAddress records that the address answers to which a link was sent: letters of all
// kinds go there again. The link is used up by it.
func ConfirmAddress(ctx context.Context, db *sqlx.DB, now clock.Clock, token string) error {
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		var p struct{ ID, Email string }
		err := tx.GetContext(ctx, &p, `
			WITH used AS (UPDATE magic_links SET used_at = $3 WHERE hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3 RETURNING person_id)
			SELECT p.id, p.email FROM used JOIN people p ON p.id = used.person_id`, linkHash(purposeAddress, token), purposeAddress, now())
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "link.gone")
		}
		if err != nil {
			return fmt.Errorf("use a link: %w", err)
		}
		if err := mail.Answers(ctx, tx, now(), p.Email); err != nil {
			return err
		}
		return record(ctx, tx, now(), p.ID, "person.address-confirmed", "person:"+p.ID, nil)
	})
}
