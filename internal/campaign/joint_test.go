package campaign_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"kopiyka/internal/campaign"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
)

// lviv is the other cluster of the world, which may join its campaign.
func lviv(t *testing.T, w *gatewaytest.World) string {
	t.Helper()
	k, err := member.ClusterBySlug(t.Context(), w.DB, "lviv-it")
	if err != nil {
		t.Fatal(err)
	}
	return k.ID
}

func join(t *testing.T, w *gatewaytest.World, j campaign.Joining) error {
	t.Helper()
	return pg.InTx(t.Context(), w.DB, func(tx *sqlx.Tx) error { return campaign.Join(t.Context(), tx, w.Now, j) })
}

// clusters says who collects for the world's campaign, since when.
func clusters(t *testing.T, w *gatewaytest.World) []string {
	t.Helper()
	all, err := campaign.Clusters(t.Context(), w.DB, w.Campaign)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, k := range all {
		one := k.Slug + " since " + k.Since.Format("2006-01-02")
		if k.Leads {
			one += ", leads"
		}
		said = append(said, one)
	}
	return said
}

func TestClusterJoinsOnce(t *testing.T) {
	t.Parallel()
	w := world(t)
	if diff := cmp.Diff([]string{"kharkiv-it since 2026-03-02, leads"}, clusters(t, w)); diff != "" {
		t.Errorf("a new campaign (-want +got):\n%s", diff)
	}
	j := campaign.Joining{Slug: w.Slug, ClusterID: lviv(t, w), Since: gatewaytest.Day("2026-02-01"), PersonID: w.Coordinator}
	for _, err := range gatewaytest.Together(3, func(int) error { return join(t, w, j) }) {
		if err != nil {
			t.Error(err)
		}
	}
	j.Since = gatewaytest.Day("2026-03-01")
	if err := join(t, w, j); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"kharkiv-it since 2026-03-02, leads", "lviv-it since 2026-02-01"}, clusters(t, w)); diff != "" {
		t.Errorf("joined (-want +got):\n%s", diff)
	}
	if n := w.Acts("campaign.joined"); n != 1 {
		t.Errorf("%d acts, want 1", n)
	}
	if err := join(t, w, campaign.Joining{Slug: w.Slug, ClusterID: w.Cluster, PersonID: w.Coordinator}); err != nil || len(clusters(t, w)) != 2 {
		t.Errorf("the leading cluster is one of them already: %v, %v", err, clusters(t, w))
	}
}

func TestWhoMayLetAClusterJoin(t *testing.T) {
	t.Parallel()
	w := world(t)
	w.AddCampaign("closed", campaign.Closed)
	other := lviv(t, w)
	for name, c := range map[string]struct {
		j    campaign.Joining
		kind fault.Kind
		key  string
	}{
		"approver":            {campaign.Joining{Slug: w.Slug, ClusterID: other, PersonID: w.Approver}, fault.Forbidden, "campaign.coordinators_only"},
		"who would join":      {campaign.Joining{Slug: w.Slug, ClusterID: other, PersonID: w.Stranger}, fault.NotFound, "campaign.unknown"},
		"company's owner":     {campaign.Joining{Slug: w.Slug, ClusterID: other, PersonID: w.CompanyOwner}, fault.NotFound, "campaign.unknown"},
		"no such campaign":    {campaign.Joining{Slug: "unicorns", ClusterID: other, PersonID: w.Coordinator}, fault.NotFound, "campaign.unknown"},
		"none, from a file":   {campaign.Joining{Slug: "unicorns", ClusterID: other}, fault.NotFound, "campaign.unknown"},
		"no cluster":          {campaign.Joining{Slug: w.Slug, PersonID: w.Coordinator}, fault.Invalid, "cluster.unknown"},
		"no such cluster":     {campaign.Joining{Slug: w.Slug, ClusterID: w.Company, PersonID: w.Coordinator}, fault.Invalid, "cluster.unknown"},
		"from tomorrow on":    {campaign.Joining{Slug: w.Slug, ClusterID: other, PersonID: w.Coordinator, Since: gatewaytest.Day("2026-03-03")}, fault.Invalid, "campaign.joined_ahead"},
		"in the year 9":       {campaign.Joining{Slug: w.Slug, ClusterID: other, PersonID: w.Coordinator, Since: gatewaytest.Day("0009-03-03")}, fault.Invalid, "campaign.joined_ahead"},
		"closed":              {campaign.Joining{Slug: "closed", ClusterID: other, PersonID: w.Coordinator}, fault.Conflict, "campaign.closed"},
		"closed, from a file": {campaign.Joining{Slug: "closed", ClusterID: other}, fault.Conflict, "campaign.closed"},
	} {
		t.Run(name, func(t *testing.T) { wantFault(t, join(t, w, c.j), c.kind, c.key) })
	}
	if n := w.Count("campaign_clusters WHERE entered_by IS NOT NULL") + w.Acts("campaign.joined"); n != 0 {
		t.Errorf("%d rows of refused joinings", n)
	}
	if err := join(t, w, campaign.Joining{Slug: w.Slug, ClusterID: other}); err != nil || len(clusters(t, w)) != 2 {
		t.Errorf("from a file: %v, %v", err, clusters(t, w))
	}
}

