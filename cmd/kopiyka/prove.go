package main

import (
	"context"
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/bank"
	"kopiyka/internal/gateway"
)

// stripeCheck compares the books with Stripe, for the cluster whose the account is.
func stripeCheck(g *gateway.Gateway) bank.Check {
	return func(ctx context.Context, tx *sqlx.Tx, cluster string) (bank.Proof, error) {
		p := bank.Proof{Name: "stripe"}
		keeper, err := g.Keeper(ctx)
		if err != nil || cluster != keeper {
			return p, err
		}
		c, err := g.Compare(ctx, tx)
		if err != nil {
			return p, err
		}
		p.Looked = c.Transactions
		if c.Transactions > 0 {
			p.UpTo = time.Now().UTC().Truncate(24 * time.Hour)
		}
		if !c.Waits.IsZero() {
			p.UpTo = c.Waits.UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)
		}
		for _, u := range c.Unequal {
			p.Differences = append(p.Differences, bank.Difference{
				Name: u.Name, Subject: "stripe:" + u.ID, Day: sql.NullTime{Time: u.At, Valid: true}, Books: u.Ours, Theirs: u.Theirs, Currency: u.Currency,
			})
		}
		return p, nil
	}
}
