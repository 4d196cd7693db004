package giving_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"pgregory.net/rapid"

	"kopiyka/internal/campaign"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/pg"
)

// twin is one of two campaigns to which the same happens, settled together in one and each
// for itself in the other.
type twin struct {
	*gatewaytest.World
	name     string
	payments []giving.Payment
	facts    []giving.Facts
}

func twinOf(t *testing.T, w *gatewaytest.World) *twin {
	t.Helper()
	other := *w
	other.Slug = "other"
	other.Campaign = w.AddCampaign(other.Slug, campaign.Open)
	other.Tx(func(tx *sqlx.Tx) (err error) {
		other.Purpose, err = campaign.AddPurpose(t.Context(), tx, campaign.Purpose{CampaignID: other.Campaign, Slug: "others", Title: campaign.Text{UK: "Іншим", EN: "For others"}})
		return err
	})
	return &twin{World: &other, name: "apart"}
}

// happens adds a movement to what Stripe says of a payment.
func (w *twin) happens(i int, m giving.Movement) {
	m.ID = w.name + "-" + m.ID
	w.facts[i].Movements = append(w.facts[i].Movements, m)
}

// everything is where the money of the campaign stands, and how each payment does.
func (w *twin) everything() map[string]int64 {
	c := w.Currency
	all := map[string]int64{}
	for name, a := range map[string]ledger.Account{
		"fund": ledger.Fund(w.Campaign, c), "shortfall": ledger.Shortfall(w.Campaign, c), "purpose": ledger.Purpose(w.Purpose, c),
		"fee": ledger.Fee(w.Campaign, c), "disputed": ledger.Disputed(w.Campaign, c), "loss": ledger.Loss(w.Campaign, c), "drift": ledger.Drift(w.Campaign, c), "released": ledger.Released(w.Campaign, c),
	} {
		all[name] = w.Balance(a)
	}
	for i, p := range w.payments {
		now := w.Payment(p.ID)
		all[fmt.Sprintf("payment %d here", i)] = now.Here()
		all[fmt.Sprintf("payment %d left", i)] = int64(w.Count(`ledger.lots WHERE origin = $1 AND remaining > 0`, p.Origin()))
	}
	return all
}

// settleTogether settles all payments in one transaction.
func (w *twin) settleTogether(t testing.TB) {
	t.Helper()
	all := make([]giving.Settlement, len(w.facts))
	for i, f := range w.facts {
		all[i] = giving.Settlement{Payment: w.Payment(w.payments[i].ID), Facts: f}
	}
	w.Tx(func(tx *sqlx.Tx) error {
		_, err := giving.SettleAll(t.Context(), tx, all)
		return err
	})
}

// Gifts, fees, refunds, disputes and their ends, of free and of earmarked pledges, over a
// fund of which much is set aside: what shares a transaction ends in the books in which it
// would end alone, to the kopiyka and to the lot.
func TestSettledTogetherIsSettledApart(t *testing.T) {
	t.Parallel()
	together := &twin{World: world(t), name: "together"}
	apart := twinOf(t, together.World)
	both := []*twin{together, apart}
	checks := 0
	rapid.Check(t, func(rt *rapid.T) {
		checks++
		n := rapid.IntRange(1, 3).Draw(rt, "payments")
		for _, w := range both {
			w.payments, w.facts = nil, make([]giving.Facts, n)
		}
		for i := range n {
			earmarked := rapid.Bool().Draw(rt, "earmarked")
			for _, w := range both {
				pledge := w.Pledge(1000)
				if earmarked {
					pledge = earmark(t, w.World, 1000, "")
				}
				w.payments = append(w.payments, started(t, w.World, pledge, 1000))
				w.facts[i] = giving.Facts{State: giving.Paid, ReadAt: noon, Amount: w.Amount(1000)}
			}
		}
		here, disputed := make([]int64, n), make([]int64, n) // below zero: was disputed
		for step := range rapid.IntRange(1, 3).Draw(rt, "steps") {
			for i := range n {
				id := fmt.Sprintf("%d-%d-%d", checks, step, i)
				var m giving.Movement
				var disputes []giving.Dispute
				switch act := rapid.IntRange(0, 3).Draw(rt, "act"); {
				case len(together.facts[i].Movements) == 0:
					m = came(id, 1000, rapid.Int64Range(0, 40).Draw(rt, "fee"))
				case act == 0 && here[i] > 0:
					m = back(id, rapid.Int64Range(1, here[i]).Draw(rt, "back"))
				case act == 1 && here[i] > 0 && disputed[i] == 0:
					disputed[i] = here[i]
					m = moved(id, giving.TakenBack, -here[i], 15)
					m.Dispute = fmt.Sprintf("du-%d-%d", checks, i)
				case act == 2 && disputed[i] > 0:
					m = moved(id, giving.GivenBack, rapid.Int64Range(1, disputed[i]).Draw(rt, "won"), 0)
					m.Dispute, disputed[i] = fmt.Sprintf("du-%d-%d", checks, i), -1
					disputes = []giving.Dispute{{ID: m.Dispute, Lost: rapid.Bool().Draw(rt, "lost")}}
				default:
					continue
				}
				here[i] += m.Gross.Minor
				for _, w := range both {
					w.happens(i, m)
					w.facts[i].Disputes = slices.Clone(disputes)
					for k := range disputes {
						w.facts[i].Disputes[k].ID = w.name + disputes[k].ID
					}
					for k := range w.facts[i].Movements {
						if d := w.facts[i].Movements[k].Dispute; d != "" && !strings.HasPrefix(d, w.name) {
							w.facts[i].Movements[k].Dispute = w.name + d
						}
					}
				}
			}
			together.settleTogether(t)
			for i, p := range apart.payments {
				settle(t, apart.World, apart.Payment(p.ID), apart.facts[i])
			}
			one, other := together.everything(), apart.everything()
			if !maps.Equal(one, other) {
				rt.Fatalf("together %v\n   apart %v", one, other)
			}
			if one["fund"] > 0 && rapid.Bool().Draw(rt, "set aside") {
				for _, w := range both {
					set(t, w.World, one["fund"])
				}
			}
		}
	})
	together.VerifyBooks()
	for _, w := range both {
		if w.Shortfall() == 0 && w.Count(`ledger.lines l JOIN ledger.accounts a ON a.id = l.account_id WHERE a.code = $1`, ledger.Shortfall(w.Campaign, w.Currency).Code) == 0 {
			t.Error("no fund fell short: the test has lost its teeth")
		}
	}
}

