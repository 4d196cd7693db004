package audit_test

import (
	"slices"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
)

// watched is a world with an auditor in each of its two clusters.
type watched struct {
	*gatewaytest.World
	auditor, elsewhere, other string // other is the stranger's cluster
}

func watch(t *testing.T) watched {
	t.Helper()
	w := watched{World: gatewaytest.NewWorld(t, clock.System, "USD")}
	if err := w.Owner.Get(&w.other, `SELECT id FROM clusters WHERE id <> $1`, w.Cluster); err != nil {
		t.Fatal(err)
	}
	w.Tx(func(tx *sqlx.Tx) (err error) {
		for email, at := range map[string]struct {
			person  *string
			cluster string
		}{"auditor@example.org": {&w.auditor, w.Cluster}, "elsewhere@example.org": {&w.elsewhere, w.other}} {
			if *at.person, err = member.AddPerson(t.Context(), tx, w.Now(), email, "Auditor of "+email, ""); err != nil {
				return err
			}
			if err = member.GiveClusterRole(t.Context(), tx, *at.person, at.cluster, member.Auditor); err != nil {
				return err
			}
		}
		return nil
	})
	return w
}

func (w watched) record(t *testing.T, a audit.Act) {
	t.Helper()
	if a.At.IsZero() {
		a.At = noon
	}
	w.Tx(func(tx *sqlx.Tx) error { return audit.Record(t.Context(), tx, a) })
}

func (w watched) found(t *testing.T, person string, s audit.Search) []string {
	t.Helper()
	all, err := audit.Find(t.Context(), w.DB, person, s, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var acts []string
	for _, a := range all {
		acts = append(acts, a.Act+" "+a.Subject)
	}
	return acts
}

// What an act belongs to is found from its subject, and another cluster's is not there.
func TestAnActIsSeenByTheAuditorsOfItsClusterAlone(t *testing.T) {
	t.Parallel()
	w := watch(t)
	pledge := w.Pledge(700) // an act by itself
	var theirs string
	if err := w.Owner.Get(&theirs, `SELECT id FROM people WHERE email = 'stranger@example.org'`); err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"campaign:" + w.Campaign, "company:" + w.Company, "cluster:" + w.Cluster, "person:" + w.Coordinator, "pledge:" + pledge} {
		w.record(t, audit.Act{Person: w.Coordinator, Act: "thing.ours", Subject: subject})
	}
	for _, subject := range []string{"cluster:" + w.other, "person:" + theirs} {
		w.record(t, audit.Act{Person: theirs, Act: "thing.theirs", Subject: subject})
	}
	for _, subject := range []string{"person:" + w.Payer, "unknown:1", "pledge:" + pg.NewID(), "pledge:x", ""} { // of no cluster
		w.record(t, audit.Act{Person: w.Payer, Act: "thing.nobodys", Subject: subject})
	}
	ours := []string{"thing.ours pledge:" + pledge, "thing.ours person:" + w.Coordinator, "thing.ours cluster:" + w.Cluster, "thing.ours company:" + w.Company, "thing.ours campaign:" + w.Campaign, "pledge.made pledge:" + pledge}
	if got := w.found(t, w.auditor, audit.Search{}); !slices.Equal(got, ours) {
		t.Errorf("the auditor sees %q, want %q", got, ours)
	}
	if got, want := w.found(t, w.elsewhere, audit.Search{}), []string{"thing.theirs person:" + theirs, "thing.theirs cluster:" + w.other}; !slices.Equal(got, want) {
		t.Errorf("the other cluster's auditor sees %q, want %q", got, want)
	}
	for _, s := range []audit.Search{{Subject: pledge}, {Subject: "pledge:" + pledge}, {Person: w.Coordinator}, {Person: "coordinator@example.org"}, {Act: "thing.ours"}} {
		if got := w.found(t, w.elsewhere, s); len(got) > 0 {
			t.Errorf("the other cluster's auditor searches %+v and finds %q", s, got)
		}
		if got := w.found(t, w.auditor, s); len(got) == 0 {
			t.Errorf("%+v finds nothing", s)
		}
	}
	for _, person := range []string{w.Coordinator, w.Approver, w.Payer} {
		if got := w.found(t, person, audit.Search{}); len(got) > 0 {
			t.Errorf("somebody who is no auditor sees %q", got)
		}
		if may, err := audit.Reads(t.Context(), w.DB, person); may || err != nil {
			t.Errorf("reads: %v, %v", may, err)
		}
	}
}

