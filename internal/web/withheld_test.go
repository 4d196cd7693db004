package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/member"
)

// another makes somebody act for one more company, and returns its id.
func (h *house) another(email, slug string) (id string) {
	h.t.Helper()
	h.Tx(func(tx *sqlx.Tx) error {
		person, err := member.PersonByEmail(h.t.Context(), tx, email)
		if err != nil {
			return err
		}
		if id, err = member.AddCompany(h.t.Context(), tx, h.Now(), member.Company{Slug: slug, Name: member.Text{UK: slug, EN: slug}}); err != nil {
			return err
		}
		return member.GiveCompanyRole(h.t.Context(), tx, person, id, member.Owner)
	})
	return id
}

// asksFactor has the company of the bench ask for a second factor, by an owner who has one.
func (h *house) asksFactor() {
	h.t.Helper()
	h.Tx(func(tx *sqlx.Tx) error {
		boss, err := member.AddPerson(h.t.Context(), tx, h.Now(), "boss@example.org", "Boss", "")
		if err != nil {
			return err
		}
		if err := member.GiveCompanyRole(h.t.Context(), tx, boss, h.Company, member.Owner); err != nil {
			return err
		}
		if err := member.GiveAuthenticator(h.t.Context(), tx, h.vault, h.Now(), boss, secret); err != nil {
			return err
		}
		_, err = tx.ExecContext(h.t.Context(), `INSERT INTO company_factor_choices (company_id, asked, person_id, chosen_at) VALUES ($1, true, $2, now())`, h.Company, boss)
		return err
	})
}

// Whom a company asks for a second factor is led to it from every address of the company,
// whether or not they act for another that asks for none: that one they see all the time. A
// new address is asked by itself, and what it names has to be thought about.
func TestACompanyThatAsksForAFactorIsClosedWithoutOne(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.seat()
	h.letIn()
	all := h.things()
	one, two := h.visitor("owner@example.org"), h.visitor("payer@example.org") // both were in before
	h.another("payer@example.org", "open")
	if res, _ := h.ask(one, http.MethodGet, "/portal/companies/ganok", ""); res.StatusCode != http.StatusOK {
		t.Fatalf("before, the company answers its owner with %d", res.StatusCode)
	}
	h.asksFactor()

	forms, asked, pledges := h.forms(), 0, h.Count("pledges")
	for name, path := range h.addresses() {
		if !strings.HasPrefix(path, "/portal") {
			continue
		}
		asked++
		method, _, _ := strings.Cut(name, " ")
		for who, browser := range map[string]*http.Client{"of this company alone": one, "of another too": two} {
			address := all.at(path)
			res, body := h.ask(browser, method, address, forms[name])
			led := res.StatusCode == http.StatusSeeOther && strings.HasPrefix(res.Header.Get("Location"), "/account/authenticator?next=")
			// These name no company, and show what the visitor has elsewhere.
			apart := who == "of another too" && (path == "/portal" || path == "/portal/pledges/new" || name == "GET /portal/pledges")
			if led == apart || apart && strings.Contains(body, "Ganok") && path != "/portal" {
				t.Errorf("%s, %s: %d to %q", name, who, res.StatusCode, res.Header.Get("Location"))
			}
		}
	}
	if asked < 40 {
		t.Errorf("only %d addresses were asked: the question is empty", asked)
	}
	if n := h.Count("pledges"); n != pledges {
		t.Errorf("%d pledges were made", n-pledges)
	}
	// What is not there at all looks the same.
	if res, _ := h.ask(two, http.MethodGet, "/portal/companies/nothing-of-this-name", ""); !strings.HasPrefix(res.Header.Get("Location"), "/account/authenticator?next=") {
		t.Errorf("a company that is not there: %d", res.StatusCode)
	}
	for address, want := range map[string]string{"/portal": "open", "/portal/companies/open": "open", "/portal/companies/open/team": "open", "/portal/companies/open/pledges": ""} {
		if res, body := h.ask(two, http.MethodGet, address, ""); res.StatusCode != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s of the company that does not ask: %d", address, res.StatusCode)
		}
	}
	if res, _ := h.ask(two, http.MethodGet, "/account/trail", ""); !strings.HasPrefix(res.Header.Get("Location"), "/account/authenticator?next=") {
		t.Errorf("what they did everywhere: %d", res.StatusCode)
	}
	if res, _ := h.ask(one, http.MethodGet, "/account", ""); res.StatusCode != http.StatusOK {
		t.Errorf("their own account: %d", res.StatusCode)
	}
}

