package campaign_test

import (
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/campaign"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

func (p *paper) discard() error {
	return campaign.Discard(p.t.Context(), p.DB, p.Now, campaign.Step{Slug: p.Slug, PersonID: p.Coordinator, Version: p.desk().Version})
}

// A draft goes with all that hangs on it, and the audit keeps what it was called: for the
// people of its cluster, as every act. Its address is free again.
func TestADraftIsThrownAway(t *testing.T) {
	t.Parallel()
	p := written(t)
	before := p.Count("campaigns")
	err := campaign.SavePurpose(t.Context(), p.DB, p.Now, campaign.PurposeWish{Slug: p.Slug, PersonID: p.Coordinator, Title: both("Лікарні", "Hospitals")})
	if err != nil {
		t.Fatal(err)
	}
	d := p.desk()
	p.Tx(func(tx *sqlx.Tx) error {
		all, err := campaign.Purposes(t.Context(), tx, d.ID)
		if err != nil {
			return err
		}
		return campaign.AddNeed(t.Context(), tx, campaign.Need{PurposeID: all[0].ID, Item: both("Цвях", "Nail"), Unit: both("шт.", "pcs"), Quantity: 5})
	})
	if err := campaign.Accept(t.Context(), p.DB, p.Now, campaign.Acceptance{Slug: p.Slug, PersonID: p.Coordinator, Currencies: []money.Currency{"EUR"}}); err != nil {
		t.Fatal(err)
	}
	if err := join(t, p.World, campaign.Joining{Slug: p.Slug, ClusterID: lviv(t, p.World), PersonID: p.Coordinator}); err != nil {
		t.Fatal(err)
	}
	if err := campaign.Leave(t.Context(), p.DB, p.Now, campaign.Leaving{Slug: p.Slug, ClusterID: lviv(t, p.World), PersonID: p.Coordinator}); err != nil {
		t.Fatal(err)
	}
	if err := p.discard(); err != nil {
		t.Fatal(err)
	}
	if n := p.Count("campaigns"); n != before-1 {
		t.Errorf("%d campaigns, want %d", n, before-1)
	}
	for _, rest := range []string{"purposes", "campaign_clusters", "campaign_cluster_turns", "campaign_currencies"} {
		if n := p.Count(rest + " WHERE campaign_id = '" + d.ID + "'"); n != 0 {
			t.Errorf("%d %s are left", n, rest)
		}
	}
	var kept string
	err = p.Owner.Get(&kept, `SELECT concat_ws(' ', a.detail ->> 'slug', a.detail ->> 'title_uk', a.detail ->> 'title_en', a.person_id = $1, k.slug)
		FROM audit_acts a JOIN audit_act_clusters o ON o.act_id = a.id JOIN clusters k ON k.id = o.cluster_id WHERE a.act = 'campaign.discarded' AND a.subject = 'campaign:' || $2`, p.Coordinator, d.ID)
	if err != nil || kept != "roofs Дахи Roofs t kharkiv-it" {
		t.Errorf("the audit keeps %q, %v", kept, err)
	}
	wantFault(t, campaign.Discard(t.Context(), p.DB, p.Now, campaign.Step{Slug: p.Slug, PersonID: p.Coordinator, Version: d.Version}), fault.NotFound, "campaign.unknown")
	if slug, err := campaign.Write(t.Context(), p.DB, p.Now, wish(p.World)); err != nil || slug != p.Slug {
		t.Errorf("the next of that name gets the address %q, %v", slug, err)
	}
}

func TestNothingElseIsThrownAway(t *testing.T) {
	t.Parallel()
	p := written(t)
	for _, state := range []campaign.State{campaign.Open, campaign.Closed, campaign.Settled} {
		p.AddCampaign(string(state), state)
	}
	seen := p.desk().Version
	for name, c := range map[string]struct {
		slug, person string
		version      int
		kind         fault.Kind
		key          string
	}{
		"open":                       {"open", p.Coordinator, 1, fault.Conflict, "campaign.opened_stays"},
		"closed":                     {"closed", p.Coordinator, 1, fault.Conflict, "campaign.opened_stays"},
		"settled":                    {"settled", p.Coordinator, 1, fault.Conflict, "campaign.opened_stays"},
		"an older one that was seen": {p.Slug, p.Coordinator, seen - 1, fault.Conflict, "campaign.draft_changed"},
		"approver":                   {p.Slug, p.Approver, seen, fault.Forbidden, "campaign.coordinators_only"},
		"another cluster":            {p.Slug, p.Stranger, seen, fault.NotFound, "campaign.unknown"},
		"company's owner":            {p.Slug, p.CompanyOwner, seen, fault.NotFound, "campaign.unknown"},
		"no such campaign":           {"unicorns", p.Coordinator, 1, fault.NotFound, "campaign.unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			wantFault(t, campaign.Discard(t.Context(), p.DB, p.Now, campaign.Step{Slug: c.slug, PersonID: c.person, Version: c.version}), c.kind, c.key)
		})
	}
	if n := p.Acts("campaign.discarded"); n != 0 {
		t.Errorf("%d acts of refused discardings", n)
	}
}

// The schema keeps what was opened, and what clusters did in it, whoever asks. What hangs on a
// draft keeps the draft until it is taken away, too.
func TestSchemaKeepsWhatWasOpened(t *testing.T) {
	t.Parallel()
	p := written(t)
	d := p.desk()
	p.AddCampaign("closed", campaign.Closed)
	for _, db := range []*sqlx.DB{p.DB, p.Owner} {
		_, err := db.Exec(`DELETE FROM campaigns WHERE slug = 'closed'`)
		if pg.Constraint(err) != "campaigns_opened_stay" {
			t.Errorf("a closed campaign: %v", err)
		}
	}
	if _, err := p.Owner.Exec(`DELETE FROM campaign_clusters WHERE campaign_id = $1`, d.ID); err == nil {
		t.Error("the clusters of a draft were deleted beside it")
	}
	if _, err := p.Owner.Exec(`INSERT INTO purposes (id, campaign_id, slug, title_uk, title_en, position) VALUES ($1, $2, 'roofs', 'Дахи', 'Roofs', 1)`, pg.NewID(), d.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := p.DB.Exec(`DELETE FROM campaigns WHERE id = $1`, d.ID); pg.Code(err) != "23503" {
		t.Errorf("a draft with a purpose: %v", err)
	}
}

// Of opening a draft and throwing it away at one moment, one succeeds.
func TestOpeningAndDiscardingAreInTurn(t *testing.T) {
	t.Parallel()
	p := written(t)
	if err := campaign.SavePurpose(t.Context(), p.DB, p.Now, campaign.PurposeWish{Slug: p.Slug, PersonID: p.Coordinator, Title: both("Лікарні", "Hospitals")}); err != nil {
		t.Fatal(err)
	}
	s := campaign.Step{Slug: p.Slug, PersonID: p.Coordinator, Version: p.desk().Version, Payable: true}
	errs := gatewaytest.Together(2, func(i int) error {
		if i == 0 {
			return campaign.Publish(t.Context(), p.DB, p.Now, s)
		}
		return campaign.Discard(t.Context(), p.DB, p.Now, s)
	})
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("both or neither: %v", errs)
	}
	if n := p.Count("campaigns WHERE slug = '" + p.Slug + "' AND state = 'open'"); (n == 1) != (errs[0] == nil) {
		t.Errorf("%d are open, after %v", n, errs)
	}
	if errs[0] == nil {
		wantFault(t, errs[1], fault.Conflict, "campaign.opened_stays")
	} else {
		wantFault(t, errs[0], fault.NotFound, "campaign.unknown")
	}
}
