package web_test

import (
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/config"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/mail"
	"kopiyka/internal/web"
)

// What nobody may read who has not sent it: in no log, and in no answer.
var secretCanaries = map[string]string{
	"a password":           "canary-password-Zq7",
	"a code":               "493817",
	"a bearer's token":     "canary-bearer-4417",
	"a foreign cookie":     "canary-cookie-9921",
	"a client secret":      "pi_3Canary_secret_XyZ01",
	"a payer at Stripe":    "olena@canary-stripe.example",
	"a card":               "4000056655665556",
	"Stripe's own words":   "canary-stripe-says",
	"the key":              gatewaytest.Key,
	"the webhook's secret": gatewaytest.Secret,
	"the former one":       gatewaytest.Former,
	"an app's secret":      secret,
	"the mail password":    "canary-smtp-5530",
	"the database's":       "canary-postgres-1188",
}

// What its sender may see again, such as a form that was not filled in well, and the log
// may not.
var typedCanaries = map[string]string{
	"an address":  "typed@canary.example",
	"words":       "canary-words-3104",
	"a card":      "5555555555554444",
	"a query":     "canary-query-7716",
	"a token":     "CANARYTOKENCANARYTOKENCANARYTOKENCANARYTOK0",
	"a statement": "SELECT canary_0416 FROM",
}

// witness looks at all that is logged and answered.
type witness struct {
	t *testing.T
	n map[int]int // answers by their status
}

// hears looks at an answer, and logged at what the log has.
func (w *witness) hears(what, answer string) {
	w.t.Helper()
	for name, canary := range secretCanaries {
		if at := strings.Index(answer, canary); at >= 0 {
			w.t.Errorf("%s answers with %s: …%.120s", what, name, answer[max(0, at-60):])
		}
	}
}

func (w *witness) logged(what, text string) {
	w.t.Helper()
	for _, kind := range []map[string]string{secretCanaries, typedCanaries} {
		for name, canary := range kind {
			if at := strings.Index(text, canary); at >= 0 {
				w.t.Errorf("%s: the log has %s: …%.200s", what, name, text[max(0, at-120):])
			}
		}
	}
}

