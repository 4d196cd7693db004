package portal

import (
	"strings"

	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/web/page"
)

// paymentLooks say how each state of a payment looks. Its word is in the catalogues.
var paymentLooks = map[giving.State]page.State{
	giving.Created: page.Waits, giving.Open: page.Waits, giving.Declined: page.Failed,
	giving.Processing: page.Transit, giving.Paid: page.Received, giving.Failed: page.Failed,
	giving.Expired: page.Closed, giving.RefundedInPart: page.Received, giving.Refunded: page.Refunded, giving.AwaitingFunds: page.Waits,
	giving.Returned: page.Failed, giving.InDispute: page.Waits, giving.DisputeLost: page.Refunded,
}

func paymentStatus(l i18n.Lang, p giving.Payment) page.Status {
	return page.NewStatus(l, paymentLooks[p.State]).Saying(l.T("portal.payment." + string(p.State)))
}

// declines are the codes for which there is a sentence of their own: what the payer can
// do differs. Banks do not say more, and neither do we of a card that was reported stolen.
var declines = map[string]string{
	"insufficient_funds": "funds", "expired_card": "expired", "incorrect_cvc": "cvc", "invalid_cvc": "cvc",
	"authentication_required": "authentication", "payment_intent_authentication_failure": "authentication",
	"card_velocity_exceeded": "limit", "withdrawal_count_limit_exceeded": "limit", "currency_not_supported": "currency",
	"processing_error": "again", "try_again_later": "again", "reenter_transaction": "again", "issuer_not_available": "again",
	"account_closed": "account", "no_account": "account", "debit_not_authorized": "account", "incorrect_number": "number", "invalid_number": "number",
}

// declineSentence says why a payment was declined and what to do, or nothing. The code is
// Stripe's, "card_declined/insufficient_funds"; the later part says more.
func declineSentence(l i18n.Lang, p giving.Payment) string {
	if p.Decline == "" || (p.State != giving.Declined && p.State != giving.Failed) {
		return ""
	}
	codes := strings.Split(p.Decline, "/")
	for i := len(codes) - 1; i >= 0; i-- {
		if why, ok := declines[codes[i]]; ok {
			return l.T("portal.decline." + why)
		}
	}
	return l.T("portal.decline.other")
}

// methods are the ways to pay that have a name in the catalogues.
var methods = map[string]bool{"card": true, "us_bank_account": true, "link": true, "sepa_debit": true, "customer_balance": true}

func method(l i18n.Lang, p giving.Payment) string {
	switch {
	case p.Method == "":
		return ""
	case methods[p.Method]:
		return l.T("portal.method." + p.Method)
	}
	return l.T("portal.method.other")
}

// paymentTable lists the payments of a pledge, newest first.
func paymentTable(l i18n.Lang, payments []giving.Payment) page.Table {
	columns := []page.Column{
		{Text: l.T("portal.column.started")}, {Text: l.T("portal.column.state")}, {Text: l.T("portal.column.method")},
		{Text: l.T("portal.figure.fees"), Sum: true}, {Text: l.T("portal.column.amount"), Sum: true},
	}
	var rows [][]page.Cell
	for _, p := range payments {
		sum := l.Sum(p.Amount())
		state := page.Cell{Status: paymentStatus(l, p), Note: declineSentence(l, p)}
		if note := wentBack(l, p); note != "" {
			state.Note = note
		}
		rows = append(rows, []page.Cell{
			{When: l.Moment(p.StartedAt)}, state, {Text: method(l, p)}, {Sum: fees(l, p)}, {Sum: &sum, Note: charged(l, p)},
		})
	}
	return page.NewTable("", columns, rows)
}

// charged is what was paid in another currency; nothing when it was the campaign's.
func charged(l i18n.Lang, p giving.Payment) string {
	if !p.Foreign() {
		return ""
	}
	return l.Money(p.Charge())
}

// paymentCounts says what a payment in another currency counts as.
func paymentCounts(l i18n.Lang, p giving.Payment) string {
	if !p.Foreign() {
		return ""
	}
	return l.T("portal.return.counts", p.Charge(), p.Amount())
}

// wentBack says how much of a payment is not here any more, and by whose doing.
func wentBack(l i18n.Lang, p giving.Payment) string {
	var said []string
	for _, part := range []struct {
		key   string
		minor int64
	}{{"portal.refunded", p.RefundedMinor}, {"portal.disputed", p.DisputedMinor}, {"portal.lost", p.LostMinor}} {
		if part.minor > 0 {
			said = append(said, l.T(part.key, money.Of(part.minor, p.Currency)))
		}
	}
	return strings.Join(said, ", ")
}

// fees are what was kept of a payment; nothing before any money has moved.
func fees(l i18n.Lang, p giving.Payment) *page.Sum {
	if p.ReceivedMinor == 0 && p.FeeMinor == 0 {
		return nil
	}
	sum := l.Sum(money.Of(p.FeeMinor, p.Currency))
	return &sum
}
