package member_test

import (
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

const appSecret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

// weavers is a company of an owner, a payer with a second factor, and a viewer.
type weavers struct {
	t                             *testing.T
	db, root                      *sqlx.DB
	company, owner, payer, viewer string
}

func newWeavers(t *testing.T) *weavers {
	t.Helper()
	w := &weavers{t: t}
	w.db, w.root = pgtest.Both(t)
	w.owner, w.payer, w.viewer = person(t, w.db, "owner@example.org", ""), person(t, w.db, "payer@example.org", ""), person(t, w.db, "viewer@example.org", "")
	err := in(t, w.db, func(tx *sqlx.Tx) (err error) {
		if w.company, err = member.AddCompany(t.Context(), tx, noon, member.Company{Slug: "weavers", Name: member.Text{UK: "Ткачі", EN: "Weavers"}}); err != nil {
			return err
		}
		for id, role := range map[string]member.CompanyRole{w.owner: member.Owner, w.payer: member.Payer, w.viewer: member.Viewer} {
			if err := member.GiveCompanyRole(t.Context(), tx, id, w.company, role); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.arm(w.payer)
	return w
}

func (w *weavers) arm(person string) {
	w.t.Helper()
	err := in(w.t, w.db, func(tx *sqlx.Tx) error {
		return member.GiveAuthenticator(w.t.Context(), tx, vault(w.t), noon, person, appSecret)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *weavers) ask(by string, asked bool) error {
	return member.AskFactor(w.t.Context(), w.db, clock.At(noon), "https://help.example.org", w.company, by, asked)
}

// asks tells what the database says of the company.
func (w *weavers) asks() bool {
	w.t.Helper()
	p, err := member.PersonByID(w.t.Context(), w.db, w.viewer)
	if err != nil {
		w.t.Fatal(err)
	}
	return p.Companies[0].AsksFactor
}

// A company asks for a second factor when an owner says so who has one. The others are told
// once, each what there is to do, and it is on record.
func TestAnOwnerAsksForASecondFactor(t *testing.T) {
	t.Parallel()
	w := newWeavers(t)
	stranger := person(t, w.db, "stranger@example.org", "")
	wantFault(t, w.ask(w.payer, true), fault.Forbidden, "company.owners_only")
	wantFault(t, w.ask(stranger, true), fault.NotFound, "company.unknown")
	wantFault(t, w.ask(w.owner, true), fault.Invalid, "company.factor_first")
	if w.asks() {
		t.Fatal("a refused wish counts")
	}
	w.arm(w.owner)
	for range 2 { // the second finds nothing to do
		if err := w.ask(w.owner, true); err != nil {
			t.Fatal(err)
		}
	}
	if !w.asks() {
		t.Fatal("the company does not ask")
	}
	var told []struct{ Recipient, Text string }
	if err := w.root.Select(&told, `SELECT recipient, text_body AS text FROM letters ORDER BY recipient`); err != nil || len(told) != 2 {
		t.Fatalf("%d letters, %v", len(told), err)
	}
	if told[0].Recipient != "payer@example.org" || strings.Contains(told[0].Text, "/account/authenticator") || !strings.Contains(told[1].Text, "https://help.example.org/account/authenticator") {
		t.Errorf("who has one, and who has none, are told: %+v", told)
	}
	wantFault(t, w.ask(w.payer, false), fault.Forbidden, "company.owners_only")
	if err := w.ask(w.owner, false); err != nil || w.asks() {
		t.Errorf("switched off, it asks: %v, %v", w.asks(), err)
	}
	var acts []string
	if err := w.root.Select(&acts, `SELECT act FROM audit_acts WHERE subject = $1 AND person_id = $2 ORDER BY id`, "company:"+w.company, w.owner); err != nil || strings.Join(acts, " ") != "company.factor-asked company.factor-ended" {
		t.Errorf("on record is %q, %v", acts, err)
	}
}

// What Go says kindly the schema keeps: an owner chooses, with a factor of their own, each
// choice changes something, and none is undone.
func TestSchemaKeepsWhoAsksForAFactor(t *testing.T) {
	t.Parallel()
	w := newWeavers(t)
	choose := func(by string, asked bool) string {
		_, err := w.db.Exec(`INSERT INTO company_factor_choices (company_id, asked, person_id, chosen_at) VALUES ($1, $2, $3, now())`, w.company, asked, by)
		if err == nil {
			return ""
		}
		return pg.Constraint(err)
	}
	for _, c := range []struct {
		name, by, want string
		asked          bool
	}{
		{"a payer asks", w.payer, "company_factor_choices_by_owner", true},
		{"an owner without one asks", w.owner, "company_factor_choices_of_who_has_one", true},
		{"an owner ends what was never asked", w.owner, "company_factor_choices_change", false},
	} {
		if got := choose(c.by, c.asked); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	w.arm(w.owner)
	if got := choose(w.owner, true); got != "" {
		t.Fatalf("an owner with one is refused by %q", got)
	}
	for _, change := range []string{`UPDATE company_factor_choices SET asked = false`, `DELETE FROM company_factor_choices`} {
		if _, err := w.root.Exec(change); err == nil {
			t.Errorf("%s is taken", change)
		}
	}
}

// Of two who switch it at one moment neither is told twice, and nobody is refused.
func TestTwoOwnersAskAtOnce(t *testing.T) {
	t.Parallel()
	w := newWeavers(t)
	w.arm(w.owner)
	done := make(chan error)
	for range 4 {
		go func() { done <- w.ask(w.owner, true) }()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	var choices, letters int
	if err := w.root.QueryRow(`SELECT (SELECT count(*) FROM company_factor_choices), (SELECT count(*) FROM letters)`).Scan(&choices, &letters); err != nil || choices != 1 || letters != 2 {
		t.Errorf("%d choices and %d letters, %v", choices, letters, err)
	}
}

// Without the factor a person is of no cluster and of no company that asks for one.
func TestWithoutAFactorOnlyWhatAsksForNoneIsLeft(t *testing.T) {
	t.Parallel()
	all := member.Person{
		Companies: []member.CompanyPost{{CompanyID: "1", AsksFactor: true}, {CompanyID: "2"}, {CompanyID: "3", AsksFactor: true}}, Clusters: []member.ClusterPost{{ClusterID: "4"}},
	}
	left := all.WithoutFactor()
	if len(left.Companies) != 1 || left.Companies[0].CompanyID != "2" || len(left.Withheld) != 2 || left.Clusters != nil {
		t.Errorf("left is %+v", left)
	}
	if len(all.Companies) != 3 || all.Companies[0].CompanyID != "1" || all.Withheld != nil {
		t.Errorf("the person is changed: %+v", all)
	}
}
