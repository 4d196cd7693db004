package stripesim_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/stripesim"
)

func (l *lab) customer() string {
	l.t.Helper()
	cus, err := l.api.Customers.New(&stripe.CustomerParams{Name: stripe.String("SoftServe"), Email: stripe.String("pay@example.com")})
	l.must(err)
	return cus.ID
}

// byTransfer lets a customer pay a session by bank transfer.
func byTransfer(customer, currency string) func(*stripe.CheckoutSessionParams) {
	return func(p *stripe.CheckoutSessionParams) {
		p.PaymentMethodTypes = stripe.StringSlice([]string{"customer_balance"})
		p.Customer, p.CustomerEmail = &customer, nil
		p.LineItems[0].PriceData.Currency = &currency
		kind := &stripe.CheckoutSessionPaymentMethodOptionsCustomerBalanceBankTransferParams{Type: stripe.String("us_bank_transfer")}
		if currency == "eur" {
			kind.Type = stripe.String("eu_bank_transfer")
			kind.EUBankTransfer = &stripe.CheckoutSessionPaymentMethodOptionsCustomerBalanceBankTransferEUBankTransferParams{Country: stripe.String("DE")}
		}
		p.PaymentMethodOptions = &stripe.CheckoutSessionPaymentMethodOptionsParams{CustomerBalance: &stripe.CheckoutSessionPaymentMethodOptionsCustomerBalanceParams{
			FundingType: stripe.String("bank_transfer"), BankTransfer: kind,
		}}
	}
}

// awaited is a session of 5,000.00 whose payer has asked for the details of a transfer.
func (l *lab) awaited(customer, currency string) *stripe.CheckoutSession {
	l.t.Helper()
	cs := l.session(byTransfer(customer, currency))
	l.mustPay(cs.ID, stripesim.ByTransfer)
	return l.look(cs.ID)
}

func (l *lab) cash(customer string) map[string]int64 {
	l.t.Helper()
	b, err := l.api.CashBalances.Get(&stripe.CashBalanceParams{Customer: &customer})
	l.must(err)
	return b.Available
}

func (l *lab) cashMoves(customer string) []string {
	l.t.Helper()
	var out []string
	it := l.api.CustomerCashBalanceTransactions.List(&stripe.CustomerCashBalanceTransactionListParams{Customer: &customer})
	for it.Next() {
		out = append(out, string(it.CustomerCashBalanceTransaction().Type))
	}
	l.must(it.Err())
	return out
}

