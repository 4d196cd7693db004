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

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// opened is a line that somebody is about to explain, locked for the transaction.
type opened struct {
	ID        string
	AccountID string `db:"account_id"`
	ClusterID string `db:"cluster_id"`
	Currency  money.Currency
	BookedOn  time.Time `db:"booked_on"`
	Minor     int64     `db:"amount_minor"`
	Open      int64     `db:"open_minor"`
	Kind      Kind
	Reference string
	EndToEnd  string `db:"end_to_end"`
	Party     string
	PartyIBAN string `db:"party_iban"`
	Details   string
	Found     pq.StringArray // payment references in its words
}

const openedColumns = `l.id, l.account_id, r.cluster_id, l.currency, l.booked_on, l.amount_minor, r.open_minor, l.kind, l.reference, l.end_to_end,
	l.party, l.party_iban, l.details, l.found FROM statement_lines l JOIN statement_line_rests r ON r.line_id = l.id`

func lockLine(ctx context.Context, tx *sqlx.Tx, id string) (opened, error) {
	var l opened
	unknown := fault.New(fault.NotFound, "bank.line_unknown")
	if !pg.IsID(id) {
		return l, unknown
	}
	err := tx.GetContext(ctx, &l, `SELECT `+openedColumns+` WHERE l.id = $1 FOR UPDATE OF r`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return l, unknown
	}
	if err != nil {
		return l, fmt.Errorf("lock the line: %w", err)
	}
	return l, nil
}

// mayMatch asks for a role that explains money. Strangers to the cluster learn nothing.
func mayMatch(ctx context.Context, tx *sqlx.Tx, cluster, person string) error {
	return member.May(ctx, tx, cluster, person, []member.ClusterRole{member.Coordinator, member.Treasurer, member.Admin},
		fault.New(fault.Forbidden, "bank.role"), fault.New(fault.NotFound, "bank.line_unknown"))
}

// act is somebody at a line.
type act struct {
	tx     *sqlx.Tx
	line   opened
	person string // empty: by itself
	at     time.Time
}

// explain runs a person's act on a line, in one transaction.
func explain(ctx context.Context, db *sqlx.DB, now clock.Clock, line, person string, story func(*act) error) error {
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		l, err := lockLine(ctx, tx, line)
		if err != nil {
			return err
		}
		if err := mayMatch(ctx, tx, l.ClusterID, person); err != nil {
			return err
		}
		return story(&act{tx: tx, line: l, person: person, at: now()})
	})
}

// matched is a row of line_matches about to be written.
type matched struct {
	id, kind, payment, other string
	minor, entry, payout     int64
	reverses                 string
}

// write keeps a match and takes it off the line's rest. The schema refuses more than is open.
func (a *act) write(ctx context.Context, m matched) error {
	_, err := a.tx.ExecContext(ctx, `
		INSERT INTO line_matches (id, line_id, kind, amount_minor, payment_id, other_line, entry_id, payout_entry, reverses, matched_by, matched_at)
		VALUES ($1, $2, $3, $4, nullif($5, '')::uuid, nullif($6, '')::uuid, nullif($7::bigint, 0), nullif($8::bigint, 0), nullif($9, '')::uuid, nullif($10, '')::uuid, $11)`,
		m.id, a.line.ID, m.kind, m.minor, m.payment, m.other, m.entry, m.payout, m.reverses, a.person, a.at)
	if err != nil {
		return fmt.Errorf("write the match: %w", err)
	}
	if err := takeRest(ctx, a.tx, a.line.ID, m.minor); err != nil {
		return err
	}
	a.line.Open -= m.minor
	return audit.Record(ctx, a.tx, audit.Act{At: a.at, Person: a.person, Act: "line.matched", Subject: "statement_line:" + a.line.ID,
		Detail: map[string]any{"match": m.id, "kind": m.kind, "minor": m.minor, "currency": a.line.Currency, "payment": m.payment}})
}

