package member_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/member"
)

func application(w *gatewaytest.World) member.Application {
	return member.Application{
		ClusterID: w.Cluster, Kind: "member", Company: member.Company{Name: member.Text{UK: "Ткацька справа", EN: "Weaving"}, OfficialID: "14360570"},
		Site: "weaving.example", ShowsName: true, PersonName: "Оксана Гончар", Email: "oksana@weaving.example", Lang: "uk", Host: host,
	}
}

func applied(t *testing.T, w *gatewaytest.World, change ...func(*member.Application)) error {
	t.Helper()
	a := application(w)
	for _, c := range change {
		c(&a)
	}
	return member.Apply(t.Context(), w.DB, w.Now, home, a)
}

var confirming = regexp.MustCompile(`/applications/([A-Za-z0-9_-]{43})`)

// confirmed applies, follows the letter's link, and returns the application's id.
func confirmed(t *testing.T, w *gatewaytest.World, change ...func(*member.Application)) string {
	t.Helper()
	if err := applied(t, w, change...); err != nil {
		t.Fatal(err)
	}
	all := lettersTo(t, w, "oksana@weaving.example")
	token := confirming.FindStringSubmatch(all[len(all)-1])
	if token == nil {
		t.Fatalf("no link in %q", all)
	}
	if err := member.ConfirmApplication(t.Context(), w.DB, w.Now, home, token[1]); err != nil {
		t.Fatal(err)
	}
	waiting, err := member.ApplicationsFor(t.Context(), w.DB, w.Coordinator, true, "", 10)
	if err != nil || len(waiting) == 0 {
		t.Fatal(waiting, err)
	}
	return waiting[0].ID
}

func TestACompanyIsTakenIn(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := confirmed(t, w)
	if got := lettersTo(t, w, "coordinator@example.org"); len(got) != 1 || !strings.Contains(got[0], "/office/applications/"+id) {
		t.Errorf("the coordinator reads %q", got)
	}
	decide := func(person string) error {
		_, err := member.AcceptApplication(t.Context(), w.DB, w.Now, home, id, person)
		return err
	}
	wantFault(t, decide(w.Stranger), fault.NotFound, "application.unknown")
	wantFault(t, decide(w.Approver), fault.Forbidden, "company.coordinators_only")
	in := 0
	for _, err := range together(3, func(int) error { return decide(w.Coordinator) }) {
		if err == nil {
			in++
			continue
		}
		wantFault(t, err, fault.Conflict, "application.decided")
	}
	if in != 1 {
		t.Errorf("decided %d times", in)
	}
	wantFault(t, member.RefuseApplication(t.Context(), w.DB, w.Now, home, id, w.Coordinator, "x"), fault.Conflict, "application.decided")

	all := lettersTo(t, w, "oksana@weaving.example")
	link := regexp.MustCompile(`/invitations/([A-Za-z0-9_-]{43})`).FindStringSubmatch(all[len(all)-1])
	if link == nil {
		t.Fatalf("no invitation in %q", all)
	}
	if err := accept(t, w, member.Acceptance{Token: link[1], Name: "Оксана Гончар", Password: password}); err != nil {
		t.Fatal(err)
	}
	p, err := signIn(t, w.DB, noon, "oksana@weaving.example", password, host)
	if err != nil || len(p.Companies) != 1 || p.Companies[0].Role != member.Owner || p.Companies[0].Slug != "weaving" {
		t.Errorf("%+v, %v", p, err)
	}
	c, err := member.CompanyFor(t.Context(), w.DB, "weaving", p.ID)
	if err != nil || c.OfficialID != "14360570" || c.Site != "https://weaving.example" || !c.Shows.Name || c.Shows.Site {
		t.Errorf("%+v, %v", c, err)
	}
}

// Whoever names another's number gets nothing of it.
func TestNamingANumberLetsNobodyIn(t *testing.T) {
	t.Parallel()
	w := world(t)
	var other string // a company of another cluster
	if err := w.Owner.Get(&other, `UPDATE companies SET official_id = '14360570' WHERE slug = 'stranger' RETURNING id`); err != nil {
		t.Fatal(err)
	}
	id := confirmed(t, w)
	a, err := member.ApplicationFor(t.Context(), w.DB, id, w.Coordinator)
	if err != nil || a.KnownID != other {
		t.Errorf("the coordinator is not told: %+v, %v", a, err)
	}
	company, err := member.AcceptApplication(t.Context(), w.DB, w.Now, home, id, w.Coordinator)
	if err != nil || company != other {
		t.Fatalf("became %s, %v", company, err)
	}
	if n := w.Count("invitations"); n != 0 {
		t.Errorf("%d invitations into another's company", n)
	}
	if all, err := member.MembershipsOf(t.Context(), w.DB, other); err != nil || len(all) != 1 || all[0].ClusterID != w.Cluster {
		t.Errorf("%+v, %v", all, err)
	}
	id = confirmed(t, w)
	_, err = member.AcceptApplication(t.Context(), w.DB, w.Now, home, id, w.Coordinator)
	wantFault(t, err, fault.Conflict, "application.member_already")
}