// Acts are written in the transaction of what they tell of: a subject that the database
// cannot follow must not stop it.
func TestNoSubjectStopsAnAct(t *testing.T) {
	t.Parallel()
	w := watch(t)
	for _, kind := range append(slices.Clone(audit.Subjects), "event", "job", "payout", "stripe", "customer", "of-a-later-release") {
		for _, id := range []string{"", "1", "tr_1", w.Campaign, pg.NewID()} {
			w.record(t, audit.Act{Person: w.Payer, Act: "thing.done", Subject: kind + ":" + id})
		}
	}
	for _, thing := range []string{"event:evt_1", "job:1"} { // of whoever works in the house
		w.record(t, audit.Act{Person: w.Coordinator, Act: "thing.again", Subject: thing})
	}
	if got, want := w.found(t, w.auditor, audit.Search{}), []string{"thing.again job:1", "thing.again event:evt_1", "thing.done campaign:" + w.Campaign}; !slices.Equal(got, want) {
		t.Errorf("the auditor sees %q, want %q", got, want)
	}
}

// A movement at Stripe that belongs to no payment is of the cluster whose balance it moved.
func TestAMovementAtStripeIsInTheAuditOfItsCluster(t *testing.T) {
	t.Parallel()
	w := watch(t)
	w.Tx(func(tx *sqlx.Tx) error {
		_, err := giving.Charge(t.Context(), tx, w.Cluster, giving.Passing{ID: "txn_1", Type: "stripe_fee", HappenedAt: noon, Net: w.Amount(-200)})
		return err
	})
	if got := w.found(t, w.auditor, audit.Search{}); !slices.Equal(got, []string{"stripe.fee stripe:txn_1"}) {
		t.Errorf("the auditor sees %q", got)
	}
	if got := w.found(t, w.elsewhere, audit.Search{}); len(got) > 0 {
		t.Errorf("another cluster sees %q", got)
	}
}

// An alarm belongs to the cluster that must look at it, whatever its subject.
func TestAnAlarmIsInTheAuditOfItsCluster(t *testing.T) {
	t.Parallel()
	w := watch(t)
	w.Tx(func(tx *sqlx.Tx) error {
		for _, subject := range []string{"customer:cus_1", "cluster:" + w.Cluster} {
			if err := audit.Raise(t.Context(), tx, w.Cluster, audit.Act{At: noon, Act: "stripe.unapplied-cash", Subject: subject}); err != nil {
				return err
			}
		}
		return nil
	})
	all, err := audit.Find(t.Context(), w.DB, w.auditor, audit.Search{}, 0, 10)
	if err != nil || len(all) != 2 || !all[0].Alarm || !all[1].Alarm || all[1].Subject != "customer:cus_1" {
		t.Errorf("%+v, %v", all, err)
	}
	if got := w.found(t, w.elsewhere, audit.Search{}); len(got) > 0 {
		t.Errorf("another cluster sees %q", got)
	}
}

// A company is in two clusters: what one of them says about it is not the other's.
func TestWhatAClusterSaysOfACompanyStaysThere(t *testing.T) {
	t.Parallel()
	w := watch(t)
	w.Tx(func(tx *sqlx.Tx) error {
		return member.Enrol(t.Context(), tx, w.Company, member.Membership{ClusterID: w.other, Kind: "member", Since: noon.AddDate(-1, 0, 0)})
	})
	w.record(t, audit.Act{Act: "company.moved", Subject: "company:" + w.Company})
	w.record(t, audit.Act{Act: "company.membership-changed", Subject: "company:" + w.Company, Detail: map[string]any{"cluster": w.Cluster}})
	if got := w.found(t, w.elsewhere, audit.Search{}); !slices.Equal(got, []string{"company.moved company:" + w.Company}) {
		t.Errorf("the other cluster sees %q", got)
	}
	if got := w.found(t, w.auditor, audit.Search{}); len(got) != 2 {
		t.Errorf("its own sees %q", got)
	}
}

