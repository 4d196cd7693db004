package report_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/report"
	"kopiyka/internal/report/reporttest"
)

// The company's page shows no anonymous pledge, and no sum of it contains a hidden amount.
func TestCompanySumsOnlyWhatItShows(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	c, hryvnias := w.Campaign("it4life"), w.Campaign("laptops", func(c *reporttest.Campaign) { c.Currency = "UAH" })
	ganok := w.Company("ganok", "Ґанок", "Ganok")
	w.Joins(ganok)
	w.Refund(w.Pays(w.Pledge(c, ganok, 5_000, "named"), 2_000, 50), 100)
	w.Start(w.Pledge(c, ganok, 300, "named"), 250, "processing")
	w.Start(w.Pledge(c, ganok, 400, "amount-hidden"), 400, "processing")
	w.Pledge(hryvnias, ganok, 40_000, "named")
	w.Pays(w.Pledge(c, ganok, 6_543, "amount-hidden"), 6_543, 60)
	w.Pays(w.Pledge(c, ganok, 777, "anonymous"), 777, 7)

	got, err := report.New(w.DB).Company(t.Context(), "ganok")
	if err != nil {
		t.Fatal(err)
	}
	want := []report.NamedSum{{Currency: "UAH", Pledged: 40_000}, {Currency: "USD", Pledged: 5_300, OnItsWay: 250, Received: 2_000, Refunded: 100}}
	if diff := cmp.Diff(want, got.Named); diff != "" {
		t.Errorf("sums (-want +got):\n%s", diff)
	}
	var amounts []int64
	for _, g := range got.Gifts {
		if g.Campaign == nil || g.Company == nil {
			t.Fatalf("a gift without campaign or company: %+v", g)
		}
		minor := int64(-1)
		if g.Amount != nil {
			minor = g.Amount.Minor
		}
		amounts = append(amounts, minor)
	}
	if diff := cmp.Diff([]int64{-1, 40_000, -1, 300, 5_000}, amounts); diff != "" {
		t.Errorf("gifts (-want +got, -1 is hidden):\n%s", diff)
	}
	if len(got.Memberships) != 1 || got.Memberships[0].Cluster.Slug != "kharkiv-it" {
		t.Errorf("memberships are %+v", got.Memberships)
	}
}

// Whoever has only given anonymously is told of nowhere by name.
func TestAnonymousCompanyHasNoPage(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	c := w.Campaign("it4life")
	w.Pledge(c, w.Company("quiet", "Тиша", "Quiet"), 7_000, "anonymous")
	w.Pledge(c, w.Company("ganok", "Ґанок", "Ganok"), 7_000, "amount-hidden")
	w.Company("idle", "Спокій", "Idle")

	for _, slug := range []string{"quiet", "idle", "never-heard-of", "", "\x00", "\xff", "КО", "a/b"} {
		_, err := r.Company(t.Context(), slug)
		notFound(t, slug, err)
	}
	got, err := r.Companies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := report.Companies{
		Named:    []report.CompanyLine{{Ref: report.Ref{Slug: "ganok", Name: report.Text{UK: "Ґанок", EN: "Ganok"}}, Gifts: 1}},
		Withheld: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("companies (-want +got):\n%s", diff)
	}
}

// A member that has pledged nothing openly looks like one that has pledged nothing.
func TestMemberWithAnonymousGiftLooksIdle(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	c := w.Campaign("it4life")
	quiet, idle := w.Company("quiet", "Тиша", "Quiet"), w.Company("idle", "Спокій", "Idle")
	w.Joins(quiet)
	w.Joins(idle)
	w.Pays(w.Pledge(c, quiet, 7_000, "anonymous"), 7_000, 70)

	a, err := r.Company(t.Context(), "quiet")
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.Company(t.Context(), "idle")
	if err != nil {
		t.Fatal(err)
	}
	a.Ref, b.Ref = report.Ref{}, report.Ref{}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("the two differ:\n%s", diff)
	}
}
