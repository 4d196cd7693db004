package campaign_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"kopiyka/internal/campaign"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
)

// A cluster that joined by mistake is taken out, and may join once more. All of it stays on
// record; what is said twice is done once.
func TestAClusterLeavesWhileNothingWasPledgedThroughIt(t *testing.T) {
	t.Parallel()
	w := world(t)
	other := w.Jointly()
	leave := func() error {
		return campaign.Leave(t.Context(), w.DB, w.Now, campaign.Leaving{Slug: w.Slug, ClusterID: other, PersonID: w.Coordinator})
	}
	back := func() error {
		return join(t, w, campaign.Joining{Slug: w.Slug, ClusterID: other, Since: gatewaytest.Day("2026-03-01"), PersonID: w.Coordinator})
	}
	step := func(what string, do func() error, acts int, want ...string) {
		t.Helper()
		for _, err := range gatewaytest.Together(3, func(int) error { return do() }) {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		if diff := cmp.Diff(append([]string{"kharkiv-it since 2026-03-02, leads"}, want...), clusters(t, w)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
		if n := w.Acts("campaign.left") + w.Acts("campaign.joined"); n != acts {
			t.Errorf("%s: %d acts, want %d", what, n, acts)
		}
	}
	step("left", leave, 2)
	if err := join(t, w, campaign.Joining{Slug: w.Slug, ClusterID: other}); err != nil || len(clusters(t, w)) != 1 {
		t.Errorf("a file brings back who left: %v, %v", err, clusters(t, w))
	}
	step("came back", back, 3, "lviv-it since 2026-03-01")
	step("left again", leave, 4)
	if n := w.Count("campaign_cluster_turns"); n != 3 {
		t.Errorf("%d turns are on record, want 3", n)
	}
	for _, try := range []string{`DELETE FROM campaign_cluster_turns`, `UPDATE campaign_cluster_turns SET since = NULL`, `TRUNCATE campaign_cluster_turns`} {
		if _, err := w.Owner.Exec(try); err == nil {
			t.Errorf("%s was allowed", try)
		}
	}
}

func TestWhoMayTakeAClusterOut(t *testing.T) {
	t.Parallel()
	w := world(t)
	other := w.Jointly()
	w.AddCampaign("other", campaign.Open)
	for name, c := range map[string]struct {
		l    campaign.Leaving
		kind fault.Kind
		key  string
	}{
		"approver":            {campaign.Leaving{Slug: w.Slug, ClusterID: other, PersonID: w.Approver}, fault.Forbidden, "campaign.coordinators_only"},
		"who would leave":     {campaign.Leaving{Slug: w.Slug, ClusterID: other, PersonID: w.Stranger}, fault.NotFound, "campaign.unknown"},
		"company's owner":     {campaign.Leaving{Slug: w.Slug, ClusterID: other, PersonID: w.CompanyOwner}, fault.NotFound, "campaign.unknown"},
		"no such campaign":    {campaign.Leaving{Slug: "unicorns", ClusterID: other, PersonID: w.Coordinator}, fault.NotFound, "campaign.unknown"},
		"who leads":           {campaign.Leaving{Slug: w.Slug, ClusterID: w.Cluster, PersonID: w.Coordinator}, fault.Invalid, "campaign.leading_stays"},
		"no cluster":          {campaign.Leaving{Slug: w.Slug, PersonID: w.Coordinator}, fault.Invalid, "cluster.unknown"},
		"no such cluster":     {campaign.Leaving{Slug: w.Slug, ClusterID: w.Company, PersonID: w.Coordinator}, fault.Invalid, "cluster.unknown"},
		"one that never came": {campaign.Leaving{Slug: "other", ClusterID: other, PersonID: w.Coordinator}, fault.Invalid, "cluster.unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			wantFault(t, campaign.Leave(t.Context(), w.DB, w.Now, c.l), c.kind, c.key)
		})
	}
	if n := w.Count("campaign_cluster_turns") + w.Acts("campaign.left"); n != 0 || len(clusters(t, w)) != 2 {
		t.Errorf("%d rows of refused leavings, %v", n, clusters(t, w))
	}
}

// Once a promise names a cluster, the cluster stays, also when the promise is taken back. Who
// has left is named by none.
func TestPledgesKeepTheirCluster(t *testing.T) {
	t.Parallel()
	w := world(t)
	other := w.Jointly()
	w.Tx(func(tx *sqlx.Tx) error { return member.Join(t.Context(), tx, w.Company, other, w.Now()) })
	leaving := campaign.Leaving{Slug: w.Slug, ClusterID: other, PersonID: w.Coordinator}
	p := w.Promise(1_000)
	p.ThroughID, p.Visibility = other, giving.Anonymous
	if err := campaign.Leave(t.Context(), w.DB, w.Now, leaving); err != nil {
		t.Fatal(err)
	}
	_, err := giving.MakePledge(t.Context(), w.DB, w.Now, p)
	wantFault(t, err, fault.Invalid, "pledge.through_unknown")
	_, err = w.DB.Exec(`INSERT INTO pledges (id, campaign_id, company_id, amount_minor, currency, visibility, reference, made_by, made_at, through_id) VALUES ($1, $2, $3, 100, 'USD', 'named', $4, $5, $6, $7)`,
		pg.NewID(), w.Campaign, w.Company, string(giving.NewReference()), w.Payer, w.Now(), other)
	if pg.Constraint(err) != "pledges_through_joined" {
		t.Errorf("past the program, through who has left: %v", err)
	}
	if err := join(t, w, campaign.Joining{Slug: w.Slug, ClusterID: other, PersonID: w.Coordinator}); err != nil {
		t.Fatal(err)
	}
	if _, err := giving.MakePledge(t.Context(), w.DB, w.Now, p); err != nil {
		t.Fatal(err)
	}
	wantFault(t, campaign.Leave(t.Context(), w.DB, w.Now, leaving), fault.Conflict, "campaign.pledged_through")
	if len(clusters(t, w)) != 2 {
		t.Errorf("it is out: %v", clusters(t, w))
	}
}

// A pledge that is being made and a leaving at the same moment never both succeed: the schema
// has them in turn, whichever writes first, also past the program's own locks.
func TestLeavingAndPledgingAreInTurn(t *testing.T) {
	t.Parallel()
	w := world(t)
	other := w.Jointly()
	w.Tx(func(tx *sqlx.Tx) error { return member.Join(t.Context(), tx, w.Company, other, w.Now()) })
	write := func(slug string, tx *sqlx.Tx) error {
		_, err := tx.Exec(`WITH c AS (SELECT id FROM campaigns WHERE slug = $2), p AS (
				INSERT INTO pledges (id, campaign_id, company_id, amount_minor, currency, visibility, reference, made_by, made_at, through_id)
				SELECT $1, c.id, $3, 100, 'USD', 'named', $4, $5, $6, $7 FROM c RETURNING id)
			INSERT INTO instalments (id, pledge_id, amount_minor, due_on) SELECT $1, id, 100, '2026-03-02' FROM p`,
			pg.NewID(), slug, w.Company, string(giving.NewReference()), w.Payer, w.Now(), other)
		return err
	}
	turn := func(slug string, tx *sqlx.Tx) error {
		_, err := tx.Exec(`INSERT INTO campaign_cluster_turns (campaign_id, cluster_id, turn, kind, entered_by, entered_at)
			SELECT id, $2, 1, 'left', $3, $4 FROM campaigns WHERE slug = $1`, slug, other, w.Coordinator, w.Now())
		return err
	}
	for name, c := range map[string]struct {
		slug          string
		first, second func(string, *sqlx.Tx) error
		want          string
	}{
		"the pledge first":  {"pledge-first", write, turn, "campaign_cluster_turns_pledged"},
		"the leaving first": {"leaving-first", turn, write, "pledges_through_joined"},
	} {
		w.AddCampaign(c.slug, campaign.Open)
		if err := join(t, w, campaign.Joining{Slug: c.slug, ClusterID: other, PersonID: w.Coordinator}); err != nil {
			t.Fatal(err)
		}
		tx, err := w.DB.BeginTxx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.first(c.slug, tx); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			done <- pg.InTx(t.Context(), w.DB, func(tx *sqlx.Tx) error { return c.second(c.slug, tx) })
		}()
		gatewaytest.Until(t, "the second, which waits", func() bool {
			return w.Count(`pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0
		})
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; pg.Constraint(err) != c.want {
			t.Errorf("%s: the second says %v, want %s", name, err, c.want)
		}
	}
}

// Turns come one after another, and the cluster that leads has none.
func TestSchemaHasTurnsInOrder(t *testing.T) {
	t.Parallel()
	w := world(t)
	other := w.Jointly()
	for want, try := range map[string]struct {
		cluster string
		turn    int
		kind    string
		since   any
	}{
		"campaign_cluster_turns_leads":     {w.Cluster, 1, "left", nil},
		"campaign_cluster_turns_in_turn":   {other, 2, "joined", "2026-03-02"},
		"campaign_cluster_turns_alternate": {other, 1, "joined", "2026-03-02"},
		"campaign_cluster_turns_since":     {other, 1, "left", "2026-03-02"},
		"campaign_cluster_turns_of_joined": {w.Company, 1, "left", nil},
	} {
		_, err := w.DB.Exec(`INSERT INTO campaign_cluster_turns (campaign_id, cluster_id, turn, kind, since, entered_by, entered_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			w.Campaign, try.cluster, try.turn, try.kind, try.since, w.Coordinator, w.Now())
		if pg.Constraint(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
