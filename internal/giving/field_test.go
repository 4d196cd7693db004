package giving_test

import (
	"slices"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
)

// What users of other systems met with their pledges. Each is a claim about ours.

// CiviCRM #3681: editing a pledge deleted the contributions on it.
func TestCiviCRM3681ChangingAPledgeKeepsItsPayments(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part(march, 100), part(april, 100))
	paid := pays(t, w, id, 120)
	must(t, amend(t, w, id, part(may, 500)))
	must(t, cancel(t, w, id))
	if p, _ := look(t, w, id); p.Received != 120 || w.Payment(paid.ID).ReceivedMinor != 120 || w.Free() != 120 {
		t.Errorf("pledge %+v, payment %+v, free %d", p, w.Payment(paid.ID), w.Free())
	}
	for _, db := range []*sqlx.DB{w.DB, w.Owner} { // and no statement can take a pledge from below its payments
		if _, err := db.Exec(`DELETE FROM pledges`); err == nil {
			t.Error("a pledge was deleted")
		}
	}
}

// CiviCRM #8029: a pledge could not be cancelled.
func TestCiviCRM8029APledgeCanBeCancelledHoweverFarItIs(t *testing.T) {
	t.Parallel()
	w := world(t)
	untouched := inParts(t, w, part(march, 100), part(april, 100))
	partPaid := inParts(t, w, part(march, 100), part(april, 100))
	pays(t, w, partPaid, 150)
	late := inParts(t, w, part("2026-03-02", 100))
	waiting := inParts(t, w, part(march, 100))
	started(t, w, waiting, 100)
	for name, id := range map[string]string{"untouched": untouched, "paid in part": partPaid, "with an open payment": waiting} {
		if err := cancel(t, w, id); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.Now = at("2026-06-01")
	if err := cancel(t, w, late); err != nil {
		t.Errorf("overdue: %v", err)
	}
}

// CiviCRM #5785: with one instalment overdue, the next amount was wrong.
func TestCiviCRM5785WhatIsOverdueIsAskedForWithWhatIsDue(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part(march, 100), part(april, 150), part(may, 150))
	pays(t, w, id, 30)
	w.Now = at("2026-04-10")
	_, s := look(t, w, id)
	if s.Overdue().Minor != 70 || s.DueNow(w.Now()).Minor != 220 || s.Left().Minor != 370 {
		t.Errorf("overdue %v, due now %v, left %v", s.Overdue(), s.DueNow(w.Now()), s.Left())
	}
	if next, ok := s.Next(); !ok || next.State != giving.Overdue || next.Left() != 70 || s.Instalments[1].Left() != 150 {
		t.Errorf("next %+v, then %+v", next, s.Instalments[1])
	}
}

// CiviCRM #10535: a cancelled pledge that was edited went back to Pending.
func TestCiviCRM10535ACancelledPledgeStaysCancelled(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part(march, 100))
	paid := pays(t, w, id, 40)
	must(t, cancel(t, w, id))
	wantFault(t, amend(t, w, id, part(april, 100)), fault.Conflict, "pledge.cancelled")
	r := redraw(t, w, id, part(april, 100))
	r.PersonID = w.Coordinator
	wantFault(t, giving.Correct(t.Context(), w.DB, w.Now, r), fault.Conflict, "pledge.cancelled")
	wantFault(t, cancel(t, w, id), fault.Conflict, "pledge.cancelled")
	settle(t, w, paid, facts(giving.Refunded, came("txn_"+paid.ID, 40, 0), back("txn_back", 40)))
	if p, s := look(t, w, id); !p.Cancelled || s.Left().Minor != 0 || s.Instalments[0].State != giving.Cancelled {
		t.Errorf("after a refund it asks for %v: %+v", s.Left(), s.Instalments)
	}
}

// CiviCRM #9557: a pledge of a single instalment had no status and could not be paid.
func TestCiviCRM9557APledgeOfOneInstalmentIsPaidLikeAnyOther(t *testing.T) {
	t.Parallel()
	w := world(t)
	for name, id := range map[string]string{"at once": w.Pledge(100), "on a day": inParts(t, w, part(march, 100))} {
		_, s := look(t, w, id)
		if len(s.Instalments) != 1 || s.Instalments[0].State == "" || s.Instalments[0].State == giving.Cancelled {
			t.Errorf("%s: %+v", name, s.Instalments)
		}
		pays(t, w, id, 100)
		if _, s := look(t, w, id); s.Instalments[0].State != giving.PaidInFull {
			t.Errorf("%s, paid: %+v", name, s.Instalments)
		}
	}
}

// CiviCRM overwrote the pledge's amount when more or less was paid than it asked for.
func TestCiviCRMPayingMoreOrLessLeavesThePromise(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part(march, 100), part(april, 100))
	pays(t, w, id, 30)
	p := started(t, w, id, 170)
	settle(t, w, p, facts(giving.Paid, came("txn_more", 190, 0))) // a transfer may bring more than was asked
	pledge, s := look(t, w, id)
	if pledge.Promised.Minor != 200 || pledge.Amount.Minor != 200 || s.Above != 20 || pledge.Acts != 0 {
		t.Errorf("pledge %+v, above %d", pledge, s.Above)
	}
}

