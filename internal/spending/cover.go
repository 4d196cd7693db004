package spending

import (
	"context"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
)

// Cover is the money that there is for a purpose, or for one need of it.
type Cover struct {
	Earmarked money.Amount // given for it alone
	Free      money.Amount // the campaign's own
}

// All is what can be set aside for it.
func (c Cover) All() money.Amount { return money.Of(c.Earmarked.Minor+c.Free.Minor, c.Free.Currency) }

// CoverFor tells what there is for an allocation that waits. Ask AllocationFor first who
// may see it.
func CoverFor(ctx context.Context, db *sqlx.DB, a Allocation) (Cover, error) {
	return coverOf(ctx, db, sources(a.CampaignID, a.PurposeID, a.NeedID, a.Currency))
}

// sources are the accounts that an allocation may draw from, in the order in which it does:
// its need's, its purpose's, the campaign's fund. An allocation for the whole purpose does
// not reach what companies gave for one need of it.
func sources(campaign, purpose, need string, c money.Currency) []ledger.Account {
	var all []ledger.Account
	if need != "" {
		all = append(all, ledger.Need(need, c))
	}
	return append(all, ledger.Purpose(purpose, c), ledger.Fund(campaign, c))
}

func (p Proposal) sources() []ledger.Account {
	return sources(p.CampaignID, p.PurposeID, p.NeedID, p.Amount.Currency)
}

func (a proposed) sources() []ledger.Account {
	return sources(a.CampaignID, a.PurposeID, a.NeedID, a.Currency)
}

func coverOf(ctx context.Context, db sqlx.QueryerContext, from []ledger.Account) (Cover, error) {
	fund := from[len(from)-1]
	c := Cover{money.Of(0, fund.Currency), money.Of(0, fund.Currency)}
	for _, account := range from {
		minor, err := ledger.Balance(ctx, db, account)
		if err != nil {
			return c, err
		}
		if account == fund {
			c.Free.Minor = minor
		} else {
			c.Earmarked.Minor += minor
		}
	}
	return c, nil
}

// lines move the money of an allocation out of its sources, one after the other, with their
// balances held until the transaction ends.
func (a proposed) lines(ctx context.Context, tx *sqlx.Tx) ([]ledger.Line, error) {
	balances, err := ledger.Lock(ctx, tx, append(a.sources(), ledger.Allocation(a.ID, a.Currency))...)
	if err != nil {
		return nil, err
	}
	var lines []ledger.Line
	left := a.AmountMinor
	for _, account := range a.sources() {
		if take := min(left, balances[account]); take > 0 {
			lines = append(lines, ledger.Debit(account, take))
			left -= take
		}
	}
	if left > 0 {
		return nil, fault.New(fault.Conflict, "allocation.no_longer_covered")
	}
	return append(lines, ledger.Credit(ledger.Allocation(a.ID, a.Currency), a.AmountMinor)), nil
}
