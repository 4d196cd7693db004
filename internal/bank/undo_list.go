package bank

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// Undoing is somebody's wish to take a match back, and what another person said of it.
type Undoing struct {
	ID          string
	LineID      string `db:"line_id"`
	Kind        string // of the match
	Minor       int64  `db:"amount_minor"`
	Currency    money.Currency
	BookedOn    time.Time `db:"booked_on"`
	Party       string
	Reason      string
	AskerName   string       `db:"asker_name"`
	AskedAt     time.Time    `db:"asked_at"`
	Decision    string       // approved, refused or empty
	DeciderName string       `db:"decider_name"`
	DecidedAt   sql.NullTime `db:"decided_at"`
}

// Amount is how much of the line the match is.
func (u Undoing) Amount() money.Amount { return money.Of(u.Minor, u.Currency) }

// Undoings lists what was asked to be undone in the clusters in which a person has a role,
// the last asked first: what waits for another person, or all of it. Said is looked for in
// the reason and in who paid. After is the id of the last of the page before, or empty.
func Undoings(ctx context.Context, db *sqlx.DB, person string, waiting bool, said, after string, limit int) ([]Undoing, error) {
	if after != "" && !pg.IsID(after) {
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	from := `match_undoings u`
	if waiting {
		from = `match_undoings_waiting w CROSS JOIN LATERAL (SELECT * FROM match_undoings WHERE id = w.undoing_id LIMIT 1) u`
	}
	var all []Undoing
	err := db.SelectContext(ctx, &all, `
		SELECT u.id, m.line_id, m.kind, m.amount_minor, l.currency, l.booked_on, l.party, u.reason, asker.name AS asker_name, u.asked_at,
		       coalesce(d.decision, '') AS decision, coalesce(decider.name, '') AS decider_name, d.decided_at
		  FROM `+from+` JOIN line_matches m ON m.id = u.match_id JOIN statement_lines l ON l.id = m.line_id JOIN bank_accounts a ON a.id = l.account_id
		  JOIN people asker ON asker.id = u.asked_by LEFT JOIN LATERAL (SELECT * FROM match_undoing_decisions WHERE undoing_id = u.id LIMIT 1) d ON true
		  LEFT JOIN people decider ON decider.id = d.decided_by
		 WHERE`+seenBy+` AND ($2 = '' OR u.id < nullif($2, '')::uuid) AND ($3 = '' OR u.reason || ' ' || l.party ILIKE $3)
		 ORDER BY u.id DESC LIMIT $4`, person, after, like(said), limit)
	if err != nil {
		return nil, fmt.Errorf("list what was asked to be undone: %w", err)
	}
	return all, nil
}

// CountUndoings counts what waits for another person to agree that it is undone, up to a
// number.
func CountUndoings(ctx context.Context, db *sqlx.DB, person string, most int) (int, error) {
	var n int
	err := db.GetContext(ctx, &n, `SELECT count(*) FROM (
		SELECT 1 FROM match_undoings_waiting WHERE cluster_id IN (SELECT cluster_id FROM cluster_roles WHERE person_id = $1) LIMIT $2) x`, person, most)
	if err != nil {
		return 0, fmt.Errorf("count what is asked to be undone: %w", err)
	}
	return n, nil
}
