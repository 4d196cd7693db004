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
	"kopiyka/internal/text"
)

// Invited is an invitation as who holds its link sees it.
type Invited struct {
	Invitation
	PlaceName Text
	By        string // the name of who invited; empty: the program
	PersonID  string // whose address it is; empty: somebody new
	CanSignIn bool   // that person has a way to sign in
	Factor    bool   // the company asks for a second factor
}

// InvitationOf finds the invitation of a link. An unknown one is a NotFound fault; one that
// is over a Conflict that says why.
func InvitationOf(ctx context.Context, db sqlx.QueryerContext, now clock.Clock, token string) (Invited, error) {
	var v Invited
	hash, err := hashToken(token)
	if err != nil {
		return v, fault.New(fault.NotFound, "invitation.unknown")
	}
	if v.Invitation, err = oneInvitation(ctx, db, `i.token_hash = $1`, hash); err != nil {
		return v, err
	}
	err = db.QueryRowxContext(ctx, `
		SELECT coalesce(k.name_uk, c.name_uk), coalesce(k.name_en, c.name_en), coalesce(b.name, ''), coalesce(p.id::text, ''),
		       p.password_hash IS NOT NULL OR EXISTS (SELECT 1 FROM passkeys y WHERE y.person_id = p.id) OR EXISTS (SELECT 1 FROM issuer_links s WHERE s.person_id = p.id), asks_factor(k.id)
		  FROM invitations i LEFT JOIN companies k ON k.id = i.company_id LEFT JOIN clusters c ON c.id = i.cluster_id
		  LEFT JOIN people b ON b.id = i.invited_by LEFT JOIN people p ON p.email = i.email WHERE i.id = $1`, v.ID).
		Scan(&v.PlaceName.UK, &v.PlaceName.EN, &v.By, &v.PersonID, &v.CanSignIn, &v.Factor)
	if err != nil {
		return v, fmt.Errorf("read an invitation: %w", err)
	}
	switch {
	case v.End == "accepted":
		return v, fault.New(fault.Conflict, "invitation.used")
	case v.End != "":
		return v, fault.New(fault.Conflict, "invitation.revoked")
	case !now().Before(v.ExpiresAt):
		return v, fault.New(fault.Conflict, "invitation.expired")
	}
	return v, nil
}

// Acceptance is who accepts: a person who is signed in, or a name and a password for
// somebody new.
type Acceptance struct {
	Token          string
	PersonID       string
	Name, Password string
}

// Accept takes an invitation up, once: of two at the same moment one is told that it is
// used. Somebody whose address is known here must be signed in; that is an Unauthorized
// fault, and being somebody else a Forbidden one.
func Accept(ctx context.Context, db *sqlx.DB, now clock.Clock, a Acceptance) (Invited, error) {
	seen, err := InvitationOf(ctx, db, now, a.Token)
	if err != nil {
		return seen, err
	}
	err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := pg.Lock(ctx, tx, "invitation:"+seen.ID); err != nil {
			return err
		}
		v, err := InvitationOf(ctx, tx, now, a.Token)
		if err != nil {
			return err
		}
		person, err := a.person(ctx, tx, now(), v)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO invitation_ends (invitation_id, how, person_id, happened_at) VALUES ($1, 'accepted', $2, $3)`, v.ID, person, now())
		if pg.Constraint(err) == "invitation_ends_once" {
			return fault.New(fault.Conflict, "invitation.used")
		}
		if err != nil {
			return fmt.Errorf("accept an invitation: %w", err)
		}
		if err := v.give(ctx, tx, person); err != nil {
			return err
		}
		if err := v.tellInviter(ctx, tx, now(), person); err != nil {
			return err
		}
		return record(ctx, tx, now(), person, "person.joined", v.subject(), map[string]any{"invitation": v.ID, "role": v.Role})
	})
	return seen, err
}

// person is who accepts, entered if need be.
func (a Acceptance) person(ctx context.Context, tx *sqlx.Tx, at time.Time, v Invited) (string, error) {
	if v.PersonID != "" && v.CanSignIn {
		switch a.PersonID {
		case v.PersonID:
			return a.PersonID, nil
		case "":
			return "", fault.New(fault.Unauthorized, "invitation.sign_in")
		}
	}
	if a.PersonID != "" && a.PersonID != v.PersonID {
		return "", fault.New(fault.Forbidden, "invitation.other_person")
	}
	name := line(a.Name)
	var form fault.Form
	if name == "" {
		form = append(form, fault.In("name", "person.name_missing"))
	} else if f := text.Check("name", name, MaxName); f != nil {
		form = append(form, f)
	}
	hash, err := hashPassword(a.Password, v.Email)
	if err := form.Add("password", err); err != nil {
		return "", err
	}
	if err := form.Err(); err != nil {
		return "", err
	}
	if v.PersonID != "" { // entered once, and never able to sign in
		_, err := tx.ExecContext(ctx, `UPDATE people SET name = $2, password_hash = $3 WHERE id = $1 AND password_hash IS NULL`, v.PersonID, name, hash)
		if err != nil {
			return "", fmt.Errorf("let a person sign in: %w", err)
		}
		return v.PersonID, nil
	}
	id := pg.NewID()
	_, err = tx.ExecContext(ctx, `INSERT INTO people (id, email, name, password_hash, lang, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, v.Email, name, hash, v.Lang, at)
	if err != nil {
		return "", fmt.Errorf("enter a person: %w", kindly(err))
	}
	return id, nil
}

