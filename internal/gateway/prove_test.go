package gateway_test

import (
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/gateway"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/ledger"
	"kopiyka/internal/stripesim"
)

// Every movement of Stripe's is in the books with its amount, and the books have none that
// Stripe has not. Whatever breaks that is found.
func TestBooksAreComparedWithAllThatStripeHas(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	compare := func(g *gateway.Gateway) (c gateway.Compared) {
		t.Helper()
		b.Tx(func(tx *sqlx.Tx) (err error) {
			c, err = g.Compare(t.Context(), tx)
			return err
		})
		return c
	}
	only := func(c gateway.Compared, name string) gateway.Unequal {
		t.Helper()
		if len(c.Unequal) != 1 || c.Unequal[0].Name != name {
			t.Fatalf("found %+v, want %s", c.Unequal, name)
		}
		return c.Unequal[0]
	}
	if c := compare(b.Gateway); c.Transactions != 0 || len(c.Unequal) != 0 {
		t.Errorf("of nothing: %+v", c)
	}
	b.Paid(10_000)
	b.Paid(2_500)
	if c := compare(b.Gateway); c.Transactions != 2 || len(c.Unequal) != 0 || !c.Waits.IsZero() {
		t.Errorf("of two gifts: %+v", c)
	}

	p := b.Checkout(b.Pledge(4_000), 4_000)
	b.Pay(p, stripesim.CardPays)
	if c := compare(b.Gateway); len(c.Unequal) != 0 || c.Waits.IsZero() {
		t.Errorf("money that has just come is missed: %+v", c)
	}
	later := b.AnotherGateway(func() time.Time { return b.Now().Add(2 * time.Hour) })
	if u := only(compare(later), "not-in-books"); u.Theirs != 3_854 || u.Ours != 0 || u.Currency != "USD" {
		t.Errorf("found %+v", u)
	}
	b.Sync(p)
	if c := compare(later); len(c.Unequal) != 0 || c.Transactions != 3 {
		t.Errorf("once it is there: %+v", c)
	}

	b.Tx(func(tx *sqlx.Tx) error {
		_, err := ledger.Post(t.Context(), tx, ledger.Entry{Source: "stripe:txn_out_of_thin_air", Kind: ledger.Unexplained, HappenedAt: b.Now(), Actor: "stripe",
			Lines: []ledger.Line{ledger.Debit(ledger.Stripe(b.Cluster, "USD"), 7), ledger.Credit(ledger.Suspense(b.Cluster, "USD"), 7)}})
		return err
	})
	if u := only(compare(later), "not-at-stripe"); u.ID != "txn_out_of_thin_air" || u.Ours != 7 {
		t.Errorf("found %+v", u)
	}
}
