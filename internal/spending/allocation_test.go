package spending_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/ledger"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/spending"
)

var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

const nobody = "01890a5d-ac96-774b-bcce-b302099a8057"

// funded is a world whose campaign has an amount to set aside.
func funded(t *testing.T, minor int64) *gatewaytest.World {
	t.Helper()
	w := gatewaytest.NewWorld(t, clock.At(noon), "USD")
	give(t, w, "stripe:txn_1", minor)
	return w
}

func give(t *testing.T, w *gatewaytest.World, source string, minor int64) {
	t.Helper()
	w.Tx(func(tx *sqlx.Tx) error {
		_, err := ledger.Post(t.Context(), tx, ledger.Entry{Source: source, Kind: ledger.Gift, HappenedAt: noon, Actor: "stripe", Lines: []ledger.Line{
			ledger.Debit(ledger.Stripe(w.Cluster, w.Currency), minor), ledger.Credit(ledger.Fund(w.Campaign, w.Currency), minor).From("payment:test"),
		}})
		return err
	})
}

func proposal(w *gatewaytest.World, minor int64) spending.Proposal {
	return spending.Proposal{CampaignID: w.Campaign, PurposeID: w.Purpose, Amount: w.Amount(minor), Reason: "Чотири апарати", PersonID: w.Coordinator}
}

