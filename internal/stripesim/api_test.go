package stripesim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/stripesim"
)

func TestKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	l := open(t)
	for key, hint := range map[string]string{
		"sk_live_51abcdefgh": "live key", "rk_live_51abcdefgh": "live key", "pk_test_1": "sk_test_", "": "API key",
	} {
		req := l.request("GET", "/v1/account", "")
		if key != "" {
			req.Header.Set("Authorization", "Bearer "+key)
		}
		got := l.do(req)
		if got.status != http.StatusUnauthorized || !strings.Contains(got.body, hint) {
			t.Errorf("key %q: %d %s", key, got.status, got.body)
		}
		if key != "" && strings.Contains(got.body, key) {
			t.Errorf("key %q: the answer repeats it", key)
		}
	}
	basic := l.request("GET", "/v1/account", "")
	basic.SetBasicAuth("sk_test_curl", "")
	if got := l.do(basic); got.status != http.StatusOK {
		t.Errorf("curl -u sk_test_…: %d", got.status)
	}
}

func TestEveryAnswerSaysWhoGaveIt(t *testing.T) {
	t.Parallel()
	l := open(t)
	for _, path := range []string{"/v1/account", "/v1/balance", "/v1/prices", "/v1/charges/ch_none", "/c/pay/none", "/"} {
		got := l.call("GET", path, "")
		if got.header.Get("Stripe-Sandbox") != "kopiyka" {
			t.Errorf("%s: Stripe-Sandbox = %q", path, got.header.Get("Stripe-Sandbox"))
		}
		if strings.HasPrefix(path, "/v1/") && (got.header.Get("Stripe-Version") != "2023-10-16" || !strings.HasPrefix(got.header.Get("Request-Id"), "req_")) {
			t.Errorf("%s: Stripe-Version %q, Request-Id %q", path, got.header.Get("Stripe-Version"), got.header.Get("Request-Id"))
		}
	}
}

func TestUnknownEndpointsAreNotFound(t *testing.T) {
	t.Parallel()
	l := open(t)
	for _, c := range []string{"GET /v1/prices", "POST /v1/payment_intents/pi_1/capture", "DELETE /v1/customers/cus_1", "GET /v1/charges/search?query=x", "POST /v1/charges", "GET /v1/", "GET /v2/core/events"} {
		method, path, _ := strings.Cut(c, " ")
		got := l.call(method, path, "")
		if got.status != http.StatusNotFound {
			t.Errorf("%s: %d", c, got.status)
		}
		if strings.HasPrefix(path, "/v1/") && !strings.Contains(got.body, "subset") {
			t.Errorf("%s: %s", c, got.body)
		}
	}
	_, err := l.api.Prices.New(&stripe.PriceParams{Currency: stripe.String("usd")})
	if e := stripeError(t, err); e.HTTPStatusCode != 404 {
		t.Errorf("stripe-go's Prices.New: %d", e.HTTPStatusCode)
	}
}

func TestOtherVersionsAndConnectAreRefused(t *testing.T) {
	t.Parallel()
	l := open(t)
	for name, value := range map[string]string{"Stripe-Version": "2024-06-20", "Stripe-Account": "acct_other"} {
		req := l.request("GET", "/v1/account", "")
		req.Header.Set("Authorization", "Bearer sk_test_1")
		req.Header.Set(name, value)
		if got := l.do(req); got.status != http.StatusBadRequest {
			t.Errorf("%s %s: %d", name, value, got.status)
		}
	}
}

