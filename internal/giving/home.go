package giving

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
)

// Home is where the money of a pledge belongs: the account that keeps it for what it was
// given for, beside the campaign's free fund and what that fund owes.
type Home struct {
	Cluster  string
	Campaign string
	Currency money.Currency
	Account  ledger.Account // the fund; a purpose or a need when the pledge is earmarked
}

// HomeOf says where the money of a pledge belongs. An earmarked pledge is held until the
// transaction ends: its company cannot let the earmark go while money is put under it.
func HomeOf(ctx context.Context, tx *sqlx.Tx, pledge string) (Home, error) {
	var of []aim
	err := tx.SelectContext(ctx, &of, `SELECT p.id AS pledge, c.cluster_id AS cluster, p.campaign_id AS campaign, p.currency,
			coalesce(p.purpose_id::text, '') AS purpose, coalesce(p.need_id::text, '') AS need
		FROM pledges p JOIN campaigns c ON c.id = p.campaign_id WHERE p.id = $1`, pledge)
	if err == nil && len(of) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return Home{}, fmt.Errorf("find where the money of pledge %s belongs: %w", pledge, err)
	}
	homes, err := homesOf(ctx, tx, of)
	return homes[of[0].Pledge], err
}

// aim is what a pledge was promised for. It never changes; an earmark that its company has
// let go is an act beside it.
type aim struct {
	Pledge, Cluster, Campaign string
	Currency                  money.Currency
	Purpose, Need             string // of an earmarked pledge
}

// aim is that of the payment's pledge.
func (p Payment) aim() aim {
	return aim{p.PledgeID, p.ClusterID, p.CampaignID, p.Currency, p.PurposeID, p.NeedID}
}

// homesOf says by pledge where money belongs. It is the one place that knows.
func homesOf(ctx context.Context, tx *sqlx.Tx, aims []aim) (map[string]Home, error) {
	var earmarked []string
	for _, a := range aims {
		if a.Purpose != "" {
			earmarked = append(earmarked, a.Pledge)
		}
	}
	released, err := earmarksReleased(ctx, tx, earmarked)
	if err != nil {
		return nil, err
	}
	homes := make(map[string]Home, len(aims))
	for _, a := range aims {
		h := Home{Cluster: a.Cluster, Campaign: a.Campaign, Currency: a.Currency}
		switch {
		case a.Purpose == "" || released[a.Pledge]:
			h.Account = h.fund()
		case a.Need != "":
			h.Account = ledger.Need(a.Need, h.Currency)
		default:
			h.Account = ledger.Purpose(a.Purpose, h.Currency)
		}
		homes[a.Pledge] = h
	}
	return homes, nil
}

func (h Home) fund() ledger.Account      { return ledger.Fund(h.Campaign, h.Currency) }
func (h Home) shortfall() ledger.Account { return ledger.Shortfall(h.Campaign, h.Currency) }
func (h Home) earmarked() bool           { return h.Account != h.fund() }

// accounts are those whose balances decide how the home's money is laid.
func (h Home) accounts() []ledger.Account {
	return []ledger.Account{h.Account, h.fund(), h.shortfall()}
}

// Ledge is a home with its balances locked, on which the lines of one entry are laid.
type Ledge struct {
	Home
	origin           string
	balances         map[ledger.Account]int64 // kept up with what is laid
	held, free, owed int64
	fed              bool // something came into the fund
	lines            []ledger.Line
}

// Open locks the home's balances until the transaction ends, for one entry about the
// origin's money. Origin is a payment's name in the lots, Payment.Origin.
func (h Home) Open(ctx context.Context, tx *sqlx.Tx, origin string) (*Ledge, error) {
	balances, err := ledger.Lock(ctx, tx, h.accounts()...)
	if err != nil {
		return nil, err
	}
	return h.on(balances, origin), nil
}

// on lays an entry about the origin's money on balances that are locked already.
func (h Home) on(balances map[ledger.Account]int64, origin string) *Ledge {
	return &Ledge{Home: h, origin: origin, balances: balances, held: balances[h.Account], free: balances[h.fund()], owed: balances[h.shortfall()]}
}

// Take lays money that came in.
func (l *Ledge) Take(minor int64) {
	if minor <= 0 {
		return
	}
	l.lines = append(l.lines, ledger.Credit(l.Account, minor).From(l.origin))
	l.held += minor
	if !l.earmarked() {
		l.free, l.fed = l.held, true
	}
}

// Restore lays money that came back. Of earmarked money the fund first gets what it had
// given for it, which borrowed says.
func (l *Ledge) Restore(minor, borrowed int64) {
	if !l.earmarked() {
		l.Take(minor)
		return
	}
	if lent := min(minor, borrowed); lent > 0 {
		l.lines = append(l.lines, ledger.Credit(l.fund(), lent).From(l.origin))
		l.free, l.fed = l.free+lent, true
		minor -= lent
	}
	l.Take(minor)
}

// Give lays money that goes out: the home's own, the payment's lots first. What the home
// has no longer the free fund gives, and what that has not is its shortfall.
func (l *Ledge) Give(minor int64) {
	if own := min(minor, l.held); own > 0 {
		l.lines = append(l.lines, ledger.Debit(l.Account, own).From(l.origin))
		l.held, minor = l.held-own, minor-own
	}
	if !l.earmarked() {
		l.free = l.held
	}
	if lent := min(minor, l.free); lent > 0 {
		l.lines = append(l.lines, ledger.Debit(l.fund(), lent).From(l.origin))
		l.free, minor = l.free-lent, minor-lent
	}
	if minor > 0 {
		l.lines = append(l.lines, ledger.Debit(l.shortfall(), minor))
		l.owed += minor
	}
}

// Lines are what was laid, and end the entry: the next is laid on what it leaves. Free money
// that came in repays the shortfall first; earmarked money never does.
func (l *Ledge) Lines() []ledger.Line {
	if repaid := min(l.free, l.owed); l.fed && repaid > 0 {
		l.lines = append(l.lines, ledger.Debit(l.fund(), repaid).From(l.origin), ledger.Credit(l.shortfall(), repaid))
		l.free, l.owed = l.free-repaid, l.owed-repaid
		if !l.earmarked() {
			l.held = l.free
		}
	}
	l.balances[l.Account], l.balances[l.fund()], l.balances[l.shortfall()] = l.held, l.free, l.owed
	return l.lines
}

// borrowed is what the fund and its shortfall have given for earmarked money, over the
// entries of these sources and over lines that are laid and not posted yet.
func (h Home) borrowed(ctx context.Context, tx *sqlx.Tx, sources []string, laid []ledger.Line) (int64, error) {
	if !h.earmarked() {
		return 0, nil
	}
	var minor int64
	err := tx.GetContext(ctx, &minor, `
		SELECT coalesce(sum(l.amount), 0)::bigint
		  FROM ledger.entries e JOIN ledger.lines l ON l.entry_id = e.id JOIN ledger.accounts a ON a.id = l.account_id
		 WHERE e.source = ANY ($1) AND a.code IN ($2, $3) AND a.currency = $4`,
		pq.Array(sources), h.fund().Code, h.shortfall().Code, string(h.Currency))
	if err != nil {
		return 0, fmt.Errorf("find what the fund has given: %w", err)
	}
	for _, l := range laid {
		if l.Account == h.fund() || l.Account == h.shortfall() {
			minor += l.Minor
		}
	}
	return max(minor, 0), nil
}
