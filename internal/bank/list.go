package bank

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// PageSize is how many rows a page of a list holds.
const PageSize = 50

// Listed is a statement in a list.
type Listed struct {
	ID         string
	AccountID  string `db:"account_id"`
	IBAN       string
	BankUK     string `db:"bank_uk"`
	BankEN     string `db:"bank_en"`
	Currency   money.Currency
	FileName   string `db:"file_name"`
	Format     Format
	Number     string
	From       time.Time     `db:"from_on"`
	To         time.Time     `db:"to_on"`
	Opening    sql.NullInt64 `db:"opening_minor"`
	Closing    sql.NullInt64 `db:"closing_minor"`
	Sum        int64         `db:"sum_minor"`
	Lines      int
	Added      int
	ImportedBy string    `db:"imported_by"`
	ImportedAt time.Time `db:"imported_at"`
}

const listedColumns = `s.id, s.account_id, a.iban, a.bank_uk, a.bank_en, s.currency, s.file_name, s.format, s.number, s.from_on, s.to_on, s.opening_minor, s.closing_minor,
	s.sum_minor, s.lines, s.added, coalesce(p.name, '') AS imported_by, s.imported_at
	FROM bank_statements s JOIN bank_accounts a ON a.id = s.account_id LEFT JOIN people p ON p.id = s.imported_by`

// StatementSearch is what is looked for among statements. The zero one finds all of them.
type StatementSearch struct {
	File    string // part of a file's name
	Account string // an account's id
}

