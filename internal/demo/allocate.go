package demo

import (
	"context"

	"kopiyka/internal/money"
	"kopiyka/internal/spending"
)

// budget is a campaign whose money is set aside, and who does it.
type budget struct {
	campaign string
	purposes map[string]string
	staff    staff
	currency money.Currency
}

func (l *Loader) enterAllocations(ctx context.Context) error {
	return l.allocate(ctx, budget{l.ids.campaign, l.ids.purposes, l.ids.staff[clusterSlug], currency}, allocations)
}

// allocate lets the coordinator propose and the approver decide. The list of proposals tells
// which are there already: a reason stands for its proposal.
func (l *Loader) allocate(ctx context.Context, b budget, wanted []allocation) error {
	known := map[string]spending.Allocation{}
	for _, undecided := range []bool{true, false} {
		all, err := spending.Allocations(ctx, l.DB, b.staff.coordinator, undecided, "")
		if err != nil {
			return err
		}
		for _, a := range all {
			known[a.Reason] = a
		}
	}
	for _, a := range wanted {
		there, found := known[a.uk]
		id := there.ID
		if !found {
			var err error
			id, err = spending.Propose(ctx, l.DB, l.Now, spending.Proposal{
				CampaignID: b.campaign, PurposeID: b.purposes[a.purpose], Amount: money.Of(a.minor, b.currency),
				Reason: a.uk, ReasonEN: a.en, PersonID: b.staff.coordinator,
			})
			if err != nil {
				return err
			}
		}
		if there.Decision != "" {
			continue
		}
		if err := l.decide(ctx, b.staff.approver, id, a.decision, a.refusal); err != nil {
			return err
		}
	}
	return nil
}

func (l *Loader) decide(ctx context.Context, approver, id string, d decision, refusal string) error {
	switch d {
	case approved:
		return spending.Approve(ctx, l.DB, l.Now, id, approver, "")
	case refused:
		return spending.Refuse(ctx, l.DB, l.Now, id, approver, refusal)
	case waiting:
	}
	return nil
}
