// Package gatewaytest is a small house for tests: a cluster with its people, a campaign, a
// sandbox for Stripe's part, the gateway, the inbox's workers and the webhooks' door. All of
// it is the real thing; nothing here stands in for another part.
//
// World is the part without Stripe. Bench adds Stripe.
package gatewaytest

import (
	"fmt"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/exchange"
	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

// World is a database in which people can give and spend: a cluster, a company that is its
// member, and an open campaign with one purpose. The people's ids say what they are.
type World struct {
	t     testing.TB
	DB    *sqlx.DB // with the rights of the running program
	Owner *sqlx.DB // as the schema's owner, for looking and for breaking things
	Now   clock.Clock

	Cluster  string
	Company  string
	Campaign string
	Slug     string // the campaign's
	Purpose  string
	Currency money.Currency

	CompanyOwner, Payer, Viewer string // of the company
	Coordinator, Approver       string // of the cluster
	Stranger                    string // owns another company and runs another cluster
}

// NewWorld makes a world whose campaign collects in a currency. Its people cannot sign in.
func NewWorld(t testing.TB, now clock.Clock, currency money.Currency) *World {
	t.Helper()
	w := &World{t: t, Now: now, Slug: "ventilators", Currency: currency}
	w.DB, w.Owner = pgtest.Both(t)
	w.Tx(w.fill)
	return w
}

func (w *World) fill(tx *sqlx.Tx) error {
	at := w.Now()
	var err error
	keep := func(id string, failed error) string {
		if err == nil {
			err = failed
		}
		return id
	}
	ctx := w.t.Context()
	person := func(name string) string {
		return keep(member.AddPerson(ctx, tx, at, name+"@example.org", name, ""))
	}
	text := func(uk, en string) member.Text { return member.Text{UK: uk, EN: en} }

	w.Cluster = keep(member.AddCluster(ctx, tx, at, member.Cluster{Slug: "kharkiv-it", Name: text("Харківський ІТ-кластер", "Kharkiv IT Cluster")}))
	w.Company = keep(member.AddCompany(ctx, tx, at, member.Company{Slug: "ganok", Name: text("Ганок", "Ganok")}))
	w.CompanyOwner, w.Payer, w.Viewer = person("owner"), person("payer"), person("viewer")
	w.Coordinator, w.Approver, w.Stranger = person("coordinator"), person("approver"), person("stranger")
	otherCluster := keep(member.AddCluster(ctx, tx, at, member.Cluster{Slug: "lviv-it", Name: text("Львівський ІТ-кластер", "Lviv IT Cluster")}))
	otherCompany := keep(member.AddCompany(ctx, tx, at, member.Company{Slug: "stranger", Name: text("Чужинець", "Stranger")}))
	if err != nil {
		return err
	}
	for _, enter := range []func() error{
		func() error { return member.Join(ctx, tx, w.Company, w.Cluster, at.AddDate(-1, 0, 0)) },
		func() error { return member.GiveCompanyRole(ctx, tx, w.CompanyOwner, w.Company, member.Owner) },
		func() error { return member.GiveCompanyRole(ctx, tx, w.Payer, w.Company, member.Payer) },
		func() error { return member.GiveCompanyRole(ctx, tx, w.Viewer, w.Company, member.Viewer) },
		func() error { return member.GiveClusterRole(ctx, tx, w.Coordinator, w.Cluster, member.Coordinator) },
		func() error { return member.GiveClusterRole(ctx, tx, w.Approver, w.Cluster, member.Approver) },
		func() error { return member.GiveCompanyRole(ctx, tx, w.Stranger, otherCompany, member.Owner) },
		func() error { return member.GiveClusterRole(ctx, tx, w.Stranger, otherCluster, member.Coordinator) },
		func() error { return member.GiveClusterRole(ctx, tx, w.Stranger, otherCluster, member.Approver) },
	} {
		if err := enter(); err != nil {
			return err
		}
	}
	w.Campaign = keep(w.addCampaign(tx, w.Slug, campaign.Open))
	w.Purpose = keep(campaign.AddPurpose(ctx, tx, campaign.Purpose{CampaignID: w.Campaign, Slug: "hospitals", Title: campaign.Text{UK: "Лікарням", EN: "For hospitals"}}))
	return err
}

func (w *World) addCampaign(tx *sqlx.Tx, slug string, state campaign.State) (string, error) {
	title := campaign.Text{UK: "Апарати ШВЛ", EN: "Ventilators"}
	return campaign.Add(w.t.Context(), tx, w.Now(), campaign.Campaign{
		ClusterID: w.Cluster, Slug: slug, Title: title, Summary: title, Story: title,
		Goal: money.Of(100_000_000, w.Currency), State: state, OpensOn: w.Now(),
	})
}

// AddCampaign adds a further campaign of the cluster and returns its id.
func (w *World) AddCampaign(slug string, state campaign.State) (id string) {
	w.t.Helper()
	w.Tx(func(tx *sqlx.Tx) (err error) {
		id, err = w.addCampaign(tx, slug, state)
		return err
	})
	return id
}

// Jointly lets the other cluster, which the stranger runs, join the campaign, and returns its
// id. Members of either may pledge then.
func (w *World) Jointly() (cluster string) {
	w.t.Helper()
	other, err := member.ClusterBySlug(w.t.Context(), w.DB, "lviv-it")
	if err != nil {
		w.t.Fatal(err)
	}
	w.Tx(func(tx *sqlx.Tx) error {
		return campaign.Join(w.t.Context(), tx, w.Now, campaign.Joining{Slug: w.Slug, ClusterID: other.ID, PersonID: w.Coordinator})
	})
	return other.ID
}

// Amount is a sum in the campaign's currency.
func (w *World) Amount(minor int64) money.Amount { return money.Of(minor, w.Currency) }

// Promise is a promise that is taken as it stands.
func (w *World) Promise(minor int64) giving.Promise {
	return giving.Promise{CampaignSlug: w.Slug, CompanyID: w.Company, PersonID: w.Payer, Amount: w.Amount(minor), Visibility: giving.Named}
}

// Pledge lets the payer promise an amount and returns the pledge's id.
func (w *World) Pledge(minor int64) string {
	w.t.Helper()
	id, err := giving.MakePledge(w.t.Context(), w.DB, w.Now, w.Promise(minor))
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// Payment reads a payment as it stands.
func (w *World) Payment(id string) giving.Payment {
	w.t.Helper()
	p, err := giving.PaymentOf(w.t.Context(), w.DB, id, w.Payer)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// Balance is what an account of the books holds, on its normal side.
func (w *World) Balance(a ledger.Account) int64 {
	w.t.Helper()
	minor, err := ledger.Balance(w.t.Context(), w.DB, a)
	if err != nil {
		w.t.Fatal(err)
	}
	return minor
}

// Free is what the campaign's fund holds.
func (w *World) Free() int64 { w.t.Helper(); return w.Balance(ledger.Fund(w.Campaign, w.Currency)) }

// Shortfall is what the campaign's fund owes.
func (w *World) Shortfall() int64 {
	w.t.Helper()
	return w.Balance(ledger.Shortfall(w.Campaign, w.Currency))
}

// AtStripe is the cluster's balance at Stripe, by our books.
func (w *World) AtStripe() int64 {
	w.t.Helper()
	return w.Balance(ledger.Stripe(w.Cluster, w.Currency))
}

// VerifyBooks fails the test for each place where the books contradict themselves.
func (w *World) VerifyBooks() {
	w.t.Helper()
	_, differences, err := ledger.Verify(w.t.Context(), w.Owner)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, d := range differences {
		w.t.Errorf("books: %s: %s: %d is written, %d counted", d.Check, d.Subject, d.Stored, d.Counted)
	}
}

// Count counts the rows that a query's WHERE and FROM name: Count("payments WHERE state = $1", "paid").
func (w *World) Count(from string, args ...any) int {
	w.t.Helper()
	var n int
	if err := w.Owner.GetContext(w.t.Context(), &n, `SELECT count(*) FROM `+from, args...); err != nil {
		w.t.Fatalf("count %s: %v", from, err)
	}
	return n
}

// Acts counts the audit's rows of an act.
func (w *World) Acts(act string) int {
	w.t.Helper()
	return w.Count("audit_acts WHERE act = $1", act)
}

// Tx runs a story in a transaction of the program and fails the test with its error.
func (w *World) Tx(story func(*sqlx.Tx) error) {
	w.t.Helper()
	if err := pg.InTx(w.t.Context(), w.DB, story); err != nil {
		w.t.Fatal(err)
	}
}

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// Until asks again until done says so, and fails the test when it never does.
func Until(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); {
		if time.Now().After(end) {
			t.Fatalf("%s did not happen within %s", what, patience)
		}
		time.Sleep(2 * time.Millisecond) // between two looks, not in place of one
	}
}

// Together runs n calls at once and returns their errors.
func Together(n int, call func(i int) error) []error {
	errs := make([]error, n)
	start, ended := make(chan struct{}), make(chan int)
	for i := range n {
		go func() {
			<-start
			errs[i] = call(i)
			ended <- i
		}()
	}
	close(start)
	for range n {
		<-ended
	}
	return errs
}

// Day reads a date for tests: Day("2026-03-02").
func Day(s string) time.Time {
	day, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(fmt.Sprintf("gatewaytest: %q is no date", s))
	}
	return day
}

// Accept lets the world's campaign take promises in a currency, at a rate of today.
func (w *World) Accept(c money.Currency, rate string) {
	w.t.Helper()
	ctx := w.t.Context()
	value, err := exchange.Parse(rate)
	if err != nil {
		w.t.Fatal(err)
	}
	known, err := campaign.Currencies(ctx, w.DB, w.Campaign)
	if err == nil {
		err = campaign.Accept(ctx, w.DB, w.Now, campaign.Acceptance{Slug: w.Slug, PersonID: w.Coordinator, Currencies: append(known, c)})
	}
	if err == nil {
		_, err = exchange.Enter(ctx, w.DB, w.Now, exchange.Entry{
			ClusterID: w.Cluster, PersonID: w.Coordinator, From: c, To: w.Currency, Value: value, Source: "NBU", Day: clock.Day(w.Now()), Sure: true,
		})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// PledgeIn lets the payer promise an amount in any currency that the campaign accepts.
func (w *World) PledgeIn(a money.Amount) string {
	w.t.Helper()
	p := w.Promise(1)
	p.Amount = a
	id, err := giving.MakePledge(w.t.Context(), w.DB, w.Now, p)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// PledgeOf reads a pledge as its company sees it.
func (w *World) PledgeOf(id string) giving.Pledge {
	w.t.Helper()
	p, err := giving.PledgeOf(w.t.Context(), w.DB, id, w.Payer)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}
