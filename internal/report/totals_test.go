package report_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"kopiyka/internal/fault"
	"kopiyka/internal/ledger"
	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/report"
	"kopiyka/internal/report/reporttest"
)

// figures are the totals without their moments.
var figures = cmpopts.IgnoreFields(report.Totals{}, "UpdatedAt", "AsOf")

func totals(t *testing.T, r *report.Report, slug string) report.Totals {
	t.Helper()
	s, err := r.Summary(t.Context(), slug, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return s.Totals
}

// Each figure counts what its name says and nothing of the others.
func TestSixNumbersAreNotMixed(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	c := w.Campaign("it4life")
	other := w.Campaign("other")
	ganok, yasen := w.Company("ganok", "Ґанок Софт", "Ganok Soft"), w.Company("yasen", "Ясен", "Yasen")
	want := report.Totals{Currency: "USD", Goal: 100_000}
	step := func(what string) {
		t.Helper()
		if diff := cmp.Diff(want, totals(t, r, "it4life"), figures); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", what, diff)
		}
	}
	step("nothing")

	p := w.Pledge(c, ganok, 50_000, "named")
	w.Pledge(c, ganok, 1_000, "anonymous")
	w.Pays(w.Pledge(other, yasen, 7_777, "named"), 7_777, 77)
	want.Pledged, want.Unpaid, want.CompaniesPledged = 51_000, 51_000, 1
	step("two promises of one company, and a gift elsewhere")

	w.Start(p, 20_000, "expired")
	y := w.Start(p, 20_000, "processing")
	want.OnItsWay, want.Unpaid = 20_000, 31_000
	step("a payment that is on its way")

	w.Settle(y, 300)
	want.OnItsWay, want.Received, want.Fees, want.Free, want.CompaniesPaid = 0, 20_000, 300, 19_700, 1
	step("its arrival")

	purpose := w.Purpose(c, "hospitals", "Лікарні", "Hospitals")
	w.Propose(c, purpose, 1_111, "only proposed")
	w.Decide(c, w.Propose(c, purpose, 2_222, "refused"), "refused")
	w.Allocate(c, purpose, 15_000, "twelve laryngoscopes")
	want.Allocated, want.Free = 15_000, 4_700
	step("an approved allocation, a refused and an open one")

	w.Refund(y, 6_000)
	want.Refunded, want.Unpaid, want.Free, want.Shortfall = 6_000, 37_000, 0, 1_300
	step("a refund beyond what is free")

	w.Pays(w.Pledge(c, yasen, 1_000, "amount-hidden"), 1_000, 100)
	want.Pledged, want.CompaniesPledged, want.CompaniesPaid = 52_000, 2, 2
	want.Received, want.Fees, want.Shortfall = 21_000, 400, 400
	step("a gift that repays a part of the shortfall")

	w.RefundFails(y, 6_000)
	want.Refunded, want.Unpaid, want.Shortfall, want.Free = 0, 31_000, 0, 5_600
	step("the failing of the refund")

	e := w.Pays(w.Earmark(c, ganok, purpose, 4_000), 4_000, 100)
	want.Pledged, want.Received, want.Fees, want.Earmarked = 56_000, 25_000, 500, 3_900
	step("a gift for one purpose")

	w.Dispute(e, 4_000, 1_500)
	want.Disputed, want.Fees, want.Earmarked, want.Free = 4_000, 2_000, 0, 4_000
	step("a dispute of it")

	w.Win(e, 1_000)
	want.Disputed, want.Free = 3_000, 5_000
	step("a part of the dispute that is won")

	w.Lose(e, 3_000)
	want.Disputed, want.Lost, want.Unpaid = 0, 3_000, 34_000
	step("the rest that is lost")
}

