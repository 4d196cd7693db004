package giving_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// refundablePayment is money that came in through Stripe, with a limit up to which a
// refund needs no second person.
func refundablePayment(t *testing.T, minor, limit int64) (*gatewaytest.World, giving.Payment) {
	t.Helper()
	w := world(t)
	if _, err := w.Owner.Exec(`UPDATE clusters SET refund_limit_minor = $1`, limit); err != nil {
		t.Fatal(err)
	}
	p := started(t, w, w.Pledge(minor), minor)
	f := facts(giving.Paid, came("txn_1", minor, 0))
	f.IntentID = "pi_1"
	settle(t, w, p, f)
	return w, w.Payment(p.ID)
}

func wish(w *gatewaytest.World, p giving.Payment, minor int64) giving.RefundWish {
	return giving.RefundWish{PaymentID: p.ID, PersonID: w.Coordinator, Amount: w.Amount(minor), Reason: "Сплачено двічі"}
}

func ask(t *testing.T, w *gatewaytest.World, wish giving.RefundWish) (giving.RefundRequest, error) {
	t.Helper()
	return giving.AskRefund(t.Context(), w.DB, w.Now, wish)
}

func asked(t *testing.T, w *gatewaytest.World, wish giving.RefundWish) giving.RefundRequest {
	t.Helper()
	r, err := ask(t, w, wish)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A treasurer asks, or decides on what another has asked for, and never both.
func TestTreasurersAskAndDecideOnOthersRefunds(t *testing.T) {
	t.Parallel()
	w, p := refundablePayment(t, 10_000, 1_000)
	var treasurers []string
	for _, email := range []string{"one@example.org", "two@example.org"} {
		w.Tx(func(tx *sqlx.Tx) error {
			id, err := member.AddPerson(t.Context(), tx, w.Now(), email, "Скарбниця", "")
			if err != nil {
				return err
			}
			treasurers = append(treasurers, id)
			return member.GiveClusterRole(t.Context(), tx, id, w.Cluster, member.Treasurer)
		})
	}
	large := wish(w, p, 1_001)
	large.PersonID = treasurers[0]
	r := asked(t, w, large)
	_, err := giving.ApproveRefund(t.Context(), w.DB, w.Now, r.ID, treasurers[0])
	wantFault(t, err, fault.Forbidden, "refund.own_request")
	if r, err = giving.ApproveRefund(t.Context(), w.DB, w.Now, r.ID, treasurers[1]); err != nil || r.DecidedBy.String != treasurers[1] {
		t.Errorf("approved = %+v, %v", r, err)
	}
}

func TestRefundUpToTheLimitGoesAloneAndAboveItWaits(t *testing.T) {
	t.Parallel()
	w, p := refundablePayment(t, 10_000, 1_000)
	small, large := asked(t, w, wish(w, p, 1_000)), asked(t, w, wish(w, p, 1_001))
	if small.State != giving.RefundApproved || small.NeedsApproval || large.State != giving.RefundAsked || !large.NeedsApproval {
		t.Errorf("small = %+v, large = %+v", small, large)
	}
	_, err := giving.ApproveRefund(t.Context(), w.DB, w.Now, large.ID, w.Coordinator)
	wantFault(t, err, fault.Forbidden, "refund.role.approver")
	_, err = giving.ApproveRefund(t.Context(), w.DB, w.Now, large.ID, w.Stranger)
	wantFault(t, err, fault.NotFound, "refund.unknown")
	r, err := giving.ApproveRefund(t.Context(), w.DB, w.Now, large.ID, w.Approver)
	if err != nil || r.State != giving.RefundApproved || r.DecidedBy.String != w.Approver {
		t.Errorf("approved = %+v, %v", r, err)
	}
	_, err = giving.ApproveRefund(t.Context(), w.DB, w.Now, large.ID, w.Approver)
	wantFault(t, err, fault.Conflict, "refund.decided")
	if w.Acts("refund.asked") != 2 || w.Acts("refund.approved") != 1 {
		t.Error("the audit does not say who did it")
	}
}

// Money that is set aside already is given back by two people, however little it is.
func TestRefundThatLeavesAShortfallAlwaysWaits(t *testing.T) {
	t.Parallel()
	w, p := refundablePayment(t, 10_000, 5_000)
	set(t, w, 9_500)
	if r := asked(t, w, wish(w, p, 500)); r.NeedsApproval {
		t.Errorf("what is free = %+v", r)
	}
	if r := asked(t, w, wish(w, p, 501)); !r.NeedsApproval {
		t.Errorf("what is not = %+v", r)
	}
}

// Without a limit every refund takes two.
func TestClusterWithoutALimitApprovesEachRefund(t *testing.T) {
	t.Parallel()
	w, p := refundablePayment(t, 10_000, 0)
	if _, err := w.Owner.Exec(`UPDATE clusters SET refund_limit_minor = NULL`); err != nil {
		t.Fatal(err)
	}
	if r := asked(t, w, wish(w, p, 1)); r.State != giving.RefundAsked {
		t.Errorf("refund = %+v", r)
	}
}

func TestCase071MoreThanIsLeftIsNotRefunded(t *testing.T) {
	t.Parallel()
	w, p := refundablePayment(t, 10_000, 10_000)
	_, err := ask(t, w, wish(w, p, 10_001))
	wantFault(t, err, fault.Invalid, "refund.more_than_left")
	asked(t, w, wish(w, p, 6_000))
	_, err = ask(t, w, wish(w, p, 4_001)) // what is under way counts
	wantFault(t, err, fault.Invalid, "refund.more_than_left")
	asked(t, w, wish(w, p, 4_000))
	_, err = ask(t, w, wish(w, p, 1))
	wantFault(t, err, fault.Conflict, "refund.nothing_left")
}

// Sixteen people at once cannot ask for more than is here.
func TestCase071RefundsAtOnceStayWithinThePayment(t *testing.T) {
	t.Parallel()
	w, p := refundablePayment(t, 10_000, 10_000)
	errs := gatewaytest.Together(16, func(int) error {
		_, err := giving.AskRefund(t.Context(), w.DB, w.Now, wish(w, p, 3_000))
		return err
	})
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
		} else if f, ok := fault.As(err); !ok || f.Key != "refund.more_than_left" {
			t.Error(err)
		}
	}
	if made != 3 {
		t.Errorf("%d refunds of 3,000 were taken of 10,000", made)
	}
}

