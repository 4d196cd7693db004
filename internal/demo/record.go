package demo

import (
	"time"

	"kopiyka/internal/campaign"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
)

// The record is what the Kharkiv IT Cluster and the press published of IT4Life in 2020:
// the goal, the three lines of relief, the first week's purchases, hospital No. 17. Who
// gave how much was not published, so donors and their sums are invented (donors.go), and
// so are the sums of the allocations below.

const campaignSlug = "it4life"

// Payee is who the checkout page says is paid, and PayeeEN the same in English.
const (
	Payee   = "Харківський ІТ-кластер"
	PayeeEN = "Kharkiv IT Cluster"
)

var cluster = member.Cluster{
	Slug: clusterSlug,
	Name: member.Text{UK: Payee, EN: PayeeEN},
	About: member.Text{
		UK: "Громадська організація, що об’єднує ІТ-компанії Харкова. Кампанії веде координаційна група, кожен розподіл схвалює друга людина.",
		EN: "An association of Kharkiv’s IT companies. Campaigns are run by a coordination group, and a second person approves every allocation.",
	},
}

// bankAccount is invented: no bank of Ukraine has this code, and nobody can transfer to it.
// Its check digits are right, so that everything that checks an IBAN takes it.
var bankAccount = member.BankAccount{
	IBAN: "UA469999990000026001234567890", BIC: "DEMOUAUX", Currency: string(currency), HolderID: "00000000",
	Holder: member.Text{UK: "ГО «Харківський ІТ-кластер» (демонстрація)", EN: "Kharkiv IT Cluster NGO (demonstration)"},
	Bank:   member.Text{UK: "Вигаданий банк", EN: "Invented Bank"},
}

var programmeTitle = campaign.Text{UK: "IT4Life", EN: "IT4Life"}

func theCampaign(clusterID, programmeID string, opensOn time.Time) campaign.Campaign {
	return campaign.Campaign{
		ClusterID: clusterID, ProgrammeID: programmeID, Slug: campaignSlug,
		Title: campaign.Text{UK: "IT4Life", EN: "IT4Life"},
		Summary: campaign.Text{
			UK: "ІТ-компанії Харкова купують обладнання для лікарень і медиків, будинки для родин, що втратили свої в пожежі у Дворічанському районі, і допомагають із переїздом фахівцям, яким довелося залишити Білорусь.",
			EN: "Kharkiv’s IT companies are buying equipment for hospitals and medics, houses for families who lost theirs to the fire in the Dvorichna district, and relocation for specialists who had to leave Belarus.",
		},
		Story: campaign.Text{
			UK: `Наприкінці березня 2020 року лікарням Харкова бракувало найпростішого: ларингоскопів, пульсоксиметрів, дихальних мішків. За перший тиждень компанії зібрали 3,3 млн ₴, близько 108 700 $. Менш ніж за пів року – 250 000 $; долучилися понад 45 компаній.

27 березня перше обладнання отримала харківська лікарня № 17. Решту розподілили між іншими лікарнями області.

### Три напрями, одна книга

До медичного напряму додалися ще два: будинки для родин, які постраждали від пожежі в Дворічанському районі, і переїзд білоруських ІТ-фахівців. Імен родин і фахівців ми не публікуємо; гроші, витрачені на них, враховано в усіх підсумках.

### Правило для залишку

Якщо наприкінці лишаться вільні гроші, вони підуть на наступну потребу лікарень за списком. Це правило оприлюднено до першого внеску.`,
			EN: `At the end of March 2020 Kharkiv’s hospitals were short of the simplest things: laryngoscopes, pulse oximeters, breathing bags. In the first week the companies raised ₴3.3 million, about $108,700. In less than six months it was $250,000; more than 45 companies joined.

On 27 March Kharkiv’s Hospital No. 17 received the first equipment. The rest was shared among other hospitals of the region.

### Three lines, one ledger

Two more lines joined the medical one: houses for families hit by the fire in the Dvorichna district, and the relocation of Belarusian IT specialists. We do not publish the names of families or specialists; the money spent on them is counted in every total.

### The rule for what is left

If free money remains at the end, it goes to the next hospital need on the list. This rule was published before the first gift.`,
		},
		Note: campaign.Text{
			UK: "Це демонстрація. Мета, три напрями, список першого тижня й лікарня № 17 – з публічного запису IT4Life 2020 року. Компанії, їхні внески та суми розподілів вигадані; платежі пройшли через пісочницю.",
			EN: "This is a demonstration. The goal, the three lines, the list of the first week and Hospital No. 17 come from the public record of IT4Life in 2020. The companies, their gifts and the sums of the allocations are invented; the payments went through the sandbox.",
		},
		Goal: money.Of(250_000_00, "USD"), State: campaign.Open, OpensOn: opensOn,
	}
}

