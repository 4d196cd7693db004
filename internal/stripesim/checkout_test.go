package stripesim_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/stripesim"
)

func TestCardPaysAtOnce(t *testing.T) {
	t.Parallel()
	l := open(t)
	cs := l.session()
	if cs.PaymentIntent != nil {
		t.Errorf("the session has intent %s before the payer submitted", cs.PaymentIntent.ID)
	}
	if cs.Status != "open" || cs.PaymentStatus != "unpaid" || cs.AmountTotal != 500_000 || cs.Livemode {
		t.Errorf("new session = %s, %s, %d, live %v", cs.Status, cs.PaymentStatus, cs.AmountTotal, cs.Livemode)
	}
	if want := l.url + "/c/pay/" + cs.ID; cs.URL != want {
		t.Errorf("url = %s, want %s", cs.URL, want)
	}
	l.mustPay(cs.ID, stripesim.CardPays)

	cs = l.look(cs.ID)
	pi, ch := cs.PaymentIntent, cs.PaymentIntent.LatestCharge
	if cs.Status != "complete" || cs.PaymentStatus != "paid" || cs.URL != "" {
		t.Errorf("session = %s, %s, url %q", cs.Status, cs.PaymentStatus, cs.URL)
	}
	if pi.Status != "succeeded" || pi.AmountReceived != 500_000 || pi.Metadata["pledge"] != "17" || pi.Metadata["0"] == "" {
		t.Errorf("intent = %s, received %d, metadata %v", pi.Status, pi.AmountReceived, pi.Metadata)
	}
	bt := ch.BalanceTransaction
	got := []int64{bt.Amount, bt.Fee, bt.Net, bt.AvailableOn - bt.Created}
	if want := []int64{500_000, 14_530, 485_470, 2 * 86400}; !cmp.Equal(got, want) {
		t.Errorf("amount, fee, net, seconds to available = %v, want %v", got, want)
	}
	if bt.Type != "charge" || bt.ReportingCategory != "charge" || bt.Source.ID != ch.ID || bt.Status != "pending" {
		t.Errorf("balance transaction = %s, %s, source %s, %s", bt.Type, bt.ReportingCategory, bt.Source.ID, bt.Status)
	}
	l.told("payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed")
	if err := l.pay(cs.ID, stripesim.CardPays); !errors.Is(err, stripesim.ErrNotOpen) {
		t.Errorf("paying twice: %v, want ErrNotOpen", err)
	}
}

func TestDeclinedCardLeavesSessionOpenForAnother(t *testing.T) {
	t.Parallel()
	for number, code := range map[string]string{stripesim.CardDeclined: "generic_decline", stripesim.CardNoFunds: "insufficient_funds"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			id := l.session().ID
			declined := new(stripesim.Declined)
			if err := l.pay(id, number); !errors.As(err, &declined) || declined.DeclineCode != code {
				t.Fatalf("pay: %v, want a decline for %s", err, code)
			}
			cs := l.look(id)
			pi := cs.PaymentIntent
			if cs.Status != "open" || pi.Status != "requires_payment_method" || pi.LastPaymentError.DeclineCode != stripe.DeclineCode(code) {
				t.Errorf("after the decline: session %s, intent %s, error %v", cs.Status, pi.Status, pi.LastPaymentError)
			}
			if ch := pi.LatestCharge; ch.Status != "failed" || ch.Paid || ch.BalanceTransaction != nil || ch.FailureCode != "card_declined" {
				t.Errorf("the failed charge = %s, paid %v, transaction %v, code %s", ch.Status, ch.Paid, ch.BalanceTransaction, ch.FailureCode)
			}
			l.told("payment_intent.created", "charge.failed", "payment_intent.payment_failed")
			l.mustPay(id, stripesim.CardPays)

			cs = l.look(id)
			if cs.PaymentIntent.ID != pi.ID || cs.PaymentStatus != "paid" || cs.PaymentIntent.LastPaymentError != nil {
				t.Errorf("after the second card: intent %s (was %s), %s", cs.PaymentIntent.ID, pi.ID, cs.PaymentStatus)
			}
			if p := l.sim.Books().Payments[pi.ID]; p.Failed != 1 || p.Received != 500_000 {
				t.Errorf("books = %+v, want one failed charge and all received", p)
			}
		})
	}
}

