package stripesim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"
	"golang.org/x/net/html"

	"kopiyka/internal/stripesim"
)

// doc is a parsed page.
type doc struct {
	t    *testing.T
	root *html.Node
}

func parsePage(t *testing.T, s shown) doc {
	t.Helper()
	root, err := html.Parse(strings.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	return doc{t, root}
}

// find lists the elements that have the attribute with the value; "" is any value.
func (d doc) find(attr, value string) []*html.Node {
	var out []*html.Node
	for n := range d.root.Descendants() {
		for _, a := range n.Attr {
			if a.Key == attr && (value == "" || a.Val == value) {
				out = append(out, n)
			}
		}
	}
	return out
}

func (d doc) one(attr, value string) *html.Node {
	d.t.Helper()
	found := d.find(attr, value)
	if len(found) != 1 {
		d.t.Fatalf("%d elements with %s=%q", len(found), attr, value)
	}
	return found[0]
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

func (l *lab) page(session, query string) shown {
	l.t.Helper()
	return l.do(l.request("GET", "/c/pay/"+session+query, ""))
}

func TestPageInBothLanguages(t *testing.T) {
	t.Parallel()
	l := open(t)
	id := l.session(byDebit).ID
	for lang, want := range map[string][]string{
		"uk": {"ПІСОЧНИЦЯ", "5\u00a0000,00\u00a0$", "Заплатити 5\u00a0000,00\u00a0$ (несправжніх)"},
		"en": {"SANDBOX", "$5,000.00", "Pay $5,000.00 (not real)"},
	} {
		got := l.page(id, "?lang="+lang)
		d := parsePage(t, got)
		banner := d.one("class", "sandbox")
		if got.status != http.StatusOK || !strings.HasPrefix(text(banner), want[0]) {
			t.Errorf("%s: %d, banner %q", lang, got.status, text(banner))
		}
		if sum := text(d.find("class", "sum")[0]); sum != want[1] {
			t.Errorf("%s: sum %q, want %q", lang, sum, want[1])
		}
		if button := text(d.find("class", "button")[0]); button != want[2] {
			t.Errorf("%s: button %q, want %q", lang, button, want[2])
		}
		for _, piece := range []string{"Kharkiv IT Cluster", "Gift to IT4Life", "KP-7Q4M-19", "olena@example.com", stripesim.AccountClosed, "4000 0000 0000 9995", "http://127.0.0.1:1/pay/cancel"} {
			if !strings.Contains(got.body, piece) {
				t.Errorf("%s: the page does not show %q", lang, piece)
			}
		}
		csp := got.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "form-action 'self' http://127.0.0.1:1;") {
			t.Errorf("%s: policy %q", lang, csp)
		}
		if n := len(d.find("style", "")) + strings.Count(got.body, "<script") + strings.Count(got.body, "<style"); n > 0 {
			t.Errorf("%s: %d inline styles or scripts", lang, n)
		}
	}
}

// The payee has a name in each language; with one alone, it stands on both pages.
func TestPayeeIsNamedInThePagesLanguage(t *testing.T) {
	t.Parallel()
	both := open(t, func(o *stripesim.Options) {
		o.Merchant, o.MerchantEN = "Харківський ІТ-кластер", "Kharkiv IT Cluster"
	})
	one := open(t, func(o *stripesim.Options) { o.Merchant = "Громада" })
	for _, c := range []struct {
		l              *lab
		lang, is, isnt string
	}{
		{both, "uk", "Харківський ІТ-кластер", "Kharkiv"},
		{both, "en", "Kharkiv IT Cluster", "Харківський"},
		{one, "uk", "Громада", "Kopiyka<"},
		{one, "en", "Громада", "Kopiyka<"},
	} {
		body := c.l.page(c.l.session().ID, "?lang="+c.lang).body
		if strings.Count(body, c.is) != 2 || strings.Contains(body, c.isnt) {
			t.Errorf("%s: %q stands %d times, %q %d", c.lang, c.is, strings.Count(body, c.is), c.isnt, strings.Count(body, c.isnt))
		}
	}
}

// A payer on a phone meets the form to pay before the numbers to try, and a reference that
// fits on a line.
func TestFormStandsBeforeTheTestNumbers(t *testing.T) {
	t.Parallel()
	l := open(t)
	id := l.session(func(p *stripe.CheckoutSessionParams) {
		p.ClientReferenceID = stripe.String("01a216f4-dbbd-73b4-a351-e68b772af23a")
	}).ID
	body := l.page(id, "?lang=uk").body
	form, list, number := strings.Index(body, `id="card"`), strings.Index(body, "<details"), strings.Index(body, "4000 0000 0000 0002")
	if form < 0 || list < form || number < list {
		t.Errorf("the form is at %d, the list at %d, a number at %d", form, list, number)
	}
	if strings.Contains(body, "01a216f4") || !strings.Contains(body, "<code>…e68b772af23a</code>") {
		t.Error("the reference is not cut to its end")
	}
}

func TestLanguageOfThePage(t *testing.T) {
	t.Parallel()
	l := open(t)
	plain := l.session().ID
	english := l.session(func(p *stripe.CheckoutSessionParams) { p.Locale = stripe.String("en-GB") }).ID
	noted := l.session(func(p *stripe.CheckoutSessionParams) { p.AddMetadata("lang", "en") }).ID
	for _, c := range []struct{ session, query, browser, want string }{
		{plain, "", "", "uk"},
		{plain, "", "en-US,en;q=0.9", "en"},
		{plain, "", "de,uk;q=0.5", "uk"},
		{plain, "?lang=en", "uk", "en"},
		{plain, "?lang=xx", "", "uk"},
		{english, "", "uk", "en"},
		{english, "?lang=uk", "", "uk"},
		{noted, "", "uk", "en"},
		{"cs_none", "?lang=en", "", "en"},
	} {
		req := l.request("GET", "/c/pay/"+c.session+c.query, "")
		req.Header.Set("Accept-Language", c.browser)
		got := l.do(req)
		if !strings.Contains(got.body, `<html lang="`+c.want+`">`) || got.header.Get("Content-Language") != c.want {
			t.Errorf("%s%s in a browser of %q: %s, want %s", c.session, c.query, c.browser, got.header.Get("Content-Language"), c.want)
		}
	}
}

func TestPageTakesCardsAndAccounts(t *testing.T) {
	t.Parallel()
	l := open(t)
	back := func(id string) string { return "http://127.0.0.1:1/pay/return?session_id=" + id }
	card := l.session().ID
	got := l.submit(card, goodCard("4242 4242-4242 4242"))
	if got.status != http.StatusSeeOther || got.header.Get("Location") != back(card) {
		t.Errorf("card: %d to %q", got.status, got.header.Get("Location"))
	}
	ch := l.look(card).PaymentIntent.LatestCharge
	if d := ch.PaymentMethodDetails.Card; d.Last4 != "4242" || d.ExpMonth != 12 || d.ExpYear != 2034 || ch.BillingDetails.Name != "Олена Ткач" {
		t.Errorf("charge by %+v of %q", d, ch.BillingDetails.Name)
	}
	bank := l.session(byDebit).ID
	got = l.submit(bank, url.Values{"method": {"us_bank_account"}, "account": {stripesim.AccountPays}, "holder": {"Ґанок Софт"}})
	if got.status != http.StatusSeeOther || got.header.Get("Location") != back(bank) {
		t.Errorf("bank: %d to %q", got.status, got.header.Get("Location"))
	}
	if cs := l.look(bank); cs.Status != "complete" || cs.PaymentStatus != "unpaid" || cs.CustomerDetails.Name != "Ґанок Софт" {
		t.Errorf("debit: %s, %s, %q", cs.Status, cs.PaymentStatus, cs.CustomerDetails.Name)
	}
	// A second click on Pay goes the same way and pays nothing.
	if again := l.submit(card, goodCard(stripesim.CardPays)); again.header.Get("Location") != back(card) {
		t.Errorf("second click: %d to %q", again.status, again.header.Get("Location"))
	}
	if p := l.sim.Books().Payments[l.look(card).PaymentIntent.ID]; len(p.Transactions) != 1 {
		t.Errorf("two clicks booked %d times", len(p.Transactions))
	}
}

func TestDeclineIsShownAndTheFormKept(t *testing.T) {
	t.Parallel()
	l := open(t)
	id := l.session().ID
	form := goodCard("4000 0000 0000 9995")
	form.Set("cvc", "987")
	got := l.submit(id, form)
	if got.status != http.StatusPaymentRequired {
		t.Errorf("status %d", got.status)
	}
	d := parsePage(t, got)
	if wrong := text(d.one("role", "alert")); !strings.Contains(wrong, "too little money") {
		t.Errorf("the page says %q", wrong)
	}
	values := []string{attr(d.one("id", "number"), "value"), attr(d.one("id", "expiry"), "value"), attr(d.one("id", "name"), "value"), attr(d.one("id", "cvc"), "value")}
	if want := []string{"4000 0000 0000 9995", "12/34", "Олена Ткач", ""}; !cmp.Equal(values, want) {
		t.Errorf("kept %q, want %q", values, want)
	}
	if strings.Contains(got.body, "987") {
		t.Error("the page repeats the CVC")
	}
	if got := l.submit(id, goodCard(stripesim.CardPays)); got.status != http.StatusSeeOther {
		t.Errorf("another card: %d", got.status)
	}
}

func TestMistakesAreShownAtTheirFields(t *testing.T) {
	t.Parallel()
	l := open(t)
	id := l.session(byDebit).ID
	for _, c := range []struct{ name, field, value, want string }{
		{"no number", "number", "", "type the 16 digits"},
		{"short number", "number", "4242 4242", "has 16 digits"},
		{"letters", "number", "4242 4242 4242 424O", "digits, spaces and hyphens"},
		{"a real card", "number", "5555 5555 5555 4444", "does not take this number"},
		{"no expiry", "expiry", "", "month and year"},
		{"words", "expiry", "next year", "two digits of the year"},
		{"thirteenth month", "expiry", "13/34", "01 to 12"},
		{"last month", "expiry", "02/24", "has expired"},
		{"far year", "expiry", "12/2199", "nearer year"},
		{"no CVC", "cvc", "", "3 digits"},
		{"long CVC", "cvc", "1234", "has 3 digits"},
		{"no name", "name", " ", "as it stands on the card"},
		{"long name", "name", strings.Repeat("ї", 201), "at most 200"},
		{"no account", "account", "", "type the account number"},
		{"account with letters", "account", "UA12", "digits only"},
		{"a real account", "account", "000999999991", "does not take this account"},
		{"no holder", "holder", "", "holder"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			form := goodCard(stripesim.CardPays)
			if c.field == "account" || c.field == "holder" {
				form = url.Values{"method": {"us_bank_account"}, "account": {stripesim.AccountPays}, "holder": {"x"}}
			}
			form.Set(c.field, c.value)
			got := l.submit(id, form)
			d := parsePage(t, got)
			if got.status != http.StatusUnprocessableEntity {
				t.Errorf("status %d", got.status)
			}
			input := d.one("id", c.field)
			if attr(input, "aria-invalid") != "true" || !strings.Contains(attr(input, "aria-describedby"), c.field+"-e") {
				t.Errorf("the field is not marked: %v", input.Attr)
			}
			if got := text(d.one("id", c.field+"-e")); !strings.Contains(got, c.want) {
				t.Errorf("at the field: %q, want %q", got, c.want)
			}
			if got := text(d.one("href", "#"+c.field)); !strings.Contains(got, c.want) {
				t.Errorf("in the summary: %q, want %q", got, c.want)
			}
			if got := attr(input, "value"); c.field != "cvc" && got != strings.TrimSpace(c.value) {
				t.Errorf("kept %q, typed %q", got, c.value)
			}
		})
	}
	t.Cleanup(func() {
		if n := len(l.sim.Books().Payments); n != 0 {
			t.Errorf("mistakes made %d payment intents", n)
		}
	})
}

