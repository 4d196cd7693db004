package giving_test

import (
	"fmt"
	"testing"

	"github.com/jmoiron/sqlx"
	"pgregory.net/rapid"

	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

func taken(id, dispute string, gross, fee int64) giving.Movement {
	m := moved(id, giving.TakenBack, -gross, fee)
	m.Dispute = dispute
	return m
}

func given(id, dispute string, gross int64) giving.Movement {
	m := moved(id, giving.GivenBack, gross, 0)
	m.Dispute = dispute
	return m
}

func disputes(f giving.Facts, all ...giving.Dispute) giving.Facts {
	f.Disputes = all
	return f
}

// converted is a movement that the payer sees in dollars and our balance in hryvnias.
func converted(m giving.Movement, gross, fee int64) giving.Movement {
	uah := func(minor int64) money.Amount { return money.Of(minor, "UAH") }
	m.Presented = m.Gross
	m.Gross, m.Fee, m.Net = uah(gross), uah(fee), uah(gross-fee)
	return m
}

// earmark is a pledge for one purpose of the campaign, or for one need of it.
func earmark(t testing.TB, w *gatewaytest.World, minor int64, need string) string {
	t.Helper()
	p := w.Promise(minor)
	p.PurposeID, p.NeedID = w.Purpose, need
	id, err := giving.MakePledge(t.Context(), w.DB, w.Now, p)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func addNeed(t testing.TB, w *gatewaytest.World) string {
	t.Helper()
	id := pg.NewID()
	_, err := w.Owner.ExecContext(t.Context(), `INSERT INTO needs (id, purpose_id, item_uk, item_en, quantity, unit_uk, unit_en, position)
		VALUES ($1, $2, 'Апарат', 'Ventilator', 1, 'шт.', 'pc.', 1)`, id, w.Purpose)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// setAside moves money out of any account of the campaign into an allocation.
func setAside(t testing.TB, w *gatewaytest.World, from ledger.Account, minor int64) error {
	return pg.InTx(t.Context(), w.DB, func(tx *sqlx.Tx) error {
		id := pg.NewID()
		_, err := ledger.Post(t.Context(), tx, ledger.Entry{
			Source: "allocation:" + id, Kind: ledger.Allocated, HappenedAt: noon, Actor: "person:one", Approver: "person:other",
			Lines: []ledger.Line{ledger.Debit(from, minor), ledger.Credit(ledger.Allocation(id, w.Currency), minor)},
		})
		return err
	})
}

// places are all the accounts of the campaign that money can stand on.
type places struct{ AtStripe, Free, Purpose, Shortfall, Fee, Disputed, Loss, Drift int64 }

func placesOf(w *gatewaytest.World) places {
	return places{
		AtStripe: w.AtStripe(), Free: w.Free(), Purpose: w.Balance(ledger.Purpose(w.Purpose, w.Currency)), Shortfall: w.Shortfall(),
		Fee: w.Balance(ledger.Fee(w.Campaign, w.Currency)), Disputed: w.Balance(ledger.Disputed(w.Campaign, w.Currency)),
		Loss: w.Balance(ledger.Loss(w.Campaign, w.Currency)), Drift: w.Balance(ledger.Drift(w.Campaign, w.Currency)),
	}
}

func wantPlaces(t *testing.T, w *gatewaytest.World, want places) {
	t.Helper()
	if got := placesOf(w); got != want {
		t.Errorf("the money stands at %+v, want %+v", got, want)
	}
	w.VerifyBooks()
}

// While the bank decides, the money is held and neither received nor lost. Its fee is gone.
func TestCase082DisputedMoneyIsHeldAndItsFeeIsPaidOnce(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(10_000), 10_000)
	f := disputes(facts(giving.InDispute, came("txn_1", 10_000, 320), taken("txn_2", "dp_1", 10_000, 1_500)), giving.Dispute{ID: "dp_1"})
	settle(t, w, p, f)
	if settle(t, w, p, f) {
		t.Error("the second time was news")
	}
	wantPlaces(t, w, places{AtStripe: -1_820, Shortfall: 1_820, Fee: 1_820, Disputed: 10_000})
	if got := w.Payment(p.ID); got.DisputedMinor != 10_000 || got.FeeMinor != 1_820 || got.RefundedMinor != 0 || got.Here() != 0 {
		t.Errorf("payment = %+v", got)
	}
	if pledge, err := giving.PledgeOf(t.Context(), w.DB, p.PledgeID, w.Payer); err != nil || pledge.Outstanding().Minor != 0 {
		t.Errorf("while the bank decides the company is asked for %v again, %v", pledge.Outstanding(), err)
	}
}

func TestCase083WonDisputeBringsTheMoneyBackAndKeepsTheFee(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(10_000), 10_000)
	settle(t, w, p, disputes(facts(giving.Paid, came("txn_1", 10_000, 320), taken("txn_2", "dp_1", 10_000, 1_500), given("txn_3", "dp_1", 10_000)), giving.Dispute{ID: "dp_1"}))
	wantPlaces(t, w, places{AtStripe: 8_180, Free: 8_180, Fee: 1_820})
	if got := w.Payment(p.ID); got.DisputedMinor != 0 || got.LostMinor != 0 || got.Here() != 10_000 {
		t.Errorf("payment = %+v", got)
	}
}

func TestCase084LostDisputeIsALossAndThePledgeIsOpenAgain(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(10_000), 10_000)
	in, out := came("txn_1", 10_000, 320), taken("txn_2", "dp_1", 10_000, 1_500)
	settle(t, w, p, disputes(facts(giving.InDispute, in, out), giving.Dispute{ID: "dp_1"}))
	lost := disputes(facts(giving.DisputeLost, in, out), giving.Dispute{ID: "dp_1", Lost: true})
	if !settle(t, w, p, lost) || settle(t, w, p, lost) {
		t.Error("the loss is news once")
	}
	wantPlaces(t, w, places{AtStripe: -1_820, Shortfall: 1_820, Fee: 1_820, Loss: 10_000})
	if got := w.Payment(p.ID); got.LostMinor != 10_000 || got.DisputedMinor != 0 {
		t.Errorf("payment = %+v", got)
	}
	if pledge, err := giving.PledgeOf(t.Context(), w.DB, p.PledgeID, w.Payer); err != nil || pledge.Outstanding().Minor != 10_000 {
		t.Errorf("outstanding %v, %v", pledge.Outstanding(), err)
	}
}

