package demo

import (
	"time"

	"kopiyka/internal/campaign"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
)

// The other clusters of the demo, with their people, companies and campaigns. The cities are
// real and everything else is invented; the pages say so.

const clusterSlug, mariupolSlug, kramatorskSlug, luhanskSlug = "kharkiv-it-cluster", "mariupol-it-cluster", "kramatorsk-it-cluster", "luhansk-it-cluster"

const hryvnia = money.Currency("UAH")

// association is a cluster as the demo enters it.
type association struct {
	member.Cluster
	iban, holderUK, holderEN string // of its account in hryvnias
	phone                    string
	coordinator, approver    string // their names; the approver is the admin too
}

// short is what its addresses begin with: mariupol of mariupol-it-cluster.
func (a association) short() string { return a.Slug[:len(a.Slug)-len("-it-cluster")] }

func (a association) coordinatorEmail() string { return "coordinator." + a.short() + "@demo.test" }
func (a association) approverEmail() string    { return "approver." + a.short() + "@demo.test" }

func (a association) account() member.BankAccount {
	return member.BankAccount{
		IBAN: a.iban, BIC: "DEMOUAUX", Currency: string(hryvnia), HolderID: "00000000",
		Holder: member.Text{UK: a.holderUK + " (демонстрація)", EN: a.holderEN + " (demonstration)"}, Bank: bankAccount.Bank,
	}
}

// profile is what everyone may know of a cluster.
func profileOf(c member.Cluster, short, phone string) member.ClusterProfile {
	return member.ClusterProfile{Cluster: c, Email: "office@" + short + "-it.test", Phone: phone, Site: "https://" + short + "-it.test", Lang: i18n.UK}
}

var associations = []association{
	{
		Cluster: member.Cluster{
			Slug: mariupolSlug, Name: member.Text{UK: "Маріупольський ІТ-кластер", EN: "Mariupol IT Cluster"},
			About: member.Text{
				UK: "ІТ-компанії з Маріуполя, що працюють тепер із Дніпра, Запоріжжя й Києва. У демонстрації все, крім назви міста, вигадане.",
				EN: "IT companies of Mariupol that work from Dnipro, Zaporizhzhia and Kyiv now. In this demonstration everything but the city is invented.",
			},
		},
		iban: "UA319999990026001230000000001", holderUK: "ГО «Маріупольський ІТ-кластер»", holderEN: "Mariupol IT Cluster NGO",
		phone: "+380000000002", coordinator: "Дарія Самійленко", approver: "Роман Остапчук",
	},
	{
		Cluster: member.Cluster{
			Slug: kramatorskSlug, Name: member.Text{UK: "Краматорський ІТ-кластер", EN: "Kramatorsk IT Cluster"},
			About: member.Text{
				UK: "ІТ-компанії Краматорська й сусідніх громад. У демонстрації все, крім назви міста, вигадане.",
				EN: "IT companies of Kramatorsk and the towns around it. In this demonstration everything but the city is invented.",
			},
		},
		iban: "UA049999990026001230000000002", holderUK: "ГО «Краматорський ІТ-кластер»", holderEN: "Kramatorsk IT Cluster NGO",
		phone: "+380000000003", coordinator: "Зоряна Вербицька", approver: "Ілля Марченко",
	},
	{
		Cluster: member.Cluster{
			Slug: luhanskSlug, Name: member.Text{UK: "Луганський ІТ-кластер", EN: "Luhansk IT Cluster"},
			About: member.Text{
				UK: "ІТ-компанії, які двічі переїздили з Луганщини й лишилися разом. У демонстрації все, крім назви міста, вигадане.",
				EN: "IT companies that have left the Luhansk region twice and stayed together. In this demonstration everything but the city is invented.",
			},
		},
		iban: "UA749999990026001230000000003", holderUK: "ГО «Луганський ІТ-кластер»", holderEN: "Luhansk IT Cluster NGO",
		phone: "+380000000004", coordinator: "Віра Лисенко", approver: "Назар Стеценко",
	},
}

// belongs is what a company is to a cluster, and for how long.
type belongs struct {
	cluster, kind string
	since, until  string // days; until may be empty
}

// firm is an invented company beside the donors of the record.
type firm struct {
	slug, uk, en, edrpou string
	memberships          []belongs
	alone                bool // nobody acts for it yet
}

