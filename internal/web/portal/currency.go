package portal

import (
	"context"
	"slices"

	"kopiyka/internal/campaign"
	"kopiyka/internal/exchange"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/web/life"
	"kopiyka/internal/web/page"
)

// rates are those at which a promise can be made in another currency than the campaign's:
// of the currencies that it accepts, those for which somebody has entered a rate.
func (p *Portal) rates(ctx context.Context, camp campaign.Campaign) ([]exchange.Rate, error) {
	accepted, err := campaign.Currencies(ctx, p.db, camp.ID)
	if err != nil {
		return nil, err
	}
	var all []exchange.Rate
	for _, c := range accepted {
		r, err := exchange.InForce(ctx, p.db, camp.ClusterID, c, camp.Goal.Currency, p.now())
		if err != nil {
			return nil, err
		}
		if !r.None() {
			all = append(all, r)
		}
	}
	return all, nil
}

// readCurrency reads the currency of a promise. One that the campaign does not take is not
// of this form.
func readCurrency(typed string, own money.Currency, rates []exchange.Rate) (money.Currency, error) {
	c := money.Currency(typed)
	if c == own || slices.ContainsFunc(rates, func(r exchange.Rate) bool { return r.From == c }) {
		return c, nil
	}
	return own, fault.New(fault.Invalid, "pledge.other_currency", string(own))
}

// currencyField asks for the currency of a promise when there is a choice.
func currencyField(l i18n.Lang, own money.Currency, rates []exchange.Rate, chosen string) page.Field {
	if len(rates) == 0 {
		return page.Field{}
	}
	f := page.Field{ID: "currency", Name: "currency", Label: l.T("portal.new.currency"), Hint: l.T("portal.new.currency_hint", string(own))}
	f.Options = append(f.Options, page.Option{Value: string(own), Text: l.T("portal.new.currency_own", string(own))})
	for _, r := range rates {
		f.Options = append(f.Options, page.Option{Value: string(r.From), Text: l.T("portal.new.currency_rate", string(r.From), r.Value, string(own), r.Source, r.Day)})
	}
	for i := range f.Options {
		f.Options[i].Chosen = f.Options[i].Value == chosen
	}
	return f
}

// counts says what a promise will count as; nothing for one in the campaign's own currency.
func counts(l i18n.Lang, a money.Amount, own money.Currency, rates []exchange.Rate) string {
	for _, r := range rates {
		if minor, ok := r.Value.Of(a, own); ok && r.From == a.Currency {
			return life.AtRate(l, a, money.Of(minor, own), r)
		}
	}
	return ""
}