func TestAccountAndBalance(t *testing.T) {
	t.Parallel()
	l := open(t, func(o *stripesim.Options) { o.AccountID = "acct_1Cluster" })
	acct, err := l.api.Accounts.Get()
	if err != nil || acct.ID != "acct_1Cluster" || !acct.ChargesEnabled {
		t.Fatalf("account = %v, %v", acct, err)
	}
	balance := func() (available, pending int64) {
		b, err := l.api.Balance.Get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return b.Available[0].Amount, b.Pending[0].Amount
	}
	if a, p := balance(); a != 0 || p != 0 {
		t.Errorf("a new balance = %d, %d", a, p)
	}
	l.mustPay(l.session().ID, stripesim.CardPays)
	if a, p := balance(); a != 0 || p != 485_470 {
		t.Errorf("after a payment = %d available, %d pending", a, p)
	}
	if err := l.sim.Advance(48 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if a, p := balance(); a != 485_470 || p != 0 {
		t.Errorf("two days later = %d available, %d pending", a, p)
	}
}

// What Stripe refuses, the sandbox refuses: else the first gift on the real Stripe
// would be the first to fail.
func TestSessionsThatAreRefused(t *testing.T) {
	t.Parallel()
	l := open(t)
	good := url.Values{}
	for k, v := range map[string]string{
		"mode": "payment", "success_url": "https://example.com", "line_items[0][quantity]": "1",
		"line_items[0][price_data][currency]": "usd", "line_items[0][price_data][unit_amount]": "5000", "line_items[0][price_data][product_data][name]": "Gift",
	} {
		good.Set(k, v)
	}
	if got := l.call("POST", "/v1/checkout/sessions", good.Encode()); got.status != http.StatusOK {
		t.Fatalf("the good one: %d %s", got.status, got.body)
	}
	unit, currency := "line_items[0][price_data][unit_amount]", "line_items[0][price_data][currency]"
	at := func(d time.Duration) string { return fmt.Sprint(clock().Add(d).Unix()) }
	for _, c := range []struct {
		name  string
		set   map[string]string // "" removes
		param string
		code  string
	}{
		{"no success_url", map[string]string{"success_url": ""}, "success_url", "parameter_missing"},
		{"bad success_url", map[string]string{"success_url": "javascript:alert(1)"}, "success_url", "url_invalid"},
		{"relative cancel_url", map[string]string{"cancel_url": "/back"}, "cancel_url", "url_invalid"},
		{"no mode", map[string]string{"mode": ""}, "mode", "parameter_missing"},
		{"unknown mode", map[string]string{"mode": "donate"}, "mode", ""},
		{"subscription", map[string]string{"mode": "subscription"}, "mode", ""},
		{"no items", map[string]string{"line_items[0][quantity]": "", currency: "", unit: "", "line_items[0][price_data][product_data][name]": ""}, "line_items", "parameter_missing"},
		{"no quantity", map[string]string{"line_items[0][quantity]": ""}, "line_items[0][quantity]", "parameter_missing"},
		{"quantity 0", map[string]string{"line_items[0][quantity]": "0"}, "line_items[0][quantity]", "parameter_invalid_integer"},
		{"no name", map[string]string{"line_items[0][price_data][product_data][name]": ""}, "line_items[0][price_data][product_data][name]", "parameter_missing"},
		{"amount with a point", map[string]string{unit: "50.00"}, unit, "parameter_invalid_integer"},
		{"negative amount", map[string]string{unit: "-5000"}, unit, "parameter_invalid_integer"},
		{"amount beyond int64", map[string]string{unit: "99999999999999999999"}, unit, "parameter_invalid_integer"},
		{"49 cents", map[string]string{unit: "49"}, "", "amount_too_small"},
		{"29 pence", map[string]string{unit: "29", currency: "gbp"}, "", "amount_too_small"},
		{"174 forint", map[string]string{unit: "17499", currency: "huf"}, "", "amount_too_small"},
		{"13 digits", map[string]string{unit: "999999999999", "line_items[0][quantity]": "2"}, "", "amount_too_large"},
		{"9 digits by debit", map[string]string{unit: "100000000", "payment_method_types[0]": "us_bank_account"}, "", "amount_too_large"},
		{"debit in euro", map[string]string{currency: "eur", "payment_method_types[0]": "us_bank_account"}, "payment_method_types", ""},
		{"unknown currency", map[string]string{currency: "xxz"}, currency, ""},
		{"upper-case currency", map[string]string{currency: "USD"}, currency, ""},
		{"fils", map[string]string{currency: "kwd", unit: "5001"}, "line_items", ""},
		{"parts of a krona", map[string]string{currency: "isk", unit: "5050"}, "line_items", ""},
		{"two currencies", map[string]string{"line_items[1][quantity]": "1", "line_items[1][price_data][currency]": "eur", "line_items[1][price_data][unit_amount]": "5000", "line_items[1][price_data][product_data][name]": "Gift"}, "line_items[1][price_data][currency]", ""},
		{"reference of 201", map[string]string{"client_reference_id": strings.Repeat("ї", 201)}, "client_reference_id", ""},
		{"metadata key of 41", map[string]string{"metadata[" + strings.Repeat("k", 41) + "]": "v"}, "metadata[" + strings.Repeat("k", 41) + "]", ""},
		{"metadata value of 501", map[string]string{"metadata[k]": strings.Repeat("ї", 501)}, "metadata[k]", ""},
		{"51 keys of metadata", many(51), "metadata", ""},
		{"metadata as a value", map[string]string{"metadata": "v"}, "metadata", ""},
		{"unknown method", map[string]string{"payment_method_types[0]": "cash"}, "payment_method_types[0]", ""},
		{"methods as a value", map[string]string{"payment_method_types": "card"}, "payment_method_types", ""},
		{"Ukrainian, which Checkout lacks", map[string]string{"locale": "uk"}, "locale", ""},
		{"unknown customer", map[string]string{"customer": "cus_none"}, "customer", "resource_missing"},
		{"bad e-mail", map[string]string{"customer_email": "olena"}, "customer_email", "email_invalid"},
		{"expiry too near", map[string]string{"expires_at": at(29 * time.Minute)}, "expires_at", ""},
		{"expiry too far", map[string]string{"expires_at": at(25 * time.Hour)}, "expires_at", ""},
		{"unknown parameter", map[string]string{"amount_totl": "5"}, "amount_totl", "parameter_unknown"},
		{"unknown deep parameter", map[string]string{"line_items[0][price_data][unit_amont]": "5"}, "line_items[0][price_data][unit_amont]", "parameter_unknown"},
		{"a parameter we lack", map[string]string{"automatic_tax[enabled]": "true"}, "automatic_tax", "parameter_unknown"},
		{"expanding what cannot be", map[string]string{"expand[0]": "invoice"}, "expand", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			form := url.Values{}
			for k, v := range good {
				form[k] = v
			}
			for k, v := range c.set {
				form.Set(k, v)
				if v == "" {
					form.Del(k)
				}
			}
			got := l.call("POST", "/v1/checkout/sessions", form.Encode())
			e := struct{ Error struct{ Param, Code string } }{}
			decode(t, got.body, &e)
			wantStatus := http.StatusBadRequest
			if c.code == "resource_missing" {
				wantStatus = http.StatusNotFound
			}
			if got.status != wantStatus || e.Error.Param != c.param || e.Error.Code != c.code {
				t.Errorf("%d, param %q, code %q; want %d, %q, %q\n%s", got.status, e.Error.Param, e.Error.Code, wantStatus, c.param, c.code, got.body)
			}
		})
	}
}

