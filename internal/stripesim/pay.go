package stripesim

import (
	"errors"
	"fmt"
)

const (
	methodCard = "card"
	methodBank = "us_bank_account"
	methodSEPA = "sepa_debit"

	methodTransfer = "customer_balance"
)

// The numbers that the hosted page takes are those of Stripe's testing page, so
// that habits carry over. Any other number is refused as invalid.
const (
	// ByTransfer is no number: the payer asks for the details of a bank transfer.
	ByTransfer = "customer_balance"

	CardPays     = "4242424242424242" // pays at once
	CardDeclined = "4000000000000002" // is declined without a reason
	CardNoFunds  = "4000000000009995" // is declined for insufficient funds

	CardDisputed      = "4000000000000259" // pays, then is disputed as fraudulent
	CardNotReceived   = "4000000000002685" // pays, then is disputed: product not received
	CardInquiry       = "4000000000001976" // pays, then a bank asks, without taking money
	CardRefundPending = "4000000000007726" // pays; its refunds are pending and succeed later
	CardRefundFails   = "4000000000005126" // pays; its refunds succeed and fail later

	AccountPays        = "000123456789" // a bank debit that settles later
	AccountClosed      = "000111111113" // fails later: the account is closed
	AccountNoFunds     = "000222222227" // fails later: insufficient funds
	AccountNotAllowed  = "000333333335" // fails later: debits are not authorised
	AccountDisputed    = "000555555559" // settles later and is disputed at once
	AccountWeeklyLimit = "000777777771" // fails later: over the weekly limit

	IBANPays        = "DE89370400440532013000" // a SEPA debit that settles later
	IBANFails       = "DE62370400440532013001" // fails later: the bank cannot process it
	IBANDisputed    = "DE35370400440532013002" // settles later and is disputed at once
	IBANNoFunds     = "DE65370400440002222227" // fails later: insufficient funds
	IBANSourceLimit = "DE65370400440000343434" // fails later: over the limit of the account
	IBANWeeklyLimit = "DE27370400440000121212" // fails later: over the weekly limit
)

// ErrNotOpen says that a session can no longer be paid: it is paid or expired.
var ErrNotOpen = errors.New("the checkout session is not open")

// Declined says that a bank refused a card. The session stays open.
type Declined struct{ Code, DeclineCode, Message string }

func (d *Declined) Error() string { return d.Message }

var cardVerdicts = map[string]*Declined{
	CardPays: nil, CardDisputed: nil, CardNotReceived: nil, CardInquiry: nil, CardRefundPending: nil, CardRefundFails: nil,
	CardDeclined: {"card_declined", "generic_decline", "Your card was declined."},
	CardNoFunds:  {"card_declined", "insufficient_funds", "Your card has insufficient funds."},
}

// cardDisputes says which cards are disputed as soon as they have paid.
var cardDisputes = map[string]Dispute{
	CardDisputed:    {Reason: disputeFraud},
	CardNotReceived: {Reason: disputeNoGoods},
	CardInquiry:     {Reason: disputeFraud, Inquiry: true},
}

// ending is how the debit of an account will end: well, if it says nothing.
type ending struct {
	method  string
	failure string
	dispute bool
}

var accountEndings = map[string]ending{
	AccountPays:        {method: methodBank},
	AccountClosed:      {method: methodBank, failure: "account_closed"},
	AccountNoFunds:     {method: methodBank, failure: "insufficient_funds"},
	AccountNotAllowed:  {method: methodBank, failure: "debit_not_authorized"},
	AccountDisputed:    {method: methodBank, dispute: true},
	AccountWeeklyLimit: {method: methodBank, failure: "charge_exceeds_weekly_limit"},

	IBANPays:        {method: methodSEPA},
	IBANFails:       {method: methodSEPA, failure: "bank_account_unusable"},
	IBANDisputed:    {method: methodSEPA, dispute: true},
	IBANNoFunds:     {method: methodSEPA, failure: "insufficient_funds"},
	IBANSourceLimit: {method: methodSEPA, failure: "charge_exceeds_source_limit"},
	IBANWeeklyLimit: {method: methodSEPA, failure: "charge_exceeds_weekly_limit"},

	"AT611904300234573201": {method: methodSEPA},
	"AT861904300235473202": {method: methodSEPA, failure: "bank_account_unusable"},
	"AT591904300235473203": {method: methodSEPA, dispute: true},
	"AT981904300002222227": {method: methodSEPA, failure: "insufficient_funds"},
	"AT981904300000343434": {method: methodSEPA, failure: "charge_exceeds_source_limit"},
	"AT601904300000121212": {method: methodSEPA, failure: "charge_exceeds_weekly_limit"},
}

