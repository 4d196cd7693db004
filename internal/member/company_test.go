package member_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
)

func world(t *testing.T) *gatewaytest.World {
	t.Helper()
	return gatewaytest.NewWorld(t, clock.At(noon), "USD")
}

func day(s string) time.Time {
	d, ok := member.ParseDay(s)
	if !ok {
		panic(s)
	}
	return d
}

// The codes of three state bodies and a bank, which anybody can look up, and what a slip of
// the hand makes of one.
func TestCodesOfTheRegister(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"14360570", "00032129", "00034022", "00032112"} {
		if !member.ValidEDRPOU(code) {
			t.Errorf("%s is not taken", code)
		}
	}
	for _, code := range []string{"", "14360571", "41360570", "1436057", "143605700", "1436O570", "１４３６０５７０", "-1436057"} {
		if member.ValidEDRPOU(code) {
			t.Errorf("%q is taken", code)
		}
	}
}

// Go says it kindly and the schema keeps it, so that both must mean the same.
func TestTheSchemaChecksCodesAlike(t *testing.T) {
	t.Parallel()
	w := world(t)
	var all []struct {
		Code string
		Fits bool
	}
	err := w.DB.Select(&all, `SELECT c.code, edrpou_fits(c.code) AS fits
		FROM generate_series(0, 99999999, 31237) n, LATERAL (SELECT lpad(n::text, 8, '0') AS code) c`)
	if err != nil {
		t.Fatal(err)
	}
	fit := 0
	for _, one := range all {
		if got := member.ValidEDRPOU(one.Code); got != one.Fits {
			t.Errorf("%s: Go says %t, the schema %t", one.Code, got, one.Fits)
		}
		if one.Fits {
			fit++
		}
	}
	if fit < 100 || fit > len(all)/5 {
		t.Errorf("%d of %d codes fit", fit, len(all))
	}
	_, err = w.Owner.Exec(`UPDATE companies SET official_id = '14360571' WHERE id = $1`, w.Company)
	if got := pg.Constraint(err); got != "companies_edrpou" {
		t.Errorf("a wrong code is refused by %q, %v", got, err)
	}
}

