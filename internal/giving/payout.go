package giving

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// PayoutState is what Stripe last said of a payout. Paid means that it should have
// arrived; it may fail yet.
type PayoutState string

const (
	PayoutPending   PayoutState = "pending"
	PayoutInTransit PayoutState = "in-transit"
	PayoutPaid      PayoutState = "paid"
	PayoutFailed    PayoutState = "failed"
	PayoutCanceled  PayoutState = "canceled"
)

// Payout is money that Stripe sent to the bank, or took from there when below zero.
type Payout struct {
	ID           string
	ClusterID    string `db:"cluster_id"`
	AmountMinor  int64  `db:"amount_minor"`
	Currency     money.Currency
	State        PayoutState
	Automatic    bool         // Stripe says what is in it
	ArrivesOn    time.Time    `db:"arrives_on"`
	MadeAt       time.Time    `db:"made_at"`
	Trouble      string       // why it failed, Stripe's code
	Members      int          // balance transactions that left with it
	MembersMinor int64        `db:"members_minor"` // their sum
	ProvenAt     sql.NullTime `db:"proven_at"`
	AlarmedAt    sql.NullTime `db:"alarmed_at"`
}

// Amount is what went to the bank.
func (p Payout) Amount() money.Amount { return money.Of(p.AmountMinor, p.Currency) }

const payoutColumns = `id, cluster_id, amount_minor, currency, state, automatic, arrives_on, made_at, trouble, members, members_minor, proven_at, alarmed_at`

// PayoutFacts are what Stripe says of a payout now. They are absolute.
type PayoutFacts struct {
	ID        string
	Amount    money.Amount
	State     PayoutState
	Automatic bool
	ArrivesOn time.Time
	MadeAt    time.Time
	Trouble   string
	Out       *Passing // the payout's own balance transaction
	Back      *Passing // the one that brought it back
	Itemised  bool     // Members is all of it
	Members   []Passing
	ReadAt    time.Time
}

// LockPayout takes a payout for the rest of the transaction. Who writes what Stripe says
// must hold it before asking.
func LockPayout(ctx context.Context, tx *sqlx.Tx, id string) error {
	return pg.Lock(ctx, tx, "payout:"+id)
}

// SettlePayout writes down what Stripe says of a payout that the caller has locked: the
// money that left the balance, and came back to it; the proof that it is made of movements
// that stand in the books and sum to its amount; or an alarm, once, that they do not. Once
// it is proven, what was other clusters' leaves their balances in place of the keeper's,
// whose the Stripe account is. It returns whether anything was posted. A repeat changes
// nothing.
func SettlePayout(ctx context.Context, tx *sqlx.Tx, cluster string, f PayoutFacts) (bool, error) {
	anyNew := false
	for _, m := range []struct {
		*Passing
		kind ledger.Kind
		act  string
	}{{f.Out, ledger.Payout, "payout.sent"}, {f.Back, ledger.PayoutFailed, "payout.came-back"}} {
		if m.Passing == nil {
			continue
		}
		c := m.Net.Currency
		posted, err := m.post(ctx, tx, cluster, m.kind, m.act, append(signed(ledger.Stripe(cluster, c), m.Net.Minor), signed(ledger.Transit(cluster, c), -m.Net.Minor)...))
		if err != nil {
			return false, fmt.Errorf("settle payout %s: %w", f.ID, err)
		}
		anyNew = anyNew || posted
	}
	proof, err := prove(ctx, tx, f)
	if err != nil {
		return false, fmt.Errorf("settle payout %s: %w", f.ID, err)
	}
	if proof.holds {
		shared, err := share(ctx, tx, cluster, f)
		if err != nil {
			return false, fmt.Errorf("settle payout %s: %w", f.ID, err)
		}
		anyNew = anyNew || shared
	}
	return anyNew, recordPayout(ctx, tx, cluster, f, proof)
}

// share charges other clusters with what of a proven payout was theirs, and gives it back to
// them when the payout came back. The payout itself was booked with the keeper before
// anybody knew what was in it.
func share(ctx context.Context, tx *sqlx.Tx, keeper string, f PayoutFacts) (bool, error) {
	var sources []string
	for _, m := range f.Members {
		// A payout that came back leaves again with a later one, and with it the shares.
		sources = append(sources, "stripe:"+m.ID, sharesOf(m))
	}
	shares, err := ledger.SharesAtStripe(ctx, tx, sources, f.Amount.Currency)
	if err != nil {
		return false, err
	}
	delete(shares, keeper)
	anyNew := false
	for _, m := range []struct {
		*Passing
		kind ledger.Kind
		sign int64
	}{{f.Out, ledger.Payout, -1}, {f.Back, ledger.PayoutFailed, 1}} {
		if m.Passing == nil || len(shares) == 0 {
			continue
		}
		done, err := ledger.HasPosted(ctx, tx, sharesOf(*m.Passing))
		if err != nil {
			return false, err
		}
		if done {
			continue // what became known of its members since does not change whose it was then
		}
		posted, err := ledger.Post(ctx, tx, ledger.Entry{
			Source: sharesOf(*m.Passing), Kind: m.kind, HappenedAt: m.HappenedAt, Actor: "stripe", Lines: handedOver(keeper, shares, m.sign, f.Amount.Currency),
		})
		if err != nil {
			return false, err
		}
		anyNew = anyNew || posted.New
	}
	return anyNew, nil
}

