package join_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/member"
	"kopiyka/internal/web/join"
	"kopiyka/internal/web/webtest"
)

const site = "https://help.example.org"

// door is the door before a real database.
type door struct {
	*gatewaytest.World
	t     *testing.T
	house *webtest.House
}

func open(t *testing.T) *door {
	t.Helper()
	w := gatewaytest.NewWorld(t, clock.At(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)), "USD")
	return &door{w, t, webtest.Open(t, w.DB, func(g *echo.Group) { join.New(w.DB, w.Now, site).Routes(g) })}
}

// written is the form of an application that is taken; change makes another of it.
func (d *door) written(change ...string) url.Values {
	form := url.Values{
		"cluster": {d.Cluster}, "kind": {"member"}, "name_uk": {"Ткацька справа"}, "country": {"UA"}, "official_id": {"14360570"},
		"person_name": {"Оксана Гончар"}, "email": {"oksana@weaving.example"}, "shows_name": {"yes"},
	}
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return form
}

// token is what stands in the latest letter to an address.
func (d *door) token(email, kind string) string {
	d.t.Helper()
	var body string
	if err := d.Owner.Get(&body, `SELECT text_body FROM letters WHERE recipient = $1 ORDER BY id DESC LIMIT 1`, email); err != nil {
		d.t.Fatal(err)
	}
	found := regexp.MustCompile(regexp.QuoteMeta(site+"/"+kind+"/") + `([A-Za-z0-9_-]{43})\?lang=(uk|en)`).FindStringSubmatch(body)
	if found == nil {
		d.t.Fatalf("no link in %q", body)
	}
	return found[1]
}

// A stranger must not learn from the form who is known here: neither a company, nor a person,
// nor a mailbox that has been written to often enough.
func TestTheAnswerIsTheSameWhoeverIsKnown(t *testing.T) {
	t.Parallel()
	d := open(t)
	if _, err := d.Owner.Exec(`UPDATE companies SET official_id = '00032129' WHERE id = $1`, d.Company); err != nil {
		t.Fatal(err)
	}
	nobody := d.house.As("")
	want := ""
	for name, form := range map[string]url.Values{
		"somebody new": d.written(), "a known number": d.written("official_id", "00032129"), "a known person": d.written("email", "payer@example.org"),
		"a name that is taken": d.written("name_uk", "Ганок", "name_en", "Ganok", "official_id", ""),
	} {
		for range 4 { // beyond what one mailbox is written to
			a := nobody.Post("/uk/apply", form).LeadsTo("/uk/apply/sent")
			if want == "" {
				want = a.Body
			}
			if a.Body != want {
				t.Errorf("%s is answered otherwise: %s", name, a.Body)
			}
		}
	}
	nobody.Get("/uk/apply/sent").Wants(http.StatusOK).Says("h1", "Перевірте пошту")
}

// What was typed is kept, and each field says what is wrong with it.
func TestAnApplicationThatIsNotTakenIsKept(t *testing.T) {
	t.Parallel()
	d := open(t)
	nobody := d.house.As("")
	for field, value := range map[string]string{
		"name_uk": strings.Repeat("ї", 5_000), "name_en": "a\u202eb", "official_id": "14360571", "site": "javascript:alert(1)", "message": strings.Repeat("x", 20_000),
		"person_name": "<b>\u2066", "email": "оksana@weaving.example", "country": "Ukraine",
	} {
		a := nobody.Post("/en/apply", d.written(field, value)).Wants(http.StatusUnprocessableEntity)
		if !a.Has("#" + field + "-e") {
			t.Errorf("%s: nothing at the field; the page says %q", field, a.Text("main .field-error"))
		}
		if field != "country" && a.Form("main form").Get(field) != value {
			t.Errorf("%s was not kept", field)
		}
		if a.Form("main form").Get("official_id") == "" || a.Form("main form").Get("cluster") != d.Cluster {
			t.Errorf("%s: the rest was not kept", field)
		}
	}
	nobody.Post("/en/apply", url.Values{}).Wants(http.StatusUnprocessableEntity)
	book := strings.Repeat("ї", 100_000)
	if kept := nobody.Post("/en/apply", d.written("message", book)).Wants(http.StatusUnprocessableEntity).Form("main form").Get("message"); kept != book {
		t.Errorf("of a book %d bytes are kept", len(kept))
	}
	nobody.Post("/en/apply", d.written("message", strings.Repeat("x", 2<<20))).Wants(http.StatusRequestEntityTooLarge)
	nobody.Post("/en/apply", d.written("cluster", "' OR 1=1")).Wants(http.StatusUnprocessableEntity)
	if n := d.Count("company_applications"); n != 0 {
		t.Errorf("%d applications were kept", n)
	}
}