// This month's card is good to its last day, last month's is not.
func TestCardLivesToTheEndOfItsMonth(t *testing.T) {
	t.Parallel()
	l := open(t)
	form := goodCard(stripesim.CardPays)
	form.Set("expiry", "03 / 24")
	if got := l.submit(l.session().ID, form); got.status != http.StatusSeeOther {
		t.Errorf("in March 03/24 is %d", got.status)
	}
	if err := l.sim.Advance(27 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := l.submit(l.session().ID, form); got.status != http.StatusUnprocessableEntity {
		t.Errorf("in April 03/24 is %d", got.status)
	}
}

func TestBadSubmissions(t *testing.T) {
	t.Parallel()
	l := open(t)
	id := l.session().ID
	for _, c := range []struct {
		name, path, body string
		header           map[string]string
		status           int
	}{
		{"10 MB", "/c/pay/" + id, "number=" + strings.Repeat("4", 10<<20), nil, http.StatusRequestEntityTooLarge},
		{"malformed UTF-8", "/c/pay/" + id, "method=card&name=%ff%fe", nil, http.StatusBadRequest},
		{"malformed percent", "/c/pay/" + id, "method=card&name=%zz", nil, http.StatusBadRequest},
		{"no method", "/c/pay/" + id, "number=4242424242424242", nil, http.StatusBadRequest},
		{"a method not offered", "/c/pay/" + id, "method=us_bank_account&account=000123456789&holder=x", nil, http.StatusBadRequest},
		{"JSON", "/c/pay/" + id, `{"method":"card"}`, map[string]string{"Content-Type": "application/json"}, http.StatusBadRequest},
		{"another site", "/c/pay/" + id, goodCard(stripesim.CardPays).Encode(), map[string]string{"Sec-Fetch-Site": "cross-site"}, http.StatusForbidden},
		{"no session", "/c/pay/cs_none", goodCard(stripesim.CardPays).Encode(), nil, http.StatusNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			req := l.request("POST", c.path, c.body)
			for k, v := range c.header {
				req.Header.Set(k, v)
			}
			if got := l.do(req); got.status != c.status {
				t.Errorf("%d, want %d", got.status, c.status)
			}
		})
	}
}

