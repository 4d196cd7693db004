package member

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
)

// InvitationDays is how long an invitation may be accepted.
const InvitationDays = 7

// Place is the company or the cluster that somebody is to act for: one of the two.
type Place struct{ CompanyID, ClusterID string }

func (p Place) subject() string {
	if p.CompanyID != "" {
		return "company:" + p.CompanyID
	}
	return "cluster:" + p.ClusterID
}

// Invite is whom to ask to act for a place, and as what.
type Invite struct {
	Place
	Role  string
	Email string
	Name  string // may be empty
	Lang  string // of the letter, to somebody who is new here
	By    string // empty: the command line
}

// Send invites somebody by a letter with a link that works once, within a week. A former
// invitation of the same address to the same place ends. It returns the link.
//
// Into a company its owners invite, and a coordinator of its clusters while it has no
// owner; into a cluster its admins.
func (i Invite) Send(ctx context.Context, db *sqlx.DB, now clock.Clock, site string) (link string, err error) {
	if err := i.check(); err != nil {
		return "", err
	}
	err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := i.mayInvite(ctx, tx); err != nil {
			return err
		}
		link, err = i.send(ctx, tx, now(), site)
		return err
	})
	return link, err
}

// Appoint invites somebody without asking who invites: for the command line, whose user
// owns the whole database. It is how a cluster gets its first admin.
func (i Invite) Appoint(ctx context.Context, db *sqlx.DB, now clock.Clock, site string) (link string, err error) {
	i.By = ""
	if err := i.check(); err != nil {
		return "", err
	}
	err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		link, err = i.send(ctx, tx, now(), site)
		return err
	})
	return link, err
}

func (i *Invite) check() error {
	var form fault.Form
	email, err := newEmail(i.Email)
	if err := form.Add("email", err); err != nil {
		return err
	}
	i.Email, i.Name = email, line(i.Name)
	if f := text.Check("name", i.Name, MaxName); f != nil {
		form = append(form, f)
	}
	if !roleFits(i.Place, i.Role) {
		form = append(form, fault.In("role", "invitation.role"))
	}
	return form.Err()
}

func roleFits(p Place, role string) bool {
	if p.CompanyID != "" {
		switch CompanyRole(role) {
		case Owner, Payer, Viewer:
			return true
		}
		return false
	}
	switch ClusterRole(role) {
	case Coordinator, Approver, Treasurer, Auditor, Admin:
		return true
	}
	return false
}

func (i Invite) mayInvite(ctx context.Context, tx *sqlx.Tx) error {
	if i.ClusterID != "" {
		return mustAdminister(ctx, tx, i.ClusterID, i.By)
	}
	err := mustOwn(ctx, tx, i.CompanyID, i.By)
	if f, ok := fault.As(err); !ok || f.Kind != fault.NotFound {
		return err
	}
	if _, err := CompanyOfCluster(ctx, tx, i.CompanyID, i.By); err != nil {
		return err
	}
	if err := mustCoordinate(ctx, tx, i.CompanyID, i.By); err != nil {
		return err
	}
	var owned bool
	if err := tx.GetContext(ctx, &owned, `SELECT EXISTS (SELECT 1 FROM company_roles WHERE company_id = $1 AND role = 'owner')`, i.CompanyID); err != nil {
		return fmt.Errorf("look for an owner: %w", err)
	}
	switch {
	case owned:
		return fault.New(fault.Forbidden, "invitation.has_owner")
	case CompanyRole(i.Role) != Owner:
		return fault.In("role", "invitation.owner_first")
	}
	return nil
}

// send writes the invitation down, ends the former ones of the same address, and queues the
// letter.
func (i Invite) send(ctx context.Context, tx *sqlx.Tx, at time.Time, site string) (link string, err error) {
	if err := pg.Lock(ctx, tx, "invite:"+i.subject()+":"+i.Email); err != nil {
		return "", err
	}
	if err := i.notThereYet(ctx, tx); err != nil {
		return "", err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO invitation_ends (invitation_id, how, person_id, happened_at)
		SELECT i.id, 'replaced', $4, $5 FROM invitations i
		 WHERE i.email = $3 AND (i.company_id = $1 OR i.cluster_id = $2) AND NOT EXISTS (SELECT 1 FROM invitation_ends e WHERE e.invitation_id = i.id)`,
		null(i.CompanyID), null(i.ClusterID), i.Email, null(i.By), at)
	if err != nil {
		return "", fmt.Errorf("end former invitations: %w", err)
	}
	token, hash, err := newToken()
	if err != nil {
		return "", err
	}
	lang, id := langOf(i.Lang), pg.NewID()
	if err := tx.GetContext(ctx, &lang, `SELECT lang FROM people WHERE email = $1`, i.Email); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("look up a language: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO invitations (id, company_id, cluster_id, role, email, name, lang, token_hash, invited_by, invited_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		id, null(i.CompanyID), null(i.ClusterID), i.Role, i.Email, i.Name, string(lang), hash, null(i.By), at, at.AddDate(0, 0, InvitationDays))
	if err != nil {
		return "", fmt.Errorf("invite: %w", err)
	}
	link = site + "/invitations/" + token + "?lang=" + string(lang)
	if err := i.letter(ctx, tx, at, id, lang, link); err != nil {
		return "", err
	}
	return link, record(ctx, tx, at, i.By, "person.invited", i.subject(), map[string]any{"invitation": id, "email": i.Email, "role": i.Role})
}

// notThereYet refuses to invite whom the place has already, in the same role or, since
// people have one role in a company, in any.
func (i Invite) notThereYet(ctx context.Context, tx *sqlx.Tx) error {
	var there bool
	err := tx.GetContext(ctx, &there, `
		SELECT EXISTS (SELECT 1 FROM people p JOIN company_roles r ON r.person_id = p.id WHERE p.email = $1 AND r.company_id = $2)
		    OR EXISTS (SELECT 1 FROM people p JOIN cluster_roles r ON r.person_id = p.id WHERE p.email = $1 AND r.cluster_id = $3 AND r.role = $4)`,
		i.Email, null(i.CompanyID), null(i.ClusterID), i.Role)
	if err != nil {
		return fmt.Errorf("look for a colleague: %w", err)
	}
	if there {
		return fault.In("email", "invitation.there_already")
	}
	return nil
}

// EndInvitation takes an invitation back. Who may invite into its place may.
func EndInvitation(ctx context.Context, db *sqlx.DB, now clock.Clock, id, person string) error {
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		i, err := invitationIn(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := i.mayEnd(ctx, tx, person); err != nil {
			return err
		}
		if err := pg.Lock(ctx, tx, "invitation:"+id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO invitation_ends (invitation_id, how, person_id, happened_at) VALUES ($1, 'revoked', $2, $3)`, id, person, now())
		if pg.Constraint(err) == "invitation_ends_once" {
			return fault.New(fault.Conflict, "invitation.over")
		}
		if err != nil {
			return fmt.Errorf("end an invitation: %w", err)
		}
		return record(ctx, tx, now(), person, "person.uninvited", i.subject(), map[string]any{"invitation": id, "email": i.Email, "role": i.Role})
	})
}

