package office_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"kopiyka/internal/giving"
	"kopiyka/internal/pg"
)

// limited lets refunds up to an amount go without a second person.
func (d *desk) limited(t *testing.T, minor int64) {
	t.Helper()
	if _, err := d.Owner.Exec(`UPDATE clusters SET refund_limit_minor = $1`, minor); err != nil {
		t.Fatal(err)
	}
}

// wish is a form that is taken, filled in from the page as a browser does; change makes another.
func (d *desk) wish(p giving.Payment, change ...string) url.Values {
	form := d.coordinator.Get("/office/payments/" + p.ID + "/refund").Wants(http.StatusOK)
	typed := url.Values{"request": {form.Attr("[name=request]", "value")}, "currency": {form.Attr("[name=currency]", "value")}, "amount": {"40.00"}, "reason": {"Paid twice"}}
	for i := 0; i < len(change); i += 2 {
		typed.Set(change[i], change[i+1])
	}
	return typed
}

// where is the page of the request that an answer leads to.
func where(location string) string { path, _, _ := strings.Cut(location, "?"); return path }

func TestASmallRefundGoesToStripeAtOnce(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	d.limited(t, 5_000)
	p := d.Paid(10_000)
	form := "/office/payments/" + p.ID + "/refund"
	if !d.coordinator.Get("/office/payments/" + p.ID).Wants(http.StatusOK).Has("main [href=" + form + "]") {
		t.Fatal("a coordinator is not offered to refund")
	}
	if got := d.coordinator.Get(form).Wants(http.StatusOK).Attr("#amount", "value"); got != "100.00" {
		t.Errorf("%q is proposed", got)
	}
	typed := d.wish(p)
	first := d.coordinator.Post(form, typed).Wants(http.StatusSeeOther).Location()
	second := d.coordinator.Post(form, typed).Wants(http.StatusSeeOther).Location() // the button, twice
	if where(first) != where(second) || !strings.HasSuffix(first, "?notice=sent") {
		t.Errorf("leads to %s and %s", first, second)
	}
	d.coordinator.Get(first).Wants(http.StatusOK).Says("[role=status]", "with Stripe").Says(".status", "refunded").Says("main .pairs", "$40.00").Says("main .pairs", "Paid twice")
	d.coordinator.Get("/office/payments/"+p.ID).Wants(http.StatusOK).Says(".status", "refunded in part").Says(".times", "A refund was asked for").Says("main table", "$40.00")
	if got := d.Payment(p.ID).RefundedMinor; got != 4_000 || d.Count("refund_requests") != 1 {
		t.Errorf("%d went back in %d requests", got, d.Count("refund_requests"))
	}
	d.SameBooks()
}

func TestALargeRefundWaitsForASecondPerson(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	d.limited(t, 1_000)
	p := d.Paid(10_000)
	d.Paid(10_000)
	request := where(d.coordinator.Post("/office/payments/"+p.ID+"/refund", d.wish(p)).Wants(http.StatusSeeOther).Location())
	own := d.coordinator.Get(request+"?notice=asked").Wants(http.StatusOK).Says("[role=status]", "another person approves").Says(".status", "waits for a second person").Says("main", "You asked for this refund yourself")
	if own.Has("main form") || d.Payment(p.ID).RefundedMinor != 0 {
		t.Fatal("who asked may decide, or money went back already")
	}
	d.approver.Get("/office").Wants(http.StatusOK).Says("[aria-labelledby=tasks]", "Refunds waiting for approval 1")
	d.approver.Get("/office/refunds").Wants(http.StatusOK).Says("main tbody", "$40.00").Says("main tbody", "coordinator")
	d.coordinator.Post(request+"/approve", nil).Wants(http.StatusForbidden).Says("[role=alert]", "approvers and treasurers")
	d.coordinator.Post(request+"/refuse", reason("no")).Wants(http.StatusForbidden)
	d.house.As(d.Stranger).Get(request).Wants(http.StatusNotFound)
	d.house.As(d.Stranger).Post(request+"/approve", nil).Wants(http.StatusNotFound)
	d.auditor(t).Post(request+"/approve", nil).Wants(http.StatusForbidden)
	if d.Payment(p.ID).RefundedMinor != 0 {
		t.Fatal("money went back without a second person")
	}
	d.approver.Get(request).Wants(http.StatusOK).Says("button", "Approve the refund of $40.00")
	d.approver.Get(request + "/approve").LeadsTo(request)
	d.approver.Post(request+"/approve", nil).LeadsTo(request + "?notice=sent")
	d.coordinator.Get(request).Wants(http.StatusOK).Says(".stamp", "Approved by approver").Says(".status", "refunded")
	d.approver.Post(request+"/approve", nil).Wants(http.StatusConflict).Says("[role=alert]", "decided already")
	if got := d.Payment(p.ID).RefundedMinor; got != 4_000 {
		t.Errorf("%d went back", got)
	}
	if rows := file(t, d.coordinator.Get("/office/refunds.csv?state=all")); len(rows) != 2 || rows[1][1] != p.ID || rows[1][11] != "40.00" || rows[1][9] != "approver" {
		t.Errorf("the file is %v", rows)
	}
	d.SameBooks()
}

