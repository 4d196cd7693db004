package site_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kopiyka/internal/i18n"
	"kopiyka/internal/ledger"
	"kopiyka/internal/money"
	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/report"
	"kopiyka/internal/report/reporttest"
)

// flat is a text as element.text gives it: no-break spaces are spaces.
func flat(s string) string { return strings.Join(strings.Fields(s), " ") }

// key reads the figures below a campaign's bars: what each is called, and how much it is.
func key(e element) map[string]string {
	all := map[string]string{}
	for _, item := range e.all(".band-key div") {
		all[item.all("dt")[0].text()] = item.all("dd")[0].text()
	}
	return all
}

// busy is a campaign in which everything has happened.
func busy(t *testing.T) (*reporttest.World, reporttest.Campaign) {
	t.Helper()
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("it4life", func(c *reporttest.Campaign) {
		c.Goal = 25_000_000
		c.Note = [2]string{"Компанії вигадані.", "The companies are invented."}
		c.Story = [2]string{"## Що сталося\n\nБракувало **всього**. <script>alert(1)</script>", "## What happened\n\nThere was *nothing*."}
	})
	ganok := w.Company("ganok", "Ґанок Софт", "Ganok Soft")
	w.Joins(ganok)
	y := w.Pays(w.Pledge(c, ganok, 5_000_050, "named"), 3_000_000, 90_017)
	w.Pays(w.Pledge(c, w.Company("meridian", "Меридіан 36", "Meridian 36"), 654_321, "amount-hidden"), 654_321, 1_000)
	w.Start(w.Pledge(c, w.Company("tysha", "Таємна Тиша", "Silent Secret"), 777_700, "anonymous"), 777_700, "processing")
	hospitals := w.Purpose(c, "hospitals", "Лікарні", "Hospitals")
	w.Purpose(c, "houses", "Будинки", "Houses")
	w.Allocate(c, hospitals, 2_000_000, "Ларингоскопи для <лікарні> № 17")
	w.Decide(c, w.Propose(c, hospitals, 1_234, "a reason that was refused"), "refused")
	w.Refund(y, 100_000)
	return w, c
}