func TestPageEscapesWhatTheMerchantSays(t *testing.T) {
	t.Parallel()
	l := open(t, func(o *stripesim.Options) { o.Merchant = "A & B <i>" })
	evil := `</h1><script>alert("1")</script>`
	id := l.session(func(p *stripe.CheckoutSessionParams) {
		p.LineItems[0].PriceData.ProductData.Name = &evil
		p.ClientReferenceID = stripe.String(`"><img src=x onerror=alert(1)>`)
	}).ID
	form := goodCard(`"><script>alert(2)</script>`)
	for name, got := range map[string]shown{"shown": l.page(id, ""), "kept": l.submit(id, form)} {
		d := parsePage(t, got)
		for n := range d.root.Descendants() {
			if n.Type == html.ElementNode && (n.Data == "script" || n.Data == "img" || n.Data == "i") {
				t.Errorf("%s: the page has a <%s>", name, n.Data)
			}
		}
		if got := text(d.one("id", "pay")); got != evil {
			t.Errorf("%s: heading %q", name, got)
		}
	}
}

func TestSessionsThatCannotBePaidSaySo(t *testing.T) {
	t.Parallel()
	l := open(t)
	paid, pending, expired := l.session().ID, l.session(byDebit).ID, l.session().ID
	l.mustPay(paid, stripesim.CardPays)
	l.mustPay(pending, stripesim.AccountPays)
	if _, err := l.api.CheckoutSessions.Expire(expired, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		session string
		status  int
		title   string
		link    string
	}{
		{paid, http.StatusOK, "Уже сплачено", "http://127.0.0.1:1/pay/return?session_id=" + paid},
		{pending, http.StatusOK, "Списання доручено банку", "http://127.0.0.1:1/pay/return?session_id=" + pending},
		{expired, http.StatusGone, "Час на оплату минув", "http://127.0.0.1:1/pay/cancel"},
		{"cs_none", http.StatusNotFound, "Такої оплати немає", ""},
	} {
		got := l.page(c.session, "?lang=uk")
		d := parsePage(t, got)
		if title := text(d.one("id", "what")); got.status != c.status || title != c.title {
			t.Errorf("%s: %d %q, want %d %q", c.session, got.status, title, c.status, c.title)
		}
		if c.link != "" && attr(d.find("class", "button button--plain")[0], "href") != c.link {
			t.Errorf("%s: the way on is missing", c.session)
		}
		if !strings.Contains(got.body, "ПІСОЧНИЦЯ") {
			t.Errorf("%s: no banner", c.session)
		}
	}
	if got := l.submit(expired, goodCard(stripesim.CardPays)); got.status != http.StatusGone {
		t.Errorf("paying the expired one: %d", got.status)
	}
}

