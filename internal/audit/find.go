package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/pg"
)

// Search is what is looked for among acts. The zero Search finds all of them.
type Search struct {
	Person      string // an id, an e-mail, or part of a name
	Subject     string // such as pledge:<id>, or the id alone
	Act         string
	From, Until time.Time // from a moment on, and before one
}

// Subjects are the kinds of things that acts are done to and that have ids of ours.
var Subjects = []string{
	"payment", "pledge", "allocation", "campaign", "cluster", "company", "person", "application", "document", "letter",
	"exchange_rate", "statement_line", "line_match", "bank_statement",
}

// mostNamed bounds how many people a part of a name may mean.
const mostNamed = 50

// narrowing collects what a query asks beside whose acts it is about.
type narrowing struct {
	where string
	args  []any
}

func (n *narrowing) want(format string, arg any) {
	n.args = append(n.args, arg)
	n.where += fmt.Sprintf(" AND "+format, len(n.args))
}

const toldColumns = `t.id, t.happened_at, coalesce(p.name, '') AS person_name, t.act, t.subject, t.detail,
	coalesce(nullif(t.host, ''), t.detail ->> 'host', '') AS host, EXISTS (SELECT 1 FROM alarms a WHERE a.act_id = t.id) AS alarm`

// Reads reports whether a person reads the audit of a cluster: its auditors and admins do.
func Reads(ctx context.Context, db *sqlx.DB, person string) (bool, error) {
	var may bool
	if err := db.GetContext(ctx, &may, `SELECT EXISTS (SELECT 1 FROM cluster_roles WHERE person_id = $1 AND role IN ('auditor', 'admin'))`, person); err != nil {
		return false, fmt.Errorf("find who reads the audit: %w", err)
	}
	return may, nil
}

// Find lists the acts of the clusters whose audit a person reads, those that fit a search,
// the last written first. Others find nothing: their own acts are Trail's. After is the id
// of the last act of the page before, or 0.
func Find(ctx context.Context, db *sqlx.DB, person string, s Search, after int64, limit int) ([]Told, error) {
	n := narrowing{args: []any{person, limit}}
	if after > 0 {
		n.want(`x.act_id < $%d`, after)
	}
	if s.Act != "" {
		n.want(`x.act = $%d`, s.Act)
	}
	if !s.From.IsZero() {
		n.want(`x.happened_at >= $%d`, s.From)
	}
	if !s.Until.IsZero() {
		n.want(`x.happened_at < $%d`, s.Until)
	}
	acts := `audit_act_clusters x`
	if s.Subject != "" || s.Person != "" {
		acts += ` JOIN audit_acts t ON t.id = x.act_id`
	}
	if s.Subject != "" {
		n.want(`t.subject = ANY ($%d)`, pq.Array(meant(s.Subject)))
	}
	if s.Person != "" {
		named, err := peopleNamed(ctx, db, s.Person)
		if err != nil {
			return nil, err
		}
		n.want(`t.person_id = ANY ($%d::uuid[])`, pq.Array(named))
	}
	return tell(ctx, db, `SELECT DISTINCT page.act_id AS id FROM (SELECT DISTINCT cluster_id FROM cluster_roles WHERE person_id = $1 AND role IN ('auditor', 'admin')) r
		CROSS JOIN LATERAL (SELECT x.act_id FROM `+acts+` WHERE x.cluster_id = r.cluster_id`+n.where+` ORDER BY x.act_id DESC LIMIT $2) page
		ORDER BY id DESC LIMIT $2`, n.args...)
}

// Trail lists what a person did and what was done to their own sign-in, the last first.
func Trail(ctx context.Context, db *sqlx.DB, person string, after int64, limit int) ([]Told, error) {
	n := narrowing{args: []any{person, limit}}
	if after > 0 {
		n.want(`id < $%d`, after)
	}
	return tell(ctx, db, `(SELECT id FROM audit_acts WHERE person_id = $1`+n.where+` ORDER BY id DESC LIMIT $2)
		UNION (SELECT id FROM audit_acts WHERE subject = 'person:' || $1::uuid`+n.where+` ORDER BY id DESC LIMIT $2)
		ORDER BY id DESC LIMIT $2`, n.args...)
}

// tell reads the acts that a query has picked.
func tell(ctx context.Context, db *sqlx.DB, picked string, args ...any) ([]Told, error) {
	var all []Told
	err := db.SelectContext(ctx, &all, `SELECT `+toldColumns+` FROM (`+picked+`) page
		 CROSS JOIN LATERAL (SELECT * FROM audit_acts WHERE id = page.id LIMIT 1) t LEFT JOIN people p ON p.id = t.person_id
		 ORDER BY t.id DESC`, args...)
	if err != nil {
		return nil, fmt.Errorf("list the acts: %w", err)
	}
	return all, nil
}

// meant are the subjects that somebody may mean.
func meant(subject string) []string {
	if !pg.IsID(subject) {
		return []string{subject}
	}
	all := slices.Clone(Subjects)
	for i, kind := range all {
		all[i] = kind + ":" + strings.ToLower(subject)
	}
	return all
}

// peopleNamed are the ids of the people that somebody may mean.
func peopleNamed(ctx context.Context, db *sqlx.DB, text string) ([]string, error) {
	if pg.IsID(text) {
		return []string{text}, nil
	}
	named := []string{}
	err := db.SelectContext(ctx, &named, `SELECT id FROM people WHERE lower(email) = lower($1) OR strpos(lower(name), lower($1)) > 0 ORDER BY id LIMIT $2`, text, mostNamed)
	if err != nil {
		return nil, fmt.Errorf("find who is meant: %w", err)
	}
	return named, nil
}