// A dispute that is won in part is called lost, and money comes back all the same.
func TestCase085PartlyWonDisputeIsJudgedByItsMoney(t *testing.T) {
	t.Parallel()
	for name, early := range map[string]bool{"the money before the word": true, "the word before the money": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world(t)
			p := started(t, w, w.Pledge(10_000), 10_000)
			in, out, part := came("txn_1", 10_000, 0), taken("txn_2", "dp_1", 10_000, 0), given("txn_3", "dp_1", 4_000)
			lost := giving.Dispute{ID: "dp_1", Lost: true}
			if early {
				settle(t, w, p, disputes(facts(giving.InDispute, in, out, part), giving.Dispute{ID: "dp_1"}))
			} else {
				settle(t, w, p, disputes(facts(giving.DisputeLost, in, out), lost))
				wantPlaces(t, w, places{Loss: 10_000})
			}
			settle(t, w, p, disputes(facts(giving.DisputeLost, in, out, part), lost))
			wantPlaces(t, w, places{AtStripe: 4_000, Free: 4_000, Loss: 6_000})
			if got := w.Payment(p.ID); got.LostMinor != 6_000 || got.DisputedMinor != 0 || got.Here() != 4_000 {
				t.Errorf("payment = %+v", got)
			}
		})
	}
}

func TestCase090SecondDisputeOfOnePaymentStandsForItself(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(10_000), 10_000)
	all := []giving.Movement{came("txn_1", 10_000, 0), taken("txn_2", "dp_1", 6_000, 1_500), given("txn_3", "dp_1", 6_000), taken("txn_4", "dp_2", 4_000, 1_500)}
	settle(t, w, p, disputes(facts(giving.InDispute, all...), giving.Dispute{ID: "dp_1"}, giving.Dispute{ID: "dp_2"}))
	wantPlaces(t, w, places{AtStripe: 3_000, Free: 3_000, Fee: 3_000, Disputed: 4_000})
	settle(t, w, p, disputes(facts(giving.DisputeLost, all...), giving.Dispute{ID: "dp_1"}, giving.Dispute{ID: "dp_2", Lost: true}))
	wantPlaces(t, w, places{AtStripe: 3_000, Free: 3_000, Fee: 3_000, Loss: 4_000})
}