var firms = []firm{
	{"azov-data", "Азов Дата", "Azov Data", "99000011", []belongs{{mariupolSlug, "member", "2018-04-12", ""}}, false},
	{"kalmius-soft", "Кальміус Софт", "Kalmius Soft", "99000028", []belongs{{mariupolSlug, "member", "2019-09-02", ""}}, false},
	{"vezha-labs", "Вежа Лабс", "Vezha Labs", "99000034", []belongs{{mariupolSlug, "business-partner", "2019-02-20", "2021-02-20"}, {mariupolSlug, "member", "2021-02-20", ""}}, false},
	{"torets-soft", "Торець Софт", "Torets Soft", "99000040", []belongs{{kramatorskSlug, "member", "2017-11-01", ""}}, false},
	{"kreida-studio", "Студія «Крейда»", "Kreida Studio", "99000057", []belongs{{kramatorskSlug, "member", "2020-06-15", ""}}, false},
	{"derkul-systems", "Деркул Системс", "Derkul Systems", "99000063", []belongs{{luhanskSlug, "member", "2016-03-10", ""}}, false},
	{"aidar-labs", "Айдар Лабс", "Aidar Labs", "99000075", []belongs{{luhanskSlug, "member", "2018-08-24", ""}}, false},
	{"stepova-zirka", "Степова Зірка", "Stepova Zirka", "99000086", []belongs{{luhanskSlug, "donor-programme", "2021-01-18", ""}}, false},
	{"slobozhanska-politekhnika", "Слобожанська політехніка", "Sloboda Polytechnic", "99000092", []belongs{{clusterSlug, "educational-partner", "2018-09-01", ""}, {kramatorskSlug, "educational-partner", "2020-09-01", ""}}, true},
	{"biuro-litera", "Бюро «Літера»", "Litera Bureau", "99000100", []belongs{{clusterSlug, "business-partner", "2019-05-06", ""}}, true},
	{"fond-parostok", "Фонд «Паросток»", "Parostok Fund", "99000117", []belongs{{clusterSlug, "donor-programme", "2021-03-25", ""}}, true},
	{"kolyshnii-klub", "Колишній Клуб", "Former Club", "99000123", []belongs{{clusterSlug, "member", "2016-02-01", "2019-12-31"}}, true},
}

// more are memberships that donors of the record hold beside that of Kharkiv: Ganok Soft,
// whose owner one can sign in as, belongs to two clusters.
var more = map[string][]belongs{"ganok-soft": {{kramatorskSlug, "member", "2021-10-04", ""}}}

// cameIn2020 is how many of the donors, the last of the record, joined the Kharkiv cluster in
// 2020, and nobody else did; the others had come in the five years before.
const cameIn2020 = 14

// memberSince is the day on which the donor with this number joined.
func memberSince(number int) time.Time {
	if late := number - (len(donors) - cameIn2020); late >= 0 {
		return time.Date(2020, time.January+time.Month(late*3/4), 3+late, 0, 0, 0, 0, time.UTC)
	}
	return time.Date(2015+number%5, time.January+time.Month(number%12), 5, 0, 0, 0, 0, time.UTC)
}

// portrait is what a company says of itself, and what of it everyone may see.
type portrait struct {
	slug   string
	uk, en string
	shows  member.Shows
	logo   bool
	moved  []member.Address
}

