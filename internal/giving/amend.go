package giving

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/member"
)

// Redraw is how the rest of a pledge is to be paid from now on, and why.
type Redraw struct {
	PledgeID string
	PersonID string
	Seen     string // what Seen said when the person looked
	Rest     []Part // all that is still to be paid; what is paid already stays as it is
	Reason   string
}

// Amend changes what a company is still to pay: more, less, on other days. What was
// promised stays written, and nothing goes below what was paid or is on its way. The person
// must hold a paying role in the company; others get NotFound. Promising more needs an open
// campaign. A pledge that has changed since the person looked is a Conflict: of two
// amendments at once the second is asked to look again, and neither is lost.
func Amend(ctx context.Context, db *sqlx.DB, now clock.Clock, r Redraw) error {
	return inAct(ctx, db, "amend a pledge", r.Reason, func(tx *sqlx.Tx) error {
		l, err := holdForCompany(ctx, tx, r.PledgeID, r.PersonID, now())
		if err != nil {
			return err
		}
		a := act{kind: Amended, person: r.PersonID, reason: r.Reason}
		if err := l.redraw(&a, r, now()); err != nil {
			return err
		}
		if a.total() > 0 {
			if err := l.campaignTakesMore(ctx, tx); err != nil {
				return err
			}
		}
		return l.write(ctx, tx, now(), a)
	})
}

// Correct mends what was written down wrongly, such as an amount with a zero too many. A
// coordinator of the campaign's cluster does it, with a reason that the company reads; else
// it keeps to the rules of Amend.
func Correct(ctx context.Context, db *sqlx.DB, now clock.Clock, r Redraw) error {
	return inAct(ctx, db, "correct a pledge", r.Reason, func(tx *sqlx.Tx) error {
		l, err := holdForCluster(ctx, tx, r.PledgeID, r.PersonID, member.Coordinator, now())
		if err != nil {
			return err
		}
		a := act{kind: Corrected, person: r.PersonID, reason: r.Reason}
		if err := l.redraw(&a, r, now()); err != nil {
			return err
		}
		return l.write(ctx, tx, now(), a)
	})
}

// redraw fills an act with what turns the open instalments into the rest that is asked for.
func (l life) redraw(a *act, r Redraw, at time.Time) error {
	if err := l.still(r.Seen); err != nil {
		return err
	}
	if wrong := l.checkRest(r.Rest, clock.Day(at)); wrong != nil {
		return wrong
	}
	a.changes, a.added = redraw(l.Schedule.Open(), r.Rest)
	switch {
	case len(a.changes)+len(a.added) == 0:
		return fault.New(fault.Invalid, "pledge.nothing_changed")
	case l.Amount.Minor+a.total() <= 0:
		return fault.In("parts", "pledge.nothing_left_of_it")
	case l.Amount.Minor+a.total() >= mostMinor:
		return fault.In("parts", "money.too_large")
	}
	return nil
}

// checkRest asks for days that have not passed, but for those on which something is open
// already. A day before one that is paid for would be filled with that money, since the
// oldest is filled first, and leave the later one open.
func (l life) checkRest(rest []Part, today time.Time) *fault.Fault {
	open := map[time.Time]bool{}
	var paidUntil time.Time
	for _, i := range l.Schedule.Instalments {
		if i.Left() > 0 {
			open[i.DueOn] = true
		}
		if i.Paid+i.OnItsWay > 0 && i.DueOn.After(paidUntil) {
			paidUntil = i.DueOn
		}
	}
	var fresh, kept []Part
	for _, p := range rest {
		switch {
		case open[p.DueOn]:
			kept = append(kept, Part{today, p.Minor})
		case p.DueOn.Before(paidUntil):
			return fault.In("parts", "pledge.before_what_is_paid", paidUntil)
		default:
			fresh = append(fresh, p)
		}
	}
	if wrong := checkParts("parts", fresh, today); wrong != nil {
		return wrong
	}
	days := map[time.Time]bool{}
	for _, p := range rest {
		if days[p.DueOn] {
			return fault.In("parts", "pledge.day_twice", p.DueOn)
		}
		days[p.DueOn] = true
	}
	for _, p := range kept {
		if wrong := checkParts("parts", []Part{p}, today); wrong != nil {
			return wrong
		}
	}
	if len(rest) > MaxInstalments {
		return fault.In("parts", "pledge.too_many_instalments", MaxInstalments)
	}
	return nil
}

// redraw compares what is open with what is wanted, day by day. A day that stays changes by
// the difference, one that goes loses what is open of it, and a new one is added.
func redraw(open []Instalment, rest []Part) ([]change, []Part) {
	wanted := make(map[time.Time]int64, len(rest))
	for _, p := range rest {
		wanted[p.DueOn] = p.Minor
	}
	var changes []change
	placed := map[time.Time]bool{}
	for _, i := range open {
		to := int64(0)
		if !placed[i.DueOn] {
			to, placed[i.DueOn] = wanted[i.DueOn], true
		}
		if minor := to - i.Left(); minor != 0 {
			changes = append(changes, change{i.ID, minor})
		}
	}
	var added []Part
	for _, p := range rest {
		if !placed[p.DueOn] {
			added = append(added, p)
		}
	}
	return changes, added
}

func (l life) campaignTakesMore(ctx context.Context, tx *sqlx.Tx) error {
	var state string
	if err := tx.GetContext(ctx, &state, `SELECT state FROM campaigns WHERE id = $1 FOR SHARE`, l.CampaignID); err != nil {
		return fmt.Errorf("find the campaign: %w", err)
	}
	if state != "open" {
		return fault.New(fault.Conflict, "pledge.campaign_takes_no_more")
	}
	return nil
}
