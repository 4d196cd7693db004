package exchange

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
)

// Rate is what one unit of a currency is worth in another.
type Rate struct {
	ID        string
	ClusterID string         `db:"cluster_id"`
	Cluster   string         // its name, in lists
	From      money.Currency `db:"from_currency"`
	To        money.Currency `db:"to_currency"`
	Value     Value          `db:"rate"`
	Source    string
	Day       time.Time
	EnteredBy string    `db:"entered_by"` // a name, in lists
	EnteredAt time.Time `db:"entered_at"`
}

// None reports whether there is no rate.
func (r Rate) None() bool { return r.ID == "" }

const columns = `r.id, r.cluster_id, r.from_currency, r.to_currency, r.rate, r.source, r.day, r.entered_at`

// Entry is a rate that a person enters.
type Entry struct {
	ClusterID string
	PersonID  string
	From, To  money.Currency
	Value     Value
	Source    string
	Day       time.Time
	Sure      bool // it may be far from the last one
}

const maxSource = 60

// earliest is the first day that a rate may be of: before it somebody has mistyped.
var earliest = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// Check holds the rules that need no database: nil, or a fault.Form.
func (e Entry) Check(now time.Time) error {
	var form fault.Form
	if !e.From.Known() {
		form = append(form, fault.In("from", "currency.unknown", string(e.From)))
	}
	switch {
	case !e.To.Known():
		form = append(form, fault.In("to", "currency.unknown", string(e.To)))
	case e.From == e.To:
		form = append(form, fault.In("to", "rate.same_currency"))
	}
	if e.Value <= 0 {
		form = append(form, fault.In("rate", "rate.zero"))
	}
	source := strings.TrimSpace(e.Source)
	if wrong := text.Check("source", source, maxSource); wrong != nil {
		form = append(form, wrong)
	} else if source == "" || strings.ContainsAny(source, "\n\t") {
		form = append(form, fault.In("source", "rate.source_missing"))
	}
	switch {
	case e.Day.Before(earliest):
		form = append(form, fault.In("day", "rate.day_missing"))
	case e.Day.After(clock.Day(now)):
		form = append(form, fault.In("day", "rate.day_ahead"))
	}
	return form.Err()
}

// Enter records a rate and returns its id. A coordinator or treasurer of the cluster
// enters it; to strangers the cluster is not there. One that differs from the rate in
// force by more than a fifth is a fault about "sure" unless the person is sure. Each call
// is another rate, and the last one of the newest day is in force.
func Enter(ctx context.Context, db *sqlx.DB, now clock.Clock, e Entry) (string, error) {
	if err := e.Check(now()); err != nil {
		return "", err
	}
	id := pg.NewID()
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := mayEnter(ctx, tx, e.ClusterID, e.PersonID); err != nil {
			return err
		}
		last, err := InForce(ctx, tx, e.ClusterID, e.From, e.To, now())
		if err != nil {
			return err
		}
		if !last.None() && !e.Sure && apart(last.Value, e.Value) {
			return fault.In("sure", "rate.far_off", last.Value, last.Source, last.Day)
		}
		return Add(ctx, tx, now(), id, e)
	})
	if err != nil {
		return "", fmt.Errorf("enter an exchange rate: %w", err)
	}
	return id, nil
}

// Add writes a rate that was checked, in the caller's transaction.
func Add(ctx context.Context, tx *sqlx.Tx, at time.Time, id string, e Entry) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO exchange_rates (id, cluster_id, from_currency, to_currency, rate, source, day, entered_by, entered_at)
		VALUES ($1, $2, $3, $4, $5::numeric, $6, $7, $8, $9)`,
		id, e.ClusterID, string(e.From), string(e.To), e.Value.String(), strings.TrimSpace(e.Source), e.Day, e.PersonID, at)
	if err != nil {
		return fmt.Errorf("write the rate: %w", err)
	}
	return audit.Record(ctx, tx, audit.Act{At: at, Person: e.PersonID, Act: "rate.entered", Subject: "exchange_rate:" + id, Detail: map[string]any{
		"from": e.From, "to": e.To, "rate": e.Value.String(), "source": strings.TrimSpace(e.Source), "day": e.Day.Format(time.DateOnly),
	}})
}

func mayEnter(ctx context.Context, tx *sqlx.Tx, cluster, person string) error {
	return member.May(ctx, tx, cluster, person, []member.ClusterRole{member.Coordinator, member.Treasurer},
		fault.New(fault.Forbidden, "rate.role"), fault.New(fault.NotFound, "cluster.unknown"))
}

// InForce is the rate of a pair that counts at a moment: the last word about the newest
// day. None of it when nobody has entered one.
func InForce(ctx context.Context, db sqlx.QueryerContext, cluster string, from, to money.Currency, at time.Time) (Rate, error) {
	var r Rate
	err := sqlx.GetContext(ctx, db, &r, `
		SELECT `+columns+` FROM exchange_rates r WHERE r.cluster_id = $1 AND r.from_currency = $2 AND r.to_currency = $3 AND r.day <= $4
		 ORDER BY r.day DESC, r.entered_at DESC, r.id DESC LIMIT 1`, cluster, string(from), string(to), clock.Day(at))
	if errors.Is(err, sql.ErrNoRows) {
		return Rate{}, nil
	}
	if err != nil {
		return Rate{}, fmt.Errorf("find the rate: %w", err)
	}
	return r, nil
}

// PageSize is how many rates a page of the office's list holds.
const PageSize = 50

// List lists the rates of the clusters in which a person has a role, the last entered
// first, so many at a time. After is the id of the last rate of the page before, or empty.
func List(ctx context.Context, db *sqlx.DB, person, after string, limit int) ([]Rate, error) {
	if after != "" && !pg.IsID(after) {
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	var all []Rate
	err := db.SelectContext(ctx, &all, `
		SELECT `+columns+`, w.name AS entered_by FROM cluster_roles o
		 CROSS JOIN LATERAL (SELECT * FROM exchange_rates x WHERE x.cluster_id = o.cluster_id AND ($2 = '' OR x.id < nullif($2, '')::uuid) ORDER BY x.id DESC LIMIT $3) r
		  JOIN people w ON w.id = r.entered_by
		 WHERE o.person_id = $1 GROUP BY r.id, r.cluster_id, r.from_currency, r.to_currency, r.rate, r.source, r.day, r.entered_at, w.name
		 ORDER BY r.id DESC LIMIT $3`, person, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list rates: %w", err)
	}
	return all, nil
}