// Recognisable secrets go in at every door, while all is well and while everything fails
// behind it: the database, Stripe, the mail server, the program itself. None comes out.
func TestCanariesReachNoLogAndNoAnswer(t *testing.T) {
	t.Parallel()
	h := open(t)
	former := slog.Default() // some of the house speaks through it; what other tests say meanwhile is heard too
	slog.SetDefault(slog.New(slog.NewTextHandler(h.Log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	audit.TellTo(slog.Default())
	t.Cleanup(func() { slog.SetDefault(former); audit.TellTo(nil) })
	h.seat()
	h.letIn()
	all := h.things()
	w := &witness{t: t, n: map[int]int{}}
	var doors []door
	for _, name := range slices.Sorted(maps.Keys(h.addresses())) {
		method, path, _ := strings.Cut(name, " ")
		if path != "/sign-out" && path != "/account/sessions/end" && path != "/account/erase" { // who goes out by them sees nothing more
			doors = append(doors, door{name, method, all.at(path)})
		}
	}
	open := h.Checkout(h.Pledge(7_000), 7_000)
	stripes := []door{
		{"POST /portal/pledges/:id/payments", http.MethodPost, "/portal/pledges/" + h.Pledge(9_000) + "/payments"}, {"POST /office/payments/:id/ask", http.MethodPost, "/office/payments/" + open.ID + "/ask"},
		{"GET /portal/payments/:id/return", http.MethodGet, "/portal/payments/" + open.ID + "/return"},
	}
	visitors := []*http.Client{h.visitor(""), h.visitor("owner@example.org"), h.visitor("coordinator@example.org")}
	cookies := h.cookiesOf(visitors)

	weathers := []struct {
		name string
		set  func()
		want int // a status that some answers have to have
	}{
		{"all is well", func() {}, http.StatusUnprocessableEntity},
		{"Stripe fails", func() { h.Before(stripeSaysTooMuch) }, http.StatusServiceUnavailable},
		{"the program panics", func() { h.front(h.DB, func() time.Time { panic("the clock has stopped") }) }, http.StatusInternalServerError},
		{"the schema is broken", func() {
			h.front(h.DB, clock.System)
			if _, err := h.Owner.Exec(`ALTER TABLE companies RENAME TO companies_gone; ALTER TABLE letters RENAME TO letters_gone; ALTER TABLE sign_in_failures RENAME TO failures_gone`); err != nil {
				t.Fatal(err)
			}
		}, http.StatusInternalServerError},
		{"the database is away", func() { h.front(away(t), clock.System) }, http.StatusServiceUnavailable},
	}
	for _, weather := range weathers {
		weather.set()
		before := len(h.Log.String())
		if _, err := h.Owner.Exec(`DELETE FROM limit_counts`); err != nil { // nobody is refused for asking as often as this
			t.Fatal(err)
		}
		w.n = map[int]int{}
		knocks := doors
		if weather.name == "Stripe fails" {
			knocks = append(stripes, doors...)
		}
		for _, d := range knocks {
			for i, c := range visitors {
				status, answer := h.knock(c, d)
				w.n[status]++
				w.hears(fmt.Sprintf("%s as %d, %s", d.name, i, weather.name), answer)
			}
		}
		h.webhooks(w, weather.name)
		log := h.Log.String()[before:]
		w.logged(weather.name, log)
		for _, cookie := range cookies {
			if strings.Contains(log, cookie) {
				t.Errorf("%s: the log has somebody's session", weather.name)
			}
		}
		if w.n[weather.want] < 4 || // readiness answers 503 to three in any weather
			strings.Count(log, "\n") < 3 {
			t.Errorf("%s: the answers were %v and %d lines were logged: it was not so", weather.name, w.n, strings.Count(log, "\n"))
		}
	}
	if !strings.Contains(h.Log.String(), "msg=done act=") {
		t.Error("no act was told: the question is empty for them")
	}
	w.logged("the mail server fails", h.mailFails())
}

// door is an address and what to call it.
type door struct{ name, method, path string }

// knock sends every canary that a browser could send.
func (h *house) knock(c *http.Client, d door) (status int, answer string) {
	h.t.Helper()
	form, err := url.ParseQuery(h.forms()[d.name])
	if err != nil {
		h.t.Fatal(err)
	}
	if strings.HasSuffix(d.name, "/payments") {
		form = url.Values{"amount": {"12.50"}, "currency": {"USD"}, "way": {"card"}}
	}
	for field, values := range (url.Values{"password": {secretCanaries["a password"]}, "proof_password": {secretCanaries["a password"]}, "code": {secretCanaries["a code"]}, "proof_code": {secretCanaries["a code"]}, "email": {typedCanaries["an address"]}, "amount": {typedCanaries["a card"]}}) {
		if !form.Has(field) || field == "password" {
			form[field] = values
		}
	}
	for _, field := range []string{"reason", "message", "note", "name", "name_uk", "person_name", "purpose", "campaign", "company", "cluster", "kind", "role", "act", "pledge", "source", "from", "to", "wanted"} {
		if !form.Has(field) || field == "reason" || field == "message" {
			form.Set(field, typedCanaries["words"]+" "+typedCanaries["a card"]+" "+typedCanaries["a statement"])
		}
	}
	path := d.path
	if !strings.Contains(path, "?") {
		path += "?q=" + typedCanaries["a query"] + "&after=" + typedCanaries["a query"] + "&token=" + typedCanaries["a token"]
	}
	body := ""
	if d.method == http.MethodPost {
		body = form.Encode()
	}
	res, said := h.ask(c, d.method, path, body, "Authorization", "Bearer "+secretCanaries["a bearer's token"], "X-Canary", secretCanaries["a foreign cookie"])
	return res.StatusCode, said
}

// front opens the doors once more, before another database and by another clock, with the
// same log.
func (h *house) front(db *sqlx.DB, now clock.Clock) {
	h.t.Helper()
	front, err := web.New(web.Parts{
		DB: db, Vault: h.vault, Gateway: h.Gateway, Now: now, Log: slog.New(slog.NewTextHandler(h.Log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Config: config.Config{Addr: "127.0.0.1:0", URL: "http://127.0.0.1", StripeBase: h.URL, StripePageOrigin: h.URL},
		Wake:   h.Workers.Wake, Working: h.Workers.Working,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.server.Config.Handler = front
}

// away is a database that nobody answers for.
func away(t *testing.T) *sqlx.DB {
	t.Helper()
	db, err := sqlx.Open("postgres", "postgres://kopiyka:"+secretCanaries["the database's"]+"@127.0.0.1:1/x?sslmode=disable&connect_timeout=1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// stripeSaysTooMuch answers each call with an error that holds all that Stripe knows.
func stripeSaysTooMuch(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Stripe-Should-Retry", "false")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"error":{"type":"card_error","code":"card_declined","message":"%s %s %s","payment_intent":{"id":"pi_3","client_secret":"%s"}}}`,
			secretCanaries["Stripe's own words"], secretCanaries["a card"], secretCanaries["a payer at Stripe"], secretCanaries["a client secret"])
	})
}

// webhooks brings events: signed and kept, signed and nonsense, signed by somebody else.
func (h *house) webhooks(w *witness, weather string) {
	h.t.Helper()
	facts := fmt.Sprintf(`"client_secret":"%s","receipt_email":"%s","card":"%s"`, secretCanaries["a client secret"], secretCanaries["a payer at Stripe"], secretCanaries["a card"])
	event := fmt.Sprintf(`{"id":"evt_%s","object":"event","type":"payment_intent.succeeded","api_version":"2024-04-10","created":%d,"livemode":false,"data":{"object":{"id":"pi_3","object":"payment_intent",%s}}}`,
		strings.ReplaceAll(weather, " ", ""), time.Now().Unix(), facts)
	for _, body := range []string{event, `{` + facts, `"` + secretCanaries["a client secret"]} {
		for _, key := range []string{gatewaytest.Secret, secretCanaries["a password"]} {
			res, said := h.ask(h.visitor(""), http.MethodPost, "/hooks/stripe", body, "Stripe-Signature", gatewaytest.Sign([]byte(body), key, h.Now()), "Content-Type", "application/json")
			w.n[res.StatusCode]++
			w.hears("a webhook while "+weather, said)
		}
	}
	if weather != "the database is away" && weather != "the schema is broken" {
		if _, err := h.Workers.One(h.t.Context()); err != nil {
			w.logged("a worker", err.Error())
		}
	}
}

// cookiesOf are the sessions of visitors.
func (h *house) cookiesOf(visitors []*http.Client) (values []string) {
	h.t.Helper()
	home, err := url.Parse(h.server.URL)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, c := range visitors {
		for _, cookie := range c.Jar.Cookies(home) {
			if len(cookie.Value) > 20 {
				values = append(values, cookie.Value)
			}
		}
	}
	if len(values) < 2 {
		h.t.Fatalf("%d sessions", len(values))
	}
	return values
}

// mailFails sends a letter by servers that are of no use, and returns all that is said.
func (h *house) mailFails() string {
	h.t.Helper()
	if _, err := h.Owner.Exec(`ALTER TABLE letters_gone RENAME TO letters`); err != nil {
		h.t.Fatal(err)
	}
	var said strings.Builder
	for _, host := range []string{"127.0.0.1:1", h.rude()} {
		server, err := mail.ParseServer("smtp://kopiyka:" + secretCanaries["the mail password"] + "@" + host)
		if err != nil {
			h.t.Fatal(err)
		}
		from, err := mail.ParseFrom("letters@kopiyka.example")
		if err != nil {
			h.t.Fatal(err)
		}
		sender := &mail.Sender{DB: h.DB, Now: clock.At(time.Now().Add(time.Hour)), Log: slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug})), Server: server, From: from}
		if err := sender.Send(h.t.Context()); err == nil {
			h.t.Error("the letter went")
		} else {
			said.WriteString(err.Error())
		}
	}
	_, err := mail.ParseServer("smtp://kopiyka:" + secretCanaries["the mail password"] + "@%zz")
	fmt.Fprint(&said, err)
	return said.String()
}

// rude is a mail server that sends everybody away.
func (h *house) rude() string {
	h.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("554 no mail here\r\n"))
			_ = c.Close()
		}
	}()
	return listener.Addr().String()
}
