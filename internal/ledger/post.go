package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// Kind says what an entry is about. What each means, and which accounts it may touch, is
// written in ledger.entry_kinds and ledger.entry_shapes.
type Kind string

const (
	Gift          Kind = "gift"
	Refund        Kind = "refund"
	RefundFailed  Kind = "refund-failed"
	LateFailure   Kind = "late-failure"
	Dispute       Kind = "dispute"
	DisputeWon    Kind = "dispute-won"
	DisputeLost   Kind = "dispute-lost"
	Allocated     Kind = "allocation"
	Charged       Kind = "fee"
	Payout        Kind = "payout"
	PayoutFailed  Kind = "payout-failed"
	PayoutArrived Kind = "payout-arrived"
	BankLine      Kind = "bank-line"
	Unexplained   Kind = "suspense"
	Correction    Kind = "correction"
	EarmarkFreed  Kind = "earmark-released"
)

// Line is one line of an entry: minor units, debit above zero and credit below.
type Line struct {
	Account Account
	Minor   int64
	// Origin names a payment. On money that comes into a fund it is the payment that
	// brought it; on money that leaves one, the payment whose lots are drawn first.
	Origin string
}

// Debit is a line on the debit side.
func Debit(a Account, minor int64) Line { return Line{Account: a, Minor: minor} }

// Credit is a line on the credit side.
func Credit(a Account, minor int64) Line { return Line{Account: a, Minor: -minor} }

// From returns the line with its origin named.
func (l Line) From(origin string) Line {
	l.Origin = origin
	return l
}

// Entry is one act in the books. Its lines sum to zero in each currency; lots are made
// and drawn in their order, so a line that draws stands before the one it feeds.
type Entry struct {
	Source     string // what caused it; unique, so that a cause posts once
	Kind       Kind
	HappenedAt time.Time
	Actor      string // who or what acted: person:<id>, stripe
	Approver   string // the second person, where the kind asks for one
	Mends      int64  // the entry that a correction is about
	Lines      []Line
}

// Posted tells where an entry stands, and whether this call put it there.
type Posted struct {
	ID  int64
	New bool
}

var (
	// ErrOtherContent: the source has posted already, and something else.
	ErrOtherContent = errors.New("ledger: the source is posted already with other content")
	// ErrTooLittle: a fund, an allocation or a shortfall would fall below zero.
	ErrTooLittle = errors.New("ledger: the account holds too little")
	// ErrUnbalanced: the lines do not sum to zero per currency, or are fewer than two.
	ErrUnbalanced = errors.New("ledger: the lines do not balance")
)

// Post writes an entry within the caller's transaction. Posting the same source with the
// same content again changes nothing and returns New = false; with other content it is
// ErrOtherContent. Taking more than an account holds is ErrTooLittle, and the transaction
// is lost. Two posts never deadlock each other, but one transaction should post once: with
// PostAll when it has several entries.
func Post(ctx context.Context, tx *sqlx.Tx, e Entry) (Posted, error) {
	all, err := PostAll(ctx, tx, []Entry{e})
	if err != nil {
		return Posted{}, err
	}
	return all[0], nil
}

