package campaign

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
)

// Desk is a campaign as the people of its cluster see it: a draft too, and with what only
// they need to know.
type Desk struct {
	Campaign
	Version   int // of the row; a form that was filled in beside an older one is not taken
	ChangedAt time.Time
	Programme Text // its title; empty: none
	May       bool // the person coordinates the cluster, and so may change it
}

// OnDesk finds a campaign for a person with a role in its cluster. To everybody else, and
// where there is none, it is a NotFound fault.
func OnDesk(ctx context.Context, db sqlx.QueryerContext, slug, person string) (Desk, error) {
	return onDesk(ctx, db, slug, person, "")
}

// hold finds a campaign for somebody who wants to change it and keeps others from changing
// it until the transaction ends. Who does not coordinate its cluster gets a Forbidden fault.
func hold(ctx context.Context, tx *sqlx.Tx, slug, person string) (Desk, error) {
	d, err := onDesk(ctx, tx, slug, person, holding)
	if err == nil && !d.May {
		return d, coordinatorsOnly()
	}
	return d, err
}

// holding keeps others from changing the campaign c until the transaction ends.
const holding = " FOR UPDATE OF c"

func onDesk(ctx context.Context, db sqlx.QueryerContext, slug, person, lock string) (Desk, error) {
	var d Desk
	var seen bool
	unknown := fault.New(fault.NotFound, "campaign.unknown", slug)
	if !slugForm.MatchString(slug) {
		return d, unknown
	}
	row := db.QueryRowxContext(ctx, `
		SELECT `+columns+`, version, changed_at,
		       coalesce((SELECT g.title_uk FROM programmes g WHERE g.id = c.programme_id), ''), coalesce((SELECT g.title_en FROM programmes g WHERE g.id = c.programme_id), ''),
		       EXISTS (SELECT 1 FROM cluster_roles r WHERE r.cluster_id = c.cluster_id AND r.person_id = $2),
		       EXISTS (SELECT 1 FROM cluster_roles r WHERE r.cluster_id = c.cluster_id AND r.person_id = $2 AND r.role = 'coordinator')
		  FROM campaigns c WHERE c.slug = $1`+lock, slug, person)
	c, err := scan(further{row, []any{&d.Version, &d.ChangedAt, &d.Programme.UK, &d.Programme.EN, &seen, &d.May}})
	d.Campaign = c
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return d, unknown
	case err != nil:
		return d, fmt.Errorf("find the campaign: %w", err)
	case !seen:
		return Desk{}, unknown
	}
	return d, nil
}

// further is a row with more columns than those of a campaign.
type further struct {
	row  *sqlx.Row
	into []any
}

func (f further) Scan(own ...any) error { return f.row.Scan(append(own, f.into...)...) }

// changedMeanwhile is what the second of two people is told who change a campaign at once.
func changedMeanwhile() error { return fault.New(fault.Conflict, "campaign.changed_meanwhile") }
