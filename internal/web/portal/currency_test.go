package portal_test

import (
	"net/http"
	"strings"
	"testing"

	"kopiyka/internal/stripesim"
)

// A campaign that accepts euros asks in which currency one promises, says the rate, and the
// company then pays in euros.
func TestAPromiseInEurosIsPaidInEuros(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.payer.Get("/portal/pledges/new?campaign="+r.Slug).Wants(http.StatusOK).Says("main", "USD")
	r.Accept("EUR", "1.08")
	form := r.payer.Get("/portal/pledges/new?campaign=" + r.Slug).Wants(http.StatusOK)
	form.Says("#currency", "EUR: 1 counts as 1.08 USD (NBU")
	if form.Has("[type=hidden][name=currency]") {
		t.Error("the form says the currency twice")
	}
	path, _, _ := strings.Cut(r.payer.Post("/portal/pledges", r.promised("currency", "EUR", "amount", "1000")).Wants(http.StatusSeeOther).Location(), "?")
	page := r.payer.Get(path).Wants(http.StatusOK)
	page.Says("#pay .due-sum", "€1,000.00").Says("#pay .button", "Pay €1,000.00").Says("main .pairs", "€1,000.00 – counts as $1,080.00 at 1.08 (NBU")
	for text, words := range map[string]string{"1000.01": "€1,000.00", "0.10": "€0.50", "abc": "", "999.90": "€0.50"} {
		r.payer.In(t).Post(path+"/payments", amount(text)).Wants(http.StatusUnprocessableEntity).Says("[role=alert]", words)
	}
	paid := r.payer.Post(path+"/payments", amount("400")).Wants(http.StatusSeeOther)
	if !strings.HasPrefix(paid.Location(), r.URL) {
		t.Fatalf("leads to %s", paid.Location())
	}
	var id, session string
	if err := r.Owner.QueryRowx(`SELECT id, session_id FROM payments WHERE charged_minor = 40000 AND charged_currency = 'EUR' AND amount_minor = 43200`).Scan(&id, &session); err != nil {
		t.Fatal(err)
	}
	if err := r.Sim.Pay(session, stripesim.CardPays); err != nil {
		t.Fatal(err)
	}
	r.payer.Get("/portal/payments/"+id+"/return").Wants(http.StatusOK).Says(".due-sum", "€400.00").Says("main", "€400.00 – counts as $432.00 for the campaign")
	page = r.payer.Get(path).Wants(http.StatusOK)
	page.Says("#pay .due-sum", "€600.00").Says("main table", "€400.00").Says("main table", "$432.00")
	r.payer.Get(path+"/amend").Wants(http.StatusOK).Says("main", "The amounts are in the campaign’s currency")
	r.payer.Get(path+"/history").Wants(http.StatusOK).Says("main", "€1,000.00 – counts as $1,080.00")
}

func TestAPlanInEurosSaysWhatItCountsAs(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.Accept("EUR", "1.08")
	form := r.promised("currency", "EUR", "amount", "1000", "when", "monthly", "number", "3")
	r.payer.Post("/portal/pledges", form).Wants(http.StatusOK).Says("main", "€1,000.00 – counts as $1,080.00 at 1.08").Says("main table", "€333.34")
	form.Set("step", "promise")
	path, _, _ := strings.Cut(r.payer.Post("/portal/pledges", form).Wants(http.StatusSeeOther).Location(), "?")
	page := r.payer.Get(path).Wants(http.StatusOK)
	page.Says("main table", "$360.00").Says("#pay .button", "Pay the instalment €333.33")
}

func TestPromisesInOtherCurrenciesThatAreWrongAreKept(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.Accept("EUR", "1.08")
	r.Accept("JPY", "0.0067")
	for name, c := range map[string]struct{ currency, amount, words string }{
		"a currency that is not taken": {"GBP", "100", "This campaign counts in another currency: USD"},
		"no currency at all":           {"", "100", "This campaign counts in another currency: USD"},
		"not a currency":               {"<b>", "100", "This campaign counts in another currency: USD"},
		"too little to be charged":     {"EUR", "0.49", "€0.50"},
		"finer than the currency":      {"JPY", "100.5", ""},
		"text":                         {"EUR", "many", ""},
	} {
		t.Run(name, func(t *testing.T) {
			answer := r.refused(t, r.promised("currency", c.currency, "amount", c.amount), "amount", c.words)
			if got := answer.Attr("#amount", "value"); got != c.amount {
				t.Errorf("what was typed is %q", got)
			}
		})
	}
	answer := r.refused(t, r.promised("currency", "EUR", "amount", "0"), "amount", "")
	if got := answer.Attr("#currency [selected]", "value"); got != "EUR" {
		t.Errorf("the chosen currency is %q", got)
	}
}