func TestCase062DebitThatFailsAfterSuccessGoesBackLikeARefund(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(10_000), 10_000)
	settle(t, w, p, facts(giving.Returned, came("txn_1", 10_000, 80), moved("txn_2", giving.LateFailure, -10_000, 0)))
	wantPlaces(t, w, places{AtStripe: -80, Shortfall: 80, Fee: 80})
	if got := w.Payment(p.ID); got.RefundedMinor != 10_000 || got.State != giving.Returned {
		t.Errorf("payment = %+v", got)
	}
}

// Earmarked money lives in its own account, and pays its own fee. When it goes back after
// it was set aside, the campaign's free money answers for it, and gets it back first.
func TestEarmarkedMoneyStaysApartAndIsRestoredToWhoLentIt(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, earmark(t, w, 10_000, ""), 10_000)
	other := started(t, w, w.Pledge(3_000), 3_000)
	in := came("txn_1", 10_000, 320)
	settle(t, w, p, facts(giving.Paid, in))
	settle(t, w, other, facts(giving.Paid, came("txn_2", 3_000, 0)))
	wantPlaces(t, w, places{AtStripe: 12_680, Free: 3_000, Purpose: 9_680, Fee: 320})

	if err := setAside(t, w, ledger.Purpose(w.Purpose, w.Currency), 9_000); err != nil {
		t.Fatal(err)
	}
	out := taken("txn_3", "dp_1", 10_000, 0)
	settle(t, w, p, disputes(facts(giving.InDispute, in, out), giving.Dispute{ID: "dp_1"}))
	wantPlaces(t, w, places{AtStripe: 2_680, Shortfall: 6_320, Fee: 320, Disputed: 10_000}) // 680 of the purpose, 3,000 of the fund

	free := started(t, w, w.Pledge(1_000), 1_000)
	settle(t, w, free, facts(giving.Paid, came("txn_4", 1_000, 0)))
	settle(t, w, p, disputes(facts(giving.Paid, in, out, given("txn_5", "dp_1", 10_000)), giving.Dispute{ID: "dp_1"}))
	wantPlaces(t, w, places{AtStripe: 13_680, Free: 4_000, Purpose: 680, Fee: 320})
}

// A shortfall of the campaign's is not paid with money that was given for something else.
func TestEarmarkedGiftRepaysNoShortfall(t *testing.T) {
	t.Parallel()
	w := world(t)
	need := addNeed(t, w)
	p := started(t, w, w.Pledge(5_000), 5_000)
	settle(t, w, p, facts(giving.Paid, came("txn_1", 5_000, 0)))
	set(t, w, 5_000)
	settle(t, w, p, facts(giving.Refunded, came("txn_1", 5_000, 0), back("txn_2", 5_000)))
	e := started(t, w, earmark(t, w, 2_000, need), 2_000)
	settle(t, w, e, facts(giving.Paid, came("txn_3", 2_000, 50)))
	wantPlaces(t, w, places{AtStripe: 1_950, Shortfall: 5_000, Fee: 50})
	if got := w.Balance(ledger.Need(need, w.Currency)); got != 1_950 {
		t.Errorf("the need has %d", got)
	}
}

// The campaign collects dollars, the balance at Stripe is kept in hryvnias: the books hold
// both, joined at the rate of the gift.
func TestCase099OtherSettlementCurrencyIsBookedAtTheRecordedRate(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(10_000), 10_000)
	in := converted(came("txn_1", 10_000, 0), 412_345, 12_345)
	in.Rate = "41.2345"
	settle(t, w, p, facts(giving.Paid, in))
	fee := int64(299) // 123.45 of 4,123.45 UAH, of 100 USD
	wantPlaces(t, w, places{Free: 10_000 - fee, Fee: fee})
	if got := w.Balance(ledger.Stripe(w.Cluster, "UAH")); got != 400_000 {
		t.Errorf("%d kopiykas at Stripe", got)
	}
	if usd, uah := w.Balance(ledger.Exchange(w.Cluster, "USD")), w.Balance(ledger.Exchange(w.Cluster, "UAH")); usd != 10_000-fee || uah != -400_000 {
		t.Errorf("the exchange stands at %d USD and %d UAH", usd, uah)
	}
	got := w.Payment(p.ID)
	if got.ReceivedMinor != 10_000 || got.SettledMinor != 412_345 || got.SettledIn != "UAH" || got.ExchangeRate != "41.2345" || got.FeeMinor != fee {
		t.Errorf("payment = %+v", got)
	}
}