func TestARefundThatIsDeclinedMovesNothing(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	p := d.Paid(10_000)
	request := where(d.coordinator.Post("/office/payments/"+p.ID+"/refund", d.wish(p)).Wants(http.StatusSeeOther).Location())
	d.approver.Post(request+"/refuse", reason(" ")).Wants(http.StatusUnprocessableEntity).Says("#reason-e", "Say why")
	d.approver.PostRaw(request+"/refuse", strings.NewReader("reason=%ff")).Wants(http.StatusUnprocessableEntity)
	d.approver.Post(request+"/refuse", reason("It was paid once")).LeadsTo(request + "?notice=declined")
	page := d.coordinator.Get(request).Wants(http.StatusOK).Says(".status", "declined").Says("main .pairs", "It was paid once")
	if page.Has("main form") || d.Payment(p.ID).RefundedMinor != 0 {
		t.Error("it can be decided again, or money went back")
	}
	if d.coordinator.Get("/office/refunds").Wants(http.StatusOK).Has("main tbody") {
		t.Error("it still waits")
	}
	var reference string
	if err := d.Owner.Get(&reference, `SELECT reference FROM pledges WHERE id = $1`, p.PledgeID); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{p.ID, p.PledgeID, reference, "гано", "GANOK"} {
		d.coordinator.Get("/office/refunds?state=all&q="+url.QueryEscape(text)).Wants(http.StatusOK).Says("main tbody", "declined")
	}
	for _, text := range []string{pg.NewID(), "RF18539007547034", "nobody", "!!"} {
		d.coordinator.Get("/office/refunds?state=all&q="+url.QueryEscape(text)).Wants(http.StatusOK).Says(".empty", "Nothing found")
	}
}

func TestARefundThatIsWrongIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	p := d.Paid(10_000)
	form := "/office/payments/" + p.ID + "/refund"
	for name, test := range map[string]struct {
		change       []string
		field, words string
	}{
		"more than is here": {[]string{"amount", "100.01"}, "amount", "$100.00 of this payment is left"},
		"nothing":           {[]string{"amount", "0"}, "amount", "above zero"},
		"two readings":      {[]string{"amount", "1,005"}, "amount", "can be read in two ways"},
		"another currency":  {[]string{"currency", "EUR"}, "amount", "another currency: USD"},
		"no reason":         {[]string{"reason", " \r\n"}, "reason", "Say why"},
		"a reason too long": {[]string{"reason", strings.Repeat("ї", 1001)}, "reason", "1,000 characters at most"},
	} {
		t.Run(name, func(t *testing.T) {
			typed := d.wish(p, test.change...)
			page := d.coordinator.In(t).Post(form, typed).Wants(http.StatusUnprocessableEntity).Says("[role=alert]", test.words).Says("#"+test.field+"-e", test.words)
			if got := page.Attr("#amount", "value"); got != typed.Get("amount") {
				t.Errorf("the amount is %q now", got)
			}
			if got := page.Attr("[name=request]", "value"); got != typed.Get("request") {
				t.Errorf("the form has another id now")
			}
		})
	}
	d.coordinator.Post(form, d.wish(p, "request", "nonsense")).Wants(http.StatusNotFound)
	d.approver.Get(form).Wants(http.StatusForbidden)
	d.approver.Post(form, d.wish(p)).Wants(http.StatusForbidden)
	d.house.As(d.Stranger).Get(form).Wants(http.StatusNotFound)
	d.house.As(d.Stranger).Post(form, d.wish(p)).Wants(http.StatusNotFound)
	d.coordinator.Get("/office/payments/" + pg.NewID() + "/refund").Wants(http.StatusNotFound)
	if n := d.Count("refund_requests"); n != 0 {
		t.Errorf("%d requests were written", n)
	}
	unpaid := d.Checkout(d.Pledge(1_000), 1_000)
	if d.coordinator.Get("/office/payments/" + unpaid.ID).Wants(http.StatusOK).Has("main [href=/office/payments/" + unpaid.ID + "/refund]") {
		t.Error("a refund of nothing is offered")
	}
}

// Stripe may be away just then. The request is kept, and nobody is made to ask twice.
func TestARefundWithoutAnAnswerIsKept(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	d.limited(t, 100_000)
	p := d.Paid(10_000)
	typed := d.wish(p)
	d.Down()
	to := d.coordinator.Post("/office/payments/"+p.ID+"/refund", typed).Wants(http.StatusSeeOther).Location()
	d.coordinator.Get(to).Wants(http.StatusOK).Says("[role=status]", "does not answer").Says(".status", "approved")
	d.Up()
	d.coordinator.Post("/office/payments/"+p.ID+"/refund", typed).Wants(http.StatusSeeOther) // asked again all the same
	if got := d.Payment(p.ID).RefundedMinor; got != 4_000 || d.Count("refund_requests") != 1 {
		t.Errorf("%d went back in %d requests", got, d.Count("refund_requests"))
	}
	d.SameBooks()
}