// Mail programs open links by themselves: only the button confirms.
func TestOpeningALinkConfirmsNothing(t *testing.T) {
	t.Parallel()
	d := open(t)
	nobody := d.house.As("")
	nobody.Post("/uk/apply", d.written()).LeadsTo("/uk/apply/sent")
	path := "/applications/" + d.token("oksana@weaving.example", "applications")
	a := nobody.Get(path).Wants(http.StatusOK).Says("main", "Ткацька справа")
	if n := d.Count("application_confirmations"); n != 0 {
		t.Error("opening the link confirmed it")
	}
	nobody.Post(path, a.Form("main form")).LeadsTo(path)
	nobody.Post(path, url.Values{}).LeadsTo(path)
	if n := d.Count("application_confirmations"); n != 1 {
		t.Errorf("%d confirmations", n)
	}
	if nobody.Get(path).Wants(http.StatusOK).Has("main form") {
		t.Error("it is asked again")
	}
	for _, none := range []string{"x", strings.Repeat("A", 43), "%00", strings.Repeat("A", 5000)} {
		nobody.Get("/applications/" + none).Wants(http.StatusNotFound)
		nobody.Post("/applications/"+none, url.Values{}).Wants(http.StatusNotFound)
	}
}

// Who was invited is told apart from who only has the link.
func TestAnInvitationIsForOnePerson(t *testing.T) {
	t.Parallel()
	d := open(t)
	invite := func(email string) string {
		_, err := member.Invite{Place: member.Place{CompanyID: d.Company}, Role: "payer", Email: email, Lang: "en", By: d.CompanyOwner}.Send(t.Context(), d.DB, d.Now, site)
		if err != nil {
			t.Fatal(err)
		}
		return "/invitations/" + d.token(email, "invitations")
	}
	// Somebody new chooses a name and a password, and signs in with it.
	path := invite("new@example.org")
	nobody := d.house.As("")
	a := nobody.Get(path).Wants(http.StatusOK).Says("main", "owner invites you")
	form := a.Form("main form")
	form.Set("name", "Нова Людина")
	form.Set("password", "short")
	refused := nobody.Post(path, form).Wants(http.StatusUnprocessableEntity)
	if kept := refused.Form("main form"); kept.Get("name") != "Нова Людина" || kept.Get("password") != "" {
		t.Errorf("kept %v", kept)
	}
	d.house.As(d.Viewer).Get(path).Wants(http.StatusOK).Says("main", "another address")
	d.house.As(d.Viewer).Post(path, form).Wants(http.StatusForbidden)
	form.Set("password", "кавун на балконі")
	nobody.Post(path, form).LeadsTo("/sign-in?next=%2Fportal")
	nobody.Post(path, form).Wants(http.StatusConflict).Says("main", "sign in")
	nobody.Get(path).Wants(http.StatusConflict)

	// Somebody known is asked to sign in first, and then needs the button alone.
	if _, err := d.Owner.Exec(`UPDATE people SET password_hash = 'x' WHERE id = $1`, d.Stranger); err != nil {
		t.Fatal(err)
	}
	path = invite("stranger@example.org")
	if href := nobody.Get(path).Wants(http.StatusOK).Attr("main a.button", "href"); href != "/sign-in?next="+url.QueryEscape(path) {
		t.Errorf("leads to %q", href)
	}
	nobody.Post(path, form).LeadsTo(path)
	d.house.As(d.Stranger).Post(path, url.Values{}).LeadsTo("/portal")
}
