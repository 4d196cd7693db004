package giving_test

import (
	"errors"
	"testing"
	"time"

	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/money"
)

func start(w *gatewaytest.World, pledge string, minor int64) giving.Start {
	return giving.Start{PledgeID: pledge, PersonID: w.Payer, Amount: w.Amount(minor), Title: "Апарати ШВЛ"}
}

// started is a payment that waits for its page.
func started(t *testing.T, w *gatewaytest.World, pledge string, minor int64) giving.Payment {
	t.Helper()
	p, err := giving.StartPayment(t.Context(), w.DB, w.Now, start(w, pledge, minor))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A double click, a nervous payer, two tabs.
func TestSixteenStartsAtOnceAreOnePayment(t *testing.T) {
	t.Parallel()
	w := world(t)
	pledge := w.Pledge(10_000)
	ids := make([]string, 16)
	errs := gatewaytest.Together(len(ids), func(i int) error {
		p, err := giving.StartPayment(t.Context(), w.DB, w.Now, start(w, pledge, 10_000))
		ids[i] = p.ID
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("payments %s and %s", ids[0], id)
		}
	}
	if w.Count("payments") != 1 || w.Acts("payment.started") != 1 {
		t.Errorf("%d payments, %d acts", w.Count("payments"), w.Acts("payment.started"))
	}
}

// Of sixteen starts of two amounts one amount wins, and the others hear of it.
func TestStartsOfOtherAmountsHearOfTheOpenOne(t *testing.T) {
	t.Parallel()
	w := world(t)
	pledge := w.Pledge(10_000)
	errs := gatewaytest.Together(16, func(i int) error {
		_, err := giving.StartPayment(t.Context(), w.DB, w.Now, start(w, pledge, int64(1_000+i%2)))
		return err
	})
	refused := 0
	for _, err := range errs {
		var open *giving.OpenPaymentError
		if errors.As(err, &open) {
			refused++
			if open.Payment.ID == "" {
				t.Error("the error does not name the open payment")
			}
		} else if err != nil {
			t.Error(err)
		}
	}
	if refused != 8 || w.Count("payments") != 1 {
		t.Errorf("%d refused, %d payments", refused, w.Count("payments"))
	}
}

func TestAmountsThatAPledgeDoesNotTake(t *testing.T) {
	t.Parallel()
	w := world(t)
	pledge := w.Pledge(10_000)
	for _, c := range []struct {
		amount money.Amount
		key    string
	}{
		{w.Amount(10_001), "payment.more_than_left"}, {w.Amount(0), "money.zero"}, {w.Amount(-5), "money.zero"},
		{money.Of(100, "EUR"), "pledge.other_currency"},
	} {
		s := start(w, pledge, 0)
		s.Amount = c.amount
		_, err := giving.StartPayment(t.Context(), w.DB, w.Now, s)
		wantFault(t, err, fault.Invalid, c.key)
	}
	if n := w.Count("payments"); n != 0 {
		t.Errorf("%d payments", n)
	}
}

func TestViewerDoesNotPay(t *testing.T) {
	t.Parallel()
	w := world(t)
	s := start(w, w.Pledge(100), 100)
	s.PersonID = w.Viewer
	_, err := giving.StartPayment(t.Context(), w.DB, w.Now, s)
	wantFault(t, err, fault.Forbidden, "company.viewer_cannot_pay")
}

// What is here, and what is on its way, cannot be paid again; what went back can.
func TestOnlyWhatIsLeftCanBePaid(t *testing.T) {
	t.Parallel()
	w := world(t)
	pledge := w.Pledge(10_000)
	first := started(t, w, pledge, 4_000)
	settle(t, w, first, facts(giving.Paid, came("txn_1", 4_000, 100)))
	second := started(t, w, pledge, 3_000)
	settle(t, w, second, facts(giving.Processing))

	_, err := giving.StartPayment(t.Context(), w.DB, w.Now, start(w, pledge, 3_001))
	wantFault(t, err, fault.Invalid, "payment.more_than_left")
	if f, _ := fault.As(err); f == nil || len(f.Args) != 1 || f.Args[0] != w.Amount(3_000) {
		t.Errorf("the fault tells %v", f)
	}
	third := started(t, w, pledge, 3_000)
	settle(t, w, third, facts(giving.Paid, came("txn_3", 3_000, 0)))
	_, err = giving.StartPayment(t.Context(), w.DB, w.Now, start(w, pledge, 1))
	wantFault(t, err, fault.Conflict, "payment.nothing_left")

	settle(t, w, first, facts(giving.Refunded, came("txn_1", 4_000, 100), back("txn_2", 4_000)))
	if p := started(t, w, pledge, 4_000); p.AmountMinor != 4_000 {
		t.Errorf("payment = %+v", p)
	}
}

// Stripe forgets keys after a day; a payment that has no page by then starts anew.
func TestPaymentWithoutAPageIsGivenUpBeforeItsKeyIsForgotten(t *testing.T) {
	t.Parallel()
	w := world(t)
	pledge := w.Pledge(10_000)
	first := started(t, w, pledge, 10_000)
	at := func(d time.Duration) giving.Payment {
		p, err := giving.StartPayment(t.Context(), w.DB, clock.At(noon.Add(d)), start(w, pledge, 10_000))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if p := at(23 * time.Hour); p.ID != first.ID {
		t.Error("given up while its key still counts")
	}
	second := at(23*time.Hour + time.Second)
	if second.ID == first.ID || second.IdempotencyKey == first.IdempotencyKey || w.Payment(first.ID).State != giving.Expired {
		t.Errorf("first %+v, second %+v", w.Payment(first.ID), second)
	}
	if err := giving.PaymentOpened(t.Context(), w.DB, second.ID, "cs_1", "http://127.0.0.1:1/", noon.Add(48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if p := at(72 * time.Hour); p.ID != second.ID || p.State != giving.Open {
		t.Errorf("a payment with a page was given up: %+v", p)
	}
}

func TestAbandonedPaymentsAreThoseWithoutAPage(t *testing.T) {
	t.Parallel()
	w := world(t)
	without, with := started(t, w, w.Pledge(100), 100), started(t, w, w.Pledge(100), 100)
	if err := giving.PaymentOpened(t.Context(), w.DB, with.ID, "cs_1", "http://127.0.0.1:1/", noon); err != nil {
		t.Fatal(err)
	}
	for _, p := range []giving.Payment{without, with} {
		if err := giving.Abandon(t.Context(), w.DB, p.ID); err != nil {
			t.Fatal(err)
		}
	}
	if w.Payment(without.ID).State != giving.Expired || w.Payment(with.ID).State != giving.Open {
		t.Errorf("without a page %s, with one %s", w.Payment(without.ID).State, w.Payment(with.ID).State)
	}
}

// The payer can be quicker than the answer that brings the page's address.
func TestLateAnswerDoesNotTurnAPaymentBack(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(100), 100)
	f := facts(giving.Paid, came("txn_1", 100, 0))
	f.SessionID = "cs_1"
	settle(t, w, p, f)
	if err := giving.PaymentOpened(t.Context(), w.DB, p.ID, "cs_1", "http://127.0.0.1:1/", noon); err != nil {
		t.Fatal(err)
	}
	if p = w.Payment(p.ID); p.State != giving.Paid || p.SessionURL == "" {
		t.Errorf("payment = %+v", p)
	}
}

func TestPaymentIsFoundByStripesIDs(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(100), 100)
	f := facts(giving.Open)
	f.SessionID, f.IntentID = "cs_1", "pi_1"
	settle(t, w, p, f)
	for _, id := range []string{"cs_1", "pi_1"} {
		if got, err := giving.PaymentByStripeID(t.Context(), w.DB, id); err != nil || got != p.ID {
			t.Errorf("%s: %s, %v", id, got, err)
		}
	}
	if _, err := giving.PaymentByStripeID(t.Context(), w.DB, "pi_2"); !errors.Is(err, giving.ErrNoPayment) {
		t.Errorf("error = %v", err)
	}
}

func TestStatesInWhichThePayerCanAct(t *testing.T) {
	t.Parallel()
	for state, waits := range map[giving.State]bool{
		giving.Created: true, giving.Open: true, giving.Declined: true, giving.Processing: false, giving.Paid: false,
		giving.Failed: false, giving.Expired: false, giving.Refunded: false, giving.RefundedInPart: false,
	} {
		if state.Waits() != waits {
			t.Errorf("%s waits: %v", state, state.Waits())
		}
	}
}

// Promised money may come after a campaign has closed, and not after it is accounted for.
func TestSettledCampaignTakesNoMoreMoney(t *testing.T) {
	t.Parallel()
	w := world(t)
	pledge := w.Pledge(10_000)
	start := giving.Start{PledgeID: pledge, PersonID: w.Payer, Amount: money.Of(10_000, "USD"), Title: "Campaign"}
	keys := map[campaign.State]string{campaign.Closed: "", campaign.Settled: "payment.campaign_settled"}
	for _, state := range []campaign.State{campaign.Closed, campaign.Settled} { // a campaign goes this way alone
		key := keys[state]
		if _, err := w.Owner.Exec(`UPDATE campaigns SET state = $2 WHERE id = $1`, w.Campaign, string(state)); err != nil {
			t.Fatal(err)
		}
		_, err := giving.StartPayment(t.Context(), w.DB, w.Now, start)
		if key == "" && err != nil {
			t.Errorf("%s: %v", state, err)
		} else if key != "" {
			wantFault(t, err, fault.Conflict, key)
		}
	}
}
