package giving

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/clock"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// InstalmentState says where an instalment stands. It is worked out from what was
// promised, what was changed and what was paid, and is kept nowhere.
type InstalmentState string

const (
	Scheduled  InstalmentState = "scheduled"
	Due        InstalmentState = "due"     // from DueDays before its day
	Overdue    InstalmentState = "overdue" // its day is over
	PartPaid   InstalmentState = "part-paid"
	Covered    InstalmentState = "on-its-way" // the rest is paid and not yet in the books
	PaidInFull InstalmentState = "paid"
	WrittenOff InstalmentState = "written-off"
	Cancelled  InstalmentState = "cancelled"
)

// DueDays is how many days before its day an instalment becomes due.
const DueDays = 7

// Instalment is a part of a pledge with what has come of it.
type Instalment struct {
	ID         string
	PledgeID   string          `db:"pledge_id"`
	DueOn      time.Time       `db:"due_on"`
	Promised   int64           // what it first asked for, minor units
	Added      bool            // by an act, after the promise was made
	Asks       int64           // what it asks for now
	WrittenOff int64           `db:"written_off"` // how much the cluster no longer expects of it
	Moved      bool            // an amendment or a correction left nothing of it: others stand in its place
	Paid       int64           `db:"-"` // of the money that is here
	OnItsWay   int64           `db:"-"` // of the money that is paid and not yet here
	State      InstalmentState `db:"-"`
	Original   money.Amount    `db:"-"` // what it asks for, in the currency of a promise that was made in another
}

// Left is what is still to be paid of it.
func (i Instalment) Left() int64 {
	if i.State == Cancelled {
		return 0
	}
	return i.Asks - i.Paid - i.OnItsWay
}

// Schedule is what a pledge asks for and when, the earliest first, with the money that
// came filled in. Money fills the oldest first, whatever it was meant for.
type Schedule struct {
	Currency    money.Currency
	Instalments []Instalment
	Above       int64 // what came beyond all of it, minor units
}

// NewSchedule fills money into instalments, which are in the order of their days: first
// what is here, then what is on its way. A cancelled pledge asks for nothing that has not
// come, also when money goes back later.
func NewSchedule(c money.Currency, instalments []Instalment, here, onItsWay int64, cancelled bool, today time.Time) Schedule {
	s := Schedule{Currency: c, Instalments: slices.Clone(instalments)}
	here, onItsWay = max(here, 0), max(onItsWay, 0)
	for n := range s.Instalments {
		i := &s.Instalments[n]
		i.Paid = min(i.Asks, here)
		here -= i.Paid
		i.OnItsWay = min(i.Asks-i.Paid, onItsWay)
		onItsWay -= i.OnItsWay
		i.State = i.state(cancelled, today)
	}
	s.Above = here + onItsWay
	return s
}

func (i Instalment) state(cancelled bool, today time.Time) InstalmentState {
	rest := i.Asks - i.Paid
	switch {
	case i.Asks == 0 && i.WrittenOff > 0:
		return WrittenOff
	case i.Asks == 0:
		return Cancelled
	case rest == 0:
		return PaidInFull
	case rest == i.OnItsWay:
		return Covered
	case cancelled:
		return Cancelled
	case today.After(i.DueOn):
		return Overdue
	case i.Paid > 0:
		return PartPaid
	case !today.AddDate(0, 0, DueDays).Before(i.DueOn):
		return Due
	}
	return Scheduled
}

// Open are the instalments of which something is to be paid.
func (s Schedule) Open() []Instalment {
	var open []Instalment
	for _, i := range s.Instalments {
		if i.Left() > 0 {
			open = append(open, i)
		}
	}
	return open
}

// Left is what is to be paid of all of them.
func (s Schedule) Left() money.Amount {
	var left int64
	for _, i := range s.Instalments {
		left += i.Left()
	}
	return money.Of(left, s.Currency)
}

// Next is the earliest instalment of which something is to be paid.
func (s Schedule) Next() (Instalment, bool) {
	for _, i := range s.Instalments {
		if i.Left() > 0 {
			return i, true
		}
	}
	return Instalment{}, false
}

