package campaign_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/spending"
)

func TestACampaignOpensWhenNothingIsMissing(t *testing.T) {
	t.Parallel()
	p := written(t)
	lacks := func(want string, change func(*campaign.Wish)) {
		t.Helper()
		if err := p.save(change); err != nil {
			t.Fatal(err)
		}
		if got := p.desk().Missing(1, true, clock.Day(noon)); !cmp.Equal(got, []string{want}) {
			t.Errorf("missing %v, want %s", got, want)
		}
		wantFault(t, campaign.Publish(t.Context(), p.DB, p.Now, p.step()), fault.Conflict, "campaign.not_ready")
	}
	wantFault(t, campaign.Publish(t.Context(), p.DB, p.Now, p.step()), fault.Conflict, "campaign.not_ready") // it has no purpose
	p.addPurpose("Roofs")
	whole := p.saved()
	lacks(campaign.PartTitle, func(w *campaign.Wish) { w.Title.EN = "" })
	lacks(campaign.PartSummary, func(w *campaign.Wish) { w.Title, w.Summary.UK = whole.Title, "" })
	lacks(campaign.PartStory, func(w *campaign.Wish) { w.Summary, w.Story.EN = whole.Summary, "" })
	lacks(campaign.PartGoal, func(w *campaign.Wish) { w.Story, w.Goal = whole.Story, money.Of(0, "USD") })
	lacks(campaign.PartOpensOn, func(w *campaign.Wish) { w.Goal, w.OpensOn = whole.Goal, whole.OpensOn.AddDate(0, 0, 1) })
	lacks(campaign.PartClosesOn, func(w *campaign.Wish) {
		w.OpensOn, w.ClosesOn = whole.OpensOn.AddDate(0, 0, -9), whole.OpensOn.AddDate(0, 0, -1)
	})
	if err := p.save(func(w *campaign.Wish) { w.ClosesOn = time.Time{} }); err != nil {
		t.Fatal(err)
	}
	unpayable := p.step()
	unpayable.Payable = false
	wantFault(t, campaign.Publish(t.Context(), p.DB, p.Now, unpayable), fault.Conflict, "campaign.not_ready")
	for range 2 { // it is open already
		if err := campaign.Publish(t.Context(), p.DB, p.Now, p.step()); err != nil {
			t.Fatal(err)
		}
	}
	if c, err := campaign.BySlug(t.Context(), p.DB, p.Slug); err != nil || !c.TakesPledges(noon) || p.acts("campaign.opened") != 1 {
		t.Errorf("%s, %v, %d acts", c.State, err, p.acts("campaign.opened"))
	}
	wantFault(t, p.save(func(w *campaign.Wish) { w.Story.EN = "" }), fault.Invalid, "campaign.text_needed")
	wantFault(t, p.save(func(w *campaign.Wish) { w.ClosesOn = clock.Day(noon).AddDate(0, 0, -1) }), fault.Invalid, "campaign.closes_in_the_past")
}

func TestAClosedCampaignOpensAgainForAReason(t *testing.T) {
	t.Parallel()
	p := written(t).opened()
	for range 2 {
		if err := campaign.Close(t.Context(), p.DB, p.Now, p.step()); err != nil {
			t.Fatal(err)
		}
	}
	s := p.step()
	wantFault(t, campaign.Reopen(t.Context(), p.DB, p.Now, s), fault.Invalid, "campaign.reason_needed")
	s.Reason, s.ClosesOn = "Ще тридцять дахів", clock.Day(noon).AddDate(0, 0, -1)
	wantFault(t, campaign.Reopen(t.Context(), p.DB, p.Now, s), fault.Invalid, "campaign.closes_in_the_past")
	s.ClosesOn = clock.Day(noon).AddDate(0, 1, 0)
	if err := campaign.Reopen(t.Context(), p.DB, p.Now, s); err != nil {
		t.Fatal(err)
	}
	d := p.desk()
	reasons, err := campaign.Reasons(t.Context(), p.DB, d.ID)
	if err != nil || len(reasons) != 1 || reasons[0].Kind != "reopened" || reasons[0].Reason != s.Reason || d.State != campaign.Open || !d.ClosesOn.Equal(s.ClosesOn) {
		t.Errorf("%s until %s, %+v, %v", d.State, d.ClosesOn, reasons, err)
	}
	if p.acts("campaign.closed") != 1 || p.acts("campaign.reopened") != 1 {
		t.Error("an act is missing, or written twice")
	}
}

