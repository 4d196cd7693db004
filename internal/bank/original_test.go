package bank

import (
	"testing"

	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
)

// dollars opens an account in dollars beside the campaign in hryvnias, which accepts them.
func dollars(t *testing.T) *desk {
	t.Helper()
	d := &desk{World: newDesk(t).World, t: t}
	d.Accept("USD", "41.5")
	d.Account = d.open(t, "UA890000000000000000000000009")
	d.Account.Currency = "USD"
	if _, err := d.Owner.Exec(`UPDATE bank_accounts SET currency = 'USD' WHERE id = $1`, d.ID); err != nil {
		t.Fatal(err)
	}
	return d
}

// promisedIn is a pledge in dollars with its payment reference.
func (d *desk) promisedIn(minor int64) (id, reference string) {
	d.t.Helper()
	id = d.PledgeIn(money.Of(minor, "USD"))
	if err := d.Owner.Get(&reference, `SELECT reference FROM pledges WHERE id = $1`, id); err != nil {
		d.t.Fatal(err)
	}
	return id, reference
}

// came brings one line of a CSV file and returns its id.
func (d *desk) cameAs(day, sum, words string) string {
	d.t.Helper()
	if _, err := d.try(d.Account, "Дата;Сума;Призначення платежу\n"+day+";"+sum+";"+words+"\n"); err != nil {
		d.t.Fatal(err)
	}
	d.matchAll()
	var id string
	if err := d.Owner.Get(&id, `SELECT id FROM statement_lines ORDER BY id DESC LIMIT 1`); err != nil {
		d.t.Fatal(err)
	}
	return id
}

// holds fails the test unless the fund in hryvnias and both sides of the exchange, and what
// is unmatched in dollars, hold these sums.
func (d *desk) holds(fund, exchanged, unmatched int64) {
	d.t.Helper()
	uah, usd := d.Balance(ledger.Exchange(d.Cluster, "UAH")), d.Balance(ledger.Exchange(d.Cluster, "USD"))
	if d.Free() != fund || uah != fund || usd != -exchanged || d.Balance(ledger.Unmatched(d.Cluster, "USD")) != unmatched {
		d.t.Errorf("fund %d, exchange %d UAH and %d USD, unmatched %d; want %d, %d, %d", d.Free(), uah, usd, d.Balance(ledger.Unmatched(d.Cluster, "USD")), fund, exchanged, unmatched)
	}
	d.VerifyBooks()
}

// A line in the currency of the promise is matched by itself and counts at the pledge's
// rate; what is paid in two lines comes to the promise; and an undoing leaves nothing.
func TestALineInTheCurrencyOfThePromiseCountsAtItsRate(t *testing.T) {
	t.Parallel()
	d := dollars(t)
	pledge, ref := d.promisedIn(10_001)
	d.Accept("USD", "50") // a later rate is not that pledge's
	d.cameAs("20.11.2026", "33,33", ref)
	d.holds(138_320, 3_333, 0)
	d.cameAs("21.11.2026", "66,68", ref)
	d.holds(415_042, 10_001, 0)
	if p := d.PledgeOf(pledge); p.Received != p.Amount.Minor || !p.ToPay().IsZero() || p.Amount.Minor != 415_042 {
		t.Errorf("pledge = %+v", p)
	}
	var matches []string
	if err := d.Owner.Select(&matches, `SELECT id FROM line_matches ORDER BY id`); err != nil || len(matches) != 2 {
		t.Fatal(matches, err)
	}
	for _, match := range matches {
		undoing, err := AskUndo(t.Context(), d.DB, d.Now, match, d.Coordinator, "Інша компанія")
		if err == nil {
			err = Undo(t.Context(), d.DB, d.Now, undoing, d.Approver)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	d.holds(0, 0, 10_001)
	if p := d.PledgeOf(pledge); p.Received != 0 || p.ToPay() != p.Original {
		t.Errorf("after the undoing: %+v", p)
	}
}

// What goes back by transfer goes back in dollars, in two parts to the last kopiyka.
func TestARefundInTheCurrencyOfThePromiseLeavesNothing(t *testing.T) {
	t.Parallel()
	d := dollars(t)
	pledge, ref := d.promisedIn(10_001)
	d.cameAs("20.11.2026", "100,01", ref)
	var payment string
	if err := d.Owner.Get(&payment, `SELECT id FROM payments`); err != nil {
		t.Fatal(err)
	}
	for i, sum := range []string{"-33,33", "-66,68"} {
		line := d.cameAs([]string{"21.11.2026", "22.11.2026"}[i], sum, "Повернення")
		if err := MatchRefund(t.Context(), d.DB, d.Now, line, d.Coordinator, payment); err != nil {
			t.Fatal(err)
		}
	}
	d.holds(0, 0, 0)
	p, err := giving.PaymentOf(t.Context(), d.DB, payment, d.Payer)
	if err != nil || p.State != giving.Refunded || p.ChargedBack != 10_001 || p.RefundedMinor != p.ReceivedMinor {
		t.Errorf("payment = %+v, %v", p, err)
	}
	if left := d.PledgeOf(pledge).ToPay(); left != money.Of(10_001, "USD") {
		t.Errorf("%v is to be paid again", left)
	}
}

func TestALineInAThirdCurrencyIsRefused(t *testing.T) {
	t.Parallel()
	d := dollars(t)
	d.Accept("EUR", "45")
	id := d.PledgeIn(money.Of(10_000, "EUR"))
	var ref string
	if err := d.Owner.Get(&ref, `SELECT reference FROM pledges WHERE id = $1`, id); err != nil {
		t.Fatal(err)
	}
	line := d.cameAs("20.11.2026", "10,00", ref)
	refused(t, MatchPledge(t.Context(), d.DB, d.Now, line, d.Coordinator, ref, money.Of(1_000, "USD")), "transfer.other_currency")
	d.holds(0, 0, 1_000)
}

// Many at one line in another currency: no cent of it is given twice.
func TestALineInAnotherCurrencyIsNeverGivenTwice(t *testing.T) {
	t.Parallel()
	d := dollars(t)
	_, ref := d.promisedIn(100_000)
	line := d.cameAs("20.11.2026", "50,00", "без реквізиту")
	given := 0
	for _, err := range gatewaytest.Together(6, func(int) error {
		return MatchPledge(t.Context(), d.DB, d.Now, line, d.Coordinator, ref, money.Of(2_000, "USD"))
	}) {
		if err == nil {
			given++
		}
	}
	if given != 2 {
		t.Errorf("given %d times", given)
	}
	d.holds(166_000, 4_000, 1_000)
}
