package stripesim

import "fmt"

// FailLate takes a payment back that had succeeded, as banks do with debits weeks later.
// It is named by its payment intent or its charge; code is one of Stripe's failure codes,
// and empty means insufficient_funds. What was refunded before is not taken twice, and
// the fee of the payment stays with Stripe. Cards do not fail late.
func (s *Sim) FailLate(payment, code string) error {
	if code == "" {
		code = "insufficient_funds"
	}
	return s.update(eventCause{}, func(t *tx) error {
		ch, err := t.chargeOf(payment)
		if err != nil {
			return err
		}
		return t.failLate(ch, code)
	})
}

func (t *tx) failLate(ch charge, code string) error {
	left := ch.Amount - ch.AmountRefunded
	switch {
	case ch.Status != chargeSucceeded:
		return fmt.Errorf("charge %s is %s: only a payment that succeeded can fail late", ch.ID, ch.Status)
	case ch.method() == methodCard:
		return fmt.Errorf("charge %s was paid by card: cards are disputed, they do not fail late", ch.ID)
	case left == 0:
		return fmt.Errorf("charge %s is refunded: there is nothing to take back", ch.ID)
	}
	for _, d := range t.disputes.all() {
		if d.Charge == ch.ID && !d.IsChargeRefundable {
			return fmt.Errorf("charge %s is disputed by %s: the bank had the money already", ch.ID, d.ID)
		}
	}
	came, _ := t.transactions.find(string(ch.BalanceTransaction))
	bt := t.book(balanceTransaction{
		Type: "payment_failure_refund", Category: "charge_failure", Amount: -share(came.Amount, left, ch.Amount), Currency: came.Currency,
		ExchangeRate: came.ExchangeRate, Source: opt(ch.ID), Description: opt("Payment failure refund for " + ch.ID),
	})
	ch.FailureBalanceTransaction = opt(bt.ID)
	pi, _ := t.intents.find(string(ch.PaymentIntent))
	pi.AmountReceived = 0
	t.returned(pi, ch, code)
	return nil
}

// returned records that a bank gave no money, or took it back.
func (t *tx) returned(pi paymentIntent, ch charge, code string) {
	message, ok := failureMessages[code]
	if !ok {
		message = "The bank returned the debit: " + code + "."
	}
	ch.Outcome = outcome{NetworkStatus: "declined_by_network", Reason: opt(code), SellerMessage: message, Type: "issuer_declined"}
	t.fail(pi, ch, paymentError{Type: "invalid_request_error", Code: code, Message: message})
}
