package signin_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/config"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/signin"
	"kopiyka/internal/web/webtest"
)

const (
	cookieName = "kopiyka_session"
	password   = "досить довгий пароль"
)

// gate is the door before a real database, and a page that tells who the visitor is.
type gate struct {
	t         *testing.T
	db, owner *sqlx.DB
	vault     *member.Vault
	house     *webtest.House
	payer     string        // iryna@example.org, of a company
	roman     string        // roman@example.org, of a cluster
	late      time.Duration // how far the door's clock is ahead
	log       gatewaytest.Log
	done      int // how often the act that needs a fresh factor was done
}

// romanSecret is that of Roman's authenticator app.
const romanSecret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

func open(t *testing.T, https bool) *gate {
	t.Helper()
	return openWith(t, https)
}

func openWith(t *testing.T, https bool, issuers ...config.Issuer) *gate {
	t.Helper()
	g := &gate{t: t}
	g.db, g.owner = pgtest.Both(t)
	var err error
	if g.vault, err = member.NewVault(make([]byte, member.VaultKeySize)); err != nil {
		t.Fatal(err)
	}
	url := "http://127.0.0.1"
	if https {
		url = "https://help.example.org"
	}
	door, err := signin.New(signin.Parts{DB: g.db, Now: g.now, URL: url, Vault: g.vault, Issuers: issuers, Log: slog.New(slog.NewTextHandler(&g.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	g.house = webtest.Open(t, g.db, func(group *echo.Group) {
		group.Use(door.Load)
		door.Routes(group)
		clustersOnly := func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				if person, ok := member.SignedIn(c.Request().Context()); !ok || len(person.Clusters) == 0 {
					return echo.ErrNotFound
				}
				return next(c)
			}
		}
		group.GET("/forgetful", func(c echo.Context) error { return c.String(http.StatusOK, "a room that asks for no factor") }, clustersOnly)
		cluster := group.Group("/cluster", door.Factor, clustersOnly)
		cluster.GET("", func(c echo.Context) error { return c.String(http.StatusOK, "the cluster's room") })
		cluster.POST("/act", g.act, door.Fresh)
		group.GET("/me", func(c echo.Context) error {
			person, ok := member.SignedIn(c.Request().Context())
			b := page.Of(c)
			if !ok || b.Visitor == nil {
				return c.String(http.StatusOK, "nobody "+string(b.Lang))
			}
			return c.String(http.StatusOK, person.Name+"|"+b.Visitor.Line+"|"+b.Visitor.Portal+b.Visitor.Office+"|"+string(b.Lang))
		})
	})
	g.tx(g.fill)
	return g
}

func (g *gate) now() time.Time { return clock.System().Add(g.late) }

// act stands for an act that moves money: it keeps what was typed, and who did it with what.
func (g *gate) act(c echo.Context) error {
	g.done++
	person, _ := member.SignedIn(c.Request().Context())
	err := pg.InTx(c.Request().Context(), g.db, func(tx *sqlx.Tx) error {
		return audit.Record(c.Request().Context(), tx, audit.Act{At: g.now(), Person: person.ID, Act: "act.done", Subject: "act:1"})
	})
	if err != nil {
		return err
	}
	return c.String(http.StatusOK, c.FormValue("reason"))
}

func (g *gate) tx(story func(*sqlx.Tx) error) {
	g.t.Helper()
	if err := pg.InTx(g.t.Context(), g.db, story); err != nil {
		g.t.Fatal(err)
	}
}

// fill makes a payer of a company, a person of a cluster with two roles, and one of nothing.
func (g *gate) fill(tx *sqlx.Tx) error {
	ctx, now := g.t.Context(), clock.System()
	var err error
	id := func(made string, failed error) string {
		if err == nil {
			err = failed
		}
		return made
	}
	company := id(member.AddCompany(ctx, tx, now, member.Company{Slug: "ganok", Name: member.Text{UK: "Ґанок Софт", EN: "Ganok Soft"}}))
	cluster := id(member.AddCluster(ctx, tx, now, member.Cluster{Slug: "kharkiv-it", Name: member.Text{UK: "Харківський ІТ-кластер", EN: "Kharkiv IT Cluster"}}))
	g.payer = id(member.AddPerson(ctx, tx, now, "iryna@example.org", "Ірина Ш.", password))
	g.roman = id(member.AddPerson(ctx, tx, now, "roman@example.org", "Роман К.", password))
	id(member.AddPerson(ctx, tx, now, "new@example.org", "Новий", password))
	id(member.AddPerson(ctx, tx, now, "silent@example.org", "Без пароля", ""))
	if err != nil {
		return err
	}
	for _, role := range []member.ClusterRole{member.Coordinator, member.Approver} {
		if err := member.GiveClusterRole(ctx, tx, g.roman, cluster, role); err != nil {
			return err
		}
	}
	if err := member.GiveAuthenticator(ctx, tx, g.vault, now, g.roman, romanSecret); err != nil {
		return err
	}
	return member.GiveCompanyRole(ctx, tx, g.payer, company, member.Payer)
}

// code is what Roman's phone shows; it may be used again.
func (g *gate) code() string {
	g.t.Helper()
	if _, err := g.owner.Exec(`UPDATE authenticators SET last_step = 0`); err != nil {
		g.t.Fatal(err)
	}
	code, err := member.CodeAt(romanSecret, g.now())
	if err != nil {
		g.t.Fatal(err)
	}
	return code
}

func pair(email, pass string) url.Values {
	return url.Values{"email": {email}, "password": {pass}}
}

// signedIn is a browser of somebody who has come in.
func (g *gate) signedIn(email string) *webtest.Browser {
	g.t.Helper()
	b := g.house.As("")
	if b.Post("/sign-in", pair(email, password)).Wants(http.StatusSeeOther).Header.Get("Location") == "/sign-in/factor" {
		b.Post("/sign-in/factor", url.Values{"proof_code": {g.code()}}).Wants(http.StatusSeeOther)
	}
	return b
}

// signedInWithoutFactor is a browser of somebody for whom the password is enough.
func (g *gate) signedInWithoutFactor(email string) *webtest.Browser {
	g.t.Helper()
	b := g.house.As("")
	if got := b.Post("/sign-in", pair(email, password)).Wants(http.StatusSeeOther).Header.Get("Location"); got == "/sign-in/factor" {
		g.t.Fatal("a second factor is asked for")
	}
	return b
}

func session(b *webtest.Browser) *http.Cookie {
	i := slices.IndexFunc(b.Cookies, func(c *http.Cookie) bool { return c.Name == cookieName })
	if i < 0 {
		return nil
	}
	return b.Cookies[i]
}

func TestEachComesInToTheirOwnRoom(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	for email, room := range map[string]string{"iryna@example.org": "/portal", " Roman@Example.ORG ": "/office", "new@example.org": "/"} {
		b := g.house.As("")
		if room == "/office" { // which takes a second factor
			b.Post("/sign-in", pair(email, password)).LeadsTo("/sign-in/factor")
			b.Post("/sign-in/factor", url.Values{"proof_code": {g.code()}}).LeadsTo(room)
		} else {
			b.Post("/sign-in", pair(email, password)).LeadsTo(room)
		}
		b.Get("/sign-in").LeadsTo(room) // who is in already is not asked again
	}
	if got := g.signedIn("iryna@example.org").Get("/me").Body; got != "Ірина Ш.|Ganok Soft, payer|/portal|en" {
		t.Errorf("the payer is %q", got)
	}
	if got := g.signedIn("roman@example.org").Get("/me").Body; got != "Роман К.|Kharkiv IT Cluster, approver, coordinator|/office|en" {
		t.Errorf("the coordinator is %q", got)
	}
}

func TestTheSessionsCookieIsClosedToScriptsAndOtherSites(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	b := g.signedIn("iryna@example.org")
	c := session(b)
	if c == nil || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure {
		t.Fatalf("cookie = %+v", c)
	}
	if week := 7 * 24 * 3600; c.MaxAge > week+1 || c.MaxAge < week-60 {
		t.Errorf("the cookie lives %d seconds", c.MaxAge)
	}
	var row struct {
		Token  string
		Expiry time.Time
	}
	if err := g.owner.Get(&row, `SELECT token, expiry FROM sessions`); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(row.Token, c.Value) || row.Token == "" {
		t.Error("the table holds what the browser sends")
	}
	if left := time.Until(row.Expiry); left > 12*time.Hour || left < 11*time.Hour {
		t.Errorf("the session lasts %s without use", left)
	}
}

func TestOverTLSTheCookieBelongsToThisHostAlone(t *testing.T) {
	t.Parallel()
	g := open(t, true)
	b := g.house.As("")
	b.Post("/sign-in", pair("iryna@example.org", password)).Wants(http.StatusSeeOther)
	for i, name := range []string{"__Host-kopiyka", "__Host-kopiyka-device"} {
		if len(b.Cookies) != 2 || b.Cookies[i].Name != name || !b.Cookies[i].Secure || !b.Cookies[i].HttpOnly || b.Cookies[i].Path != "/" || b.Cookies[i].Domain != "" {
			t.Fatalf("cookies = %+v", b.Cookies)
		}
	}
	if got := b.Get("/me").Body; !strings.HasPrefix(got, "Ірина Ш.") {
		t.Errorf("the visitor is %q", got)
	}
	stranger := g.house.As("")
	stranger.Get("/language/uk")
	if len(stranger.Cookies) != 1 || stranger.Cookies[0].Name != "__Host-lang" || !stranger.Cookies[0].Secure || !stranger.Cookies[0].HttpOnly {
		t.Fatalf("cookies = %+v", stranger.Cookies)
	}
	if got := stranger.Get("/me").Body; got != "nobody uk" {
		t.Errorf("the language is %q", got)
	}
}

// A stranger learns neither which addresses are known nor which have no password.
func TestWhatDoesNotFitIsOneAnswer(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	var answers []string
	for _, form := range []url.Values{
		pair("iryna@example.org", "wrong"), pair("nobody@example.org", password), pair("silent@example.org", ""),
		pair("silent@example.org", password), pair("", ""), pair("iryna@example.org", strings.Repeat("x", 20_000)),
	} {
		b := g.house.As("")
		answer := b.Post("/sign-in", form).Wants(http.StatusUnprocessableEntity).Says("[role=alert]", "match no account")
		if got := answer.Attr("#email", "value"); got != form.Get("email") {
			t.Errorf("the address is %q now", got)
		}
		if answer.Attr("#password", "value") != "" || session(b) != nil {
			t.Error("the password came back, or a session was opened")
		}
		answers = append(answers, strings.ReplaceAll(answer.Text("html"), form.Get("email"), ""))
	}
	if len(slices.Compact(answers)) != 1 {
		t.Errorf("the answers differ: %q", slices.Compact(answers))
	}
	g.house.As("").Post("/sign-in", pair("<script>alert(1)</script>", "x")).Wants(http.StatusUnprocessableEntity)
	g.house.As("").PostRaw("/sign-in", strings.NewReader("email=%ff&password=x")).Wants(http.StatusUnprocessableEntity)
	g.house.As("").PostRaw("/sign-in", strings.NewReader("email="+strings.Repeat("x", 10<<20))).Wants(http.StatusRequestEntityTooLarge)
}

func TestGuessingComesToAnEnd(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	b := g.house.As("")
	for range 10 {
		b.Post("/sign-in", pair("iryna@example.org", "wrong")).Wants(http.StatusUnprocessableEntity)
	}
	b.Post("/sign-in", pair("iryna@example.org", password)).Wants(http.StatusTooManyRequests).Says("[role=alert]", "Try again in 15 min")
	b.Post("/sign-in", pair("roman@example.org", password)).Wants(http.StatusSeeOther)
	var hosts int
	if err := g.owner.Get(&hosts, `SELECT count(*) FROM sign_in_failures WHERE subject = 'ip:127.0.0.1'`); err != nil || hosts != 10 {
		t.Errorf("%d failures of this host, %v", hosts, err)
	}
}

func TestComingInLeadsBackToWhereOneWasAndNowhereElse(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	for next, want := range map[string]string{
		"/portal/pledges/new?campaign=it4life": "/portal/pledges/new?campaign=it4life",
		"//evil.example":                       "/portal",
	} {
		form := pair("iryna@example.org", password)
		form.Set("next", next)
		g.house.As("").Post("/sign-in", form).LeadsTo(want)
	}
	page := g.house.As("").Get("/sign-in?next=" + url.QueryEscape("/portal?a=b")).Wants(http.StatusOK)
	if got := page.Attr("[name=next]", "value"); got != "/portal?a=b" {
		t.Errorf("the form carries %q", got)
	}
	if g.house.As("").Get("/sign-in?next=//evil.example").Wants(http.StatusOK).Has("[name=next]") {
		t.Error("the form carries another site's address")
	}
}

// A cookie that somebody planted before must not be signed in by its victim.
func TestComingInChangesTheCookie(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	b := g.signedIn("iryna@example.org")
	before := session(b)
	b.Post("/sign-in", pair("roman@example.org", password)).Wants(http.StatusSeeOther)
	after := session(b)
	if before.Value == after.Value {
		t.Fatal("the cookie is the same")
	}
	old := g.house.As("")
	old.Cookies = []*http.Cookie{before}
	if got := old.Get("/me").Body; got != "nobody en" {
		t.Errorf("the old cookie is %q", got)
	}
	planted := g.house.As("")
	planted.Cookies = []*http.Cookie{{Name: cookieName, Value: "planted"}}
	planted.Post("/sign-in", pair("iryna@example.org", password)).Wants(http.StatusSeeOther)
	if session(planted).Value == "planted" {
		t.Error("the planted cookie was signed in")
	}
}

func TestGoingOutEndsTheSessionWhereverItsCookieWasCopied(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	b := g.signedIn("iryna@example.org")
	copied := g.house.As("")
	copied.Cookies = slices.Clone(b.Cookies)
	if got := b.Post("/sign-out", nil).LeadsTo("/").Header.Get("Clear-Site-Data"); got != `"cache", "storage"` {
		t.Errorf("the browser is told to forget %q", got)
	}
	if session(b) != nil {
		t.Error("the browser keeps the cookie")
	}
	if got := copied.Get("/me").Body; got != "nobody en" {
		t.Errorf("the copy is %q", got)
	}
	b.Post("/sign-out", nil).LeadsTo("/")
}

func TestASessionEndsByItself(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	b := g.signedIn("iryna@example.org")
	if _, err := g.owner.Exec(`UPDATE sessions SET expiry = expiry - interval '6 hours'`); err != nil {
		t.Fatal(err)
	}
	if got := b.Get("/me").Body; !strings.HasPrefix(got, "Ірина") {
		t.Fatalf("after six hours: %q", got)
	}
	var left float64
	if err := g.owner.Get(&left, `SELECT extract(epoch FROM expiry - now()) / 3600 FROM sessions`); err != nil || left < 11 {
		t.Errorf("a session in use has %v hours left, %v", left, err)
	}
	if _, err := g.owner.Exec(`UPDATE sessions SET expiry = now() - interval '1 second'`); err != nil {
		t.Fatal(err)
	}
	if got := b.Get("/me").Body; got != "nobody en" {
		t.Errorf("after half a day without use: %q", got)
	}
}

// What somebody may do is asked anew with each request.
func TestALostRoleIsLostAtOnce(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	b := g.signedIn("iryna@example.org")
	g.tx(func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(t.Context(), `DELETE FROM company_roles WHERE person_id = $1`, g.payer)
		return err
	})
	if got := b.Get("/me").Body; got != "Ірина Ш.|||en" {
		t.Errorf("the visitor is %q", got)
	}
}

func TestTheLanguageIsRemembered(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	b := g.house.As("")
	b.Lang = ""
	if got := b.Get("/me").Body; got != "nobody uk" {
		t.Errorf("without a wish: %q", got)
	}
	b.Get("/language/en?back=%2Fportal%3Fa%3Db").LeadsTo("/portal?a=b")
	if got := b.Get("/me").Body; got != "nobody en" {
		t.Errorf("after the switch: %q", got)
	}
	if got := b.Get("/me?lang=uk").Body + b.Get("/me").Body; got != "nobody uknobody uk" {
		t.Errorf("after ?lang=uk: %q", got)
	}
	b.Get("/language/en?back=//evil.example").LeadsTo("/")
	b.Get("/language/de").Wants(http.StatusNotFound)

	page := b.Get("/sign-in?next=%2Fportal").Wants(http.StatusOK)
	if got := page.Attr(".langs [hreflang=uk]", "href"); got != "/sign-in?lang=uk&next=%2Fportal" {
		t.Errorf("the switch leads to %q", got)
	}
	b.Get("/sign-in?lang=uk").Wants(http.StatusOK).Says("h1", "Вхід")
}

// Letters come in the language that a person reads here.
func TestLettersFollowTheLanguage(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	of := func() (lang string) {
		t.Helper()
		if err := g.db.Get(&lang, `SELECT lang FROM people WHERE email = 'iryna@example.org'`); err != nil {
			t.Fatal(err)
		}
		return lang
	}
	b := g.signedIn("iryna@example.org") // on an English page
	if got := of(); got != "en" {
		t.Errorf("after signing in: %s", got)
	}
	for _, c := range []struct{ path, want string }{{"/me?lang=uk", "uk"}, {"/me?lang=de", "uk"}, {"/language/en?back=%2F", "en"}} {
		b.Get(c.path)
		if got := of(); got != c.want {
			t.Errorf("after %s: %s, want %s", c.path, got, c.want)
		}
	}
	g.house.As("").Get("/me?lang=uk")
	if got := of(); got != "en" {
		t.Errorf("somebody else's choice made it %s", got)
	}
}

func TestWithoutTheDatabaseNobodyIsTakenForSomebody(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	b := g.signedIn("iryna@example.org")
	if err := g.db.Close(); err != nil {
		t.Fatal(err)
	}
	b.Get("/me").Wants(http.StatusInternalServerError)
	g.house.As("").Get("/sign-in").Wants(http.StatusOK)
	g.house.As("").Post("/sign-in", pair("iryna@example.org", password)).Wants(http.StatusInternalServerError)
}

// Who has no account yet finds the way to one.
func TestTheSignInPageLeadsToApplying(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	for lang, way := range map[string]string{"uk": "/uk/apply", "en": "/en/apply"} {
		g.house.As("").Get("/sign-in?lang="+lang).Attr("main aside [href="+way+"]", "href")
	}
}

// Every proof is told to the log, by what, whose and from where, and nothing of what was typed.
func TestProofsAreLogged(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	b := g.house.As("")
	b.Post("/sign-in", pair("roman@example.org", "canary in the password")).Wants(http.StatusUnprocessableEntity)
	b.Post("/sign-in", pair("canary\nlevel=INFO@example.org", password)).Wants(http.StatusUnprocessableEntity)
	b.Post("/sign-in", pair("roman@example.org", password)).Wants(http.StatusSeeOther)
	b.Post("/sign-in/factor", typed("canary")).Wants(http.StatusUnprocessableEntity)
	b.Post("/sign-in/factor", typed(g.code())).Wants(http.StatusSeeOther)
	got := g.log.String()
	for _, line := range []string{
		`level=WARN msg="a proof was refused" by=password why=signin.wrong person="" from=127.0.0.1`,
		`level=INFO msg="a proof was taken" by=password person=` + g.roman + ` from=127.0.0.1`,
		`level=WARN msg="a proof was refused" by=code why=factor.wrong person=` + g.roman + ` from=127.0.0.1`,
		`level=INFO msg="a proof was taken" by=code person=` + g.roman + ` from=127.0.0.1`,
	} {
		if !strings.Contains(got, line) {
			t.Errorf("the log lacks %s", line)
		}
	}
	if strings.Contains(got, "canary") || strings.Contains(got, "roman@") || strings.Contains(got, password) || strings.Count(got, "\n") != 5 {
		t.Errorf("the log says\n%s", got)
	}
}