// CiviCRM rounded each instalment, so that the last could be off by more than a cent.
func TestCiviCRMInstalmentsSumToThePledge(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := w.Promise(10_000)
	p.Rhythm, p.Parts = giving.Monthly, giving.Spread(10_000, clock.Day(noon), 1, 7)
	id, err := giving.MakePledge(t.Context(), w.DB, w.Now, p)
	must(t, err)
	if _, s := look(t, w, id); s.Left().Minor != 10_000 || s.Instalments[0].Asks != 1_428 || s.Instalments[6].Asks != 1_432 {
		t.Errorf("instalments: %+v", s.Instalments)
	}
}

// Open Collective: a pending contribution expires two months after it was made, also one
// that is due in month three.
func TestOpenCollectiveAPledgeDueInMonthThreeIsStillThere(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part("2026-06-02", 100))
	for day, want := range map[string]giving.InstalmentState{"2026-05-03": giving.Scheduled, "2026-06-02": giving.Due, "2027-06-02": giving.Overdue} {
		w.Now = at(day)
		if p, s := look(t, w, id); s.Instalments[0].State != want || p.Outstanding().Minor != 100 {
			t.Errorf("on %s it is %s and %v is left", day, s.Instalments[0].State, p.Outstanding())
		}
	}
	if _, err := giving.StartPayment(t.Context(), w.DB, w.Now, start(w, id, 100)); err != nil {
		t.Error(err)
	}
}

// Open Collective #6934: monthly promises counted as money that had not come.
func TestOpenCollective6934APromiseIsNoMoney(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, giving.Spread(1_200, clock.Day(noon), 1, 12)...)
	w.Now = at("2027-03-02") // all of it due
	must(t, amend(t, w, id, part("2027-04-01", 5_000)))
	if w.Count("ledger.entries") != 0 || w.Free() != 0 {
		t.Errorf("%d entries, %d free", w.Count("ledger.entries"), w.Free())
	}
}

// Open Collective #8189: pending ones were hidden from the list, "we missed quite a few".
func TestOpenCollective8189EveryPledgeIsListedWhateverItsState(t *testing.T) {
	t.Parallel()
	w := world(t)
	paid, open, gone := inParts(t, w, part(march, 100)), inParts(t, w, part(march, 100)), inParts(t, w, part(march, 100))
	pays(t, w, paid, 100)
	must(t, cancel(t, w, gone))
	w.Now = at("2026-08-01")
	all, err := giving.PledgesOf(t.Context(), w.DB, w.Company, w.Viewer, "")
	must(t, err)
	var ids []string
	for _, p := range all {
		ids = append(ids, p.ID)
	}
	if want := []string{gone, open, paid}; !slices.Equal(ids, want) {
		t.Errorf("listed %v, want %v", ids, want)
	}
}

// Open Collective edits a pending contribution in place: what was promised is gone.
func TestOpenCollectiveWhatWasPromisedCanAlwaysBeRead(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part(march, 100), part(april, 100))
	must(t, amend(t, w, id, part(may, 50)))
	must(t, amend(t, w, id, part("2026-07-01", 70)))
	parts, err := giving.PromisedParts(t.Context(), w.DB, id)
	must(t, err)
	if want := []giving.Part{part(march, 100), part(april, 100)}; !slices.Equal(parts, want) {
		t.Errorf("promised %v, want %v", parts, want)
	}
	p, _ := look(t, w, id)
	acts, err := giving.HistoryOf(t.Context(), w.DB, p)
	must(t, err)
	if len(acts) != 2 || acts[0].AmountBefore.Minor != 200 || acts[0].AmountAfter.Minor != 50 || acts[1].AmountAfter.Minor != 70 {
		t.Errorf("history = %+v", acts)
	}
}

// GiveWP: a partial refund left the total as high as before.
func TestGiveWPAPartialRefundOpensWhatItTook(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part(march, 100), part(april, 100))
	paid := pays(t, w, id, 200)
	settle(t, w, paid, facts(giving.RefundedInPart, came("txn_"+paid.ID, 200, 0), back("txn_b1", 30)))
	wantRest(t, w, id, part(april, 30))
	settle(t, w, paid, facts(giving.RefundedInPart, came("txn_"+paid.ID, 200, 0), back("txn_b1", 30), back("txn_b2", 30)))
	wantRest(t, w, id, part(april, 60)) // two legitimate equal refunds are two
}

// GiveWP deletes revenue with the donation, and knows no promise: here the one never ends
// the other.
func TestGiveWPAFailedPaymentLeavesThePledge(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part(march, 100))
	p := started(t, w, id, 100)
	settle(t, w, p, facts(giving.Processing))
	wantRest(t, w, id)
	settle(t, w, p, facts(giving.Failed))
	wantRest(t, w, id, part(march, 100))
}