func propose(t *testing.T, w *gatewaytest.World, minor int64) string {
	t.Helper()
	id, err := spending.Propose(t.Context(), w.DB, w.Now, proposal(w, minor))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func approve(t *testing.T, w *gatewaytest.World, id, person string) error {
	return spending.Approve(t.Context(), w.DB, w.Now, id, person, "")
}

func wantFault(t *testing.T, err error, kind fault.Kind, key string) {
	t.Helper()
	f, ok := fault.As(err)
	if !ok || f.Kind != kind || f.Key != key {
		t.Errorf("error = %v, want fault %s", err, key)
	}
}

// both is somebody with both roles in the world's cluster.
func both(t *testing.T, w *gatewaytest.World) (person string) {
	t.Helper()
	w.Tx(func(tx *sqlx.Tx) (err error) {
		if person, err = member.AddPerson(t.Context(), tx, noon, "both@example.org", "Both", ""); err != nil {
			return err
		}
		return errors.Join(member.GiveClusterRole(t.Context(), tx, person, w.Cluster, member.Coordinator),
			member.GiveClusterRole(t.Context(), tx, person, w.Cluster, member.Approver))
	})
	return person
}

func TestMoneyMovesWhenAnotherPersonApproves(t *testing.T) {
	t.Parallel()
	w := funded(t, 10_000)
	id := propose(t, w, 6_000)
	account := ledger.Allocation(id, w.Currency)
	if w.Free() != 10_000 || w.Balance(account) != 0 || w.Count("ledger.entries") != 1 {
		t.Error("the proposal moved money")
	}
	if err := approve(t, w, id, w.Approver); err != nil {
		t.Fatal(err)
	}
	if w.Free() != 4_000 || w.Balance(account) != 6_000 {
		t.Errorf("free %d, set aside %d", w.Free(), w.Balance(account))
	}
	var by struct{ Actor, Approver string }
	if err := w.Owner.Get(&by, `SELECT actor, approver FROM ledger.entries WHERE source = $1`, "allocation:"+id); err != nil {
		t.Fatal(err)
	}
	if by.Actor != "person:"+w.Coordinator || by.Approver != "person:"+w.Approver {
		t.Errorf("the entry names %+v", by)
	}
	if w.Acts("allocation.proposed") != 1 || w.Acts("allocation.approved") != 1 {
		t.Error("the audit does not tell both acts")
	}
	w.VerifyBooks()
}

func TestApproversNoteIsKept(t *testing.T) {
	t.Parallel()
	w := funded(t, 10_000)
	id := propose(t, w, 6_000)
	wantFault(t, spending.Approve(t.Context(), w.DB, w.Now, id, w.Approver, strings.Repeat("ї", 1001)), fault.Invalid, "text.too_long")
	if err := spending.Approve(t.Context(), w.DB, w.Now, id, w.Approver, "  Ціни звірено  "); err != nil {
		t.Fatal(err)
	}
	a, err := spending.AllocationFor(t.Context(), w.DB, w.Coordinator, id)
	if err != nil || a.Decision != "approved" || a.DecisionReason != "Ціни звірено" {
		t.Errorf("allocation = %+v, error %v", a, err)
	}
}

func TestRefusedProposalMovesNothing(t *testing.T) {
	t.Parallel()
	w := funded(t, 10_000)
	id := propose(t, w, 6_000)
	if err := spending.Refuse(t.Context(), w.DB, w.Now, id, w.Approver, "  Дорого  "); err != nil {
		t.Fatal(err)
	}
	a, err := spending.AllocationFor(t.Context(), w.DB, w.Coordinator, id)
	if err != nil || a.Decision != "refused" || a.DecisionReason != "Дорого" || a.DeciderName != "approver" || w.Free() != 10_000 {
		t.Errorf("allocation = %+v, free %d, error %v", a, w.Free(), err)
	}
	wantFault(t, approve(t, w, id, w.Approver), fault.Conflict, "allocation.decided")
}

func TestWhatCannotBeProposed(t *testing.T) {
	t.Parallel()
	w := funded(t, 10_000)
	other := w.AddCampaign("other", campaign.Open)
	draft, settled := w.AddCampaign("draft", campaign.Draft), w.AddCampaign("settled", campaign.Settled)
	for name, c := range map[string]struct {
		change func(*spending.Proposal)
		kind   fault.Kind
		key    string
		field  string
	}{
		"nothing":                      {func(p *spending.Proposal) { p.Amount.Minor = 0 }, fault.Invalid, "money.zero", "amount"},
		"less than nothing":            {func(p *spending.Proposal) { p.Amount.Minor = -1 }, fault.Invalid, "money.zero", "amount"},
		"more than is free":            {func(p *spending.Proposal) { p.Amount.Minor = 10_001 }, fault.Invalid, "allocation.more_than_free", "amount"},
		"other currency":               {func(p *spending.Proposal) { p.Amount.Currency = "EUR" }, fault.Invalid, "pledge.other_currency", "amount"},
		"purpose of another campaign":  {func(p *spending.Proposal) { p.CampaignID = other; p.Amount.Minor = 1 }, fault.Invalid, "allocation.more_than_free", "amount"},
		"unknown purpose":              {func(p *spending.Proposal) { p.PurposeID = nobody }, fault.Invalid, "allocation.purpose_unknown", "purpose"},
		"no purpose":                   {func(p *spending.Proposal) { p.PurposeID = "hospitals" }, fault.Invalid, "allocation.purpose_unknown", "purpose"},
		"no reason":                    {func(p *spending.Proposal) { p.Reason = "" }, fault.Invalid, "allocation.reason_missing", "reason"},
		"blank reason":                 {func(p *spending.Proposal) { p.Reason = " \n\t" }, fault.Invalid, "allocation.reason_missing", "reason"},
		"reason of a novel":            {func(p *spending.Proposal) { p.Reason = strings.Repeat("ї", 1001) }, fault.Invalid, "text.too_long", "reason"},
		"reason that is no UTF-8":      {func(p *spending.Proposal) { p.Reason = "\xff" }, fault.Invalid, "text.not_utf8", "reason"},
		"reason with NUL":              {func(p *spending.Proposal) { p.Reason = "a\x00" }, fault.Invalid, "text.not_utf8", "reason"},
		"English reason with NUL":      {func(p *spending.Proposal) { p.ReasonEN = "a\x00" }, fault.Invalid, "text.not_utf8", "reason_en"},
		"approver without the role":    {func(p *spending.Proposal) { p.PersonID = w.Approver }, fault.Forbidden, "allocation.role.coordinator", ""},
		"coordinator of other cluster": {func(p *spending.Proposal) { p.PersonID = w.Stranger }, fault.NotFound, "campaign.unknown", ""},
		"company's owner":              {func(p *spending.Proposal) { p.PersonID = w.CompanyOwner }, fault.NotFound, "campaign.unknown", ""},
		"unknown campaign":             {func(p *spending.Proposal) { p.CampaignID = nobody }, fault.NotFound, "campaign.unknown", ""},
		"no campaign":                  {func(p *spending.Proposal) { p.CampaignID = "\x00" }, fault.NotFound, "campaign.unknown", ""},
		"draft":                        {func(p *spending.Proposal) { p.CampaignID = draft }, fault.Conflict, "allocation.campaign_state", ""},
		"settled":                      {func(p *spending.Proposal) { p.CampaignID = settled }, fault.Conflict, "allocation.campaign_state", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := proposal(w, 100)
			c.change(&p)
			_, err := spending.Propose(t.Context(), w.DB, w.Now, p)
			wantFault(t, err, c.kind, c.key)
			if f, _ := fault.As(err); f != nil && f.Field != c.field {
				t.Errorf("the fault is about %q, want %q", f.Field, c.field)
			}
		})
	}
	if n := w.Count("allocations") + w.Count("audit_acts"); n != 0 {
		t.Errorf("%d rows of refused proposals", n)
	}
}

