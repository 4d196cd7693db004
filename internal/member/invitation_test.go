package member_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
)

const home = "https://help.example.org"

// invited lets the company's owner invite somebody and returns the token of the link.
func invited(t *testing.T, w *gatewaytest.World, email, role string) string {
	t.Helper()
	link, err := member.Invite{Place: member.Place{CompanyID: w.Company}, Role: role, Email: email, Lang: "uk", By: w.CompanyOwner}.Send(t.Context(), w.DB, w.Now, home)
	if err != nil {
		t.Fatal(err)
	}
	token, ok := strings.CutPrefix(link, home+"/invitations/")
	if token, _, _ = strings.Cut(token, "?lang="); !ok {
		t.Fatalf("the link is %q", link)
	}
	return token
}

func accept(t *testing.T, w *gatewaytest.World, a member.Acceptance) error {
	t.Helper()
	_, err := member.Accept(t.Context(), w.DB, w.Now, a)
	return err
}

func role(t *testing.T, w *gatewaytest.World, email string) string {
	t.Helper()
	var all []string
	if err := w.Owner.Select(&all, `SELECT r.role FROM company_roles r JOIN people p ON p.id = r.person_id WHERE p.email = $1 AND r.company_id = $2`, email, w.Company); err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func lettersTo(t *testing.T, w *gatewaytest.World, to string) []string {
	t.Helper()
	var all []string
	if err := w.Owner.Select(&all, `SELECT text_body FROM letters WHERE recipient = $1 ORDER BY queued_at, id`, to); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSomebodyNewComesIn(t *testing.T) {
	t.Parallel()
	w := world(t)
	token := invited(t, w, " New@Example.org ", "payer")
	if got := lettersTo(t, w, "new@example.org"); len(got) != 1 || !strings.Contains(got[0], "/invitations/"+token) || !strings.Contains(got[0], "Ганок") {
		t.Errorf("letters: %q", got)
	}
	var kept int
	if err := w.Owner.Get(&kept, `SELECT count(*) FROM invitations WHERE encode(token_hash, 'escape') LIKE '%' || $1 || '%' OR invitations::text LIKE '%' || $1 || '%'`, token); err != nil || kept > 0 {
		t.Errorf("the token itself is kept: %d, %v", kept, err)
	}
	wantFault(t, accept(t, w, member.Acceptance{Token: token, Name: "Нова Людина", Password: "short"}), fault.Invalid, "person.password_short")
	wantFault(t, accept(t, w, member.Acceptance{Token: token, Name: " ", Password: password}), fault.Invalid, "person.name_missing")
	if err := accept(t, w, member.Acceptance{Token: token, Name: "Нова Людина", Password: password}); err != nil {
		t.Fatal(err)
	}
	if got := role(t, w, "new@example.org"); got != "payer" {
		t.Errorf("role = %q", got)
	}
	if _, err := signIn(t, w.DB, noon, "new@example.org", password, host); err != nil {
		t.Error(err)
	}
	wantFault(t, accept(t, w, member.Acceptance{Token: token, Name: "Інша", Password: password}), fault.Conflict, "invitation.used")
	if got := lettersTo(t, w, "owner@example.org"); len(got) != 1 || !strings.Contains(got[0], "Нова Людина") {
		t.Errorf("who invited reads %q", got)
	}
}

// A link works once, however many hands it is in.
func TestOfTwoWhoAcceptAtOnceOneDoes(t *testing.T) {
	t.Parallel()
	w := world(t)
	token := invited(t, w, "new@example.org", "viewer")
	errs := together(4, func(int) error {
		_, err := member.Accept(t.Context(), w.DB, w.Now, member.Acceptance{Token: token, Name: "Нова Людина", Password: password})
		return err
	})
	in := 0
	for _, err := range errs {
		if err == nil {
			in++
			continue
		}
		wantFault(t, err, fault.Conflict, "invitation.used")
	}
	if in != 1 || w.Count("invitation_ends") != 1 {
		t.Errorf("%d of 4 came in, %d ends", in, w.Count("invitation_ends"))
	}
}

func TestInvitationsThatDoNotWork(t *testing.T) {
	t.Parallel()
	w := world(t)
	try := func(token string, at time.Time) error {
		_, err := member.Accept(t.Context(), w.DB, clock.At(at), member.Acceptance{Token: token, Name: "Нова", Password: password})
		return err
	}
	token := invited(t, w, "new@example.org", "viewer")
	wantFault(t, try(token, noon.AddDate(0, 0, member.InvitationDays)), fault.Conflict, "invitation.expired")
	second := invited(t, w, "new@example.org", "viewer") // sent again: the former link is over
	wantFault(t, try(token, noon), fault.Conflict, "invitation.revoked")

	waiting, err := member.WaitingInvitations(t.Context(), w.DB, member.Place{CompanyID: w.Company})
	if err != nil || len(waiting) != 1 {
		t.Fatalf("%+v, %v", waiting, err)
	}
	end := func(person string) error {
		return member.EndInvitation(t.Context(), w.DB, w.Now, waiting[0].ID, person)
	}
	wantFault(t, end(w.Stranger), fault.NotFound, "invitation.unknown")
	wantFault(t, end(w.Payer), fault.Forbidden, "company.owners_only")
	if err := end(w.CompanyOwner); err != nil {
		t.Fatal(err)
	}
	wantFault(t, end(w.CompanyOwner), fault.Conflict, "invitation.over")
	wantFault(t, member.Resend(t.Context(), w.DB, w.Now, home, waiting[0].ID, w.CompanyOwner), fault.Conflict, "invitation.over")
	wantFault(t, try(second, noon), fault.Conflict, "invitation.revoked")
	for _, none := range []string{"", "x", strings.Repeat("A", 43), strings.Repeat("=", 43), second[:42], second + "A", "' OR 1=1"} {
		wantFault(t, try(none, noon), fault.NotFound, "invitation.unknown")
	}
}

// Whose address is known here proves who they are by signing in; the letter alone is not
// enough, and neither is somebody else's session.
func TestAKnownAddressHasToSignIn(t *testing.T) {
	t.Parallel()
	w := world(t)
	known := person(t, w.DB, "known@example.org", password)
	token := invited(t, w, "known@example.org", "payer")
	wantFault(t, accept(t, w, member.Acceptance{Token: token, Name: "Зайда", Password: "another password"}), fault.Unauthorized, "invitation.sign_in")
	wantFault(t, accept(t, w, member.Acceptance{Token: token, PersonID: w.Stranger}), fault.Forbidden, "invitation.other_person")
	if err := accept(t, w, member.Acceptance{Token: token, PersonID: known}); err != nil {
		t.Fatal(err)
	}
	if _, err := signIn(t, w.DB, noon, "known@example.org", password, host); err != nil {
		t.Errorf("the password has changed: %v", err)
	}
	token = invited(t, w, "fresh@example.org", "payer")
	wantFault(t, accept(t, w, member.Acceptance{Token: token, PersonID: known, Name: "x", Password: password}), fault.Forbidden, "invitation.other_person")
}

// Somebody who signs in without a password has a way in all the same: whoever holds the
// link, and not the passkey, chooses no password for them.
func TestAPasskeyOrAnIssuerIsAWayToSignIn(t *testing.T) {
	t.Parallel()
	w := world(t)
	for email, give := range map[string]string{
		"passkey@example.org": `INSERT INTO passkeys (id, person_id, credential_id, credential, name, made_at) VALUES (gen_random_uuid(), $1, '\x01', '{}', 'Phone', now())`,
		"issuer@example.org":  `INSERT INTO issuer_links (issuer, subject, person_id, linked_at) VALUES ('google', '1', $1, now())`,
	} {
		known := person(t, w.DB, email, "")
		if _, err := w.Owner.Exec(give, known); err != nil {
			t.Fatal(err)
		}
		token := invited(t, w, email, "payer")
		wantFault(t, accept(t, w, member.Acceptance{Token: token, Name: "Зайда", Password: password}), fault.Unauthorized, "invitation.sign_in")
		if err := accept(t, w, member.Acceptance{Token: token, PersonID: known}); err != nil {
			t.Errorf("%s: %v", email, err)
		}
	}
}

func TestWhoMayInviteWhom(t *testing.T) {
	t.Parallel()
	w := world(t)
	send := func(by string, p member.Place, role, email string) error {
		_, err := member.Invite{Place: p, Role: role, Email: email, By: by}.Send(t.Context(), w.DB, w.Now, home)
		return err
	}
	company, cluster := member.Place{CompanyID: w.Company}, member.Place{ClusterID: w.Cluster}
	wantFault(t, send(w.Payer, company, "owner", "x@example.org"), fault.Forbidden, "company.owners_only")
	wantFault(t, send(w.Stranger, company, "owner", "x@example.org"), fault.NotFound, "company.unknown")
	wantFault(t, send(w.Coordinator, company, "owner", "x@example.org"), fault.Forbidden, "invitation.has_owner")
	wantFault(t, send(w.Coordinator, cluster, "admin", "x@example.org"), fault.Forbidden, "cluster.admins_only")
	wantFault(t, send(w.Payer, cluster, "admin", "x@example.org"), fault.NotFound, "cluster.unknown")
	wantFault(t, send(w.CompanyOwner, company, "admin", "x@example.org"), fault.Invalid, "invitation.role")
	wantFault(t, send(w.CompanyOwner, company, "viewer", "payer@example.org"), fault.Invalid, "invitation.there_already")
	wantFault(t, send(w.CompanyOwner, company, "viewer", "аdmin@example.org"), fault.Invalid, "person.email_letters") // its first letter is Cyrillic
	wantFault(t, send(w.CompanyOwner, company, "viewer", "admin@exаmple.org"), fault.Invalid, "person.email_letters")
	wantFault(t, send(w.CompanyOwner, company, "viewer", "admin@xn--a.org"), fault.Invalid, "person.email_form")
	wantFault(t, send(w.CompanyOwner, company, "viewer", "admin@localhost"), fault.Invalid, "person.email_form")
	if err := send(w.CompanyOwner, company, "viewer", "admin@xn--80ak6aa92e.com"); err != nil {
		t.Error(err)
	}

	w.Tx(func(tx *sqlx.Tx) error { // a company without people: its coordinator may find it an owner
		_, err := tx.Exec(`DELETE FROM company_roles WHERE role <> 'owner'`)
		return err
	})
	if _, err := w.Owner.Exec(`ALTER TABLE company_roles DISABLE TRIGGER keeps_an_owner; DELETE FROM company_roles; ALTER TABLE company_roles ENABLE ALWAYS TRIGGER keeps_an_owner`); err != nil {
		t.Fatal(err)
	}
	wantFault(t, send(w.Coordinator, company, "payer", "x@example.org"), fault.Invalid, "invitation.owner_first")
	if err := send(w.Coordinator, company, "owner", "x@example.org"); err != nil {
		t.Error(err)
	}
}

// The last one who may let others in must not leave, nor may two turn each other out.
func TestACompanyKeepsAnOwner(t *testing.T) {
	t.Parallel()
	w := world(t)
	set := func(by, whom string, r member.CompanyRole) error {
		return member.SetCompanyRole(t.Context(), w.DB, w.Now, w.Company, by, whom, r)
	}
	wantFault(t, set(w.CompanyOwner, w.CompanyOwner, ""), fault.Conflict, "company.last_owner")
	wantFault(t, set(w.CompanyOwner, w.CompanyOwner, member.Viewer), fault.Conflict, "company.last_owner")
	wantFault(t, set(w.Payer, w.Viewer, member.Payer), fault.Forbidden, "company.owners_only")
	wantFault(t, set(w.Stranger, w.Viewer, member.Payer), fault.NotFound, "company.unknown")
	wantFault(t, set(w.CompanyOwner, w.Stranger, member.Payer), fault.NotFound, "person.unknown")
	wantFault(t, set(w.CompanyOwner, "x", member.Payer), fault.NotFound, "person.unknown")
	if err := set(w.Viewer, w.Viewer, ""); err != nil {
		t.Errorf("a viewer may not leave: %v", err)
	}
	if err := set(w.CompanyOwner, w.Payer, member.Owner); err != nil {
		t.Fatal(err)
	}
	if got := lettersTo(t, w, "payer@example.org"); len(got) != 1 {
		t.Errorf("who became an owner reads %q", got)
	}
	for range 5 {
		errs := together(2, func(i int) error {
			return set([]string{w.CompanyOwner, w.Payer}[i], []string{w.Payer, w.CompanyOwner}[i], member.Viewer)
		})
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("both or neither: %v", errs)
		}
		var owners int
		if err := w.Owner.Get(&owners, `SELECT count(*) FROM company_roles WHERE company_id = $1 AND role = 'owner'`, w.Company); err != nil || owners != 1 {
			t.Fatalf("%d owners, %v", owners, err)
		}
		if _, err := w.Owner.Exec(`UPDATE company_roles SET role = 'owner' WHERE company_id = $1`, w.Company); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.DB.Exec(`DELETE FROM company_roles WHERE company_id = $1`, w.Company)
	if got := pg.Constraint(err); got != "company_roles_last_owner" {
		t.Errorf("the schema refuses by %q, %v", got, err)
	}
}

func TestAClusterKeepsAnAdmin(t *testing.T) {
	t.Parallel()
	w := world(t)
	w.Tx(func(tx *sqlx.Tx) error {
		return member.GiveClusterRole(t.Context(), tx, w.Approver, w.Cluster, member.Admin)
	})
	take := func(by, whom string, r member.ClusterRole) error {
		return member.TakeRole(t.Context(), w.DB, w.Now, w.Cluster, by, whom, r)
	}
	wantFault(t, take(w.Approver, w.Approver, member.Admin), fault.Conflict, "cluster.last_admin")
	wantFault(t, take(w.Coordinator, w.Approver, member.Approver), fault.Forbidden, "cluster.admins_only")
	wantFault(t, take(w.Stranger, w.Approver, member.Approver), fault.NotFound, "cluster.unknown")
	wantFault(t, take(w.Approver, w.Stranger, member.Approver), fault.NotFound, "person.unknown")
	give := func(by, whom string, r member.ClusterRole) error {
		return member.GiveRole(t.Context(), w.DB, w.Now, w.Cluster, by, whom, r)
	}
	wantFault(t, give(w.Coordinator, w.Coordinator, member.Admin), fault.Forbidden, "cluster.admins_only")
	wantFault(t, give(w.Approver, w.Stranger, member.Admin), fault.NotFound, "person.unknown")
	if err := give(w.Approver, w.Coordinator, member.Admin); err != nil {
		t.Fatal(err)
	}
	errs := together(2, func(i int) error {
		return take([]string{w.Coordinator, w.Approver}[i], []string{w.Approver, w.Coordinator}[i], member.Admin)
	})
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("both or neither: %v", errs)
	}
	people, err := member.PeopleOf(t.Context(), w.DB, w.Cluster)
	if err != nil || len(people) != 2 {
		t.Errorf("%+v, %v", people, err)
	}
	var since *time.Time
	if err := w.Owner.Get(&since, `SELECT roles_changed_at FROM people WHERE id = $1`, w.Coordinator); err != nil || since == nil {
		t.Errorf("nobody can see that the roles changed: %v, %v", since, err)
	}
}
