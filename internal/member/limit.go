package member

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
)

// Limit is how often one person, or one host of somebody who is not signed in, may do
// something that costs. All processes count together.
type Limit struct {
	What   string
	Most   int
	Within time.Duration
}

// The limits are far above what anybody does by hand.
var (
	Files       = Limit{"file", 300, 10 * time.Minute}     // CSV, PDF, JSON: whole lists, and drawings
	Searches    = Limit{"search", 300, 10 * time.Minute}   // words that are looked for in lists
	Invitations = Limit{"invitation", 100, time.Hour}      // each is a letter to somebody
	Pledges     = Limit{"pledge", 300, time.Hour}          // promises, and what is asked of them
	Payments    = Limit{"payment", 300, time.Hour}         // each asks Stripe
	Questions   = Limit{"question", 120, 10 * time.Minute} // to Stripe and the banks' statements, about what is there
	Uploads     = Limit{"upload", 120, time.Hour}          // pictures that are drawn anew, files that become rows
)

// Take counts one more for who, and is a TooMany fault, which says when to come again, once
// there were too many since the window began. What is refused has counted too.
func (l Limit) Take(ctx context.Context, db *sqlx.DB, at time.Time, who string) error {
	began := at.Truncate(l.Within)
	var n int
	err := db.GetContext(ctx, &n, `
		INSERT INTO limit_counts AS c (subject, began, n) VALUES ($1, $2, 1)
		ON CONFLICT (subject, began) DO UPDATE SET n = least(c.n, $3) + 1 RETURNING n`, clip(l.What+":"+who, 200), began, l.Most)
	if err != nil {
		return fmt.Errorf("count what is dear: %w", err)
	}
	if n <= l.Most {
		return nil
	}
	left := began.Add(l.Within).Sub(at)
	return fault.New(fault.TooMany, "limit.reached", l.Most, int(l.Within.Minutes()), int(math.Ceil(left.Minutes()))).Again(left)
}