// Money of one campaign cannot be set aside for a purpose of another, though both have it.
func TestPurposeMustBeOfTheCampaign(t *testing.T) {
	t.Parallel()
	w := funded(t, 10_000)
	other := w.AddCampaign("other", campaign.Open)
	var purpose string
	w.Tx(func(tx *sqlx.Tx) (err error) {
		purpose, err = campaign.AddPurpose(t.Context(), tx, campaign.Purpose{CampaignID: other, Slug: "houses", Title: campaign.Text{UK: "Будинки", EN: "Houses"}})
		return err
	})
	p := proposal(w, 100)
	p.PurposeID = purpose
	_, err := spending.Propose(t.Context(), w.DB, w.Now, p)
	wantFault(t, err, fault.Invalid, "allocation.purpose_unknown")
}

func TestWhoMayDecide(t *testing.T) {
	t.Parallel()
	w := funded(t, 10_000)
	own := both(t, w)
	p := proposal(w, 1_000)
	p.PersonID = own
	id, err := spending.Propose(t.Context(), w.DB, w.Now, p)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		person string
		kind   fault.Kind
		key    string
	}{
		"who proposed":              {own, fault.Forbidden, "allocation.own_proposal"},
		"coordinator":               {w.Coordinator, fault.Forbidden, "allocation.role.approver"},
		"approver of other cluster": {w.Stranger, fault.NotFound, "allocation.unknown"},
		"company's owner":           {w.CompanyOwner, fault.NotFound, "allocation.unknown"},
		"nobody":                    {nobody, fault.NotFound, "allocation.unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			wantFault(t, approve(t, w, id, c.person), c.kind, c.key)
			wantFault(t, spending.Refuse(t.Context(), w.DB, w.Now, id, c.person, "ні"), c.kind, c.key)
		})
	}
	for _, unknown := range []string{nobody, "", "\x00"} {
		wantFault(t, approve(t, w, unknown, w.Approver), fault.NotFound, "allocation.unknown")
	}
	if w.Count("allocation_decisions") != 0 || w.Free() != 10_000 {
		t.Error("somebody has decided")
	}
}

// Two people, whatever the program says: the database itself keeps it.
func TestSchemaRefusesADecisionOfTheProposer(t *testing.T) {
	t.Parallel()
	w := funded(t, 10_000)
	id := propose(t, w, 1_000)
	for _, as := range []string{w.Coordinator, w.Approver} { // who lies about the proposer breaks the foreign key
		_, err := w.Owner.Exec(`INSERT INTO allocation_decisions (allocation_id, proposed_by, decision, decided_by, decided_at) VALUES ($1, $2, 'approved', $3, now())`, id, as, w.Coordinator)
		if c := pg.Constraint(err); c != "allocation_decisions_two_people" && c != "allocation_decisions_of_proposer" {
			t.Errorf("error = %v", err)
		}
	}
}

func TestProposalIsDecidedOnceByManyAtOnce(t *testing.T) {
	t.Parallel()
	w := funded(t, 10_000)
	id := propose(t, w, 6_000)
	errs := gatewaytest.Together(12, func(i int) error {
		if i%2 == 0 {
			return approve(t, w, id, w.Approver)
		}
		return spending.Refuse(t.Context(), w.DB, w.Now, id, w.Approver, "ні")
	})
	done := 0
	for _, err := range errs {
		if err == nil {
			done++
			continue
		}
		wantFault(t, err, fault.Conflict, "allocation.decided")
	}
	if done != 1 || w.Count("allocation_decisions") != 1 || w.Free() != 10_000 && w.Free() != 4_000 {
		t.Errorf("%d decisions went through, free %d", done, w.Free())
	}
	w.VerifyBooks()
}