func TestOneCompanyHasOneNumber(t *testing.T) {
	t.Parallel()
	w := world(t)
	err := member.SetOfficial(t.Context(), w.DB, w.Now, w.Coordinator, member.Company{ID: w.Company, Name: member.Text{UK: " Ґанок  Софт "}, OfficialID: "1436 0570"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := member.CompanyOfCluster(t.Context(), w.DB, w.Company, w.Approver)
	if err != nil || c.Name.UK != "Ґанок Софт" || c.Name.EN != "Ґанок Софт" || c.OfficialID != "14360570" || c.Country != "UA" {
		t.Errorf("%+v, %v", c, err)
	}
	var detail string
	if err := w.Owner.Get(&detail, `SELECT detail #>> '{official_id,after}' FROM audit_acts WHERE act = 'company.facts-changed'`); err != nil || detail != "14360570" {
		t.Errorf("on record: %q, %v", detail, err)
	}
	for name, refused := range map[string]error{
		"number of another": in(t, w.DB, func(tx *sqlx.Tx) error {
			_, err := member.AddCompany(t.Context(), tx, noon, member.Company{Slug: "twin", Name: member.Text{UK: "Т", EN: "T"}, OfficialID: "14360570"})
			return err
		}),
		"approver":         member.SetOfficial(t.Context(), w.DB, w.Now, w.Approver, member.Company{ID: w.Company, Name: member.Text{UK: "Х"}}),
		"another cluster":  member.SetOfficial(t.Context(), w.DB, w.Now, w.Stranger, member.Company{ID: w.Company, Name: member.Text{UK: "Х"}}),
		"the company":      member.SetOfficial(t.Context(), w.DB, w.Now, w.CompanyOwner, member.Company{ID: w.Company, Name: member.Text{UK: "Х"}}),
		"no name":          member.SetOfficial(t.Context(), w.DB, w.Now, w.Coordinator, member.Company{ID: w.Company}),
		"a very long name": member.SetOfficial(t.Context(), w.DB, w.Now, w.Coordinator, member.Company{ID: w.Company, Name: member.Text{UK: strings.Repeat("ї", 100_000)}}),
		"a turned name":    member.SetOfficial(t.Context(), w.DB, w.Now, w.Coordinator, member.Company{ID: w.Company, Name: member.Text{UK: "Ґанок\u202e"}}),
	} {
		f, ok := fault.As(refused)
		want := map[string]string{
			"number of another": "company.official_id_taken", "approver": "company.coordinators_only", "another cluster": "company.unknown", "the company": "company.unknown",
			"no name": "company.name_missing", "a very long name": "text.too_long", "a turned name": "text.hidden_characters",
		}[name]
		if !ok || f.Key != want {
			t.Errorf("%s: %v, want %s", name, refused, want)
		}
	}
}

// A company is one thing to a cluster at a time, and may be something to several clusters.
func TestMembershipsDoNotOverlap(t *testing.T) {
	t.Parallel()
	w := world(t)
	var lviv string
	if err := w.Owner.Get(&lviv, `SELECT id FROM clusters WHERE slug = 'lviv-it'`); err != nil {
		t.Fatal(err)
	}
	enrol := func(cluster, kind, since string) error {
		return in(t, w.DB, func(tx *sqlx.Tx) error {
			return member.Enrol(t.Context(), tx, w.Company, member.Membership{ClusterID: cluster, Kind: kind, Since: day(since)})
		})
	}
	wantFault(t, enrol(w.Cluster, "business-partner", "2026-03-01"), fault.Invalid, "membership.overlaps")
	wantFault(t, enrol(w.Cluster, "business-partner", "2019-03-01"), fault.Invalid, "membership.overlaps") // open, it runs into the other
	wantFault(t, enrol(w.Cluster, "friend", "2019-03-01"), fault.Invalid, "membership.kind")
	if err := enrol(lviv, "member", "2019-03-01"); err != nil {
		t.Error(err)
	}
	_, err := w.Owner.Exec(`INSERT INTO memberships (company_id, cluster_id, kind, since) VALUES ($1, $2, 'member', '2010-01-01')`, w.Company, w.Cluster)
	if got := pg.Constraint(err); got != "memberships_one_at_a_time" {
		t.Errorf("the schema refuses by %q, %v", got, err)
	}

	change := func(kind, on string) error {
		return member.ChangeMembership(t.Context(), w.DB, w.Now, w.Company, w.Cluster, w.Coordinator, kind, day(on))
	}
	wantFault(t, change("business-partner", "2001-01-01"), fault.Invalid, "membership.order")
	if err := change("business-partner", "2026-02-01"); err != nil {
		t.Fatal(err)
	}
	if err := change("", "2026-02-15"); err != nil {
		t.Fatal(err)
	}
	wantFault(t, change("", "2026-02-16"), fault.Conflict, "membership.none_to_end")
	all, err := member.MembershipsOf(t.Context(), w.DB, w.Company)
	if err != nil || len(all) != 3 || all[0].Kind != "business-partner" || all[0].Open() || all[1].Until.Format(time.DateOnly) != "2026-02-01" {
		t.Errorf("%+v, %v", all, err)
	}
	wantFault(t, member.ChangeMembership(t.Context(), w.DB, w.Now, w.Company, w.Cluster, w.Approver, "member", day("2026-03-01")), fault.Forbidden, "company.coordinators_only")
}

// A relocation adds a line to a company's history and takes none away.
func TestAddressesAreAHistory(t *testing.T) {
	t.Parallel()
	w := world(t)
	moved := func(person string, a member.Address) error {
		return member.Moved(t.Context(), w.DB, w.Now, w.Company, person, a)
	}
	at := func(kind, place, since string) member.Address {
		return member.Address{Kind: kind, Country: "UA", Place: place, Since: day(since)}
	}
	for _, a := range []member.Address{at("registered", "Харків", "2015-01-01"), at("relocated", "Львів", "2022-03-05"), at("relocated", "Ужгород", "2022-06-01")} {
		if err := moved(w.CompanyOwner, a); err != nil {
			t.Fatal(err)
		}
	}
	if err := moved(w.Coordinator, at("relocated", "Харків", "2024-05-01")); err != nil {
		t.Fatal(err)
	}
	wantFault(t, moved(w.CompanyOwner, at("relocated", "Київ", "2022-05-01")), fault.Invalid, "address.order")
	wantFault(t, moved(w.CompanyOwner, at("relocated", "Київ", "2031-05-01")), fault.Invalid, "address.since")
	wantFault(t, moved(w.Viewer, at("relocated", "Київ", "2025-05-01")), fault.Forbidden, "company.owners_only")
	wantFault(t, moved(w.Stranger, at("relocated", "Київ", "2025-05-01")), fault.NotFound, "company.unknown")
	all, err := member.AddressesOf(t.Context(), w.DB, w.Company)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, a := range all {
		until := "…"
		if a.Until != nil {
			until = a.Until.Format(time.DateOnly)
		}
		said = append(said, fmt.Sprintf("%s %s–%s", a.Place, a.Since.Format(time.DateOnly), until))
	}
	want := "Харків 2024-05-01–…; Ужгород 2022-06-01–2024-05-01; Львів 2022-03-05–2022-06-01; Харків 2015-01-01–…"
	if got := strings.Join(said, "; "); got != want {
		t.Errorf("history is\n%s, want\n%s", got, want)
	}
	for _, query := range []string{
		`UPDATE company_addresses SET place = 'Київ'`, `UPDATE company_addresses SET until = NULL WHERE until IS NOT NULL`, `DELETE FROM company_addresses`,
		`UPDATE company_addresses SET until = '2026-01-01', place = 'x' WHERE until IS NULL`,
	} {
		if _, err := w.Owner.Exec(query); pg.Code(err) != "LG004" {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// The consent of a company is on record, and only an owner gives it.
func TestProfileIsTheOwners(t *testing.T) {
	t.Parallel()
	w := world(t)
	p, err := member.CompanyFor(t.Context(), w.DB, "ganok", w.CompanyOwner)
	if err != nil {
		t.Fatal(err)
	}
	p.About.UK, p.Site, p.Shows = "Пишемо програми.", "ganok.example", member.Shows{Name: true, Site: true}
	if err := member.SetProfile(t.Context(), w.DB, w.Now, w.CompanyOwner, p); err != nil {
		t.Fatal(err)
	}
	var record string
	err = w.Owner.Get(&record, `SELECT concat_ws(' ', person_id, detail #>> '{shows_about,before}', detail #>> '{shows_about,after}', detail #>> '{site,after}') FROM audit_acts WHERE act = 'company.profile-changed'`)
	if want := w.CompanyOwner + " true false https://ganok.example"; err != nil || record != want {
		t.Errorf("on record: %q, %v", record, err)
	}
	wantFault(t, member.SetProfile(t.Context(), w.DB, w.Now, w.Payer, p), fault.Forbidden, "company.owners_only")
	wantFault(t, member.SetProfile(t.Context(), w.DB, w.Now, w.Stranger, p), fault.NotFound, "company.unknown")
	for _, site := range []string{"javascript:alert(1)", "https://a@b.example", "ftp://x.example", "https://x.example/\u202e", "//", "https://" + strings.Repeat("x", 300), "https://x.example/<b>"} {
		p.Site = site
		if f, _ := fault.As(member.SetProfile(t.Context(), w.DB, w.Now, w.CompanyOwner, p)); f == nil || f.Field != "site" {
			t.Errorf("%q is taken", site)
		}
	}
	// Cyrillic letters that look like Latin ones are shown as what they are.
	if site, err := member.CleanSite("https://аррӏе.com/x"); err != nil || site != "https://xn--80ak6aa92e.com/x" {
		t.Errorf("a look-alike is kept as %q, %v", site, err)
	}
}

// together runs an act many times at one moment and returns what came of each.
func together(n int, act func(i int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = act(i) })
	}
	all.Wait()
	return errs
}