func TestSumsOfManyCurrencies(t *testing.T) {
	t.Parallel()
	l := open(t)
	for _, c := range []struct {
		minor    int64
		currency string
		uk, en   string
	}{
		{123_456, "usd", "1\u00a0234,56\u00a0$", "$1,234.56"},
		{10_870_000, "uah", "108\u00a0700,00\u00a0₴", "₴108,700.00"},
		{123_456, "jpy", "123\u00a0456\u00a0¥", "¥123,456"},
		{123_450, "kwd", "123,450\u00a0KWD", "KWD\u00a0123.450"},
		{123_400, "isk", "1\u00a0234,00\u00a0ISK", "ISK\u00a01,234.00"},
		{99, "eur", "0,99\u00a0€", "€0.99"},
		{999_999_999_999, "usd", "9\u00a0999\u00a0999\u00a0999,99\u00a0$", "$9,999,999,999.99"},
	} {
		id := l.session(amount(c.minor, c.currency)).ID
		for lang, want := range map[string]string{"uk": c.uk, "en": c.en} {
			d := parsePage(t, l.page(id, "?lang="+lang))
			if got := text(d.find("class", "sum")[0]); got != want {
				t.Errorf("%d %s in %s: %q, want %q", c.minor, c.currency, lang, got, want)
			}
		}
	}
}

