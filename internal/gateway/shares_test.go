package gateway_test

import (
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/gateway"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/member"
	"kopiyka/internal/stripesim"
)

// guest makes a campaign of another cluster, to which the company belongs too, and returns
// the cluster.
func guest(t *testing.T, b *gatewaytest.Bench) (cluster, slug string) {
	t.Helper()
	const other = "guests"
	id := b.AddCampaign(other, "open")
	if err := b.Owner.Get(&cluster, `SELECT id FROM clusters WHERE id <> $1`, b.Cluster); err != nil {
		t.Fatal(err)
	}
	b.Owner.MustExec(`UPDATE campaigns SET cluster_id = $1 WHERE id = $2`, cluster, id)
	b.Tx(func(tx *sqlx.Tx) error {
		return member.Join(t.Context(), tx, b.Company, cluster, b.Now().AddDate(-1, 0, 0))
	})
	return cluster, other
}

// paidTo is a payment that came in for a campaign.
func paidTo(t *testing.T, b *gatewaytest.Bench, slug string, minor int64) giving.Payment {
	t.Helper()
	promise := b.Promise(minor)
	promise.CampaignSlug = slug
	if err := b.Owner.Get(&promise.ThroughID, `SELECT cluster_id FROM campaigns WHERE slug = $1`, slug); err != nil { // the company belongs to both
		t.Fatal(err)
	}
	pledge, err := giving.MakePledge(t.Context(), b.DB, b.Now, promise)
	if err != nil {
		t.Fatal(err)
	}
	p := b.Checkout(pledge, minor)
	b.Pay(p, stripesim.CardPays)
	return b.Sync(p)
}

// One Stripe account serves two clusters. A payout takes from each what was its own, also
// what a refund made of it; one that comes back returns to each its own, and leaves again.
func TestPayoutTakesFromEachClusterWhatWasItsOwn(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	cluster, slug := guest(t, b)
	at := func(of string) int64 { return b.Balance(ledger.Stripe(of, b.Currency)) }
	stand := func(when string, keeper, guest, transit int64) {
		t.Helper()
		if k, g, w := at(b.Cluster), at(cluster), inTransit(b); k != keeper || g != guest || w != transit {
			t.Errorf("%s: %d and %d at Stripe, %d in transit; want %d, %d, %d", when, k, g, w, keeper, guest, transit)
		}
		if theirs := b.Sim.Books().Totals["usd"].Net; at(b.Cluster)+at(cluster) != theirs {
			t.Errorf("%s: %d at Stripe, which says %d", when, at(b.Cluster)+at(cluster), theirs)
		}
		b.VerifyBooks()
		var c gateway.Compared
		b.Tx(func(tx *sqlx.Tx) (err error) { c, err = b.Gateway.Compare(t.Context(), tx); return err })
		if len(c.Unequal) > 0 {
			t.Errorf("%s: %+v", when, c.Unequal)
		}
	}
	itemise := func() {
		t.Helper()
		must(t, b.Sim.Advance(49*time.Hour))
		hearAll(t, b, b.Events())
	}

	b.Paid(10_000)
	p := paidTo(t, b, slug, 5_000)
	b.Refund(p, 1_000)
	hearAll(t, b, b.Events())
	mine, theirs := at(b.Cluster), at(cluster)
	stand("two gifts and a refund", 9_680, theirs, 0)
	if theirs <= 3_000 || theirs >= 4_000 {
		t.Fatalf("the guest has %d at Stripe: this is no trial", theirs)
	}

	first := payOut(t, b)
	hearAll(t, b, b.Events())
	stand("a payout of unknown members", -theirs, theirs, mine+theirs)
	itemise()
	stand("once it is itemised", 0, 0, mine+theirs)
	if got := payoutOf(t, b, first); !got.ProvenAt.Valid {
		t.Errorf("payout = %+v", got)
	}

	must(t, b.Sim.FailPayout(first, "account_closed"))
	hearAll(t, b, b.Events())
	stand("after it came back", mine, theirs, 0)
	more := paidTo(t, b, slug, 2_000)
	if more.ReceivedMinor != 2_000 {
		t.Fatalf("payment = %+v", more)
	}
	paid := mine + at(cluster)
	second := payOut(t, b)
	itemise()
	stand("with the next payout", 0, 0, paid)
	if got := payoutOf(t, b, second); !got.ProvenAt.Valid {
		t.Errorf("payout = %+v", got)
	}

	n := b.Count("ledger.entries")
	hearAll(t, b, b.Events())
	if again := b.Count("ledger.entries"); again != n {
		t.Errorf("hearing all again made %d entries of %d", again, n)
	}
	if shared := b.Count("ledger.entries WHERE source LIKE '%:shares'"); shared != 3 {
		t.Errorf("%d entries share payouts out, want one for each that left and one for what came back", shared)
	}
}

// Where one cluster alone takes money, nothing is shared out.
func TestPayoutOfOneClusterIsNotSharedOut(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	b.Paid(10_000)
	id := payOut(t, b)
	must(t, b.Sim.Advance(49*time.Hour))
	hearAll(t, b, b.Events())
	if got := payoutOf(t, b, id); !got.ProvenAt.Valid || b.Count("ledger.entries WHERE source LIKE '%:shares'") != 0 {
		t.Errorf("payout = %+v", got)
	}
}