// A refund is converted at its own day's rate. What it costs more than came in is a loss,
// and what it costs less is one less.
func TestCase079RefundAtAnotherRate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ cost, loss int64 }{
		"the hryvnia has fallen": {440_000, 1_000}, "it has risen": {380_000, -500}, "it stands": {400_000, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world(t)
			p := started(t, w, w.Pledge(20_000), 20_000)
			in := converted(came("txn_1", 20_000, 0), 800_000, 0)
			settle(t, w, p, facts(giving.Paid, in))
			settle(t, w, p, facts(giving.RefundedInPart, in, converted(back("txn_2", 10_000), -c.cost, 0)))
			wantPlaces(t, w, places{Free: 10_000 - c.loss, Drift: c.loss})
			if got := w.Balance(ledger.Stripe(w.Cluster, "UAH")); got != 800_000-c.cost {
				t.Errorf("%d kopiykas at Stripe", got)
			}
			if got := w.Payment(p.ID); got.RefundedMinor != 10_000 || got.DriftMinor != c.loss {
				t.Errorf("payment = %+v", got)
			}
		})
	}
}

// A company pays in euros for a campaign in dollars that Stripe settles in dollars: what
// came in is the dollars, and the euros are kept beside them.
func TestGiftInThePayersOwnCurrencyCountsAtTheRecordedRate(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(10_870), 10_870)
	in := came("txn_1", 10_870, 340)
	in.Presented, in.Rate = money.Of(10_000, "EUR"), "1.087"
	settle(t, w, p, facts(giving.Paid, in))
	out := back("txn_2", 5_500) // the half of it, on a dearer day
	out.Presented = money.Of(-5_000, "EUR")
	settle(t, w, p, facts(giving.RefundedInPart, in, out))
	wantPlaces(t, w, places{AtStripe: 5_030, Free: 5_030, Fee: 340, Drift: 65})
	if got := w.Payment(p.ID); got.Presented() != money.Of(10_000, "EUR") || got.ReceivedMinor != 10_870 || got.RefundedMinor != 5_435 || got.DriftMinor != 65 {
		t.Errorf("payment = %+v", got)
	}
}

// A sum that no int64 holds is money that nobody can explain, not a panic or a wrong sum.
func TestConversionThatOverflowsGoesToSuspense(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(10_000), 10_000)
	in := converted(came("txn_1", 90_000_000_000_000, 0), 1, 0)
	settle(t, w, p, facts(giving.Paid, in, converted(back("txn_2", 1), -80_000_000_000_000, 0)))
	if got := w.Balance(ledger.Suspense(w.Cluster, "UAH")); got != -80_000_000_000_000 {
		t.Errorf("%d in suspense", got)
	}
	w.VerifyBooks()
}

// Whatever moves in whatever order, seen once or often, earmarked or not, converted or not:
// the books are whole, the payments' sums are those of the books, and each kopiyka of the
// campaign is somewhere.
func TestBooksAreWholeAfterAnyMovements(t *testing.T) {
	w := world(t)
	need := addNeed(t, w)
	var payments []*story
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		if len(payments) == 0 || rapid.IntRange(0, 3).Draw(r, "start") == 0 {
			pledge := w.Pledge(1_000_000)
			switch rapid.IntRange(0, 3).Draw(r, "for") {
			case 1:
				pledge = earmark(t, w, 1_000_000, "")
			case 2:
				pledge = earmark(t, w, 1_000_000, need)
			}
			payments = append(payments, &story{Payment: started(t, w, pledge, 1_000_000), converts: rapid.Bool().Draw(r, "converts")})
		}
		p := payments[rapid.IntRange(0, len(payments)-1).Draw(r, "payment")]
		for range rapid.IntRange(1, 4).Draw(r, "movements") {
			n++
			p.next(r, fmt.Sprintf("txn_%d", n))
			f := facts(giving.Paid, rapid.Permutation(p.known).Draw(r, "seen")...)
			if _, err := settleOnce(t, w, p.Payment, disputes(f, p.disputes...)); err != nil {
				r.Fatal(err)
			}
		}
		for _, from := range []ledger.Account{ledger.Fund(w.Campaign, "USD"), ledger.Purpose(w.Purpose, "USD"), ledger.Need(need, "USD")} {
			if has := w.Balance(from); has > 0 && rapid.IntRange(0, 2).Draw(r, "allocate") == 0 {
				if err := setAside(t, w, from, rapid.OneOf(rapid.Just(has), rapid.Int64Range(1, has)).Draw(r, "set aside")); err != nil {
					r.Fatal(err)
				}
			}
		}
		everyKopiykaIsSomewhere(r, w, need)
	})
}

