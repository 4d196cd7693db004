package stripesim

import "fmt"

type refund struct {
	ID                     string             `json:"id"`
	Object                 string             `json:"object"`
	Amount                 int64              `json:"amount"`
	BalanceTransaction     opt                `json:"balance_transaction"`
	Charge                 opt                `json:"charge"`
	Created                int64              `json:"created"`
	Currency               string             `json:"currency"`
	DestinationDetails     *refundDestination `json:"destination_details,omitempty"`
	Metadata               map[string]string  `json:"metadata"`
	PaymentIntent          opt                `json:"payment_intent"`
	Reason                 opt                `json:"reason"`
	ReceiptNumber          never              `json:"receipt_number"`
	SourceTransferReversal never              `json:"source_transfer_reversal"`
	Status                 string             `json:"status"`
	TransferReversal       never              `json:"transfer_reversal"`
}

type refundDestination struct {
	Card refundToCard `json:"card"`
	Type string       `json:"type"`
}

type refundToCard struct {
	ReferenceStatus string `json:"reference_status"`
	ReferenceType   string `json:"reference_type"`
	Type            string `json:"type"`
}

func (r refund) key() string      { return r.ID }
func (r refund) createdAt() int64 { return r.Created }

func createRefund(c *call) (any, error) {
	chargeID, intentID := c.params.text("charge", 5000), c.params.text("payment_intent", 5000)
	amount, partly := c.params.integer("amount")
	re := refund{
		Object: "refund", Created: c.now.Unix(), Status: "succeeded",
		Reason:   opt(c.params.choice("reason", "duplicate", "fraudulent", "requested_by_customer")),
		Metadata: c.params.metadata("metadata"),
	}
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	ch, err := c.chargeToRefund(chargeID, intentID)
	if err != nil {
		return nil, err
	}
	left := ch.Amount - ch.AmountRefunded
	if !partly {
		amount = left
	}
	if err := refundable(ch, amount, left); err != nil {
		return nil, err
	}
	return c.refund(ch, re, amount), nil
}

// chargeToRefund takes either id, or both when they belong together.
func (t *tx) chargeToRefund(chargeID, intentID string) (charge, error) {
	if chargeID == "" && intentID == "" {
		return charge{}, badRequest("parameter_missing", "", "One of the following params should be provided for this request: payment_intent or charge.")
	}
	if intentID != "" {
		pi, ok := t.intents.find(intentID)
		if !ok {
			return charge{}, noSuch("payment_intent", intentID, "payment_intent")
		}
		if chargeID != "" && chargeID != string(pi.LatestCharge) {
			return charge{}, badRequest("", "charge", "The charge does not belong to the payment intent.")
		}
		chargeID = string(pi.LatestCharge)
	}
	ch, ok := t.charges.find(chargeID)
	if !ok {
		return charge{}, noSuch("charge", chargeID, "charge")
	}
	return ch, nil
}

func refundable(ch charge, amount, left int64) error {
	switch {
	case ch.Status == chargePending:
		return badRequest("charge_not_refundable", "charge", "This charge is still pending; it can be refunded once it has succeeded.")
	case ch.Status != chargeSucceeded:
		return badRequest("charge_not_refundable", "charge", "This PaymentIntent does not have a successful charge to refund.")
	case left == 0:
		return badRequest("charge_already_refunded", "", "Charge "+ch.ID+" has already been refunded.")
	case amount <= 0:
		return badRequest("parameter_invalid_integer", "amount", "Invalid positive integer")
	case amount > left:
		return badRequest("", "amount", fmt.Sprintf("Refund amount (%s) is greater than unrefunded amount on charge (%s)",
			plainAmount(amount, ch.Currency), plainAmount(left, ch.Currency)))
	}
	return checkSteps(amount, ch.Currency, "amount")
}

// refund gives amount of a charge back at once. Stripe keeps its fee.
func (t *tx) refund(ch charge, re refund, amount int64) refund {
	prefix, kind := "re_3", "refund"
	if ch.method() == methodCard {
		re.DestinationDetails = &refundDestination{refundToCard{"pending", "acquirer_reference_number", "refund"}, "card"}
	} else {
		prefix, kind = "pyr_1", "payment_refund"
	}
	re.ID, re.Amount, re.Currency = newID(prefix, 23), amount, ch.Currency
	re.Charge, re.PaymentIntent = opt(ch.ID), ch.PaymentIntent
	bt := t.book(balanceTransaction{
		Type: kind, Category: "refund", Amount: -amount, Currency: ch.Currency, Source: re.ID, Description: opt("REFUND FOR CHARGE"),
	})
	re.BalanceTransaction = opt(bt.ID)
	save(t, &t.refunds, re)

	before := map[string]any{"amount_refunded": ch.AmountRefunded}
	ch.AmountRefunded += amount
	if ch.Refunded = ch.AmountRefunded == ch.Amount; ch.Refunded {
		before["refunded"] = false
	}
	save(t, &t.charges, ch)
	t.emit("charge.refunded", ch, before)
	t.emit("refund.created", re, nil)
	return re
}

func getRefund(c *call) (any, error) { return getOne(c, &c.refunds, "refund", "refund") }

func listRefunds(c *call) (any, error) {
	charge := opt(c.params.text("charge", 5000))
	intent := opt(c.params.text("payment_intent", 5000))
	return list(c, &c.refunds, func(re refund) bool {
		return (charge == "" || re.Charge == charge) && (intent == "" || re.PaymentIntent == intent)
	})
}

func (t *tx) refundsOf(charge string) []refund {
	out := []refund{}
	for _, re := range t.refunds.all() {
		if string(re.Charge) == charge {
			out = append(out, re)
		}
	}
	return out
}