func TestDebitSettlesWhenItsTimeHasCome(t *testing.T) {
	t.Parallel()
	l := open(t)
	id := l.session(byDebit).ID
	l.mustPay(id, stripesim.AccountPays)
	cs := l.look(id)
	if ch := cs.PaymentIntent.LatestCharge; cs.Status != "complete" || cs.PaymentStatus != "unpaid" || cs.PaymentIntent.Status != "processing" ||
		ch.Status != "pending" || ch.Paid || ch.BalanceTransaction != nil || ch.ID[:3] != "py_" {
		t.Errorf("ordered debit: session %s %s, intent %s, charge %s %s", cs.Status, cs.PaymentStatus, cs.PaymentIntent.Status, ch.ID, ch.Status)
	}
	l.told("payment_intent.created", "payment_intent.processing", "charge.pending", "checkout.session.completed")
	if err := l.sim.Advance(96*time.Hour - time.Second); err != nil {
		t.Fatal(err)
	}
	if got := l.look(id).PaymentStatus; got != "unpaid" {
		t.Errorf("a second early the debit is %s", got)
	}
	if err := l.sim.Advance(time.Second); err != nil {
		t.Fatal(err)
	}
	cs = l.look(id)
	if bt := cs.PaymentIntent.LatestCharge.BalanceTransaction; cs.PaymentStatus != "paid" || bt.Type != "payment" || bt.Fee != 500 {
		t.Errorf("settled debit: %s, transaction %s with fee %d", cs.PaymentStatus, bt.Type, bt.Fee)
	}
	l.told("payment_intent.created", "payment_intent.processing", "charge.pending", "checkout.session.completed",
		"charge.succeeded", "payment_intent.succeeded", "checkout.session.async_payment_succeeded")
}

func TestDebitFailsLater(t *testing.T) {
	t.Parallel()
	for number, code := range map[string]string{stripesim.AccountClosed: "account_closed", stripesim.AccountNoFunds: "insufficient_funds"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			l := open(t, func(o *stripesim.Options) { o.DebitDelay = time.Hour })
			id := l.session(byDebit).ID
			l.mustPay(id, number)
			if err := l.sim.Advance(time.Hour); err != nil {
				t.Fatal(err)
			}
			cs := l.look(id)
			ch := cs.PaymentIntent.LatestCharge
			if cs.Status != "complete" || cs.PaymentStatus != "unpaid" || cs.PaymentIntent.Status != "requires_payment_method" ||
				ch.Status != "failed" || ch.FailureCode != code || ch.BalanceTransaction != nil {
				t.Errorf("session %s %s, intent %s, charge %s %s", cs.Status, cs.PaymentStatus, cs.PaymentIntent.Status, ch.Status, ch.FailureCode)
			}
			l.told("payment_intent.created", "payment_intent.processing", "charge.pending", "checkout.session.completed",
				"charge.failed", "payment_intent.payment_failed", "checkout.session.async_payment_failed")
			// The session is over, so the intent may be canceled, once.
			pi, err := l.api.PaymentIntents.Cancel(cs.PaymentIntent.ID, &stripe.PaymentIntentCancelParams{CancellationReason: stripe.String("abandoned")})
			if err != nil || pi.Status != "canceled" || pi.CancellationReason != "abandoned" || pi.CanceledAt == 0 {
				t.Errorf("cancel: %v, %v", pi, err)
			}
			_, err = l.api.PaymentIntents.Cancel(cs.PaymentIntent.ID, nil)
			if e := stripeError(t, err); e.Code != "payment_intent_unexpected_state" {
				t.Errorf("cancel twice: %s", e.Code)
			}
		})
	}
}

func TestDebitCanBeEndedByHand(t *testing.T) {
	t.Parallel()
	l := open(t)
	ids := map[string]string{}
	for _, number := range []string{stripesim.AccountClosed, stripesim.AccountPays} {
		cs := l.session(byDebit)
		l.mustPay(cs.ID, number)
		ids[number] = l.look(cs.ID).PaymentIntent.ID
	}
	if pending, due := l.sim.PendingDebits(); len(pending) != 2 || due[0] != clock().Add(96*time.Hour).Local() {
		t.Errorf("pending debits %v, due %v", pending, due)
	}
	if err := l.sim.Settle(ids[stripesim.AccountClosed]); err != nil {
		t.Fatal(err)
	}
	if err := l.sim.FailDebit(ids[stripesim.AccountPays], ""); err != nil {
		t.Fatal(err)
	}
	if err := l.sim.Settle(ids[stripesim.AccountPays]); err == nil {
		t.Error("settling a debit that has failed worked")
	}
	books := l.sim.Books()
	if p := books.Payments[ids[stripesim.AccountClosed]]; p.Received != 500_000 || p.PaymentStatus != "paid" {
		t.Errorf("settled by hand: %+v", p)
	}
	if p := books.Payments[ids[stripesim.AccountPays]]; p.Received != 0 || p.Failed != 1 {
		t.Errorf("failed by hand: %+v", p)
	}
}

