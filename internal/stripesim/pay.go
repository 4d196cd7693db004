package stripesim

import (
	"errors"
	"fmt"
)

const (
	methodCard = "card"
	methodBank = "us_bank_account"
)

// The numbers that the hosted page takes are those of Stripe's testing page, so
// that habits carry over. Any other number is refused as invalid.
const (
	CardPays     = "4242424242424242" // pays at once
	CardDeclined = "4000000000000002" // is declined without a reason
	CardNoFunds  = "4000000000009995" // is declined for insufficient funds

	AccountPays    = "000123456789" // a bank debit that settles later
	AccountClosed  = "000111111113" // fails later: the account is closed
	AccountNoFunds = "000222222227" // fails later: insufficient funds
)

// ErrNotOpen says that a session can no longer be paid: it is paid or expired.
var ErrNotOpen = errors.New("the checkout session is not open")

// Declined says that a bank refused a card. The session stays open.
type Declined struct{ Code, DeclineCode, Message string }

func (d *Declined) Error() string { return d.Message }

var cardVerdicts = map[string]*Declined{
	CardPays:     nil,
	CardDeclined: {"card_declined", "generic_decline", "Your card was declined."},
	CardNoFunds:  {"card_declined", "insufficient_funds", "Your card has insufficient funds."},
}

// accountFailures says how the debit of an account will end; "" is well.
var accountFailures = map[string]string{
	AccountPays:    "",
	AccountClosed:  "account_closed",
	AccountNoFunds: "insufficient_funds",
}

var failureMessages = map[string]string{
	"account_closed":     "The customer's bank account has been closed.",
	"insufficient_funds": "The customer's account has insufficient funds to cover this payment.",
}

// instrument is what a payer pays with.
type instrument struct {
	method   string
	number   string
	holder   string
	expMonth int
	expYear  int
}

func (in instrument) last4() string { return in.number[len(in.number)-4:] }

func (in instrument) details() methodDetails {
	if in.method == methodBank {
		return methodDetails{Type: methodBank, USBankAccount: &bankDetails{
			AccountHolderType: "company", AccountType: "checking", BankName: "STRIPE TEST BANK",
			Fingerprint: "sandbox" + in.last4(), Last4: in.last4(), RoutingNumber: "110000000",
		}}
	}
	return methodDetails{Type: methodCard, Card: &cardDetails{
		Brand: "visa", Checks: cardChecks{CVC: "pass"}, Country: "US", ExpMonth: in.expMonth, ExpYear: in.expYear,
		Fingerprint: "sandbox" + in.last4(), Funding: "credit", Last4: in.last4(), Network: "visa",
	}}
}

// Pay submits the hosted page's form for a test and answers what the page would:
// nil when the card was charged or the debit ordered, a *Declined, ErrNotOpen, or
// an error for a number that the page does not take.
func (s *Sim) Pay(session, number string) error {
	in := instrument{number: number, holder: "Sandbox Payer", expMonth: 12, expYear: s.Now().Year() + 1}
	if _, ok := cardVerdicts[number]; ok {
		in.method = methodCard
	} else if _, ok := accountFailures[number]; ok {
		in.method = methodBank
	} else {
		return fmt.Errorf("%q is not a test number of the sandbox", number)
	}
	_, err := s.submit(session, in)
	return err
}

// submit lets a payer pay a session. It returns the event that told of the
// session's completion.
func (s *Sim) submit(session string, in instrument) (completed string, err error) {
	var declined *Declined
	err = s.update(eventCause{}, func(t *tx) error {
		cs, ok := t.sessions.find(session)
		if !ok {
			return noSuch("checkout.session", session, "session")
		}
		if cs.Status != sessionOpen {
			return ErrNotOpen
		}
		if !cs.offers(in.method) {
			return fmt.Errorf("the checkout session does not take %s", in.method)
		}
		declined = t.pay(cs, in)
		for _, ev := range t.emitted {
			if ev.Type == "checkout.session.completed" {
				completed = ev.ID
			}
		}
		return nil
	})
	if err == nil && declined != nil {
		err = declined
	}
	return completed, err
}

// pay tries to take the money. A decline is a fact with a charge of its own.
func (t *tx) pay(cs checkoutSession, in instrument) *Declined {
	pi := t.intentOf(&cs)
	ch := t.newCharge(pi, in)
	if in.method == methodBank {
		t.order(cs, pi, ch, in)
		return nil
	}
	if no := cardVerdicts[in.number]; no != nil {
		ch.Outcome = outcome{
			NetworkStatus: "declined_by_network", Reason: opt(no.DeclineCode), RiskLevel: "normal", Type: "issuer_declined",
			SellerMessage: fmt.Sprintf("The bank returned the decline code `%s`.", no.DeclineCode),
		}
		t.fail(pi, ch, paymentError{Type: "card_error", Code: no.Code, DeclineCode: no.DeclineCode, Message: no.Message})
		return no
	}
	t.succeed(pi, ch)
	t.complete(cs, "paid", in.holder)
	return nil
}

// succeed takes the money: the charge, its balance transaction and the intent.
func (t *tx) succeed(pi paymentIntent, ch charge) {
	kind := "charge"
	if ch.method() != methodCard {
		kind = "payment"
	}
	bt := t.book(balanceTransaction{
		Type: kind, Category: "charge", Amount: ch.Amount, Fee: fee(ch.method(), ch.Amount), Currency: ch.Currency,
		Source: ch.ID, Description: ch.Description,
	})
	ch.Status, ch.Paid, ch.Captured, ch.AmountCaptured, ch.BalanceTransaction = chargeSucceeded, true, true, ch.Amount, opt(bt.ID)
	save(t, &t.charges, ch)
	pi.Status, pi.AmountReceived, pi.LatestCharge, pi.PaymentMethod = intentSucceeded, pi.Amount, opt(ch.ID), ch.PaymentMethod
	pi.LastPaymentError = nil
	save(t, &t.intents, pi)
	t.emit("charge.succeeded", ch, nil)
	t.emit("payment_intent.succeeded", pi, nil)
}

// fail leaves a failed charge and an intent that waits for another attempt.
func (t *tx) fail(pi paymentIntent, ch charge, why paymentError) {
	why.Charge, why.DocURL = ch.ID, "https://stripe.com/docs/error-codes/"+docPage(why.Code)
	ch.Status, ch.Paid, ch.Captured = chargeFailed, false, false
	ch.FailureCode, ch.FailureMessage = opt(why.Code), opt(why.Message)
	save(t, &t.charges, ch)
	pi.Status, pi.LatestCharge, pi.PaymentMethod, pi.LastPaymentError = intentNeedsMethod, opt(ch.ID), "", &why
	save(t, &t.intents, pi)
	t.emit("charge.failed", ch, nil)
	t.emit("payment_intent.payment_failed", pi, nil)
}
