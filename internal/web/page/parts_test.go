package page_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/page/pagetest"
	"kopiyka/templates"
)

// partsPage holds every part once.
type partsPage struct {
	page.Base
	Open     page.Status
	When     page.Moment
	Sum      page.Sum
	Bands    page.Bands
	Short    page.Bands
	Proof    page.Proof
	Cards    page.Cards
	Stats    []page.Stat
	Steps    page.Steps
	Factor   page.Factor
	Gifts    page.Gifts
	Seals    []page.Seal
	Decision page.Decision
	Statuses []page.Status
	Table    page.Table
	List     page.List
	Notices  []page.Notice
	Empty    page.Empty
	Errors   page.ErrorSummary
	Fields   []page.Field
	Choices  page.Choices
	Plan     page.Plan
	ActForm  page.ActForm
	Story    page.Story
	Stand    page.Stand
	Papers   page.Papers
	Crew     page.Crew
	Tabs     []page.Link
	Ask      page.Ask
}

func parts(t *testing.T, l i18n.Lang) partsPage {
	t.Helper()
	at := time.Date(2026, 11, 22, 16, 4, 0, 0, time.UTC)
	sum := func(minor int64) *page.Sum { s := l.Sum(money.Of(minor, "USD")); return &s }
	totals := page.Totals{
		Currency: "USD", Goal: 25_000_000, Received: 21_438_050, Transit: 625_000, Unpaid: 1_340_000,
		Delivered: 15_893_012, Spent: 1_271_218, Aside: 2_431_000, Free: 1_722_334, Fees: 120_486,
	}
	p := partsPage{
		Base:   page.Base{Lang: l, Path: "/" + string(l) + "/", Sandbox: true, Visitor: &page.Visitor{Name: "Ґанок Софт", Line: "Ірина Ш., платниця", Portal: "/portal"}},
		Open:   page.NewStatus(l, page.Open),
		When:   l.Moment(at),
		Sum:    *sum(21_438_050),
		Bands:  page.NewBands(l, totals),
		Short:  page.NewBands(l, page.Totals{Currency: "UAH", Goal: 1_000_000, Received: 1_500_000, Unpaid: 500_000, Refunded: 300_000, Aside: 1_250_000, Fees: 40_000, Shortfall: 90_000}),
		Proof:  page.Proof{Title: "Перевірено до", When: l.Moment(at), Text: "Книга, Stripe і банк збігаються до копійки.", Links: []page.Link{{Href: "/x", Text: "Перевірити самому"}}},
		Steps:  page.Steps{Items: []page.Step{{Title: "Обіцянка", Text: "Компанія каже, скільки й коли дасть."}, {Title: "Внесок", Text: "Картка або переказ."}, {Title: "Розподіл", Text: "Один пропонує, другий схвалює."}}},
		Factor: page.Factor{Code: page.Field{ID: "proof_code", Name: "proof_code", Label: "Код", Hint: "Шість цифр"}, Password: page.Field{ID: "proof_password", Name: "proof_password", Type: "password", Label: "Пароль"}, Passkey: page.Passkey{Button: "Ключ доступу", Plain: true, Or: "або"}},
		Empty:  page.Empty{Title: "Запитань ще немає", Text: "Спитайте про будь-який запис.", Link: page.Link{Href: "/x", Text: "Поставити запитання"}},
		Seals: []page.Seal{
			{Signed: []page.Signature{{Act: "Запропонувала", Who: "Олена М.", When: l.Moment(at)}}, Awaits: "Друга людина: ви або ще двоє"},
			{Signed: []page.Signature{{Act: "Запропонувала", Who: "Олена М.", When: l.Moment(at)}, {Act: "Схвалив", Who: "Роман К.", When: l.Moment(at)}}},
		},
		Notices: []page.Notice{
			{Title: "Обіцянку записано", Text: "Її видно на сторінці кампанії.", Link: page.Link{Href: "/x", Text: "До кампанії"}, Live: true},
			{Look: "transit", Title: "Гроші в дорозі", Text: "Сторінка оновиться сама."},
			{Look: "sandbox", Title: "Це пісочниця, а не Stripe"},
			{Look: "fault", Title: "Картку відхилено", Text: "Гроші не списано."},
		},
	}
	p.Decision = page.Decision{
		Approve: "/x", Refuse: "/y", Yes: "Схвалити 5 000,00 $", No: "Повернути з нотаткою", Rule: "Рішення приймають раз.",
		Reason: page.Field{ID: "reason", Name: "reason", Label: "Ваша нотатка", Hint: "Потрібна, якщо повертаєте.", Rows: 4},
	}
	p.Gifts.Items = []page.Gift{
		{Who: "Ясен Системи", Href: "/x", Amount: sum(500_000), When: l.Day(at), Note: "переказ", Status: page.NewStatus(l, page.Transit)},
		{Amount: sum(225_050), Note: "на будинки", Status: page.NewStatus(l, page.Received)},
		{Who: "Меридіан 36", Href: "/x", When: l.Day(at), Status: page.NewStatus(l, page.Pledged)},
	}
	for _, s := range []page.State{page.Pledged, page.Transit, page.Received, page.Aside, page.Spent, page.Delivered, page.Refunded, page.Overdue, page.Waits, page.Declined, page.Draft, page.Open, page.Closed, page.Settled} {
		p.Statuses = append(p.Statuses, page.NewStatus(l, s))
	}
	progress := page.NewProgress(l, totals)
	p.Cards.Items = []page.Card{
		{Title: "IT4Life", Href: "/x", Text: "Обладнання для лікарень, будинки для родин після пожежі.", Progress: progress, Status: page.NewStatus(l, page.Open)},
		{Title: "Бригадам швидкої", Href: "/y", Text: "Захисні комплекти.", Note: "Спільна кампанія: Харків, Маріуполь.", Progress: progress, Status: page.NewStatus(l, page.Closed)},
	}
	p.Stats = []page.Stat{{Figure: "214 380 $", What: "отримано", Exact: sum(21_438_050), Note: "з них повернуто 10 $", Link: page.Link{Href: "/x", Text: "Хто саме"}}, {Figure: "8", What: "компаній"}}
	meter := page.NewMeter("3 / 5", 5, page.Share{Paint: page.PaintDelivered, Part: 3}, page.Share{Paint: page.PaintAside, Part: 1})
	p.Table = page.NewTable("Внески за графіком", []page.Column{{Text: "Внесок"}, {Text: "Термін"}, {Text: "Стан"}, {Text: "Покрито"}, {Text: "Сума", Sum: true}}, [][]page.Cell{
		{{Text: "Перший", Href: "/x", Note: "картка"}, {When: l.Day(at)}, {Status: page.NewStatus(l, page.Received)}, {Meter: &meter}, {Sum: sum(500_000)}},
		{{Text: "Другий"}, {When: l.Day(at)}, {Status: page.NewStatus(l, page.Overdue)}, {}, {Sum: sum(500_001)}},
	}).Total("Разом", *sum(1_000_001))
	p.List = page.List{
		Back: []page.Link{{Href: "/x", Text: "Кабінет"}}, Title: "IT4Life", Lead: "Усе, що надійшло.", TabsLabel: "Які саме",
		Tabs: []page.Link{{Href: "/x", Text: "Чекають", Current: true}, {Href: "/x?state=all", Text: "Усі"}}, Sums: []page.Pair{{Text: "Разом", Sum: *sum(1_000_001)}}, Table: p.Table,
		Search: &page.Search{
			Label: "Внески", Action: "/x", Hidden: []page.Hidden{{Name: "state", Value: "due"}}, Clear: page.Link{Href: "/x", Text: "Показати всі"},
			Fields: []page.Field{{ID: "q", Name: "q", Label: "Компанія", Value: `"Ясен"`}, {ID: "from", Name: "from", Label: "Від", Type: "date"}, {ID: "sum", Name: "sum", Label: "Сума", Sum: true}},
		},
		Pager: page.Pager{Label: "Сторінки", Newest: "/x", Older: "/x?after=1", CSV: page.Link{Href: "/x.csv", Text: "CSV"}},
	}
	form, err := page.NewForm(l, fault.Form{fault.In("amount", "money.ambiguous", "5.000", "5000"), fault.In("visibility", "pledge.visibility")})
	if err != nil {
		t.Fatal(err)
	}
	p.Errors = form.Summary(map[string]string{"amount": "Сума внеску"})
	p.Fields = []page.Field{
		{ID: "amount", Name: "amount", Label: "Сума внеску", Hint: "Наприклад: 5000 або 5000,50", Error: form.Error("amount"), Value: `5.000"`, Sum: true, Unit: "$"},
		{ID: "due_on", Name: "due_on", Label: "Заплатимо не пізніше", Type: "date", Value: "2026-12-01"},
		{ID: "message", Name: "message", Label: "Кілька слів", Rows: 4, MaxLength: 500, Optional: true, Value: "<b>"},
		{ID: "purpose", Name: "purpose", Label: "На що", Options: []page.Option{{Value: "a", Text: "Лікарні"}, {Value: "b", Text: "Будинки", Chosen: true}}},
	}
	press := page.Press{Action: "/a", Text: "Прибрати", Whom: "Олена", Hidden: []page.Hidden{{Name: "role", Value: "none"}}}
	p.Crew = page.Crew{Items: []page.Mate{{Name: "Олена Ткач", Note: "olena@example.org", Roles: "оплата", Acts: []page.Press{press, press}}, {Name: "Іван", Roles: "перегляд"}}}
	p.Tabs = []page.Link{{Href: "/a", Text: "Про компанію", Current: true}, {Href: "/b", Text: "Люди"}}
	p.Ask = page.Ask{Action: "/a", Upload: true, Hidden: []page.Hidden{{Name: "h", Value: "v"}}, Button: "Зберегти", Cancel: page.Link{Href: "/c", Text: "Назад"}, Questions: []page.Question{
		{Field: page.Field{ID: "asked", Name: "asked", Label: "Назва", Hint: "Як у документах"}},
		{Choices: page.NewChoices("asked-kind", "Участь", "a", page.Option{Value: "a", Text: "A", Note: "Пояснення"}, page.Option{Value: "b", Text: "B"})},
		{Checks: page.Checks{ID: "asked-shows", Legend: "Що побачать усі", Hint: "Будь-коли", Items: []page.Check{{Name: "asked_name", Text: "Назву", Note: "Завжди", On: true}, {Name: "asked_site", Text: "Сайт"}}}},
	}}
	p.Papers = page.Papers{ID: "papers", Title: "Документи", Text: "Видані документи не змінюються.", Table: p.Table,
		Forms: []page.PaperForm{{Action: "/x", Kind: "invoice", Button: "Виписати рахунок на 5 000,00 $", Why: "на все, що лишилося"}, {Action: "/x", Button: "Скласти виписку"}}}
	p.Choices = page.NewChoices("visibility", "Що побачать інші", "hidden", page.Option{Value: "named", Text: "Назву й суму"}, page.Option{Value: "hidden", Text: "Назву без суми", Note: "Сума все одно врахована в підсумках"})
	p.Choices.Error = form.Error("visibility")
	p.Plan = page.Plan{Legend: "Що ще платити", Hint: "По рядку на день.", Error: "Цей день записано двічі", Rows: []page.PlanRow{
		{Day: page.Field{ID: "day-1", Name: "day-1", Type: "date", Label: "День 1", Value: "2026-12-01"}, Amount: page.Field{ID: "amount-1", Name: "amount-1", Label: "Сума 1, USD", Value: "500.00", Decimal: true}},
		{Day: page.Field{ID: "day-2", Name: "day-2", Type: "date", Label: "День 2", Error: "Напишіть день так: 2026-09-15"}, Amount: page.Field{ID: "amount-2", Name: "amount-2", Label: "Сума 2, USD", Decimal: true}},
	}}
	p.ActForm = page.ActForm{
		Sums: []page.Pair{{Text: "Сплачено", Sum: *sum(500_000)}}, Warning: "Цього не можна скасувати.", Action: "/x", Seen: "1", Button: "Списати", Back: page.Link{Href: "/x", Text: "Назад"},
		Amounts: &page.Amounts{ID: "written_off", Legend: "Скільки списати", Error: "Позначте, що списати", Fields: []page.Field{{ID: "part-1", Name: "part-1", Label: "Перший", Sum: true, Unit: "USD"}}},
		Reason:  page.Field{ID: "why", Name: "why", Label: "Чому", Rows: 4},
	}
	p.Stand = page.Stand{Table: p.Table, Rules: []string{"Гроші йдуть на найстаріший внесок.", "Чого бракує, лишається до сплати."}}
	p.Story = page.Story{Promised: *sum(1_000_000), Now: *sum(1_000_001), MadeAt: l.Moment(at), Parts: p.Table, Acts: []page.Act{
		{When: l.Moment(at), Text: "Компанія змінила обіцянку: Ірина Ш.", Change: "Було 10 000 $, стало 10 000,01 $", Reason: "Чому: бюджет", Changes: []string{"1 грудня: було 500, стало 501"}},
	}}
	return p
}

