package stripesim_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/stripesim"
)

// paid is a payment of 5,000.00 USD by card, and its fee 145.30.
func (l *lab) paid(number string) *stripe.PaymentIntent {
	l.t.Helper()
	cs := l.session()
	l.mustPay(cs.ID, number)
	return l.look(cs.ID).PaymentIntent
}

// disputeOf fetches the only dispute of a payment.
func (l *lab) disputeOf(intent string) *stripe.Dispute {
	l.t.Helper()
	it := l.api.Disputes.List(&stripe.DisputeListParams{PaymentIntent: &intent})
	if !it.Next() {
		l.t.Fatalf("payment %s has no dispute: %v", intent, it.Err())
	}
	return it.Dispute()
}

func (l *lab) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// snapshot is the object of the one event of a type, as it was told.
func (l *lab) snapshot(kind string, into any) {
	l.t.Helper()
	it := l.api.Events.List(&stripe.EventListParams{Type: &kind})
	if !it.Next() {
		l.t.Fatalf("no event %s: %v", kind, it.Err())
	}
	decode(l.t, string(it.Event().Data.Raw), into)
}

func TestCardsThatAreDisputed(t *testing.T) {
	t.Parallel()
	paid := []string{"payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed", "charge.dispute.created"}
	for number, want := range map[string]struct{ reason, status string }{
		stripesim.CardDisputed:    {"fraudulent", "needs_response"},
		stripesim.CardNotReceived: {"product_not_received", "needs_response"},
		stripesim.CardInquiry:     {"fraudulent", "warning_needs_response"},
	} {
		t.Run(number, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			pi := l.paid(number)
			d := l.disputeOf(pi.ID)
			if string(d.Reason) != want.reason || string(d.Status) != want.status || d.Amount != 500_000 || d.Charge.ID != pi.LatestCharge.ID {
				t.Errorf("dispute: %s, %s, %d of %s", d.Reason, d.Status, d.Amount, d.Charge.ID)
			}
			facts := l.sim.Books().Payments[pi.ID]
			if number == stripesim.CardInquiry {
				if len(d.BalanceTransactions) != 0 || facts.Disputed != 0 || !d.IsChargeRefundable {
					t.Errorf("an inquiry moved money: %+v", facts)
				}
				l.told(paid...)
				return
			}
			// The event of the creation carries the withdrawal already.
			var told stripe.Dispute
			l.snapshot("charge.dispute.created", &told)
			if len(told.BalanceTransactions) != 1 {
				t.Fatalf("the event carries %d balance transactions, want 1", len(told.BalanceTransactions))
			}
			bt := told.BalanceTransactions[0]
			if bt.Amount != -500_000 || bt.Fee != 1500 || bt.Net != -501_500 || bt.Type != "adjustment" || bt.ReportingCategory != "dispute" || bt.Source.ID != d.ID {
				t.Errorf("withdrawal: %d, fee %d, net %d, %s, %s", bt.Amount, bt.Fee, bt.Net, bt.Type, bt.ReportingCategory)
			}
			if facts.Disputed != 500_000 || facts.Fee != 14_530+1500 || facts.Net != -14_530-1500 {
				t.Errorf("books: %+v", facts)
			}
			l.told(append(paid, "charge.dispute.funds_withdrawn")...)
		})
	}
}

func TestDisputesEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end      func(s *stripesim.Sim, id string) error
		status   string
		disputed int64
		events   []string
	}{
		"won":         {(*stripesim.Sim).WinDispute, "won", 0, []string{"charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_reinstated"}},
		"lost":        {(*stripesim.Sim).LoseDispute, "lost", 400_000, []string{"charge.dispute.updated", "charge.dispute.closed"}},
		"partly lost": {func(s *stripesim.Sim, id string) error { return s.PartWinDispute(id, 150_000) }, "lost", 250_000, []string{"charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_reinstated"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			pi := l.paid(stripesim.CardPays)
			id, err := l.sim.OpenDispute(pi.ID, stripesim.Dispute{Amount: 400_000, Reason: "product_unacceptable"})
			l.must(err)
			l.must(c.end(l.sim, id))
			d, err := l.api.Disputes.Get(id, nil)
			l.must(err)
			facts := l.sim.Books().Payments[pi.ID]
			if string(d.Status) != c.status || facts.Disputed != c.disputed || facts.Fee != 14_530+1500 {
				t.Errorf("status %s, disputed %d, fee %d", d.Status, facts.Disputed, facts.Fee)
			}
			for _, bt := range d.BalanceTransactions[1:] {
				if bt.ReportingCategory != "dispute_reversal" || bt.Fee != 0 || bt.Amount <= 0 {
					t.Errorf("reinstated %d, fee %d, %s", bt.Amount, bt.Fee, bt.ReportingCategory)
				}
			}
			for name, again := range map[string]error{
				"won again": l.sim.WinDispute(id), "lost again": l.sim.LoseDispute(id), "partly won again": l.sim.PartWinDispute(id, 1), "escalated": l.sim.EscalateInquiry(id),
			} {
				if again == nil {
					t.Errorf("a closed dispute was %s", name)
				}
			}
			l.told(append(c.events, "payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed",
				"charge.dispute.created", "charge.dispute.funds_withdrawn")...)
		})
	}
}

func TestInquiryMovesMoneyOnlyWhenItEscalates(t *testing.T) {
	t.Parallel()
	l := open(t)
	closed, escalated := l.paid(stripesim.CardInquiry).ID, l.paid(stripesim.CardInquiry).ID
	for _, end := range []error{l.sim.WinDispute(l.disputeOf(closed).ID), l.sim.PartWinDispute(l.disputeOf(closed).ID, 1)} {
		if end == nil {
			t.Error("an inquiry was won, although nothing was withdrawn")
		}
	}
	l.must(l.sim.LoseDispute(l.disputeOf(closed).ID))
	if d := l.disputeOf(closed); d.Status != "warning_closed" || !d.IsChargeRefundable {
		t.Errorf("closed inquiry: %s", d.Status)
	}
	l.must(l.sim.EscalateInquiry(l.disputeOf(escalated).ID))
	if d := l.disputeOf(escalated); d.Status != "needs_response" || len(d.BalanceTransactions) != 1 {
		t.Errorf("escalated inquiry: %s with %d transactions", d.Status, len(d.BalanceTransactions))
	}
	books := l.sim.Books().Payments
	if books[closed].Disputed != 0 || books[escalated].Disputed != 500_000 {
		t.Errorf("disputed %d and %d", books[closed].Disputed, books[escalated].Disputed)
	}
}

func TestEvidenceDecidesAsInTestMode(t *testing.T) {
	t.Parallel()
	for text, status := range map[string]stripe.DisputeStatus{"winning_evidence": "won", "losing_evidence": "lost", "They were there.": "under_review"} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			d := l.disputeOf(l.paid(stripesim.CardDisputed).ID)
			got, err := l.api.Disputes.Update(d.ID, &stripe.DisputeParams{Evidence: &stripe.DisputeEvidenceParams{UncategorizedText: &text}})
			l.must(err)
			if got.Status != status || got.Evidence.UncategorizedText != text || got.EvidenceDetails.SubmissionCount != 1 {
				t.Errorf("after %q: %s, evidence %q", text, got.Status, got.Evidence.UncategorizedText)
			}
		})
	}
}

func TestDisputeIsAcceptedOnce(t *testing.T) {
	t.Parallel()
	l := open(t)
	d := l.disputeOf(l.paid(stripesim.CardDisputed).ID)
	got, err := l.api.Disputes.Close(d.ID, nil)
	l.must(err)
	if got.Status != "lost" {
		t.Errorf("closed: %s", got.Status)
	}
	_, err = l.api.Disputes.Close(d.ID, nil)
	if e := stripeError(t, err); e.HTTPStatusCode != 400 {
		t.Errorf("closed twice: %d", e.HTTPStatusCode)
	}
	_, err = l.api.Disputes.Close("du_none", nil)
	if e := stripeError(t, err); e.HTTPStatusCode != 404 {
		t.Errorf("an unknown dispute: %d", e.HTTPStatusCode)
	}
}

