package stripesim

import (
	"net/http"
	"slices"
)

// deskPaymentPage is one payment with all that can happen to it now.
type deskPaymentPage struct {
	pageFrame
	Back          string
	Done, Refused string
	Errors        []shownError
	What          string
	Sum           shownSum
	State, Look   string
	Facts         []detail
	Till          *nextLink // where its payer goes on
	Debit         *debitPart
	Fund          *fundPart
	Refund        *refundPart
	Dispute       *disputePart
	Late          *latePart
	Warn          string // where the warning of a card network posts, if there can be one
	Nothing       bool   // nothing can happen any more
	Moves         []moveRow
	Refunds       []refundRow
	Disputes      []disputeRow
	Events        []eventRow
}

type debitPart struct {
	Settle, Fail string
	Code         choice
}

type fundPart struct {
	Action         string
	Amount, Sender field
	Reference      choice
	Ways           []fundWay
}

// fundWay is a button that sends an amount without typing.
type fundWay struct{ Amount, Label string }

type refundPart struct {
	Action string
	Amount field
}

type disputePart struct {
	Action       string
	Amount       field
	Reason, Kind choice
}

type latePart struct {
	Action string
	Code   choice
}

type moveRow struct {
	ID, Type, When  string
	Gross, Fee, Net shownSum
}

type refundRow struct {
	ID           string
	Sum          shownSum
	State, Look  string
	Settle, Fail string
}

type disputeRow struct {
	ID, Reason  string
	Sum         shownSum
	State, Look string
	Win, Lose   string
	Part        string
	PartAmount  field
	Escalate    string
	Inquiry     bool
}

func (s *Sim) deskPayment(w http.ResponseWriter, r *http.Request, status int, id string, f deskForms) {
	var p deskPaymentPage
	err := s.update(eventCause{}, func(t *tx) error {
		pi, ok := t.intents.find(id)
		if !ok {
			return noSuch("payment_intent", id, "intent")
		}
		p = view{t, &f}.paymentPage(pi)
		return nil
	})
	if err != nil {
		s.noteError(w, r, bill{}, err)
		return
	}
	p.pageFrame, p.Done, p.Refused, p.Errors = s.frame(r, f.l, p.What), f.saying(), f.refused, f.errors
	p.Back = "/desk" + f.l.query()
	s.write(w, status, f.l, "payment", "", p)
}

func (v view) paymentPage(pi paymentIntent) deskPaymentPage {
	ch, _ := v.charges.find(string(pi.LatestCharge))
	cs, _ := v.sessionOf(pi.ID)
	state, look := v.stateOf(pi, ch)
	p := deskPaymentPage{
		What: v.nameOf(pi), Sum: v.l.sum(pi.Amount, pi.Currency), State: v.l.text("state." + state), Look: look,
		Facts: v.facts(pi, ch, cs),
	}
	below := "/desk/payments/" + pi.ID
	act := func(name string) string { return below + "/" + name + v.l.query() }
	switch {
	case pi.Status == intentProcessing:
		p.Debit = &debitPart{act("settle"), act("fail"), v.codes("fail-code")}
	case pi.NextAction != nil:
		p.Fund = v.fund(pi, act("fund"))
	case pi.Status == intentSucceeded:
		p.Refund, p.Dispute, p.Late = v.takeBack(pi, ch, act)
		if ch.method() == methodCard {
			p.Warn = act("warn")
		}
	case cs.Status == sessionOpen:
		p.Till = &nextLink{"/c/pay/" + cs.ID + v.l.query(), v.l.text("desk.till")}
	case pi.Invoice != "" && pi.Status == intentNeedsMethod:
		p.Till = &nextLink{"/i/" + string(pi.Invoice) + v.l.query(), v.l.text("desk.till")}
	}
	p.Moves, p.Refunds, p.Disputes = v.moves(ch), v.refundRows(ch, below), v.disputeRows(ch, below)
	p.Events = v.events(below, about(pi, cs.ID))
	p.Nothing = p.Till == nil && p.Debit == nil && p.Fund == nil && p.Refund == nil && p.Dispute == nil && len(p.Refunds) == 0 && len(p.Disputes) == 0
	return p
}

func (v view) facts(pi paymentIntent, ch charge, cs checkoutSession) []detail {
	var out []detail
	add := func(key, value string) {
		if value != "" {
			out = append(out, detail{v.l.text("fact." + key), value})
		}
	}
	add("created", v.l.moment(pi.Created))
	add("way", v.wayOf(pi, ch))
	add("intent", pi.ID)
	add("session", cs.ID)
	add("invoice", string(pi.Invoice))
	add("charge", ch.ID)
	add("failure", string(ch.FailureCode))
	if pi.NextAction != nil {
		add("remaining", v.l.sum(pi.NextAction.Instructions.AmountRemaining, pi.Currency).String())
		add("reference", pi.NextAction.Instructions.Reference)
	}
	return out
}

func (v view) codes(id string) choice {
	var out []option
	for _, code := range debitCodes {
		out = append(out, option{Value: code, Text: v.l.text("code." + code)})
	}
	return v.choose(id, "desk.code", out)
}

