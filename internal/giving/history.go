package giving

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/money"
)

// Act is one act on a pledge, as its history tells it.
type Act struct {
	ID           string
	Number       int
	Kind         ActKind
	ChangeMinor  int64 `db:"change_minor"`
	Currency     money.Currency
	Reason       string
	Code         WriteOffReason // of a write-off
	Person       string         // the name of who did it
	Approver     string         // the second person's, of a write-off
	HappenedAt   time.Time      `db:"happened_at"`
	Steps        []Step         `db:"-"` // what it did, by the day
	AmountBefore money.Amount   `db:"-"` // what the pledge asked for before it
	AmountAfter  money.Amount   `db:"-"`
}

// Step is what an act did to one instalment: what that asked for before and after. Before
// is zero for one that the act added.
type Step struct {
	DueOn         time.Time
	Before, After int64
}

// HistoryOf tells all acts on a pledge, the first first, each with what it changed. Ask
// PledgeOf or PledgeFor first who may see it.
func HistoryOf(ctx context.Context, db *sqlx.DB, p Pledge) ([]Act, error) {
	var acts []Act
	err := db.SelectContext(ctx, &acts, `
		SELECT a.id, a.number, a.kind, a.change_minor, a.currency, a.reason, coalesce(w.reason_code, '') AS code,
		       pp.name AS person, coalesce(ap.name, '') AS approver, a.happened_at
		  FROM pledge_acts a JOIN people pp ON pp.id = a.person_id LEFT JOIN people ap ON ap.id = a.approver_id LEFT JOIN write_offs w ON w.id = a.write_off_id
		 WHERE a.pledge_id = $1 ORDER BY a.number`, p.ID)
	if err != nil {
		return nil, fmt.Errorf("read the pledge's acts: %w", err)
	}
	steps, err := stepsOf(ctx, db, p.ID)
	if err != nil {
		return nil, err
	}
	amount := p.Promised
	for n := range acts {
		a := &acts[n]
		a.Steps, a.AmountBefore = steps[a.ID], amount
		amount.Minor += a.ChangeMinor
		a.AmountAfter = amount
	}
	return acts, nil
}

// stepsOf reads what each act did: to the instalments that were there, with what they asked
// for until then, and those that it added.
func stepsOf(ctx context.Context, db *sqlx.DB, pledge string) (map[string][]Step, error) {
	var rows []struct {
		Act    string    `db:"act_id"`
		DueOn  time.Time `db:"due_on"`
		Before int64
		After  int64
	}
	err := db.SelectContext(ctx, &rows, `
		SELECT act_id, due_on, before, after FROM (
		       SELECT c.act_id, i.due_on, i.id,
		              (i.amount_minor + sum(c.change_minor) OVER instalment - c.change_minor)::bigint AS before,
		              (i.amount_minor + sum(c.change_minor) OVER instalment)::bigint AS after
		         FROM instalment_changes c JOIN instalments i ON i.id = c.instalment_id JOIN pledge_acts a ON a.id = c.act_id
		        WHERE c.pledge_id = $1 WINDOW instalment AS (PARTITION BY c.instalment_id ORDER BY a.number)
		       UNION ALL
		       SELECT act_id, due_on, id, 0, amount_minor FROM instalments WHERE pledge_id = $1 AND act_id IS NOT NULL) s
		 ORDER BY act_id, due_on, id`, pledge)
	if err != nil {
		return nil, fmt.Errorf("read what the acts changed: %w", err)
	}
	of := map[string][]Step{}
	for _, r := range rows {
		of[r.Act] = append(of[r.Act], Step{clock.Day(r.DueOn), r.Before, r.After})
	}
	return of, nil
}

// PromisedParts are the instalments as they were promised, before any act.
func PromisedParts(ctx context.Context, db *sqlx.DB, pledge string) ([]Part, error) {
	var rows []struct {
		DueOn time.Time `db:"due_on"`
		Minor int64     `db:"amount_minor"`
	}
	err := db.SelectContext(ctx, &rows, `SELECT due_on, amount_minor FROM instalments WHERE pledge_id = $1 AND act_id IS NULL ORDER BY due_on, id`, pledge)
	if err != nil {
		return nil, fmt.Errorf("read what was promised: %w", err)
	}
	parts := make([]Part, len(rows))
	for n, r := range rows {
		parts[n] = Part{clock.Day(r.DueOn), r.Minor}
	}
	return parts, nil
}
