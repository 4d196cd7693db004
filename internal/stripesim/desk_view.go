package stripesim

import (
	"bytes"
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// deskPage is the desk: the clock, the payments, the payouts, the deliveries.
type deskPage struct {
	pageFrame
	Done, Refused string
	Errors        []shownError
	Clock         clockPart
	Payments      []paymentRow
	Older, Newest string // addresses of other pages of payments
	Balances      []balanceRow
	Payouts       []payoutRow
	Fee           *feeForm
	Mishap        mishapPart
	Events        []eventRow
}

type clockPart struct {
	Now, Action string
	Hours       choice
}

type paymentRow struct {
	URL, What, When, Way string
	Sum                  shownSum
	State, Look          string
}

type balanceRow struct {
	Currency, Action   string
	Available, Pending shownSum
	Payable            bool
}

type payoutRow struct {
	ID, When    string
	Sum         shownSum
	State, Look string
	Fail        string // address, if it can fail
}

type feeForm struct {
	Action   string
	Amount   field
	Currency choice
}

type mishapPart struct {
	Action, Now  string
	What         choice
	Count, Delay field
}

type eventRow struct{ ID, Type, When, Waiting, Resend string }

const (
	deskPayments = 20
	deskPayouts  = 10
	deskEvents   = 15
)

func (s *Sim) desk(w http.ResponseWriter, r *http.Request, status int, f deskForms) {
	p := deskPage{pageFrame: s.frame(r, f.l, f.l.text("desk.title")), Done: f.saying(), Refused: f.refused}
	before := r.URL.Query().Get("before")
	err := s.update(eventCause{}, func(t *tx) error {
		v := view{t, &f}
		p.Clock = v.clock()
		p.Payments, p.Older = v.payments(before)
		p.Balances, p.Fee = v.balances()
		p.Payouts = v.payouts()
		p.Mishap = v.mishap()
		p.Events = v.events("/desk", func(event) bool { return true })
		return nil
	})
	if err != nil {
		s.noteError(w, r, bill{}, err)
		return
	}
	if before != "" {
		p.Newest = "/desk" + f.l.query()
	}
	p.Errors = f.errors
	s.write(w, status, f.l, "desk", "", p)
}

// view turns what the sandbox knows into what the desk shows.
type view struct {
	*tx
	*deskForms
}

// query keeps the language in an address.
func (l *tongue) query() string { return "?" + url.Values{"lang": {l.tag}}.Encode() }

func (v view) clock() clockPart {
	var hours []option
	for _, h := range deskHours {
		hours = append(hours, option{Value: strconv.Itoa(h), Text: v.l.text("hours." + strconv.Itoa(h))})
	}
	return clockPart{v.l.moment(v.now.Unix()), "/desk/clock" + v.l.query(), v.choose("hours", "desk.by", hours)}
}

// payments lists the intents before one, newest first, and the address of the older ones.
func (v view) payments(before string) (rows []paymentRow, older string) {
	from := len(v.intents.order)
	if at := slices.Index(v.intents.order, before); at >= 0 {
		from = at
	}
	for _, id := range slices.Backward(v.intents.order[:from]) {
		if len(rows) == deskPayments {
			last := v.intents.order[from-deskPayments]
			return rows, "/desk?" + url.Values{"lang": {v.l.tag}, "before": {last}}.Encode()
		}
		rows = append(rows, v.payment(v.intents.rows[id]))
	}
	return rows, ""
}

func (v view) payment(pi paymentIntent) paymentRow {
	ch, _ := v.charges.find(string(pi.LatestCharge))
	state, look := v.stateOf(pi, ch)
	return paymentRow{
		URL: "/desk/payments/" + pi.ID + v.l.query(), What: v.nameOf(pi), When: v.l.moment(pi.Created), Way: v.wayOf(pi, ch),
		Sum: v.l.sum(pi.Amount, pi.Currency), State: v.l.text("state." + state), Look: look,
	}
}

// nameOf is what a person knows a payment by.
func (v view) nameOf(pi paymentIntent) string {
	cs, _ := v.sessionOf(pi.ID)
	inv, _ := v.invoices.find(string(pi.Invoice))
	return cmp.Or(string(inv.Number), string(cs.ClientReferenceID), string(pi.Description), pi.ID)
}

func (v view) wayOf(pi paymentIntent, ch charge) string {
	method := ch.method()
	if method == "" && pi.NextAction != nil {
		method = methodTransfer
	}
	if method == "" {
		return ""
	}
	return v.l.text("way." + method)
}

// stateOf is a payment's state in one word, and the look of the word.
func (t *tx) stateOf(pi paymentIntent, ch charge) (state, look string) {
	if pi.Status == intentSucceeded {
		for _, d := range t.disputes.all() {
			switch {
			case d.Charge != ch.ID:
			case d.Status == disputeLost:
				return "lost", "fault"
			case !d.closed() && !d.inquiry():
				return "disputed", "fault"
			case !d.closed():
				return "inquiry", "received"
			}
		}
		switch {
		case ch.Refunded:
			return "refunded", "closed"
		case ch.AmountRefunded > 0:
			return "refunded_part", "received"
		}
		return "received", "received"
	}
	switch {
	case pi.Status == intentProcessing:
		return "transit", "transit"
	case pi.Status == intentCanceled:
		return "canceled", "closed"
	case pi.NextAction != nil && pi.NextAction.Instructions.AmountRemaining < pi.Amount:
		return "partly", "wait"
	case pi.NextAction != nil:
		return "transfer", "wait"
	case ch.FailureBalanceTransaction != "":
		return "late", "fault"
	case ch.Status == chargeFailed:
		return "failed", "closed"
	}
	return "open", "wait"
}

// balances shows what the account has by currency, and the form of a fee if there is any.
func (v view) balances() (rows []balanceRow, fee *feeForm) {
	type sums struct{ available, pending, payable int64 }
	by := map[string]*sums{}
	for _, bt := range v.transactions.rows {
		sum := by[bt.Currency]
		if sum == nil {
			sum = &sums{}
			by[bt.Currency] = sum
		}
		if bt.AvailableOn > v.now.Unix() {
			sum.pending += bt.Net
			continue
		}
		sum.available += bt.Net
		if _, left := v.paidOut.find(bt.ID); !left {
			sum.payable += bt.Net
		}
	}
	var currencies []option
	for currency, sum := range by {
		rows = append(rows, balanceRow{
			Currency: currency, Action: "/desk/payout" + v.l.query(), Payable: sum.payable != 0,
			Available: v.l.sum(sum.available, currency), Pending: v.l.sum(sum.pending, currency),
		})
	}
	slices.SortFunc(rows, func(a, b balanceRow) int { return cmp.Compare(a.Currency, b.Currency) })
	if len(rows) == 0 {
		return nil, nil
	}
	for _, row := range rows {
		currencies = append(currencies, option{Value: row.Currency, Text: row.Currency})
	}
	return rows, &feeForm{"/desk/fee" + v.l.query(), v.input("fee-amount", "desk.fee_amount", "", "", true), v.choose("fee-currency", "desk.fee_currency", currencies)}
}

func (v view) payouts() []payoutRow {
	looks := map[string]string{payoutPending: "transit", payoutPaid: "received", payoutFailed: "fault", payoutCanceled: "closed"}
	var rows []payoutRow
	for _, po := range slices.Backward(v.tx.payouts.all()) {
		if len(rows) == deskPayouts {
			break
		}
		row := payoutRow{ID: po.ID, When: v.l.moment(po.Created), Sum: v.l.sum(po.Amount, po.Currency), State: v.l.text("payout." + po.Status), Look: looks[po.Status]}
		if po.Status == payoutPending || po.Status == payoutPaid {
			row.Fail = "/desk/payouts/" + po.ID + "/fail" + v.l.query()
		}
		rows = append(rows, row)
	}
	return rows
}

func (v view) mishap() mishapPart {
	var what []option
	for _, m := range []Mishap{MishapDrop, MishapDuplicate, MishapReorder, MishapDelay} {
		what = append(what, option{Value: string(m), Text: v.l.text("mishap." + string(m))})
	}
	p := mishapPart{
		Action: "/desk/mishap" + v.l.query(), What: v.choose("mishap", "desk.mishap", what),
		Count: v.input("mishap-count", "desk.mishap_count", "desk.mishap_count_hint", "3", true),
		Delay: v.input("mishap-delay", "desk.mishap_delay", "desk.mishap_delay_hint", "30", true),
	}
	if m := v.sim.mishaps; m.left > 0 {
		p.Now = v.l.text("desk.mishap_now", m.left, v.l.text("mishap."+string(m.what)))
	}
	return p
}

// events lists the newest events that keep wants; below is where their forms go.
func (v view) events(below string, keep func(event) bool) []eventRow {
	var rows []eventRow
	for _, id := range slices.Backward(v.tx.events.order) {
		ev := v.tx.events.rows[id]
		if !keep(ev) {
			continue
		}
		row := eventRow{ID: ev.ID, Type: ev.Type, When: v.l.moment(ev.Created), Resend: below + "/events/" + ev.ID + "/resend" + v.l.query()}
		if v.pending(ev.ID) > 0 {
			row.Waiting = v.l.text("desk.waiting")
		}
		if rows = append(rows, row); len(rows) == deskEvents {
			break
		}
	}
	return rows
}

// about says whether an event tells of a payment: its object is it or points to it.
func about(pi paymentIntent, session string) func(event) bool {
	return func(ev event) bool {
		return bytes.Contains(ev.Data.Object, []byte(`"`+pi.ID+`"`)) || session != "" && bytes.Contains(ev.Data.Object, []byte(`"`+session+`"`))
	}
}
