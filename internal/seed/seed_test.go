package seed_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/jmoiron/sqlx"

	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/seed"
)

var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

// example is the file that newcomers are shown, read the way the command reads it.
func example(t *testing.T) seed.Plan {
	t.Helper()
	var plan seed.Plan
	meta, err := toml.DecodeFile("../../docs/seed.example.toml", &plan)
	if err != nil {
		t.Fatal(err)
	}
	if strange := meta.Undecoded(); len(strange) > 0 {
		t.Fatalf("nobody knows %v", strange)
	}
	return plan
}

func enter(t *testing.T, db *sqlx.DB, plan seed.Plan) error {
	t.Helper()
	return pg.InTx(t.Context(), db, func(tx *sqlx.Tx) error { return plan.Enter(t.Context(), tx, noon) })
}

// rows counts everything that a plan could have entered.
func rows(t *testing.T, db *sqlx.DB) string {
	t.Helper()
	said := ""
	for _, table := range []string{"clusters", "bank_accounts", "people", "cluster_roles", "companies", "memberships", "company_roles", "campaigns", "purposes"} {
		var n int
		if err := db.Get(&n, `SELECT count(*) FROM `+table); err != nil {
			t.Fatal(err)
		}
		said += fmt.Sprintf("%s %d ", table, n)
	}
	return said
}

const (
	entered = "clusters 1 bank_accounts 1 people 3 cluster_roles 3 companies 1 memberships 1 company_roles 1 campaigns 1 purposes 2 "
	empty   = "clusters 0 bank_accounts 0 people 0 cluster_roles 0 companies 0 memberships 0 company_roles 0 campaigns 0 purposes 0 "
)

func TestExampleEnters(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	if err := enter(t, db, example(t)); err != nil {
		t.Fatal(err)
	}
	if got := rows(t, db); got != entered {
		t.Errorf("entered %s, want %s", got, entered)
	}
	c, err := campaign.BySlug(t.Context(), db, "ventilators")
	if err != nil || c.Goal != money.Of(25_000_000, "USD") || c.State != campaign.Open || c.OpensOn.Format(time.DateOnly) != "2026-03-01" ||
		c.ClosesOn.Format(time.DateOnly) != "2027-12-31" || c.Title.UK != "Апарати ШВЛ для лікарень" {
		t.Errorf("campaign = %+v, %v", c, err)
	}
	var since string
	if err := db.Get(&since, `SELECT since::text FROM memberships`); err != nil || since != "2020-01-15" {
		t.Errorf("member since %s, %v", since, err)
	}
}

// Everybody in the file can sign in, has a password of their own to choose, and then does what
// the file says.
func TestPeopleOfTheExampleCanSignIn(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	plan := example(t)
	if err := enter(t, db, plan); err != nil {
		t.Fatal(err)
	}
	for _, p := range plan.People {
		who, err := member.SignIn(t.Context(), db, clock.At(noon), p.Email, p.Password, "127.0.0.1")
		if err != nil || len(who.Clusters) != len(p.Roles) || !who.Given {
			t.Errorf("%s: %+v, %v", p.Email, who, err)
		}
	}
	owner := plan.Companies[0].Owner
	who, err := member.SignIn(t.Context(), db, clock.At(noon), owner.Email, owner.Password, "127.0.0.1")
	if err != nil || len(who.Companies) != 1 || who.Companies[0].Role != member.Owner || !who.Given {
		t.Errorf("%s: %+v, %v", owner.Email, who, err)
	}
}

func TestPlanIsNotEnteredTwice(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	plan := example(t)
	if err := enter(t, db, plan); err != nil {
		t.Fatal(err)
	}
	err := enter(t, db, plan)
	if f, ok := fault.As(err); !ok || f.Key != "slug.taken" {
		t.Errorf("error = %v", err)
	}
	if got := rows(t, db); got != entered {
		t.Errorf("then there are %s", got)
	}
}