func TestDisputedChargeIsNotRefunded(t *testing.T) {
	t.Parallel()
	l := open(t)
	pi := l.paid(stripesim.CardDisputed)
	refund := func() error {
		_, err := l.api.Refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID, Amount: stripe.Int64(100)})
		return err
	}
	if e := stripeError(t, refund()); e.Code != "charge_disputed" {
		t.Errorf("refund of a disputed charge: %s", e.Code)
	}
	l.must(l.sim.WinDispute(l.disputeOf(pi.ID).ID))
	if err := refund(); err != nil {
		t.Errorf("refund after the dispute was won: %v", err)
	}
}

func TestDisputesThatAreRefused(t *testing.T) {
	t.Parallel()
	l := open(t)
	pi := l.paid(stripesim.CardPays)
	pending := l.session(byDebit).ID
	l.mustPay(pending, stripesim.AccountPays)
	for name, c := range map[string]struct {
		charge string
		how    stripesim.Dispute
	}{
		"a pending debit":   {l.look(pending).PaymentIntent.ID, stripesim.Dispute{}},
		"more than charged": {pi.ID, stripesim.Dispute{Amount: 500_001}},
		"less than nothing": {pi.ID, stripesim.Dispute{Amount: -1}},
		"an invented cause": {pi.ID, stripesim.Dispute{Reason: "whim"}},
		"nobody's charge":   {"ch_none", stripesim.Dispute{}},
	} {
		if id, err := l.sim.OpenDispute(c.charge, c.how); err == nil {
			t.Errorf("%s: opened %s", name, id)
		}
	}
	first, err := l.sim.OpenDispute(pi.LatestCharge.ID, stripesim.Dispute{})
	l.must(err)
	if id, err := l.sim.OpenDispute(pi.ID, stripesim.Dispute{}); err == nil {
		t.Errorf("a second dispute beside an open one: %s", id)
	}
	for _, part := range []int64{0, -1, 500_000} {
		if err := l.sim.PartWinDispute(first, part); err == nil {
			t.Errorf("%d of 500,000 were won in part", part)
		}
	}
	l.must(l.sim.LoseDispute(first))
	if _, err := l.sim.OpenDispute(pi.ID, stripesim.Dispute{Amount: 1}); err != nil {
		t.Errorf("a second dispute after the first: %v", err)
	}
}

// A bank may give back what was refunded already: the payer has it twice.
func TestRefundDoesNotStopADispute(t *testing.T) {
	t.Parallel()
	l := open(t)
	part, whole := l.paid(stripesim.CardPays).ID, l.paid(stripesim.CardPays).ID
	for pi, minor := range map[string]int64{part: 120_000, whole: 0} {
		_, err := l.sim.RefundCharge(pi, minor)
		l.must(err)
		_, err = l.sim.OpenDispute(pi, stripesim.Dispute{})
		l.must(err)
	}
	books := l.sim.Books().Payments
	if p := books[part]; p.Refunded != 120_000 || p.Disputed != 380_000 {
		t.Errorf("after a refund of a part: %+v", p)
	}
	if p := books[whole]; p.Refunded != 500_000 || p.Disputed != 500_000 {
		t.Errorf("after a refund of all: %+v", p)
	}
}

func TestDebitIsDisputedWhenItHasSettled(t *testing.T) {
	t.Parallel()
	l := open(t)
	cs := l.session(byDebit)
	l.mustPay(cs.ID, stripesim.AccountDisputed)
	if it := l.api.Disputes.List(&stripe.DisputeListParams{}); it.Next() {
		t.Error("a debit that is on its way is disputed")
	}
	l.must(l.sim.Advance(96 * time.Hour))
	d := l.disputeOf(l.look(cs.ID).PaymentIntent.ID)
	if d.Reason != "debit_not_authorized" || d.Status != "needs_response" {
		t.Errorf("dispute: %s, %s", d.Reason, d.Status)
	}
}

