package campaign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// How long the texts of a need may be, in characters, and how many of it there may be.
const (
	MaxItem     = 200
	MaxUnit     = 30
	MaxQuantity = 1_000_000_000
)

// NeedWish is a need as a person wants it written.
type NeedWish struct {
	Slug, PersonID        string // of the campaign
	PurposeID             string // of a new one
	ID                    string // empty: a new one
	Seen                  string // Mark of the need that the person has seen
	Item, Unit, Recipient Text
	Quantity              int64
}

// Mark changes whenever the need does.
func (n Need) Mark() string {
	return mark(n.Item.UK, n.Item.EN, n.Unit.UK, n.Unit.EN, n.Recipient.UK, n.Recipient.EN, strconv.FormatInt(n.Quantity, 10))
}

func mark(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// SaveNeed adds a need to a purpose, or writes one anew. Of a need that a company has
// promised the quantity stays; its texts may be mended at any time.
func SaveNeed(ctx context.Context, db *sqlx.DB, now clock.Clock, w NeedWish) error {
	w.Item, w.Unit, w.Recipient = tidy(w.Item), tidy(w.Unit), tidy(w.Recipient)
	return edit(ctx, db, now, w.Slug, w.PersonID, func(tx *sqlx.Tx, d Desk) (string, map[string]any, error) {
		if err := w.check(); err != nil {
			return "", nil, err
		}
		all, err := Needs(ctx, tx, d.ID)
		if err != nil {
			return "", nil, err
		}
		if w.ID == "" {
			return w.add(ctx, tx, d.ID, all)
		}
		before, err := needOf(all, w.ID)
		if err != nil {
			return "", nil, err
		}
		after := Need{before.ID, before.PurposeID, w.Item, w.Unit, w.Quantity, w.Recipient}
		if before == after {
			return "", nil, nil
		}
		if before.Mark() != w.Seen {
			return "", nil, changedMeanwhile()
		}
		return after.write(ctx, tx, before)
	})
}

func (w NeedWish) check() error {
	form := both("item", w.Item, MaxItem, true, true)
	form = append(form, both("unit", w.Unit, MaxUnit, true, true)...)
	form = append(form, both("recipient", w.Recipient, MaxItem, w.Recipient.EN != "", w.Recipient.UK != "")...)
	form = append(form, oneLine("item", w.Item)...)
	form = append(form, oneLine("unit", w.Unit)...)
	form = append(form, oneLine("recipient", w.Recipient)...)
	if w.Quantity <= 0 || w.Quantity > MaxQuantity {
		form = append(form, fault.In("quantity", "campaign.quantity_range"))
	}
	return form.Err()
}

func (w NeedWish) add(ctx context.Context, tx *sqlx.Tx, campaign string, all []Need) (string, map[string]any, error) {
	purposes, err := Purposes(ctx, tx, campaign)
	if err != nil {
		return "", nil, err
	}
	i := slices.IndexFunc(purposes, func(p Purpose) bool { return p.ID == w.PurposeID })
	if i < 0 {
		return "", nil, fault.New(fault.NotFound, "purpose.unknown")
	}
	if len(beside(all, w.PurposeID)) >= MostNeeds {
		return "", nil, fault.New(fault.Conflict, "campaign.too_many_needs", MostNeeds)
	}
	n := Need{PurposeID: w.PurposeID, Item: w.Item, Unit: w.Unit, Quantity: w.Quantity, Recipient: w.Recipient}
	if err := AddNeed(ctx, tx, n); err != nil {
		return "", nil, err
	}
	detail := n.facts()
	detail["purpose"] = purposes[i].Slug
	return "need.added", detail, nil
}

func (n Need) facts() map[string]any {
	return map[string]any{"item_uk": n.Item.UK, "item_en": n.Item.EN, "quantity": n.Quantity, "unit_uk": n.Unit.UK, "unit_en": n.Unit.EN, "recipient_uk": n.Recipient.UK, "recipient_en": n.Recipient.EN}
}

func (n Need) write(ctx context.Context, tx *sqlx.Tx, before Need) (string, map[string]any, error) {
	_, err := tx.ExecContext(ctx, `UPDATE needs SET item_uk = $2, item_en = $3, quantity = $4, unit_uk = $5, unit_en = $6, recipient_uk = $7, recipient_en = $8 WHERE id = $1`,
		n.ID, n.Item.UK, n.Item.EN, n.Quantity, n.Unit.UK, n.Unit.EN, n.Recipient.UK, n.Recipient.EN)
	if pg.Constraint(err) == "needs_promised_stay" {
		return "", nil, fault.In("quantity", "campaign.need_promised")
	}
	if err != nil {
		return "", nil, fmt.Errorf("change need %s: %w", n.ID, err)
	}
	detail := map[string]any{"item": before.Item.EN}
	noteTexts(detail, map[string][2]Text{"item": {before.Item, n.Item}, "unit": {before.Unit, n.Unit}, "recipient": {before.Recipient, n.Recipient}})
	if before.Quantity != n.Quantity {
		detail["quantity"] = map[string]any{"before": before.Quantity, "after": n.Quantity}
	}
	return "need.changed", detail, nil
}

// MoveNeed puts a need one place up or down among those of its purpose. At the end of the
// list nothing happens.
func MoveNeed(ctx context.Context, db *sqlx.DB, now clock.Clock, p Place, up bool) error {
	return edit(ctx, db, now, p.Slug, p.PersonID, func(tx *sqlx.Tx, d Desk) (string, map[string]any, error) {
		all, err := Needs(ctx, tx, d.ID)
		if err != nil {
			return "", nil, err
		}
		one, err := needOf(all, p.ID)
		if err != nil {
			return "", nil, err
		}
		ids := beside(all, one.PurposeID)
		if _, moved := shift(ids, p.ID, up); !moved {
			return "", nil, nil
		}
		if err := number(ctx, tx, `UPDATE needs p SET position = o.n FROM unnest($1::uuid[]) WITH ORDINALITY AS o (id, n) WHERE p.id = o.id`, ids); err != nil {
			return "", nil, err
		}
		return "need.moved", map[string]any{"item": one.Item.EN}, nil
	})
}

// WithdrawNeed takes a need out of its purpose. One that is promised, or for which money was
// set aside or proposed, stays: a Conflict fault. The audit keeps what it said.
func WithdrawNeed(ctx context.Context, db *sqlx.DB, now clock.Clock, p Place) error {
	return edit(ctx, db, now, p.Slug, p.PersonID, func(tx *sqlx.Tx, d Desk) (string, map[string]any, error) {
		all, err := Needs(ctx, tx, d.ID)
		if err != nil {
			return "", nil, err
		}
		one, err := needOf(all, p.ID)
		if err != nil {
			return "", nil, err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM needs WHERE id = $1`, p.ID); err != nil {
			return "", nil, inUse(err, "campaign.need_in_use")
		}
		return "need.withdrawn", one.facts(), nil
	})
}

func needOf(all []Need, id string) (Need, error) {
	i := slices.IndexFunc(all, func(n Need) bool { return n.ID == id })
	if i < 0 {
		return Need{}, fault.New(fault.NotFound, "need.unknown")
	}
	return all[i], nil
}

// beside are the ids of the needs of one purpose, in their order.
func beside(all []Need, purpose string) []string {
	var ids []string
	for _, n := range all {
		if n.PurposeID == purpose {
			ids = append(ids, n.ID)
		}
	}
	return ids
}