// purpose is a line of relief with the needs that the record names.
type purpose struct {
	campaign.Purpose
	needs []campaign.Need
}

var hospital17 = campaign.Text{UK: "Харківська лікарня № 17", EN: "Kharkiv Hospital No. 17"}
var hospitals = campaign.Text{UK: "Лікарні Харківської області", EN: "Hospitals of the Kharkiv region"}
var pieces = campaign.Text{UK: "шт.", EN: "pcs"}

func need(uk, en string, quantity int64, unit, recipient campaign.Text) campaign.Need {
	return campaign.Need{Item: campaign.Text{UK: uk, EN: en}, Quantity: quantity, Unit: unit, Recipient: recipient}
}

const hospitalsSlug, housesSlug, relocationSlug = "hospitals", "houses", "relocation"

var purposes = []purpose{
	{
		Purpose: campaign.Purpose{Slug: hospitalsSlug,
			Title: campaign.Text{UK: "Обладнання для лікарень і медиків", EN: "Equipment for hospitals and medics"},
			About: campaign.Text{UK: "Закупівлі першого тижня. Потреби називають лікарні.", EN: "Bought in the first week. Hospitals name the needs."}},
		needs: []campaign.Need{
			need("Ультразвукові системи", "Ultrasound systems", 3, pieces, hospitals),
			need("Маніпуляційний стіл", "Manipulation table", 1, pieces, hospitals),
			need("Ларингоскопи", "Laryngoscopes", 12, pieces, hospital17),
			need("Центрифуги", "Centrifuges", 2, pieces, hospitals),
			need("Електрокардіографи", "Electrocardiographs", 3, pieces, hospitals),
			need("Дихальні мішки", "Breathing bags", 18, pieces, hospital17),
			need("Пульсоксиметри", "Pulse oximeters", 30, pieces, hospital17),
			need("Штативи для вливань", "Infusion stands", 18, pieces, hospitals),
			need("Каталки", "Gurneys", 670, pieces, hospitals),
		},
	},
	{
		Purpose: campaign.Purpose{Slug: housesSlug,
			Title: campaign.Text{UK: "Будинки для родин після пожежі", EN: "Houses for families after the fire"},
			About: campaign.Text{UK: "Дворічанський район. Імен родин не публікуємо.", EN: "Dvorichna district. We do not publish the families’ names."}},
	},
	{
		Purpose: campaign.Purpose{Slug: relocationSlug,
			Title: campaign.Text{UK: "Переїзд фахівців із Білорусі", EN: "Relocation of specialists from Belarus"},
			About: campaign.Text{UK: "Імен фахівців не публікуємо.", EN: "We do not publish the specialists’ names."}},
	},
}

// decision is what becomes of a proposal in the demo.
type decision string

const (
	approved decision = "approved"
	refused  decision = "refused"
	waiting  decision = "waiting"
)

// allocation is a proposal with an invented sum, in minor units.
type allocation struct {
	purpose  string
	minor    int64
	uk, en   string
	decision decision
	refusal  string
}

var allocations = []allocation{
	{hospitalsSlug, 44_700_00, "Три ультразвукові системи для лікарень, що приймають хворих на COVID-19", "Three ultrasound systems for hospitals that take in COVID-19 patients", approved, ""},
	{hospitalsSlug, 21_640_50, "Ларингоскопи, пульсоксиметри й дихальні мішки для лікарні № 17: передача 27 березня", "Laryngoscopes, pulse oximeters and breathing bags for Hospital No. 17: delivery on 27 March", approved, ""},
	{housesSlug, 38_000_00, "Перші два будинки в Дворічанському районі: договори купівлі узгоджено з громадою", "The first two houses in the Dvorichna district: purchase agreed with the community", approved, ""},
	{relocationSlug, 12_600_00, "Квитки, візи й перший місяць житла для дев’яти фахівців", "Tickets, visas and the first month of housing for nine specialists", approved, ""},
	{hospitalsSlug, 60_000_00, "Каталки, 670 шт., одним замовленням", "Gurneys, 670 pieces, in one order", refused, "Одна пропозиція без порівняння цін. Потрібні щонайменше три."},
	{hospitalsSlug, 9_450_00, "Електрокардіографи, 3 шт.: обрано найдешевшу з трьох пропозицій", "Electrocardiographs, 3 pieces: the cheapest of three offers", waiting, ""},
}