func TestCase075DisputedMoneyIsNotRefunded(t *testing.T) {
	t.Parallel()
	w, p := refundablePayment(t, 10_000, 10_000)
	f := disputes(facts(giving.InDispute, came("txn_1", 10_000, 0), taken("txn_2", "dp_1", 4_000, 0)), giving.Dispute{ID: "dp_1"})
	settle(t, w, p, f)
	_, err := ask(t, w, wish(w, p, 1_000))
	wantFault(t, err, fault.Conflict, "refund.disputed")
	f.Disputes[0].Lost = true
	settle(t, w, p, f)
	_, err = ask(t, w, wish(w, p, 1_000))
	wantFault(t, err, fault.Conflict, "refund.disputed")
}

func TestCase076PendingDebitIsNotRefunded(t *testing.T) {
	t.Parallel()
	w := world(t)
	p := started(t, w, w.Pledge(10_000), 10_000)
	f := facts(giving.Processing)
	f.IntentID = "pi_1"
	settle(t, w, p, f)
	_, err := ask(t, w, wish(w, p, 1_000))
	wantFault(t, err, fault.Conflict, "refund.nothing_left")
}

func TestCase081SameWishIsTheSameRequest(t *testing.T) {
	t.Parallel()
	w, p := refundablePayment(t, 10_000, 10_000)
	again := wish(w, p, 1_000)
	again.ID = pg.NewID()
	ids := make([]string, 16)
	errs := gatewaytest.Together(len(ids), func(i int) error {
		r, err := giving.AskRefund(t.Context(), w.DB, w.Now, again)
		ids[i] = r.ID
		return err
	})
	if err := errors.Join(errs...); err != nil || w.Count("refund_requests") != 1 || ids[3] != ids[0] {
		t.Errorf("%d requests, %v", w.Count("refund_requests"), err)
	}
	again.Amount = w.Amount(2_000)
	_, err := ask(t, w, again)
	wantFault(t, err, fault.Conflict, "refund.asked_already")
}

func TestRefundWishesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	w, p := refundablePayment(t, 10_000, 10_000)
	for name, c := range map[string]struct {
		change func(*giving.RefundWish)
		kind   fault.Kind
		key    string
	}{
		"nothing":        {func(r *giving.RefundWish) { r.Amount.Minor = 0 }, fault.Invalid, "money.zero"},
		"no reason":      {func(r *giving.RefundWish) { r.Reason = " \n" }, fault.Invalid, "refund.reason_missing"},
		"other currency": {func(r *giving.RefundWish) { r.Amount = money.Of(100, "EUR") }, fault.Invalid, "pledge.other_currency"},
		"no payment":     {func(r *giving.RefundWish) { r.PaymentID = pg.NewID() }, fault.NotFound, "payment.unknown"},
		"no id":          {func(r *giving.RefundWish) { r.PaymentID = "1" }, fault.NotFound, "payment.unknown"},
		"a stranger":     {func(r *giving.RefundWish) { r.PersonID = w.Stranger }, fault.NotFound, "payment.unknown"},
		"the payer":      {func(r *giving.RefundWish) { r.PersonID = w.Payer }, fault.NotFound, "payment.unknown"},
		"an approver":    {func(r *giving.RefundWish) { r.PersonID = w.Approver }, fault.Forbidden, "refund.role.coordinator"},
	} {
		r := wish(w, p, 100)
		c.change(&r)
		_, err := ask(t, w, r)
		if f, ok := fault.As(err); !ok || f.Kind != c.kind || f.Key != c.key {
			t.Errorf("%s: %v, want %s", name, err, c.key)
		}
	}
	if n := w.Count("refund_requests"); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// The database keeps it too: nothing above the limit is sent before a second person agreed,
// nobody approves their own, and what was asked for stays.
func TestRefundRequestsAreKeptByTheDatabase(t *testing.T) {
	t.Parallel()
	w, p := refundablePayment(t, 10_000, 100)
	r := asked(t, w, wish(w, p, 5_000))
	for change, constraint := range map[string]string{
		`UPDATE refund_requests SET state = 'approved'`:                                            "refund_requests_approved_first",
		`UPDATE refund_requests SET state = 'approved', decided_by = asked_by, decided_at = now()`: "refund_requests_two_people",
	} {
		if _, err := w.DB.Exec(change); pg.Constraint(err) != constraint {
			t.Errorf("%s: %v", change, err)
		}
	}
	for _, change := range []string{`UPDATE refund_requests SET amount_minor = 1`, `UPDATE refund_requests SET needs_approval = false`, `DELETE FROM refund_requests`} {
		if _, err := w.Owner.Exec(change); pg.Code(err) != "LG004" {
			t.Errorf("%s: %v", change, err)
		}
	}
	if err := giving.DeclineRefund(t.Context(), w.DB, w.Now, r.ID, w.Approver, ""); err == nil {
		t.Error("declined without a reason")
	}
	if err := giving.DeclineRefund(t.Context(), w.DB, w.Now, r.ID, w.Approver, "Платіж один"); err != nil {
		t.Fatal(err)
	}
	if s, waits, err := giving.SendRefund(t.Context(), w.DB, noon, r.ID); err != nil || waits || s.State != giving.RefundDeclined {
		t.Errorf("a declined one is sent: %+v, %v, %v", s, waits, err)
	}
}

// The office's list is paged by key: every request once, in the order of asking.
func TestWaitingRefundsArePagedByKey(t *testing.T) {
	t.Parallel()
	w, p := refundablePayment(t, 10_000, 0)
	at := noon
	want := giving.PageSize + 3
	for range want {
		at = at.Add(time.Second)
		if _, err := giving.AskRefund(t.Context(), w.DB, func() time.Time { return at }, wish(w, p, 1)); err != nil {
			t.Fatal(err)
		}
	}
	var seen []giving.RefundRequest
	for after := (giving.RefundRequest{}); ; {
		page, err := giving.RefundsWaiting(t.Context(), w.DB, w.Cluster, after)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		seen, after = append(seen, page...), page[len(page)-1]
	}
	if len(seen) != want || !seen[0].AskedAt.Before(seen[want-1].AskedAt) {
		t.Errorf("%d of %d were seen", len(seen), want)
	}
}
