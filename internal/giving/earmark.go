package giving

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/ledger"
	"kopiyka/internal/pg"
)

// Earmarked reports whether the pledge's money may serve its purpose or need alone.
func (p Pledge) Earmarked() bool { return p.PurposeID != "" && !p.EarmarkReleased }

// earmarkAccount is the account that an earmark keeps money in: its need's, or its
// purpose's.
func (p Pledge) earmarkAccount() ledger.Account {
	if p.NeedID != "" {
		return ledger.Need(p.NeedID, p.Amount.Currency)
	}
	return ledger.Purpose(p.PurposeID, p.Amount.Currency)
}

// Release is a company's consent that the money of an earmarked pledge serve its whole
// campaign.
type Release struct {
	PledgeID string
	PersonID string
	Reason   string
}

// ReleaseEarmark records a company's consent and moves what is left of the pledge's money,
// to the kopiyka and payment by payment, from the earmarked account to the campaign's fund,
// where it repays a shortfall first. What was set aside for the purpose stays there. The
// entry needs no second person: no money leaves the campaign, and setting it aside later
// takes two as ever. The person must hold a paying role in the company; others get
// NotFound. A pledge without an earmark, or without one any more, is a Conflict.
func ReleaseEarmark(ctx context.Context, db *sqlx.DB, now clock.Clock, r Release) error {
	return inAct(ctx, db, "release an earmark", r.Reason, func(tx *sqlx.Tx) error {
		l, err := holdForCompany(ctx, tx, r.PledgeID, r.PersonID, now())
		if err != nil {
			return err
		}
		if !l.Earmarked() {
			return fault.New(fault.Conflict, "pledge.not_earmarked")
		}
		if err := l.write(ctx, tx, now(), act{kind: ReleasedEarmark, person: r.PersonID, reason: r.Reason}); err != nil {
			return err
		}
		lines, err := l.releaseLines(ctx, tx)
		if err != nil || len(lines) == 0 {
			return err
		}
		_, err = ledger.Post(ctx, tx, ledger.Entry{
			Source: "pledge:" + l.ID + ":earmark-released", Kind: ledger.EarmarkFreed, HappenedAt: now(), Actor: "person:" + r.PersonID, Lines: lines,
		})
		return err
	})
}

func (l life) releaseLines(ctx context.Context, tx *sqlx.Tx) ([]ledger.Line, error) {
	c := l.Amount.Currency
	home, fund, shortfall := l.earmarkAccount(), ledger.Fund(l.CampaignID, c), ledger.Shortfall(l.CampaignID, c)
	balances, err := ledger.Lock(ctx, tx, home, fund, shortfall)
	if err != nil {
		return nil, err
	}
	var origins []string
	if err := tx.SelectContext(ctx, &origins, `SELECT 'payment:' || id FROM payments WHERE pledge_id = $1`, l.ID); err != nil {
		return nil, fmt.Errorf("find the pledge's payments: %w", err)
	}
	left, err := ledger.LeftOf(ctx, tx, home, origins)
	if err != nil || len(left) == 0 {
		return nil, err
	}
	var lines []ledger.Line
	var total int64
	for _, one := range left {
		lines = append(lines, ledger.Debit(home, one.Minor).From(one.Origin))
		total += one.Minor
	}
	lines = append(lines, ledger.Credit(fund, total))
	if repaid := min(total, balances[shortfall]); repaid > 0 {
		lines = append(lines, ledger.Debit(fund, repaid).From(left[0].Origin), ledger.Credit(shortfall, repaid))
	}
	return lines, nil
}

// earmarksReleased holds earmarked pledges and tells which of them their companies have let
// go.
func earmarksReleased(ctx context.Context, tx *sqlx.Tx, pledges []string) (map[string]bool, error) {
	released := map[string]bool{}
	if len(pledges) == 0 {
		return released, nil
	}
	locks := make([]string, len(pledges))
	for i, id := range pledges {
		locks[i] = pledgeLock(id)
	}
	if err := pg.LockAll(ctx, tx, locks); err != nil {
		return nil, err
	}
	var ids []string
	err := tx.SelectContext(ctx, &ids, `SELECT DISTINCT pledge_id FROM pledge_acts WHERE pledge_id = ANY ($1) AND kind = 'earmark-released'`, pq.Array(pledges))
	if err != nil {
		return nil, fmt.Errorf("find which earmarks were released: %w", err)
	}
	for _, id := range ids {
		released[id] = true
	}
	return released, nil
}