func TestNumbersCanBeFilledIn(t *testing.T) {
	t.Parallel()
	l := open(t)
	id := l.session(byDebit).ID
	d := parsePage(t, l.page(id, "?lang=en&try="+stripesim.CardDeclined))
	if got := attr(d.one("id", "number"), "value"); got != "4000 0000 0000 0002" {
		t.Errorf("number = %q", got)
	}
	if got := attr(d.one("id", "cvc"), "value"); got != "" {
		t.Errorf("cvc = %q", got)
	}
	d = parsePage(t, l.page(id, "?try=5555555555554444"))
	if got := attr(d.one("id", "number"), "value"); got != "" {
		t.Errorf("a number of nobody's is filled in: %q", got)
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	l := open(t, func(o *stripesim.Options) {
		o.Stylesheet = func() (string, []byte) { return "abc123", []byte("h1{}") }
		o.Fonts = fstest.MapFS{"a.woff2": {Data: []byte("font")}, "secret.txt": {Data: []byte("no")}}
	})
	if got := l.page(l.session().ID, ""); !strings.Contains(got.body, `href="/assets/kopiyka-abc123.css"`) {
		t.Error("the page does not ask for the stylesheet")
	}
	for path, want := range map[string]int{
		"/assets/kopiyka-abc123.css": 200, "/assets/kopiyka-old.css": 404, "/assets/mark.svg": 200, "/assets/uk.toml": 404,
		"/assets/fonts/a.woff2": 200, "/assets/fonts/secret.txt": 404, "/assets/fonts/": 404, "/assets/fonts/none.woff2": 404,
	} {
		if got := l.do(l.request("GET", path, "")); got.status != want {
			t.Errorf("%s: %d, want %d", path, got.status, want)
		}
	}
	if got := l.do(l.request("GET", "/assets/kopiyka-abc123.css", "")); got.header.Get("Content-Type") != "text/css; charset=utf-8" || got.body != "h1{}" {
		t.Errorf("stylesheet: %s %q", got.header.Get("Content-Type"), got.body)
	}
}
