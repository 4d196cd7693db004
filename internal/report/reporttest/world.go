// Package reporttest fills a test's database for everyone who reads it: the report and the
// two public doors. What moves money goes through ledger.Post with the lines that giving
// and spending post, and everything else is a plain INSERT, so that no reader's test
// stands on the packages that write.
package reporttest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// World is a database with one cluster. Its clock moves a minute with every act.
type World struct {
	t  testing.TB
	DB *sqlx.DB

	ClusterID uuid.UUID
	Now       time.Time

	proposer, approver uuid.UUID
	made               int // people, payments and whatever else needs a number of its own
}

// New makes the cluster "kharkiv-it" in db, with the two people who set money aside.
func New(t testing.TB, db *sqlx.DB) *World {
	w := &World{t: t, DB: db, Now: time.Date(2026, 3, 25, 9, 0, 0, 0, time.UTC)}
	w.ClusterID = w.Cluster("kharkiv-it", "Харківський ІТ-кластер", "Kharkiv IT Cluster")
	w.proposer, w.approver = w.person(), w.person()
	return w
}

// Cluster makes a further cluster.
func (w *World) Cluster(slug, uk, en string) uuid.UUID {
	id := w.id()
	w.exec(`INSERT INTO clusters (id, slug, name_uk, name_en, about_uk, about_en, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		id, slug, uk, en, "Громадська організація.", "A non-profit association.", w.Tick())
	return id
}

// Campaign is what the makers need to know of a campaign.
type Campaign struct {
	ID        uuid.UUID
	Cluster   uuid.UUID
	Slug      string
	Currency  money.Currency
	Goal      int64
	State     string
	Title     [2]string // Ukrainian, English
	Story     [2]string
	Note      [2]string
	ClosesOn  *time.Time
	ChangedAt time.Time
}

// Campaign makes an open campaign of 1,000.00 USD; with changes what it is given first.
func (w *World) Campaign(slug string, with ...func(*Campaign)) Campaign {
	closes := w.Now.AddDate(0, 6, 0)
	c := Campaign{
		ID: w.id(), Cluster: w.ClusterID, Slug: slug, Currency: "USD", Goal: 100_000, State: "open",
		Title: [2]string{"Кампанія " + slug, "Campaign " + slug},
		Story: [2]string{"Що сталося.", "What happened."}, ClosesOn: &closes, ChangedAt: w.Tick(),
	}
	for _, change := range with {
		change(&c)
	}
	w.exec(`INSERT INTO campaigns (id, cluster_id, slug, title_uk, title_en, summary_uk, summary_en, story_uk, story_en, note_uk, note_en,
			goal_minor, currency, state, opens_on, closes_on, created_at, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)`,
		c.ID, c.Cluster, slug, c.Title[0], c.Title[1], "Про кампанію "+slug+".", "About campaign "+slug+".", c.Story[0], c.Story[1],
		c.Note[0], c.Note[1], c.Goal, string(c.Currency), c.State, w.Now, c.ClosesOn, c.ChangedAt)
	return c
}

// Goal gives a campaign another goal, for a reason.
func (w *World) Goal(c Campaign, minor int64, reason string) {
	w.t.Helper()
	at := w.Tick()
	err := pg.InTx(w.t.Context(), w.DB, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(w.t.Context(), `INSERT INTO campaign_reasons (campaign_id, version, kind, reason, goal_from_minor, goal_to_minor, given_by, given_at)
			SELECT id, version + 1, 'goal', $2, goal_minor, $3, $4, $5 FROM campaigns WHERE id = $1`, c.ID, reason, minor, w.proposer, at)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(w.t.Context(), `UPDATE campaigns SET goal_minor = $2, changed_at = $3 WHERE id = $1`, c.ID, minor, at)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// Company makes a company that belongs to no cluster.
func (w *World) Company(slug, uk, en string) uuid.UUID {
	id := w.id()
	w.exec(`INSERT INTO companies (id, slug, name_uk, name_en, created_at) VALUES ($1, $2, $3, $4, $5)`, id, slug, uk, en, w.Tick())
	return id
}

// Joins makes a company a member of the cluster.
func (w *World) Joins(company uuid.UUID) {
	w.JoinsTo(company, w.ClusterID)
}

// JoinsTo makes a company a member of a cluster.
func (w *World) JoinsTo(company, cluster uuid.UUID) {
	w.exec(`INSERT INTO memberships (company_id, cluster_id, kind, since) VALUES ($1, $2, 'member', '2017-05-01')`, company, cluster)
}

// Joint lets further clusters join a campaign.
func (w *World) Joint(c Campaign, clusters ...uuid.UUID) {
	for _, k := range clusters {
		w.exec(`INSERT INTO campaign_clusters (campaign_id, cluster_id, since, entered_by, entered_at) VALUES ($1, $2, ($3::timestamptz AT TIME ZONE 'Europe/Kyiv')::date, $4, $3)`, c.ID, k, w.Tick(), w.proposer)
	}
}

// Turn has a cluster that joined a campaign leave it, or join once more: the turn-th thing
// that it does. It returns what the schema says.
func (w *World) Turn(c Campaign, cluster uuid.UUID, turn int) error {
	_, err := w.DB.ExecContext(w.t.Context(), `INSERT INTO campaign_cluster_turns (campaign_id, cluster_id, turn, kind, since, entered_by, entered_at)
		SELECT $1, $2, $3, CASE WHEN odd THEN 'left' ELSE 'joined' END, CASE WHEN NOT odd THEN ($4::timestamptz AT TIME ZONE 'Europe/Kyiv')::date END, $5, $4 FROM (SELECT $3 % 2 = 1) x (odd)`,
		c.ID, cluster, turn, w.Tick(), w.proposer)
	return err
}

// Purpose makes a line of relief with one need.
func (w *World) Purpose(c Campaign, slug, uk, en string) uuid.UUID {
	id := w.id()
	w.made++
	w.exec(`INSERT INTO purposes (id, campaign_id, slug, title_uk, title_en, position) VALUES ($1, $2, $3, $4, $5, $6)`, id, c.ID, slug, uk, en, w.made)
	w.Need(id, "Ларингоскоп", "Laryngoscope", 12, "шт.", "pcs", "Лікарня № 17", "Hospital No. 17")
	return id
}

// Need makes a need of a purpose.
func (w *World) Need(purpose uuid.UUID, uk, en string, quantity int64, unitUK, unitEN, recipientUK, recipientEN string) {
	w.made++
	w.exec(`INSERT INTO needs (id, purpose_id, item_uk, item_en, quantity, unit_uk, unit_en, recipient_uk, recipient_en, position)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, w.id(), purpose, uk, en, quantity, unitUK, unitEN, recipientUK, recipientEN, w.made)
}

