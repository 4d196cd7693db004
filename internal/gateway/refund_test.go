package gateway_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/stripesim"
)

// refundOf asks for a refund, and lets a second person approve it where one is needed: all
// of a payment is more than the campaign has of it, for Stripe keeps its fee.
func refundOf(t *testing.T, b *gatewaytest.Bench, p giving.Payment, minor int64) giving.RefundRequest {
	t.Helper()
	if _, err := b.Owner.Exec(`UPDATE clusters SET refund_limit_minor = 100000000`); err != nil {
		t.Fatal(err)
	}
	r, err := giving.AskRefund(t.Context(), b.DB, b.Now, giving.RefundWish{
		PaymentID: p.ID, PersonID: b.Coordinator, Amount: b.Amount(minor), Reason: "Сплачено двічі",
	})
	if err == nil && r.NeedsApproval {
		r, err = giving.ApproveRefund(t.Context(), b.DB, b.Now, r.ID, b.Approver)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func refundState(t *testing.T, b *gatewaytest.Bench, r giving.RefundRequest) giving.RefundRequest {
	t.Helper()
	all, err := giving.RefundsOf(t.Context(), b.DB, r.PaymentID)
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range all {
		if known.ID == r.ID {
			return known
		}
	}
	t.Fatalf("no request %s", r.ID)
	return r
}

func TestCase069RefundOfOursReachesThePayerAndTheBooks(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	r := refundOf(t, b, p, 10_000)
	for range 2 { // case 81
		must(t, b.Gateway.Refund(t.Context(), r.ID))
	}
	if r = refundState(t, b, r); r.State != giving.RefundSucceeded || r.StripeID == "" {
		t.Errorf("request = %+v", r)
	}
	if p = b.Payment(p.ID); p.State != giving.Refunded || p.RefundedMinor != 10_000 {
		t.Errorf("payment = %+v", p)
	}
	b.SameBooks()
}

func TestCase070RefundsOfPartsToTheCent(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	for _, part := range []int64{3_333, 3_333, 3_333, 1} {
		must(t, b.Gateway.Refund(t.Context(), refundOf(t, b, p, part).ID))
	}
	if p = b.Payment(p.ID); p.State != giving.Refunded || p.RefundedMinor != 10_000 || p.Here() != 0 {
		t.Errorf("payment = %+v", p)
	}
	b.SameBooks()
}

// The answer is lost each time: one refund is made, and the healing job hears of it.
func TestCase081LostAnswersMakeOneRefund(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	r := refundOf(t, b, p, 2_500)
	b.Before(losing("/v1/refunds"))
	wantFault(t, b.Gateway.Refund(t.Context(), r.ID), fault.Unavailable, "refund.stripe_unavailable")
	if r = refundState(t, b, r); r.State != giving.RefundApproved {
		t.Errorf("without an answer it is %s", r.State)
	}
	b.Up()
	if _, err := b.Gateway.Heal(t.Context(), b.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if r = refundState(t, b, r); r.State != giving.RefundSucceeded {
		t.Errorf("after healing it is %s", r.State)
	}
	if p = b.Payment(p.ID); p.RefundedMinor != 2_500 {
		t.Errorf("payment = %+v", p)
	}
	b.SameBooks()
}

// Two days later Stripe has forgotten the key. The same key again would refund twice.
func TestCase041OldRefundIsLookedForBeforeItIsAskedAgain(t *testing.T) {
	t.Parallel()
	for name, made := range map[string]bool{"it was made": true, "it was not": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := gatewaytest.New(t)
			p := b.Paid(10_000)
			r := refundOf(t, b, p, 2_500)
			b.Down()
			if made {
				b.Before(losing("/v1/refunds"))
			}
			if err := b.Gateway.Refund(t.Context(), r.ID); err == nil {
				t.Fatal("an answer came")
			}
			b.Up()
			must(t, b.Sim.Advance(48*time.Hour))
			later := b.AnotherGateway(func() time.Time { return b.Now().Add(48 * time.Hour) })
			for range 2 {
				must(t, later.Refund(t.Context(), r.ID))
			}
			must(t, later.Sync(t.Context(), p.ID, ""))
			if r = refundState(t, b, r); r.State != giving.RefundSucceeded {
				t.Errorf("request = %+v", r)
			}
			if p = b.Payment(p.ID); p.RefundedMinor != 2_500 {
				t.Errorf("payment = %+v", p)
			}
			b.SameBooks()
		})
	}
}

func TestCase073PendingRefundSucceedsLaterAndCase074OneFails(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Checkout(b.Pledge(10_000), 10_000)
	b.Pay(p, stripesim.CardRefundPending)
	p = b.Sync(p)
	r := refundOf(t, b, p, 4_000)
	must(t, b.Gateway.Refund(t.Context(), r.ID))
	if r = refundState(t, b, r); r.State != giving.RefundSent {
		t.Errorf("request = %+v", r)
	}
	must(t, b.Sim.SettleRefund(r.StripeID))
	hearAll(t, b, b.Events())
	if r = refundState(t, b, r); r.State != giving.RefundSucceeded {
		t.Errorf("request = %+v", r)
	}
	b.SameBooks()

	must(t, b.Sim.FailRefund(r.StripeID, "lost_or_stolen_card"))
	hearAll(t, b, b.Events())
	if r = refundState(t, b, r); r.State != giving.RefundFailed || r.Trouble != "lost_or_stolen_card" {
		t.Errorf("request = %+v", r)
	}
	if p = b.Payment(p.ID); p.RefundedMinor != 0 || p.State != giving.Paid {
		t.Errorf("payment = %+v", p)
	}
	b.SameBooks()
	if again := refundOf(t, b, p, 10_000); again.State != giving.RefundApproved {
		t.Errorf("what came back cannot be refunded again: %+v", again)
	}
}

func TestCase077RefundBeyondTheBalanceWaits(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t, func(o *gatewaytest.Options) { o.Sandbox.RefundsWait = true })
	p := b.Paid(10_000)
	must(t, b.Sim.Advance(72*time.Hour))
	if _, err := b.Sim.PayOut("usd"); err != nil {
		t.Fatal(err)
	}
	hearAll(t, b, b.Events())
	r := refundOf(t, b, p, 6_000)
	must(t, b.Gateway.Refund(t.Context(), r.ID))
	if r = refundState(t, b, r); r.State != giving.RefundSent || b.Payment(p.ID).RefundedMinor != 0 {
		t.Errorf("request = %+v", r)
	}
	b.Paid(20_000)
	hearAll(t, b, b.Events())
	if r = refundState(t, b, r); r.State != giving.RefundSucceeded || b.Payment(p.ID).RefundedMinor != 6_000 {
		t.Errorf("request = %+v", r)
	}
	b.SameBooks()
}