// fund offers a part, the rest and more, besides any amount.
func (v view) fund(pi paymentIntent, action string) *fundPart {
	rest := pi.NextAction.Instructions.AmountRemaining
	unit := step(pi.Currency)
	p := &fundPart{
		Action: action, Amount: v.input("fund-amount", "desk.fund_amount", "desk.fund_hint", v.l.typed(rest, pi.Currency), true),
		Sender: v.input("fund-sender", "desk.fund_sender", "desk.fund_sender_hint", usualSender, false),
		Reference: v.choose("fund-reference", "desk.fund_reference", []option{
			{Value: referenceRight, Text: v.l.text("desk.fund_right")}, {Value: referenceMissing, Text: v.l.text("desk.fund_missing")}, {Value: referenceWrong, Text: v.l.text("desk.fund_wrong")},
		}),
	}
	for _, w := range []struct {
		key   string
		minor int64
	}{{"fund_part", rest / 2 / unit * unit}, {"fund_rest", rest}, {"fund_more", rest + max(rest/10/unit*unit, unit)}} {
		if w.minor > 0 {
			p.Ways = append(p.Ways, fundWay{v.l.typed(w.minor, pi.Currency), v.l.text("desk."+w.key, v.l.sum(w.minor, pi.Currency))})
		}
	}
	return p
}

// takeBack are the ways in which money that came can go again.
func (v view) takeBack(pi paymentIntent, ch charge, act func(string) string) (re *refundPart, d *disputePart, late *latePart) {
	left := ch.Amount - ch.AmountRefunded
	open, taken := false, false
	for _, d := range v.disputes.all() {
		open = open || d.Charge == ch.ID && !d.closed()
		taken = taken || d.Charge == ch.ID && !d.IsChargeRefundable
	}
	if left > 0 && v.refundable(ch, left, left) == nil {
		re = &refundPart{act("refund"), v.input("refund-amount", "desk.refund_amount", "desk.refund_hint", v.l.typed(left, pi.Currency), true)}
	}
	if open {
		return re, nil, nil
	}
	var reasons []option
	for _, r := range disputeReasons {
		reasons = append(reasons, option{Value: r, Text: r})
	}
	slices.SortFunc(reasons, func(a, b option) int { // the usual one first
		return boolOrder(b.Value == disputeFraud) - boolOrder(a.Value == disputeFraud)
	})
	kinds := []option{{Value: "dispute", Text: v.l.text("desk.kind_dispute")}, {Value: "inquiry", Text: v.l.text("desk.kind_inquiry")}}
	amount := left
	if amount == 0 {
		amount = ch.Amount
	}
	d = &disputePart{
		act("dispute"), v.input("dispute-amount", "desk.dispute_amount", "", v.l.typed(amount, pi.Currency), true),
		v.choose("dispute-reason", "desk.dispute_reason", reasons), v.choose("dispute-kind", "desk.dispute_kind", kinds),
	}
	if ch.method() != methodCard && left > 0 && !taken {
		late = &latePart{act("late"), v.codes("late-code")}
	}
	return re, d, late
}

func boolOrder(b bool) int {
	if b {
		return 1
	}
	return 0
}

// moves are the balance transactions of a charge, its refunds and its disputes.
func (v view) moves(ch charge) []moveRow {
	mine := map[opt]bool{opt(ch.ID): ch.ID != ""}
	for _, re := range v.refundsOf(ch.ID) {
		mine[opt(re.ID)] = true
	}
	for _, d := range v.disputes.all() {
		mine[opt(d.ID)] = mine[opt(d.ID)] || d.Charge == ch.ID
	}
	var rows []moveRow
	for _, bt := range v.transactions.all() {
		if mine[bt.Source] {
			rows = append(rows, moveRow{bt.ID, bt.Type, v.l.moment(bt.Created), v.l.sum(bt.Amount, bt.Currency), v.l.sum(bt.Fee, bt.Currency), v.l.sum(bt.Net, bt.Currency)})
		}
	}
	return rows
}

func (v view) refundRows(ch charge, below string) []refundRow {
	looks := map[string]string{refundPending: "wait", refundSucceeded: "closed", refundFailed: "fault", refundCanceled: "closed"}
	var rows []refundRow
	for _, re := range v.refundsOf(ch.ID) {
		row := refundRow{ID: re.ID, Sum: v.l.sum(re.Amount, re.Currency), State: v.l.text("refund." + re.Status), Look: looks[re.Status]}
		if re.Status == refundPending {
			row.Settle = below + "/refunds/" + re.ID + "/settle" + v.l.query()
		}
		if re.Status == refundPending || re.Status == refundSucceeded {
			row.Fail = below + "/refunds/" + re.ID + "/fail" + v.l.query()
		}
		rows = append(rows, row)
	}
	return rows
}

func (v view) disputeRows(ch charge, below string) []disputeRow {
	var rows []disputeRow
	for _, d := range v.disputes.all() {
		if d.Charge != ch.ID {
			continue
		}
		row := disputeRow{ID: d.ID, Reason: d.Reason, Sum: v.l.sum(d.Amount, d.Currency), State: v.l.text("dispute." + d.Status), Look: "closed", Inquiry: d.inquiry()}
		act := func(name string) string { return below + "/disputes/" + d.ID + "/" + name + v.l.query() }
		switch {
		case d.closed():
		case d.inquiry():
			row.Look, row.Lose, row.Escalate = "wait", act("lose"), act("escalate")
		default:
			half := d.Amount / 2 / step(d.Currency) * step(d.Currency)
			row.PartAmount = v.input("part-amount", "desk.part_amount", "desk.part_hint", v.l.typed(half, d.Currency), true)
			row.Look, row.Win, row.Lose, row.Part = "fault", act("win"), act("lose"), act("part")
		}
		rows = append(rows, row)
	}
	return rows
}
