package campaign

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// Discard throws a draft away, with its purposes and needs and whoever joined it: its address
// is free again. The audit keeps what it was called. A campaign that was ever opened stays, by
// a Conflict fault; so does a draft that has become another than the person has seen. A second
// call finds no campaign.
func Discard(ctx context.Context, db *sqlx.DB, now clock.Clock, s Step) error {
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		d, err := hold(ctx, tx, s.Slug, s.PersonID)
		switch {
		case err != nil:
			return err
		case d.State != Draft:
			return fault.New(fault.Conflict, "campaign.opened_stays")
		case d.Version != s.Version:
			return fault.New(fault.Conflict, "campaign.draft_changed")
		}
		// Told first: whose act it is, is read from the campaign.
		err = audit.Record(ctx, tx, audit.Act{At: now(), Person: s.PersonID, Act: "campaign.discarded", Subject: "campaign:" + d.ID,
			Detail: map[string]any{"slug": d.Slug, "title_uk": d.Title.UK, "title_en": d.Title.EN, "goal": d.Goal.String()}})
		if err != nil {
			return err
		}
		for _, query := range []string{
			`DELETE FROM needs WHERE purpose_id IN (SELECT id FROM purposes WHERE campaign_id = $1)`, `DELETE FROM purposes WHERE campaign_id = $1`,
			`DELETE FROM campaign_currencies WHERE campaign_id = $1`, `DELETE FROM campaigns WHERE id = $1`,
		} {
			if _, err := tx.ExecContext(ctx, query, d.ID); err != nil {
				if pg.Constraint(err) == "campaigns_opened_stay" || pg.Code(err) == "23503" {
					return fault.New(fault.Conflict, "campaign.opened_stays")
				}
				return fmt.Errorf("discard campaign %s: %w", d.ID, err)
			}
		}
		return nil
	})
}
