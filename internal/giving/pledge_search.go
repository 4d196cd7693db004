package giving

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// PledgeSearch is what is looked for among pledges. The zero PledgeSearch finds all of them.
type PledgeSearch struct {
	Text     string // words of a company's name, a reference, a purchase order's number or an id
	Campaign string // a campaign's slug
}

// FindPledges lists the pledges to campaigns of the clusters in which a person has a role
// that fit a search, newest first. After is the id of the last pledge of the page before, or
// empty.
func FindPledges(ctx context.Context, db *sqlx.DB, person string, s PledgeSearch, after string, limit int) ([]Pledge, error) {
	q, err := pledgesAfter(person, after)
	if err != nil {
		return nil, err
	}
	campaign := ofCluster
	if s.Campaign != "" {
		campaign += ` AND c.slug = ` + q.add(s.Campaign)
	}
	from, named := q.namedPledges(strings.TrimSpace(s.Text), true)
	where, most := strings.Join(append(q.where, "true"), " AND "), q.add(limit)
	if named {
		return q.pledges(ctx, db, `SELECT p.id FROM `+from+` JOIN campaigns c ON c.id = p.campaign_id WHERE `+campaign+` AND `+where+` ORDER BY p.id DESC LIMIT `+most)
	}
	return q.pledges(ctx, db, `SELECT p.id FROM campaigns c
		CROSS JOIN LATERAL (SELECT p.id FROM pledges p WHERE p.campaign_id = c.id AND `+where+` ORDER BY p.id DESC LIMIT `+most+`) p
		WHERE `+campaign+` ORDER BY p.id DESC LIMIT `+most)
}

// FindPledgesOf lists a company's pledges that fit a search for a person of that company,
// newest first; for others there is nothing. A company's name is not looked for.
func FindPledgesOf(ctx context.Context, db *sqlx.DB, company, person string, s PledgeSearch, after string, limit int) ([]Pledge, error) {
	q, err := pledgesAfter(person, after)
	if err != nil {
		return nil, err
	}
	q.want(`p.company_id = %s`, company)
	if s.Campaign != "" {
		q.want(`p.campaign_id = (SELECT id FROM campaigns WHERE slug = %s)`, s.Campaign)
	}
	from, named := q.namedPledges(strings.TrimSpace(s.Text), false)
	if !named {
		from = `pledges p`
	}
	return q.pledges(ctx, db, `SELECT p.id FROM `+from+` WHERE `+ofCompany+` AND `+strings.Join(q.where, " AND ")+` ORDER BY p.id DESC LIMIT `+q.add(limit))
}

// ofCompany holds for a pledge p of a company in which the person $1 has a role.
const ofCompany = `p.company_id IN (SELECT r.company_id FROM company_roles r WHERE r.person_id = $1)`

func pledgesAfter(person, after string) (query, error) {
	q := query{args: []any{person}}
	if after == "" {
		return q, nil
	}
	if !pg.IsID(after) {
		return q, fault.New(fault.NotFound, "page.unknown")
	}
	q.want(`p.id < %s`, after)
	return q, nil
}

// namedPledges says where pledges come from that a text names, or false when there is no
// text. What is neither a reference nor an id may be a purchase order's number, or words of
// the company's name.
func (q *query) namedPledges(text string, companies bool) (from string, ok bool) {
	switch refs := FindReferences(text); {
	case text == "":
		return "", false
	case len(refs) > 0:
		return `(SELECT * FROM pledges WHERE reference = ` + q.add(string(refs[0])) + `) p`, true
	case pg.IsID(text):
		return `(SELECT * FROM pledges WHERE id = ` + q.add(text) + `) p`, true
	}
	found := `SELECT id FROM pledges WHERE purchase_order <> '' AND purchase_order = ` + q.add(text)
	if words := beginnings(text); companies && words != "" {
		found += ` UNION SELECT p.id FROM companies k JOIN pledges p ON p.company_id = k.id WHERE ` + companyWords + ` @@ to_tsquery('simple', ` + q.add(words) + `)`
	}
	return `(` + found + `) f JOIN pledges p ON p.id = f.id`, true
}

