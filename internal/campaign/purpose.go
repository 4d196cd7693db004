package campaign

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
)

// MostPurposes and MostNeeds are how many a campaign and a purpose hold: pages show all.
const (
	MostPurposes = 30
	MostNeeds    = 100
)

// MaxAbout is how long the text about a purpose may be, in characters.
const MaxAbout = 2_000

// PurposeWish is a purpose as a person wants it written.
type PurposeWish struct {
	Slug, PersonID string // of the campaign
	ID             string // empty: a new one
	Seen           string // Mark of the purpose that the person has seen
	Title, About   Text
}

// Mark changes whenever the purpose's texts do.
func (p Purpose) Mark() string { return mark(p.Title.UK, p.Title.EN, p.About.UK, p.About.EN) }

// SavePurpose adds a purpose to a campaign, or writes one anew. It needs a title in both
// languages. What promises name stays; its texts may be mended at any time.
func SavePurpose(ctx context.Context, db *sqlx.DB, now clock.Clock, w PurposeWish) error {
	w.Title, w.About = tidy(w.Title), tidy(w.About)
	return edit(ctx, db, now, w.Slug, w.PersonID, func(tx *sqlx.Tx, d Desk) (act string, detail map[string]any, err error) {
		if err := w.check(); err != nil {
			return "", nil, err
		}
		all, err := Purposes(ctx, tx, d.ID)
		if err != nil {
			return "", nil, err
		}
		if w.ID == "" {
			return w.add(ctx, tx, d.ID, all)
		}
		i := slices.IndexFunc(all, func(p Purpose) bool { return p.ID == w.ID })
		if i < 0 {
			return "", nil, fault.New(fault.NotFound, "purpose.unknown")
		}
		before := all[i]
		if before.Title == w.Title && before.About == w.About {
			return "", nil, nil
		}
		if before.Mark() != w.Seen {
			return "", nil, changedMeanwhile()
		}
		_, err = tx.ExecContext(ctx, `UPDATE purposes SET title_uk = $2, title_en = $3, about_uk = $4, about_en = $5 WHERE id = $1`,
			w.ID, w.Title.UK, w.Title.EN, w.About.UK, w.About.EN)
		if err != nil {
			return "", nil, fmt.Errorf("change purpose %s: %w", w.ID, err)
		}
		detail = map[string]any{"purpose": before.Slug}
		noteTexts(detail, map[string][2]Text{"title": {before.Title, w.Title}, "about": {before.About, w.About}})
		return "purpose.changed", detail, nil
	})
}

func (w PurposeWish) check() error {
	form := append(both("title", w.Title, MaxTitle, true, true), oneLine("title", w.Title)...)
	return append(form, both("about", w.About, MaxAbout, false, false)...).Err()
}

func (w PurposeWish) add(ctx context.Context, tx *sqlx.Tx, campaign string, all []Purpose) (string, map[string]any, error) {
	if len(all) >= MostPurposes {
		return "", nil, fault.New(fault.Conflict, "campaign.too_many_purposes", MostPurposes)
	}
	base := text.Slug(w.Title.EN)
	if base == "" {
		base = "purpose"
	}
	taken := make([]string, len(all))
	for i, p := range all {
		taken[i] = p.Slug
	}
	p := Purpose{CampaignID: campaign, Slug: firstFree(base, taken), Title: w.Title, About: w.About}
	if _, err := AddPurpose(ctx, tx, p); err != nil {
		return "", nil, err
	}
	return "purpose.added", map[string]any{"purpose": p.Slug, "title_uk": p.Title.UK, "title_en": p.Title.EN}, nil
}

// Place is a purpose or a need of a campaign, and who asks something of it.
type Place struct {
	Slug, PersonID string // of the campaign
	ID             string
}

// MovePurpose puts a purpose one place up or down. At the end of the list nothing happens.
func MovePurpose(ctx context.Context, db *sqlx.DB, now clock.Clock, p Place, up bool) error {
	return edit(ctx, db, now, p.Slug, p.PersonID, func(tx *sqlx.Tx, d Desk) (string, map[string]any, error) {
		all, err := Purposes(ctx, tx, d.ID)
		if err != nil {
			return "", nil, err
		}
		ids := make([]string, len(all))
		for i, one := range all {
			ids[i] = one.ID
		}
		i, moved := shift(ids, p.ID, up)
		switch {
		case i < 0:
			return "", nil, fault.New(fault.NotFound, "purpose.unknown")
		case !moved:
			return "", nil, nil
		}
		if err := number(ctx, tx, `UPDATE purposes p SET position = o.n FROM unnest($1::uuid[]) WITH ORDINALITY AS o (id, n) WHERE p.id = o.id`, ids); err != nil {
			return "", nil, err
		}
		return "purpose.moved", map[string]any{"purpose": all[i].Slug}, nil
	})
}

