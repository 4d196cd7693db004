package ledger_test

import (
	"fmt"
	"testing"

	"kopiyka/internal/ledger"
	"kopiyka/internal/pg/pgtest"
)

// A payment's own page shows each entry that moved its money, and no other payment's.
func TestEntriesOfAPaymentAreThoseThatMovedItsMoney(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	for _, e := range []ledger.Entry{giftOf("one", "c", usd, 1000, 30, 0), giftOf("two", "c", usd, 5000, 30, 0), allocationOf("a", "c", usd, 900)} {
		if _, err := post(t.Context(), db, e); err != nil {
			t.Fatal(err)
		}
	}
	odd, err := post(t.Context(), db, ledger.Entry{Source: "stripe:odd", Kind: ledger.Unexplained, HappenedAt: noon, Actor: "stripe",
		Lines: []ledger.Line{ledger.Debit(ledger.Stripe("k", usd), 7), ledger.Credit(ledger.Suspense("k", usd), 7)}})
	if err != nil {
		t.Fatal(err)
	}
	kinds := func(origin string, besides ...int64) string {
		entries, err := ledger.EntriesOf(t.Context(), db, origin, besides)
		if err != nil {
			t.Fatal(err)
		}
		said := ""
		for _, e := range entries {
			sum := int64(0)
			for _, l := range e.Lines {
				sum += l.Minor
			}
			if sum != 0 || len(e.Lines) < 2 {
				t.Errorf("entry %d is told in part: %v", e.ID, e.Lines)
			}
			said += fmt.Sprint(e.Kind, " ")
		}
		return said
	}
	one := "payment:one"
	two := "payment:two"
	for _, test := range []struct {
		got, want string
	}{
		{kinds(one), "gift allocation "}, // first in, first out
		{kinds(two), "gift "},
		{kinds(two, odd.ID), "gift suspense "},
		{kinds("payment:nobody"), ""},
	} {
		if test.got != test.want {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
}

func TestLinesOfAnAccountAreListedByPages(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	codes := []string{ledger.Suspense("k", "").Code, ledger.Suspense("m", "").Code}
	total := map[string]int64{}
	for i := range 9 {
		cluster := "km"[i%2 : i%2+1]
		if i == 8 {
			cluster = "other"
		}
		minor := int64(i + 1)
		if i == 3 {
			minor = -minor
		}
		lines := []ledger.Line{ledger.Debit(ledger.Stripe(cluster, usd), minor), ledger.Credit(ledger.Suspense(cluster, usd), minor)}
		if _, err := post(t.Context(), db, ledger.Entry{Source: fmt.Sprintf("stripe:%d", i), Kind: ledger.Unexplained, HappenedAt: noon, Actor: "stripe", Lines: lines}); err != nil {
			t.Fatal(err)
		}
		total[cluster] += minor
	}
	var sums int64
	seen, after := 0, int64(0)
	for {
		page, err := ledger.LinesOf(t.Context(), db, codes, "", after, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range page {
			if after != 0 && l.ID >= after {
				t.Errorf("line %d stands below %d", l.ID, after)
			}
			seen++
			sums += l.Amount
		}
		if len(page) < 3 {
			break
		}
		after = page[2].ID
	}
	if seen != 8 || sums != total["k"]+total["m"] {
		t.Errorf("%d lines of %d in all, want 8 of %d", seen, sums, total["k"]+total["m"])
	}
	holdings, err := ledger.HoldingsOf(t.Context(), db, codes...)
	if err != nil || len(holdings) != 2 {
		t.Fatalf("%v, %v", holdings, err)
	}
	for i, cluster := range []string{"k", "m"} {
		if h := holdings[i]; h.Account != ledger.Suspense(cluster, usd) || h.Balance != total[cluster] {
			t.Errorf("%s holds %+v, want %d", cluster, h, total[cluster])
		}
	}
}