// Our books have not heard of the dispute yet, and Stripe refuses.
func TestCase075StripeRefusesToRefundWhatIsDisputed(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	r := refundOf(t, b, p, 1_000)
	b.Dispute(p, stripesim.Dispute{})
	wantFault(t, b.Gateway.Refund(t.Context(), r.ID), fault.Conflict, "refund.disputed")
	if r = refundState(t, b, r); r.State != giving.RefundStopped || r.Trouble != "charge_disputed" {
		t.Errorf("request = %+v", r)
	}
	must(t, b.Gateway.Refund(t.Context(), r.ID)) // is closed, and stays so
	if p = b.Sync(p); p.RefundedMinor != 0 {
		t.Errorf("payment = %+v", p)
	}
	b.SameBooks()
}

// Somebody at the dashboard was quicker.
func TestCase071StripeRefusesWhatIsNotLeft(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	r := refundOf(t, b, p, 6_000)
	b.Refund(p, 5_000)
	wantFault(t, b.Gateway.Refund(t.Context(), r.ID), fault.Conflict, "refund.stripe_refuses")
	if r = refundState(t, b, r); r.State != giving.RefundStopped {
		t.Errorf("request = %+v", r)
	}
	b.Sync(p)
	b.SameBooks()
}

func TestRefundThatWaitsForAPersonIsNotSent(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	p := b.Paid(10_000)
	r, err := giving.AskRefund(t.Context(), b.DB, b.Now, giving.RefundWish{PaymentID: p.ID, PersonID: b.Coordinator, Amount: b.Amount(100), Reason: "Помилка"})
	if err != nil {
		t.Fatal(err)
	}
	must(t, b.Gateway.Refund(t.Context(), r.ID))
	if _, err := b.Gateway.Heal(t.Context(), b.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if p = b.Sync(p); p.RefundedMinor != 0 {
		t.Error("it was sent without the second person")
	}
	if _, err := giving.ApproveRefund(t.Context(), b.DB, b.Now, r.ID, b.Approver); err != nil {
		t.Fatal(err)
	}
	must(t, b.Gateway.Refund(t.Context(), r.ID))
	if p = b.Payment(p.ID); p.RefundedMinor != 100 {
		t.Errorf("payment = %+v", p)
	}
	if err := b.Gateway.Refund(t.Context(), "1"); !errors.Is(err, fault.New(fault.NotFound, "refund.unknown")) {
		t.Errorf("error = %v", err)
	}
}

// losing executes calls of a path and loses their answers.
func losing(path string) func(http.Handler) http.Handler {
	return func(sandbox http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || !strings.HasPrefix(r.URL.Path, path) {
				sandbox.ServeHTTP(w, r)
				return
			}
			sandbox.ServeHTTP(discard{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		})
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}