var failureMessages = map[string]string{
	"account_closed":              "The customer's bank account has been closed.",
	"insufficient_funds":          "The customer's account has insufficient funds to cover this payment.",
	"debit_not_authorized":        "The customer has notified their bank that this payment was unauthorized.",
	"charge_exceeds_weekly_limit": "This charge would cause you to exceed your rolling-window processing limit for this source type.",
	"charge_exceeds_source_limit": "This charge would exceed the limit for this account.",
	"bank_account_unusable":       "The bank account could not be debited.",
}

// instrument is what a payer pays with.
type instrument struct {
	method   string
	number   string
	holder   string
	expMonth int
	expYear  int
	origin   string // of the page, for a link to the bank's details
}

func (in instrument) last4() string { return last4(in.number) }

func last4(number string) string { return number[len(number)-4:] }

func (in instrument) details() methodDetails {
	switch in.method {
	case methodTransfer:
		return methodDetails{Type: methodTransfer, Transfer: &none{}}
	case methodSEPA:
		return methodDetails{Type: methodSEPA, SEPADebit: &sepaDetails{
			BankCode: in.number[4:12], Country: in.number[:2], Fingerprint: "sandbox" + in.last4(), Last4: in.last4(), Mandate: newID("mandate_1", 23),
		}}
	case methodBank:
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
	in, err := s.instrument(number)
	if err != nil {
		return err
	}
	_, err = s.submit(session, in)
	return err
}

// instrument is what a test number stands for.
func (s *Sim) instrument(number string) (instrument, error) {
	in := instrument{number: number, holder: "Sandbox Payer", expMonth: 12, expYear: s.Now().Year() + 1}
	if number == ByTransfer {
		in = instrument{method: methodTransfer, origin: s.opt.URL}
	} else if _, ok := cardVerdicts[number]; ok {
		in.method = methodCard
	} else if end, ok := accountEndings[number]; ok {
		in.method = end.method
	} else {
		return in, fmt.Errorf("%q is not a test number of the sandbox", number)
	}
	return in, nil
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
		declined = t.payIntent(t.intentOf(&cs), cs, in)
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

// payIntent tries to take the money. A decline is a fact with a charge of its own. The
// session is empty if the intent is an invoice's.
func (t *tx) payIntent(pi paymentIntent, cs checkoutSession, in instrument) *Declined {
	if in.method == methodTransfer {
		t.awaitTransfer(pi, cs.ID, in.origin)
		return nil
	}
	ch := t.newCharge(pi, in)
	if in.method != methodCard {
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
	ch = t.succeed(pi, ch)
	if cs.ID != "" {
		t.complete(cs, "paid", in.holder)
	}
	if how, ok := cardDisputes[in.number]; ok {
		t.mustDispute(ch, how)
	}
	return nil
}

// mustDispute disputes a charge that has succeeded just now, which cannot be refused.
func (t *tx) mustDispute(ch charge, how Dispute) {
	if _, err := t.openDispute(ch, how); err != nil {
		panic(fmt.Sprintf("stripesim: dispute a payment that just came: %v", err))
	}
}

// succeed takes the money: the charge, its balance transaction and the intent.
func (t *tx) succeed(pi paymentIntent, ch charge) charge {
	kind := "charge"
	if ch.method() != methodCard {
		kind = "payment"
	}
	amount, currency, r := t.settle(ch.Amount, ch.Currency)
	bt := t.book(balanceTransaction{
		Type: kind, Category: "charge", Amount: amount, Fee: fee(ch.method(), amount), Currency: currency, ExchangeRate: r,
		Source: opt(ch.ID), Description: ch.Description,
	})
	ch.Status, ch.Paid, ch.Captured, ch.AmountCaptured, ch.BalanceTransaction = chargeSucceeded, true, true, ch.Amount, opt(bt.ID)
	save(t, &t.charges, ch)
	pi.Status, pi.AmountReceived, pi.LatestCharge, pi.PaymentMethod = intentSucceeded, pi.Amount, opt(ch.ID), ch.PaymentMethod
	pi.LastPaymentError = nil
	save(t, &t.intents, pi)
	t.emit("charge.succeeded", ch, nil)
	t.emit("payment_intent.succeeded", pi, nil)
	t.invoiceHears(pi, ch)
	return ch
}

// fail leaves a failed charge and an intent that waits for another attempt.
func (t *tx) fail(pi paymentIntent, ch charge, why paymentError) {
	why.Charge, why.DocURL = ch.ID, "https://stripe.com/docs/error-codes/"+docPage(why.Code)
	ch.Status, ch.Paid = chargeFailed, false
	ch.FailureCode, ch.FailureMessage = opt(why.Code), opt(why.Message)
	save(t, &t.charges, ch)
	pi.Status, pi.LatestCharge, pi.PaymentMethod, pi.LastPaymentError = intentNeedsMethod, opt(ch.ID), "", &why
	save(t, &t.intents, pi)
	t.emit("charge.failed", ch, nil)
	t.emit("payment_intent.payment_failed", pi, nil)
	t.invoiceHears(pi, ch)
}
