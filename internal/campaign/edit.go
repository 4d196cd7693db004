package campaign

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
)

// Write enters a new campaign as a draft and returns its slug. The person must coordinate
// the cluster: others get a Forbidden fault, strangers NotFound. What is wrong with the
// texts comes back as a form of faults, by field.
func Write(ctx context.Context, db *sqlx.DB, now clock.Clock, w Wish) (slug string, err error) {
	w = w.tidied()
	err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := coordinates(ctx, tx, w.ClusterID, w.PersonID); err != nil {
			return err
		}
		if err := w.check(false); err != nil {
			return err
		}
		at := now()
		c := Campaign{ClusterID: w.ClusterID, State: Draft, Goal: w.Goal}
		if c.Slug, err = freeAddress(ctx, tx, w.Address, w.Title); err != nil {
			return err
		}
		if c.ProgrammeID, err = programmeOf(ctx, tx, at, w, w.ClusterID); err != nil {
			return err
		}
		c = w.onto(c)
		if c.ID, err = Add(ctx, tx, at, c); err != nil {
			return kindly(err)
		}
		slug = c.Slug
		return audit.Record(ctx, tx, audit.Act{At: at, Person: w.PersonID, Act: "campaign.written", Subject: "campaign:" + c.ID, Detail: map[string]any{"slug": c.Slug}})
	})
	return slug, err
}

// Save writes a campaign as the person wants it, as far as its state allows: all of a draft;
// the texts and the last day of one that is open; the texts of one that is closed. It
// returns the campaign's slug, which may be new. Saving the same again changes nothing.
//
// Who has seen an older version than is there is told so by a Conflict fault.
func Save(ctx context.Context, db *sqlx.DB, now clock.Clock, w Wish) (slug string, err error) {
	w = w.tidied()
	err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		d, err := hold(ctx, tx, w.Slug, w.PersonID)
		if err != nil {
			return err
		}
		if d.State == Settled {
			return fault.New(fault.Conflict, "campaign.settled_stays")
		}
		at := now()
		if err := w.judge(d, at); err != nil {
			return err
		}
		if d.Version != w.Version {
			return changedMeanwhile()
		}
		c := w.onto(d.Campaign)
		if c.ProgrammeID, err = programmeOf(ctx, tx, at, w, d.ClusterID); err != nil {
			return err
		}
		if d.State == Draft && w.Address != "" {
			c.Slug = w.Address
		}
		slug = c.Slug
		return d.become(ctx, tx, at, w.PersonID, c)
	})
	return slug, err
}

// judge checks a wish against the campaign that is there.
func (w Wish) judge(d Desk, at time.Time) error {
	if d.State != Draft {
		w.OpensOn = d.OpensOn
	}
	var form fault.Form
	if err := alsoWrong(&form, w.check(d.State != Draft)); err != nil {
		return err
	}
	if d.State == Open && !w.ClosesOn.IsZero() && w.ClosesOn.Before(clock.Day(at)) {
		form = append(form, fault.In("closes_on", "campaign.closes_in_the_past"))
	}
	return form.Err()
}

// onto is a campaign with what the wish may change of it.
func (w Wish) onto(c Campaign) Campaign {
	c.Title, c.Summary, c.Story, c.Note = w.Title, w.Summary, w.Story, w.Note
	if c.State == Draft {
		c.Goal, c.OpensOn = w.Goal, w.OpensOn
	}
	if c.State == Draft || c.State == Open {
		c.ClosesOn = w.ClosesOn
	}
	return c
}

