package campaign_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

func world(t *testing.T) *gatewaytest.World {
	t.Helper()
	return gatewaytest.NewWorld(t, clock.At(noon), "USD")
}

func wantFault(t *testing.T, err error, kind fault.Kind, key string) {
	t.Helper()
	f, ok := fault.As(err)
	if !ok || f.Kind != kind || f.Key != key {
		t.Errorf("error = %v, want fault %s", err, key)
	}
}

func TestCampaignIsFoundAsItWasEntered(t *testing.T) {
	t.Parallel()
	w := world(t)
	want := campaign.Campaign{
		ClusterID: w.Cluster, Slug: "houses", Title: campaign.Text{UK: "Будинки", EN: "Houses"}, Summary: campaign.Text{UK: "п", EN: "s"},
		Story: campaign.Text{UK: "*і*", EN: "*s*"}, Note: campaign.Text{UK: "н", EN: "n"}, Goal: money.Of(1, "JPY"), State: campaign.Open,
		OpensOn: gatewaytest.Day("2026-03-02"), ClosesOn: gatewaytest.Day("2026-03-02"),
	}
	w.Tx(func(tx *sqlx.Tx) (err error) {
		if want.ProgrammeID, err = campaign.AddProgramme(t.Context(), tx, noon, w.Cluster, "it4life", campaign.Text{UK: "ІТ4Життя", EN: "IT4Life"}); err != nil {
			return err
		}
		want.ID, err = campaign.Add(t.Context(), tx, noon, want)
		return err
	})
	got, err := campaign.BySlug(t.Context(), w.DB, "houses")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("campaign (-want +got):\n%s", diff)
	}
	if c, err := campaign.BySlug(t.Context(), w.DB, w.Slug); err != nil || !c.ClosesOn.IsZero() {
		t.Errorf("a campaign without an end: %+v, %v", c, err)
	}
}

func TestDraftIsUnknownToStrangers(t *testing.T) {
	t.Parallel()
	w := world(t)
	w.AddCampaign("draft", campaign.Draft)
	for _, slug := range []string{"draft", "unicorns", "", "\x00", "a' OR '1'='1"} {
		_, err := campaign.BySlug(t.Context(), w.DB, slug)
		wantFault(t, err, fault.NotFound, "campaign.unknown")
	}
	all, err := campaign.OfClusters(t.Context(), w.DB, []string{w.Cluster})
	if err != nil || len(all) != 2 {
		t.Errorf("those who run them see %d campaigns, %v", len(all), err)
	}
	if others, err := campaign.OfClusters(t.Context(), w.DB, nil); err != nil || len(others) != 0 {
		t.Errorf("those who run nothing see %d campaigns, %v", len(others), err)
	}
}

func TestCampaignMovesForwardOnly(t *testing.T) {
	t.Parallel()
	w := world(t)
	states := []campaign.State{campaign.Draft, campaign.Open, campaign.Closed, campaign.Settled}
	id := w.AddCampaign("moving", campaign.Draft)
	w.Tx(func(tx *sqlx.Tx) error {
		_, err := campaign.AddPurpose(t.Context(), tx, campaign.Purpose{CampaignID: id, Slug: "any", Title: campaign.Text{UK: "а", EN: "a"}})
		return err
	})
	move := func(id string, to campaign.State) error {
		return pg.InTx(t.Context(), w.DB, func(tx *sqlx.Tx) error { return campaign.Move(t.Context(), tx, noon, id, to) })
	}
	for at, now := range states {
		for to, next := range states {
			if to == at+1 {
				continue // the one that is allowed, below
			}
			wantFault(t, move(id, next), fault.Conflict, "campaign.state")
		}
		if at+1 < len(states) {
			if err := move(id, states[at+1]); err != nil {
				t.Errorf("from %s to %s: %v", now, states[at+1], err)
			}
		}
	}
	wantFault(t, move("01890a5d-ac96-774b-bcce-b302099a8057", campaign.Closed), fault.Conflict, "campaign.state")
	wantFault(t, move(id, "unknown"), fault.Conflict, "campaign.state")
}

