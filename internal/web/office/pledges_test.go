package office_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/web/webtest"
)

// monthly is a pledge of 300.00 in three months, the first part due today.
func (d *desk) monthly(t *testing.T) string {
	t.Helper()
	p := d.Promise(30_000)
	p.Rhythm, p.Parts, p.PurchaseOrder = giving.Monthly, giving.Spread(30_000, clock.Day(d.Now()), 1, 3), "PO-7"
	id, err := giving.MakePledge(t.Context(), d.DB, d.Now, p)
	if err != nil {
		t.Fatal(err)
	}
	return "/office/pledges/" + id
}

// sent is what a page's form sends, with some of it changed.
func sent(page webtest.Answer, change ...string) url.Values {
	form := page.Form("main form")
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return form
}

// parts are the names of the fields for each instalment.
func parts(page webtest.Answer) []string {
	var all []string
	for name := range page.Form("main form") {
		if strings.HasPrefix(name, "part-") {
			all = append(all, name)
		}
	}
	return all
}

func TestPledgesAreListedAndShownWithTheirHistory(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	d.coordinator.Get("/office/pledges").Wants(http.StatusOK).Says("main .empty", "No pledges yet")
	pledge := d.monthly(t)
	list := d.approver.Get("/office/pledges").Wants(http.StatusOK)
	list.Says("main .table tbody", "Ganok").Says("main .table tbody", "$300.00")
	if !list.Has("[href=" + pledge + "]") {
		t.Error("the list does not lead to the pledge")
	}
	page := d.approver.Get(pledge).Wants(http.StatusOK)
	page.Says("main .pairs", "PO-7").Says("main", "Nothing has changed").Says("main .table tbody", "scheduled")
	if page.Has("[href=" + pledge + "/correct]") {
		t.Error("an approver is offered a coordinator's act")
	}
	for _, person := range []string{d.Stranger} {
		other := d.house.As(person)
		for _, path := range []string{pledge, pledge + "/correct", pledge + "/write-off", "/office/write-offs/" + strings.TrimPrefix(pledge, "/office/pledges/")} {
			other.Get(path).Wants(http.StatusNotFound)
		}
		if other.Get("/office/pledges").Wants(http.StatusOK).Has("[href=" + pledge + "]") {
			t.Error("another cluster sees the pledge")
		}
	}
	d.coordinator.Get("/office/pledges?after=nonsense").Wants(http.StatusNotFound)
	d.coordinator.Get("/office/pledges/%00").Wants(http.StatusNotFound)
}

func TestAnErrorIsCorrectedWithAReason(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	pledge := d.monthly(t)
	form := d.coordinator.Get(pledge + "/correct").Wants(http.StatusOK)
	d.coordinator.Post(pledge+"/correct", sent(form, "amount-1", "10")).Wants(http.StatusUnprocessableEntity).Says("#reason-e", "Say why")
	wrong := d.coordinator.Post(pledge+"/correct", sent(form, "amount-1", "ten", "reason", "Kept")).Wants(http.StatusUnprocessableEntity)
	wrong.Says("#amount-1-e", "in digits").Says("#reason", "Kept")
	d.coordinator.Post(pledge+"/correct", sent(form, "amount-1", "10", "reason", "A zero too many")).LeadsTo(pledge + "?notice=corrected")
	page := d.coordinator.Get(pledge + "?notice=corrected").Wants(http.StatusOK)
	page.Says(".notice", "The correction is written down").Says("main .times", "A zero too many").Says("main .times", "$300.00 was pledged, now it is $210.00").Says("main", "Pledged first")
	d.coordinator.Post(pledge+"/correct", sent(form, "amount-1", "20", "reason", "Late")).Wants(http.StatusConflict).Says("[role=alert]", "While you were looking")
	d.approver.Get(pledge + "/correct").Wants(http.StatusForbidden)
	d.approver.Post(pledge+"/correct", sent(form, "reason", "x")).Wants(http.StatusForbidden)
}

