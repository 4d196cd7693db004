package portal_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"
	"github.com/lib/pq"

	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/web/portal"
	"kopiyka/internal/web/webtest"
)

// room is the door before a real database and a sandbox of Stripe.
type room struct {
	*gatewaytest.Bench
	house *webtest.House
	payer *webtest.Browser
}

func open(t *testing.T, change ...func(*gatewaytest.Options)) *room {
	t.Helper()
	b := gatewaytest.New(t, change...)
	log := slog.New(slog.NewTextHandler(b.Log, nil))
	house := webtest.Open(t, b.DB, func(g *echo.Group) { portal.New(b.DB, b.Gateway, b.Now, log).Routes(g) })
	return &room{b, house, house.As(b.Payer)}
}

// promised is the form of a promise that is taken; change makes another of it.
func (r *room) promised(change ...string) url.Values {
	form := url.Values{
		"campaign": {r.Slug}, "company": {r.Company}, "amount": {"150.00"}, "currency": {string(r.Currency)},
		"when": {"now"}, "visibility": {"named"}, "message": {""}, "due_on": {""},
	}
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return form
}

func amount(text string) url.Values { return url.Values{"amount": {text}} }

func TestStrangersAreAskedToSignInFirst(t *testing.T) {
	t.Parallel()
	r := open(t)
	nobody := r.house.As("")
	pledge := r.Pledge(10_000)
	for path, next := range map[string]string{
		"/portal":                                "/portal",
		"/portal/pledges/new?campaign=x":         "/portal/pledges/new?campaign=x",
		"/portal/pledges/" + pledge:              "/portal/pledges/" + pledge,
		"/portal/payments/" + pledge + "/return": "/portal/payments/" + pledge + "/return",
		"/portal/nothing":                        "/portal/nothing",
	} {
		nobody.Get(path).LeadsTo("/sign-in?next=" + url.QueryEscape(next))
	}
	nobody.Post("/portal/pledges", r.promised()).LeadsTo("/sign-in?next=%2Fportal%2Fpledges")
	nobody.Post("/portal/pledges/"+pledge+"/payments", amount("1")).Wants(http.StatusSeeOther)
	if n := r.Count("pledges"); n != 1 {
		t.Errorf("%d pledges, want the one from before", n)
	}
}

// The room of companies is not there for people who have none.
func TestTheRoomIsNotThereForOthers(t *testing.T) {
	t.Parallel()
	r := open(t)
	for _, path := range []string{"/portal", "/portal/pledges/new", "/portal/nothing"} {
		r.house.As(r.Coordinator).Get(path).Wants(http.StatusNotFound)
	}
}

// What leads back to an address that takes forms, such as signing in, finds a page there.
func TestAddressesOfFormsLeadToTheirPages(t *testing.T) {
	t.Parallel()
	r := open(t)
	pledge := r.Pledge(10_000)
	r.payer.Get("/portal/pledges").LeadsTo("/portal")
	r.payer.Get("/portal/pledges/" + pledge + "/payments").LeadsTo("/portal/pledges/" + pledge)
	r.payer.Get("/portal/pledges/%0a/payments").Wants(http.StatusNotFound)
}

func TestTheOverviewKeepsTheNumbersApart(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.payer.Get("/portal").Wants(http.StatusOK).Says("main .empty", "No pledges yet")

	paid := r.Paid(10_000)
	waits := r.Pledge(2_500)
	page := r.payer.Get("/portal").Wants(http.StatusOK)
	page.Says("main .table tbody", "$100.00").Says("main .table tbody", "received")
	page.Says(".due", "$25.00").Says(".due .button", "Pay $25.00")
	if got := page.Attr(".due .button", "href"); got != "/portal/pledges/"+waits+"#pay" {
		t.Errorf("the next payment leads to %q", got)
	}
	if !page.Has("[href=/portal/pledges/" + paid.PledgeID + "]") {
		t.Error("the paid pledge is not listed")
	}
	if page := r.house.As(r.Viewer).Get("/portal").Wants(http.StatusOK); page.Has(".due") || page.Has("[href=/portal/pledges/new]") {
		t.Error("a viewer is asked to pay")
	}
}

func TestTheOverviewShowsNobodyElsesPledges(t *testing.T) {
	t.Parallel()
	r := open(t)
	pledge := r.Pledge(10_000)
	stranger := r.house.As(r.Stranger)
	if stranger.Get("/portal").Wants(http.StatusOK).Has("[href=/portal/pledges/" + pledge + "]") {
		t.Error("a stranger sees the pledge")
	}
	stranger.Get("/portal?company=ganok").Wants(http.StatusNotFound)
	r.payer.Get("/portal/companies/ganok/pledges?after=nonsense").Wants(http.StatusNotFound)
	r.payer.Get("/portal?company=%ff").Wants(http.StatusNotFound)
}

func TestALongListHasPages(t *testing.T) {
	t.Parallel()
	r := open(t)
	first := r.Pledge(1_000)
	for range 50 {
		r.Pledge(2_000)
	}
	page := r.payer.Get("/portal").Wants(http.StatusOK)
	if page.Has("[href=/portal/pledges/" + first + "]") {
		t.Fatal("the first page holds more than fifty")
	}
	older := r.payer.Get(page.Attr("p.part-foot a", "href")).Wants(http.StatusOK)
	if !older.Has("[href=/portal/pledges/"+first+"]") || older.Has("[rel=next]") {
		t.Error("the second page is not the rest")
	}
}

// twoCompanies lets the payer pay for a second company too.
func (r *room) twoCompanies(t *testing.T) (second string) {
	t.Helper()
	r.Tx(func(tx *sqlx.Tx) (err error) {
		text := member.Text{UK: "Друга", EN: "Second"}
		if second, err = member.AddCompany(t.Context(), tx, r.Now(), member.Company{Slug: "second", Name: text}); err != nil {
			return err
		}
		if err = member.Join(t.Context(), tx, second, r.Cluster, r.Now().AddDate(-1, 0, 0)); err != nil {
			return err
		}
		return member.GiveCompanyRole(t.Context(), tx, r.Payer, second, member.Payer)
	})
	return second
}

func TestBothLanguagesAreWhole(t *testing.T) {
	t.Parallel()
	r := open(t)
	p := r.Paid(10_000)
	r.payer.Lang = "uk"
	for path, words := range map[string]string{
		"/portal": "Ваші внески", "/portal/pledges/" + p.PledgeID: "Що було обіцяно",
		"/portal/payments/" + p.ID + "/return":   "Внесок отримано",
		"/portal/pledges/new?campaign=" + r.Slug: "Нова обіцянка внеску",
	} {
		r.payer.Get(path).Wants(http.StatusOK).Says("main", words)
	}
}

// listen hears what is announced from here on. The function that it returns waits for the
// next announcement.
func (r *room) listen(t *testing.T) func() {
	t.Helper()
	l := pq.NewListener(pgtest.DSN(t), time.Second, time.Minute, nil)
	t.Cleanup(func() { _ = l.Close() })
	if err := l.Listen(pg.PublicChanged); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		select {
		case <-l.Notify:
		case <-time.After(20 * time.Second):
			t.Fatal("nobody was told")
		}
	}
}