// Twelve proposals, each covered alone, not all of them together.
func TestApprovalsAtOnceNeverOverdraw(t *testing.T) {
	t.Parallel()
	w := funded(t, 10_000)
	ids := make([]string, 12)
	for i := range ids {
		ids[i] = propose(t, w, 3_000)
	}
	errs := gatewaytest.Together(len(ids), func(i int) error { return approve(t, w, ids[i], w.Approver) })
	done := 0
	for i, err := range errs {
		if err == nil {
			done++
			continue
		}
		wantFault(t, err, fault.Conflict, "allocation.no_longer_covered")
		// It stays as it was: open, and decided by nobody.
		if a, err := spending.AllocationFor(t.Context(), w.DB, w.Approver, ids[i]); err != nil || a.Decision != "" {
			t.Errorf("allocation = %+v, %v", a, err)
		}
	}
	if done != 3 || w.Free() != 1_000 || w.Acts("allocation.approved") != 3 || w.Count("allocation_decisions") != 3 {
		t.Errorf("%d approved, free %d, %d acts", done, w.Free(), w.Acts("allocation.approved"))
	}
	w.VerifyBooks()

	give(t, w, "stripe:txn_2", 2_000) // and can be approved when there is enough again
	for i, err := range errs {
		if err != nil {
			if err := approve(t, w, ids[i], w.Approver); err != nil {
				t.Error(err)
			}
			break
		}
	}
	if w.Free() != 0 {
		t.Errorf("free = %d", w.Free())
	}
}

// A closed campaign takes no promises, and its money still helps.
func TestClosedCampaignStillSpends(t *testing.T) {
	t.Parallel()
	w := funded(t, 10_000)
	w.Tx(func(tx *sqlx.Tx) error { return campaign.Move(t.Context(), tx, noon, w.Campaign, campaign.Closed) })
	if err := approve(t, w, propose(t, w, 10_000), w.Approver); err != nil {
		t.Error(err)
	}
}

func TestOthersSeeNoProposalsAndNoPurses(t *testing.T) {
	t.Parallel()
	w := funded(t, 10_000)
	id := propose(t, w, 6_000)
	propose(t, w, 1_000)
	for _, person := range []string{w.Stranger, w.CompanyOwner} {
		_, err := spending.AllocationFor(t.Context(), w.DB, person, id)
		wantFault(t, err, fault.NotFound, "allocation.unknown")
		all, err := spending.Allocations(t.Context(), w.DB, person, true, "")
		if err != nil || len(all) != 0 {
			t.Errorf("%d proposals, %v", len(all), err)
		}
		purses, err := spending.Purses(t.Context(), w.DB, person)
		if err != nil || len(purses) != 0 {
			t.Errorf("%d purses, %v", len(purses), err)
		}
	}
	purses, err := spending.Purses(t.Context(), w.DB, w.Approver)
	if err != nil || len(purses) != 1 || purses[0].Free() != money.Of(10_000, "USD") || purses[0].Asked != 7_000 {
		t.Errorf("purses = %+v, %v", purses, err)
	}
	if err := approve(t, w, id, w.Approver); err != nil {
		t.Fatal(err)
	}
	for waiting, want := range map[bool]int{true: 1, false: 1} {
		all, err := spending.Allocations(t.Context(), w.DB, w.Coordinator, waiting, "")
		if err != nil || len(all) != want || (all[0].Decision == "") != waiting {
			t.Errorf("waiting %v: %+v, %v", waiting, all, err)
		}
	}
	_, err = spending.Allocations(t.Context(), w.DB, w.Coordinator, true, "next")
	wantFault(t, err, fault.NotFound, "page.unknown")
}

func TestReasonsOfRefusals(t *testing.T) {
	t.Parallel()
	w := funded(t, 10_000)
	id := propose(t, w, 6_000)
	for reason, key := range map[string]string{"": "allocation.reason_missing", " ": "allocation.reason_missing", strings.Repeat("x", 1001): "text.too_long", "\x00": "text.not_utf8"} {
		wantFault(t, spending.Refuse(t.Context(), w.DB, w.Now, id, w.Approver, reason), fault.Invalid, key)
	}
	if err := spending.Refuse(t.Context(), w.DB, w.Now, id, w.Approver, strings.Repeat("ї", 1000)); err != nil {
		t.Error(err)
	}
}
