package report_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kopiyka/internal/fault"
	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/report"
	"kopiyka/internal/report/reporttest"
)

// "14 new members in 2020" is a question with one answer.
func TestMembersOfAYear(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	other := w.Cluster("lviv-it", "Львівський ІТ-кластер", "Lviv IT Cluster")
	enrol := func(slug string, cluster any, kind, since string, until any) {
		t.Helper()
		var id string
		if err := w.DB.Get(&id, `INSERT INTO companies (id, slug, name_uk, name_en, created_at) VALUES (gen_random_uuid(), $1, $1, $1, now())
			ON CONFLICT (slug) DO UPDATE SET slug = excluded.slug RETURNING id`, slug); err != nil {
			t.Fatal(err)
		}
		if _, err := w.DB.Exec(`INSERT INTO memberships (company_id, cluster_id, kind, since, until) VALUES ($1, $2, $3, $4, $5)`, id, cluster, kind, since, until); err != nil {
			t.Fatal(err)
		}
	}
	for _, slug := range []string{"a", "b", "c"} {
		enrol(slug, w.ClusterID, "member", "2020-01-01", nil)
	}
	enrol("d", w.ClusterID, "member", "2020-12-31", "2021-01-01")
	enrol("e", w.ClusterID, "member", "2019-12-31", "2020-06-01")
	enrol("f", w.ClusterID, "business-partner", "2018-01-01", "2020-02-01") // a partner that becomes a member is no new one
	enrol("f", w.ClusterID, "member", "2020-02-01", nil)
	enrol("g", w.ClusterID, "member", "2015-01-01", "2016-01-01") // and neither is one that comes back
	enrol("g", w.ClusterID, "member", "2020-05-01", nil)
	enrol("h", other, "member", "2020-03-01", nil)

	got, err := report.New(w.DB).Members(t.Context(), "kharkiv-it", 2020, time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	want := report.MembersYear{Year: 2020, Years: []int{2021, 2020, 2019, 2018, 2016, 2015}, Kinds: []report.KindYear{{Kind: "business-partner"}, {Kind: "member", New: 4, Left: 1, There: 6}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// What a company has not agreed to show is on no page, and its gifts still are.
func TestAProfileIsShownByConsent(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("it4life")
	id := w.Company("ganok", "Ганок", "Ganok")
	w.Joins(id)
	r := report.New(w.DB)
	set := func(query string) {
		t.Helper()
		if _, err := w.DB.Exec(query, id); err != nil {
			t.Fatal(err)
		}
	}
	set(`INSERT INTO company_logos (company_id, png, changed_at) VALUES ($1, 'png', now())`)
	set(`UPDATE companies SET about_uk = 'Про нас', site = 'https://ganok.example', shows_about = false WHERE id = $1`)
	k, err := r.Company(t.Context(), "ganok")
	if err != nil || k.About.UK != "" || k.Site != "" || k.Logo || len(k.Memberships) != 1 {
		t.Errorf("shows %+v, %v", k, err)
	}
	if _, err := r.CompanyLogo(t.Context(), "ganok"); !errors.Is(err, fault.New(fault.NotFound, "logo.none")) {
		t.Errorf("the logo: %v", err)
	}
	set(`UPDATE companies SET shows_about = true, shows_site = true, shows_logo = true WHERE id = $1`)
	k, err = r.Company(t.Context(), "ganok")
	if err != nil || k.About.UK != "Про нас" || k.Site != "https://ganok.example" || !k.Logo {
		t.Errorf("shows %+v, %v", k, err)
	}
	if png, err := r.CompanyLogo(t.Context(), "ganok"); err != nil || string(png) != "png" {
		t.Errorf("the logo: %q, %v", png, err)
	}
	set(`UPDATE companies SET shows_name = false WHERE id = $1`)
	unknown := fault.New(fault.NotFound, "company.unknown")
	if _, err := r.Company(t.Context(), "ganok"); !errors.Is(err, unknown) {
		t.Errorf("a company that does not show itself: %v", err)
	}
	if _, err := r.CompanyLogo(t.Context(), "ganok"); err == nil {
		t.Error("and its logo is seen")
	}
	w.Pledge(c, id, 10_000, "named")
	if k, err = r.Company(t.Context(), "ganok"); err != nil || len(k.Memberships) != 0 || len(k.Gifts) != 1 {
		t.Errorf("beside its named gift: %+v, %v", k, err)
	}
}
