package giving_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/jmoiron/sqlx"
	"pgregory.net/rapid"

	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/spending"
)

// facts are what Stripe says of a payment, with the money that moved.
func facts(state giving.State, moved ...giving.Movement) giving.Facts {
	return giving.Facts{State: state, Movements: moved, ReadAt: noon}
}

func moved(id string, kind giving.MovementKind, gross, fee int64) giving.Movement {
	usd := func(minor int64) money.Amount { return money.Of(minor, "USD") }
	return giving.Movement{ID: id, Kind: kind, Type: "test", Gross: usd(gross), Fee: usd(fee), Net: usd(gross - fee), HappenedAt: noon}
}

func came(id string, gross, fee int64) giving.Movement { return moved(id, giving.MovedIn, gross, fee) }
func back(id string, gross int64) giving.Movement      { return moved(id, giving.MovedBack, -gross, 0) }
func returned(id string, gross int64) giving.Movement {
	return moved(id, giving.ReturnedOut, gross, 0)
}

// settleOnce applies facts the way a sync does and reports whether anything was new.
func settleOnce(t testing.TB, w *gatewaytest.World, p giving.Payment, f giving.Facts) (news bool, err error) {
	err = pg.InTx(t.Context(), w.DB, func(tx *sqlx.Tx) error {
		locked, err := giving.LockPayment(t.Context(), tx, p.ID)
		if err != nil {
			return err
		}
		news, err = giving.Settle(t.Context(), tx, locked, f)
		return err
	})
	return news, err
}

func settle(t testing.TB, w *gatewaytest.World, p giving.Payment, f giving.Facts) bool {
	t.Helper()
	news, err := settleOnce(t, w, p, f)
	if err != nil {
		t.Fatal(err)
	}
	return news
}

// set is money set aside of the campaign's fund, by two people.
func set(t *testing.T, w *gatewaytest.World, minor int64) {
	t.Helper()
	id, err := propose(t, w, minor)
	if err != nil {
		t.Fatal(err)
	}
	if err := spending.Approve(t.Context(), w.DB, w.Now, id, w.Approver, ""); err != nil {
		t.Fatal(err)
	}
}

func propose(t *testing.T, w *gatewaytest.World, minor int64) (string, error) {
	return spending.Propose(t.Context(), w.DB, w.Now, spending.Proposal{
		CampaignID: w.Campaign, PurposeID: w.Purpose, Amount: w.Amount(minor), Reason: "Апарати", PersonID: w.Coordinator,
	})
}

// standing is where the money of the campaign is.
type standing struct{ AtStripe, Free, Shortfall, Fee int64 }

func standsAt(w *gatewaytest.World) standing {
	return standing{w.AtStripe(), w.Free(), w.Shortfall(), w.Balance(ledger.Fee(w.Campaign, w.Currency))}
}

func wantStanding(t *testing.T, w *gatewaytest.World, want standing) {
	t.Helper()
	if got := standsAt(w); got != want {
		t.Errorf("the money stands at %+v, want %+v", got, want)
	}
	w.VerifyBooks()
}

func TestSettleTwiceSettlesOnce(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(10_000), 10_000)
	f := facts(giving.Paid, came("txn_1", 10_000, 320))
	if !settle(t, w, p, f) {
		t.Error("the first time was no news")
	}
	if settle(t, w, p, f) {
		t.Error("the second time was news")
	}
	wantStanding(t, w, standing{AtStripe: 9_680, Free: 9_680, Fee: 320})
	if w.Acts("payment.gift") != 1 {
		t.Errorf("%d acts", w.Acts("payment.gift"))
	}
	got := w.Payment(p.ID)
	if got.ReceivedMinor != 10_000 || got.FeeMinor != 320 || got.State != giving.Paid || !got.SettledAt.Time.Equal(noon) {
		t.Errorf("payment = %+v", got)
	}
}