func TestSessionExpires(t *testing.T) {
	t.Parallel()
	l := open(t)
	asked, late := l.session().ID, l.session().ID
	if err := l.pay(late, stripesim.CardDeclined); err == nil {
		t.Fatal("the declined card paid")
	}
	_, err := l.api.PaymentIntents.Cancel(l.look(late).PaymentIntent.ID, nil)
	if e := stripeError(t, err); e.HTTPStatusCode != 400 {
		t.Errorf("canceling the intent of an open session: %d", e.HTTPStatusCode)
	}
	cs, err := l.api.CheckoutSessions.Expire(asked, nil)
	if err != nil || cs.Status != "expired" || cs.URL != "" {
		t.Errorf("expire: %v, %v", cs, err)
	}
	_, err = l.api.CheckoutSessions.Expire(asked, nil)
	if e := stripeError(t, err); e.HTTPStatusCode != 400 {
		t.Errorf("expire twice: %d", e.HTTPStatusCode)
	}
	if err := l.sim.Advance(24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	cs = l.look(late)
	if cs.Status != "expired" || cs.PaymentIntent.Status != "canceled" || cs.PaymentIntent.CancellationReason != "automatic" {
		t.Errorf("a day later the session is %s and its intent %s", cs.Status, cs.PaymentIntent.Status)
	}
	if err := l.pay(late, stripesim.CardPays); !errors.Is(err, stripesim.ErrNotOpen) {
		t.Errorf("paying an expired session: %v", err)
	}
	l.told("payment_intent.created", "charge.failed", "payment_intent.payment_failed", "payment_intent.canceled",
		"checkout.session.expired", "checkout.session.expired")
}

func TestFees(t *testing.T) {
	t.Parallel()
	l := open(t)
	for _, c := range []struct {
		number      string
		amount, fee int64
	}{
		{stripesim.CardPays, 50, 31}, // 1.45 + 30
		{stripesim.CardPays, 51, 31}, // 1.479
		{stripesim.CardPays, 52, 32}, // 1.508
		{stripesim.CardPays, 999_999_99, 290_0030},
		{stripesim.CardPays, 999_999_999_999, 29_000_000_030},
		{stripesim.AccountPays, 62, 0}, // 0.496
		{stripesim.AccountPays, 63, 1}, // 0.504
		{stripesim.AccountPays, 62_437, 499},
		{stripesim.AccountPays, 62_438, 500}, // 499.504
		{stripesim.AccountPays, 99_999_999, 500},
	} {
		methods := byDebit
		if c.amount > 99_999_999 {
			methods = func(*stripe.CheckoutSessionParams) {}
		}
		cs := l.session(amount(c.amount, "usd"), methods)
		l.mustPay(cs.ID, c.number)
		if c.number == stripesim.AccountPays {
			if err := l.sim.Settle(l.look(cs.ID).PaymentIntent.ID); err != nil {
				t.Fatal(err)
			}
		}
		bt := l.look(cs.ID).PaymentIntent.LatestCharge.BalanceTransaction
		if bt.Amount != c.amount || bt.Fee != c.fee || bt.Net != c.amount-c.fee {
			t.Errorf("%d by %s: amount %d, fee %d, net %d; want fee %d", c.amount, c.number, bt.Amount, bt.Fee, bt.Net, c.fee)
		}
	}
}

// With automatic_async a card has succeeded before its money is in the balance.
func TestBalanceTransactionComesLater(t *testing.T) {
	t.Parallel()
	async := func(p *stripe.CheckoutSessionParams) {
		p.PaymentIntentData.CaptureMethod = stripe.String("automatic_async")
	}
	l := open(t)
	later, refunded, disputed := l.session(async).ID, l.session(async).ID, l.session(async).ID
	l.mustPay(later, stripesim.CardPays)
	pi := l.look(later).PaymentIntent
	if pi.Status != "succeeded" || pi.CaptureMethod != "automatic_async" || pi.LatestCharge.BalanceTransaction != nil {
		t.Errorf("at first: %s, %v", pi.Status, pi.LatestCharge.BalanceTransaction)
	}
	if f := l.sim.Books().Payments[pi.ID]; f.Received != 500_000 || f.Net != 0 {
		t.Errorf("books at first: %+v", f)
	}
	l.must(l.sim.Advance(time.Hour))
	if bt := l.look(later).PaymentIntent.LatestCharge.BalanceTransaction; bt == nil || bt.Net != 485_470 {
		t.Errorf("later: %v", bt)
	}
	l.told("payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed", "charge.updated")
	// Whatever takes the money out again finds it in.
	l.mustPay(refunded, stripesim.CardPays)
	l.refund(l.look(refunded).PaymentIntent.ID, 500_000)
	l.mustPay(disputed, stripesim.CardDisputed)
	l.must(l.sim.Advance(time.Hour))
	books := l.sim.Books().Payments
	if f := books[l.look(refunded).PaymentIntent.ID]; f.Gross != 500_000 || f.Net != -14_530 {
		t.Errorf("refunded: %+v", f)
	}
	if f := books[l.look(disputed).PaymentIntent.ID]; f.Gross != 500_000 || f.Disputed != 500_000 {
		t.Errorf("disputed: %+v", f)
	}
}
