package campaign

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// Currencies lists in which currencies a campaign takes promises beside its own, in the
// order of their codes.
func Currencies(ctx context.Context, db sqlx.QueryerContext, campaign string) ([]money.Currency, error) {
	var all []money.Currency
	if err := sqlx.SelectContext(ctx, db, &all, `SELECT currency FROM campaign_currencies WHERE campaign_id = $1 ORDER BY currency`, campaign); err != nil {
		return nil, fmt.Errorf("list the currencies of a campaign: %w", err)
	}
	return all, nil
}

// Acceptance is what a person wants a campaign to accept.
type Acceptance struct {
	Slug       string
	PersonID   string
	Currencies []money.Currency // all of them, beside the campaign's own
}

// Accept sets in which currencies a campaign takes promises beside its own, and returns
// the campaign. What is promised in one that is no longer among them stays promised. The
// person must be a coordinator of the campaign's cluster; to strangers the campaign is not
// there. Setting the same again changes nothing.
func Accept(ctx context.Context, db *sqlx.DB, now clock.Clock, a Acceptance) error {
	for _, c := range a.Currencies {
		if !c.Known() {
			return fault.In("currencies", "currency.unknown", string(c))
		}
	}
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		d, err := hold(ctx, tx, a.Slug, a.PersonID)
		if err != nil {
			return err
		}
		if own := d.Goal.Currency; slices.Contains(a.Currencies, own) {
			return fault.In("currencies", "campaign.currency_own", string(own))
		}
		return d.accept(ctx, tx, now, a)
	})
	if err != nil {
		return fmt.Errorf("set the currencies of a campaign: %w", err)
	}
	return nil
}

func (c Campaign) accept(ctx context.Context, tx *sqlx.Tx, now clock.Clock, a Acceptance) error {
	before, err := Currencies(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	wanted := make([]string, 0, len(a.Currencies))
	for _, one := range a.Currencies {
		wanted = append(wanted, string(one))
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM campaign_currencies WHERE campaign_id = $1 AND currency <> ALL ($2)`, c.ID, pq.Array(wanted)); err != nil {
		return fmt.Errorf("take currencies away: %w", err)
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO campaign_currencies (campaign_id, currency, campaign_currency)
		SELECT DISTINCT $1::uuid, u.currency, $3 FROM unnest($2::text[]) AS u(currency) ON CONFLICT DO NOTHING`, c.ID, pq.Array(wanted), string(c.Goal.Currency))
	if err != nil {
		return fmt.Errorf("add currencies: %w", err)
	}
	after, err := Currencies(ctx, tx, c.ID)
	if err != nil || slices.Equal(before, after) {
		return err
	}
	return audit.Record(ctx, tx, audit.Act{At: now(), Person: a.PersonID, Act: "campaign.currencies", Subject: "campaign:" + c.ID,
		Detail: map[string]any{"before": before, "after": after}})
}