func TestSixteenSettlementsAtOnceSettleOnce(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(10_000), 10_000)
	f := facts(giving.RefundedInPart, came("txn_1", 10_000, 320), back("txn_2", 1_000))
	errs := gatewaytest.Together(16, func(int) error {
		_, err := settleOnce(t, w, p, f)
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if n := w.Count("ledger.entries"); n != 2 {
		t.Errorf("%d entries", n)
	}
	wantStanding(t, w, standing{AtStripe: 8_680, Free: 8_680, Fee: 320})
}

// Stripe's list has no order that could be relied on, and what is applied late may be old.
func TestEveryOrderOfMovementsEndsInTheSameBooks(t *testing.T) {
	t.Parallel()
	w := world(t)
	all := func(n int) []giving.Movement {
		id := func(s string) string { return fmt.Sprintf("txn_%d_%s", n, s) }
		return []giving.Movement{came(id("in"), 10_000, 320), back(id("b1"), 4_000), back(id("b2"), 3_000), returned(id("r"), 3_000)}
	}
	for n, order := range orders(4) {
		p := started(t, w, w.Pledge(10_000), 10_000)
		movements := all(n)
		shuffled := make([]giving.Movement, len(order))
		for i, at := range order {
			shuffled[i] = movements[at]
		}
		for i := range shuffled { // one more each time, as syncs would see them
			settle(t, w, p, facts(giving.Paid, shuffled[:i+1]...))
		}
		settle(t, w, p, facts(giving.Paid, shuffled[:2]...)) // an older look
		settle(t, w, p, facts(giving.Paid, shuffled...))
		got := w.Payment(p.ID)
		if got.ReceivedMinor != 10_000 || got.RefundedMinor != 4_000 || got.FeeMinor != 320 {
			t.Errorf("order %v: %+v", order, got)
		}
		each := int64(10_000 - 320 - 4_000)
		if st := standsAt(w); st.Free != int64(n+1)*each || st.Shortfall != 0 || st.AtStripe != int64(n+1)*each {
			t.Fatalf("order %v: the money stands at %+v", order, st)
		}
	}
	w.VerifyBooks()
}

func orders(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, shorter := range orders(n - 1) {
		for at := range n {
			order := append(append(append([]int{}, shorter[:at]...), n-1), shorter[at:]...)
			all = append(all, order)
		}
	}
	return all
}

func TestCase074RefundThatFailedIsMoneyAgain(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(10_000), 10_000)
	in, out, again := came("txn_1", 10_000, 0), back("txn_2", 10_000), returned("txn_3", 10_000)
	settle(t, w, p, facts(giving.Refunded, in, out))
	wantStanding(t, w, standing{})
	settle(t, w, p, facts(giving.Paid, in, out, again))
	wantStanding(t, w, standing{AtStripe: 10_000, Free: 10_000})
	if got := w.Payment(p.ID); got.RefundedMinor != 0 || got.State != giving.Paid {
		t.Errorf("payment = %+v", got)
	}
}

// A refund of money that is set aside is a fact. What is missing is owed, nothing more can
// be set aside meanwhile, and the next gift repays it before it is free.
func TestCase078RefundAfterAllocationIsOwedAndRepaidFirst(t *testing.T) {
	t.Parallel()
	w := world(t)
	first := started(t, w, w.Pledge(10_000), 10_000)
	settle(t, w, first, facts(giving.Paid, came("txn_1", 10_000, 0)))
	set(t, w, 8_000)
	waiting, err := propose(t, w, 2_000)
	if err != nil {
		t.Fatal(err)
	}
	settle(t, w, first, facts(giving.Refunded, came("txn_1", 10_000, 0), back("txn_2", 10_000)))
	wantStanding(t, w, standing{Shortfall: 8_000})

	_, err = propose(t, w, 1)
	wantFault(t, err, fault.Invalid, "allocation.more_than_free")
	wantFault(t, spending.Approve(t.Context(), w.DB, w.Now, waiting, w.Approver, ""), fault.Conflict, "allocation.no_longer_covered")

	second := started(t, w, w.Pledge(5_000), 5_000)
	settle(t, w, second, facts(giving.Paid, came("txn_3", 5_000, 100)))
	wantStanding(t, w, standing{AtStripe: 4_900, Shortfall: 3_100, Fee: 100})
	third := started(t, w, w.Pledge(5_000), 5_000)
	settle(t, w, third, facts(giving.Paid, came("txn_4", 5_000, 100)))
	wantStanding(t, w, standing{AtStripe: 9_800, Free: 1_800, Fee: 200})
}

// The refund that failed repays what the refund had left owing.
func TestReturnedRefundRepaysTheShortfallFirst(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(10_000), 10_000)
	in, out, again := came("txn_1", 10_000, 0), back("txn_2", 10_000), returned("txn_3", 10_000)
	settle(t, w, p, facts(giving.Paid, in))
	set(t, w, 6_000)
	settle(t, w, p, facts(giving.Refunded, in, out))
	wantStanding(t, w, standing{Shortfall: 6_000})
	settle(t, w, p, facts(giving.Paid, in, out, again))
	wantStanding(t, w, standing{AtStripe: 10_000, Free: 4_000})
}

func TestFeeLargerThanWhatIsThereIsOwed(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(50), 50)
	settle(t, w, p, facts(giving.Paid, came("txn_1", 50, 80)))
	wantStanding(t, w, standing{AtStripe: -30, Shortfall: 30, Fee: 80})
	fund := started(t, w, w.Pledge(100), 100)
	settle(t, w, fund, facts(giving.Paid, came("txn_2", 100, 0)))
	wantStanding(t, w, standing{AtStripe: 70, Free: 70, Fee: 80})
}

// A fee that Stripe gives back is money for the campaign.
func TestFeeThatComesBackIsFree(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(10_000), 10_000)
	settle(t, w, p, facts(giving.Refunded, came("txn_1", 10_000, 320), moved("txn_2", giving.MovedBack, -10_000, -320)))
	wantStanding(t, w, standing{})
}

