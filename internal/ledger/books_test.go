package ledger_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

const usd = money.Currency("USD")

var noon = time.Date(2020, 4, 1, 12, 0, 0, 0, time.UTC)

// giftOf is a payment that brought gross, of which Stripe kept fee and the fund's shortfall
// takes repaid.
func giftOf(payment, campaign string, c money.Currency, gross, fee, repaid int64) ledger.Entry {
	fund := ledger.Fund(campaign, c)
	lines := []ledger.Line{
		ledger.Debit(ledger.Stripe("cluster", c), gross-fee),
		ledger.Credit(fund, gross).From("payment:" + payment),
	}
	if fee > 0 {
		lines = append(lines,
			ledger.Debit(ledger.Fee(campaign, c), fee),
			ledger.Credit(ledger.Released(campaign, c), fee),
			ledger.Debit(fund, fee).From("payment:"+payment))
	}
	if repaid > 0 {
		lines = append(lines,
			ledger.Debit(fund, repaid).From("payment:"+payment),
			ledger.Credit(ledger.Shortfall(campaign, c), repaid))
	}
	return ledger.Entry{Source: "gift:" + payment, Kind: ledger.Gift, HappenedAt: noon, Actor: "stripe", Lines: lines}
}

// refundOf gives back minor of a payment; uncovered is the part that the fund no longer has.
func refundOf(refund, payment, campaign string, c money.Currency, minor, uncovered int64) ledger.Entry {
	lines := []ledger.Line{ledger.Credit(ledger.Stripe("cluster", c), minor)}
	if minor > uncovered {
		lines = append(lines, ledger.Debit(ledger.Fund(campaign, c), minor-uncovered).From("payment:"+payment))
	}
	if uncovered > 0 {
		lines = append(lines, ledger.Debit(ledger.Shortfall(campaign, c), uncovered))
	}
	return ledger.Entry{Source: "refund:" + refund, Kind: ledger.Refund, HappenedAt: noon, Actor: "stripe", Lines: lines}
}

// allocationOf sets money of a fund aside.
func allocationOf(allocation, campaign string, c money.Currency, minor int64) ledger.Entry {
	return ledger.Entry{
		Source: "allocation:" + allocation, Kind: ledger.Allocated, HappenedAt: noon, Actor: "person:a", Approver: "person:b",
		Lines: []ledger.Line{
			ledger.Debit(ledger.Fund(campaign, c), minor),
			ledger.Credit(ledger.Allocation(allocation, c), minor),
		},
	}
}

func post(ctx context.Context, db *sqlx.DB, e ledger.Entry) (p ledger.Posted, err error) {
	err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		p, err = ledger.Post(ctx, tx, e)
		return err
	})
	return p, err
}

func mustPost(t *testing.T, db *sqlx.DB, e ledger.Entry) ledger.Posted {
	t.Helper()
	p, err := post(t.Context(), db, e)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func balanceOf(t *testing.T, db *sqlx.DB, a ledger.Account) int64 {
	t.Helper()
	minor, err := ledger.Balance(t.Context(), db, a)
	if err != nil {
		t.Fatal(err)
	}
	return minor
}

// wantWhole fails when Verify finds a difference, or finds nothing to look at.
func wantWhole(t *testing.T, db *sqlx.DB) {
	t.Helper()
	seen, differences, err := ledger.Verify(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if seen.Entries == 0 {
		t.Fatal("Verify saw no entry, so it says nothing")
	}
	for _, d := range differences {
		t.Errorf("%s: %s: stored %d, counted %d", d.Check, d.Subject, d.Stored, d.Counted)
	}
}

// together runs f n times at once and returns when all are done.
func together(n int, f func(i int)) {
	var done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		done.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	done.Wait()
}
