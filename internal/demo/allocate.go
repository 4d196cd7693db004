package demo

import (
	"context"

	"kopiyka/internal/money"
	"kopiyka/internal/spending"
)

// enterAllocations lets the coordinator propose and the approver decide. The list of
// proposals tells which are there already: a reason stands for its proposal.
func (l *Loader) enterAllocations(ctx context.Context) error {
	known := map[string]spending.Allocation{}
	for _, undecided := range []bool{true, false} {
		all, err := spending.Allocations(ctx, l.DB, l.ids.coordinator, undecided, "")
		if err != nil {
			return err
		}
		for _, a := range all {
			known[a.Reason] = a
		}
	}
	for _, a := range allocations {
		there, found := known[a.uk]
		id := there.ID
		if !found {
			var err error
			id, err = spending.Propose(ctx, l.DB, l.Now, spending.Proposal{
				CampaignID: l.ids.campaign, PurposeID: l.ids.purposes[a.purpose], Amount: money.Of(a.minor, currency),
				Reason: a.uk, ReasonEN: a.en, PersonID: l.ids.coordinator,
			})
			if err != nil {
				return err
			}
		}
		if there.Decision != "" {
			continue
		}
		if err := l.decide(ctx, id, a.decision, a.refusal); err != nil {
			return err
		}
	}
	return nil
}

func (l *Loader) decide(ctx context.Context, id string, d decision, refusal string) error {
	switch d {
	case approved:
		return spending.Approve(ctx, l.DB, l.Now, id, l.ids.approverID, "")
	case refused:
		return spending.Refuse(ctx, l.DB, l.Now, id, l.ids.approverID, refusal)
	case waiting:
	}
	return nil
}