// A mistake anywhere, even at the end, leaves nothing behind.
func TestPlanWithAMistakeEntersNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	for name, c := range map[string]struct {
		spoil func(*seed.Plan)
		key   string // of the fault; empty: another error
	}{
		"cluster's slug":          {func(p *seed.Plan) { p.Cluster.Slug = "Харків" }, "slug.form"},
		"check digits of an IBAN": {func(p *seed.Plan) { p.BankAccounts[0].IBAN = "UA213223130000026007233566010" }, "bank_account.iban"},
		"account twice":           {func(p *seed.Plan) { p.BankAccounts = append(p.BankAccounts, p.BankAccounts[0]) }, "bank_account.taken"},
		"account's currency":      {func(p *seed.Plan) { p.BankAccounts[0].Currency = "" }, "currency.unknown"},
		"short password":          {func(p *seed.Plan) { p.People[0].Password = "short" }, "person.password_short"},
		"odd address":             {func(p *seed.Plan) { p.People[1].Email = "approver" }, "person.email_form"},
		"address of two people":   {func(p *seed.Plan) { p.Companies[0].Owner.Email = p.People[0].Email }, "person.email_taken"},
		"role that is none":       {func(p *seed.Plan) { p.People[0].Roles = []member.ClusterRole{"boss"} }, ""},
		"company's slug":          {func(p *seed.Plan) { p.Companies[0].Slug = "" }, "slug.form"},
		"two companies":           {func(p *seed.Plan) { p.Companies = append(p.Companies, p.Companies[0]) }, "slug.taken"},
		"no currency":             {func(p *seed.Plan) { p.Campaigns[0].Currency = "" }, "currency.unknown"},
		"currency":                {func(p *seed.Plan) { p.Campaigns[0].Currency = "USDT" }, "currency.unknown"},
		"goal":                    {func(p *seed.Plan) { p.Campaigns[0].Goal = "a lot" }, "money.not_a_number"},
		"goal of nothing":         {func(p *seed.Plan) { p.Campaigns[0].Goal = "0" }, "money.zero"},
		"end before beginning":    {func(p *seed.Plan) { p.Campaigns[0].ClosesOn = noon.AddDate(-1, 0, 0) }, ""},
		"nobody joins":            {func(p *seed.Plan) { p.Campaigns[0].Joined = []string{"unicorns"} }, "cluster.unknown"},
		"purpose's slug":          {func(p *seed.Plan) { p.Campaigns[0].Purposes[1].Slug = "ventilators" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			plan := example(t)
			c.spoil(&plan)
			err := enter(t, db, plan)
			if f, ok := fault.As(err); err == nil || c.key != "" && (!ok || f.Key != c.key) {
				t.Errorf("error = %v, want %s", err, c.key)
			}
			if got := rows(t, db); got != empty {
				t.Errorf("left behind: %s", got)
			}
		})
	}
}

// A cluster that is here already joins a campaign of the file, from that day on.
func TestClustersOfOtherFilesJoin(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	other := seed.Plan{Cluster: seed.Cluster{Slug: "lviv-it", Name: seed.Text{UK: "Львівський ІТ-кластер", EN: "Lviv IT Cluster"}}}
	if err := enter(t, db, other); err != nil {
		t.Fatal(err)
	}
	plan := example(t)
	plan.Campaigns[0].Joined = []string{"lviv-it"}
	if err := enter(t, db, plan); err != nil {
		t.Fatal(err)
	}
	c, err := campaign.BySlug(t.Context(), db, plan.Campaigns[0].Slug)
	if err != nil {
		t.Fatal(err)
	}
	all, err := campaign.Clusters(t.Context(), db, c.ID)
	if err != nil || len(all) != 2 || !all[0].Leads || all[1].Slug != "lviv-it" || all[1].Since.Format(time.DateOnly) != "2026-03-02" {
		t.Errorf("clusters of the campaign: %+v, %v", all, err)
	}
}

// What a file leaves out begins on the day on which it is entered.
func TestDatesThatAreLeftOutAreToday(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	plan := example(t)
	plan.Companies[0].MemberSince, plan.Campaigns[0].OpensOn, plan.Campaigns[0].ClosesOn = time.Time{}, time.Time{}, time.Time{}
	if err := enter(t, db, plan); err != nil {
		t.Fatal(err)
	}
	var dates string
	err := db.Get(&dates, `SELECT since || ' ' || opens_on || ' ' || coalesce(closes_on::text, 'open') FROM memberships, campaigns`)
	if err != nil || dates != "2026-03-02 2026-03-02 open" {
		t.Errorf("dates = %q, %v", dates, err)
	}
}