// The numbers on the page are those of the report, which are those of the ledger, in both
// languages.
func TestCampaignPageShowsTheBooks(t *testing.T) {
	w, c := busy(t)
	d := open(t, w)
	s, err := report.New(w.DB).Summary(t.Context(), "it4life", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	id := c.ID.String()
	for _, l := range i18n.Langs() {
		usd := func(minor int64) string { return flat(l.Money(money.Of(minor, "USD"))) }
		p := d.page("/" + string(l) + "/campaigns/it4life")
		want := map[string]string{
			flat(l.T("common.bands.received")):   usd(3_654_321),
			flat(l.T("common.bands.transit")):    usd(777_700),
			flat(l.T("common.bands.pledged")):    usd(5_000_050 - 3_000_000 + 100_000), // what went back is awaited again
			flat(l.T("common.bands.unpromised")): usd(s.Totals.Missing()),
			flat(l.T("common.bands.aside")):      usd(2_000_000),
			flat(l.T("common.bands.free")):       usd(w.Balance(ledger.Fund(id, "USD"))),
			flat(l.T("common.bands.fees")):       usd(w.Balance(ledger.Fee(id, "USD"))),
			flat(l.T("common.bands.refunded")):   usd(100_000),
		}
		if diff := cmp.Diff(want, key(p)); diff != "" {
			t.Errorf("%s: figures (-want +got):\n%s", l, diff)
		}
		if got := p.one(t, ".glance-big").text(); got != usd(3_654_321) {
			t.Errorf("%s: received is %q", l, got)
		}
		if got := p.one(t, "main h1").text(); got != map[i18n.Lang]string{"uk": "Кампанія it4life", "en": "Campaign it4life"}[l] {
			t.Errorf("%s: h1 is %q", l, got)
		}
		if got := p.one(t, "html").attr("lang"); got != string(l) {
			t.Errorf("%s: lang is %q", l, got)
		}
	}
}

func TestCampaignPageTellsItsStory(t *testing.T) {
	w, _ := busy(t)
	d := open(t, w)
	p := d.page("/uk/campaigns/it4life")
	if got := p.one(t, ".story").text(); got != "Що сталося Бракувало всього. alert(1)" {
		t.Errorf("story is %q", got)
	}
	if got := p.one(t, ".story strong").text(); got != "всього" {
		t.Errorf("strong is %q", got)
	}
	if got := p.one(t, ".opening .notice").text(); !strings.HasSuffix(got, "Компанії вигадані.") {
		t.Errorf("note is %q", got)
	}
	for _, c := range []struct{ what, selector, attribute, want string }{
		{"the way to pledge", ".opening a.button", "href", "/portal/pledges/new?campaign=it4life"},
		{"its cluster", ".kicker a", "href", "/uk/clusters/kharkiv-it"},
		{"its data", ".glance .proof-line a", "href", "/api/v1/campaigns/it4life"},
		{"all gifts", ".two .part-foot a", "href", "/uk/campaigns/it4life/donors"},
		{"the other language", ".langs a[lang=en]", "href", "/en/campaigns/it4life"},
		{"its full address", "link[rel=canonical]", "href", "https://help.example.org/uk/campaigns/it4life"},
		{"what a search engine shows", "meta[name=description]", "content",
			"Харківський ІТ-кластер. Отримано 36 543,21 $ з 250 000 $, відкладено на потреби 20 000,00 $."},
		{"what a shared link shows", "meta[property=og:title]", "content", "Кампанія it4life: куди пішла кожна копійка"},
	} {
		if got := flat(p.one(t, c.selector).attr(c.attribute)); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func TestCampaignPageTellsWhoGave(t *testing.T) {
	w, _ := busy(t)
	d := open(t, w)
	for path, want := range map[string][]string{
		"/uk/campaigns/it4life": {
			"Меридіан 36 суму приховано 25 березня 2026, враховано в підсумкуотримано",
			"Ґанок Софт 50 000,50 $ 25 березня 2026, повернуто 1 000,00 $повернуто частину",
		},
		"/en/campaigns/it4life/donors": {
			"Meridian 36 amount hidden 25 March 2026, counted in the totalreceived",
			"Ganok Soft $50,000.50 25 March 2026, $1,000.00 refundedrefunded in part",
		},
	} {
		var got []string
		for _, g := range d.page(path).all(".gift") {
			got = append(got, g.text())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: gifts (-want +got):\n%s", path, diff)
		}
	}
}

// Anonymous gifts have no line. What the totals hold of them is said once their sum gives
// nobody away, and until then the page says the same as without any.
func TestAnonymousGiftsAreToldTogetherOrNotAtAll(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	d := open(t, w)
	c := w.Campaign("it4life")
	counted := map[string]string{
		"/uk/campaigns/it4life": "Внески без назви компанії окремого рядка не мають: їх враховано лише в підсумках.",
		"/en/campaigns/it4life": "Gifts without a company’s name have no line of their own: they count in the totals only.",
	}
	says := func(n int, want map[string]string) {
		t.Helper()
		for path, want := range want {
			for _, address := range []string{path, path + "/donors"} {
				p := d.fresh(address)
				if got := len(p.all(".gift")); got != 0 {
					t.Errorf("%s with %d anonymous gifts: %d lines", address, n, got)
				}
				if strings.HasSuffix(address, "/donors") {
					want = counted[path] // the full list costs the same at any length, and adds nothing up
				}
				if got := p.all(".part-foot")[0].text(); got != want {
					t.Errorf("%s with %d anonymous gifts: %q, want %q", address, n, got, want)
				}
			}
		}
	}
	says(0, counted)
	for i := range 3 {
		if i > 0 {
			says(i, counted)
		}
		w.Word(w.Pledge(c, w.Company(fmt.Sprintf("quiet-%d", i), "Тиша", "Quiet"), 100_011, "anonymous"), "A secret word")
	}
	says(3, map[string]string{
		"/uk/campaigns/it4life": "Ще 3 внески без назви компаній враховано лише в підсумках: обіцяно 3 000,33 $.",
		"/en/campaigns/it4life": "3 more gifts without a company’s name count in the totals only: $3,000.33 pledged in all.",
	})
}

// What a company says stands beside its name as text, in its own language, and whole.
func TestCompanysWordStandsBesideItsName(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	d := open(t, w)
	c := w.Campaign("it4life")
	ganok := w.Company("ganok", "Ґанок Софт", "Ganok Soft")
	long := strings.Repeat("ґ", 499) + "!"
	w.Word(w.Pledge(c, ganok, 100, "named"), long)
	w.Word(w.Pledge(c, ganok, 200, "amount-hidden"), "For <b>roofs</b> & \"walls\"")
	w.Word(w.Pledge(c, ganok, 300, "anonymous"), "A secret word")
	for _, path := range []string{"/en/campaigns/it4life", "/uk/campaigns/it4life/donors", "/uk/companies/ganok"} {
		if strings.Contains(d.html(path), "secret word") {
			t.Errorf("%s tells what an anonymous company says", path)
		}
		words := d.page(path).all(".gift .gift-word q")
		if len(words) != 2 {
			t.Fatalf("%s: %d words", path, len(words))
		}
		if words[0].text() != "For <b>roofs</b> & \"walls\"" || words[0].attr("lang") != "en" {
			t.Errorf("%s: in %q %q", path, words[0].attr("lang"), words[0].text())
		}
		if words[1].text() != long || words[1].attr("lang") != "uk" {
			t.Errorf("%s: in %q %q", path, words[1].attr("lang"), words[1].text())
		}
	}
}

// A campaign that is over says when it opened, not that it is closed since then.
func TestClosedCampaignSaysWhenItOpened(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	d := open(t, w)
	for state, want := range map[string][2]string{
		"open":    {"Кампанія відкрита з 25 березня 2026", "Campaign open since 25 March 2026"},
		"closed":  {"Кампанія закрита відкрилася 25 березня 2026", "Campaign closed opened on 25 March 2026"},
		"settled": {"Кампанія завершена відкрилася 25 березня 2026", "Campaign finished opened on 25 March 2026"},
	} {
		w.Campaign(state, func(c *reporttest.Campaign) { c.State, c.ClosesOn = state, nil })
		for i, l := range i18n.Langs() {
			kicker := d.page("/"+string(l)+"/campaigns/"+state).one(t, ".kicker").text()
			if !strings.HasPrefix(kicker, want[i]) {
				t.Errorf("%s: %q, want %q", l, kicker, want[i])
			}
		}
	}
}

// What was set aside stands with its reason and two signatures; what was only proposed or
// refused does not stand there at all.
func TestCampaignPageTellsAllocationsAndNeeds(t *testing.T) {
	w, _ := busy(t)
	p := open(t, w).page("/en/campaigns/it4life")
	spend := p.one(t, ".spend")
	if got := spend.one(t, ".spend-head").text(); got != "Hospitals$20,000.00 set aside 25 March 2026" {
		t.Errorf("allocation is %q", got)
	}
	reason := spend.one(t, ".spend-body .stack p")
	if reason.text() != "Ларингоскопи для <лікарні> № 17" || reason.attr("lang") != "uk" {
		t.Errorf("reason in %q is %q", reason.attr("lang"), reason.text())
	}
	if n := len(spend.all(".stamp li")); n != 2 {
		t.Errorf("%d people signed, want 2", n)
	}
	if strings.Contains(p.text(), "Planted Person") || strings.Contains(p.text(), "was refused") {
		t.Error("the page names a person, or tells a refused proposal")
	}
	var needs []string
	for _, row := range p.all("section[aria-labelledby=purpose-hospitals] tbody tr") {
		needs = append(needs, row.text())
	}
	if diff := cmp.Diff([]string{"LaryngoscopeHospital No. 1712 pcs"}, needs); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
	for slug, want := range map[string]string{"hospitals": "$20,000.00 set aside", "houses": "nothing set aside yet"} {
		if got := p.one(t, "section[aria-labelledby=purpose-"+slug+"] .status").text(); got != want {
			t.Errorf("%s: %q, want %q", slug, got, want)
		}
	}
}

// The sentence beside the sum fits every course that a campaign can take.
func TestGlanceFitsWhatHappened(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	d := open(t, w)
	var companies []reporttest.Pledge
	pledges := func(c reporttest.Campaign, n int) []reporttest.Pledge {
		companies = nil
		for i := range n {
			k := w.Company(fmt.Sprintf("%s-%d", c.Slug, i), "Компанія", "Company")
			companies = append(companies, w.Pledge(c, k, 10_000, "anonymous"))
		}
		return companies
	}
	closed := func(c *reporttest.Campaign) { c.State = "closed" }
	settled := func(c *reporttest.Campaign) { c.State = "settled" }

	w.Campaign("empty")
	w.Campaign("never", closed)
	pledges(w.Campaign("promised"), 1)
	pledges(w.Campaign("promised-more"), 5)
	for i, p := range pledges(w.Campaign("half"), 3) {
		if i < 2 {
			w.Pays(p, 10_000, 100)
		}
	}
	w.Pays(pledges(w.Campaign("one"), 1)[0], 10_000, 0)
	for _, p := range pledges(w.Campaign("all", settled), 22) {
		w.Pays(p, 10_000, 0)
	}

	for _, p := range pledges(w.Campaign("exactly"), 10) {
		w.Pays(p, 10_000, 0)
	}

	for slug, want := range map[string]struct{ sum, uk, en string }{
		"exactly":       {"1 000,00 $", "отримано: ціль 1 000 $ досягнуто. 10 компаній долучилося, кожна вже заплатила принаймні частину", "received: the goal of $1,000 is reached. 10 companies joined, each has paid at least a part"},
		"empty":         {"0,00 $", "отримано з 1 000 $ потрібних. Ще ніхто не дав обіцянки", "received of the $1,000 needed. Nobody has pledged yet"},
		"never":         {"0,00 $", "отримано з 1 000 $ потрібних. Обіцянок не було", "received of the $1,000 needed. Nobody pledged"},
		"promised":      {"0,00 $", "отримано з 1 000 $ потрібних. 1 компанія долучилася, але ще не заплатила", "received of the $1,000 needed. 1 company joined and has not paid yet"},
		"promised-more": {"0,00 $", "отримано з 1 000 $ потрібних. 5 компаній долучилося, жодна ще не заплатила", "received of the $1,000 needed. 5 companies joined, none has paid yet"},
		"half":          {"200,00 $", "отримано з 1 000 $ потрібних. 3 компанії долучилися, 2 вже заплатили принаймні частину", "received of the $1,000 needed. 3 companies joined, 2 have paid at least a part"},
		"one":           {"100,00 $", "отримано з 1 000 $ потрібних. 1 компанія долучилася й заплатила принаймні частину", "received of the $1,000 needed. 1 company joined and has paid at least a part"},
		"all":           {"2 200,00 $", "отримано: ціль 1 000 $ досягнуто. 22 компанії долучилися, кожна вже заплатила принаймні частину", "received: the goal of $1,000 is reached. 22 companies joined, each has paid at least a part"},
	} {
		uk, en := d.page("/uk/campaigns/"+slug), d.page("/en/campaigns/"+slug)
		if got := uk.one(t, ".glance-big").text(); got != want.sum {
			t.Errorf("%s: sum is %q, want %q", slug, got, want.sum)
		}
		if got := uk.one(t, "#money").text(); got != want.uk {
			t.Errorf("%s: %q, want %q", slug, got, want.uk)
		}
		if got := en.one(t, "#money").text(); got != want.en {
			t.Errorf("%s: %q, want %q", slug, got, want.en)
		}
	}
}

func TestClosedCampaignTakesNoPledge(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	d := open(t, w)
	for state, want := range map[string]string{
		"closed":  "Кампанія закрита: нових обіцянок вона не приймає.",
		"settled": "Кампанію завершено: нових обіцянок вона не приймає.",
	} {
		w.Campaign("c-"+state, func(c *reporttest.Campaign) { c.State = state })
		p := d.page("/uk/campaigns/c-" + state)
		if n := len(p.all("a.button")); n != 0 {
			t.Errorf("%s: %d buttons", state, n)
		}
		if got := p.one(t, ".opening-act").text(); got != want {
			t.Errorf("%s: %q", state, got)
		}
	}
}

// A refund of money that was set aside already is told, not hidden.
func TestShortfallIsTold(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("it4life")
	y := w.Pays(w.Pledge(c, w.Company("ganok", "Ґанок", "Ganok"), 10_000, "named"), 10_000, 100)
	d := open(t, w)
	if n := len(d.page("/uk/campaigns/it4life").all(".notice--fault")); n != 0 {
		t.Fatalf("%d faults before there is one", n)
	}
	w.Allocate(c, w.Purpose(c, "p", "П", "P"), 9_000, "because")
	w.Refund(y, 2_000)
	p := d.fresh("/uk/campaigns/it4life")
	if got := p.one(t, ".notice--fault h2").text(); got != "Бракує 11,00 $" {
		t.Errorf("notice is %q", got)
	}
	want := "Сходиться до копійки: отримано 100,00 $ − повернуто 20,00 $ = відкладено 90,00 $ + вільно 0,00 $ + комісії 1,00 $ − нестача 11,00 $"
	if got := p.all(".glance .stack p")[0].text(); got != want {
		t.Errorf("sum is %q, want %q", got, want)
	}
}

// What banks hold, what is lost and what is kept for one purpose stand in the sum, each
// under its name, and in the key of the bars.
func TestDisputedLostAndEarmarkedMoneyIsTold(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("it4life")
	ganok := w.Company("ganok", "Ґанок", "Ganok")
	y := w.Pays(w.Pledge(c, ganok, 10_000, "named"), 10_000, 100)
	w.Pays(w.Earmark(c, ganok, w.Purpose(c, "p", "П", "P"), 4_000), 4_000, 0)
	w.Dispute(y, 5_000, 1_500)
	w.Lose(y, 2_000)
	p := open(t, w).page("/en/campaigns/it4life")
	want := "It adds up to the last kopiyka: received $140.00 = set aside $0.00 + for one purpose $40.00 + free $34.00 + fees $16.00 + disputed $30.00 + lost $20.00"
	if got := p.all(".glance .stack p")[0].text(); got != want {
		t.Errorf("sum is %q, want %q", got, want)
	}
	shown := map[string]string{}
	for _, band := range p.all(".band-key div") {
		shown[band.all("dt")[0].text()] = band.all("dd")[0].text()
	}
	for what, sum := range map[string]string{
		"given for one purpose, not set aside yet": "$40.00", "lost to disputes": "$20.00", "disputed: held by payers’ banks": "$30.00",
	} {
		if shown[what] != sum {
			t.Errorf("%s: %q, want %q, of %v", what, shown[what], sum, shown)
		}
	}
}