func TestAWriteOffIsProposedByOneAndDecidedByAnother(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	pledge := d.monthly(t)
	form := d.coordinator.Get(pledge + "/write-off").Wants(http.StatusOK)
	first := parts(form)[0]
	for name, test := range map[string]struct {
		change       []string
		field, words string
	}{
		"nothing":   {[]string{"code", "cannot-pay", "reason", "x"}, "written_off", "Mark which part"},
		"too much":  {[]string{"code", "cannot-pay", "reason", "x", first, "100.01"}, "written_off", "Only what is not paid"},
		"no number": {[]string{"code", "cannot-pay", "reason", "x", first, "-1"}, first, "never negative"},
		"no code":   {[]string{"reason", "x", first, "100"}, "code", "Choose a reason"},
		"no reason": {[]string{"code", "cannot-pay", first, "100"}, "reason", "Say why"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := d.coordinator.In(t).Post(pledge+"/write-off", sent(form, test.change...)).Wants(http.StatusUnprocessableEntity)
			answer.Says("[role=alert]", test.words).Says("#"+test.field+"-e", test.words)
		})
	}
	d.approver.Get(pledge + "/write-off").Wants(http.StatusForbidden)
	propose := func() string {
		t.Helper()
		page := d.coordinator.Get(pledge + "/write-off").Wants(http.StatusOK)
		answer := d.coordinator.Post(pledge+"/write-off", sent(page, "code", "cannot-pay", "reason", "Their letter", first, "100")).Wants(http.StatusSeeOther)
		path, _, _ := strings.Cut(answer.Location(), "?")
		return path
	}
	path := propose()
	d.coordinator.Get(path+"?notice=write_off_proposed").Wants(http.StatusOK).Says(".notice", "another person decides").Says("main", "You proposed this")
	d.coordinator.Post(path+"/approve", url.Values{}).Wants(http.StatusForbidden)
	d.coordinator.Get(path + "/approve").LeadsTo(path)
	d.house.As(d.Stranger).Get(path).Wants(http.StatusNotFound)
	d.house.As(d.Stranger).Post(path+"/approve", url.Values{}).Wants(http.StatusNotFound)
	d.approver.Get("/office/pledges").Wants(http.StatusOK).Says("main", "Write-offs that wait")
	d.approver.Get(path).Wants(http.StatusOK).Says("main .pairs", "$100.00").Says("main .button", "Write $100.00 off")
	d.approver.Post(path+"/refuse", url.Values{}).Wants(http.StatusUnprocessableEntity).Says("#reason-e", "Say why")
	d.approver.Post(path+"/refuse", reason("Ask again")).LeadsTo(path + "?notice=write_off_refused")
	d.approver.Get(path).Wants(http.StatusOK).Says("main .pairs", "Ask again")

	path = propose()
	d.approver.Post(path+"/approve", url.Values{}).LeadsTo(path + "?notice=write_off_approved")
	d.approver.Post(path+"/approve", url.Values{}).Wants(http.StatusConflict).Says("[role=alert]", "decided already")
	page := d.approver.Get(pledge).Wants(http.StatusOK)
	page.Says("main .times", "coordinator proposed it, approver approved").Says("main .times", "The company cannot pay").Says("main .table tbody", "written off").Says("main .pairs", "$200.00")
	if n := d.Count("pledge_acts"); n != 1 {
		t.Errorf("%d acts", n)
	}
}

// What companies gave for one need shows in the office, and is drawn first.
func TestEarmarkedMoneyIsProposedForItsNeed(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	d.Tx(func(tx *sqlx.Tx) error {
		return campaign.AddNeed(t.Context(), tx, campaign.Need{PurposeID: d.Purpose, Item: campaign.Text{UK: "ШВЛ", EN: "Ventilator"}, Unit: campaign.Text{UK: "шт.", EN: "pcs"}, Quantity: 4})
	})
	var need string
	if err := d.Owner.Get(&need, `SELECT id FROM needs`); err != nil {
		t.Fatal(err)
	}
	d.Tx(func(tx *sqlx.Tx) error {
		_, err := ledger.Post(t.Context(), tx, ledger.Entry{Source: "stripe:txn_1", Kind: ledger.Gift, HappenedAt: d.Now(), Actor: "stripe", Lines: []ledger.Line{
			ledger.Debit(ledger.Stripe(d.Cluster, d.Currency), 5_000), ledger.Credit(ledger.Need(need, d.Currency), 5_000).From("payment:test"),
		}})
		return err
	})
	form := d.coordinator.Get(d.address() + "/new").Wants(http.StatusOK)
	form.Says("main .pairs", "$50.00").Says("main form", "For hospitals: Ventilator")
	d.coordinator.Post(d.address(), d.asked("amount", "50")).Wants(http.StatusUnprocessableEntity)                                   // the purpose as a whole has nothing
	d.coordinator.Post(d.address(), d.asked("amount", "50", "purpose", d.Purpose+":nonsense")).Wants(http.StatusUnprocessableEntity) // and no need of such a name
	path := d.proposed("amount", "50", "purpose", d.Purpose+":"+need)
	d.approver.Get(path).Wants(http.StatusOK).Says("main .pairs", "For hospitals: Ventilator").Says("main .pairs", "Earmarked for this alone").Says("main .pairs", "$50.00")
	d.approver.Post(path+"/approve", url.Values{}).Wants(http.StatusSeeOther)
	if d.setAside(t) != 5_000 || d.Balance(ledger.Need(need, d.Currency)) != 0 {
		t.Errorf("%d set aside, %d left for the need", d.setAside(t), d.Balance(ledger.Need(need, d.Currency)))
	}
}
