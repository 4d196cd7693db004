package report_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/report"
	"kopiyka/internal/report/reporttest"
)

// What is promised follows the acts on a pledge, in every sum, and a past day keeps its own.
func TestPledgedFollowsTheActsOnAPledge(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	c := w.Campaign("it4life")
	ganok, yasen := w.Company("ganok", "Ґанок Софт", "Ganok Soft"), w.Company("yasen", "Ясен", "Yasen")
	first, second := w.Pledge(c, ganok, 10_000, "named"), w.Pledge(c, yasen, 500, "named")
	moment := w.Now
	before := totals(t, r, "it4life")

	w.Change(first, "amended", 5_000)
	w.Change(first, "corrected", -3_000)
	w.Change(second, "cancelled", -500)
	got := totals(t, r, "it4life")
	if got.Pledged != 12_000 || got.CompaniesPledged != 1 || !got.UpdatedAt.Equal(w.Now) {
		t.Errorf("totals = %+v", got)
	}
	then, err := r.Summary(t.Context(), "it4life", moment)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, then.Totals, figures); diff != "" || then.Totals.Pledged != 10_500 || then.Totals.CompaniesPledged != 2 {
		t.Errorf("as of before: %+v %s", then.Totals, diff)
	}
	company, err := r.Company(t.Context(), "ganok")
	if err != nil || len(company.Named) != 1 || company.Named[0].Pledged != 12_000 {
		t.Errorf("the company's page says %+v, %v", company.Named, err)
	}
}

// The list shows what a pledge asks for now and what it asked for first, unless its amount
// is hidden.
func TestAGiftShowsBothAmounts(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	c := w.Campaign("it4life")
	ganok := w.Company("ganok", "Ґанок Софт", "Ganok Soft")
	w.Change(w.Pledge(c, ganok, 1_000, "amount-hidden"), "amended", 5)
	paid := w.Pledge(c, ganok, 1_000, "named")
	w.Pays(paid, 400, 0)
	w.Change(paid, "cancelled", -600)
	w.Change(w.Pledge(c, ganok, 1_000, "named"), "cancelled", -1_000)
	w.Change(w.Pledge(c, ganok, 1_000, "named"), "amended", 500)
	w.Pledge(c, ganok, 1_000, "named")

	d, err := r.Donors(t.Context(), "it4life", 0)
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		State         report.GiftState
		Amount, First int64
	}
	var got []row
	for _, g := range d.Gifts {
		one := row{State: g.State, Amount: -1, First: -1}
		if g.Amount != nil {
			one.Amount = g.Amount.Minor
		}
		if g.Promised != nil {
			one.First = g.Promised.Minor
		}
		got = append(got, one)
	}
	want := []row{{report.Promised, 1_000, -1}, {report.Promised, 1_500, 1_000}, {report.Withdrawn, 0, 1_000}, {report.Received, 400, 1_000}, {report.Promised, -1, -1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("gifts (-want +got):\n%s", diff)
	}
}