var portraits = []portrait{
	{
		slug: "ganok-soft", uk: "Пишемо програми для лікарень: запис, аналізи, облік ліків. 60 людей у Харкові й Краматорську.",
		en:    "We write software for hospitals: appointments, laboratories, pharmacies. Sixty people in Kharkiv and Kramatorsk.",
		shows: member.Shows{Name: true, About: true, Logo: true, Site: true}, logo: true,
		moved: []member.Address{{Kind: "registered", Country: "UA", Place: "Харків, вул. Вигадана, 7", Since: on("2015-01-05")}},
	},
	{
		slug: "azov-data", uk: "Збираємо й перевіряємо дані портів і складів.", en: "We gather and check data of ports and warehouses.",
		shows: member.Shows{Name: true, About: true, Logo: true}, logo: true,
		moved: []member.Address{
			{Kind: "registered", Country: "UA", Place: "Маріуполь, вул. Вигадана, 12", Since: on("2016-06-01")},
			{Kind: "relocated", Country: "UA", Place: "Дніпро, вул. Тимчасова, 3", Since: on("2022-03-20")},
		},
	},
	{
		slug: "derkul-systems", uk: "Керуємо енергетикою насосних станцій. Переїздили двічі й не зупинялися.", en: "We run the power of pumping stations. Moved twice and never stopped.",
		shows: member.Shows{Name: true, About: true, Logo: true, Site: true}, logo: true,
		moved: []member.Address{
			{Kind: "registered", Country: "UA", Place: "Луганськ, вул. Вигадана, 4", Since: on("2011-02-14")},
			{Kind: "relocated", Country: "UA", Place: "Сєвєродонецьк, вул. Тимчасова, 8", Since: on("2014-08-01")},
			{Kind: "relocated", Country: "UA", Place: "Дніпро, вул. Тимчасова, 15", Since: on("2022-03-06")},
		},
	},
	{slug: "torets-soft", uk: "Облік для заводів.", en: "Accounts for factories.", shows: member.Shows{Name: true, About: true}},
	{slug: "kalmius-soft", uk: "Цього опису компанія поки не показує.", en: "The company does not show this description yet.", shows: member.Shows{Name: true}},
	{slug: "vezha-labs", uk: "Ця компанія не показує й назви.", en: "This company does not show its name either.", shows: member.Shows{}},
}

func on(day string) time.Time {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic("demo: " + day + " is no day")
	}
	return t
}

// collection is a campaign beside the record's.
type collection struct {
	campaign.Campaign
	cluster  string
	joined   []string // the clusters that joined it
	purposes []purpose
	aside    string // what of it is set aside, in the one purpose
	asideEN  string
	minor    int64
}

const generatorsSlug, waterSlug, busesSlug = "generators", "water-for-kramatorsk", "evacuation-buses"

var demoNote = campaign.Text{
	UK: "Це демонстрація. Кампанія, компанії та внески вигадані; платежі пройшли через пісочницю.",
	EN: "This is a demonstration. The campaign, the companies and their gifts are invented; the payments went through the sandbox.",
}

var collections = []collection{
	{
		cluster: mariupolSlug,
		Campaign: campaign.Campaign{
			Slug: generatorsSlug, Title: campaign.Text{UK: "Генератори для лікарень", EN: "Generators for hospitals"},
			Summary: campaign.Text{UK: "Три дизельні генератори для лікарень, що прийняли маріупольців.", EN: "Three diesel generators for hospitals that took in people of Mariupol."},
			Story: campaign.Text{
				UK: "Лікарні назвали потужність, яка їм потрібна, і показали, де стоятиме кожен генератор. Купуємо по одному, щойно на нього вистачає.",
				EN: "The hospitals named the power that they need and showed where each generator will stand. We buy one at a time, as soon as there is enough for it.",
			},
			Goal: money.Of(600_000_00, hryvnia),
		},
		purposes: []purpose{{
			Purpose: campaign.Purpose{Slug: "generators", Title: campaign.Text{UK: "Генератори", EN: "Generators"}, About: campaign.Text{UK: "З доставкою й під’єднанням.", EN: "With delivery and connection."}},
			needs:   []campaign.Need{need("Дизельний генератор, 60 кВт", "Diesel generator, 60 kW", 3, pieces, campaign.Text{UK: "Лікарні Запорізької області", EN: "Hospitals of the Zaporizhzhia region"})},
		}},
		aside: "Перший генератор: найдешевша з трьох пропозицій, доставка за тиждень", asideEN: "The first generator: the cheapest of three offers, delivered within a week", minor: 185_000_00,
	},
	{
		cluster: kramatorskSlug,
		Campaign: campaign.Campaign{
			Slug: waterSlug, Title: campaign.Text{UK: "Вода для Краматорська", EN: "Water for Kramatorsk"},
			Summary: campaign.Text{UK: "Свердловина й очищення води для двох шкіл і пологового.", EN: "A well and water treatment for two schools and a maternity hospital."},
			Story:   campaign.Text{UK: "Проєкт і кошторис зробили інженери громади. Роботи почнуться, коли буде половина.", EN: "The town’s engineers made the plan and the estimate. Work begins when half of it is there."},
			Goal:    money.Of(450_000_00, hryvnia),
		},
		purposes: []purpose{{
			Purpose: campaign.Purpose{Slug: "water", Title: campaign.Text{UK: "Свердловина й очищення", EN: "The well and the treatment"}},
			needs:   []campaign.Need{need("Станція очищення води", "Water treatment plant", 3, pieces, campaign.Text{UK: "Школи й пологовий Краматорська", EN: "Schools and the maternity hospital of Kramatorsk"})},
		}},
	},
	{
		cluster: kramatorskSlug, joined: []string{clusterSlug, mariupolSlug, luhanskSlug},
		Campaign: campaign.Campaign{
			Slug: busesSlug, Title: campaign.Text{UK: "Автобуси для евакуації", EN: "Buses for evacuation"},
			Summary: campaign.Text{
				UK: "Чотири кластери разом купують мікроавтобуси, якими волонтери вивозять людей від лінії фронту.",
				EN: "Four clusters together buy minibuses in which volunteers take people away from the front line.",
			},
			Story: campaign.Text{
				UK: `Кампанію веде Краматорський кластер: на його рахунок ідуть гроші, його люди купують і звітують. Харківський, Маріупольський і Луганський приєдналися, щоб їхні компанії могли дати через них.

### Чия частка

Кожна компанія дає через кластер, до якого входить. Частки кластерів стоять на цій сторінці, а в підсумку кампанії кожен внесок є один раз.`,
				EN: `The Kramatorsk cluster leads the campaign: the money goes to its account, its people buy and account for it. Those of Kharkiv, Mariupol and Luhansk joined so that their companies can give through them.

### Whose share

Each company gives through a cluster that it belongs to. The clusters’ shares stand on this page, and the campaign’s total counts each gift once.`,
			},
			Goal: money.Of(2_400_000_00, hryvnia),
		},
		purposes: []purpose{{
			Purpose: campaign.Purpose{Slug: "buses", Title: campaign.Text{UK: "Мікроавтобуси", EN: "Minibuses"}, About: campaign.Text{UK: "Уживані, з місцями для лежачих.", EN: "Used ones, with places for those who cannot sit."}},
			needs:   []campaign.Need{need("Мікроавтобус на 8 місць", "Minibus with eight seats", 4, pieces, campaign.Text{UK: "Волонтерські команди Донецької області", EN: "Volunteer crews of the Donetsk region"})},
		}},
		aside: "Перший мікроавтобус: оглянули двоє механіків, ціну знизили на десяту частину", asideEN: "The first minibus: two mechanics looked at it, the price came down by a tenth", minor: 410_000_00,
	},
}