// WithdrawPurpose takes a purpose with its needs out of a campaign. One that promises name,
// or for which money was set aside or proposed, stays, and so does the last one of a
// campaign that is open: both are Conflict faults. The audit keeps what it said.
func WithdrawPurpose(ctx context.Context, db *sqlx.DB, now clock.Clock, p Place) error {
	return edit(ctx, db, now, p.Slug, p.PersonID, func(tx *sqlx.Tx, d Desk) (string, map[string]any, error) {
		all, err := Purposes(ctx, tx, d.ID)
		if err != nil {
			return "", nil, err
		}
		i := slices.IndexFunc(all, func(one Purpose) bool { return one.ID == p.ID })
		if i < 0 {
			return "", nil, fault.New(fault.NotFound, "purpose.unknown")
		}
		for _, query := range []string{`DELETE FROM needs WHERE purpose_id = $1`, `DELETE FROM purposes WHERE id = $1`} {
			if _, err := tx.ExecContext(ctx, query, p.ID); err != nil {
				return "", nil, inUse(err, "campaign.purpose_in_use")
			}
		}
		one := all[i]
		return "purpose.withdrawn", map[string]any{"purpose": one.Slug, "title_uk": one.Title.UK, "title_en": one.Title.EN, "about_uk": one.About.UK, "about_en": one.About.EN}, nil
	})
}

// edit holds a campaign for a coordinator of its cluster, lets change do its part, and
// records the act; no act is no change. A settled campaign changes no more.
func edit(ctx context.Context, db *sqlx.DB, now clock.Clock, slug, person string, change func(*sqlx.Tx, Desk) (act string, detail map[string]any, err error)) error {
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		d, err := hold(ctx, tx, slug, person)
		if err != nil {
			return err
		}
		if d.State == Settled {
			return fault.New(fault.Conflict, "campaign.settled_stays")
		}
		act, detail, err := change(tx, d)
		if err != nil || act == "" {
			return err
		}
		at := now()
		if err := touch(ctx, tx, d.ID, at); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Act{At: at, Person: person, Act: act, Subject: "campaign:" + d.ID, Detail: detail})
	})
}

func touch(ctx context.Context, tx *sqlx.Tx, campaign string, at time.Time) error {
	if _, err := tx.ExecContext(ctx, `UPDATE campaigns SET changed_at = $2 WHERE id = $1`, campaign, at); err != nil {
		return fmt.Errorf("note the change of campaign %s: %w", campaign, err)
	}
	return nil
}

// shift moves an id one place within ids and tells where it stood; -1 is nowhere.
func shift(ids []string, id string, up bool) (at int, moved bool) {
	at = slices.Index(ids, id)
	to := at + 1
	if up {
		to = at - 1
	}
	if at < 0 || to < 0 || to >= len(ids) {
		return at, false
	}
	ids[at], ids[to] = ids[to], ids[at]
	return at, true
}

func number(ctx context.Context, tx *sqlx.Tx, query string, ids []string) error {
	if _, err := tx.ExecContext(ctx, query, pq.Array(ids)); err != nil {
		return fmt.Errorf("put in order: %w", err)
	}
	return nil
}

// inUse says kindly that something is named by a promise or by a proposal.
func inUse(err error, key string) error {
	switch {
	case pg.Code(err) == "23503":
		return fault.New(fault.Conflict, key)
	case pg.Constraint(err) == "campaigns_last_purpose":
		return fault.New(fault.Conflict, "campaign.last_purpose")
	}
	return fmt.Errorf("withdraw: %w", err)
}

// noteTexts writes down which texts have changed, before and after.
func noteTexts(detail map[string]any, all map[string][2]Text) {
	for field, t := range all {
		if t[0].UK != t[1].UK {
			detail[field+"_uk"] = map[string]any{"before": t[0].UK, "after": t[1].UK}
		}
		if t[0].EN != t[1].EN {
			detail[field+"_en"] = map[string]any{"before": t[0].EN, "after": t[1].EN}
		}
	}
}
