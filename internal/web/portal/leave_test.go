package portal_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Nobody is out of a company by one press: what happens is told first.
func TestWhoLeavesACompanyIsAskedFirst(t *testing.T) {
	t.Parallel()
	r := open(t)
	const ours = "/portal/companies/ganok"
	viewer := r.house.As(r.Viewer)
	if a := viewer.Get(ours + "/team").Wants(http.StatusOK); a.Attr("main .crew a", "href") != ours+"/leave" {
		t.Errorf("the way out leads to %q", a.Attr("main .crew a", "href"))
	}
	viewer.Post(ours+"/team/"+r.Viewer, url.Values{"role": {"none"}}).LeadsTo(ours + "/leave")
	viewer.Get(ours+"/leave").Wants(http.StatusOK).Says("main", "history keeps your name")
	viewer.Get(ours + "/team").Wants(http.StatusOK) // nothing has happened yet

	viewer.Post(ours+"/leave", url.Values{}).LeadsTo("/")
	viewer.Get(ours + "/team").Wants(http.StatusNotFound)
	if n := r.Count("audit_acts WHERE act LIKE 'person.%' AND person_id = $1", r.Viewer); n == 0 {
		t.Error("nobody can tell that somebody left")
	}
}

// The last owner is told why not, and what to do.
func TestTheLastOwnerCannotLeave(t *testing.T) {
	t.Parallel()
	r := open(t)
	const ours = "/portal/companies/ganok"
	owner := r.house.As(r.CompanyOwner)
	if a := owner.Get(ours+"/leave").Wants(http.StatusOK).Says("main", "last owner"); a.Has("main form") {
		t.Error("the last owner is offered to leave")
	}
	owner.Post(ours+"/leave", url.Values{}).Wants(http.StatusConflict).Says("main", "last owner")
	owner.Post(ours+"/team/"+r.Payer, url.Values{"role": {"owner"}}).LeadsTo(ours + "/team?notice=role")
	owner.Post(ours+"/leave", url.Values{}).LeadsTo("/")
	r.house.As(r.Stranger).Post(ours+"/leave", url.Values{}).Wants(http.StatusNotFound)
}

// Owners see beside a colleague that letters do not arrive; others have nothing to do with it.
func TestOwnersSeeWhoseLettersComeBack(t *testing.T) {
	t.Parallel()
	r := open(t)
	const team = "/portal/companies/ganok/team"
	_, err := r.Owner.Exec(`WITH l AS (INSERT INTO letters (id, key, name, lang, recipient, subject, text_body, html_body, queued_at) VALUES (gen_random_uuid(), 'a', 'reminder', 'uk', 'payer@example.org', 'S', 'T', 'H', now()) RETURNING id)
		INSERT INTO address_bounces (id, address, letter_id, marked_by, reason, marked_at) SELECT gen_random_uuid(), 'payer@example.org', id, $1, 'No mailbox', now() FROM l`, r.Coordinator)
	if err != nil {
		t.Fatal(err)
	}
	r.house.As(r.CompanyOwner).Get(team).Wants(http.StatusOK).Says(".crew", "payer@example.org · letters come back")
	if page := r.house.As(r.Viewer).Get(team).Wants(http.StatusOK); strings.Contains(page.Body, "come back") {
		t.Error("a viewer is told")
	}
}