// Pledges are given through a cluster that joined, so it stays; the schema knows it.
func TestWhoJoinedStays(t *testing.T) {
	t.Parallel()
	w := world(t)
	if err := join(t, w, campaign.Joining{Slug: w.Slug, ClusterID: lviv(t, w), PersonID: w.Coordinator}); err != nil {
		t.Fatal(err)
	}
	for _, try := range []string{`DELETE FROM campaign_clusters`, `UPDATE campaign_clusters SET since = '2020-01-01'`, `TRUNCATE campaign_clusters CASCADE`} {
		if _, err := w.Owner.Exec(try); err == nil {
			t.Errorf("%s was allowed", try)
		}
		if _, err := w.DB.Exec(try); err == nil {
			t.Errorf("%s was allowed to the program", try)
		}
	}
}

// A company may pledge to what its clusters lead and to what they joined, through each of
// its clusters that collects.
func TestWaysFollowMembershipAndJoining(t *testing.T) {
	t.Parallel()
	w := world(t)
	other := lviv(t, w)
	company := ""
	w.Tx(func(tx *sqlx.Tx) (err error) {
		if company, err = member.AddCompany(t.Context(), tx, noon, member.Company{Slug: "leopolis", Name: member.Text{UK: "Леополіс", EN: "Leopolis"}}); err != nil {
			return err
		}
		return member.Join(t.Context(), tx, company, other, gatewaytest.Day("2026-01-15"))
	})
	ways := func(company, day string) (said string) {
		all, err := campaign.Ways(t.Context(), w.DB, w.Campaign, company, gatewaytest.Day(day))
		if err != nil {
			t.Fatal(err)
		}
		open, err := campaign.OpenToCompany(t.Context(), w.DB, company, gatewaytest.Day(day))
		if err != nil || len(open) > 0 != (len(all) > 0) {
			t.Errorf("%d campaigns are open to it: %v", len(open), err)
		}
		for _, k := range all {
			said += k.Slug + " "
		}
		return said
	}
	if got := ways(company, "2026-03-02"); got != "" {
		t.Errorf("before its cluster joined: %s", got)
	}
	if err := join(t, w, campaign.Joining{Slug: w.Slug, ClusterID: other, Since: gatewaytest.Day("2026-02-01"), PersonID: w.Coordinator}); err != nil {
		t.Fatal(err)
	}
	for day, want := range map[string]string{"2026-01-31": "", "2026-02-01": "lviv-it ", "2026-03-02": "lviv-it "} {
		if got := ways(company, day); got != want {
			t.Errorf("on %s: %q, want %q", day, got, want)
		}
	}
	w.Tx(func(tx *sqlx.Tx) error {
		return member.Join(t.Context(), tx, company, w.Cluster, gatewaytest.Day("2026-03-02"))
	})
	if got := ways(company, "2026-03-02"); got != "kharkiv-it lviv-it " {
		t.Errorf("a member of both: %q", got)
	}
}
