package campaign

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/report"
)

// Parts of a campaign that must be there before it opens, in the order in which a page
// asks for them.
const (
	PartTitle    = "title"
	PartSummary  = "summary"
	PartStory    = "story"
	PartGoal     = "goal"
	PartPurpose  = "purpose"
	PartOpensOn  = "opens_on"
	PartClosesOn = "closes_on"
	PartPayable  = "payable" // there is a way to pay in its currency; the caller knows
)

// Parts are all of them.
func Parts() []string {
	return []string{PartTitle, PartSummary, PartStory, PartGoal, PartPurpose, PartOpensOn, PartClosesOn, PartPayable}
}

// Missing tells which parts a draft still lacks on a day. Texts count when they are there in
// both languages.
func (c Campaign) Missing(purposes int, payable bool, today time.Time) []string {
	there := map[string]bool{
		PartTitle: c.Title.UK != "" && c.Title.EN != "", PartSummary: c.Summary.UK != "" && c.Summary.EN != "", PartStory: c.Story.UK != "" && c.Story.EN != "",
		PartGoal: c.Goal.Minor > 0, PartPurpose: purposes > 0, PartPayable: payable,
		PartOpensOn: !c.OpensOn.After(today), PartClosesOn: c.ClosesOn.IsZero() || !c.ClosesOn.Before(today),
	}
	return slices.DeleteFunc(Parts(), func(part string) bool { return there[part] })
}

// Step is what a person wants to become of a campaign as a whole.
type Step struct {
	Slug, PersonID string
	Version        int       // of the campaign that the person has seen
	Payable        bool      // of opening: there is a way to pay in its currency
	Reason         string    // of opening again
	ClosesOn       time.Time // of opening again; zero: no end is set
}

// Publish opens a draft: from now on it takes pledges, and everybody sees it. One that lacks
// anything stays a draft, with a Conflict fault. One that is open already stays as it is.
func Publish(ctx context.Context, db *sqlx.DB, now clock.Clock, s Step) error {
	return s.take(ctx, db, now, Open, "campaign.opened", func(tx *sqlx.Tx, d Desk, at time.Time) error {
		if d.State != Draft {
			return fault.New(fault.Conflict, "campaign.state")
		}
		purposes, err := Purposes(ctx, tx, d.ID)
		if err != nil {
			return err
		}
		if len(d.Missing(len(purposes), s.Payable, clock.Day(at))) > 0 {
			return fault.New(fault.Conflict, "campaign.not_ready")
		}
		return nil
	})
}

// Close ends an open campaign before its last day, or one that has none. What is promised
// may still be paid. One that is closed already stays as it is.
func Close(ctx context.Context, db *sqlx.DB, now clock.Clock, s Step) error {
	return s.take(ctx, db, now, Closed, "campaign.closed", func(_ *sqlx.Tx, d Desk, _ time.Time) error {
		if d.State != Open {
			return fault.New(fault.Conflict, "campaign.state")
		}
		return nil
	})
}

// Reopen lets a closed campaign take pledges again, with another last day or none. The
// reason is public.
func Reopen(ctx context.Context, db *sqlx.DB, now clock.Clock, s Step) error {
	return s.take(ctx, db, now, Open, "campaign.reopened", func(tx *sqlx.Tx, d Desk, at time.Time) error {
		if d.State != Closed {
			return fault.New(fault.Conflict, "campaign.state")
		}
		var form fault.Form
		if err := alsoWrong(&form, checkReason("reason", s.Reason)); err != nil {
			return err
		}
		if !s.ClosesOn.IsZero() && s.ClosesOn.Before(clock.Day(at)) {
			form = append(form, fault.In("closes_on", "campaign.closes_in_the_past"))
		}
		if len(form) > 0 {
			return form
		}
		return giveReason(ctx, tx, Reason{CampaignID: d.ID, Version: d.Version + 1, Kind: "reopened", Reason: s.Reason, GivenBy: s.PersonID, GivenAt: at})
	})
}

// Settle says that every kopiyka of a closed campaign is accounted for. While anything is
// loose the answer is a Conflict fault. A settled campaign changes no more.
func Settle(ctx context.Context, db *sqlx.DB, now clock.Clock, s Step) error {
	return s.take(ctx, db, now, Settled, "campaign.settled", func(_ *sqlx.Tx, d Desk, _ time.Time) error {
		if d.State != Closed {
			return fault.New(fault.Conflict, "campaign.state")
		}
		// Read beside the transaction: the schema asks the books again under the row's lock.
		loose, err := Loose(ctx, db, d.Campaign)
		if err == nil && len(loose) > 0 {
			err = fault.New(fault.Conflict, "campaign.not_even")
		}
		return err
	})
}

// take moves a held campaign on, once may agrees. Where it has come already, nothing happens.
func (s Step) take(ctx context.Context, db *sqlx.DB, now clock.Clock, to State, act string, may func(*sqlx.Tx, Desk, time.Time) error) error {
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		d, err := hold(ctx, tx, s.Slug, s.PersonID)
		if err != nil || d.State == to {
			return err
		}
		at := now()
		if err := may(tx, d, at); err != nil {
			return err
		}
		if d.Version != s.Version {
			return changedMeanwhile()
		}
		detail := map[string]any{}
		if act == "campaign.reopened" {
			detail["reason"] = s.Reason
			d.ClosesOn = s.ClosesOn
		}
		_, err = tx.ExecContext(ctx, `UPDATE campaigns SET state = $2, closes_on = $3, changed_at = $4 WHERE id = $1`, d.ID, string(to), nullDay(d.ClosesOn), at)
		if err != nil {
			return kindly(fmt.Errorf("move the campaign: %w", err))
		}
		return audit.Record(ctx, tx, audit.Act{At: at, Person: s.PersonID, Act: act, Subject: "campaign:" + d.ID, Detail: detail})
	})
}

// Rest is a sum of a closed campaign that nobody has accounted for yet.
type Rest struct {
	Name string
	Sum  money.Amount
}

// Loose tells what stands between a closed campaign and its settling: money that is free,
// earmarked, on its way, missing or disputed, promises that are not paid, and money at the
// cluster's banks that nobody has matched yet, which could be for this campaign.
func Loose(ctx context.Context, db *sqlx.DB, c Campaign) ([]Rest, error) {
	r, err := report.New(db).Summary(ctx, c.Slug, time.Time{})
	if err != nil {
		return nil, err
	}
	t := r.Totals
	unmatched, err := ledger.HoldingsOf(ctx, db, "unmatched:"+c.ClusterID)
	if err != nil {
		return nil, err
	}
	sums := []struct {
		name  string
		minor int64
	}{{"free", t.Free}, {"earmarked", t.Earmarked}, {"on_its_way", t.OnItsWay}, {"unpaid", t.Unpaid}, {"disputed", t.Disputed}, {"shortfall", t.Shortfall}}
	var all []Rest
	for _, s := range sums {
		if s.minor != 0 {
			all = append(all, Rest{s.name, money.Of(s.minor, t.Currency)})
		}
	}
	for _, h := range unmatched {
		if h.Balance != 0 && h.Currency == t.Currency {
			all = append(all, Rest{"unmatched", money.Of(h.Balance, h.Currency)})
		}
	}
	return all, nil
}
