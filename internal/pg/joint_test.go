package pg_test

import (
	"strings"
	"testing"

	"kopiyka/internal/pg"
)

// What was pledged before there were joint campaigns was given through the cluster that leads,
// by whoever gave it: the company may have left since. What the older program writes beside
// the newer schema is given so too.
func TestOlderPledgesAreGivenThroughTheLeadingCluster(t *testing.T) {
	t.Parallel()
	db := open(t, pg.Open, emptyDatabase(t))
	if err := pg.MigrateTo(t.Context(), db, 21); err != nil {
		t.Fatal(err)
	}
	run := func(query string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), query); err != nil {
			t.Fatalf("%v\nin %s", err, query)
		}
	}
	pledge := func(n string) string {
		return `WITH p AS (INSERT INTO pledges (id, campaign_id, company_id, amount_minor, currency, visibility, reference, made_by, made_at)
			SELECT gen_random_uuid(), c.id, k.id, 100, 'USD', 'named', 'RF00` + n + `000000000', w.id, '2026-03-02 23:30+02' FROM campaigns c, companies k, people w RETURNING id)
			INSERT INTO instalments (id, pledge_id, amount_minor, due_on) SELECT gen_random_uuid(), id, 100, '2026-03-02' FROM p`
	}
	run(`INSERT INTO clusters (id, slug, name_uk, name_en, created_at) SELECT gen_random_uuid(), s, s, s, '2020-01-01' FROM unnest(ARRAY['leads', 'other']) s`)
	run(`INSERT INTO companies (id, slug, name_uk, name_en, created_at) VALUES (gen_random_uuid(), 'gone', 'Г', 'G', '2020-01-01')`)
	run(`INSERT INTO people (id, email, name, created_at) VALUES (gen_random_uuid(), 'p@example.org', 'P', '2020-01-01')`)
	run(`INSERT INTO campaigns (id, cluster_id, slug, title_uk, title_en, summary_uk, summary_en, story_uk, story_en, goal_minor, currency, state, opens_on, created_at, changed_at)
		SELECT gen_random_uuid(), id, 'relief', 'Д', 'R', '', '', '', '', 1000, 'USD', 'open', '2026-01-01', '2026-01-01', '2026-01-01' FROM clusters WHERE slug = 'leads'`)
	run(pledge("1"))

	if err := pg.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), pledge("2")); pg.Constraint(err) != "pledges_through_membership" {
		t.Errorf("a pledge of no member: %v", err)
	}
	run(`INSERT INTO memberships (company_id, cluster_id, kind, since, until) SELECT k.id, c.id, 'member', '2026-03-02', '2026-03-03' FROM companies k, clusters c WHERE c.slug = 'leads'`)
	run(pledge("2"))
	var through []string
	err := db.SelectContext(t.Context(), &through, `SELECT k.slug FROM pledges p JOIN campaign_clusters j ON j.campaign_id = p.campaign_id AND j.cluster_id = p.through_id JOIN clusters k ON k.id = j.cluster_id`)
	if err != nil || strings.Join(through, " ") != "leads leads" {
		t.Errorf("given through %v, %v", through, err)
	}
}