// withParts is a renderer that knows the page of parts.
func withParts(t *testing.T) *page.Renderer {
	t.Helper()
	all := fstest.MapFS{}
	err := fs.WalkDir(templates.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(templates.Files, name)
		all[name] = &fstest.MapFile{Data: body}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile("testdata/parts.html")
	if err != nil {
		t.Fatal(err)
	}
	all["try/parts.html"] = &fstest.MapFile{Data: body}
	r, err := page.NewFrom(all, page.Options{Origin: "https://help.example.org", Sandbox: true, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every part takes its model, and a page that holds them all is sound. With KOPIYKA_SHOTS
// naming a folder, the page is left there for the eye.
func TestEveryPartTakesItsModel(t *testing.T) {
	r := withParts(t)
	for _, l := range i18n.Langs() {
		p := parts(t, l)
		pagetest.Check(t, r, "try/parts", p)
		if dir := os.Getenv("KOPIYKA_SHOTS"); dir != "" {
			save(t, r, filepath.Join(dir, "parts."+string(l)+".html"), p)
		}
	}
}

// A part that no page of parts shows is tried by nobody.
func TestThePageOfPartsShowsEveryPart(t *testing.T) {
	shown, err := os.ReadFile("testdata/parts.html")
	if err != nil {
		t.Fatal(err)
	}
	all := string(shown)
	files, err := fs.Glob(templates.Files, "part/*.html")
	if err != nil {
		t.Fatal(err)
	}
	defined := map[string]string{}
	for _, file := range files {
		body, err := fs.ReadFile(templates.Files, file)
		if err != nil {
			t.Fatal(err)
		}
		all += string(body)
		if !strings.HasPrefix(string(body), "{{/*") || !strings.Contains(strings.SplitN(string(body), "\n", 2)[0], "Takes a page.") {
			t.Errorf("%s does not say in its first line what it takes", file)
		}
		for _, m := range regexp.MustCompile(`{{define "([a-z-]+)"`).FindAllStringSubmatch(string(body), -1) {
			defined[m[1]] = file
		}
	}
	for name, file := range defined {
		if !strings.Contains(all, `{{template "`+name+`"`) {
			t.Errorf("%s of %s is shown nowhere", name, file)
		}
	}
}

// save writes a page and its assets so that a browser opens them from the folder.
func save(t *testing.T, r *page.Renderer, file string, m page.Model) {
	t.Helper()
	body, err := r.Bytes("try/parts", m)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(file)
	urls := regexp.MustCompile(page.AssetPrefix+`[A-Za-z0-9./-]+`).FindAllString(string(body), -1)
	for len(urls) > 0 {
		url := urls[0]
		urls = urls[1:]
		rec := httptest.NewRecorder()
		c := echo.New().NewContext(httptest.NewRequest(http.MethodGet, url, nil), rec)
		c.SetParamNames("*")
		c.SetParamValues(strings.TrimPrefix(url, page.AssetPrefix))
		if err := r.Assets.Serve(c); err != nil {
			t.Fatalf("%s: %v", url, err)
		}
		if strings.HasSuffix(url, ".css") {
			urls = append(urls, regexp.MustCompile(page.AssetPrefix+`fonts/[A-Za-z0-9./-]+`).FindAllString(rec.Body.String(), -1)...)
		}
		write(t, filepath.Join(dir, url), []byte(strings.ReplaceAll(rec.Body.String(), `url("`+page.AssetPrefix, `url("`)))
	}
	write(t, file, []byte(strings.ReplaceAll(string(body), `"`+page.AssetPrefix, `"`+strings.TrimPrefix(page.AssetPrefix, "/"))))
}

func write(t *testing.T, file string, body []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, body, 0o644); err != nil {
		t.Fatal(err)
	}
}
