package site

import (
	"net/url"
	"strings"
	"unicode"

	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/report"
	"kopiyka/internal/web/page"
)

// Addresses of this door, without their language.

func campaignAddress(slug string) string { return "/campaigns/" + url.PathEscape(slug) }
func companyAddress(slug string) string  { return "/companies/" + url.PathEscape(slug) }
func clusterAddress(slug string) string  { return "/clusters/" + url.PathEscape(slug) }

// in is a text in the page's language, with its sums and dates kept whole.
func in(b page.Base, t report.Text) string { return i18n.Tie(t.In(string(b.Lang))) }

func sum(l i18n.Lang, minor int64, c money.Currency) page.Sum { return l.Sum(money.Of(minor, c)) }

// totals hands a campaign's figures to the parts. Purchases and deliveries are not
// recorded yet, so all that was allocated is set aside.
func totals(t report.Totals) page.Totals {
	return page.Totals{
		Currency: t.Currency, Goal: t.Goal, Received: t.Received, Transit: t.OnItsWay, Unpaid: t.Unpaid,
		Aside: t.Allocated, Earmarked: t.Earmarked, Free: t.Free, Fees: t.Fees, Lost: t.Lost, Drift: t.Drift, Disputed: t.Disputed,
		Refunded: t.Refunded, Shortfall: t.Shortfall,
	}
}

// cards are campaigns in a list.
func cards(b page.Base, all []report.Summary) page.Cards {
	var cards page.Cards
	for _, c := range all {
		cards.Items = append(cards.Items, page.Card{
			Title: in(b, c.Title), Href: b.In(campaignAddress(c.Slug)), Text: in(b, c.About), Note: collecting(b, c),
			Progress: page.NewProgress(b.Lang, totals(c.Totals)), Status: cardStatus(b.Lang, c),
		})
	}
	return cards
}

func cardStatus(l i18n.Lang, c report.Summary) page.Status {
	s := page.NewStatus(l, page.State(c.State))
	if c.State == report.Open && !c.ClosesOn.IsZero() {
		return s.Saying(l.T("common.status.open_until", c.ClosesOn))
	}
	return s
}

// gifts are pledges in a list, as far as their companies allow. On a company's own page
// they name the campaign, elsewhere the company.
func gifts(b page.Base, all []report.Gift) page.Gifts {
	var gifts page.Gifts
	for _, g := range all {
		item := page.Gift{When: b.Lang.Day(g.MadeAt), Note: giftNote(b.Lang, g), Status: giftStatus(b.Lang, g.State), Word: i18n.Tie(g.Message), WordLang: spokenIn(g.Message)}
		switch {
		case g.Campaign != nil:
			item.Who, item.Href = in(b, g.Campaign.Name), b.In(campaignAddress(g.Campaign.Slug))
		case g.Company != nil:
			item.Who, item.Href = in(b, g.Company.Name), b.In(companyAddress(g.Company.Slug))
		}
		if g.Amount != nil {
			s := b.Lang.Sum(*g.Amount)
			item.Amount = &s
		}
		gifts.Items = append(gifts.Items, item)
	}
	return gifts
}

// giftNote says what the sum and the status leave open.
func giftNote(l i18n.Lang, g report.Gift) string {
	var notes []string
	if note := giftProgress(l, g); note != "" {
		notes = append(notes, note)
	}
	if g.Original != nil {
		notes = append(notes, l.T("site.gift.original", g.Original.Amount, l.Decimal(g.Original.Rate), g.Original.Source, g.Original.Day))
	}
	if g.Promised != nil {
		notes = append(notes, l.T("site.gift.first", *g.Promised))
	}
	return strings.Join(notes, "; ")
}

func giftProgress(l i18n.Lang, g report.Gift) string {
	switch {
	case g.Amount == nil:
		return l.T("site.gift.counted")
	case g.State == report.InPart:
		return l.T("site.gift.came", *g.Received)
	case g.State == report.BackInPart:
		return l.T("site.gift.went_back", *g.Refunded)
	case g.State == report.Promised && !g.DueOn.IsZero():
		return l.T("site.gift.due", g.DueOn)
	}
	return ""
}

func giftStatus(l i18n.Lang, s report.GiftState) page.Status {
	switch s {
	case report.Promised:
		return page.NewStatus(l, page.Pledged)
	case report.OnItsWay:
		return page.NewStatus(l, page.Transit)
	case report.InPart:
		return page.NewStatus(l, page.Received).Saying(l.T("site.gift.part"))
	case report.BackInPart:
		return page.NewStatus(l, page.Refunded).Saying(l.T("site.gift.back_in_part"))
	case report.Refunded:
		return page.NewStatus(l, page.Refunded)
	case report.Withdrawn:
		return page.NewStatus(l, page.Closed).Saying(l.T("site.gift.withdrawn"))
	}
	return page.NewStatus(l, page.Received)
}

// spokenIn guesses the language of a text that a person wrote in one, for those who have
// the page read to them.
func spokenIn(text string) i18n.Lang {
	for _, r := range text {
		if unicode.Is(unicode.Cyrillic, r) {
			return i18n.UK
		}
	}
	return i18n.EN
}