func takeRest(ctx context.Context, tx *sqlx.Tx, line string, minor int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE statement_line_rests SET open_minor = open_minor - $2 WHERE line_id = $1`, line, minor)
	if pg.Constraint(err) == "statement_line_rests_within" {
		return fault.New(fault.Conflict, "bank.match.taken")
	}
	if err != nil {
		return fmt.Errorf("take off the line's rest: %w", err)
	}
	return nil
}

func source(match string) string { return "match:" + match }

// toPledge gives part of a line to a pledge.
func (a *act) toPledge(ctx context.Context, pledge string, minor int64) error {
	switch {
	case a.line.Open <= 0:
		return fault.New(fault.Conflict, "bank.match.nothing_open")
	case minor > a.line.Open:
		return fault.In("amount", "bank.match.more_than_open", money.Of(a.line.Open, a.line.Currency))
	}
	id := pg.NewID()
	payment, entry, err := giving.TakeTransfer(ctx, a.tx, giving.Transfer{
		Source: source(id), PledgeID: pledge, Amount: money.Of(minor, a.line.Currency), BookedOn: a.line.BookedOn, Person: a.person, At: a.at,
	})
	if err != nil {
		return err
	}
	return a.write(ctx, matched{id: id, kind: "gift", minor: minor, payment: payment, entry: entry})
}

// MatchPledge says, in a person's name, that part of a line was for a pledge. The pledge is
// named by its payment reference and must be of the line's cluster.
func MatchPledge(ctx context.Context, db *sqlx.DB, now clock.Clock, line, person, reference string, amount money.Amount) error {
	return explain(ctx, db, now, line, person, func(a *act) error {
		refs := giving.FindReferences(reference)
		if len(refs) != 1 {
			return fault.In("pledge", "bank.match.reference")
		}
		pledges, err := giving.PledgesNamed(ctx, a.tx, a.line.ClusterID, []string{string(refs[0])})
		if err != nil {
			return err
		}
		if len(pledges) == 0 {
			return fault.In("pledge", "bank.match.no_pledge", refs[0].String())
		}
		if amount.Currency != a.line.Currency {
			return fault.In("amount", "bank.match.line_currency", string(a.line.Currency))
		}
		return a.toPledge(ctx, pledges[0].ID, amount.Minor)
	})
}

// MatchFee says that a line, or what of it is open, is a fee of the bank, or one given back.
// The cluster owes it to its campaigns; none of them pays it.
func MatchFee(ctx context.Context, db *sqlx.DB, now clock.Clock, line, person string) error {
	return explain(ctx, db, now, line, person, func(a *act) error { return a.toFee(ctx) })
}

func (a *act) toFee(ctx context.Context) error {
	if a.line.Open == 0 {
		return fault.New(fault.Conflict, "bank.match.nothing_open")
	}
	minor, id := a.line.Open, pg.NewID()
	posted, err := ledger.Post(ctx, a.tx, ledger.Entry{
		Source: source(id), Kind: ledger.Charged, HappenedAt: a.line.BookedOn, Actor: giving.Transfer{Person: a.person}.Actor(),
		Lines: []ledger.Line{ledger.Debit(a.unmatched(), minor), ledger.Credit(ledger.Owed(a.line.ClusterID, a.line.Currency), minor)},
	})
	if err != nil {
		return err
	}
	return a.write(ctx, matched{id: id, kind: "fee", minor: minor, entry: posted.ID})
}

func (a *act) unmatched() ledger.Account { return ledger.Unmatched(a.line.ClusterID, a.line.Currency) }

// MatchPayout says that a line is a payout of Stripe's that was on its way. Its amount must
// be that of one.
func MatchPayout(ctx context.Context, db *sqlx.DB, now clock.Clock, line, person string) error {
	return explain(ctx, db, now, line, person, func(a *act) error {
		found, err := a.toPayout(ctx)
		if err == nil && !found {
			return fault.New(fault.Conflict, "bank.match.no_payout")
		}
		return err
	})
}

// toPayout finds the payout that arrived: the oldest of this very amount that is on its way.
func (a *act) toPayout(ctx context.Context) (bool, error) {
	if a.line.Open != a.line.Minor || a.line.Minor <= 0 {
		return false, nil
	}
	transit := ledger.Transit(a.line.ClusterID, a.line.Currency)
	if err := pg.Lock(ctx, a.tx, transit.Code); err != nil {
		return false, err
	}
	if onItsWay, err := ledger.Balance(ctx, a.tx, transit); err != nil || onItsWay < a.line.Minor {
		return false, err
	}
	var payout int64
	err := a.tx.GetContext(ctx, &payout, `
		SELECT e.id FROM ledger.accounts t JOIN ledger.lines l ON l.account_id = t.id JOIN ledger.entries e ON e.id = l.entry_id
		 WHERE t.code = $1 AND t.currency = $2 AND e.kind = 'payout' AND l.amount = $3
		   AND NOT EXISTS (SELECT 1 FROM line_matches m WHERE m.payout_entry = e.id)
		 ORDER BY e.id LIMIT 1`, transit.Code, string(transit.Currency), a.line.Minor)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("find the payout: %w", err)
	}
	id := pg.NewID()
	posted, err := ledger.Post(ctx, a.tx, ledger.Entry{
		Source: source(id), Kind: ledger.PayoutArrived, HappenedAt: a.line.BookedOn, Actor: giving.Transfer{Person: a.person}.Actor(),
		Lines: []ledger.Line{ledger.Debit(a.unmatched(), a.line.Minor), ledger.Credit(transit, a.line.Minor)},
	})
	if err != nil {
		return false, err
	}
	return true, a.write(ctx, matched{id: id, kind: "payout", minor: a.line.Minor, entry: posted.ID, payout: payout})
}

// fromStripe reports whether the sender calls itself Stripe.
func (l opened) fromStripe() bool {
	return strings.Contains(strings.ToUpper(l.Party+" "+l.Details), "STRIPE")
}

// MatchRefund says that a line that left is money given back of a payment by bank transfer.
// The payment is named by the id of the line that brought it.
func MatchRefund(ctx context.Context, db *sqlx.DB, now clock.Clock, line, person, payment string) error {
	return explain(ctx, db, now, line, person, func(a *act) error {
		if a.line.Open >= 0 {
			return fault.New(fault.Conflict, "bank.match.nothing_open")
		}
		var ours bool
		err := a.tx.GetContext(ctx, &ours, `SELECT EXISTS (SELECT 1 FROM payments y JOIN campaigns c ON c.id = y.campaign_id
			WHERE y.id = nullif($1, '')::uuid AND c.cluster_id = $2 AND coalesce(y.charged_currency, y.currency) = $3)`, payment, a.line.ClusterID, string(a.line.Currency))
		if err != nil {
			return fmt.Errorf("find the payment: %w", err)
		}
		if !ours {
			return fault.In("payment", "payment.unknown")
		}
		id := pg.NewID()
		entry, err := giving.SendBack(ctx, a.tx, giving.SentBack{
			Source: source(id), PaymentID: payment, Minor: -a.line.Open, Kind: ledger.Refund, BookedOn: a.line.BookedOn, Person: a.person, At: a.at,
		})
		if err != nil {
			return err
		}
		return a.write(ctx, matched{id: id, kind: "refund", minor: a.line.Open, payment: payment, entry: entry})
	})
}
