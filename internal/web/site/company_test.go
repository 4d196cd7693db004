package site_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/report"
	"kopiyka/internal/report/reporttest"
)

func TestCompanyPageAddsUpWhatItShows(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("it4life")
	ganok := w.Company("ganok", "Ґанок Софт", "Ganok Soft")
	w.Joins(ganok)
	y := w.Pays(w.Pledge(c, ganok, 500_000, "named"), 300_000, 50)
	w.Start(w.Pledge(c, ganok, 654_321, "amount-hidden"), 654_321, "processing")
	w.Pledge(c, ganok, 777_777, "anonymous")
	d := open(t, w)

	p := d.page("/uk/companies/ganok")
	if got := p.one(t, ".kicker").text(); got != "Харківський ІТ-кластер: учасниця з 1 травня 2017" {
		t.Errorf("membership is %q", got)
	}
	if diff := cmp.Diff([]string{"Відкрито пообіцяно5 000,00 $", "Отримано3 000,00 $"}, texts(p.all(".pairs div"))); diff != "" {
		t.Errorf("sums (-want +got):\n%s", diff)
	}
	want := []string{
		"Кампанія it4life суму приховано 25 березня 2026, враховано в підсумкуу дорозі",
		"Кампанія it4life 5 000,00 $ 25 березня 2026, надійшло 3 000,00 $отримано частину",
	}
	if diff := cmp.Diff(want, texts(p.all(".gift"))); diff != "" {
		t.Errorf("gifts (-want +got):\n%s", diff)
	}
	w.Refund(y, 100_000)
	w.Start(y.Pledge, 50_000, "processing")
	if diff := cmp.Diff([]string{"Openly pledged$5,000.00", "On its way$500.00", "Received$3,000.00", "Of which refunded$1,000.00"}, texts(d.fresh("/en/companies/ganok").all(".pairs div"))); diff != "" {
		t.Errorf("sums after a refund, with a debit on its way (-want +got):\n%s", diff)
	}
}

func TestMemberWithoutGiftsHasAQuietPage(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	w.Joins(w.Company("idle", "Спокій", "Idle"))
	p := open(t, w).page("/en/companies/idle")
	if got := p.one(t, "section p").text(); got != "The company has published no pledge." {
		t.Errorf("page says %q", got)
	}
	if n := len(p.all(".pairs")); n != 0 {
		t.Errorf("%d tables of sums", n)
	}
}

// Ґ stands after Г, Є after Е and І after И: each language has its own alphabet.
func TestCompaniesStandInTheirAlphabet(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("it4life")
	for i, name := range []string{"Їжак", "Явір", "Ґанок", "Ива", "Дуб", "Іскра", "Гай", "Єдність", "Ель"} {
		w.Pledge(c, w.Company(fmt.Sprintf("c-%d", i), name, fmt.Sprintf("Company %d", 9-i)), 100, "amount-hidden")
	}
	for i := range 3 {
		w.Pledge(c, w.Company(fmt.Sprintf("x-%d", i), "Без імені", "Nameless"), 100, "anonymous")
	}
	d := open(t, w)
	p := d.page("/uk/companies")
	if diff := cmp.Diff([]string{"Гай", "Ґанок", "Дуб", "Ель", "Єдність", "Ива", "Іскра", "Їжак", "Явір"}, texts(p.all(".gift-who"))); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if got := p.one(t, ".part-foot").text(); got != "Ще 3 компанії долучилися без назви." {
		t.Errorf("the rest: %q", got)
	}
	if got := d.page("/en/companies").all(".gift-who")[0].text(); got != "Company 1" {
		t.Errorf("first in English is %q", got)
	}
}

// Going from page to page by their own links, a reader meets every gift once.
func TestDonorsPagesLeadToEveryGift(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("it4life")
	ganok := w.Company("ganok", "Ґанок", "Ganok")
	const n = report.DonorsPerPage + 2
	for i := range n {
		w.Pledge(c, ganok, int64(i+1)*100, "named")
	}
	d := open(t, w)
	first := d.page("/uk/campaigns/it4life/donors")
	if got := first.one(t, ".pager-now").text(); got != "1–50 із 52" {
		t.Errorf("first page is %q", got)
	}
	older := first.one(t, ".pager a[rel=next]").attr("href")
	if older != "/uk/campaigns/it4life/donors?after=3" {
		t.Errorf("older are at %q", older)
	}
	last := d.page(older)
	if got := last.one(t, ".pager-now").text(); got != "51–52 із 52" {
		t.Errorf("last page is %q", got)
	}
	if n := len(last.all(".pager a[rel=next]")); n != 0 {
		t.Errorf("%d links lead beyond the last", n)
	}
	if got := last.one(t, ".pager a").attr("href"); got != "/uk/campaigns/it4life/donors" {
		t.Errorf("the newest are at %q", got)
	}
	sums := texts(append(first.all(".gift-sum"), last.all(".gift-sum")...))
	for i, got := range sums {
		if want := fmt.Sprintf("%d,00 $", n-i); got != want {
			t.Errorf("gift %d is %q, want %q", i, got, want)
		}
	}
	if len(sums) != n {
		t.Errorf("%d gifts, want %d", len(sums), n)
	}
	if got := last.one(t, ".langs a[lang=en]").attr("href"); got != "/en/campaigns/it4life/donors?after=3" {
		t.Errorf("the other language is at %q", got)
	}
}