func TestACampaignIsSettledWhenNothingIsLoose(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	b.Paid(10_000)
	step := func() campaign.Step {
		d, err := campaign.OnDesk(t.Context(), b.DB, b.Slug, b.Coordinator)
		if err != nil {
			t.Fatal(err)
		}
		return campaign.Step{Slug: b.Slug, PersonID: b.Coordinator, Version: d.Version}
	}
	names := func() (all []string) {
		t.Helper()
		c, err := campaign.BySlug(t.Context(), b.DB, b.Slug)
		if err != nil {
			t.Fatal(err)
		}
		loose, err := campaign.Loose(t.Context(), b.DB, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range loose {
			all = append(all, r.Name)
		}
		return all
	}
	pledge := b.Pledge(5_000)
	wantFault(t, campaign.Settle(t.Context(), b.DB, b.Now, step()), fault.Conflict, "campaign.state")
	if err := campaign.Close(t.Context(), b.DB, b.Now, step()); err != nil {
		t.Fatal(err)
	}
	if got := names(); !cmp.Equal(got, []string{"free", "unpaid"}) {
		t.Errorf("loose: %v", got)
	}
	wantFault(t, campaign.Settle(t.Context(), b.DB, b.Now, step()), fault.Conflict, "campaign.not_even")

	// Nothing that Go might overlook passes the schema.
	_, err := b.DB.Exec(`UPDATE campaigns SET state = 'settled' WHERE slug = $1`, b.Slug)
	if pg.Constraint(err) != "campaigns_settled_even" {
		t.Errorf("settled past Go: %v", err)
	}

	var free int64
	if err := b.Owner.Get(&free, `SELECT b.balance FROM ledger.balances b JOIN ledger.accounts a ON a.id = b.account_id WHERE a.code = 'fund:' || $1::text`, b.Campaign); err != nil {
		t.Fatal(err)
	}
	id, err := spending.Propose(t.Context(), b.DB, b.Now, spending.Proposal{CampaignID: b.Campaign, PurposeID: b.Purpose, Amount: b.Amount(free), Reason: "Because", PersonID: b.Coordinator})
	if err == nil {
		err = spending.Approve(t.Context(), b.DB, b.Now, id, b.Approver, "")
	}
	if err == nil {
		var p giving.Pledge
		if p, err = giving.PledgeFor(t.Context(), b.DB, pledge, b.Coordinator); err == nil {
			err = cancelled(t, b.World, p)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := names(); len(got) != 0 {
		t.Errorf("loose: %v", got)
	}
	for range 2 {
		if err := campaign.Settle(t.Context(), b.DB, b.Now, step()); err != nil {
			t.Fatal(err)
		}
	}
	err = campaign.SavePurpose(t.Context(), b.DB, b.Now, campaign.PurposeWish{Slug: b.Slug, PersonID: b.Coordinator, Title: both("Ще", "More")})
	wantFault(t, err, fault.Conflict, "campaign.settled_stays")
	if n := b.Count("audit_acts WHERE act = 'campaign.settled'"); n != 1 {
		t.Errorf("%d acts", n)
	}
}

// The schema holds each rule when Go is wrong.
func TestTheSchemaKeepsACampaign(t *testing.T) {
	t.Parallel()
	p := written(t)
	p.addPurpose("Roofs")
	id := p.desk().ID
	try := func(want, query string, args ...any) {
		t.Helper()
		_, err := p.DB.Exec(query, append([]any{id}, args...)...)
		got := pg.Constraint(err)
		if pg.Code(err) == "42501" {
			got = "denied"
		}
		if got != want {
			t.Errorf("%s: %v, want %s", query, err, want)
		}
	}
	try("campaigns_state_order", `UPDATE campaigns SET state = 'closed' WHERE id = $1`)
	try("campaigns_state_order", `UPDATE campaigns SET state = 'settled' WHERE id = $1`)
	try("campaigns_opened_whole", `UPDATE campaigns SET state = 'open', story_en = '' WHERE id = $1`)
	try("campaigns_named", `UPDATE campaigns SET state = 'open', title_en = '' WHERE id = $1`)
	try("campaigns_goal", `UPDATE campaigns SET state = 'open', goal_minor = 0 WHERE id = $1`)
	try("campaigns_slug_not_new", `UPDATE campaigns SET slug = 'new' WHERE id = $1`)
	try("denied", `UPDATE campaigns SET cluster_id = cluster_id WHERE id = $1`)
	try("denied", `UPDATE campaigns SET version = 1 WHERE id = $1`)
	try("purposes_campaign_id_fkey", `DELETE FROM campaigns WHERE id = $1`)
	try("denied", `UPDATE purposes SET slug = 'other' WHERE campaign_id = $1`)
	if err := campaign.Publish(t.Context(), p.DB, p.Now, p.step()); err != nil {
		t.Fatal(err)
	}
	try("campaigns_state_order", `UPDATE campaigns SET state = 'draft' WHERE id = $1`)
	try("campaigns_state_order", `UPDATE campaigns SET state = 'settled' WHERE id = $1`)
	try("campaigns_fixed_once_open", `UPDATE campaigns SET slug = 'other' WHERE id = $1`)
	try("campaigns_fixed_once_open", `UPDATE campaigns SET currency = 'EUR' WHERE id = $1`)
	try("campaigns_fixed_once_open", `UPDATE campaigns SET opens_on = '2020-01-01' WHERE id = $1`)
	try("campaigns_goal_with_reason", `UPDATE campaigns SET goal_minor = 1 WHERE id = $1`)
	try("campaigns_last_purpose", `DELETE FROM purposes WHERE campaign_id = $1`)
	try("campaigns_opened_stay", `DELETE FROM campaigns WHERE id = $1`)
	try("", `UPDATE campaigns SET state = 'closed' WHERE id = $1`)
	try("campaigns_reopened_with_reason", `UPDATE campaigns SET state = 'open' WHERE id = $1`)
	version := p.desk().Version
	try("campaign_reasons_of_a_change", `INSERT INTO campaign_reasons (campaign_id, version, kind, reason, given_by, given_at) VALUES ($1, $2, 'reopened', 'A lie', $3, now())`, version+1, p.Coordinator)
	try("campaign_reasons_goal", `INSERT INTO campaign_reasons (campaign_id, version, kind, reason, given_by, given_at) VALUES ($1, $2, 'goal', 'A lie', $3, now())`, version, p.Coordinator)
	try("", `UPDATE campaigns SET state = 'settled' WHERE id = $1`)
	try("campaigns_settled_stays", `UPDATE campaigns SET title_uk = 'Інше' WHERE id = $1`)
	try("campaigns_state_order", `UPDATE campaigns SET state = 'open' WHERE id = $1`)
}

// needed is a campaign with a purpose that has three needs.
func needed(t *testing.T) (p *paper, purposes []campaign.Purpose, needs []campaign.Need) {
	t.Helper()
	p = written(t).opened()
	id := p.desk().ID
	p.addPurpose("Walls")
	all, err := campaign.Purposes(t.Context(), p.DB, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range []string{"Slate", "Nails", "Beams"} {
		err := campaign.SaveNeed(t.Context(), p.DB, p.Now, campaign.NeedWish{
			Slug: p.Slug, PersonID: p.Coordinator, PurposeID: all[0].ID, Item: both(item, item), Unit: both("шт.", "pcs"), Quantity: 10,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	needs, err = campaign.Needs(t.Context(), p.DB, id)
	if err != nil || len(needs) != 3 {
		t.Fatal(needs, err)
	}
	return p, all, needs
}

func (p *paper) promise(purpose, need string) {
	p.t.Helper()
	promise := p.Promise(10_000)
	promise.CampaignSlug, promise.PurposeID, promise.NeedID = p.Slug, purpose, need
	if _, err := giving.MakePledge(p.t.Context(), p.DB, p.Now, promise); err != nil {
		p.t.Fatal(err)
	}
}

func (p *paper) place(id string) campaign.Place {
	return campaign.Place{Slug: p.Slug, PersonID: p.Coordinator, ID: id}
}

func TestWhatIsPromisedStays(t *testing.T) {
	t.Parallel()
	p, purposes, needs := needed(t)
	p.promise(purposes[0].ID, needs[0].ID)
	w := campaign.NeedWish{Slug: p.Slug, PersonID: p.Coordinator, ID: needs[0].ID, Seen: needs[0].Mark(), Item: needs[0].Item, Unit: needs[0].Unit, Quantity: 11}
	wantFault(t, campaign.SaveNeed(t.Context(), p.DB, p.Now, w), fault.Invalid, "campaign.need_promised")
	wantFault(t, campaign.WithdrawNeed(t.Context(), p.DB, p.Now, p.place(needs[0].ID)), fault.Conflict, "campaign.need_in_use")
	wantFault(t, campaign.WithdrawPurpose(t.Context(), p.DB, p.Now, p.place(purposes[0].ID)), fault.Conflict, "campaign.purpose_in_use")
	w.Quantity, w.Item = 10, both("Шифер", "Slate")
	if err := campaign.SaveNeed(t.Context(), p.DB, p.Now, w); err != nil {
		t.Errorf("its texts: %v", err)
	}
	wantFault(t, campaign.SaveNeed(t.Context(), p.DB, p.Now, campaign.NeedWish{
		Slug: p.Slug, PersonID: p.Coordinator, ID: needs[0].ID, Seen: needs[0].Mark(), Item: both("Інше", "Another"), Unit: needs[0].Unit, Quantity: 10,
	}), fault.Conflict, "campaign.changed_meanwhile")
	if err := campaign.WithdrawNeed(t.Context(), p.DB, p.Now, p.place(needs[1].ID)); err != nil {
		t.Errorf("what nobody has promised: %v", err)
	}
	if err := campaign.WithdrawPurpose(t.Context(), p.DB, p.Now, p.place(purposes[1].ID)); err != nil {
		t.Errorf("what nobody has promised: %v", err)
	}
	if p.Count("needs") != 2 || p.acts("need.withdrawn") != 1 || p.acts("purpose.withdrawn") != 1 {
		t.Errorf("%d needs", p.Count("needs"))
	}
}

func TestTheOrderIsTheCoordinators(t *testing.T) {
	t.Parallel()
	p, purposes, needs := needed(t)
	order := func() (all []string) {
		now, err := campaign.Needs(t.Context(), p.DB, p.desk().ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range now {
			all = append(all, n.Item.EN)
		}
		return all
	}
	for _, move := range []struct {
		id   string
		up   bool
		want []string
	}{
		{needs[2].ID, true, []string{"Slate", "Beams", "Nails"}}, {needs[2].ID, true, []string{"Beams", "Slate", "Nails"}}, {needs[2].ID, true, []string{"Beams", "Slate", "Nails"}},
		{needs[0].ID, false, []string{"Beams", "Nails", "Slate"}}, {needs[0].ID, false, []string{"Beams", "Nails", "Slate"}},
	} {
		if err := campaign.MoveNeed(t.Context(), p.DB, p.Now, p.place(move.id), move.up); err != nil {
			t.Fatal(err)
		}
		if got := order(); !cmp.Equal(got, move.want) {
			t.Errorf("order = %v, want %v", got, move.want)
		}
	}
	if err := campaign.MovePurpose(t.Context(), p.DB, p.Now, p.place(purposes[1].ID), true); err != nil {
		t.Fatal(err)
	}
	if all, err := campaign.Purposes(t.Context(), p.DB, p.desk().ID); err != nil || all[0].ID != purposes[1].ID {
		t.Errorf("purposes = %v, %v", all, err)
	}
	// What belongs to another campaign is not there.
	for _, id := range []string{p.Purpose, "x", pg.NewID()} {
		wantFault(t, campaign.MovePurpose(t.Context(), p.DB, p.Now, p.place(id), true), fault.NotFound, "purpose.unknown")
		wantFault(t, campaign.WithdrawPurpose(t.Context(), p.DB, p.Now, p.place(id)), fault.NotFound, "purpose.unknown")
		wantFault(t, campaign.MoveNeed(t.Context(), p.DB, p.Now, p.place(id), true), fault.NotFound, "need.unknown")
		wantFault(t, campaign.WithdrawNeed(t.Context(), p.DB, p.Now, p.place(id)), fault.NotFound, "need.unknown")
	}
}

// cancelled is a promise that its company takes back.
func cancelled(t *testing.T, w *gatewaytest.World, p giving.Pledge) error {
	t.Helper()
	s, err := giving.ScheduleOf(t.Context(), w.DB, p, w.Now())
	if err != nil {
		return err
	}
	return giving.Cancel(t.Context(), w.DB, w.Now, giving.Cancellation{PledgeID: p.ID, PersonID: w.Payer, Seen: giving.Seen(p, s), Reason: "Sold"})
}