// Undoing a gift by a correction takes it out of what was received.
func TestCorrectionOfAGiftIsNotReceived(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	c := w.Campaign("it4life")
	y := w.Pays(w.Pledge(c, w.Company("ganok", "Ґанок Софт", "Ganok Soft"), 5_000, "named"), 5_000, 0)
	w.MendLast(c, 5_000, y)
	want := report.Totals{Currency: "USD", Goal: 100_000, Pledged: 5_000, Unpaid: 5_000, CompaniesPledged: 1}
	if diff := cmp.Diff(want, totals(t, r, "it4life"), figures); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// received − refunded = fees + disputed + lost + allocated + earmarked + free − shortfall, whatever happens in which
// order, and every figure of the books is the ledger's own.
func TestCase103FiguresBalanceAfterAnySequence(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	company := w.Company("ganok", "Ґанок Софт", "Ganok Soft")
	rapid.Check(t, func(rt *rapid.T) {
		slug := "c-" + uuid.NewString()
		c := w.Campaign(slug)
		purpose := w.Purpose(c, "p", "П", "P")
		var paid []reporttest.Payment
		back, held, lost := map[uuid.UUID]int64{}, map[uuid.UUID]int64{}, map[uuid.UUID]int64{}
		for range rapid.IntRange(1, 12).Draw(rt, "acts") {
			minor := rapid.Int64Range(100, 90_000).Draw(rt, "minor")
			switch act := rapid.IntRange(0, 7).Draw(rt, "act"); {
			case act <= 1:
				p := w.Pledge(c, company, minor, "named")
				if rapid.Bool().Draw(rt, "earmarked") {
					p = w.Earmark(c, company, purpose, minor)
				}
				paid = append(paid, w.Pays(p, minor, rapid.Int64Range(0, minor/10).Draw(rt, "fee")))
			case act == 2:
				free := w.Balance(ledger.Fund(c.ID.String(), c.Currency))
				if minor = min(minor, free); minor > 0 && w.Balance(ledger.Shortfall(c.ID.String(), c.Currency)) == 0 {
					w.Allocate(c, purpose, minor, "because")
				}
			case len(paid) > 0:
				y := rapid.SampledFrom(paid).Draw(rt, "payment")
				here := min(minor, y.Minor-back[y.ID]-held[y.ID]-lost[y.ID])
				switch {
				case act == 3 && here > 0:
					w.Refund(y, here)
					back[y.ID] += here
				case act == 4 && back[y.ID] > 0:
					w.RefundFails(y, back[y.ID])
					back[y.ID] = 0
				case act == 5 && here > 0:
					w.Dispute(y, here, 15)
					held[y.ID] += here
				case act == 6 && held[y.ID] > 0:
					w.Win(y, held[y.ID])
					held[y.ID] = 0
				case act == 7 && held[y.ID] > 0:
					w.Lose(y, held[y.ID])
					held[y.ID], lost[y.ID] = 0, lost[y.ID]+held[y.ID]
				}
			}
		}

		got := totals(t, r, slug)
		if got.Received-got.Refunded != got.Fees+got.Disputed+got.Lost+got.Drift+got.Allocated+got.Earmarked+got.Free-got.Shortfall {
			rt.Fatalf("the figures do not balance: %+v", got)
		}
		var refunded, received int64
		for _, y := range paid {
			refunded, received = refunded+back[y.ID], received+y.Minor
		}
		want := got
		want.Received, want.Refunded = received, refunded
		want.Free = w.Balance(ledger.Fund(c.ID.String(), c.Currency))
		want.Fees = w.Balance(ledger.Fee(c.ID.String(), c.Currency))
		want.Shortfall = w.Balance(ledger.Shortfall(c.ID.String(), c.Currency))
		want.Earmarked = w.Balance(ledger.Purpose(purpose.String(), c.Currency))
		want.Disputed, want.Lost = 0, 0
		for _, y := range paid {
			want.Disputed, want.Lost = want.Disputed+held[y.ID], want.Lost+lost[y.ID]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("report and ledger differ (-ledger +report):\n%s", diff)
		}
	})
}

// A million gifts of $50,000 are a fraction of what a campaign's totals hold here.
func TestCase102TotalsHoldMoreThanAMillionLargeGifts(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("it4life")
	company := w.Company("ganok", "Ґанок Софт", "Ganok Soft")
	const each, gifts = 99_999_999_999_999, 3
	for range gifts {
		w.Pays(w.Pledge(c, company, each, "named"), each, 0)
	}
	if got := totals(t, report.New(w.DB), "it4life"); got.Received != each*gifts || got.Free != each*gifts || got.Pledged != each*gifts {
		t.Errorf("totals = %+v", got)
	}
}

// A past moment is told as it was, and what was on its way then is not known.
func TestAsOfCountsWhatHadHappenedByThen(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	c := w.Campaign("it4life")
	ganok := w.Company("ganok", "Ґанок Софт", "Ganok Soft")
	w.Pays(w.Pledge(c, ganok, 5_000, "named"), 5_000, 100)
	then, moment := totals(t, r, "it4life"), w.Now

	w.Pays(w.Pledge(c, w.Company("yasen", "Ясен", "Yasen"), 900, "named"), 900, 9)
	w.Allocate(c, w.Purpose(c, "p", "П", "P"), 2_000, "because")

	s, err := r.Summary(t.Context(), "it4life", moment)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(then, s.Totals, figures); diff != "" {
		t.Errorf("as of then (-then +asked later):\n%s", diff)
	}
	if s.Totals.AsOf != moment || then.Received != 5_000 {
		t.Errorf("as of %v, received %d", s.Totals.AsOf, then.Received)
	}
}

func TestUpdatedAtMovesWithEachAct(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	c := w.Campaign("it4life")
	made := totals(t, r, "it4life").UpdatedAt
	p := w.Pledge(c, w.Company("ganok", "Ґанок", "Ganok"), 5_000, "named")
	pledged := totals(t, r, "it4life").UpdatedAt
	w.Pays(p, 5_000, 0)
	paid := totals(t, r, "it4life").UpdatedAt
	if !made.Before(pledged) || !pledged.Before(paid) {
		t.Errorf("updated at %v, %v, %v", made, pledged, paid)
	}
}

// The time of the last thing that counts does not creep when Stripe is asked again about a
// debit on its way, and in the past it is that of the past.
func TestUpdatedAtIsThatOfWhatCounts(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	beforeAll := w.Now
	c := w.Campaign("it4life")
	made := w.Now
	p := w.Pledge(c, w.Company("ganok", "Ґанок", "Ganok"), 5_000, "named")
	pledged := w.Now
	w.Pays(p, 1_000, 0)
	paid := w.Now
	y := w.Start(p, 500, "processing")
	started := w.Now
	if _, err := w.DB.Exec(`UPDATE payments SET synced_at = $2 WHERE id = $1`, y.ID, w.Tick()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.DB.Exec(`UPDATE campaigns SET changed_at = $1`, w.Tick()); err != nil {
		t.Fatal(err)
	}
	changed := w.Now
	for _, c := range []struct {
		name       string
		asOf, want time.Time
	}{
		{"now", time.Time{}, changed},
		{"when the debit had started, which no past moment counts", started, paid},
		{"just before the money came", paid.Add(-time.Second), pledged},
		{"before the pledge", made, made},
		{"before the campaign", beforeAll, beforeAll},
	} {
		s, err := r.Summary(t.Context(), "it4life", c.asOf)
		if err != nil {
			t.Fatal(err)
		}
		if !s.Totals.UpdatedAt.Equal(c.want) {
			t.Errorf("%s: updated at %v, want %v", c.name, s.Totals.UpdatedAt, c.want)
		}
	}
	if _, err := w.DB.Exec(`UPDATE campaigns SET changed_at = created_at`); err != nil {
		t.Fatal(err)
	}
	if got := totals(t, r, "it4life").UpdatedAt; !got.Equal(started) {
		t.Errorf("with a debit on its way: updated at %v, want %v", got, started)
	}
}

func TestMissingIsNeverNegative(t *testing.T) {
	for _, c := range []struct {
		name    string
		t       report.Totals
		missing int64
	}{
		{"nothing yet", report.Totals{Goal: 100}, 100},
		{"promised", report.Totals{Goal: 100, Pledged: 40, Unpaid: 40}, 60},
		{"partly come", report.Totals{Goal: 100, Pledged: 40, OnItsWay: 10, Received: 20, Unpaid: 10}, 60},
		{"come and gone back", report.Totals{Goal: 100, Pledged: 40, Received: 40, Refunded: 30, Unpaid: 30}, 60},
		{"more came than was promised", report.Totals{Goal: 100, Pledged: 40, Received: 50}, 50},
		{"beyond the goal", report.Totals{Goal: 100, Pledged: 140, Received: 120, Unpaid: 20}, 0},
	} {
		if got := c.t.Missing(); got != c.missing {
			t.Errorf("%s: missing %d, want %d", c.name, got, c.missing)
		}
	}
}

// Money beyond one pledge pays nobody else's; what went back is to be paid again; and a
// past moment keeps its own answer.
func TestUnpaidIsTheRestOfEachPledge(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	c := w.Campaign("it4life")
	ganok, yasen := w.Company("ganok", "Ґанок Софт", "Ganok Soft"), w.Company("yasen", "Ясен", "Yasen")
	purpose := w.Purpose(c, "p", "П", "P")
	var known []report.Totals
	unpaid := func(what string, want int64) {
		t.Helper()
		got := totals(t, r, "it4life")
		if got.Unpaid != want {
			t.Errorf("after %s: unpaid %d, want %d", what, got.Unpaid, want)
		}
		if got.AsOf = w.Now; got.OnItsWay == 0 {
			known = append(known, got)
		}
	}
	w.Pledge(c, yasen, 5_000, "named")
	generous := w.Pledge(c, ganok, 1_000, "named")
	unpaid("two promises", 6_000)
	y := w.Pays(generous, 9_000, 90)
	unpaid("nine times one of them", 5_000)
	w.Change(generous, "amended", 10_000)
	unpaid("a promise of more", 7_000)
	w.Refund(y, 4_000)
	unpaid("a refund", 11_000)
	w.RefundFails(y, 4_000)
	unpaid("its failing", 7_000)
	d := w.Pays(w.Earmark(c, ganok, purpose, 300), 300, 3)
	w.Dispute(d, 300, 15)
	unpaid("a dispute, which is not decided", 7_000)
	w.Lose(d, 300)
	unpaid("its loss", 7_300)
	s := w.Start(generous, 500, "processing")
	unpaid("a debit on its way", 6_800)
	w.Settle(s, 0)
	unpaid("its arrival", 6_800)
	w.MendLast(c, 500, s)
	unpaid("the correction of it", 7_300)
	withdrawn := w.Pledge(c, yasen, 700, "named")
	z := w.Pays(withdrawn, 400, 0)
	w.Change(withdrawn, "cancelled", -300)
	w.Refund(z, 400)
	unpaid("a refund of a cancelled pledge, which asks for nothing", 7_300)

	for _, then := range known {
		s, err := r.Summary(t.Context(), "it4life", then.AsOf)
		if err != nil {
			t.Fatal(err)
		}
		if s.Totals.Unpaid != then.Unpaid {
			t.Errorf("as of %v: unpaid %d, want %d", then.AsOf, s.Totals.Unpaid, then.Unpaid)
		}
	}
}

func TestDraftsDoNotExist(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	draft := w.Campaign("secret", func(c *reporttest.Campaign) { c.State = "draft" })
	ganok := w.Company("ganok", "Ґанок", "Ganok")
	w.Pledge(draft, ganok, 5_000, "named")

	_, err := r.Summary(t.Context(), "secret", time.Time{})
	notFound(t, "summary", err)
	_, err = r.Campaign(t.Context(), "secret")
	notFound(t, "campaign", err)
	_, err = r.Donors(t.Context(), "secret", 0)
	notFound(t, "donors", err)
	_, err = r.Company(t.Context(), "ganok")
	notFound(t, "a company that is known from a draft alone", err)
	home, err := r.Home(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(home.Campaigns) != 0 || home.Companies != (report.Joined{}) {
		t.Errorf("home shows %+v", home)
	}
	all, err := r.Companies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Named) != 0 || all.Withheld != 0 {
		t.Errorf("companies are %+v", all)
	}
}

func notFound(t *testing.T, what string, err error) {
	t.Helper()
	if f, ok := fault.As(err); !ok || f.Kind != fault.NotFound {
		t.Errorf("%s: err = %v, want a fault of kind NotFound", what, err)
	}
}
