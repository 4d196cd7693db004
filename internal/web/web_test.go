package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"kopiyka/internal/stripesim"
)

func TestAnotherSitesFormIsRefused(t *testing.T) {
	h := open(t)
	h.letIn()
	payer := h.visitor("payer@example.org")
	form := h.forms()["POST /portal/pledges"]
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Origin", "https://evil.example"},
	} {
		if res, _ := h.ask(payer, http.MethodPost, "/portal/pledges", form, headers...); res.StatusCode != http.StatusForbidden {
			t.Errorf("%v: %d, want 403", headers, res.StatusCode)
		}
	}
	if n := h.Count("pledges"); n != 0 {
		t.Errorf("%d pledges were made for another site", n)
	}
	if res, _ := h.ask(payer, http.MethodPost, "/portal/pledges", form, "Sec-Fetch-Site", "same-origin", "Origin", h.server.URL); res.StatusCode != http.StatusSeeOther {
		t.Errorf("our own form: %d, want 303", res.StatusCode)
	}
}

// Stripe's server sends no Sec-Fetch-Site and no Origin, and a webhook must never need them.
func TestCase012WebhooksPassTheGuardsOfForms(t *testing.T) {
	h := open(t)
	res, _ := h.ask(h.visitor(""), http.MethodPost, "/hooks/stripe", "{}", "Origin", "https://evil.example")
	if res.StatusCode != http.StatusBadRequest {
		t.Errorf("%d, want the door's own 400", res.StatusCode)
	}
}

func TestBodiesThatAreTooLargeAreRefused(t *testing.T) {
	h := open(t)
	h.letIn()
	payer := h.visitor("payer@example.org")
	large := "message=" + strings.Repeat("x", 10<<20)
	for _, path := range []string{"/portal/pledges", "/sign-in", "/hooks/stripe", "/portal/pledges/" + h.Pledge(1000) + "/payments"} {
		if res, _ := h.ask(payer, http.MethodPost, path, large); res.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d, want 413", path, res.StatusCode)
		}
	}
}

// Nothing that a stranger can put into an address or a form may break the house.
func TestStrangeBytesBreakNothing(t *testing.T) {
	h := open(t)
	h.letIn()
	payer, coordinator := h.visitor("payer@example.org"), h.visitor("coordinator@example.org")
	strange := []string{"%ff%fe", "%00", "%F0%28%8C%28", "..%2f..%2f", "'%3B--", strings.Repeat("9", 400), "%E2%80%AE", "%0d%0aSet-Cookie:%20x=y"}
	for _, s := range strange {
		for _, path := range []string{"/uk/campaigns/" + s, "/en/companies/" + s, "/uk/?after=" + s, "/uk/campaigns/" + h.Slug + "/donors?after=" + s,
			"/api/v1/campaigns/" + s, "/assets/" + s, "/sign-in?next=" + s, "/language/" + s, "/language/uk?back=" + s} {
			if res, _ := h.ask(h.visitor(""), http.MethodGet, path, ""); res.StatusCode >= 500 {
				t.Errorf("GET %s: %d", path, res.StatusCode)
			}
		}
		for _, path := range []string{"/portal/pledges/" + s, "/portal/payments/" + s + "/return?session_id=" + s, "/portal/pledges/new?campaign=" + s, "/portal?after=" + s} {
			if res, _ := h.ask(payer, http.MethodGet, path, ""); res.StatusCode >= 500 {
				t.Errorf("GET %s: %d", path, res.StatusCode)
			}
		}
		for _, path := range []string{"/office/allocations/" + s, "/office/allocations?after=" + s, "/office/campaigns/" + s + "/allocations/new"} {
			if res, _ := h.ask(coordinator, http.MethodGet, path, ""); res.StatusCode >= 500 {
				t.Errorf("GET %s: %d", path, res.StatusCode)
			}
		}
		for _, field := range []string{"campaign", "company", "amount", "currency", "visibility", "message", "when", "due_on"} {
			form := h.forms()["POST /portal/pledges"] + "&when=date&" // the first value of a field counts, so the strange one stands first
			if res, _ := h.ask(payer, http.MethodPost, "/portal/pledges", field+"="+s+"&"+form); res.StatusCode >= 500 {
				t.Errorf("POST /portal/pledges with %s=%s: %d", field, s, res.StatusCode)
			}
		}
		if res, _ := h.ask(coordinator, http.MethodPost, "/office/campaigns/"+h.Slug+"/allocations", "purpose="+s+"&amount="+s+"&reason="+s); res.StatusCode >= 500 {
			t.Errorf("POST an allocation of %s: %d", s, res.StatusCode)
		}
		if res, _ := h.ask(h.visitor(""), http.MethodPost, "/sign-in", "email="+s+"&password="+s); res.StatusCode >= 500 {
			t.Errorf("sign in as %s: %d", s, res.StatusCode)
		}
	}
}