// become writes what is different, with an act that tells what was there before.
func (c Campaign) become(ctx context.Context, tx *sqlx.Tx, at time.Time, person string, to Campaign) error {
	detail := changes(c, to)
	if len(detail) == 0 {
		return nil
	}
	if to.Goal.Currency != c.Goal.Currency {
		// What it accepts beside its own was said of another currency.
		if _, err := tx.ExecContext(ctx, `DELETE FROM campaign_currencies WHERE campaign_id = $1`, c.ID); err != nil {
			return fmt.Errorf("forget the other currencies: %w", err)
		}
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE campaigns SET programme_id = $2, slug = $3, title_uk = $4, title_en = $5, summary_uk = $6, summary_en = $7, story_uk = $8, story_en = $9,
		       note_uk = $10, note_en = $11, goal_minor = $12, currency = $13, opens_on = $14, closes_on = $15, changed_at = $16 WHERE id = $1`,
		c.ID, sql.NullString{String: to.ProgrammeID, Valid: to.ProgrammeID != ""}, to.Slug, to.Title.UK, to.Title.EN, to.Summary.UK, to.Summary.EN, to.Story.UK, to.Story.EN,
		to.Note.UK, to.Note.EN, to.Goal.Minor, string(to.Goal.Currency), to.OpensOn, nullDay(to.ClosesOn), at)
	if err != nil {
		return kindly(fmt.Errorf("change campaign %s: %w", c.ID, err))
	}
	return audit.Record(ctx, tx, audit.Act{At: at, Person: person, Act: "campaign.changed", Subject: "campaign:" + c.ID, Detail: detail})
}

// changes are what is different between two campaigns, by field, before and after.
func changes(from, to Campaign) map[string]any {
	all := map[string]any{}
	note := func(field string, before, after any) {
		if before != after {
			all[field] = map[string]any{"before": before, "after": after}
		}
	}
	for field, t := range map[string][2]Text{"title": {from.Title, to.Title}, "summary": {from.Summary, to.Summary}, "story": {from.Story, to.Story}, "note": {from.Note, to.Note}} {
		note(field+"_uk", t[0].UK, t[1].UK)
		note(field+"_en", t[0].EN, t[1].EN)
	}
	note("slug", from.Slug, to.Slug)
	note("programme", from.ProgrammeID, to.ProgrammeID)
	note("goal", from.Goal.String(), to.Goal.String())
	note("opens_on", day(from.OpensOn), day(to.OpensOn))
	note("closes_on", day(from.ClosesOn), day(to.ClosesOn))
	return all
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// kindly says a broken promise of the schema in words.
func kindly(err error) error {
	switch pg.Constraint(err) {
	case "campaigns_slug_once":
		return fault.In("address", "campaign.address_taken")
	case "campaigns_slug_form", "campaigns_slug_not_new":
		return fault.In("address", "campaign.address_form")
	case "campaigns_goal":
		return fault.In("goal", "campaign.goal_range")
	case "campaigns_dates":
		return fault.In("closes_on", "campaign.closes_before_it_opens")
	case "campaigns_fixed_once_open", "campaigns_state_order", "campaigns_goal_with_reason", "campaigns_reopened_with_reason", "campaign_reasons_pkey":
		return changedMeanwhile()
	case "campaigns_settled_stays":
		return fault.New(fault.Conflict, "campaign.settled_stays")
	case "campaigns_opened_whole", "campaigns_named":
		return fault.New(fault.Conflict, "campaign.not_ready")
	case "campaigns_settled_even":
		return fault.New(fault.Conflict, "campaign.not_even")
	}
	return err
}

// coordinates lets the coordinators of a cluster pass. Its other people get a Forbidden
// fault, strangers NotFound.
func coordinates(ctx context.Context, tx *sqlx.Tx, cluster, person string) error {
	return member.May(ctx, tx, cluster, person, []member.ClusterRole{member.Coordinator}, coordinatorsOnly(), fault.New(fault.NotFound, "cluster.unknown"))
}

func coordinatorsOnly() *fault.Fault { return fault.New(fault.Forbidden, "campaign.coordinators_only") }

// freeAddress is the slug that was asked for, or one made of the title that nobody has yet.
func freeAddress(ctx context.Context, tx *sqlx.Tx, asked string, title Text) (string, error) {
	if asked != "" {
		return asked, nil
	}
	return freeSlug(ctx, tx, "campaign", text.Slug(title.EN), text.Slug(title.UK))
}

// freeSlug is the first of some slugs that is not empty, with a number behind it where it is
// taken. Kind names the noun: its table is the plural, and it is the slug of the nameless.
func freeSlug(ctx context.Context, tx *sqlx.Tx, kind string, wanted ...string) (string, error) {
	base := kind
	for i := len(wanted) - 1; i >= 0; i-- {
		if wanted[i] != "" && wanted[i] != "new" {
			base = wanted[i]
		}
	}
	queries := map[string]string{"campaign": `SELECT slug FROM campaigns WHERE slug = $1 OR slug LIKE $1 || '-%'`, "programme": `SELECT slug FROM programmes WHERE slug = $1 OR slug LIKE $1 || '-%'`}
	if err := pg.Lock(ctx, tx, kind+"-slugs"); err != nil {
		return "", err
	}
	var taken []string
	if err := tx.SelectContext(ctx, &taken, queries[kind], base); err != nil {
		return "", fmt.Errorf("look for addresses: %w", err)
	}
	return firstFree(base, taken), nil
}

// firstFree puts the lowest number behind a slug that is taken.
func firstFree(base string, taken []string) string {
	is := map[string]bool{}
	for _, s := range taken {
		is[s] = true
	}
	free := base
	for n := 2; is[free]; n++ {
		free = base + "-" + strconv.Itoa(n)
	}
	return free
}

func nullDay(t time.Time) sql.NullTime { return sql.NullTime{Time: t, Valid: !t.IsZero()} }