func TestTheAuditIsNarrowedByPersonSubjectActAndDay(t *testing.T) {
	t.Parallel()
	w := watch(t)
	day := func(n int) time.Time { return noon.AddDate(0, 0, n) }
	w.record(t, audit.Act{At: day(0), Person: w.Coordinator, Act: "a.first", Subject: "campaign:" + w.Campaign})
	w.record(t, audit.Act{At: day(1), Person: w.Approver, Act: "a.second", Subject: "campaign:" + w.Campaign})
	w.record(t, audit.Act{At: day(2), Act: "a.second", Subject: "cluster:" + w.Cluster})
	for name, test := range map[string]struct {
		s    audit.Search
		want []string
	}{
		"a part of a name":        {audit.Search{Person: "COORDIN"}, []string{"a.first campaign:" + w.Campaign}},
		"an e-mail":               {audit.Search{Person: "Approver@example.org"}, []string{"a.second campaign:" + w.Campaign}},
		"nobody":                  {audit.Search{Person: "nobody of this name"}, nil},
		"a wildcard is no name":   {audit.Search{Person: "%"}, nil},
		"an id":                   {audit.Search{Subject: w.Campaign}, []string{"a.second campaign:" + w.Campaign, "a.first campaign:" + w.Campaign}},
		"an act":                  {audit.Search{Act: "a.second"}, []string{"a.second cluster:" + w.Cluster, "a.second campaign:" + w.Campaign}},
		"from a day":              {audit.Search{From: day(1)}, []string{"a.second cluster:" + w.Cluster, "a.second campaign:" + w.Campaign}},
		"until a day":             {audit.Search{Until: day(1)}, []string{"a.first campaign:" + w.Campaign}},
		"everything at once":      {audit.Search{Person: "approver", Subject: w.Campaign, Act: "a.second", From: day(1), Until: day(2)}, []string{"a.second campaign:" + w.Campaign}},
		"what does not fit there": {audit.Search{Person: "approver", Act: "a.first"}, nil},
	} {
		if got := w.found(t, w.auditor, test.s); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	first, err := audit.Find(t.Context(), w.DB, w.auditor, audit.Search{}, 0, 2)
	if err != nil || len(first) != 2 {
		t.Fatal(first, err)
	}
	if rest, err := audit.Find(t.Context(), w.DB, w.auditor, audit.Search{}, first[1].ID, 2); err != nil || len(rest) != 1 || rest[0].Act != "a.first" || rest[0].PersonName != "coordinator" {
		t.Errorf("the second page is %+v, %v", rest, err)
	}
}

// Whoever acts leaves the address of the request; the program leaves none.
func TestAnActOfAPersonSaysFromWhere(t *testing.T) {
	t.Parallel()
	w := watch(t)
	ctx := audit.WithHost(t.Context(), "192.0.2.7")
	w.Tx(func(tx *sqlx.Tx) error {
		if err := audit.RecordAll(ctx, tx, []audit.Act{{At: noon, Person: w.Coordinator, Act: "a.one", Subject: "cluster:" + w.Cluster}, {At: noon, Act: "a.two", Subject: "cluster:" + w.Cluster}}); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, audit.Act{At: noon, Person: w.Coordinator, Act: "a.three", Subject: "cluster:" + w.Cluster}); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, audit.Act{At: noon, Act: "a.four", Subject: "cluster:" + w.Cluster}); err != nil {
			return err
		}
		return audit.Record(t.Context(), tx, audit.Act{At: noon, Person: w.Coordinator, Act: "a.five", Subject: "cluster:" + w.Cluster})
	})
	all, err := audit.Find(t.Context(), w.DB, w.auditor, audit.Search{}, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var hosts []string
	for _, a := range all {
		hosts = append(hosts, a.Host)
	}
	if !slices.Equal(hosts, []string{"", "", "192.0.2.7", "", "192.0.2.7"}) {
		t.Errorf("from %q", hosts)
	}
}

// A trail is all that a person did, wherever, and what befell to their own sign-in.
func TestATrailIsOnesOwn(t *testing.T) {
	t.Parallel()
	w := watch(t)
	w.record(t, audit.Act{Person: w.Payer, Act: "pledge.made", Subject: "pledge:1"})
	w.record(t, audit.Act{Person: w.Payer, Act: "person.signed-in", Subject: "person:" + w.Payer})
	w.record(t, audit.Act{Act: "person.factors-reset", Subject: "person:" + w.Payer})
	w.record(t, audit.Act{Person: w.Coordinator, Act: "person.signed-in", Subject: "person:" + w.Coordinator})
	var acts []string
	for after := int64(0); ; {
		page, err := audit.Trail(t.Context(), w.DB, w.Payer, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page {
			acts, after = append(acts, a.Act), a.ID
		}
		if len(page) < 2 {
			break
		}
	}
	if want := []string{"person.factors-reset", "person.signed-in", "pledge.made"}; !slices.Equal(acts, want) {
		t.Errorf("the trail is %q, want %q", acts, want)
	}
}

// To which clusters an act belongs is written by the database alone, once.
func TestNobodyMovesAnActToAnotherCluster(t *testing.T) {
	t.Parallel()
	w := watch(t)
	w.record(t, audit.Act{Act: "a.first", Subject: "cluster:" + w.Cluster})
	for _, query := range []string{`UPDATE audit_act_clusters SET act = 'a.second'`, `DELETE FROM audit_act_clusters`, `TRUNCATE audit_act_clusters`} {
		if _, err := w.Owner.ExecContext(t.Context(), query); pg.Code(err) != "LG004" {
			t.Errorf("%s: %v, want LG004", query, err)
		}
		if _, err := w.DB.ExecContext(t.Context(), query); pg.Code(err) != "42501" {
			t.Errorf("the program: %s: %v, want 42501", query, err)
		}
	}
	_, err := w.DB.ExecContext(t.Context(), `INSERT INTO audit_act_clusters (cluster_id, act_id, act, happened_at) SELECT $1, id, act, happened_at FROM audit_acts`, w.other)
	if pg.Code(err) != "42501" {
		t.Errorf("the program gives an act to another cluster: %v, want 42501", err)
	}
}
