package stripesim

import (
	"cmp"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// deskHours are the steps by which the desk moves the clock.
var deskHours = []int{1, 24, 3 * 24, 7 * 24, 30 * 24, 75 * 24}

func deskClock(c *deskCall) (string, error) {
	hours, err := strconv.Atoi(c.text("hours"))
	if err != nil || !slices.Contains(deskHours, hours) {
		return "", c.mistake("hours", "choice")
	}
	return "clock", c.Advance(time.Duration(hours) * time.Hour)
}

func deskPayOut(c *deskCall) (string, error) {
	currency := c.text("currency")
	if checkSettlement([]string{currency}) != nil {
		return "", errUnknownAct
	}
	_, err := c.PayOut(currency)
	return "payout", err
}

func deskPayout(c *deskCall) (string, error) {
	if c.act != "fail" {
		return "", errUnknownAct
	}
	return "payout-fail", c.FailPayout(c.id, "")
}

func deskFee(c *deskCall) (string, error) {
	currency := c.text("fee-currency")
	if checkSettlement([]string{currency}) != nil {
		return "", c.mistake("fee-currency", "choice")
	}
	minor, err := c.amount("fee-amount", currency)
	if err != nil {
		return "", err
	}
	_, err = c.ChargeFee(minor, currency, "Radar")
	return "fee", err
}

// longestDelay is how long the desk can hold a delivery back, in seconds.
const longestDelay = 3600

func deskMishap(c *deskCall) (string, error) {
	what := Mishap(c.text("mishap"))
	count, err := strconv.Atoi(c.text("mishap-count"))
	if err != nil || count < 0 || count > mostMishaps {
		return "", c.mistake("mishap-count", "count")
	}
	var delay time.Duration
	if seconds := c.text("mishap-delay"); what == MishapDelay {
		n, err := strconv.Atoi(seconds)
		if err != nil || n < 1 || n > longestDelay {
			return "", c.mistake("mishap-delay", "seconds")
		}
		delay = time.Duration(n) * time.Second
	}
	if err := c.DisturbNext(what, count, delay); err != nil {
		return "", c.mistake("mishap", "choice")
	}
	return "mishap", nil
}

func deskResend(c *deskCall) (string, error) { return "resend", c.Resend(c.id) }

// intent finds the payment of the form.
func (c *deskCall) intent() (pi paymentIntent, ch charge, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	pi, ok := c.db.intents.find(c.payment)
	if !ok {
		return pi, ch, noSuch("payment_intent", c.payment, "intent")
	}
	ch, _ = c.db.charges.find(string(pi.LatestCharge))
	return pi, ch, nil
}

func deskPay(c *deskCall) (string, error) {
	pi, ch, err := c.intent()
	if err != nil {
		return "", err
	}
	switch c.act {
	case "settle":
		return c.act, c.Settle(pi.ID)
	case "fail":
		code := c.text("fail-code")
		if !slices.Contains(debitCodes, code) {
			return "", c.mistake("fail-code", "choice")
		}
		return c.act, c.FailDebit(pi.ID, code)
	case "late":
		code := c.text("late-code")
		if !slices.Contains(debitCodes, code) {
			return "", c.mistake("late-code", "choice")
		}
		return c.act, c.FailLate(pi.ID, code)
	case "fund":
		minor, err := c.amount("fund-amount", pi.Currency)
		if err != nil {
			return "", err
		}
		return c.act, c.fund(pi, minor)
	case "warn":
		_, err := c.WarnOfFraud(pi.ID)
		return c.act, err
	case "refund":
		minor, err := c.amount("refund-amount", pi.Currency)
		if err != nil {
			return "", err
		}
		if minor > ch.Amount-ch.AmountRefunded {
			return "", c.mistake("refund-amount", "amount_left")
		}
		_, err = c.RefundCharge(pi.ID, minor)
		return c.act, err
	case "dispute":
		how := Dispute{Reason: c.text("dispute-reason"), Inquiry: c.text("dispute-kind") == "inquiry"}
		if !slices.Contains(disputeReasons, how.Reason) {
			return "", c.mistake("dispute-reason", "choice")
		}
		if how.Amount, err = c.amount("dispute-amount", pi.Currency); err != nil {
			return "", err
		}
		if how.Amount > ch.Amount {
			return "", c.mistake("dispute-amount", "amount_left")
		}
		_, err = c.OpenDispute(pi.ID, how)
		return c.act, err
	}
	return "", errUnknownAct
}

// The references that a transfer may bring on the desk: the payment's, none, another.
const (
	referenceRight   = "right"
	referenceMissing = "missing"
	referenceWrong   = "wrong"
)

// longestSender is how long a sender's name may be.
const longestSender = 200

// fund lets a transfer arrive as the form says it: with which reference, and in whose name.
func (c *deskCall) fund(pi paymentIntent, minor int64) error {
	if pi.NextAction == nil {
		return c.FundTransfer(pi.ID, minor) // which says why not
	}
	reference := pi.NextAction.Instructions.Reference
	switch c.text("fund-reference") {
	case "", referenceRight:
	case referenceMissing:
		reference = ""
	case referenceWrong:
		reference = newReference()
	default:
		return c.mistake("fund-reference", "choice")
	}
	sender := cmp.Or(c.text("fund-sender"), usualSender)
	if utf8.RuneCountInString(sender) > longestSender || !utf8.ValidString(sender) {
		return c.mistake("fund-sender", "name_long")
	}
	return c.FundCustomerFrom(string(pi.Customer), pi.Currency, minor, reference, sender)
}

// mine makes sure that a refund or a dispute belongs to the payment of the form.
func (c *deskCall) mine(intent opt, ok bool) error {
	if !ok || string(intent) != c.payment {
		return noSuch("object", c.id, "id")
	}
	return nil
}

func deskRefund(c *deskCall) (string, error) {
	c.mu.Lock()
	re, ok := c.db.refunds.find(c.id)
	c.mu.Unlock()
	if err := c.mine(re.PaymentIntent, ok); err != nil {
		return "", err
	}
	switch c.act {
	case "settle":
		return "refund-settle", c.SettleRefund(c.id)
	case "fail":
		return "refund-fail", c.FailRefund(c.id, "")
	}
	return "", errUnknownAct
}

func deskDispute(c *deskCall) (string, error) {
	c.mu.Lock()
	d, ok := c.db.disputes.find(c.id)
	c.mu.Unlock()
	if err := c.mine(d.PaymentIntent, ok); err != nil {
		return "", err
	}
	switch c.act {
	case "win":
		return c.act, c.WinDispute(c.id)
	case "lose":
		return c.act, c.LoseDispute(c.id)
	case "escalate":
		return c.act, c.EscalateInquiry(c.id)
	case "part":
		back, err := c.amount("part-amount", d.Currency)
		if err != nil {
			return "", err
		}
		if back >= d.Amount {
			return "", c.mistake("part-amount", "amount_part")
		}
		return c.act, c.PartWinDispute(c.id, back)
	}
	return "", errUnknownAct
}

// debitCodes are the reasons for which the desk lets a bank return money.
var debitCodes = []string{"insufficient_funds", "account_closed", "debit_not_authorized", "charge_exceeds_weekly_limit", "bank_account_unusable"}