func TestARefusedCompanyMayApplyAgain(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := confirmed(t, w)
	wantFault(t, member.RefuseApplication(t.Context(), w.DB, w.Now, home, id, w.Coordinator, " \n"), fault.Invalid, "application.reason")
	wantFault(t, member.RefuseApplication(t.Context(), w.DB, w.Now, home, id, w.Approver, "Because"), fault.Forbidden, "company.coordinators_only")
	if err := member.RefuseApplication(t.Context(), w.DB, w.Now, home, id, w.Coordinator, "Немає рекомендацій"); err != nil {
		t.Fatal(err)
	}
	all := lettersTo(t, w, "oksana@weaving.example")
	if last := all[len(all)-1]; !strings.Contains(last, "Немає рекомендацій") || !strings.Contains(last, "/uk/apply") {
		t.Errorf("the company reads %q", last)
	}
	if _, err := member.AcceptApplication(t.Context(), w.DB, w.Now, home, confirmed(t, w), w.Coordinator); err != nil {
		t.Error(err)
	}
	decided, err := member.ApplicationsFor(t.Context(), w.DB, w.Approver, false, "", 10)
	if err != nil || len(decided) != 2 {
		t.Errorf("%+v, %v", decided, err)
	}
}

// Nobody sees what nobody has confirmed, and a link is no use for ever.
func TestAnUnconfirmedApplicationWaitsUnseen(t *testing.T) {
	t.Parallel()
	w := world(t)
	if err := applied(t, w); err != nil {
		t.Fatal(err)
	}
	if all, err := member.ApplicationsFor(t.Context(), w.DB, w.Coordinator, true, "", 10); err != nil || len(all) != 0 {
		t.Errorf("seen: %+v, %v", all, err)
	}
	token := confirming.FindStringSubmatch(lettersTo(t, w, "oksana@weaving.example")[0])[1]
	late := clock.At(noon.AddDate(0, 0, 8))
	err := member.ConfirmApplication(t.Context(), w.DB, late, home, token)
	wantFault(t, err, fault.Conflict, "application.expired")
	err = member.ConfirmApplication(t.Context(), w.DB, w.Now, home, strings.Repeat("A", 43))
	wantFault(t, err, fault.NotFound, "application.unknown")
	for range 2 { // a second click changes nothing
		if err := member.ConfirmApplication(t.Context(), w.DB, w.Now, home, token); err != nil {
			t.Fatal(err)
		}
	}
	if got := lettersTo(t, w, "coordinator@example.org"); len(got) != 1 {
		t.Errorf("the coordinator gets %d letters", len(got))
	}
	// What nobody confirms is forgotten when the next one asks, and what was confirmed stays.
	if err := applied(t, w); err != nil {
		t.Fatal(err)
	}
	if err := member.Apply(t.Context(), w.DB, clock.At(noon.AddDate(0, 2, 0)), home, application(w)); err != nil {
		t.Fatal(err)
	}
	if n := w.Count("company_applications"); n != 2 {
		t.Errorf("%d applications are kept, want the confirmed and the new one", n)
	}
}

func TestApplicationsAreCounted(t *testing.T) {
	t.Parallel()
	w := world(t)
	for i := range 5 { // one mailbox is written to three times, and nobody is told that it stops
		if err := applied(t, w); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if n := len(lettersTo(t, w, "oksana@weaving.example")); n != 3 {
		t.Errorf("%d letters to one address", n)
	}
	errs := together(20, func(i int) error {
		a := application(w)
		a.Email = fmt.Sprintf("p%d@weaving.example", i)
		return member.Apply(t.Context(), w.DB, w.Now, home, a)
	})
	refused := 0
	for _, err := range errs {
		if err != nil {
			wantFault(t, err, fault.TooMany, "application.too_many")
			refused++
		}
	}
	if refused != 5 {
		t.Errorf("%d of 25 were refused, want all beyond 20", refused)
	}
	if err := applied(t, w, func(a *member.Application) { a.Host = "198.51.100.1" }); err != nil {
		t.Errorf("another address is refused too: %v", err)
	}
}

func TestApplicationsThatAreNotTaken(t *testing.T) {
	t.Parallel()
	w := world(t)
	for want, change := range map[string]func(*member.Application){
		"name_uk company.name_missing":         func(a *member.Application) { a.Company.Name = member.Text{} },
		"name_uk text.too_long":                func(a *member.Application) { a.Company.Name.UK = strings.Repeat("x", 100_000) },
		"name_uk text.hidden_characters":       func(a *member.Application) { a.Company.Name.UK = "x\u2066y" },
		"official_id company.edrpou":           func(a *member.Application) { a.Company.OfficialID = "12345670" },
		"official_id company.official_id_form": func(a *member.Application) { a.Company.Country, a.Company.OfficialID = "PL", "<b>" },
		"country company.country":              func(a *member.Application) { a.Company.Country = "Україна" },
		"site company.site":                    func(a *member.Application) { a.Site = "javascript:alert(1)" },
		"message text.too_long":                func(a *member.Application) { a.Message = strings.Repeat("x", 100_000) },
		"person_name person.name_missing":      func(a *member.Application) { a.PersonName = " " },
		"email person.email_form":              func(a *member.Application) { a.Email = "x" },
		"email person.email_letters":           func(a *member.Application) { a.Email = "оksana@weaving.example" },
		"cluster application.cluster":          func(a *member.Application) { a.ClusterID = "01890a5d-ac96-774b-bcce-b302099a8057" },
		"kind membership.kind":                 func(a *member.Application) { a.Kind = "friend" },
	} {
		f, ok := fault.As(applied(t, w, change))
		if !ok || f.Field+" "+f.Key != want {
			t.Errorf("%v, want %s", f, want)
		}
	}
	if n := w.Count("letters"); n != 0 {
		t.Errorf("%d letters were written", n)
	}
}