// A company sees the open campaigns of the clusters that it belongs to on the day.
func TestOpenToCompanyFollowsMembership(t *testing.T) {
	t.Parallel()
	w := world(t)
	w.AddCampaign("draft", campaign.Draft)
	w.AddCampaign("closed", campaign.Closed)
	open := func(day string) int {
		all, err := campaign.OpenToCompany(t.Context(), w.DB, w.Company, gatewaytest.Day(day))
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	if n := open("2026-03-02"); n != 1 {
		t.Errorf("%d campaigns, want the open one", n)
	}
	if _, err := w.Owner.Exec(`UPDATE memberships SET since = '2026-01-01', until = '2026-03-01'`); err != nil {
		t.Fatal(err)
	}
	for day, want := range map[string]int{"2025-12-31": 0, "2026-01-01": 1, "2026-02-28": 1, "2026-03-01": 0, "2026-03-02": 0} {
		if n := open(day); n != want {
			t.Errorf("on %s: %d campaigns, want %d", day, n, want)
		}
	}
}

func TestPurposesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	w := world(t)
	for _, slug := range []string{"zebra", "apple"} {
		w.Tx(func(tx *sqlx.Tx) error {
			id, err := campaign.AddPurpose(t.Context(), tx, campaign.Purpose{CampaignID: w.Campaign, Slug: slug, Title: campaign.Text{UK: slug, EN: slug}})
			if err != nil {
				return err
			}
			return campaign.AddNeed(t.Context(), tx, campaign.Need{PurposeID: id, Item: campaign.Text{UK: "ШВЛ", EN: "Ventilator"}, Unit: campaign.Text{UK: "шт.", EN: "pcs"}, Quantity: 4})
		})
	}
	all, err := campaign.Purposes(t.Context(), w.DB, w.Campaign)
	if err != nil || len(all) != 3 || all[0].Slug != "hospitals" || all[1].Slug != "zebra" || all[2].Slug != "apple" {
		t.Errorf("purposes = %+v, %v", all, err)
	}
	if n := w.Count("needs WHERE quantity = 4 AND position = 1"); n != 2 {
		t.Errorf("%d needs", n)
	}
}

func TestUnknownCurrencyIsRefused(t *testing.T) {
	t.Parallel()
	w := world(t)
	for _, c := range []money.Currency{"", "usd", "XXX1", "ГРН"} {
		err := pg.InTx(t.Context(), w.DB, func(tx *sqlx.Tx) error {
			_, err := campaign.Add(t.Context(), tx, noon, campaign.Campaign{ClusterID: w.Cluster, Slug: "x", Goal: money.Of(1, c), State: campaign.Open, OpensOn: noon})
			return err
		})
		wantFault(t, err, fault.Invalid, "currency.unknown")
	}
}

// The last day counts whole, by the clock of Kyiv. After it a campaign takes no pledges,
// whether or not the timetable has closed it already.
func TestCampaignEndsWithItsLastDay(t *testing.T) {
	t.Parallel()
	w := world(t)
	if _, err := w.Owner.Exec(`UPDATE campaigns SET closes_on = '2026-03-02' WHERE id = $1`, w.Campaign); err != nil {
		t.Fatal(err)
	}
	lastMinute := time.Date(2026, time.March, 2, 21, 59, 0, 0, time.UTC) // a minute to midnight in Kyiv
	for _, c := range []struct {
		at    time.Time
		takes int
	}{{lastMinute, 1}, {lastMinute.Add(time.Minute), 0}} {
		open, err := campaign.OpenToCompany(t.Context(), w.DB, w.Company, c.at)
		if err != nil || len(open) != c.takes {
			t.Errorf("at %v: %d campaigns, %v", c.at, len(open), err)
		}
		one, err := campaign.BySlug(t.Context(), w.DB, w.Slug)
		if err != nil || one.TakesPledges(c.at) != (c.takes == 1) {
			t.Errorf("at %v: takes pledges = %t, %v", c.at, one.TakesPledges(c.at), err)
		}
		_, err = giving.MakePledge(t.Context(), w.DB, clock.At(c.at), w.Promise(10_000))
		if c.takes == 1 && err != nil {
			t.Errorf("in the last minute: %v", err)
		} else if c.takes == 0 {
			wantFault(t, err, fault.Conflict, "campaign.closed")
		}
	}
	for _, c := range []struct {
		at   time.Time
		want int
	}{{lastMinute, 0}, {lastMinute.Add(time.Minute), 1}, {lastMinute.Add(time.Hour), 0}} {
		if n, err := campaign.CloseEnded(t.Context(), w.DB, c.at); err != nil || n != c.want {
			t.Errorf("at %v: %d were closed, %v", c.at, n, err)
		}
	}
	if one, err := campaign.BySlug(t.Context(), w.DB, w.Slug); err != nil || one.State != campaign.Closed || w.Acts("campaign.closed") != 1 {
		t.Errorf("it is %s, with %d acts, %v", one.State, w.Acts("campaign.closed"), err)
	}
}
