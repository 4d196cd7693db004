package giving_test

import (
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/campaign"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
)

// Through which cluster a company gives is plain while it is a member of one, and its own
// word once it is a member of several.
func TestPledgeIsGivenThroughACluster(t *testing.T) {
	t.Parallel()
	w := world(t)
	other := w.Jointly()
	give := func(through string) (string, error) {
		p := w.Promise(1_000)
		p.ThroughID = through
		id, err := giving.MakePledge(t.Context(), w.DB, w.Now, p)
		if err != nil {
			return "", err
		}
		made, err := giving.PledgeOf(t.Context(), w.DB, id, w.Payer)
		return made.ThroughID, err
	}
	through := func(said, want string) {
		t.Helper()
		if got, err := give(said); err != nil || got != want {
			t.Errorf("through %q: %s, %v, want %s", said, got, err, want)
		}
	}
	refused := func(said, key string) {
		t.Helper()
		_, err := give(said)
		wantFault(t, err, fault.Invalid, key)
	}
	through("", w.Cluster)
	through(w.Cluster, w.Cluster)
	refused(other, "pledge.through_unknown") // it is no member there
	w.Tx(func(tx *sqlx.Tx) error { return member.Join(t.Context(), tx, w.Company, other, w.Now()) })
	through(other, other)
	through(w.Cluster, w.Cluster)
	refused("", "pledge.through_missing")
	for _, odd := range []string{nobody, w.Company, "lviv-it", "' OR true --"} {
		refused(odd, "pledge.through_unknown")
	}
	if _, err := w.Owner.Exec(`UPDATE memberships SET until = '2026-03-02' WHERE cluster_id = $1`, w.Cluster); err != nil {
		t.Fatal(err)
	}
	through("", other)
	refused(w.Cluster, "pledge.through_unknown")
}

// The cluster that leads keeps the campaign: its people see the pledge, and those of the
// cluster through which it is given do not.
func TestAPledgeStaysWithTheLeadingCluster(t *testing.T) {
	t.Parallel()
	w := world(t)
	other := w.Jointly()
	w.Tx(func(tx *sqlx.Tx) error { return member.Join(t.Context(), tx, w.Company, other, w.Now()) })
	p := w.Promise(1_000)
	p.ThroughID = other
	id, err := giving.MakePledge(t.Context(), w.DB, w.Now, p)
	if err != nil {
		t.Fatal(err)
	}
	if made, err := giving.PledgeFor(t.Context(), w.DB, id, w.Coordinator); err != nil || made.ClusterID != w.Cluster || made.Through.EN != "Lviv IT Cluster" {
		t.Errorf("the leading cluster sees %+v, %v", made, err)
	}
	_, err = giving.PledgeFor(t.Context(), w.DB, id, w.Stranger) // who coordinates the other
	wantFault(t, err, fault.NotFound, "pledge.unknown")
}

// Whoever writes past the program is held by the schema.
func TestSchemaKnowsThroughWhomACompanyMayGive(t *testing.T) {
	t.Parallel()
	w := world(t)
	other := w.Jointly()
	alone := w.AddCampaign("alone", campaign.Open)
	write := func(campaign, through, day string) error {
		_, err := w.DB.Exec(`WITH p AS (
				INSERT INTO pledges (id, campaign_id, company_id, amount_minor, currency, visibility, reference, made_by, made_at, through_id)
				VALUES ($1, $2, $3, 100, 'USD', 'named', $4, $5, $6, $7) RETURNING id)
			INSERT INTO instalments (id, pledge_id, amount_minor, due_on) SELECT $1, id, 100, '2026-03-02' FROM p`,
			pg.NewID(), campaign, w.Company, string(giving.NewReference()), w.Payer, day, through)
		return err
	}
	wantBroken := func(what string, err error, name string) {
		t.Helper()
		if pg.Constraint(err) != name {
			t.Errorf("%s: %v, want %s", what, err, name)
		}
	}
	const today = "2026-03-02 12:00Z"
	wantBroken("of no member", write(w.Campaign, other, today), "pledges_through_membership")
	w.Tx(func(tx *sqlx.Tx) error {
		return member.Join(t.Context(), tx, w.Company, other, gatewaytest.Day("2026-01-01"))
	})
	wantBroken("through a cluster of another campaign", write(alone, other, today), "pledges_through_cluster_of_campaign")
	wantBroken("before the cluster joined", write(w.Campaign, other, "2026-03-01 12:00Z"), "pledges_through_joined")
	if err := write(w.Campaign, other, today); err != nil {
		t.Errorf("of a member, through a cluster that joined: %v", err)
	}
	if _, err := w.Owner.Exec(`UPDATE pledges SET through_id = $1`, w.Cluster); err == nil {
		t.Error("a pledge was moved to another cluster")
	}
}