func TestDebitFailsAfterItHadSucceeded(t *testing.T) {
	t.Parallel()
	l := open(t)
	cs := l.session(byDebit)
	l.mustPay(cs.ID, stripesim.AccountPays)
	pi := l.look(cs.ID).PaymentIntent.ID
	if err := l.sim.FailLate(pi, ""); err == nil {
		t.Error("a pending debit failed late")
	}
	l.must(l.sim.Settle(pi))
	_, err := l.sim.RefundCharge(pi, 100_000)
	l.must(err)
	l.must(l.sim.Advance(72 * time.Hour))
	l.must(l.sim.FailLate(pi, "account_closed"))

	p := &stripe.ChargeParams{}
	p.AddExpand("failure_balance_transaction")
	ch, err := l.api.Charges.Get(l.look(cs.ID).PaymentIntent.LatestCharge.ID, p)
	l.must(err)
	bt := ch.FailureBalanceTransaction
	if ch.Status != "failed" || ch.Paid || ch.FailureCode != "account_closed" || bt == nil {
		t.Fatalf("charge: %s, paid %v, %s, %v", ch.Status, ch.Paid, ch.FailureCode, bt)
	}
	if bt.Amount != -400_000 || bt.Fee != 0 || bt.Type != "payment_failure_refund" || bt.ReportingCategory != "charge_failure" || bt.Source.ID != ch.ID {
		t.Errorf("taken back: %d, fee %d, %s, %s", bt.Amount, bt.Fee, bt.Type, bt.ReportingCategory)
	}
	if f := l.sim.Books().Payments[pi]; f.Received != 500_000 || f.FailedLate != 400_000 || f.Refunded != 100_000 || f.Net != -500 || f.Failed != 1 {
		t.Errorf("books: %+v", f)
	}
	if err := l.sim.FailLate(pi, ""); err == nil {
		t.Error("it failed late twice")
	}
	if err := l.sim.FailLate(l.paid(stripesim.CardPays).ID, ""); err == nil {
		t.Error("a card failed late")
	}
	disputed := l.session(byDebit)
	l.mustPay(disputed.ID, stripesim.AccountDisputed)
	pi = l.look(disputed.ID).PaymentIntent.ID
	l.must(l.sim.Settle(pi))
	l.must(l.sim.LoseDispute(l.disputeOf(pi).ID))
	if err := l.sim.FailLate(pi, ""); err == nil {
		t.Error("a bank took the same money twice")
	}
}

func TestFeeWithoutASource(t *testing.T) {
	t.Parallel()
	l := open(t)
	id, err := l.sim.ChargeFee(725, "usd", "Radar (2024-03-01 - 2024-03-31)")
	l.must(err)
	bt, err := l.api.BalanceTransactions.Get(id, nil)
	l.must(err)
	if bt.Type != "stripe_fee" || bt.Amount != -725 || bt.Net != -725 || bt.Fee != 0 || bt.Source != nil {
		t.Errorf("fee: %s %d, net %d, source %v", bt.Type, bt.Amount, bt.Net, bt.Source)
	}
	if got := l.sim.Books(); got.Totals["usd"].Net != -725 || len(got.Payments) != 0 {
		t.Errorf("books: %+v", got)
	}
	for _, bad := range []error{feeErr(l.sim.ChargeFee(0, "usd", "x")), feeErr(l.sim.ChargeFee(1, "USD", "x")), feeErr(l.sim.ChargeFee(1, "usd", ""))} {
		if bad == nil {
			t.Error("a fee that says nothing was taken")
		}
	}
}

func feeErr(_ string, err error) error { return err }

func TestEarlyFraudWarningMovesNoMoney(t *testing.T) {
	t.Parallel()
	l := open(t)
	pi := l.paid(stripesim.CardPays)
	before := l.sim.Books()
	id, err := l.sim.WarnOfFraud(pi.ID)
	l.must(err)
	w, err := l.api.RadarEarlyFraudWarnings.Get(id, nil)
	l.must(err)
	if !w.Actionable || w.Charge.ID != pi.LatestCharge.ID || w.PaymentIntent.ID != pi.ID {
		t.Errorf("warning: actionable %v, charge %s", w.Actionable, w.Charge.ID)
	}
	if diff := cmp.Diff(before, l.sim.Books()); diff != "" {
		t.Errorf("books (-before +after):\n%s", diff)
	}
	l.refund(pi.ID, 500_000)
	if w, err = l.api.RadarEarlyFraudWarnings.Get(id, nil); err != nil || w.Actionable {
		t.Errorf("after the refund: %v, %v", w, err)
	}
	cs := l.session(byDebit)
	l.mustPay(cs.ID, stripesim.AccountPays)
	for _, payment := range []string{l.look(cs.ID).PaymentIntent.ID, "pi_none"} {
		if _, err := l.sim.WarnOfFraud(payment); err == nil {
			t.Errorf("a network warned of %s", payment)
		}
	}
}
