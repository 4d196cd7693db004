package demo

import (
	"context"

	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/exchange"
	"kopiyka/internal/money"
)

// rates are near enough to life to look right. They are the demo's own.
var rates = []struct {
	from money.Currency
	rate string
}{{"EUR", "1.08"}, {"UAH", "0.0241"}}

// enterRates lets the campaign take promises in other currencies. What somebody has set
// since then stays.
func (l *Loader) enterRates(ctx context.Context) error {
	accepted := campaign.Acceptance{Slug: campaignSlug, PersonID: l.ids.staff[clusterSlug].coordinator}
	for _, r := range rates {
		accepted.Currencies = append(accepted.Currencies, r.from)
	}
	for i, r := range rates {
		known, err := exchange.InForce(ctx, l.DB, l.ids.clusters[clusterSlug], r.from, currency, l.Now())
		if err != nil {
			return err
		}
		if !known.None() {
			continue
		}
		if i == 0 {
			if err := campaign.Accept(ctx, l.DB, l.Now, accepted); err != nil {
				return err
			}
		}
		value, err := exchange.Parse(r.rate)
		if err != nil {
			return err
		}
		_, err = exchange.Enter(ctx, l.DB, l.Now, exchange.Entry{
			ClusterID: l.ids.clusters[clusterSlug], PersonID: l.ids.staff[clusterSlug].coordinator, From: r.from, To: currency, Value: value, Source: "НБУ", Day: clock.Day(l.Now()),
		})
		if err != nil {
			return err
		}
	}
	return nil
}
