package site

import (
	"testing"

	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/page/pagetest"
)

// Every template of the door fits its struct, full and empty, in both languages.
func TestEveryPageFitsItsModel(t *testing.T) {
	l := i18n.UK
	base := page.Base{Lang: l, Path: "/uk/"}
	some := l.Sum(money.Of(500_050, "USD"))
	totals := page.Totals{Currency: "USD", Goal: 1_000_000, Received: 500_050, Transit: 100, Unpaid: 200, Aside: 300_000, Free: 150_050, Fees: 40_000, Refunded: 20_000, Shortfall: 10_000}
	cards := page.Cards{Items: []page.Card{{Title: "IT4Life", Href: "/uk/campaigns/it4life", Text: "Про", Note: "Спільна кампанія", Progress: page.NewProgress(l, totals), Status: page.NewStatus(l, page.Open)}}}
	gifts := page.Gifts{Items: []page.Gift{
		{Who: "Ґанок", Href: "/uk/companies/ganok", Amount: &some, Note: "надійшло", Status: page.NewStatus(l, page.Received), Word: "Лікарням.", WordLang: l},
		{Status: page.NewStatus(l, page.Pledged)},
	}}
	shares := page.NewTable("", []page.Column{{Text: "Через кого"}, {Text: "Обіцяно", Sum: true}, {Text: "Отримано", Sum: true}},
		[][]page.Cell{{{Text: "Кластер", Note: "веде"}, {Sum: &some}, {Sum: &some}}}).Total("Разом", some, some)
	link := page.Link{Href: "/uk/", Text: "Сюди"}
	pagetest.Door(t, "site", map[string]page.Model{
		"home": homePage{Base: base, Cards: cards, Steps: steps(l),
			Stats:    []page.Stat{{Figure: "5 000 $", What: "отримано", Exact: &some, Note: "з них", Link: link}},
			Clusters: []clusterCard{{"/uk/clusters/kharkiv-it", "Кластер", "Про", "8 компаній"}}},
		"campaign": campaignPage{Base: base, Title: "IT4Life", About: "Про", Meta: "Опис", State: page.NewStatus(l, page.Open), Days: "25 березня 2020",
			Cluster: link, Joined: []page.Link{link}, Shares: shares, SharesUnder: "Веде", Pledge: "/portal/pledges/new", Note: page.Notice{Title: "Перш", Text: "ніж"},
			Received: some, Glance: "отримано", Bands: page.NewBands(l, totals), Shortfall: page.Notice{Look: "fault", Title: "Бракує"},
			Books: "= =", Proof: page.Proof{Title: "Доведено до", When: page.Moment{Text: "учора", Machine: "2026-11-21"}, Text: "Звірено."}, AllPledged: "усього", Updated: page.Moment{Text: "сьогодні", Machine: "2026-11-22"}, Data: "/api/v1/campaigns/it4life",
			Story: "<h2>Що сталося</h2>", Gifts: gifts, Unnamed: "Ще 4", Donors: link,
			Allocations: []allocation{{Purpose: "Лікарні", Sum: some, Status: page.NewStatus(l, page.Aside), Reason: "бо", ReasonLang: l, Seal: page.Seal{Signed: []page.Signature{{Act: "Запропонувала"}, {Act: "Схвалила"}}}}},
			Purposes: []purpose{{ID: "purpose-a", Title: "Лікарні", About: "Про", Aside: page.NewStatus(l, page.Aside),
				Needs: page.NewTable("", []page.Column{{Text: "Потреба"}, {Text: "Кількість", Sum: true}}, [][]page.Cell{{{Text: "Ларингоскоп"}, {Text: "12 шт."}}})}}},
		"donors":    donorsPage{Base: base, Title: "IT4Life", Campaign: "/uk/campaigns/it4life", Gifts: gifts, Range: "№ 9–1 із 9", Newest: "/uk/", Older: "/uk/"},
		"company":   companyPage{Base: base, Name: "Ґанок", About: "Про", Site: link, Logo: "/l.png", Memberships: []membership{{link, "учасниця"}}, Sums: []namedSum{{some, some, &some, &some}}, Gifts: gifts, More: true},
		"companies": companiesPage{Base: base, Companies: []companyLine{{"/uk/companies/ganok", "Ґанок", "2 обіцянки"}}, Withheld: "Ще 1"},
		"cluster": clusterPage{Base: base, Name: "Кластер", About: "Про", Members: "8 компаній", Logo: "/l.png", Contact: []page.Link{link}, Apply: link,
			Stats: []page.Stat{{Figure: "5 000 $", What: "отримано"}}, StatsUnder: "Решта", Cards: cards, Joined: shares},
	})
}
