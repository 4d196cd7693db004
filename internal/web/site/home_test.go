package site_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/report/reporttest"
)

func texts(all []element) []string {
	var out []string
	for _, e := range all {
		out = append(out, e.text())
	}
	return out
}

// Sums of one currency are added, different ones stand beside each other, and kopiykas that
// the large figure leaves out stand exactly below it.
func TestHomeAddsNoCurrencies(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	ganok := w.Company("ganok", "Ґанок", "Ganok")
	a, b := w.Campaign("a"), w.Campaign("b", func(c *reporttest.Campaign) { c.State = "closed" })
	u := w.Campaign("u", func(c *reporttest.Campaign) { c.Currency, c.ClosesOn = "UAH", nil })
	w.Pays(w.Pledge(a, ganok, 10_050, "named"), 10_050, 0)
	w.Pays(w.Pledge(b, ganok, 20_000, "named"), 20_000, 0)
	w.Pays(w.Pledge(u, w.Company("yasen", "Ясен", "Yasen"), 500_000, "anonymous"), 500_000, 0)
	w.Pledge(u, w.Company("lypa", "Липа", "Lypa"), 500_000, "anonymous")
	w.Allocate(a, w.Purpose(a, "p", "П", "P"), 300, "because")

	p := open(t, w).page("/uk/")
	want := []string{
		"300 $отриманоточно 300,50 $", "3 $відкладено на потреби",
		"5 000 ₴отримано", "0 ₴відкладено на потреби",
		"2компанії заплатили принаймні частинудолучилися 3 компаніїХто саме",
	}
	if diff := cmp.Diff(want, texts(p.all(".stat"))); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Кампанія a", "Кампанія u", "Кампанія b"}, texts(p.all(".card h3 a[href]"))[:3]); diff != "" {
		t.Errorf("campaigns (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"відкрита до 25 вересня 2026", "відкрита", "закрита"}, texts(p.all(".card .status"))); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

// An empty house says what will be here instead of showing zeros.
func TestHomeOfAnEmptyHouse(t *testing.T) {
	d := open(t, reporttest.New(t, pgtest.DB(t)))
	for path, want := range map[string]string{
		"/uk/": "Кампаній ще немає. Щойно координатори відкриють першу, вона з’явиться тут.",
		"/en/": "There are no campaigns yet. The first will stand here as soon as coordinators open it.",
	} {
		p := d.page(path)
		if got := p.one(t, "section[aria-labelledby=campaigns] p").text(); got != want {
			t.Errorf("%s: %q", path, got)
		}
		if n := len(p.all(".stat")); n != 0 {
			t.Errorf("%s: %d figures", path, n)
		}
	}
	if got := d.page("/uk/companies").one(t, "section p").text(); got != "Ще жодна компанія не дала обіцянки під своєю назвою." {
		t.Errorf("companies: %q", got)
	}
	if got := d.page("/uk/clusters/kharkiv-it").one(t, "section p").text(); got != "Кластер ще не відкрив жодної кампанії." {
		t.Errorf("cluster: %q", got)
	}
}