// give hands the role over. An owner who is invited as less stays an owner.
func (v Invited) give(ctx context.Context, tx *sqlx.Tx, person string) error {
	if v.ClusterID != "" {
		return GiveClusterRole(ctx, tx, person, v.ClusterID, ClusterRole(v.Role))
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO company_roles AS r (person_id, company_id, role) VALUES ($1, $2, $3)
		ON CONFLICT (person_id, company_id) DO UPDATE SET role = excluded.role WHERE r.role <> 'owner'`, person, v.CompanyID, v.Role)
	if err != nil {
		return fmt.Errorf("give a role in a company: %w", err)
	}
	return nil
}

func (i Invite) letter(ctx context.Context, tx *sqlx.Tx, at time.Time, id string, l i18n.Lang, link string) error {
	name, by, err := namesFor(ctx, tx, i.Place, i.By)
	if err != nil {
		return err
	}
	return write(ctx, tx, at, "invitation:"+id, i.Email, l, invitationLetter(l, at, name, by, i.Role, link), i.By)
}

func invitationLetter(l i18n.Lang, at time.Time, place Text, by, role, link string) letter {
	said := letter{
		Title:  l.T("mail.invitation.title", place.In(l)),
		Text:   []string{l.T("mail.invitation.text", place.In(l), l.T("signin.role."+role))},
		Button: mail.Button{Text: l.T("mail.invitation.button"), Href: link},
		Note:   l.T("mail.invitation.note", at.AddDate(0, 0, InvitationDays)),
		Why:    l.T("mail.invitation.why"),
	}
	if by != "" {
		said.Text = []string{l.T("mail.invitation.text_by", by, place.In(l), l.T("signin.role."+role))}
	}
	return said
}

// tellInviter writes to who invited that it was accepted. The program needs no letter.
func (v Invited) tellInviter(ctx context.Context, tx *sqlx.Tx, at time.Time, person string) error {
	if v.InvitedBy == "" {
		return nil
	}
	var who struct{ Email, Lang, Name string }
	err := tx.GetContext(ctx, &who, `SELECT b.email, b.lang, p.name FROM people b, people p WHERE b.id = $1 AND p.id = $2`, v.InvitedBy, person)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read who invited: %w", err)
	}
	l := langOf(who.Lang)
	return write(ctx, tx, at, "invitation-accepted:"+v.ID, strings.ToLower(who.Email), l, joinedLetter(l, who.Name, v.Email, v.PlaceName, v.Role), person)
}

func joinedLetter(l i18n.Lang, name, email string, place Text, role string) letter {
	return letter{
		Title: l.T("mail.joined.title", name),
		Text:  []string{l.T("mail.joined.text", name, email, place.In(l), l.T("signin.role."+role))},
		Why:   l.T("mail.joined.why"),
	}
}

// namesFor are the name of a place and that of a person; nobody has none.
func namesFor(ctx context.Context, tx *sqlx.Tx, p Place, person string) (place Text, name string, err error) {
	err = tx.QueryRowxContext(ctx, `
		SELECT coalesce(k.name_uk, c.name_uk, ''), coalesce(k.name_en, c.name_en, ''), coalesce(b.name, '')
		  FROM (SELECT 1) one LEFT JOIN companies k ON k.id = $1 LEFT JOIN clusters c ON c.id = $2 LEFT JOIN people b ON b.id = $3`,
		null(p.CompanyID), null(p.ClusterID), null(person)).Scan(&place.UK, &place.EN, &name)
	if err != nil {
		return place, "", fmt.Errorf("read names: %w", err)
	}
	return place, name, nil
}
