package report_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kopiyka/internal/money"
	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/report"
	"kopiyka/internal/report/reporttest"
)

var moments = cmpopts.IgnoreFields(report.Gift{}, "MadeAt", "DueOn")

func usd(minor int64) *money.Amount {
	a := money.Of(minor, "USD")
	return &a
}

// What a company keeps to itself is not in the answer at all, and its word stands beside its
// name alone.
func TestGiftsTellWhatTheirCompaniesAllow(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("it4life")
	w.Pays(w.Word(w.Pledge(c, w.Company("ganok", "Ґанок", "Ganok"), 5_000, "named"), "Лікарням."), 5_000, 50)
	w.Pays(w.Word(w.Pledge(c, w.Company("meridian", "Меридіан 36", "Meridian 36"), 6_543, "amount-hidden"), "For the <roof>"), 6_543, 60)
	w.Word(w.Pledge(c, w.Company("quiet", "Тиша", "Quiet"), 7_000, "anonymous"), "We are the quiet ones")

	got, err := report.New(w.DB).Campaign(t.Context(), "it4life")
	if err != nil {
		t.Fatal(err)
	}
	want := []report.Gift{
		{Company: &report.Ref{Slug: "meridian", Name: report.Text{UK: "Меридіан 36", EN: "Meridian 36"}}, State: report.Received, Message: "For the <roof>"},
		{Company: &report.Ref{Slug: "ganok", Name: report.Text{UK: "Ґанок", EN: "Ganok"}}, Amount: usd(5_000), Received: usd(5_000), Refunded: usd(0), State: report.Received, Message: "Лікарням."},
	}
	if diff := cmp.Diff(want, got.Gifts, moments); diff != "" {
		t.Errorf("gifts (-want +got):\n%s", diff)
	}
	d, err := report.New(w.DB).Donors(t.Context(), "it4life", 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, d.Gifts, moments); diff != "" {
		t.Errorf("the full list (-want +got):\n%s", diff)
	}
}

// The numbers of the full list have no gap where an anonymous pledge was made: they say
// neither that there is one nor when it came.
func TestAnonymousPledgesLeaveNoGapInTheNumbers(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	c := w.Campaign("it4life")
	ganok, quiet := w.Company("ganok", "Ґанок", "Ganok"), w.Company("quiet", "Тиша", "Quiet")
	ask := func() [4]int {
		t.Helper()
		d, err := r.Donors(t.Context(), "it4life", 0)
		if err != nil {
			t.Fatal(err)
		}
		page, err := r.Campaign(t.Context(), "it4life")
		if err != nil {
			t.Fatal(err)
		}
		return [4]int{d.Total, d.First, d.Last, page.Pledges}
	}
	w.Pledge(c, quiet, 700, "anonymous")
	if got := ask(); got != [4]int{} {
		t.Errorf("with an anonymous pledge alone: %v", got)
	}
	w.Pledge(c, ganok, 100, "named")
	w.Pledge(c, quiet, 700, "anonymous")
	w.Pledge(c, ganok, 100, "amount-hidden")
	w.Pledge(c, quiet, 700, "anonymous")
	if got := ask(); got != [4]int{2, 2, 1, 2} {
		t.Errorf("total, first, last and the campaign's count are %v, want 2 2 1 2", got)
	}
}