func many(n int) map[string]string {
	out := map[string]string{}
	for i := range n {
		out[fmt.Sprintf("metadata[%d]", i)] = "v"
	}
	return out
}

func TestBodiesThatAreRefused(t *testing.T) {
	t.Parallel()
	l := open(t)
	for _, c := range []struct {
		name, body, kind string
		status           int
	}{
		{"JSON", `{"name":"x"}`, "application/json", 400},
		{"10 MB", "name=" + strings.Repeat("a", 10<<20), "", 413},
		{"bad percent", "name=%zz", "", 400},
		{"bad UTF-8", "name=%ff%fe", "", 400},
		{"open bracket", "metadata[a=1", "", 400},
		{"value and group", "metadata=1&metadata[a]=2", "", 400},
		{"3000 pairs", strings.Repeat("a=1&", 3000), "", 400},
		{"very deep", "a" + strings.Repeat("[b]", 30) + "=1", "", 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			req := l.request("POST", "/v1/customers", c.body)
			req.Header.Set("Authorization", "Bearer sk_test_1")
			if c.kind != "" {
				req.Header.Set("Content-Type", c.kind)
			}
			if got := l.do(req); got.status != c.status {
				t.Errorf("%d, want %d: %s", got.status, c.status, got.body)
			}
		})
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	l := open(t)
	send := func(key, body string) shown {
		req := l.request("POST", "/v1/customers", body)
		req.Header.Set("Authorization", "Bearer sk_test_1")
		req.Header.Set("Idempotency-Key", key)
		return l.do(req)
	}
	first := send("k1", "name=Olena&email=o%40example.com")
	if first.status != 200 || first.header.Get("Idempotent-Replayed") != "" {
		t.Fatalf("first: %d, replayed %q", first.status, first.header.Get("Idempotent-Replayed"))
	}
	again := send("k1", "email=o%40example.com&name=Olena")
	if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" || again.header.Get("Original-Request") != first.header.Get("Request-Id") {
		t.Errorf("the same in another order: replayed %q, original %q (want %q)\n%s",
			again.header.Get("Idempotent-Replayed"), again.header.Get("Original-Request"), first.header.Get("Request-Id"), cmp.Diff(first.body, again.body))
	}
	if other := send("k1", "name=Ivan"); other.status != 400 || !strings.Contains(other.body, "idempotency_error") {
		t.Errorf("other parameters: %d %s", other.status, other.body)
	}
	if bad := send("k2", "nme=Olena"); bad.status != 400 {
		t.Errorf("a mistyped name: %d", bad.status)
	}
	if mended := send("k2", "name=Olena"); mended.status != 200 || mended.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("mended under the same key: %d, replayed %q", mended.status, mended.header.Get("Idempotent-Replayed"))
	}
	if err := l.sim.Advance(24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if late := send("k1", "name=Olena&email=o%40example.com"); late.status != 200 || late.body == first.body {
		t.Errorf("a day later the key is still known: %d", late.status)
	}
	if long := send(strings.Repeat("k", 256), "name=x"); long.status != 400 {
		t.Errorf("a key of 256: %d", long.status)
	}
}