// gift is what a company gives to one of these campaigns. Of one campaign, no company gives
// the same twice.
type gift struct {
	campaign, company string
	through           string // empty: there is one way
	minor             int64
	visibility        giving.Visibility
	promised          bool // and not paid yet
	message           string
}

var gifts = []gift{
	{campaign: generatorsSlug, company: "azov-data", minor: 120_000_00, visibility: giving.Named, message: "Світло має бути."},
	{campaign: generatorsSlug, company: "kalmius-soft", minor: 85_500_50, visibility: giving.Named},
	{campaign: generatorsSlug, company: "vezha-labs", minor: 40_000_00, visibility: giving.Anonymous},
	{campaign: waterSlug, company: "torets-soft", minor: 95_000_00, visibility: giving.Named},
	{campaign: waterSlug, company: "kreida-studio", minor: 60_000_00, visibility: giving.AmountHidden},
	{campaign: busesSlug, company: "ganok-soft", through: clusterSlug, minor: 150_000_00, visibility: giving.Named},
	{campaign: busesSlug, company: "ganok-soft", through: kramatorskSlug, minor: 50_000_00, visibility: giving.Named, message: "Від краматорської частини команди."},
	{campaign: busesSlug, company: "yasen-systems", minor: 180_000_00, visibility: giving.Named},
	{campaign: busesSlug, company: "torets-soft", minor: 75_250_00, visibility: giving.Named},
	{campaign: busesSlug, company: "azov-data", minor: 60_000_00, visibility: giving.Named},
	{campaign: busesSlug, company: "kalmius-soft", minor: 45_000_00, visibility: giving.AmountHidden},
	{campaign: busesSlug, company: "derkul-systems", minor: 90_000_00, visibility: giving.Named, message: "Ми знаємо цю дорогу."},
	{campaign: busesSlug, company: "aidar-labs", minor: 30_000_00, visibility: giving.Anonymous},
	{campaign: busesSlug, company: "stepova-zirka", minor: 25_000_00, visibility: giving.Named, promised: true},
}