// Statements lists the statements of the clusters in which a person has a role that fit a
// search, the latest import first. After is the id of the last of the page before, or empty.
func Statements(ctx context.Context, db *sqlx.DB, person string, s StatementSearch, after string, limit int) ([]Listed, error) {
	if after != "" && !pg.IsID(after) {
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	if s.Account != "" && !pg.IsID(s.Account) {
		return nil, nil
	}
	var all []Listed
	err := db.SelectContext(ctx, &all, `SELECT `+listedColumns+` WHERE`+seenBy+` AND ($2 = '' OR s.id < nullif($2, '')::uuid)
		   AND ($3 = '' OR s.account_id = nullif($3, '')::uuid) AND ($4 = '' OR s.file_name ILIKE $4) ORDER BY s.id DESC LIMIT $5`, person, after, s.Account, like(s.File), limit)
	if err != nil {
		return nil, fmt.Errorf("list statements: %w", err)
	}
	return all, nil
}

// StatementFor finds a statement for a person with a role in its cluster; all others are one
// NotFound fault.
func StatementFor(ctx context.Context, db *sqlx.DB, person, id string) (Listed, error) {
	var s Listed
	unknown := fault.New(fault.NotFound, "bank.statement_unknown")
	if !pg.IsID(id) {
		return s, unknown
	}
	err := db.GetContext(ctx, &s, `SELECT `+listedColumns+` WHERE`+seenBy+` AND s.id = $2`, person, id)
	if errors.Is(err, sql.ErrNoRows) {
		return s, unknown
	}
	if err != nil {
		return s, fmt.Errorf("find the statement: %w", err)
	}
	return s, nil
}

// Row is a line in a list, and all of it on its own page.
type Row struct {
	ID          string
	StatementID string `db:"statement_id"`
	AccountID   string `db:"account_id"`
	ClusterID   string `db:"cluster_id"`
	IBAN        string
	Currency    money.Currency
	BookedOn    time.Time    `db:"booked_on"`
	ValueOn     sql.NullTime `db:"value_on"`
	Minor       int64        `db:"amount_minor"`
	Open        int64        `db:"open_minor"`
	Reference   string
	EndToEnd    string `db:"end_to_end"`
	Party       string
	PartyIBAN   string `db:"party_iban"`
	PartyID     string `db:"party_id"`
	Details     string
	Kind        Kind
	Found       string
}

// Amount is what moved, and Rest what of it nobody has explained.
func (r Row) Amount() money.Amount { return money.Of(r.Minor, r.Currency) }
func (r Row) Rest() money.Amount   { return money.Of(r.Open, r.Currency) }

const rowColumns = `l.id, l.statement_id, l.account_id, a.cluster_id, a.iban, l.currency, l.booked_on, l.value_on, l.amount_minor, r.open_minor, l.reference, l.end_to_end,
	l.party, l.party_iban, l.party_id, l.details, l.kind, array_to_string(l.found, ' ') AS found
	FROM statement_lines l JOIN statement_line_rests r ON r.line_id = l.id JOIN bank_accounts a ON a.id = l.account_id`

// asksFor holds for lines l in whose words $4 is found, or that are of one of the amounts $5.
const asksFor = `($4 = '' OR l.party || ' ' || l.details || ' ' || l.reference || ' ' || l.party_iban || ' ' || l.party_id || ' ' || l.end_to_end ILIKE $4 OR abs(l.amount_minor) = ANY ($5))`

// LinesOf lists the lines that a statement brought first, in its order, as far as what is
// asked is found in them (see Unmatched). Ask StatementFor first who may see them.
func LinesOf(ctx context.Context, db *sqlx.DB, statement, asked, after string, limit int) ([]Row, error) {
	if after != "" && !pg.IsID(after) {
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	var all []Row
	err := db.SelectContext(ctx, &all, `SELECT `+rowColumns+` WHERE l.statement_id = $1 AND ($2 = '' OR l.id > nullif($2, '')::uuid) AND `+asksFor+` ORDER BY l.id LIMIT $3`,
		statement, after, limit, like(asked), pq.Array(amounts(asked)))
	if err != nil {
		return nil, fmt.Errorf("list the statement's lines: %w", err)
	}
	return all, nil
}

// LineFor finds a line for a person with a role in its cluster; all others are one NotFound
// fault.
func LineFor(ctx context.Context, db *sqlx.DB, person, id string) (Row, error) {
	var r Row
	unknown := fault.New(fault.NotFound, "bank.line_unknown")
	if !pg.IsID(id) {
		return r, unknown
	}
	err := db.GetContext(ctx, &r, `SELECT `+rowColumns+` WHERE`+seenBy+` AND l.id = $2`, person, id)
	if errors.Is(err, sql.ErrNoRows) {
		return r, unknown
	}
	if err != nil {
		return r, fmt.Errorf("find the line: %w", err)
	}
	return r, nil
}

// Cursor says where a page of unmatched lines ended: Row.Cursor of its last.
func (r Row) Cursor() string { return r.BookedOn.Format(time.DateOnly) + "." + r.ID }

func fromCursor(cursor string) (on, id string, err error) {
	if cursor == "" {
		return "", "", nil
	}
	on, id, _ = strings.Cut(cursor, ".")
	if _, bad := time.Parse(time.DateOnly, on); bad != nil || !pg.IsID(id) {
		return "", "", fault.New(fault.NotFound, "page.unknown")
	}
	return on, id, nil
}

// Unmatched lists lines that nobody has fully explained, of the clusters in which a person
// has a role, the latest day first. Asked is looked for in who paid and what they wrote; an
// amount finds lines of that amount. After is the Cursor of the page before, or empty.
func Unmatched(ctx context.Context, db *sqlx.DB, person, asked, after string, limit int) ([]Row, error) {
	on, id, err := fromCursor(after)
	if err != nil {
		return nil, err
	}
	var all []Row
	err = db.SelectContext(ctx, &all, `
		SELECT page.* FROM (SELECT DISTINCT cluster_id FROM cluster_roles WHERE person_id = $1) mine
		 CROSS JOIN LATERAL (SELECT `+rowColumns+`
			 WHERE r.cluster_id = mine.cluster_id AND r.open_minor <> 0
			   AND ($2 = '' OR (r.booked_on, r.line_id) < (nullif($2, '')::date, nullif($3, '')::uuid))
			   AND `+asksFor+`
			 ORDER BY r.booked_on DESC, r.line_id DESC LIMIT $6) page
		 ORDER BY page.booked_on DESC, page.id DESC LIMIT $6`, person, on, id, like(asked), pq.Array(amounts(asked)), limit)
	if err != nil {
		return nil, fmt.Errorf("list unmatched lines: %w", err)
	}
	return all, nil
}

// CountUnmatched counts the lines that nobody has fully explained, of the clusters in which
// a person has a role, up to a number.
func CountUnmatched(ctx context.Context, db *sqlx.DB, person string, most int) (int, error) {
	var n int
	err := db.GetContext(ctx, &n, `SELECT count(*) FROM (SELECT 1 FROM statement_line_rests r
		 WHERE r.open_minor <> 0 AND r.cluster_id IN (SELECT cluster_id FROM cluster_roles WHERE person_id = $1) LIMIT $2) x`, person, most)
	if err != nil {
		return 0, fmt.Errorf("count unmatched lines: %w", err)
	}
	return n, nil
}

// like is a pattern that finds a text anywhere; its own wildcards mean themselves.
func like(text string) string {
	text = clean(text)
	if text == "" {
		return ""
	}
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(text) + "%"
}

// amounts are what a text may mean in minor units, whatever its currency's places.
func amounts(text string) []int64 {
	all := []int64{}
	for _, c := range []money.Currency{"UAH", "JPY", "KWD"} {
		if a, err := money.Parse(text, c); err == nil {
			all = append(all, a.Minor)
		}
	}
	return all
}

// Matched is what a line, or part of it, was for.
type Matched struct {
	ID         string
	Kind       string
	Minor      int64 `db:"amount_minor"`
	Currency   money.Currency
	PledgeRef  string    `db:"pledge_ref"`
	CompanyUK  string    `db:"company_uk"`
	CompanyEN  string    `db:"company_en"`
	CampaignUK string    `db:"campaign_uk"`
	CampaignEN string    `db:"campaign_en"`
	OtherLine  string    `db:"other_line"`
	By         string    // empty: by itself
	At         time.Time `db:"matched_at"`
	Undone     bool
	Returned   bool
	Reverses   bool
	Undoing    string // one that waits for another person
	Reason     string // its reason, or that of the one that was agreed to
	AskedBy    string `db:"asked_by"` // id
	AskerName  string `db:"asker_name"`
}

// Amount is how much of the line it is.
func (m Matched) Amount() money.Amount { return money.Of(m.Minor, m.Currency) }

// Undoable reports whether a person may ask to take it back.
func (m Matched) Undoable() bool {
	return (m.Kind == "gift" || m.Kind == "fee") && !m.Reverses && !m.Undone && !m.Returned && m.Undoing == ""
}

// MatchesOf lists what a line was for, in the order in which it was said. Ask LineFor first
// who may see it.
func MatchesOf(ctx context.Context, db *sqlx.DB, line string) ([]Matched, error) {
	var all []Matched
	err := db.SelectContext(ctx, &all, `
		SELECT m.id, m.kind, m.amount_minor, l.currency, coalesce(p.reference, '') AS pledge_ref, coalesce(k.name_uk, '') AS company_uk, coalesce(k.name_en, '') AS company_en,
		       coalesce(c.title_uk, '') AS campaign_uk, coalesce(c.title_en, '') AS campaign_en, coalesce(m.other_line::text, '') AS other_line,
		       coalesce(who.name, '') AS by, m.matched_at, m.reverses IS NOT NULL AS reverses,
		       EXISTS (SELECT 1 FROM line_matches b WHERE b.reverses = m.id) AS returned,
		       coalesce(d.decision = 'approved', false) AS undone,
		       CASE WHEN u.id IS NOT NULL AND d.undoing_id IS NULL THEN u.id::text ELSE '' END AS undoing,
		       coalesce(u.reason, '') AS reason, coalesce(u.asked_by::text, '') AS asked_by, coalesce(asker.name, '') AS asker_name
		  FROM line_matches m JOIN statement_lines l ON l.id = m.line_id
		  LEFT JOIN payments y ON y.id = m.payment_id LEFT JOIN pledges p ON p.id = y.pledge_id LEFT JOIN companies k ON k.id = p.company_id LEFT JOIN campaigns c ON c.id = p.campaign_id
		  LEFT JOIN people who ON who.id = m.matched_by
		  LEFT JOIN LATERAL (SELECT v.* FROM match_undoings v LEFT JOIN match_undoing_decisions w ON w.undoing_id = v.id
		                      WHERE v.match_id = m.id AND (w.decision IS NULL OR w.decision = 'approved') ORDER BY v.id DESC LIMIT 1) u ON true
		  LEFT JOIN match_undoing_decisions d ON d.undoing_id = u.id
		  LEFT JOIN people asker ON asker.id = u.asked_by
		 WHERE m.line_id = $1 ORDER BY m.id`, line)
	if err != nil {
		return nil, fmt.Errorf("list the line's matches: %w", err)
	}
	return all, nil
}

// LineOfMatch finds the line of a match, and LineOfUndoing that of what was asked; empty
// when there is none in the person's clusters. They lead a form back to its page.
func LineOfMatch(ctx context.Context, db *sqlx.DB, id, person string) (string, error) {
	return lineOf(ctx, db, `m.id = $1`, id, person)
}

// LineOfUndoing finds the line of what was asked.
func LineOfUndoing(ctx context.Context, db *sqlx.DB, id, person string) (string, error) {
	return lineOf(ctx, db, `m.id = (SELECT u.match_id FROM match_undoings u WHERE u.id = $1)`, id, person)
}

func lineOf(ctx context.Context, db *sqlx.DB, which, id, person string) (string, error) {
	if !pg.IsID(id) {
		return "", nil
	}
	var line string
	err := db.GetContext(ctx, &line, `SELECT m.line_id FROM line_matches m JOIN statement_line_rests r ON r.line_id = m.line_id
		 WHERE `+which+` AND r.cluster_id IN (SELECT g.cluster_id FROM cluster_roles g WHERE g.person_id = $2)`, id, person)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("find the line: %w", err)
	}
	return line, nil
}