// PostAll writes several entries at once, in their order: all of them, or none and the
// error of one. It promises what Post promises, for each.
func PostAll(ctx context.Context, tx *sqlx.Tx, entries []Entry) ([]Posted, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	s := newSheet(entries)
	for _, e := range entries {
		if err := s.add(e); err != nil {
			return nil, fmt.Errorf("post %s: %w", e.Source, err)
		}
	}
	rows, err := tx.QueryxContext(ctx, `SELECT entry_id, is_new FROM ledger.post($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		pq.Array(s.sources), pq.Array(s.contents), pq.Array(s.kinds), pq.Array(s.happened), pq.Array(s.actors), pq.Array(s.approvers), pq.Array(s.mends),
		pq.Array(s.of), pq.Array(s.codes), pq.Array(s.currencies), pq.Array(s.amounts), pq.Array(s.origins))
	if err != nil {
		return nil, fmt.Errorf("post %s: %w", s.name(), explain(err))
	}
	defer rows.Close()
	posted := make([]Posted, 0, len(entries))
	for rows.Next() {
		var p Posted
		if err := rows.Scan(&p.ID, &p.New); err != nil {
			return nil, fmt.Errorf("post %s: %w", s.name(), err)
		}
		posted = append(posted, p)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("post %s: %w", s.name(), explain(err))
	}
	return posted, nil
}

// CheckNow asks of everything posted so far in the transaction what is asked at its commit.
// A long import hears of a mistake where it is, and does not stand still at its end.
func CheckNow(ctx context.Context, tx *sqlx.Tx) error {
	if _, err := tx.ExecContext(ctx, `SET CONSTRAINTS ledger.entry_balances IMMEDIATE; SET CONSTRAINTS ledger.entry_balances DEFERRED`); err != nil {
		return fmt.Errorf("check what was posted: %w", explain(err))
	}
	return nil
}

// sheet holds entries the way ledger.post takes them: an array for each column, the lines'
// with the number of their entry.
type sheet struct {
	sources, kinds, actors []string
	contents               [][]byte
	happened               []time.Time
	approvers              []sql.NullString
	mends                  []sql.NullInt64

	of                []int64
	codes, currencies []string
	amounts           []int64
	origins           []sql.NullString
}

// newSheet is empty and has room: an array that is NULL would not be an empty one.
func newSheet(entries []Entry) *sheet {
	n, lines := len(entries), 0
	for _, e := range entries {
		lines += len(e.Lines)
	}
	return &sheet{
		sources: make([]string, 0, n), kinds: make([]string, 0, n), actors: make([]string, 0, n), contents: make([][]byte, 0, n),
		happened: make([]time.Time, 0, n), approvers: make([]sql.NullString, 0, n), mends: make([]sql.NullInt64, 0, n),
		of: make([]int64, 0, lines), codes: make([]string, 0, lines), currencies: make([]string, 0, lines),
		amounts: make([]int64, 0, lines), origins: make([]sql.NullString, 0, lines),
	}
}

func (s *sheet) add(e Entry) error {
	if err := balanced(e.Lines); err != nil {
		return err
	}
	content, err := e.content()
	if err != nil {
		return err
	}
	s.sources, s.contents, s.kinds = append(s.sources, e.Source), append(s.contents, content), append(s.kinds, string(e.Kind))
	s.happened, s.actors = append(s.happened, e.HappenedAt), append(s.actors, e.Actor)
	s.approvers = append(s.approvers, sql.NullString{String: e.Approver, Valid: e.Approver != ""})
	s.mends = append(s.mends, sql.NullInt64{Int64: e.Mends, Valid: e.Mends != 0})
	for _, l := range e.Lines {
		s.of = append(s.of, int64(len(s.sources)))
		s.codes, s.currencies = append(s.codes, l.Account.Code), append(s.currencies, string(l.Account.Currency))
		s.amounts = append(s.amounts, l.Minor)
		s.origins = append(s.origins, sql.NullString{String: l.Origin, Valid: l.Origin != ""})
	}
	return nil
}

// name says which entries these are.
func (s *sheet) name() string {
	if len(s.sources) == 1 {
		return s.sources[0]
	}
	return fmt.Sprintf("%d entries from %s on", len(s.sources), s.sources[0])
}

// explain joins what the database refused with the sentinel that callers ask for.
func explain(err error) error {
	switch {
	case pg.Code(err) == "LG005":
		return errors.Join(ErrOtherContent, err)
	case pg.Code(err) == "LG001", pg.Code(err) == "LG002":
		return errors.Join(ErrUnbalanced, err)
	case pg.Constraint(err) == "balances_floor", pg.Code(err) == "LG006":
		return errors.Join(ErrTooLittle, err)
	}
	return err
}

// balanced checks before the database does: the same promise held at two places.
func balanced(lines []Line) error {
	if len(lines) < 2 {
		return ErrUnbalanced
	}
	sums := map[money.Currency]money.Amount{}
	for _, l := range lines {
		sum := money.Of(sums[l.Account.Currency].Minor, l.Account.Currency)
		sum, err := sum.Add(money.Of(l.Minor, l.Account.Currency))
		if err != nil {
			return err
		}
		sums[l.Account.Currency] = sum
	}
	for _, sum := range sums {
		if !sum.IsZero() {
			return fmt.Errorf("%w: %s is left over", ErrUnbalanced, sum)
		}
	}
	return nil
}

// content is the hash of everything that an entry says.
func (e Entry) content() ([]byte, error) {
	said, err := json.Marshal(struct {
		Kind            Kind
		HappenedAt      time.Time
		Actor, Approver string
		Mends           int64
		Lines           []Line
	}{e.Kind, e.HappenedAt.UTC().Truncate(time.Microsecond), e.Actor, e.Approver, e.Mends, e.Lines})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(said)
	return sum[:], nil
}

// HasPosted reports whether a source is in the books already.
func HasPosted(ctx context.Context, db sqlx.QueryerContext, source string) (bool, error) {
	var found bool
	if err := sqlx.GetContext(ctx, db, &found, `SELECT EXISTS (SELECT 1 FROM ledger.entries WHERE source = $1)`, source); err != nil {
		return false, fmt.Errorf("look for %s in the books: %w", source, err)
	}
	return found, nil
}

// NotPosted are those of the sources that are not in the books, in the order given.
func NotPosted(ctx context.Context, db sqlx.QueryerContext, sources []string) ([]string, error) {
	var missing []string
	err := sqlx.SelectContext(ctx, db, &missing, `SELECT u.source FROM unnest($1::text[]) WITH ORDINALITY AS u(source, n)
		WHERE NOT EXISTS (SELECT 1 FROM ledger.entries e WHERE e.source = u.source) ORDER BY u.n`, pq.Array(sources))
	if err != nil {
		return nil, fmt.Errorf("look for %d sources in the books: %w", len(sources), err)
	}
	return missing, nil
}