// Resend sends an invitation once more, with a new link and a new week. The former link no
// longer works. One that was accepted or taken back is a fault.
func Resend(ctx context.Context, db *sqlx.DB, now clock.Clock, site, id, person string) error {
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		i, err := invitationIn(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := i.mayEnd(ctx, tx, person); err != nil {
			return err
		}
		if i.End != "" {
			return fault.New(fault.Conflict, "invitation.over")
		}
		again := Invite{Place: i.Place, Role: i.Role, Email: i.Email, Name: i.Name, Lang: i.Lang, By: person}
		_, err = again.send(ctx, tx, now(), site)
		return err
	})
}

// Invitation is one as its place's people see it.
type Invitation struct {
	ID string
	Place
	Role, Email, Name, Lang string
	InvitedBy               string // empty: the command line or the program
	InvitedAt, ExpiresAt    time.Time
	End                     string // accepted, revoked or replaced; empty while it waits
}

const invitationColumns = `SELECT i.id, coalesce(i.company_id::text, ''), coalesce(i.cluster_id::text, ''), i.role, i.email, i.name, i.lang,
	coalesce(i.invited_by::text, ''), i.invited_at, i.expires_at, coalesce(e.how, '')
	FROM invitations i LEFT JOIN LATERAL (SELECT * FROM invitation_ends o WHERE o.invitation_id = i.id LIMIT 1) e ON true`

func (i *Invitation) fields() []any {
	return []any{&i.ID, &i.CompanyID, &i.ClusterID, &i.Role, &i.Email, &i.Name, &i.Lang, &i.InvitedBy, &i.InvitedAt, &i.ExpiresAt, &i.End}
}

func oneInvitation(ctx context.Context, q sqlx.QueryerContext, where string, arg any) (Invitation, error) {
	var i Invitation
	err := q.QueryRowxContext(ctx, invitationColumns+` WHERE `+where, arg).Scan(i.fields()...)
	if errors.Is(err, sql.ErrNoRows) {
		return i, fault.New(fault.NotFound, "invitation.unknown")
	}
	if err != nil {
		return i, fmt.Errorf("find an invitation: %w", err)
	}
	return i, nil
}

func invitationIn(ctx context.Context, q sqlx.QueryerContext, id string) (Invitation, error) {
	if !pg.IsID(id) {
		return Invitation{}, fault.New(fault.NotFound, "invitation.unknown")
	}
	return oneInvitation(ctx, q, `i.id = $1`, id)
}

// mayEnd refuses who could not have invited. Who knows nothing of the place finds no
// invitation either.
func (i Invitation) mayEnd(ctx context.Context, tx *sqlx.Tx, person string) error {
	var err error
	if i.ClusterID != "" {
		err = mustAdminister(ctx, tx, i.ClusterID, person)
	} else {
		err = mayRecord(ctx, tx, i.CompanyID, person)
	}
	if f, ok := fault.As(err); ok && f.Kind == fault.NotFound {
		return fault.New(fault.NotFound, "invitation.unknown")
	}
	return err
}

// WaitingInvitations are those to a place that nobody has accepted or taken back, the
// latest first. Those that have run out are among them, to be sent again. Whoever asks has
// looked whether the reader may know.
func WaitingInvitations(ctx context.Context, db sqlx.QueryerContext, p Place) ([]Invitation, error) {
	rows, err := db.QueryContext(ctx, invitationColumns+` WHERE (i.company_id = $1 OR i.cluster_id = $2) AND e.invitation_id IS NULL ORDER BY i.id DESC LIMIT 100`,
		null(p.CompanyID), null(p.ClusterID))
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	defer rows.Close()
	var all []Invitation
	for rows.Next() {
		var i Invitation
		if err := rows.Scan(i.fields()...); err != nil {
			return nil, fmt.Errorf("list invitations: %w", err)
		}
		all = append(all, i)
	}
	return all, rows.Err()
}

// null is a text for a column in which nothing is NULL.
func null(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