// The way through: an owner without a factor is told to set one up, then asks for it; a
// colleague sets one up at the next request and goes on; the coordinator sees that it is on.
func TestFromAskingForAFactorToWorkingWithOne(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.seat()
	h.letIn()
	const team, act = "/portal/companies/ganok/team", "/portal/companies/ganok/second-factor"
	owner, payer := h.visitor("owner@example.org"), h.visitor("payer@example.org")
	res, body := h.ask(owner, http.MethodPost, act, "asked=yes")
	if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, `href="#factor"`) || !strings.Contains(body, `href="/account/authenticator?next=`+url.QueryEscape(team)+`"`) {
		t.Fatalf("an owner without a factor: %d\n%s", res.StatusCode, body)
	}
	h.setUp(owner)
	if res, _ := h.ask(owner, http.MethodPost, act, "asked=maybe"); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("asked=maybe: %d", res.StatusCode)
	}
	if res, _ := h.ask(owner, http.MethodPost, act, "asked=yes"); res.Header.Get("Location") != team+"?notice=factor-asked" {
		t.Fatalf("with a factor: %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	if _, body := h.ask(owner, http.MethodGet, team+"?notice=factor-asked", "", "Accept-Language", "en"); !strings.Contains(body, "second factor: 1 of 3") || !strings.Contains(body, "no second factor") {
		t.Errorf("the owner does not see who has one:\n%s", body)
	}

	if res, _ := h.ask(payer, http.MethodGet, team, ""); res.Header.Get("Location") != "/account/authenticator?next="+url.QueryEscape(team) {
		t.Fatalf("a colleague is led to %q, %d", res.Header.Get("Location"), res.StatusCode)
	}
	if _, body := h.ask(payer, http.MethodGet, "/account/authenticator", "", "Accept-Language", "en"); !strings.Contains(body, "asks for a second factor") {
		t.Error("the page does not say why")
	}
	h.setUp(payer)
	if res, body := h.ask(payer, http.MethodGet, team, ""); res.StatusCode != http.StatusOK || strings.Contains(body, act) {
		t.Errorf("with a factor, the colleague: %d, or may switch it", res.StatusCode)
	}
	if res, body := h.ask(h.visitor("coordinator@example.org"), http.MethodGet, "/office/companies/"+h.Company, "", "Accept-Language", "en"); res.StatusCode != http.StatusOK || !strings.Contains(body, "asks a second factor of everybody") {
		t.Errorf("the coordinator does not see it: %d", res.StatusCode)
	}
	if res, _ := h.ask(payer, http.MethodPost, act, "asked=no"); res.StatusCode != http.StatusForbidden {
		t.Errorf("a payer switches it off: %d", res.StatusCode)
	}
	if res, _ := h.ask(owner, http.MethodPost, act, "asked=no"); res.Header.Get("Location") != team+"?notice=factor-ended" {
		t.Errorf("switching it off: %d", res.StatusCode)
	}
}

// setUp adds an authenticator app to whom a browser belongs.
func (h *house) setUp(c *http.Client) {
	h.t.Helper()
	_, body := h.ask(c, http.MethodGet, "/account/authenticator", "")
	_, rest, found := strings.Cut(body, `translate="no">`)
	shown, _, _ := strings.Cut(rest, "<")
	code, err := member.CodeAt(strings.ReplaceAll(shown, " ", ""), h.Now())
	if !found || err != nil {
		h.t.Fatalf("no secret is shown: %v", err)
	}
	if res, body := h.ask(c, http.MethodPost, "/account/authenticator", url.Values{"code": {code}}.Encode()); res.StatusCode != http.StatusOK {
		h.t.Fatalf("the app is not taken: %d\n%s", res.StatusCode, body)
	}
}