func TestEveryAnswerCarriesThePolicy(t *testing.T) {
	h := open(t)
	for _, path := range []string{"/uk/", "/sign-in", "/nowhere", "/api/v1/campaigns"} {
		res, _ := h.ask(h.visitor(""), http.MethodGet, path, "")
		policy := res.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if !strings.Contains(policy, "form-action 'self' https://checkout.stripe.com "+h.URL) {
			t.Errorf("%s: the way to the checkout page is not open: %q", path, policy)
		}
		if res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: a browser may guess the type", path)
		}
	}
}

// A change is seen at once by whoever asks after the notice, and not only when the cached
// page has aged.
func TestThePageIsNewAsSoonAsAPaymentSettles(t *testing.T) {
	h := open(t)
	page := func() string {
		_, body := h.ask(h.visitor(""), http.MethodGet, "/en/campaigns/"+h.Slug, "")
		return strings.NewReplacer(`<span class="sum-kop">`, "", "</span>", "").Replace(body)
	}
	if strings.Contains(page(), "$1,234.56") {
		t.Fatal("the sum is there before it was paid")
	}
	h.Paid(123_456)
	h.web.Changed()
	if !strings.Contains(page(), "$1,234.56") {
		t.Error("the page is as it was")
	}
	if _, body := h.ask(h.visitor(""), http.MethodGet, "/api/v1/campaigns/"+h.Slug, ""); !strings.Contains(body, `"received_minor":123456`) {
		t.Errorf("the JSON says %s", body)
	}
}

// The whole way of a gift through the doors, with a decline before it.
func TestAGiftGoesThroughTheDoors(t *testing.T) {
	h := open(t)
	h.letIn()
	payer := h.visitor("payer@example.org")
	made, _ := h.ask(payer, http.MethodPost, "/portal/pledges", h.forms()["POST /portal/pledges"])
	pledge, _, _ := strings.Cut(made.Header.Get("Location"), "?")
	started, _ := h.ask(payer, http.MethodPost, pledge+"/payments", url.Values{"amount": {"12.50"}}.Encode())
	till := started.Header.Get("Location")
	if !strings.HasPrefix(till, h.URL+"/c/pay/") {
		t.Fatalf("paying leads to %q", till)
	}
	session := till[strings.LastIndex(till, "/")+1:]
	if err := h.Sim.Pay(session, stripesim.CardDeclined); err == nil {
		t.Fatal("the card was not declined")
	}
	if err := h.Sim.Pay(session, stripesim.CardPays); err != nil {
		t.Fatal(err)
	}
	var payment string
	if err := h.Owner.Get(&payment, `SELECT id FROM payments`); err != nil {
		t.Fatal(err)
	}
	res, body := h.ask(payer, http.MethodGet, "/portal/payments/"+payment+"/return?session_id="+session, "")
	if res.StatusCode != http.StatusOK || !strings.Contains(body, "12") {
		t.Errorf("the return page: %d", res.StatusCode)
	}
	h.SameBooks()
	if got := h.Payment(payment); got.ReceivedMinor != 1250 {
		t.Errorf("received %d", got.ReceivedMinor)
	}
}

// One address takes files, up to its own limit. All others take forms alone.
func TestOneAddressAloneTakesFiles(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.letIn()
	coordinator := h.visitor("coordinator@example.org")
	large := strings.Repeat("x", 2<<20)
	const file = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n"
	kind := []string{"Content-Type", "multipart/form-data; boundary=b"}
	if res, body := h.ask(coordinator, http.MethodPost, "/office/statements", file+large+"\r\n--b--\r\n", kind...); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("two megabytes: %d\n%.200s", res.StatusCode, body)
	}
	if res, _ := h.ask(coordinator, http.MethodPost, "/office/statements", file+strings.Repeat("x", 54<<20), kind...); res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("54 megabytes: %d", res.StatusCode)
	}
	if res, _ := h.ask(coordinator, http.MethodPost, "/office/reconciliation", large); res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("two megabytes elsewhere: %d", res.StatusCode)
	}
	if res, _ := h.ask(coordinator, http.MethodPost, "/office/statements", file, append(kind, "Origin", "https://elsewhere.example.org", "Sec-Fetch-Site", "cross-site")...); res.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %d", res.StatusCode)
	}
}
