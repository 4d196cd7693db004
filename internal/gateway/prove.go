package gateway

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
)

// Unequal is one place where our books and Stripe's list do not agree.
type Unequal struct {
	Name         string // not-in-books, other-amount, not-at-stripe or payout-unproven
	ID           string // Stripe's
	At           time.Time
	Ours, Theirs int64
	Currency     money.Currency
}

// Compared is what a comparison of our books with Stripe's went through and found.
type Compared struct {
	Transactions int64
	Waits        time.Time // the oldest money that is too new to be missed; zero: none
	Unequal      []Unequal
}

// Compare goes through all of Stripe's balance transactions and asks that each is in the
// books of the caller's snapshot with its net amount, and that the books have none that
// Stripe has not; and that every payout was proven. It changes nothing. Money of the last
// hour may be on its way to us, and is not missed.
func (g *Gateway) Compare(ctx context.Context, tx *sqlx.Tx) (Compared, error) {
	var c Compared
	at := comparison{gateway: g, tx: tx, found: &c, seen: map[string]bool{}}
	if err := g.eachTransaction(ctx, &stripe.BalanceTransactionListParams{}, func(b *stripe.BalanceTransaction) error {
		if at.page = append(at.page, b); len(at.page) < 100 {
			return nil
		}
		return at.compare(ctx)
	}); err != nil {
		return c, err
	}
	if err := at.compare(ctx); err != nil {
		return c, err
	}
	if err := at.reverse(ctx); err != nil {
		return c, err
	}
	unproven, err := giving.UnprovenSums(ctx, tx, g.now().Add(-24*time.Hour))
	for _, p := range unproven {
		c.Unequal = append(c.Unequal, Unequal{Name: "payout-unproven", ID: p.ID, At: p.MadeAt, Ours: p.MembersMinor, Theirs: p.AmountMinor, Currency: p.Currency})
	}
	return c, err
}

// Keeper is the cluster whose the Stripe account is.
func (g *Gateway) Keeper(ctx context.Context) (string, error) { return g.keeper(ctx) }

// comparison is one run of Compare.
type comparison struct {
	gateway *Gateway
	tx      *sqlx.Tx
	found   *Compared
	page    []*stripe.BalanceTransaction
	seen    map[string]bool
}

// compare looks up a page of Stripe's list in our books.
func (c *comparison) compare(ctx context.Context) error {
	sources := make([]string, len(c.page))
	for i, b := range c.page {
		sources[i] = "stripe:" + b.ID
		c.seen[sources[i]] = true
	}
	ours, err := ledger.AtStripe(ctx, c.tx, sources)
	if err != nil {
		return err
	}
	for i, b := range c.page {
		c.found.Transactions++
		at, currency := time.Unix(b.Created, 0).UTC(), money.Currency(strings.ToUpper(string(b.Currency)))
		u := Unequal{ID: b.ID, At: at, Theirs: amount(b.Net, b.Currency).Minor, Currency: currency}
		held, booked := ours[sources[i]]
		switch {
		case booked && held != u.Theirs:
			u.Name, u.Ours = "other-amount", held
		case !booked && u.Theirs != 0:
			if age := c.gateway.now().Sub(at); age >= 0 && age < explainWithin {
				if c.found.Waits.IsZero() || at.Before(c.found.Waits) {
					c.found.Waits = at
				}
				continue
			}
			u.Name = "not-in-books"
		default:
			continue
		}
		c.found.Unequal = append(c.found.Unequal, u)
	}
	c.page = c.page[:0]
	return nil
}

// reverse asks that Stripe's list had every balance transaction of our books.
func (c *comparison) reverse(ctx context.Context) error {
	err := ledger.EachAtStripe(ctx, c.tx, func(source string, at time.Time, minor int64, currency money.Currency) {
		if id := strings.TrimPrefix(source, "stripe:"); !c.seen[source] {
			c.found.Unequal = append(c.found.Unequal, Unequal{Name: "not-at-stripe", ID: id, At: at, Ours: minor, Currency: currency})
		}
	})
	if err != nil {
		return fmt.Errorf("compare the books with Stripe: %w", err)
	}
	return nil
}