// story is a payment and what has happened to it at Stripe.
type story struct {
	giving.Payment
	converts bool
	known    []giving.Movement
	disputes []giving.Dispute
	refunded int64
	here     int64 // as the payer sees it
}

// next lets something happen that could.
func (s *story) next(r *rapid.T, id string) {
	minor := rapid.Int64Range(1, 60_000).Draw(r, "minor")
	fee := rapid.Int64Range(0, 2_000).Draw(r, "fee")
	m := came(id, 5*minor, fee) // so that free money and a shortfall both happen
	open := len(s.disputes) > 0
	if len(s.known) > 0 && rapid.IntRange(0, 9).Draw(r, "beyond") > 0 { // Stripe takes back more than it gave, but seldom
		minor = max(min(minor, s.here), 1)
	}
	switch what := rapid.IntRange(0, 6).Draw(r, "what"); {
	case len(s.known) == 0:
	case what <= 1:
		m = back(id, minor)
		s.refunded += minor
	case what == 2 && s.refunded > 0:
		m = returned(id, min(minor, s.refunded))
		s.refunded -= m.Gross.Minor
	case what == 3:
		m = moved(id, giving.LateFailure, -minor, 0)
	case what == 4 || !open:
		d := giving.Dispute{ID: "dp_" + id}
		m = taken(id, d.ID, minor, fee)
		s.disputes = append(s.disputes, d)
	default:
		d := &s.disputes[rapid.IntRange(0, len(s.disputes)-1).Draw(r, "dispute")]
		if what == 6 {
			d.Lost = true
			return
		}
		left := int64(0)
		for _, k := range s.known {
			if k.Dispute == d.ID {
				left -= seenBy(k)
			}
		}
		if left <= 0 {
			return
		}
		m = given(id, d.ID, min(minor, left))
	}
	s.here += m.Gross.Minor
	if s.converts {
		rate := rapid.Int64Range(38, 44).Draw(r, "rate")
		m = converted(m, m.Gross.Minor*rate, m.Fee.Minor*rate)
	}
	s.known = append(s.known, m)
}

// seenBy is what the payer saw of a movement.
func seenBy(m giving.Movement) int64 {
	if m.Presented.Currency != "" {
		return m.Presented.Minor
	}
	return m.Gross.Minor
}

func everyKopiykaIsSomewhere(r *rapid.T, w *gatewaytest.World, need string) {
	var all struct{ Received, Refunded, Fee, Disputed, Lost, Drift, Allocated int64 }
	err := w.Owner.Get(&all, `SELECT sum(received_minor)::bigint AS received, sum(refunded_minor)::bigint AS refunded, sum(fee_minor)::bigint AS fee,
		sum(disputed_minor)::bigint AS disputed, sum(lost_minor)::bigint AS lost, sum(drift_minor)::bigint AS drift,
		(SELECT coalesce(sum(b.balance), 0) FROM ledger.balances b JOIN ledger.accounts a ON a.id = b.account_id WHERE a.kind = 'allocation')::bigint AS allocated
		FROM payments`)
	if err != nil {
		r.Fatal(err)
	}
	at := placesOf(w)
	earmarked := at.Purpose + w.Balance(ledger.Need(need, w.Currency))
	if all.Fee != at.Fee || all.Disputed != at.Disputed || all.Lost != at.Loss || all.Drift != at.Drift {
		r.Fatalf("the payments' sums are %+v and the books' %+v", all, at)
	}
	if all.Received-all.Refunded != at.Fee+at.Disputed+at.Loss+at.Drift+all.Allocated+earmarked+at.Free-at.Shortfall {
		r.Fatalf("%+v do not stand at %+v with %d earmarked", all, at, earmarked)
	}
	if n := w.Count("ledger.entries WHERE kind = 'suspense'"); n != 0 {
		r.Fatalf("%d movements were not explained", n)
	}
	_, differences, err := ledger.Verify(r.Context(), w.Owner)
	if err != nil || len(differences) > 0 {
		r.Fatalf("books: %v, %v", differences, err)
	}
}
