package giving_test

import (
	"testing"
	"time"

	"github.com/bojanz/currency"

	"kopiyka/internal/campaign"
	"kopiyka/internal/exchange"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

func TestAPromiseInAnotherCurrencyCountsAtTheRateOfItsDay(t *testing.T) {
	t.Parallel()
	w := world(t)
	w.Accept("EUR", "1.08")
	id := w.PledgeIn(money.Of(100_001, "EUR"))
	w.Accept("EUR", "2") // a later rate is not that pledge's
	p := w.PledgeOf(id)
	if p.Amount != money.Of(108_001, "USD") || p.Original != money.Of(100_001, "EUR") || p.Rate.Value.String() != "1.08" || p.Rate.Source != "NBU" || p.ToPay() != p.Original {
		t.Errorf("pledge = %+v", p)
	}
	if again := w.PledgeOf(w.PledgeIn(money.Of(100_001, "EUR"))); again.Amount != money.Of(200_002, "USD") {
		t.Errorf("a pledge after the new rate counts as %v", again.Amount)
	}
}

func TestInstalmentsOfAPromiseInAnotherCurrencyComeToIt(t *testing.T) {
	t.Parallel()
	w := world(t)
	w.Accept("UAH", "0.0241")
	p := w.Promise(1)
	p.Amount, p.Rhythm, p.Parts = money.Of(1_000_000, "UAH"), giving.Monthly, giving.Spread(1_000_000, noon, 1, 7)
	id, err := giving.MakePledge(t.Context(), w.DB, w.Now, p)
	if err != nil {
		t.Fatal(err)
	}
	pledge := w.PledgeOf(id)
	s, err := giving.ScheduleOf(t.Context(), w.DB, pledge, noon)
	if err != nil {
		t.Fatal(err)
	}
	var own, original int64
	for _, i := range s.Instalments {
		own, original = own+i.Asks, original+i.Original.Minor
	}
	if own != 24_100 || original != 1_000_000 || len(s.Instalments) != 7 {
		t.Errorf("instalments come to %d and %d: %+v", own, original, s.Instalments)
	}
}

func TestPromisesInAnotherCurrencyThatAreRefused(t *testing.T) {
	t.Parallel()
	w := world(t)
	try := func(a money.Amount) error {
		p := w.Promise(1)
		p.Amount = a
		_, err := giving.MakePledge(t.Context(), w.DB, w.Now, p)
		return err
	}
	wantFault(t, try(money.Of(100, "EUR")), fault.Invalid, "pledge.other_currency")
	if err := campaign.Accept(t.Context(), w.DB, w.Now, campaign.Acceptance{Slug: w.Slug, PersonID: w.Coordinator, Currencies: []money.Currency{"EUR"}}); err != nil {
		t.Fatal(err)
	}
	wantFault(t, try(money.Of(100, "EUR")), fault.Invalid, "pledge.no_rate")
	w.Accept("EUR", "0.001")
	wantFault(t, try(money.Of(100, "EUR")), fault.Invalid, "pledge.counts_as_nothing")
	w.Accept("EUR", "99999")
	wantFault(t, try(money.Of(9_999_999_999_999, "EUR")), fault.Invalid, "money.too_large")
	if w.Count("pledges") != 0 {
		t.Error("a refused promise was kept")
	}
}

// The schema reckons again, and knows whose rate it is.
func TestTheSchemaRefusesAPledgeThatCountsOtherwise(t *testing.T) {
	t.Parallel()
	w := world(t)
	w.Accept("EUR", "1.08")
	w.Accept("GBP", "1.25")
	rate := func(from money.Currency) string {
		r, err := exchange.InForce(t.Context(), w.DB, w.Cluster, from, "USD", noon)
		if err != nil || r.None() {
			t.Fatal(r, err)
		}
		return r.ID
	}
	insert := func(minor, original int64, c, rate string) string {
		_, err := w.Owner.Exec(`INSERT INTO pledges (id, campaign_id, company_id, amount_minor, currency, visibility, reference, made_by, made_at, original_minor, original_currency, rate_id)
			VALUES ($1, $2, $3, $4, 'USD', 'named', $5, $6, $7, $8, $9, $10)`, pg.NewID(), w.Campaign, w.Company, minor, string(giving.NewReference()), w.Payer, noon, original, c, rate)
		return pg.Constraint(err)
	}
	if got := insert(109, 100, "EUR", rate("EUR")); got != "pledges_original_at_rate" {
		t.Errorf("a cent too many: %q", got)
	}
	if got := insert(108, 100, "EUR", rate("GBP")); got != "pledges_original_rate" {
		t.Errorf("another pair's rate: %q", got)
	}
	if got := insert(108, 100, "CHF", rate("EUR")); got != "pledges_original_accepted" {
		t.Errorf("a currency that the campaign does not take: %q", got)
	}
	if _, err := w.Owner.Exec(`UPDATE exchange_rates SET rate = 2`); err == nil {
		t.Error("a rate was changed")
	}
}

// Go and PostgreSQL know the same decimals, and round alike.
func TestTheSchemaCountsLikeTheProgram(t *testing.T) {
	t.Parallel()
	w := world(t)
	for _, code := range currency.GetCurrencyCodes() {
		var exponent int
		if err := w.DB.Get(&exponent, `SELECT currency_exponent($1)`, code); err != nil || exponent != money.Currency(code).Exponent() {
			t.Errorf("%s has %d decimals in the schema and %d here, %v", code, exponent, money.Currency(code).Exponent(), err)
		}
	}
	for _, c := range []struct {
		a    money.Amount
		to   money.Currency
		rate string
	}{
		{money.Of(1, "USD"), "UAH", "0.5"}, {money.Of(15, "USD"), "JPY", "3.333333333333"}, {money.Of(999_999_999, "KWD"), "JPY", "488.125"},
		{money.Of(5, "JPY"), "KWD", "0.0001"}, {money.Of(12_345, "CLF"), "USD", "38.123456789012"},
	} {
		v, err := exchange.Parse(c.rate)
		if err != nil {
			t.Fatal(err)
		}
		here, _ := v.Of(c.a, c.to)
		var there int64
		if err := w.DB.Get(&there, `SELECT exchanged($1, $2, $3, $4::numeric)::bigint`, c.a.Minor, string(c.a.Currency), string(c.to), c.rate); err != nil || here != there {
			t.Errorf("%v at %s in %s: %d here, %d in the schema, %v", c.a, c.rate, c.to, here, there, err)
		}
	}
}

// An act changes the pledge in the campaign's currency; what is to be paid follows in the
// currency of the promise.
func TestWhatIsToBePaidFollowsAnAmendment(t *testing.T) {
	t.Parallel()
	w := world(t)
	w.Accept("EUR", "1.25")
	id := w.PledgeIn(money.Of(100_000, "EUR"))
	p := w.PledgeOf(id)
	s, err := giving.ScheduleOf(t.Context(), w.DB, p, noon)
	if err != nil {
		t.Fatal(err)
	}
	err = giving.Amend(t.Context(), w.DB, w.Now, giving.Redraw{
		PledgeID: id, PersonID: w.Payer, Seen: giving.Seen(p, s), Reason: "Менше", Rest: []giving.Part{{DueOn: s.Instalments[0].DueOn, Minor: 50_000}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if p = w.PledgeOf(id); p.Amount != money.Of(50_000, "USD") || p.ToPay() != money.Of(40_000, "EUR") || p.Original != money.Of(100_000, "EUR") {
		t.Errorf("pledge = %+v", p)
	}
}

func TestRatesAreEnteredByThePeopleOfTheCluster(t *testing.T) {
	t.Parallel()
	w := world(t)
	value, err := exchange.Parse("1.08")
	if err != nil {
		t.Fatal(err)
	}
	good := exchange.Entry{ClusterID: w.Cluster, PersonID: w.Coordinator, From: "EUR", To: "USD", Value: value, Source: "НБУ", Day: gatewaytest.Day("2026-03-02")}
	enter := func(change func(*exchange.Entry)) error {
		e := good
		change(&e)
		_, err := exchange.Enter(t.Context(), w.DB, w.Now, e)
		return err
	}
	if err := enter(func(*exchange.Entry) {}); err != nil {
		t.Fatal(err)
	}
	wantFault(t, enter(func(e *exchange.Entry) { e.PersonID = w.Stranger }), fault.NotFound, "cluster.unknown")
	wantFault(t, enter(func(e *exchange.Entry) { e.PersonID = w.Approver }), fault.Forbidden, "rate.role")
	for key, change := range map[string]func(*exchange.Entry){
		"rate.same_currency":  func(e *exchange.Entry) { e.To = "EUR" },
		"currency.unknown":    func(e *exchange.Entry) { e.From = "XYZ" },
		"rate.day_ahead":      func(e *exchange.Entry) { e.Day = gatewaytest.Day("2026-03-03") },
		"rate.day_missing":    func(e *exchange.Entry) { e.Day = time.Time{} },
		"rate.source_missing": func(e *exchange.Entry) { e.Source = " " },
		"rate.zero":           func(e *exchange.Entry) { e.Value = 0 },
		"rate.far_off":        func(e *exchange.Entry) { e.Value *= 2 },
	} {
		wantFault(t, enter(change), fault.Invalid, key)
	}
	if err := enter(func(e *exchange.Entry) { e.Value, e.Sure = e.Value*2, true }); err != nil {
		t.Error(err)
	}
	if err := enter(func(e *exchange.Entry) { e.Value, e.Day, e.Sure = e.Value/2, gatewaytest.Day("2026-03-01"), true }); err != nil {
		t.Error(err)
	}
	r, err := exchange.InForce(t.Context(), w.DB, w.Cluster, "EUR", "USD", noon)
	if err != nil || r.Value != value*2 {
		t.Errorf("in force: %+v, %v; an older day entered later is not", r, err)
	}
}