// One that cannot be settled takes nobody down who shares its transaction.
func TestSettlerIsNotPoisonedByOne(t *testing.T) {
	t.Parallel()
	w := world(t)
	settler := giving.NewSettler(w.DB)
	all := make([]giving.Payment, 6)
	for i := range all {
		all[i] = started(t, w, w.Pledge(1000), 1000)
	}
	blocker := w.Owner.MustBegin() // until all are there
	blocker.MustExec(`LOCK TABLE payments IN EXCLUSIVE MODE`)
	errs := make(chan error, len(all))
	for i, p := range all {
		go func() {
			f := facts(giving.Paid, came(fmt.Sprintf("txn_%d", i), 1000, 30))
			if i == 3 {
				f.State = "no such state"
			}
			news, err := settler.Settle(t.Context(), p, f)
			if err == nil && !news {
				err = fmt.Errorf("payment %d is no news", i)
			}
			errs <- err
		}()
	}
	gatewaytest.Until(t, "a settlement that waits", func() bool {
		return w.Count(`pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%UPDATE payments%'`) > 0
	})
	if err := blocker.Rollback(); err != nil {
		t.Fatal(err)
	}
	var failed []string
	for range all {
		if err := <-errs; err != nil {
			failed = append(failed, err.Error())
		}
	}
	if len(failed) != 1 || !strings.Contains(failed[0], "payments_state") {
		t.Errorf("failed: %q", failed)
	}
	wantStanding(t, w, standing{AtStripe: 5 * 970, Free: 5 * 970, Fee: 5 * 30})
	settled := slices.DeleteFunc(slices.Clone(all), func(p giving.Payment) bool { return w.Payment(p.ID).State != giving.Paid })
	if len(settled) != 5 {
		t.Errorf("%d are settled", len(settled))
	}
}

// A company that lets its earmark go and a settlement under it never wait for each other
// crosswise, however many of both there are.
func TestSettlementsAndReleasesDoNotDeadlock(t *testing.T) {
	t.Parallel()
	w := world(t)
	settler := giving.NewSettler(w.DB)
	pledges := make([]string, 8)
	payments := make([]giving.Payment, len(pledges))
	for i := range pledges {
		pledges[i] = earmark(t, w, 1000, "")
		payments[i] = started(t, w, pledges[i], 1000)
	}
	errs := gatewaytest.Together(2*len(pledges), func(i int) error {
		if i%2 == 1 {
			return giving.ReleaseEarmark(t.Context(), w.DB, w.Now, giving.Release{PledgeID: pledges[i/2], PersonID: w.CompanyOwner, Reason: "Потребу закрили інші"})
		}
		return pg.InTx(t.Context(), w.DB, func(tx *sqlx.Tx) error {
			p, err := giving.LockPayment(t.Context(), tx, payments[i/2].ID)
			if err != nil {
				return err
			}
			_, err = settler.Settle(t.Context(), p, facts(giving.Paid, came("txn_"+p.ID, 1000, 30)))
			return err
		})
	})
	for _, err := range errs {
		must(t, err)
	}
	if free, held := w.Free(), w.Balance(ledger.Purpose(w.Purpose, w.Currency)); free+held != int64(len(pledges))*970 || held != 0 && free == 0 {
		t.Errorf("free %d, earmarked %d", free, held)
	}
	w.VerifyBooks()
}