// Anonymous gifts are summed up only where the sum gives nobody away, and hidden amounts
// neither: whoever takes it and the named amounts from the total is left with theirs.
func TestAnonymousSumGivesNobodyAway(t *testing.T) {
	for _, c := range []struct {
		name              string
		anonymous, hidden int // of a company each
		want              *report.Unnamed
	}{
		{"nobody", 0, 0, nil},
		{"one company", 1, 0, nil},
		{"two, who could work out each other", 2, 0, nil},
		{"three", 3, 0, &report.Unnamed{Gifts: 4, Pledged: money.Of(3_100, "USD")}},
		{"beside one hidden amount", 3, 1, nil},
		{"beside two hidden amounts", 3, 2, nil},
		{"beside three", 3, 3, &report.Unnamed{Gifts: 4, Pledged: money.Of(3_100, "USD")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := reporttest.New(t, pgtest.DB(t))
			camp := w.Campaign("it4life")
			w.Pledge(camp, w.Company("ganok", "Ґанок", "Ganok"), 77, "named")
			w.Pledge(w.Campaign("other"), w.Company("elsewhere", "Деінде", "Elsewhere"), 88, "anonymous")
			for i := range c.anonymous {
				k := w.Company(fmt.Sprintf("quiet-%d", i), "Тиша", "Quiet")
				w.Pledge(camp, k, 1_000, "anonymous")
				if i == 0 { // a company that gives twice is still one
					w.Pledge(camp, k, 100, "anonymous")
				}
			}
			for i := range c.hidden {
				w.Pledge(camp, w.Company(fmt.Sprintf("shy-%d", i), "Сором", "Shy"), 1_000, "amount-hidden")
			}
			got, err := report.New(w.DB).Campaign(t.Context(), "it4life")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got.Unnamed); diff != "" {
				t.Errorf("anonymous gifts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGiftStateFollowsItsPayments(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	c := w.Campaign("it4life")
	p := w.Pledge(c, w.Company("ganok", "Ґанок", "Ganok"), 5_000, "named")
	step := func(what string, state report.GiftState, received, refunded int64) {
		t.Helper()
		d, err := r.Donors(t.Context(), "it4life", 0)
		if err != nil {
			t.Fatal(err)
		}
		if g := d.Gifts[0]; g.State != state || g.Received.Minor != received || g.Refunded.Minor != refunded {
			t.Errorf("after %s: %s, %v, %v; want %s, %d, %d", what, g.State, g.Received, g.Refunded, state, received, refunded)
		}
	}
	step("the promise", report.Promised, 0, 0)
	w.Start(p, 5_000, "failed")
	step("a payment that failed", report.Promised, 0, 0)
	first := w.Start(p, 2_000, "processing")
	step("a payment on its way", report.OnItsWay, 0, 0)
	w.Settle(first, 20)
	step("its arrival", report.InPart, 2_000, 0)
	second := w.Pays(p, 3_000, 30)
	step("the rest", report.Received, 5_000, 0)
	w.Refund(second, 1_000)
	step("a refund of a part", report.BackInPart, 5_000, 1_000)
	w.Refund(first, 2_000)
	w.Refund(second, 2_000)
	step("a refund of the rest", report.Refunded, 5_000, 5_000)
}

// Pages of the full list neither repeat nor skip a gift, also when new ones come between
// two of them.
func TestDonorsPagesHoldEachGiftOnce(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	c := w.Campaign("it4life")
	ganok := w.Company("ganok", "Ґанок", "Ganok")
	const n = 2*report.DonorsPerPage + 3
	for i := range n {
		w.Pledge(c, ganok, int64(i+1), "named")
	}
	seen := map[string]bool{}
	after, pages := 0, 0
	for {
		d, err := r.Donors(t.Context(), "it4life", after)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Gifts) > report.DonorsPerPage || d.First-d.Last+1 != len(d.Gifts) {
			t.Fatalf("page of %d gifts, %d to %d", len(d.Gifts), d.First, d.Last)
		}
		for i, g := range d.Gifts {
			// The gift numbered k from the oldest was made of k minor units above.
			if want := int64(d.First - i); g.Amount.Minor != want {
				t.Errorf("gift at number %d is %d", want, g.Amount.Minor)
			}
			if seen[g.Amount.Plain()] {
				t.Errorf("gift %s stands on two pages", g.Amount.Plain())
			}
			seen[g.Amount.Plain()] = true
		}
		if pages++; !d.Older() {
			break
		}
		after = d.Last
		w.Pledge(c, ganok, int64(n+pages), "named")
	}
	if len(seen) != n || pages != 3 {
		t.Errorf("%d gifts on %d pages, want %d on 3", len(seen), pages, n)
	}
}

// The campaign's own page shows the latest few and says how many there are.
func TestCampaignShowsItsLatestGifts(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("it4life")
	ganok := w.Company("ganok", "Ґанок", "Ganok")
	for i := range 12 {
		w.Pledge(c, ganok, int64(i+1), "named")
	}
	got, err := report.New(w.DB).Campaign(t.Context(), "it4life")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Gifts) != 8 || got.Gifts[0].Amount.Minor != 12 || got.Pledges != 12 {
		t.Errorf("%d gifts of %d, the first %v", len(got.Gifts), got.Pledges, got.Gifts[0].Amount)
	}
}

func TestDonorsOfAnEmptyCampaign(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	w.Campaign("it4life")
	for _, after := range []int{0, 7} {
		d, err := report.New(w.DB).Donors(t.Context(), "it4life", after)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(len(d.Gifts), d.Total, d.First, d.Last, d.Older()), "0 0 0 0 false"; got != want {
			t.Errorf("after %d: %s, want %s", after, got, want)
		}
	}
}