func TestListsComeInPages(t *testing.T) {
	t.Parallel()
	l := open(t)
	var want []string // newest first
	for i := range 23 {
		cus, err := l.api.Customers.New(&stripe.CustomerParams{Email: stripe.String(fmt.Sprintf("p%d@example.com", i%2))})
		if err != nil {
			t.Fatal(err)
		}
		want = append([]string{cus.ID}, want...)
	}
	var got []string
	p := &stripe.CustomerListParams{}
	p.Limit = stripe.Int64(5)
	for it := l.api.Customers.List(p); it.Next(); {
		got = append(got, it.Customer().ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("forwards in fives (-want +got):\n%s", diff)
	}
	got = nil
	p = &stripe.CustomerListParams{}
	p.Limit, p.EndingBefore = stripe.Int64(5), stripe.String(want[22])
	for it := l.api.Customers.List(p); it.Next(); {
		got = append([]string{it.Customer().ID}, got...)
	}
	if diff := cmp.Diff(want[:22], got); diff != "" {
		t.Errorf("backwards in fives (-want +got):\n%s", diff)
	}
	got = nil
	for it := l.api.Customers.List(&stripe.CustomerListParams{Email: stripe.String("p1@example.com")}); it.Next(); {
		got = append(got, it.Customer().ID)
	}
	if len(got) != 11 {
		t.Errorf("%d customers have the e-mail, want 11", len(got))
	}
	for _, query := range []string{"limit=0", "limit=101", "limit=x", "starting_after=cus_none", "starting_after=" + want[0] + "&ending_before=" + want[1], "created[gte]=now", "colour=red"} {
		if got := l.call("GET", "/v1/customers?"+query, ""); got.status != 400 {
			t.Errorf("%s: %d", query, got.status)
		}
	}
	if got := l.call("GET", fmt.Sprintf("/v1/customers?created[gt]=%d", clock().Unix()), ""); !strings.Contains(got.body, `"data": []`) {
		t.Errorf("nothing is newer than now, yet: %s", got.body)
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	l := open(t)
	cus, err := l.api.Customers.New(&stripe.CustomerParams{Name: stripe.String("Ґанок Софт"), Email: stripe.String("pay@ganok.example")})
	if err != nil {
		t.Fatal(err)
	}
	cs := l.session(func(p *stripe.CheckoutSessionParams) { p.Customer, p.CustomerEmail = &cus.ID, nil })
	l.mustPay(cs.ID, stripesim.CardPays)
	if _, err := l.api.Refunds.New(&stripe.RefundParams{PaymentIntent: &l.look(cs.ID).PaymentIntent.ID, Amount: stripe.Int64(100)}); err != nil {
		t.Fatal(err)
	}

	p := &stripe.CheckoutSessionParams{}
	for _, path := range []string{"customer", "line_items", "payment_intent.latest_charge.refunds", "payment_intent.latest_charge.failure_balance_transaction", "payment_intent.latest_charge.balance_transaction.source"} {
		p.AddExpand(path)
	}
	full, err := l.api.CheckoutSessions.Get(cs.ID, p)
	if err != nil {
		t.Fatal(err)
	}
	ch := full.PaymentIntent.LatestCharge
	got := []string{
		full.Customer.Name, full.CustomerDetails.Email, full.LineItems.Data[0].Description,
		fmt.Sprint(ch.Refunds.Data[0].Amount), fmt.Sprint(ch.BalanceTransaction.Source.Charge.AmountRefunded),
	}
	if want := []string{"Ґанок Софт", "pay@ganok.example", "Gift to IT4Life", "100", "100"}; !cmp.Equal(got, want) {
		t.Errorf("expanded = %q, want %q", got, want)
	}

	list := &stripe.ChargeListParams{}
	list.AddExpand("data.balance_transaction")
	list.AddExpand("data.refunds.data.failure_balance_transaction")
	for it := l.api.Charges.List(list); it.Next(); {
		if bt := it.Charge().BalanceTransaction; bt.Fee != 14_530 {
			t.Errorf("expanded in a list: fee %d", bt.Fee)
		}
	}
	items := l.api.CheckoutSessions.ListLineItems(&stripe.CheckoutSessionListLineItemsParams{Session: &cs.ID})
	if !items.Next() || items.LineItem().AmountTotal != 500_000 || items.Next() {
		t.Errorf("line items: %v", items.Err())
	}
	for _, path := range []string{"invoice", "payment_intent.latest_charge.balance_transaction.source.refunds", "amount_total", "payment_intent.review"} {
		if got := l.call("GET", "/v1/checkout/sessions/"+cs.ID+"?expand[]="+path, ""); got.status != 400 {
			t.Errorf("expand %s: %d", path, got.status)
		}
	}
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	l := open(t)
	cs := l.session()
	l.mustPay(cs.ID, stripesim.CardPays)
	pi := l.look(cs.ID).PaymentIntent
	refund := func(minor int64) (*stripe.Refund, error) {
		p := &stripe.RefundParams{PaymentIntent: &pi.ID, Reason: stripe.String("requested_by_customer")}
		if minor != 0 {
			p.Amount = &minor
		}
		p.AddExpand("balance_transaction")
		return l.api.Refunds.New(p)
	}
	for _, minor := range []int64{1, 199_999} {
		re, err := refund(minor)
		if err != nil {
			t.Fatal(err)
		}
		if bt := re.BalanceTransaction; re.Status != "succeeded" || bt.Amount != -minor || bt.Fee != 0 || bt.Net != -minor || bt.Type != "refund" {
			t.Errorf("refund of %d: %s, transaction %+v", minor, re.Status, bt)
		}
	}
	if ch := l.look(cs.ID).PaymentIntent.LatestCharge; ch.AmountRefunded != 200_000 || ch.Refunded {
		t.Errorf("refunded %d, all %v", ch.AmountRefunded, ch.Refunded)
	}
	for _, minor := range []int64{300_001, -1} {
		_, err := refund(minor)
		if e := stripeError(t, err); e.HTTPStatusCode != 400 || e.Param != "amount" {
			t.Errorf("refund of %d: %d, param %s", minor, e.HTTPStatusCode, e.Param)
		}
	}
	if re, err := refund(0); err != nil || re.Amount != 300_000 {
		t.Errorf("refund of the rest: %v, %v", re, err)
	}
	_, err := refund(0)
	if e := stripeError(t, err); e.Code != "charge_already_refunded" {
		t.Errorf("refund of nothing left: %s", e.Code)
	}
	books := l.sim.Books()
	if p := books.Payments[pi.ID]; p.Refunded != 500_000 || p.Net != -14_530 || len(p.Transactions) != 4 {
		t.Errorf("books of the payment: %+v", p)
	}
	want := stripesim.Totals{
		ByType: map[string]stripesim.Sum{"charge": {1, 500_000, 14_530, 485_470}, "refund": {3, -500_000, 0, -500_000}},
		Sum:    stripesim.Sum{Count: 4, Gross: 0, Fee: 14_530, Net: -14_530},
	}
	if diff := cmp.Diff(want, books.Totals["usd"]); diff != "" {
		t.Errorf("books (-want +got):\n%s", diff)
	}
	n := 0
	for it := l.api.Refunds.List(&stripe.RefundListParams{PaymentIntent: &pi.ID}); it.Next(); n++ {
	}
	if n != 3 {
		t.Errorf("%d refunds in the list, want 3", n)
	}
	l.told("payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed",
		"charge.refunded", "charge.refunded", "charge.refunded", "refund.created", "refund.created", "refund.created")
}

func TestRefundsThatAreRefused(t *testing.T) {
	t.Parallel()
	l := open(t)
	pending, failed := l.session(byDebit).ID, l.session().ID
	l.mustPay(pending, stripesim.AccountPays)
	if err := l.pay(failed, stripesim.CardDeclined); err == nil {
		t.Fatal("the declined card paid")
	}
	for name, c := range map[string]struct {
		p    stripe.RefundParams
		code stripe.ErrorCode
	}{
		"a pending debit":     {stripe.RefundParams{PaymentIntent: &l.look(pending).PaymentIntent.ID}, "charge_not_refundable"},
		"a failed charge":     {stripe.RefundParams{Charge: &l.look(failed).PaymentIntent.LatestCharge.ID}, "charge_not_refundable"},
		"nothing named":       {stripe.RefundParams{}, "parameter_missing"},
		"an unknown intent":   {stripe.RefundParams{PaymentIntent: stripe.String("pi_none")}, "resource_missing"},
		"an unknown charge":   {stripe.RefundParams{Charge: stripe.String("ch_none")}, "resource_missing"},
		"an unknown reason":   {stripe.RefundParams{Charge: stripe.String("ch_none"), Reason: stripe.String("whim")}, ""},
		"somebody's charge":   {stripe.RefundParams{PaymentIntent: &l.look(pending).PaymentIntent.ID, Charge: &l.look(failed).PaymentIntent.LatestCharge.ID}, ""},
		"a parameter we lack": {stripe.RefundParams{Charge: stripe.String("ch_none"), ReverseTransfer: stripe.Bool(true)}, "parameter_unknown"},
	} {
		_, err := l.api.Refunds.New(&c.p)
		if e := stripeError(t, err); e.Code != c.code {
			t.Errorf("%s: code %q, want %q (%s)", name, e.Code, c.code, e.Msg)
		}
	}
}
