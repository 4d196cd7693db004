package giving

import (
	"context"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
)

// Cancellation is a company's wish to take back what it has not paid.
type Cancellation struct {
	PledgeID string
	PersonID string
	Seen     string // what Seen said when the person looked
	Reason   string
}

// Cancel takes back what has not come of a pledge. It is the pledge's last act: nothing
// brings it back, a company that thinks better makes a new one. What was paid stays, what
// is on its way still counts, and money that comes all the same is booked. The person must
// hold a paying role in the company; others get NotFound. With nothing left to cancel it is
// a Conflict.
func Cancel(ctx context.Context, db *sqlx.DB, now clock.Clock, c Cancellation) error {
	return inAct(ctx, db, "cancel a pledge", c.Reason, func(tx *sqlx.Tx) error {
		l, err := holdForCompany(ctx, tx, c.PledgeID, c.PersonID, now())
		if err != nil {
			return err
		}
		if err := l.still(c.Seen); err != nil {
			return err
		}
		a := act{kind: CancelledAct, person: c.PersonID, reason: c.Reason}
		for _, i := range l.Schedule.Open() {
			a.changes = append(a.changes, change{i.ID, -i.Left()})
		}
		if len(a.changes) == 0 {
			return fault.New(fault.Conflict, "pledge.nothing_to_cancel")
		}
		return l.write(ctx, tx, now(), a)
	})
}