// Tick moves the world's clock on and tells the time.
func (w *World) Tick() time.Time {
	w.Now = w.Now.Add(time.Minute)
	return w.Now
}

func (w *World) person() uuid.UUID {
	id := w.id()
	w.made++
	w.exec(`INSERT INTO people (id, email, name, created_at) VALUES ($1, $2, 'Planted Person', $3)`, id, fmt.Sprintf("planted%d@example.org", w.made), w.Tick())
	return id
}

func (w *World) id() uuid.UUID {
	id, err := uuid.NewV7()
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *World) exec(query string, args ...any) {
	w.t.Helper()
	if _, err := w.DB.ExecContext(w.t.Context(), query, args...); err != nil {
		w.t.Fatalf("%v\nin %s", err, query)
	}
}

func (w *World) get(dest any, query string, args ...any) {
	w.t.Helper()
	if err := w.DB.GetContext(w.t.Context(), dest, query, args...); err != nil {
		w.t.Fatalf("%v\nin %s", err, query)
	}
}

func (w *World) post(e ledger.Entry, of ...Payment) {
	w.t.Helper()
	err := pg.InTx(w.t.Context(), w.DB, func(tx *sqlx.Tx) error {
		posted, err := ledger.Post(w.t.Context(), tx, e)
		if err != nil {
			return err
		}
		for _, y := range of {
			act := audit.Act{At: e.HappenedAt, Act: "payment." + string(e.Kind), Subject: "payment:" + y.ID.String(), Detail: map[string]any{"entry": posted.ID}}
			if err := audit.Record(w.t.Context(), tx, act); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// Balance is what the ledger holds on an account, asked of the ledger itself.
func (w *World) Balance(a ledger.Account) int64 {
	w.t.Helper()
	minor, err := ledger.Balance(w.t.Context(), w.DB, a)
	if err != nil {
		w.t.Fatal(err)
	}
	return minor
}