// sharesOf names the entry that tells whose a payout's money was.
func sharesOf(m Passing) string { return "stripe:" + m.ID + ":shares" }

// handedOver are the lines of what clusters have beside the keeper, in the clusters' order.
func handedOver(keeper string, shares map[string]int64, sign int64, c money.Currency) []ledger.Line {
	var lines []ledger.Line
	var all int64
	for _, cluster := range slices.Sorted(maps.Keys(shares)) {
		lines = append(lines, signed(ledger.Stripe(cluster, c), sign*shares[cluster])...)
		all += shares[cluster]
	}
	return append(lines, signed(ledger.Stripe(keeper, c), -sign*all)...)
}

// proof is what a payout's members say of it.
type proof struct {
	count        int
	minor        int64
	holds, fails bool
}

func prove(ctx context.Context, tx *sqlx.Tx, f PayoutFacts) (proof, error) {
	var p proof
	sources := make([]string, len(f.Members))
	for i, m := range f.Members {
		sources[i] = "stripe:" + m.ID
		if m.Net.Currency != f.Amount.Currency {
			p.fails = true
		}
		p.count, p.minor = p.count+1, p.minor+m.Net.Minor
	}
	if !f.Itemised {
		return proof{}, nil
	}
	if p.fails = p.fails || p.minor != f.Amount.Minor; p.fails {
		return p, nil
	}
	missing, err := ledger.NotPosted(ctx, tx, sources)
	p.holds = len(missing) == 0
	return p, err
}

func recordPayout(ctx context.Context, tx *sqlx.Tx, cluster string, f PayoutFacts, p proof) error {
	var alarmed bool
	now := sql.NullTime{Time: f.ReadAt, Valid: true}
	proven, failed := now, now
	proven.Valid, failed.Valid = p.holds, p.fails
	err := tx.GetContext(ctx, &alarmed, `SELECT alarmed_at IS NOT NULL FROM payouts WHERE id = $1`, f.ID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("find payout %s: %w", f.ID, err)
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO payouts (id, cluster_id, amount_minor, currency, state, automatic, arrives_on, made_at, trouble, members, members_minor, proven_at, alarmed_at, synced_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (id) DO UPDATE SET state = $5, arrives_on = $7, trouble = $9, synced_at = $14,
		       members = CASE WHEN $10 > 0 THEN $10 ELSE payouts.members END, members_minor = CASE WHEN $10 > 0 THEN $11 ELSE payouts.members_minor END,
		       proven_at = CASE WHEN $13::timestamptz IS NULL THEN coalesce(payouts.proven_at, $12) END, alarmed_at = coalesce(payouts.alarmed_at, $13)`,
		f.ID, cluster, f.Amount.Minor, string(f.Amount.Currency), string(f.State), f.Automatic, f.ArrivesOn, f.MadeAt, f.Trouble,
		p.count, p.minor, proven, failed, f.ReadAt)
	if err != nil {
		return fmt.Errorf("record payout %s: %w", f.ID, err)
	}
	if !p.fails || alarmed {
		return nil
	}
	return audit.Raise(ctx, tx, cluster, audit.Act{At: f.ReadAt, Act: "payout.does-not-add-up", Subject: "payout:" + f.ID, Detail: map[string]any{
		"amount_minor": f.Amount.Minor, "members_minor": p.minor, "members": p.count, "currency": f.Amount.Currency,
	}})
}

// Unproven lists automatic payouts, made before a time, of which nobody has said yet
// whether they add up: neither proof nor alarm. The oldest first.
func Unproven(ctx context.Context, db *sqlx.DB, before time.Time, limit int) ([]string, error) {
	var all []string
	err := db.SelectContext(ctx, &all, `SELECT id FROM payouts WHERE automatic AND proven_at IS NULL AND alarmed_at IS NULL AND made_at < $1 ORDER BY made_at LIMIT $2`, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list unproven payouts: %w", err)
	}
	return all, nil
}

// PayoutsOf lists a cluster's payouts, the latest first. After is the last of the page
// before, or the zero Payout. Ask first who may see them.
func PayoutsOf(ctx context.Context, db *sqlx.DB, cluster string, after Payout) ([]Payout, error) {
	var all []Payout
	err := db.SelectContext(ctx, &all, `SELECT `+payoutColumns+` FROM payouts
		WHERE cluster_id = $1 AND ($2 = '' OR made_at < $3 OR made_at = $3 AND id > $2) ORDER BY made_at DESC, id LIMIT $4`,
		cluster, after.ID, after.MadeAt, PageSize)
	if err != nil {
		return nil, fmt.Errorf("list payouts: %w", err)
	}
	return all, nil
}