func TestTransferInPartsAndTooMuch(t *testing.T) {
	t.Parallel()
	l := open(t)
	cus := l.customer()
	cs := l.awaited(cus, "usd")
	pi := cs.PaymentIntent
	if cs.Status != "complete" || cs.PaymentStatus != "unpaid" || pi.Status != "requires_action" || pi.LatestCharge != nil {
		t.Fatalf("session %s, %s; intent %s", cs.Status, cs.PaymentStatus, pi.Status)
	}
	to := pi.NextAction.DisplayBankTransferInstructions
	if to.AmountRemaining != 500_000 || to.Type != "us_bank_transfer" || to.Reference == "" || to.FinancialAddresses[0].ABA.AccountNumber == "" {
		t.Errorf("instructions: %+v", to)
	}
	l.must(l.sim.FundTransfer(pi.ID, 200_000))
	cs = l.look(cs.ID)
	if got := cs.PaymentIntent; got.AmountReceived != 0 || got.NextAction.DisplayBankTransferInstructions.AmountRemaining != 300_000 || got.Status != "requires_action" {
		t.Errorf("after a part: received %d, %s", got.AmountReceived, got.Status)
	}
	if f := l.sim.Books(); len(f.Totals) != 0 {
		t.Errorf("a part of a transfer is in the balance: %+v", f.Totals)
	}
	l.must(l.sim.FundTransfer(pi.ID, 310_000))
	cs = l.look(cs.ID)
	ch := cs.PaymentIntent.LatestCharge
	if cs.PaymentStatus != "paid" || cs.PaymentIntent.AmountReceived != 500_000 || ch.PaymentMethodDetails.Type != "customer_balance" {
		t.Fatalf("after the rest: %s, received %d", cs.PaymentStatus, cs.PaymentIntent.AmountReceived)
	}
	if bt := ch.BalanceTransaction; bt.Type != "payment" || bt.Amount != 500_000 || bt.Fee != 500 {
		t.Errorf("transaction: %s %d, fee %d", bt.Type, bt.Amount, bt.Fee)
	}
	if diff := cmp.Diff(map[string]int64{"usd": 10_000}, l.cash(cus)); diff != "" {
		t.Errorf("what was too much (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"applied_to_payment", "funded", "applied_to_payment", "funded"}, l.cashMoves(cus)); diff != "" {
		t.Errorf("movements of the customer's cash (-want +got):\n%s", diff)
	}
	l.told("customer.created", "payment_intent.created", "payment_intent.requires_action", "checkout.session.completed",
		"customer_cash_balance_transaction.created", "customer_cash_balance_transaction.created", "payment_intent.partially_funded",
		"customer_cash_balance_transaction.created", "customer_cash_balance_transaction.created", "cash_balance.funds_available",
		"charge.succeeded", "payment_intent.succeeded", "checkout.session.async_payment_succeeded")
	if err := l.sim.FundTransfer(pi.ID, 1); err == nil {
		t.Error("a payment that waits for nothing was funded")
	}
}

func TestIBANOfATransferHasCheckDigits(t *testing.T) {
	t.Parallel()
	l := open(t)
	cus := l.customer()
	first, second := l.awaited(cus, "eur").PaymentIntent, l.awaited(cus, "eur").PaymentIntent
	address := func(pi *stripe.PaymentIntent) string {
		return pi.NextAction.DisplayBankTransferInstructions.FinancialAddresses[0].IBAN.IBAN
	}
	got := address(first)
	digits := ""
	for _, r := range got[4:] + got[:4] {
		if r >= 'A' {
			digits += big.NewInt(int64(r - 'A' + 10)).String()
		} else {
			digits += string(r)
		}
	}
	n, ok := new(big.Int).SetString(digits, 10)
	if !ok || n.Mod(n, big.NewInt(97)).Int64() != 1 || got[:2] != "DE" || len(got) != 22 {
		t.Errorf("IBAN %s", got)
	}
	if address(second) != got {
		t.Errorf("the same customer is told %s and %s", got, address(second))
	}
	one, two := first.NextAction.DisplayBankTransferInstructions.Reference, second.NextAction.DisplayBankTransferInstructions.Reference
	if one == two {
		t.Errorf("two payments have the reference %s", one)
	}
}

func TestTransferFindsItsPayment(t *testing.T) {
	t.Parallel()
	status := func(l *lab, cs *stripe.CheckoutSession) string { return string(l.look(cs.ID).PaymentStatus) }
	t.Run("by its reference", func(t *testing.T) {
		t.Parallel()
		l := open(t)
		cus := l.customer()
		first, second := l.awaited(cus, "usd"), l.awaited(cus, "usd")
		l.must(l.sim.FundTransfer(second.PaymentIntent.ID, 500_000))
		if status(l, first) != "unpaid" || status(l, second) != "paid" {
			t.Errorf("the first is %s, the second %s", status(l, first), status(l, second))
		}
	})
	t.Run("by its amount", func(t *testing.T) {
		t.Parallel()
		l := open(t)
		cus := l.customer()
		first := l.awaited(cus, "usd")
		l.must(l.sim.FundTransfer(first.PaymentIntent.ID, 1))
		second := l.awaited(cus, "usd")
		l.must(l.sim.FundCustomer(cus, "usd", 500_000, "WRONG"))
		if status(l, first) != "unpaid" || status(l, second) != "paid" {
			t.Errorf("the first is %s, the second %s", status(l, first), status(l, second))
		}
	})
	t.Run("the oldest first", func(t *testing.T) {
		t.Parallel()
		l := open(t)
		cus := l.customer()
		first, second := l.awaited(cus, "usd"), l.awaited(cus, "usd")
		l.must(l.sim.FundCustomer(cus, "usd", 600_000, ""))
		rest := l.look(second.ID).PaymentIntent.NextAction.DisplayBankTransferInstructions.AmountRemaining
		if status(l, first) != "paid" || rest != 400_000 {
			t.Errorf("the first is %s, the second lacks %d", status(l, first), rest)
		}
	})
	t.Run("not another customer's, nor another currency's", func(t *testing.T) {
		t.Parallel()
		l := open(t)
		cus, other := l.customer(), l.customer()
		cs := l.awaited(cus, "usd")
		reference := cs.PaymentIntent.NextAction.DisplayBankTransferInstructions.Reference
		l.must(l.sim.FundCustomer(other, "usd", 500_000, reference))
		l.must(l.sim.FundCustomer(cus, "eur", 500_000, reference))
		if status(l, cs) != "unpaid" || l.cash(other)["usd"] != 500_000 || l.cash(cus)["eur"] != 500_000 {
			t.Errorf("it is %s", status(l, cs))
		}
	})
	t.Run("cash of before", func(t *testing.T) {
		t.Parallel()
		l := open(t)
		cus := l.customer()
		l.must(l.sim.FundCustomer(cus, "usd", 500_001, ""))
		if cs := l.awaited(cus, "usd"); cs.PaymentStatus != "paid" || l.cash(cus)["usd"] != 1 {
			t.Errorf("it is %s, and %d are left", cs.PaymentStatus, l.cash(cus)["usd"])
		}
	})
}

func TestTransferThatIsCancelledReleasesItsPart(t *testing.T) {
	t.Parallel()
	l := open(t)
	cus := l.customer()
	pi := l.awaited(cus, "usd").PaymentIntent
	l.must(l.sim.FundTransfer(pi.ID, 70_000))
	got, err := l.api.PaymentIntents.Cancel(pi.ID, nil)
	l.must(err)
	if got.Status != "canceled" || got.NextAction != nil || l.cash(cus)["usd"] != 70_000 {
		t.Errorf("%s; the customer has %d", got.Status, l.cash(cus)["usd"])
	}
	if moves := l.cashMoves(cus); moves[0] != "unapplied_from_payment" {
		t.Errorf("movements: %v", moves)
	}
	l.must(l.sim.Advance(75*24*time.Hour - time.Second))
	if l.cash(cus)["usd"] != 70_000 {
		t.Error("it was sent back too early")
	}
	l.must(l.sim.Advance(time.Second))
	if moves := l.cashMoves(cus); moves[0] != "return_initiated" || l.cash(cus)["usd"] != 0 {
		t.Errorf("after 75 days: %v, the customer has %d", moves, l.cash(cus)["usd"])
	}
}

func TestIntentForATransferWithoutACheckout(t *testing.T) {
	t.Parallel()
	l := open(t)
	cus := l.customer()
	params := func() *stripe.PaymentIntentParams {
		return &stripe.PaymentIntentParams{
			Amount: stripe.Int64(2_500_000), Currency: stripe.String("eur"), Customer: &cus, PaymentMethodTypes: stripe.StringSlice([]string{"customer_balance"}),
			PaymentMethodData: &stripe.PaymentIntentPaymentMethodDataParams{Type: stripe.String("customer_balance")},
			PaymentMethodOptions: &stripe.PaymentIntentPaymentMethodOptionsParams{CustomerBalance: &stripe.PaymentIntentPaymentMethodOptionsCustomerBalanceParams{
				FundingType: stripe.String("bank_transfer"), BankTransfer: &stripe.PaymentIntentPaymentMethodOptionsCustomerBalanceBankTransferParams{
					Type: stripe.String("eu_bank_transfer"), EUBankTransfer: &stripe.PaymentIntentPaymentMethodOptionsCustomerBalanceBankTransferEUBankTransferParams{Country: stripe.String("FR")},
				},
			}},
		}
	}
	p := params()
	p.AddMetadata("payment", "pay-1")
	pi, err := l.api.PaymentIntents.New(p)
	l.must(err)
	if pi.Status != "requires_confirmation" || pi.NextAction != nil {
		t.Errorf("not confirmed: %s", pi.Status)
	}
	pi, err = l.api.PaymentIntents.Confirm(pi.ID, nil)
	l.must(err)
	if pi.Status != "requires_action" || pi.Metadata["payment"] != "pay-1" || pi.NextAction.DisplayBankTransferInstructions.FinancialAddresses[0].IBAN.Country != "FR" {
		t.Errorf("confirmed: %s, %v", pi.Status, pi.Metadata)
	}
	_, err = l.api.PaymentIntents.Confirm(pi.ID, nil)
	if e := stripeError(t, err); e.Code != "payment_intent_unexpected_state" {
		t.Errorf("confirmed twice: %s", e.Code)
	}
	_, err = l.api.TestHelpersCustomers.FundCashBalance(cus, &stripe.TestHelpersCustomerFundCashBalanceParams{
		Amount: stripe.Int64(2_500_000), Currency: stripe.String("eur"), Reference: &pi.NextAction.DisplayBankTransferInstructions.Reference,
	})
	l.must(err)
	if f := l.sim.Books().Payments[pi.ID]; f.Status != "succeeded" || f.Received != 2_500_000 || f.Net != 2_499_500 {
		t.Errorf("books: %+v", f)
	}
	for name, change := range map[string]func(*stripe.PaymentIntentParams){
		"by card":          func(p *stripe.PaymentIntentParams) { p.PaymentMethodTypes = stripe.StringSlice([]string{"card"}) },
		"without customer": func(p *stripe.PaymentIntentParams) { p.Customer = nil },
		"without options":  func(p *stripe.PaymentIntentParams) { p.PaymentMethodOptions = nil },
		"without a country": func(p *stripe.PaymentIntentParams) {
			p.PaymentMethodOptions.CustomerBalance.BankTransfer.EUBankTransfer = nil
		},
		"in dollars":   func(p *stripe.PaymentIntentParams) { p.Currency = stripe.String("usd") },
		"in pounds":    func(p *stripe.PaymentIntentParams) { p.Currency = stripe.String("gbp") },
		"of nothing":   func(p *stripe.PaymentIntentParams) { p.Amount = stripe.Int64(0) },
		"not for sale": func(p *stripe.PaymentIntentParams) { p.Customer = stripe.String("cus_none") },
	} {
		p := params()
		change(p)
		_, err := l.api.PaymentIntents.New(p)
		if e := stripeError(t, err); e.HTTPStatusCode != 400 && e.Code != "resource_missing" {
			t.Errorf("%s: %d", name, e.HTTPStatusCode)
		}
	}
}