// pledgesNamed are the ids of all pledges that a text names, whoever may see them.
func pledgesNamed(ctx context.Context, db *sqlx.DB, text string) ([]string, error) {
	var q query
	from, _ := q.namedPledges(text, true)
	var ids []string
	if err := db.SelectContext(ctx, &ids, `SELECT p.id FROM `+from, q.args...); err != nil {
		return nil, fmt.Errorf("find the pledges that are named: %w", err)
	}
	return ids, nil
}

// companyWords are the words of the names of a company k, as they are indexed.
const companyWords = `to_tsvector('simple', lower((k.name_uk || ' ' || k.name_en || ' ' || k.slug) COLLATE "uk-x-icu"))`

// pledges reads the pledges of a query for ids, newest first. The ids are asked for by
// themselves: beside them PostgreSQL takes reading the whole table for the shorter way.
func (q *query) pledges(ctx context.Context, db *sqlx.DB, query string) ([]Pledge, error) {
	var ids []string
	if err := db.SelectContext(ctx, &ids, query, q.args...); err != nil {
		return nil, fmt.Errorf("search pledges: %w", err)
	}
	rows, err := db.QueryContext(ctx, `SELECT `+pledgeColumns+pledgeTables+`WHERE p.id = ANY ($1::uuid[]) ORDER BY p.id DESC`, pq.Array(ids))
	if err != nil {
		return nil, fmt.Errorf("read the pledges that were found: %w", err)
	}
	return scanPledges(rows)
}

// FindPaymentsOf lists a company's payments that fit a search for a person of that company:
// those of its newest pledge first, and of each pledge the newest first. For others there is
// nothing. After is the id of the last payment of the page before, or empty.
func FindPaymentsOf(ctx context.Context, db *sqlx.DB, company, person string, s Search, after string, limit int) ([]Found, error) {
	q := query{args: []any{person}}
	q.want(`p.company_id = %s`, company)
	if err := q.plain(s); err != nil {
		return nil, err
	}
	if err := q.goOnBelow(ctx, db, company, after); err != nil {
		return nil, err
	}
	if s.Campaign != "" {
		q.want(`p.campaign_id = (SELECT id FROM campaigns WHERE slug = %s)`, s.Campaign)
	}
	switch refs := FindReferences(s.Text); {
	case s.Text == "":
	case len(refs) > 0:
		q.want(`p.reference = %s`, string(refs[0]))
	case pg.IsID(s.Text):
		q.want(`y.id = %s`, s.Text)
	default:
		q.want(`p.purchase_order <> '' AND p.purchase_order = %s`, s.Text)
	}
	var all []Found
	err := db.SelectContext(ctx, &all, `SELECT `+foundColumns+` FROM payments y`+foundTables+`
		WHERE `+ofCompany+` AND `+strings.Join(q.where, " AND ")+` ORDER BY p.id DESC, y.id DESC LIMIT `+q.add(limit), q.args...)
	if err != nil {
		return nil, fmt.Errorf("search a company's payments: %w", err)
	}
	return all, nil
}

// goOnBelow begins below a company's payment of the page before.
func (q *query) goOnBelow(ctx context.Context, db *sqlx.DB, company, after string) error {
	if after == "" {
		return nil
	}
	unknown := fault.New(fault.NotFound, "page.unknown")
	if !pg.IsID(after) {
		return unknown
	}
	var pledge string
	err := db.GetContext(ctx, &pledge, `SELECT p.id FROM payments y JOIN pledges p ON p.id = y.pledge_id WHERE y.id = $1 AND p.company_id = $2`, after, company)
	if errors.Is(err, sql.ErrNoRows) {
		return unknown
	}
	if err != nil {
		return fmt.Errorf("find the page: %w", err)
	}
	q.want(`p.id <= %s`, pledge) // the same for the index of a company's pledges
	q.want(`(p.id, y.id) < (%s, %s)`, pledge, after)
	return nil
}
