package report_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/report"
	"kopiyka/internal/report/reporttest"
)

// What was set aside is told per purpose and act by act, and both add up to the books.
func TestAllocationsAddUpToTheBooks(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("it4life")
	w.Pays(w.Pledge(c, w.Company("ganok", "Ґанок", "Ganok"), 90_000, "named"), 90_000, 900)
	hospitals, houses := w.Purpose(c, "hospitals", "Лікарні", "Hospitals"), w.Purpose(c, "houses", "Будинки", "Houses")
	w.Allocate(c, hospitals, 10_000, "laryngoscopes")
	w.Allocate(c, hospitals, 5_000, "pulse oximeters")
	w.Propose(c, houses, 40_000, "waits for the second person")
	w.Decide(c, w.Propose(c, houses, 30_000, "no deed yet"), "refused")

	got, err := report.New(w.DB).Campaign(t.Context(), "it4life")
	if err != nil {
		t.Fatal(err)
	}
	want := []report.Allocation{
		{Purpose: report.Text{UK: "Лікарні", EN: "Hospitals"}, Amount: 5_000, Reason: "pulse oximeters"},
		{Purpose: report.Text{UK: "Лікарні", EN: "Hospitals"}, Amount: 10_000, Reason: "laryngoscopes"},
	}
	if diff := cmp.Diff(want, got.Allocations, cmpopts.IgnoreFields(report.Allocation{}, "ProposedAt", "ApprovedAt")); diff != "" {
		t.Errorf("allocations (-want +got):\n%s", diff)
	}
	need := report.Need{Item: report.Text{UK: "Ларингоскоп", EN: "Laryngoscope"}, Quantity: 12,
		Unit: report.Text{UK: "шт.", EN: "pcs"}, Recipient: report.Text{UK: "Лікарня № 17", EN: "Hospital No. 17"}}
	purposes := []report.Purpose{
		{Slug: "hospitals", Title: report.Text{UK: "Лікарні", EN: "Hospitals"}, Allocated: 15_000, Needs: []report.Need{need}},
		{Slug: "houses", Title: report.Text{UK: "Будинки", EN: "Houses"}, Needs: []report.Need{need}},
	}
	if diff := cmp.Diff(purposes, got.Purposes); diff != "" {
		t.Errorf("purposes (-want +got):\n%s", diff)
	}
	if got.Totals.Allocated != 15_000 {
		t.Errorf("the books say %d", got.Totals.Allocated)
	}
}

func TestHomeAddsUpPerCurrency(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	ganok := w.Company("ganok", "Ґанок", "Ganok")
	w.Joins(ganok)
	a := w.Campaign("a")
	b := w.Campaign("b", func(c *reporttest.Campaign) { c.State = "closed" })
	u := w.Campaign("u", func(c *reporttest.Campaign) { c.Currency = "UAH" })
	w.Pays(w.Pledge(a, ganok, 100, "named"), 100, 1)
	w.Pays(w.Pledge(b, ganok, 200, "anonymous"), 200, 2)
	w.Pays(w.Pledge(u, ganok, 5_000, "named"), 5_000, 0)
	w.Start(w.Pledge(u, w.Company("yasen", "Ясен", "Yasen"), 1, "anonymous"), 1, "processing")
	w.Allocate(a, w.Purpose(a, "p", "П", "P"), 30, "because")
	w.Allocate(b, w.Purpose(b, "p", "П", "P"), 12, "because")

	got, err := report.New(w.DB).Home(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	byCurrency := cmpopts.SortSlices(func(x, y report.Sum) bool { return x.Currency < y.Currency })
	want := []report.Sum{{Currency: "UAH", Received: 5_000}, {Currency: "USD", Received: 300, Allocated: 42}}
	if diff := cmp.Diff(want, got.Sums, byCurrency); diff != "" {
		t.Errorf("sums (-want +got):\n%s", diff)
	}
	if want := (report.Joined{Pledged: 2, Paid: 1}); got.Companies != want {
		t.Errorf("companies are %+v, want %+v", got.Companies, want)
	}
	if len(got.Clusters) != 1 || got.Clusters[0].Members != 1 {
		t.Errorf("clusters are %+v", got.Clusters)
	}
	if len(got.Campaigns) != 3 || got.Campaigns[2].Slug != "b" {
		t.Errorf("the closed campaign is not the last: %+v", got.Campaigns)
	}
}

func TestClusterShowsItsOwnCampaigns(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	lviv := w.Cluster("lviv-it", "Львівський ІТ-кластер", "Lviv IT Cluster")
	w.Campaign("ours")
	w.Campaign("theirs", func(c *reporttest.Campaign) { c.Cluster = lviv })

	got, err := r.Cluster(t.Context(), "lviv-it")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Campaigns) != 1 || got.Campaigns[0].Slug != "theirs" || got.Campaigns[0].Cluster.Slug != "lviv-it" {
		t.Errorf("campaigns are %+v", got.Campaigns)
	}
	_, err = r.Cluster(t.Context(), "odesa-it")
	notFound(t, "cluster", err)
}
