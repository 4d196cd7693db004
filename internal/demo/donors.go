package demo

import "kopiyka/internal/giving"

// course is how a gift of the demo goes.
type course string

const (
	byCard           course = "card"
	byDebit          course = "debit" // settles; the demo does not wait four days for it
	declinedThenCard course = "declined, then another card"
	refundedInPart   course = "card, and a part goes back"
)

// donor is an invented member company and its gift in minor units.
type donor struct {
	slug, uk, en string
	minor        int64
	visibility   giving.Visibility
	course       course
	message      string
}

// donors are invented, names and sums alike; the page says so. There are 46 of them and
// their gifts come to $250,000.00: IT4Life's total in 2020, from more than 45 companies.
var donors = []donor{
	{"ganok-soft", "Ґанок Софт", "Ganok Soft", 15000_00, giving.Named, byDebit, ""},
	{"yasen-systems", "Ясен Системс", "Yasen Systems", 20000_00, giving.Named, byDebit, "Лікарням – щонайшвидше."},
	{"klenova-studio", "Студія «Кленова»", "Klenova Studio", 1250_00, giving.Named, byCard, ""},
	{"meridian-36", "Меридіан 36", "Meridian 36", 12000_00, giving.AmountHidden, byDebit, ""},
	{"svitlotin", "Світлотін", "Svitlotin", 9000_00, giving.Named, byDebit, ""},
	{"barvinok-labs", "Барвінок Лабс", "Barvinok Labs", 4800_00, giving.Named, byCard, ""},
	{"zhuravel-data", "Журавель Дата", "Zhuravel Data", 7500_00, giving.Named, byDebit, ""},
	{"tykha-havan", "Тиха Гавань", "Tykha Havan", 2250_50, giving.Anonymous, byCard, ""},
	{"polyn-code", "Полин Код", "Polyn Code", 3300_00, giving.Named, byCard, ""},
	{"dubova-rada", "Дубова Рада", "Dubova Rada", 10000_00, giving.Named, byDebit, ""},
	{"soroka-test", "Сорока Тест", "Soroka Test", 1800_00, giving.Named, declinedThenCard, ""},
	{"vitriak-cloud", "Вітряк Клауд", "Vitriak Cloud", 16500_00, giving.Named, byDebit, "Апарати УЗД."},
	{"kalyna-mobile", "Калина Мобайл", "Kalyna Mobile", 5400_00, giving.Named, byCard, ""},
	{"pivnichnyi-mist", "Північний Міст", "Pivnichnyi Mist", 6200_00, giving.Named, byDebit, ""},
	{"lan-analytics", "Лан Аналітика", "Lan Analytics", 3750_00, giving.Named, byCard, ""},
	{"chumatskyi-shliakh", "Чумацький Шлях", "Chumatskyi Shliakh", 8000_00, giving.Named, byDebit, ""},
	{"zhyto-interactive", "Жито Інтерактив", "Zhyto Interactive", 2700_00, giving.Named, byCard, ""},
	{"sim-vitriv", "Сім Вітрів", "Sim Vitriv", 4100_00, giving.Named, byCard, ""},
	{"malva-design", "Мальва Дизайн", "Malva Design", 950_00, giving.Named, byCard, ""},
	{"krynytsia-soft", "Криниця Софт", "Krynytsia Soft", 7200_00, giving.Named, byDebit, ""},
	{"verbova-liniia", "Вербова Лінія", "Verbova Liniia", 3000_00, giving.Named, refundedInPart, ""},
	{"skelia-security", "Скеля Захист", "Skelia Security", 6600_00, giving.AmountHidden, byDebit, ""},
	{"ostriv-games", "Острів Ігор", "Ostriv Games", 11000_00, giving.Named, byDebit, "Від усієї команди: 84 людини."},
	{"bereh-soft", "Берег Софт", "Bereh Soft", 5000_00, giving.Named, byCard, ""},
	{"lastivka-logistics", "Ластівка Логістика", "Lastivka Logistics", 4400_00, giving.Named, byCard, ""},
	{"oberih-medtech", "Оберіг Медтех", "Oberih Medtech", 9500_00, giving.Named, byDebit, "На витратні матеріали для лікарні № 17."},
	{"horytsvit", "Горицвіт", "Horytsvit", 2100_00, giving.Named, byCard, ""},
	{"zoria-fintech", "Зоря Фінтех", "Zoria Fintech", 8750_00, giving.Named, byDebit, ""},
	{"kobza-audio", "Кобза Аудіо", "Kobza Audio", 1150_75, giving.Named, byCard, ""},
	{"levada", "Левада", "Levada", 3900_00, giving.Named, byCard, ""},
	{"maiak-engineering", "Маяк Інженерія", "Maiak Engineering", 7000_00, giving.Named, byDebit, ""},
	{"nyva-agrotech", "Нива Агротех", "Nyva Agrotech", 4600_00, giving.Named, byCard, ""},
	{"orlyk", "Орлик", "Orlyk", 1500_00, giving.Named, byCard, ""},
	{"porih-nul", "Поріг Нуль", "Porih Nul", 2400_00, giving.Named, byCard, ""},
	{"ruzha", "Ружа", "Ruzha", 850_25, giving.Named, byCard, ""},
	{"stepova-merezha", "Степова Мережа", "Stepova Merezha", 5800_00, giving.Named, byDebit, ""},
	{"teren", "Терен", "Teren", 3200_00, giving.Named, byCard, ""},
	{"ustia", "Устя", "Ustia", 1600_00, giving.Named, byCard, ""},
	{"farvater", "Фарватер", "Farvater", 6000_00, giving.Named, byDebit, ""},
	{"khvylia-media", "Хвиля Медіа", "Khvylia Media", 2300_00, giving.Named, byCard, ""},
	{"tsehla", "Цегла", "Tsehla", 4000_00, giving.Named, byCard, "Родинам – на дах."},
	{"choven", "Човен", "Choven", 1300_00, giving.Named, byCard, ""},
	{"shpak-i-syny", "Шпак і сини", "Shpak & Sons", 3600_00, giving.Named, byCard, ""},
	{"shchedryk-labs", "Щедрик Лабс", "Shchedryk Labs", 4200_00, giving.Named, byCard, ""},
	{"yunak", "Юнак", "Yunak", 1900_00, giving.Named, byCard, ""},
	{"yar-systems", "Яр Системи", "Yar Systems", 2648_50, giving.Named, byDebit, "Переїзд колег."},
}

// inEuros are gifts that were promised and paid in euros, and what they count as at the
// demo's rate: so much as the record of donors says.
var inEuros = map[string]struct{ minor, counts int64 }{"kalyna-mobile": {5000_00, 5400_00}}

// partOfRefund is what Verbova Liniia gets back of its gift, in minor units.
const partOfRefund = 500_00