// Nothing that moved is skipped, whatever it was.
func TestCase100UnexplainedMoneyGoesToSuspenseWithAnAlarm(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(10_000), 10_000)
	in := came("txn_1", 10_000, 320)
	odd := in
	odd.ID, odd.Net.Minor = "txn_5", 9_000 // does not add up
	euros := giving.Movement{ID: "txn_2", Kind: giving.MovedIn, Gross: money.Of(10_000, "USD"), Fee: money.Of(10, "EUR"), Net: money.Of(9_000, "EUR"), HappenedAt: noon}
	f := facts(giving.Paid, in, euros, moved("txn_3", giving.Unexplained, -2_500, 1_500), moved("txn_4", giving.Unexplained, 0, 0), odd)
	settle(t, w, p, f)
	if settle(t, w, p, f) {
		t.Error("the second time was news")
	}
	suspense := map[money.Currency]int64{"USD": -4_000 + 9_000, "EUR": 9_000}
	for c, want := range suspense {
		if got := w.Balance(ledger.Suspense(w.Cluster, c)); got != want {
			t.Errorf("%s in suspense: %d, want %d", c, got, want)
		}
	}
	if n := w.Acts("payment.unexplained-movement"); n != 3 {
		t.Errorf("%d alarms, want 3", n)
	}
	if got := w.Payment(p.ID); got.ReceivedMinor != 10_000 || got.FeeMinor != 320 {
		t.Errorf("the payment's sums count what is in suspense: %+v", got)
	}
	wantStanding(t, w, standing{AtStripe: 9_680 - 4_000 + 9_000, Free: 9_680, Fee: 320})
}

func TestSettlingKeepsWhatItWasToldBefore(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(100), 100)
	f := facts(giving.Declined)
	f.SessionID, f.IntentID, f.ChargeID, f.Method, f.Decline = "cs_1", "pi_1", "ch_1", "card", "card_declined"
	settle(t, w, p, f)
	settle(t, w, p, facts(giving.Open)) // knows less
	got := w.Payment(p.ID)
	if got.SessionID != "cs_1" || got.IntentID != "pi_1" || got.Method != "card" || got.Decline != "" || got.State != giving.Open {
		t.Errorf("payment = %+v", got)
	}
}

// Whatever moves in whatever order, seen once or often: the books are whole, the payments'
// sums are those of the books, and each kopiyka is somewhere.
func TestBooksAreWholeAfterAnyMovements(t *testing.T) {
	w := world(t)
	var payments []giving.Payment
	known := map[string][]giving.Movement{}
	var received, refunded, fees, set int64
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		if len(payments) == 0 || rapid.IntRange(0, 3).Draw(r, "start") == 0 {
			payments = append(payments, started(t, w, w.Pledge(1_000_000), 1_000_000))
		}
		p := payments[rapid.IntRange(0, len(payments)-1).Draw(r, "payment")]
		for range rapid.IntRange(1, 4).Draw(r, "movements") {
			n++
			gross, fee := rapid.Int64Range(1, 100_000).Draw(r, "gross"), rapid.Int64Range(0, 2_000).Draw(r, "fee")
			m := came(fmt.Sprintf("txn_%d", n), gross, fee)
			switch sum := w.Payment(p.ID); rapid.IntRange(0, 3).Draw(r, "kind") {
			case 1, 2:
				m = back(m.ID, gross)
				refunded, fee = refunded+gross, 0
			case 3:
				m = returned(m.ID, min(gross, sum.RefundedMinor))
				if sum.RefundedMinor == 0 {
					continue
				}
				refunded, fee = refunded-m.Gross.Minor, 0
			default:
				received += gross
			}
			fees += fee
			known[p.ID] = append(known[p.ID], m)
			seen := rapid.Permutation(known[p.ID]).Draw(r, "seen")
			if _, err := settleOnce(t, w, p, facts(giving.Paid, seen...)); err != nil {
				r.Fatal(err)
			}
		}
		if free := w.Free(); free > 0 && rapid.Bool().Draw(r, "allocate") {
			minor := rapid.Int64Range(1, free).Draw(r, "set aside")
			id, err := propose(t, w, minor)
			if err == nil {
				err = spending.Approve(t.Context(), w.DB, w.Now, id, w.Approver, "")
			}
			if err != nil {
				r.Fatal(err)
			}
			set += minor
		}
		st := standsAt(w)
		if received-refunded != fees+set+st.Free-st.Shortfall || st.Fee != fees || st.AtStripe != received-refunded-fees {
			r.Fatalf("received %d − refunded %d ≠ fees %d + set aside %d + free − shortfall of %+v", received, refunded, fees, set, st)
		}
		var sums struct{ Received, Refunded, Fee int64 }
		if err := w.Owner.Get(&sums, `SELECT sum(received_minor)::bigint AS received, sum(refunded_minor)::bigint AS refunded, sum(fee_minor)::bigint AS fee FROM payments`); err != nil {
			r.Fatal(err)
		}
		if sums.Received != received || sums.Refunded != refunded || sums.Fee != fees {
			r.Fatalf("the payments' sums are %+v, want %d, %d, %d", sums, received, refunded, fees)
		}
		_, differences, err := ledger.Verify(t.Context(), w.Owner)
		if err != nil || len(differences) > 0 {
			r.Fatalf("books: %v, %v", differences, err)
		}
	})
}
