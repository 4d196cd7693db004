package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/report"
	"kopiyka/internal/report/reporttest"
)

// told are shares as a test writes them: whose, pledged, received, refunded.
func told(s report.Summary) string {
	var all []string
	for _, one := range s.Shares {
		whose := "withheld"
		if one.Cluster != nil {
			whose = one.Cluster.Slug
		}
		if one.Leads {
			whose += " leads"
		}
		all = append(all, fmt.Sprintf("%s %d %d %d", whose, one.Pledged, one.Received, one.Refunded))
	}
	return strings.Join(all, "; ")
}

func summary(t *testing.T, r *report.Report, slug string, asOf time.Time) report.Summary {
	t.Helper()
	s, err := r.Summary(t.Context(), slug, asOf)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// joint is a campaign of three clusters, which the world's first one leads.
func joint(w *reporttest.World) (c reporttest.Campaign, clusters []uuid.UUID) {
	c = w.Campaign("bridge")
	clusters = []uuid.UUID{w.ClusterID, w.Cluster("mariupol-it", "Маріуполь", "Mariupol"), w.Cluster("luhansk-it", "Луганськ", "Luhansk")}
	w.Joint(c, clusters[1:]...)
	return c, clusters
}

// A gift counts as the share of the cluster through which it was given. What its company
// keeps to itself is of no cluster, however many such gifts there are.
func TestSharesAreOfNamedGiftsAlone(t *testing.T) {
	t.Parallel()
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	c, k := joint(w)
	ganok, yasen := w.Company("ganok", "Ґанок", "Ganok"), w.Company("yasen", "Ясен", "Yasen")
	step := func(what, want string) {
		t.Helper()
		if got := summary(t, r, "bridge", time.Time{}); told(got) != want || !got.Joint {
			t.Errorf("after %s: %s, want %s", what, told(got), want)
		}
	}
	step("nothing", "kharkiv-it leads 0 0 0; luhansk-it 0 0 0; mariupol-it 0 0 0")
	p := w.Through(c, k[1], ganok, 50_000, "named")
	step("a promise through one that joined", "kharkiv-it leads 0 0 0; luhansk-it 0 0 0; mariupol-it 50000 0 0")
	y := w.Pays(p, 20_000, 300)
	w.Pays(w.Through(c, k[0], ganok, 700, "named"), 700, 0)
	step("a part of it, and a gift of the same company through another", "kharkiv-it leads 700 700 0; luhansk-it 0 0 0; mariupol-it 50000 20000 0")
	w.Pays(w.Through(c, k[2], yasen, 4_321, "amount-hidden"), 4_321, 0)
	step("a hidden amount", "kharkiv-it leads 700 700 0; luhansk-it 0 0 0; mariupol-it 50000 20000 0; withheld 4321 4321 0")
	for i, cluster := range k {
		w.Through(c, cluster, w.Company(fmt.Sprintf("quiet-%d", i), "Тиша", "Silence"), 1_000, "anonymous")
	}
	w.Refund(y, 5_000)
	step("three anonymous gifts and a refund", "kharkiv-it leads 700 700 0; luhansk-it 0 0 0; mariupol-it 50000 20000 5000; withheld 7321 4321 0")
	w.Change(p, "cancelled", -30_000)
	step("the rest taken back", "kharkiv-it leads 700 700 0; luhansk-it 0 0 0; mariupol-it 20000 20000 5000; withheld 7321 4321 0")
}

// A campaign of one cluster is its share whole, with all that is withheld: the total tells
// no less.
func TestOneClustersCampaignIsItsShare(t *testing.T) {
	t.Parallel()
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("alone")
	w.Pays(w.Pledge(c, w.Company("ganok", "Ґанок", "Ganok"), 4_321, "anonymous"), 4_000, 0)
	if got := summary(t, report.New(w.DB), "alone", time.Time{}); told(got) != "kharkiv-it leads 4321 4000 0" || got.Joint {
		t.Errorf("shares are %s, joint %t", told(got), got.Joint)
	}
}

// Before a cluster had joined, the campaign was not joint.
func TestSharesOfThePastAreThoseOfThen(t *testing.T) {
	t.Parallel()
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	c := w.Campaign("bridge")
	ganok, mariupol := w.Company("ganok", "Ґанок", "Ganok"), w.Cluster("mariupol-it", "Маріуполь", "Mariupol")
	w.Pays(w.Pledge(c, ganok, 900, "anonymous"), 900, 0)
	alone := w.Now
	w.Now = w.Now.AddDate(0, 0, 1)
	w.Joint(c, mariupol)
	y := w.Pays(w.Through(c, mariupol, ganok, 5_000, "named"), 3_000, 0)
	then := w.Now
	w.Now = w.Now.AddDate(0, 0, 1)
	w.Refund(y, 1_000)
	for _, c := range []struct {
		asOf time.Time
		want string
	}{
		{alone, "kharkiv-it leads 900 900 0"},
		{then, "kharkiv-it leads 0 0 0; mariupol-it 5000 3000 0; withheld 900 900 0"},
		{time.Time{}, "kharkiv-it leads 0 0 0; mariupol-it 5000 3000 1000; withheld 900 900 0"},
	} {
		if got := told(summary(t, r, "bridge", c.asOf)); got != c.want {
			t.Errorf("as of %v: %s, want %s", c.asOf, got, c.want)
		}
	}
}

// Whatever happens to the gifts of a joint campaign, in whichever order: each cluster's share
// is what was given through it, and all shares together are the campaign, counted once.
func TestSharesAddUpToTheCampaign(t *testing.T) {
	t.Parallel()
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	_, k := joint(w)
	slugs := []string{"kharkiv-it leads", "mariupol-it", "luhansk-it", "withheld"}
	companies := []uuid.UUID{w.Company("ganok", "Ґанок", "Ganok"), w.Company("yasen", "Ясен", "Yasen")}
	rapid.Check(t, func(rt *rapid.T) {
		slug := "c-" + uuid.NewString()
		c := w.Campaign(slug)
		w.Joint(c, k[1:]...)
		want := map[string]*[3]int64{}
		for _, s := range slugs {
			want[s] = &[3]int64{}
		}
		type gift struct {
			pledge reporttest.Pledge
			of     *[3]int64
			rest   int64 // of the promise, unpaid
		}
		type paid struct {
			payment          reporttest.Payment
			of               *[3]int64
			here, back, held int64
		}
		var gifts []*gift
		var payments []*paid
		turns, given := [3]int{}, [3]bool{} // by cluster: it is out after an odd one
		turn := func(cluster int) error {
			turns[cluster]++
			return w.Turn(c, k[cluster], turns[cluster])
		}
		for range rapid.IntRange(1, 14).Draw(rt, "acts") {
			minor := rapid.Int64Range(100, 90_000).Draw(rt, "minor")
			act := rapid.IntRange(0, 9).Draw(rt, "act")
			if act == 9 { // a cluster leaves, while nothing was given through it, or comes back
				cluster := rapid.IntRange(1, 2).Draw(rt, "cluster")
				if err := turn(cluster); given[cluster] != (pg.Constraint(err) == "campaign_cluster_turns_pledged") || !given[cluster] && err != nil {
					rt.Fatalf("turn %d of %s, given through it: %t: %v", turns[cluster], slugs[cluster], given[cluster], err)
				}
				if given[cluster] {
					turns[cluster]--
				}
				continue
			}
			if act <= 1 || len(gifts) == 0 {
				through := rapid.IntRange(0, 2).Draw(rt, "through")
				if turns[through]%2 == 1 {
					if err := turn(through); err != nil {
						rt.Fatalf("%s comes back: %v", slugs[through], err)
					}
				}
				given[through] = true
				visibility := rapid.SampledFrom([]string{"named", "named", "amount-hidden", "anonymous"}).Draw(rt, "visibility")
				g := &gift{w.Through(c, k[through], rapid.SampledFrom(companies).Draw(rt, "company"), minor, visibility), want[slugs[through]], minor}
				if visibility != "named" {
					g.of = want["withheld"]
				}
				g.of[0] += minor
				gifts = append(gifts, g)
				continue
			}
			g := rapid.SampledFrom(gifts).Draw(rt, "gift")
			switch {
			case act == 2:
				w.Change(g.pledge, "amended", minor)
				g.of[0], g.rest = g.of[0]+minor, g.rest+minor
			case act == 3 && g.rest > 0: // written off, in part or whole; the schema asks two people for the word
				minor = min(minor, g.rest)
				w.Change(g.pledge, "corrected", -minor)
				g.of[0], g.rest = g.of[0]-minor, g.rest-minor
			case act == 4 && g.rest > 0:
				minor = min(minor, g.rest)
				y := &paid{w.Pays(g.pledge, minor, rapid.Int64Range(0, minor/10).Draw(rt, "fee")), g.of, minor, 0, 0}
				g.of[1], g.rest = g.of[1]+minor, g.rest-minor
				payments = append(payments, y)
			case act >= 5 && len(payments) > 0:
				y := rapid.SampledFrom(payments).Draw(rt, "payment")
				minor = min(minor, y.here)
				switch {
				case act == 5 && minor > 0:
					w.Refund(y.payment, minor)
					y.here, y.back = y.here-minor, y.back+minor
					y.of[2] += minor
				case act == 6 && y.back > 0:
					w.RefundFails(y.payment, y.back)
					y.of[2] -= y.back
					y.here, y.back = y.here+y.back, 0
				case act == 7 && minor > 0: // no share changes: what a bank disputes is the campaign's
					w.Dispute(y.payment, minor, 15)
					y.here, y.held = y.here-minor, y.held+minor
				case act == 8 && y.held > 0:
					if rapid.Bool().Draw(rt, "won") {
						w.Win(y.payment, y.held)
						y.here += y.held
					} else {
						w.Lose(y.payment, y.held)
					}
					y.held = 0
				}
			}
		}

		moment := w.Now
		s := summary(t, r, slug, time.Time{})
		out := turns[1]%2 + turns[2]%2
		if s.Joint != (out < 2) || (s.ShareOf("luhansk-it") == nil) != (turns[2]%2 == 1) {
			rt.Fatalf("%d of two clusters are out; joint %t, shares %s", out, s.Joint, told(s))
		}
		if out == 2 { // one cluster's campaign is its share whole
			for i, sum := range want["withheld"] {
				want[slugs[0]][i] += sum
			}
			want["withheld"] = &[3]int64{}
		}
		got, sum := map[string]*[3]int64{}, [3]int64{}
		for _, name := range slugs {
			got[name] = &[3]int64{}
		}
		for _, one := range s.Shares {
			name := "withheld"
			if one.Cluster != nil {
				name = one.Cluster.Slug
			}
			if one.Leads {
				name += " leads"
			}
			*got[name] = [3]int64{one.Pledged, one.Received, one.Refunded}
			sum = [3]int64{sum[0] + one.Pledged, sum[1] + one.Received, sum[2] + one.Refunded}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("shares (-given +report):\n%s", diff)
		}
		if total := [3]int64{s.Totals.Pledged, s.Totals.Received, s.Totals.Refunded}; sum != total {
			rt.Fatalf("the shares come to %v and the campaign to %v", sum, total)
		}
		w.Tick()
		if then := summary(t, r, slug, moment); told(then) != told(s) {
			rt.Fatalf("asked later of that moment: %s, then: %s", told(then), told(s))
		}
	})
}

// The clusters' own sums and what is withheld in joint campaigns come to the house, in which
// a joint campaign counts once.
func TestClustersAddUpToTheHouse(t *testing.T) {
	t.Parallel()
	w := reporttest.New(t, pgtest.DB(t))
	r := report.New(w.DB)
	c, k := joint(w)
	ganok := w.Company("ganok", "Ґанок", "Ganok")
	own := w.Campaign("own", func(c *reporttest.Campaign) { c.Cluster = k[1] })
	w.Pays(w.Pledge(own, ganok, 800, "anonymous"), 800, 0)
	w.Pays(w.Through(c, k[0], ganok, 1_000, "named"), 1_000, 10)
	w.Refund(w.Pays(w.Through(c, k[1], ganok, 2_000, "named"), 1_500, 10), 500)
	w.Pays(w.Through(c, k[2], ganok, 333, "amount-hidden"), 333, 0)

	home, err := r.Home(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := []report.Sum{{Currency: "USD", Received: 3_633, Refunded: 500}}; !cmp.Equal(home.Sums, want) {
		t.Errorf("the house: %+v, want %+v", home.Sums, want)
	}
	for slug, want := range map[string]string{
		"kharkiv-it":  "leads bridge; [{USD 1000 1000 0}]",
		"mariupol-it": "leads own; joined bridge; [{USD 2800 2300 500}]",
		"luhansk-it":  "joined bridge; [{USD 0 0 0}]",
	} {
		p, err := r.Cluster(t.Context(), slug)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, one := range p.Campaigns {
			got += "leads " + one.Slug + "; "
		}
		for _, one := range p.Joined {
			got += "joined " + one.Slug + "; "
		}
		if got += fmt.Sprint(p.Sums); got != want {
			t.Errorf("%s: %s, want %s", slug, got, want)
		}
	}
	joined, err := r.JoinedBy(t.Context(), []string{k[0].String(), k[2].String()})
	if err != nil || len(joined) != 1 || joined[0].Slug != "bridge" || joined[0].Led.Slug != "kharkiv-it" || len(joined[0].Shares) != 1 || joined[0].Shares[0].Cluster.Slug != "luhansk-it" {
		t.Errorf("joined: %+v, %v", joined, err)
	}
	if none, err := r.JoinedBy(t.Context(), []string{k[0].String()}); err != nil || len(none) > 0 {
		t.Errorf("who leads it did not join it: %+v, %v", none, err)
	}
}