// A session that has not shown the factor, which its person has set up elsewhere, is asked for
// it in the middle of a form, and nothing that was typed is lost: for who acts for this company
// alone, and for who acts for another too.
func TestAFormThatWaitsForTheCompanysFactor(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.seat()
	h.letIn()
	form := h.forms()["POST /portal/pledges"]
	for _, email := range []string{"owner@example.org", "payer@example.org"} {
		here := h.visitor(email)
		if email == "payer@example.org" {
			h.another(email, "open")
			h.armOne(email)
		} else {
			h.armOne(email)
			h.asksFactor()
		}
		before := h.Count("pledges")
		res, body := h.ask(here, http.MethodPost, "/portal/pledges", form)
		if res.StatusCode != http.StatusUnauthorized || !strings.Contains(body, `value="12.50"`) || !strings.Contains(body, "proof_code") {
			t.Fatalf("%s is answered with %d\n%s", email, res.StatusCode, body)
		}
		if res, _ := h.ask(here, http.MethodPost, "/portal/pledges", form+"&proof_code=000000"); res.StatusCode != http.StatusUnprocessableEntity || h.Count("pledges") != before {
			t.Errorf("%s with a wrong code: %d, %d pledges more", email, res.StatusCode, h.Count("pledges")-before)
		}
		code, err := member.CodeAt(secret, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if res, _ := h.ask(here, http.MethodPost, "/portal/pledges", form+"&proof_code="+code); res.StatusCode != http.StatusSeeOther || h.Count("pledges") != before+1 {
			t.Errorf("%s with the code: %d to %q, %d pledges more", email, res.StatusCode, res.Header.Get("Location"), h.Count("pledges")-before)
		}
		if res, _ := h.ask(here, http.MethodGet, "/portal/companies/ganok", ""); res.StatusCode != http.StatusOK {
			t.Errorf("afterwards %s sees the company with %d", email, res.StatusCode)
		}
	}
}

// armOne gives somebody an authenticator app.
func (h *house) armOne(email string) {
	h.t.Helper()
	h.Tx(func(tx *sqlx.Tx) error {
		person, err := member.PersonByEmail(h.t.Context(), tx, email)
		if err != nil {
			return err
		}
		return member.GiveAuthenticator(h.t.Context(), tx, h.vault, h.Now(), person, secret)
	})
}

// Whoever finds an owner's browser open does not switch the company's factor off.
func TestACompanysFactorIsSwitchedByAFreshOne(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.letIn()
	var late atomic.Int64
	h.serve(func() time.Time { return clock.System().Add(time.Duration(late.Load())) })
	h.armOne("owner@example.org")
	h.asksFactor()
	owner := h.visitor("owner@example.org")
	late.Store(int64(time.Hour))
	const act = "/portal/companies/ganok/second-factor"
	if res, body := h.ask(owner, http.MethodPost, act, "asked=no"); res.StatusCode != http.StatusUnauthorized || !strings.Contains(body, "proof_code") || h.Count("company_factor_choices") != 1 {
		t.Errorf("an hour later: %d", res.StatusCode)
	}
}

// Somebody new, whom such a company invites, is told so by the invitation, and comes to the
// company by way of a second factor.
func TestAnInvitationOfACompanyThatAsksForAFactor(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.letIn()
	h.asksFactor()
	_, token := h.invitation(false)
	var email string
	if err := h.Owner.Get(&email, `SELECT email FROM invitations ORDER BY id DESC LIMIT 1`); err != nil {
		t.Fatal(err)
	}
	guest := h.visitor("")
	if _, body := h.ask(guest, http.MethodGet, "/invitations/"+token, "", "Accept-Language", "en"); !strings.Contains(body, "This company asks for a second factor") {
		t.Error("the invitation does not say so")
	}
	const own = "nine clouds over the bay"
	if res, body := h.ask(guest, http.MethodPost, "/invitations/"+token, url.Values{"name": {"Guest"}, "password": {own}}.Encode()); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("accepting it: %d\n%s", res.StatusCode, body)
	}
	if res, _ := h.ask(guest, http.MethodPost, "/sign-in", url.Values{"email": {email}, "password": {own}, "next": {"/portal"}}.Encode()); res.Header.Get("Location") != "/portal" {
		t.Fatalf("signing in leads to %q", res.Header.Get("Location"))
	}
	if res, _ := h.ask(guest, http.MethodGet, "/portal", ""); res.Header.Get("Location") != "/account/authenticator?next=%2Fportal" {
		t.Errorf("the portal leads to %q", res.Header.Get("Location"))
	}
	h.setUp(guest)
	if res, body := h.ask(guest, http.MethodGet, "/portal", ""); res.StatusCode != http.StatusOK || !strings.Contains(body, "anok") && !strings.Contains(body, "анок") {
		t.Errorf("with a factor the portal answers %d", res.StatusCode)
	}
}