// DueNow is what is to be paid by today and the next DueDays, or of the next instalment
// when nothing is: what a payer most likely wants to pay.
func (s Schedule) DueNow(today time.Time) money.Amount {
	var due int64
	for _, i := range s.Instalments {
		if !i.DueOn.After(today.AddDate(0, 0, DueDays)) {
			due += i.Left()
		}
	}
	if next, ok := s.Next(); ok && due == 0 {
		due = next.Left()
	}
	return money.Of(due, s.Currency)
}

// Overdue is what should have been paid before today.
func (s Schedule) Overdue() money.Amount {
	var late int64
	for _, i := range s.Instalments {
		if i.State == Overdue {
			late += i.Left()
		}
	}
	return money.Of(late, s.Currency)
}

// ScheduleOf reads when a pledge is to be paid and how far that has come. Ask PledgeOf
// first who may see it.
func ScheduleOf(ctx context.Context, db sqlx.QueryerContext, p Pledge, today time.Time) (Schedule, error) {
	all, err := SchedulesOf(ctx, db, []Pledge{p}, today)
	return all[p.ID], err
}

// SchedulesOf is ScheduleOf for several pledges, by their ids.
func SchedulesOf(ctx context.Context, db sqlx.QueryerContext, pledges []Pledge, today time.Time) (map[string]Schedule, error) {
	ids := make([]string, len(pledges))
	for n, p := range pledges {
		ids[n] = p.ID
	}
	var rows []Instalment
	err := sqlx.SelectContext(ctx, db, &rows, `
		SELECT i.id, i.pledge_id, i.due_on, i.amount_minor AS promised, i.act_id IS NOT NULL AS added,
		       (i.amount_minor + coalesce(c.change, 0))::bigint AS asks, coalesce(c.written_off, 0)::bigint AS written_off, coalesce(c.moved, false) AS moved
		  FROM instalments i
		  LEFT JOIN LATERAL (
		       SELECT sum(ch.change_minor) AS change, -sum(ch.change_minor) FILTER (WHERE a.kind = 'written-off') AS written_off,
		              bool_and(a.kind IN ('amended', 'corrected')) AND i.amount_minor + sum(ch.change_minor) = 0 AS moved
		         FROM instalment_changes ch JOIN pledge_acts a ON a.id = ch.act_id WHERE ch.instalment_id = i.id) c ON true
		 WHERE i.pledge_id = ANY ($1::uuid[]) ORDER BY i.pledge_id, i.due_on, i.id`, pq.Array(ids))
	if err != nil {
		return nil, fmt.Errorf("read the instalments: %w", err)
	}
	of := map[string][]Instalment{}
	for _, i := range rows {
		i.DueOn = clock.Day(i.DueOn)
		of[i.PledgeID] = append(of[i.PledgeID], i)
	}
	all := make(map[string]Schedule, len(pledges))
	for _, p := range pledges {
		all[p.ID] = NewSchedule(p.Amount.Currency, p.withOriginals(of[p.ID]), p.Received-p.Refunded, p.OnItsWay, p.Cancelled, clock.Day(today))
	}
	return all, nil
}

// addInstalments writes parts of a pledge: of the promise when act is empty, else of the
// act that adds them.
func addInstalments(ctx context.Context, tx *sqlx.Tx, pledge, act string, parts []Part) error {
	ids, days, amounts := make([]string, len(parts)), make([]string, len(parts)), make([]int64, len(parts))
	for n, p := range parts {
		ids[n], days[n], amounts[n] = pg.NewID(), p.DueOn.Format(time.DateOnly), p.Minor
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO instalments (id, pledge_id, act_id, due_on, amount_minor)
		SELECT u.id, $1, nullif($2, '')::uuid, u.due_on, u.amount FROM unnest($3::uuid[], $4::date[], $5::bigint[]) AS u(id, due_on, amount)`,
		pledge, act, pq.Array(ids), pq.Array(days), pq.Array(amounts))
	if err != nil {
		return fmt.Errorf("write the instalments: %w", err)
	}
	return nil
}
