package office_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"kopiyka/internal/giving"
	"kopiyka/internal/web/webtest"
)

// leadsTo reports whether a page has a link to an address.
func leadsTo(a webtest.Answer, address string) bool { return a.Has("main [href=" + address + "]") }

// searched asks a list for something and wants it to lead to what is found and not to the
// rest, with what was typed still there and only what was found in the file.
func (d *desk) searched(t *testing.T, address string, found, rest string) {
	t.Helper()
	page := d.approver.In(t).Get(address).Wants(http.StatusOK)
	if !leadsTo(page, found) || leadsTo(page, rest) {
		t.Errorf("%s: %s found: %v; %s found: %v", address, found, leadsTo(page, found), rest, leadsTo(page, rest))
	}
	asked, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if q := asked.Query().Get("q"); page.Attr("#q", "value") != q {
		t.Errorf("%s: typed was %q, kept is %q", address, q, page.Attr("#q", "value"))
	}
	rows := file(t, d.approver.Get(page.Attr("[type=text/csv]", "href")))
	if len(rows) != 2 || !strings.HasSuffix(found, rows[1][0]) {
		t.Errorf("%s: the file is %v", address, rows)
	}
}

func TestPledgesAreSearchedPagedAndSentAsAFile(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	first := d.monthly(t)
	var reference giving.Reference
	if err := d.Owner.Get(&reference, `SELECT reference FROM pledges`); err != nil {
		t.Fatal(err)
	}
	other := "/office/pledges/" + d.Pledge(4_200)
	id := strings.TrimPrefix(first, "/office/pledges/")
	for _, q := range []string{string(reference), reference.String(), "PO-7", id} {
		d.searched(t, "/office/pledges?"+url.Values{"q": {q}}.Encode(), first, other)
	}
	if page := d.approver.Get("/office/pledges?q=ганок&campaign=" + d.Slug).Wants(http.StatusOK); !leadsTo(page, first) || !leadsTo(page, other) {
		t.Error("a word of the company's name finds not all of its pledges")
	}
	d.approver.Get("/office/pledges?q=PO-").Wants(http.StatusOK).Says(".empty", "Nothing found")
	d.approver.Get("/office/pledges?campaign=none").Wants(http.StatusOK).Says(".empty", "Nothing found")
	for range 50 {
		d.Pledge(1_000)
	}
	page := d.approver.Get("/office/pledges").Wants(http.StatusOK)
	if leadsTo(page, first) {
		t.Error("the first page holds too much")
	}
	if page = d.approver.Get(page.Attr("[rel=next]", "href")).Wants(http.StatusOK); !leadsTo(page, first) || page.Has("[rel=next]") {
		t.Error("the second page is not the rest")
	}
	rows := file(t, d.approver.Get(page.Attr("[type=text/csv]", "href")))
	if len(rows) != 53 {
		t.Fatalf("%d rows", len(rows))
	}
	last := strings.Join(rows[52], " ")
	for _, want := range []string{id, "Ganok", string(reference), "PO-7", "USD", "300.00", "by 26"} {
		if !strings.Contains(last, want) {
			t.Errorf("the file says %q, without %q", last, want)
		}
	}
	if rows := file(t, d.house.As(d.Stranger).Get("/office/pledges.csv")); len(rows) != 1 {
		t.Errorf("another cluster gets %d rows", len(rows)-1)
	}
}

func TestAllocationsAreSearchedPagedAndSentAsAFile(t *testing.T) {
	t.Parallel()
	d := open(t, 100_000)
	first := d.proposed("amount", "1")
	d.approver.Get("/office/allocations?q=ALS").Wants(http.StatusOK).Says("main tbody", "$1.00")
	for _, q := range []string{"%25", "_", "no+such+purpose"} {
		d.approver.Get("/office/allocations?q="+q).Wants(http.StatusOK).Says(".empty", "Nothing found")
	}
	second := d.proposed("amount", "2")
	d.searched(t, "/office/allocations?q="+strings.TrimPrefix(first, "/office/allocations/"), first, second)
	d.approver.Post(second+"/refuse", reason("Not yet")).Wants(http.StatusSeeOther)
	waiting, decided := d.approver.Get("/office/allocations"), d.approver.Get("/office/allocations?state=decided&campaign="+d.Slug)
	if !leadsTo(waiting, first) || leadsTo(waiting, second) || leadsTo(decided, first) || !leadsTo(decided, second) {
		t.Error("what waits and what is decided are not told apart")
	}
	rows := file(t, d.approver.Get(decided.Attr("[type=text/csv]", "href")))
	if len(rows) != 2 || !strings.Contains(strings.Join(rows[1], " "), "Not yet USD 2.00") {
		t.Errorf("the file is %v", rows)
	}
	for range 50 {
		d.proposed("amount", "1")
	}
	page := d.approver.Get("/office/allocations").Wants(http.StatusOK)
	if page = d.approver.Get(page.Attr("[rel=next]", "href")).Wants(http.StatusOK); !leadsTo(page, first) || page.Has("[rel=next]") {
		t.Error("the second page is not the rest")
	}
	d.approver.Get("/office/allocations?state=lost").Wants(http.StatusNotFound)
	d.approver.Get("/office/allocations?after=last").Wants(http.StatusNotFound)
	if rows := file(t, d.house.As(d.Stranger).Get("/office/allocations.csv")); len(rows) != 1 {
		t.Errorf("another cluster gets %d rows", len(rows)-1)
	}
}

func TestWriteOffsAreListedAndSentAsAFile(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	d.approver.Get("/office/write-offs").Wants(http.StatusOK).Says(".empty", "No write-offs")
	pledge := d.monthly(t)
	form := d.coordinator.Get(pledge + "/write-off").Wants(http.StatusOK)
	answer := d.coordinator.Post(pledge+"/write-off", sent(form, "code", "cannot-pay", "reason", "Their letter", parts(form)[0], "100")).Wants(http.StatusSeeOther)
	path, _, _ := strings.Cut(answer.Location(), "?")
	if !leadsTo(d.approver.Get("/office/write-offs?campaign="+d.Slug), path) {
		t.Error("a write-off waits and is not in the list")
	}
	d.approver.Post(path+"/refuse", reason("Ask again")).Wants(http.StatusSeeOther)
	d.approver.Get("/office/write-offs").Wants(http.StatusOK).Says(".empty", "No write-offs")
	all := d.approver.Get("/office/write-offs?state=all").Wants(http.StatusOK)
	rows := file(t, d.approver.Get(all.Attr("[type=text/csv]", "href")))
	if !leadsTo(all, path) || len(rows) != 2 || !strings.Contains(strings.Join(rows[1], " "), "Ask again USD 100.00") {
		t.Errorf("the list leads to it: %v; the file is %v", leadsTo(all, path), rows)
	}
	if stranger := d.house.As(d.Stranger).Get("/office/write-offs?state=all").Wants(http.StatusOK); leadsTo(stranger, path) {
		t.Error("another cluster sees the write-off")
	}
	d.approver.Get("/office/write-offs?state=lost").Wants(http.StatusNotFound)
	d.approver.Get("/office/write-offs?after=last").Wants(http.StatusNotFound)
}
