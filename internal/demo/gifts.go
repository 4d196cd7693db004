package demo

import (
	"context"
	"fmt"
	"time"

	"kopiyka/internal/giving"
	"kopiyka/internal/money"
)

const currency = money.Currency("USD")

// enterGift lets a company pledge and pay, in the way the record of donors says.
func (l *Loader) enterGift(ctx context.Context, d donor) error {
	if err := l.enterCompany(ctx, d); err != nil {
		return err
	}
	pledge, err := l.pledge(ctx, d.slug, d.minor, d.visibility, d.message, time.Time{})
	if err != nil || pledge.Received > 0 {
		return err
	}
	if pledge.OnItsWay > 0 {
		return l.letSettle(ctx, pledge) // the last load was cut off right here
	}
	switch d.course {
	case byDebit:
		if err := l.pay(ctx, pledge, goodAccount); err != nil {
			return err
		}
		return l.letSettle(ctx, pledge)
	case declinedThenCard:
		if err := l.pay(ctx, pledge, brokeCard); err != nil {
			return err
		}
	case byCard, refundedInPart:
	}
	if err := l.pay(ctx, pledge, goodCard); err != nil {
		return err
	}
	return l.untilReceived(ctx, pledge)
}

// pledge finds or makes the promise of a company that has this amount, to the record's
// campaign. With several parts it is paid by the month, from the day due on.
func (l *Loader) pledge(ctx context.Context, slug string, minor int64, v giving.Visibility, message string, due time.Time, parts ...int) (giving.Pledge, error) {
	counts := money.Of(minor, currency)
	promise := giving.Promise{
		CampaignSlug: campaignSlug, CompanyID: l.ids.companies[slug], PersonID: l.ids.payers[slug], Amount: counts,
		Visibility: v, Message: message, DueOn: due,
	}
	if euros, ok := inEuros[slug]; ok && euros.counts == minor {
		promise.Amount = money.Of(euros.minor, "EUR")
	}
	if len(parts) > 0 {
		promise.Rhythm, promise.Parts = giving.Monthly, giving.Spread(minor, due, giving.Monthly.Months(), parts[0])
	}
	return l.promised(ctx, promise, counts)
}

// promised finds or makes a promise. To one campaign, what a promise counts as stands for it.
func (l *Loader) promised(ctx context.Context, promise giving.Promise, counts money.Amount) (giving.Pledge, error) {
	for range 2 {
		made, err := giving.PledgesOf(ctx, l.DB, promise.CompanyID, promise.PersonID, "")
		if err != nil {
			return giving.Pledge{}, err
		}
		for _, p := range made {
			if p.Promised == counts && p.CampaignSlug == promise.CampaignSlug {
				return p, nil
			}
		}
		if _, err := giving.MakePledge(ctx, l.DB, l.Now, promise); err != nil {
			return giving.Pledge{}, err
		}
	}
	return giving.Pledge{}, fmt.Errorf("the pledge of %s was made and is not there", counts)
}

func (l *Loader) enterDebitOnItsWay(ctx context.Context) error {
	pledge, err := l.pledge(ctx, "klenova-studio", 3_000_00, giving.Named, "", time.Time{})
	if err != nil || pledge.OnItsWay > 0 || pledge.Received > 0 {
		return err
	}
	if err := l.pay(ctx, pledge, goodAccount); err != nil {
		return err
	}
	return l.untilOnItsWay(ctx, pledge)
}

// enterPromises enters what is still to come. One promise was made on the first day and falls due
// within the week, so that its payer is reminded and the coordinator sees what is awaited.
func (l *Loader) enterPromises(ctx context.Context) error {
	today := l.today()
	if _, err := l.pledge(ctx, "ganok-soft", 5_000_00, giving.Named, "", today.AddDate(0, 1, 0)); err != nil {
		return err
	}
	earlier := *l
	earlier.Now = func() time.Time { return l.Now().AddDate(0, 0, -open) }
	_, err := earlier.pledge(ctx, "bereh-soft", 1_500_00, giving.Named, "", today.AddDate(0, 0, 6), 3)
	return err
}

// remind writes the letters that the house's own job would at its next turn.
func (l *Loader) remind(ctx context.Context) error {
	if _, err := giving.Remind(ctx, l.DB, l.Now, l.URL); err != nil {
		return err
	}
	_, err := giving.WriteDigests(ctx, l.DB, l.Now, l.URL)
	return err
}

// enterRefund returns a part of one gift, as somebody would at Stripe's dashboard.
func (l *Loader) enterRefund(ctx context.Context) error {
	for _, d := range donors {
		if d.course != refundedInPart {
			continue
		}
		pledge, err := l.pledge(ctx, d.slug, d.minor, d.visibility, d.message, time.Time{})
		if err != nil || pledge.Refunded > 0 {
			return err
		}
		payment, err := l.lastPayment(ctx, pledge)
		if err != nil {
			return err
		}
		if err := l.Sandbox.refund(ctx, payment.IntentID, partOfRefund); err != nil {
			return err
		}
		return until(ctx, "the refund", func() (bool, error) {
			p, err := giving.PledgeOf(ctx, l.DB, pledge.ID, l.ids.payers[d.slug])
			return p.Refunded > 0, err
		})
	}
	return nil
}

func (l *Loader) letSettle(ctx context.Context, p giving.Pledge) error {
	if err := l.untilOnItsWay(ctx, p); err != nil {
		return err
	}
	payment, err := l.lastPayment(ctx, p)
	if err != nil {
		return err
	}
	if err := l.Sandbox.Settle(payment.IntentID); err != nil {
		return err
	}
	return l.untilReceived(ctx, p)
}

func (l *Loader) untilOnItsWay(ctx context.Context, p giving.Pledge) error {
	return until(ctx, "the debit", func() (bool, error) {
		payment, err := l.lastPayment(ctx, p)
		return payment.State == giving.Processing || payment.State == giving.Paid, err
	})
}

func (l *Loader) untilReceived(ctx context.Context, p giving.Pledge) error {
	return until(ctx, "the payment", func() (bool, error) {
		payment, err := l.lastPayment(ctx, p)
		return payment.ReceivedMinor > 0, err
	})
}

func (l *Loader) lastPayment(ctx context.Context, p giving.Pledge) (giving.Payment, error) {
	all, err := giving.PaymentsOf(ctx, l.DB, p.ID)
	if err != nil {
		return giving.Payment{}, err
	}
	if len(all) == 0 {
		return giving.Payment{}, fmt.Errorf("the pledge %s has no payment", p.ID)
	}
	return all[0], nil
}
