package portal_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/pg"
	"kopiyka/internal/stripesim"
)

// pays presses a button of the form to pay and returns the payment and the address of its
// page.
func (r *room) pays(t *testing.T, pledge, text string) (giving.Payment, string) {
	t.Helper()
	answer := r.payer.Post("/portal/pledges/"+pledge+"/payments", amount(text)).Wants(http.StatusSeeOther)
	all, err := giving.PaymentsOf(t.Context(), r.DB, pledge)
	if err != nil || len(all) == 0 {
		t.Fatalf("%d payments, %v", len(all), err)
	}
	if answer.Location() != all[0].SessionURL || all[0].SessionURL == "" {
		t.Fatalf("leads to %q, the page is at %q", answer.Location(), all[0].SessionURL)
	}
	return all[0], answer.Location()
}

func back(p giving.Payment) string { return "/portal/payments/" + p.ID + "/return" }

func TestPayingLeadsThroughStripeToTheBooks(t *testing.T) {
	t.Parallel()
	r := open(t)
	pledge := r.Pledge(15_000)
	p, _ := r.pays(t, pledge, "150.00")
	r.Pay(p, stripesim.CardPays)

	page := r.payer.Get(back(p) + "?session_id=" + p.SessionID).Wants(http.StatusOK)
	page.Says("h1", "Your payment is received").Says(".due-sum", "$150.00").Says(".status", "received")
	if page.Has("[data-refresh-while]") || strings.Contains(page.Body, "http-equiv") {
		t.Error("the page waits for nothing and refreshes itself")
	}
	r.SameBooks()
	history := r.payer.Get("/portal/pledges/" + pledge).Wants(http.StatusOK)
	history.Says(".table tbody", "received").Says(".table tbody", "card").Says(".table tbody", "$150.00")
	if history.Has("#pay") {
		t.Error("a paid pledge asks to be paid")
	}
}

func TestAPartLeavesTheRest(t *testing.T) {
	t.Parallel()
	r := open(t)
	pledge := r.Pledge(15_000)
	p, _ := r.pays(t, pledge, "50,00")
	r.Pay(p, stripesim.CardPays)
	r.payer.Get(back(p)).Wants(http.StatusOK)
	r.payer.Get("/portal/pledges/"+pledge).Wants(http.StatusOK).Says("#pay .due-sum", "$100.00").Says("#pay .button", "Pay $100.00")
}

// Two clicks are one payment, however close they come.
func TestADoubleClickIsOnePayment(t *testing.T) {
	t.Parallel()
	r := open(t)
	pledge := r.Pledge(15_000)
	pages := make([]string, 4)
	for i, err := range gatewaytest.Together(len(pages), func(i int) error {
		answer, err := r.payer.Try(http.MethodPost, "/portal/pledges/"+pledge+"/payments", strings.NewReader("amount=150.00"), "application/x-www-form-urlencoded")
		if err == nil && answer.Status != http.StatusSeeOther {
			err = fmt.Errorf("status %d: %s", answer.Status, answer.Text("[role=alert]"))
		}
		pages[i] = answer.Location()
		return err
	}) {
		if err != nil {
			t.Errorf("click %d: %v", i, err)
		}
	}
	for _, page := range pages[1:] {
		if page != pages[0] {
			t.Errorf("clicks lead to %q and %q", pages[0], page)
		}
	}
	if payments, sessions := r.Count("payments"), r.Sessions(); payments != 1 || sessions != 1 {
		t.Errorf("%d payments and %d pages at Stripe, want one", payments, sessions)
	}
}

func TestAPaymentThatCannotBeIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	r := open(t)
	pledge := r.Pledge(150_000_000)
	for typed, words := range map[string]string{
		"":                  "Type an amount",
		"-1":                "never negative",
		"0":                 "above zero",
		"1,005":             "can be read in two ways",
		"1e9":               "in digits",
		"１２":                "in digits",
		"0.49":              "The least payment is $0.50",
		"1000000.00":        "Pay in parts",
		"1500000.01":        "One payment can be",
		"1499999.75":        "Too little would be left",
		"12345678901234567": "too large",
	} {
		t.Run(typed, func(t *testing.T) {
			answer := r.payer.In(t).Post("/portal/pledges/"+pledge+"/payments", amount(typed)).Wants(http.StatusUnprocessableEntity)
			answer.Says("[role=alert]", words).Says("#amount-e", words)
			if want := typed; want != "" && answer.Attr("#amount", "value") != want {
				t.Errorf("the field holds %q", answer.Attr("#amount", "value"))
			}
			if !answer.Has("details[open]") {
				t.Error("the form is closed over its fault")
			}
		})
	}
	small := r.Pledge(10_000)
	r.payer.Post("/portal/pledges/"+small+"/payments", amount("100.01")).Wants(http.StatusUnprocessableEntity).Says("#amount-e", "$100.00 is left")
	r.payer.Post("/portal/pledges/"+small+"/payments", amount("99.75")).Wants(http.StatusUnprocessableEntity).Says("#amount-e", "Pay all of it ($100.00)")
	r.payer.PostRaw("/portal/pledges/"+small+"/payments", strings.NewReader("amount=%ff")).Wants(http.StatusUnprocessableEntity)
	r.payer.PostRaw("/portal/pledges/"+small+"/payments", strings.NewReader("amount="+strings.Repeat("1", 10<<20))).Wants(http.StatusRequestEntityTooLarge)
	if n := r.Count("payments"); n != 0 {
		t.Errorf("%d payments were written", n)
	}
}

func TestNothingIsPaidTwice(t *testing.T) {
	t.Parallel()
	r := open(t)
	p := r.Paid(10_000)
	r.payer.Post("/portal/pledges/"+p.PledgeID+"/payments", amount("100.00")).Wants(http.StatusConflict).
		Says("[role=alert]", "Everything on this pledge is paid")
}

// Another's pledge looks like one that is not there, to the last byte but its own address.
func TestWhatIsAnothersIsNotThere(t *testing.T) {
	t.Parallel()
	r := open(t)
	p := r.Paid(10_000)
	waiting := r.Pledge(10_000)
	stranger := r.house.As(r.Stranger)
	unknown := pg.NewID()
	for _, path := range []string{"/portal/pledges/%s", "/portal/payments/%s/return", "/portal/payments/%s/cancel"} {
		for _, id := range []string{p.PledgeID, p.ID} {
			theirs := stranger.Get(fmt.Sprintf(path, id)).Wants(http.StatusNotFound)
			none := stranger.Get(fmt.Sprintf(path, unknown)).Wants(http.StatusNotFound)
			if strings.ReplaceAll(theirs.Body, id, "") != strings.ReplaceAll(none.Body, unknown, "") {
				t.Errorf("%s tells them apart:\n%s\n%s", path, theirs.Text("main"), none.Text("main"))
			}
		}
		stranger.Get(fmt.Sprintf(path, "nonsense")).Wants(http.StatusNotFound)
		stranger.Get(fmt.Sprintf(path, "%00%ff")).Wants(http.StatusNotFound)
	}
	stranger.Post("/portal/pledges/"+waiting+"/payments", amount("1.00")).Wants(http.StatusNotFound)
	stranger.Post("/portal/pledges/"+unknown+"/payments", amount("1.00")).Wants(http.StatusNotFound)
	if n := r.Count("payments"); n != 1 {
		t.Errorf("%d payments, want the one from before", n)
	}
}

func TestAViewerLooksAndDoesNotPay(t *testing.T) {
	t.Parallel()
	r := open(t)
	pledge := r.Pledge(10_000)
	viewer := r.house.As(r.Viewer)
	page := viewer.Get("/portal/pledges/" + pledge).Wants(http.StatusOK)
	if page.Has("form[data-submit-once]") {
		t.Error("a viewer has a form to pay")
	}
	page.Says("main", "An owner or a payer of the company can pay")
	viewer.Post("/portal/pledges/"+pledge+"/payments", amount("1.00")).Wants(http.StatusForbidden).Says("[role=alert]", "not make or pay them")
	if n := r.Count("payments"); n != 0 {
		t.Errorf("%d payments were written", n)
	}
}

func TestTheReturnSaysWhatTheBooksSay(t *testing.T) {
	t.Parallel()
	r := open(t)
	t.Run("not confirmed yet", func(t *testing.T) {
		p, _ := r.pays(t, r.Pledge(10_000), "100")
		page := r.payer.In(t).Get(back(p) + "?session_id=" + p.SessionID).Wants(http.StatusOK)
		page.Says("h1", "Waiting for confirmation").Says("main", "Do not pay again")
		if page.Attr("[data-refresh-while]", "data-refresh-while") != "3" {
			t.Error("scripts are not asked to look again")
		}
		if want := `<noscript><meta http-equiv="refresh" content="3;url=` + back(p) + "?again=1&amp;session_id=" + p.SessionID; !strings.Contains(page.Body, want) {
			t.Errorf("browsers without scripts are not asked to look again:\n%s", page.Body[:1500])
		}
		if last := r.payer.In(t).Get(back(p) + "?again=8").Wants(http.StatusOK); strings.Contains(last.Body, "http-equiv") {
			t.Error("the page refreshes itself for ever")
		}
	})
	t.Run("on its way", func(t *testing.T) {
		p, _ := r.pays(t, r.Pledge(10_000), "100")
		r.Pay(p, stripesim.AccountPays)
		page := r.payer.In(t).Get(back(p)).Wants(http.StatusOK).Says("h1", "on its way").Says(".status--transit", "on its way")
		if page.Has("[data-refresh-while]") {
			t.Error("a page waits for days")
		}
		r.payer.In(t).Get("/portal").Wants(http.StatusOK).Says("main .table", "on its way")
	})
	t.Run("declined", func(t *testing.T) {
		p, url := r.pays(t, r.Pledge(10_000), "100")
		if err := r.Sim.Pay(p.SessionID, stripesim.CardNoFunds); err == nil {
			t.Fatal("the card paid")
		}
		page := r.payer.In(t).Get(back(p)).Wants(http.StatusOK).Says("h1", "declined").Says("main", "too little money on the account")
		if got := page.Attr("main .buttons .button[href="+url+"]", "href"); got != url {
			t.Errorf("trying again leads to %q", got)
		}
		r.payer.In(t).Get("/portal/pledges/"+p.PledgeID).Wants(http.StatusOK).Says(".table", "too little money on the account")
	})
	t.Run("the page was closed", func(t *testing.T) {
		p, _ := r.pays(t, r.Pledge(10_000), "100")
		r.Expire(p)
		r.payer.In(t).Get(back(p)).Wants(http.StatusOK).Says("h1", "The payment page is closed")
	})
	t.Run("given back", func(t *testing.T) {
		p := r.Paid(10_000)
		r.Refund(p, 4_000)
		r.payer.In(t).Get(back(p)).Wants(http.StatusOK).Says("h1", "returned")
		r.payer.In(t).Get("/portal/pledges/"+p.PledgeID).Wants(http.StatusOK).Says("main .pairs", "Returned to you$40.00")
	})
	r.SameBooks()
}

// A browser's word moves nothing: the session of one payment does not pay another.
func TestASessionOfAnotherPaymentPaysNothing(t *testing.T) {
	t.Parallel()
	r := open(t)
	other, _ := r.pays(t, r.Pledge(10_000), "100")
	r.Pay(other, stripesim.CardPays)
	// Stripe's answers about both were lost, so that our books know neither session.
	if _, err := r.Owner.Exec(`UPDATE payments SET session_id = NULL, session_url = NULL, session_ends_at = NULL, state = 'created'`); err != nil {
		t.Fatal(err)
	}
	r.Down()
	pledge := r.Pledge(20_000)
	r.payer.Post("/portal/pledges/"+pledge+"/payments", amount("200")).Wants(http.StatusServiceUnavailable).
		Says("[role=alert]", "The payment page does not answer")
	r.Up()
	all, err := giving.PaymentsOf(t.Context(), r.DB, pledge)
	if err != nil || len(all) != 1 || all[0].SessionID != "" {
		t.Fatalf("payments = %v, %v", all, err)
	}
	r.payer.Get(back(all[0])+"?session_id="+other.SessionID).Wants(http.StatusOK).Says("h1", "Waiting for confirmation")
	if n := r.Count("ledger.entries"); n != 0 {
		t.Errorf("%d entries were posted", n)
	}
	r.payer.Get(back(all[0]) + "?session_id=..%2F..%2Fcharges").Wants(http.StatusOK)
	r.payer.Get(back(other)+"?session_id="+other.SessionID).Wants(http.StatusOK).Says("h1", "received")
}

// Stripe may be away when the payer comes back. The page is there all the same.
func TestTheReturnDoesNotNeedStripe(t *testing.T) {
	t.Parallel()
	r := open(t)
	p, _ := r.pays(t, r.Pledge(10_000), "100")
	r.Down()
	r.payer.Get(back(p)).Wants(http.StatusOK).Says("h1", "Waiting for confirmation")
	if said := r.Log.String(); !strings.Contains(said, "could not be asked about") {
		t.Errorf("the log says %s", said)
	}
	r.Up()
	r.Pay(p, stripesim.CardPays)
	r.payer.Get(back(p)).Wants(http.StatusOK).Says("h1", "received")
}

func TestWhoDoesNotPayComesBackToThePledge(t *testing.T) {
	t.Parallel()
	r := open(t)
	p, url := r.pays(t, r.Pledge(10_000), "100")
	r.payer.Get("/portal/payments/" + p.ID + "/cancel").LeadsTo("/portal/pledges/" + p.PledgeID + "?notice=unpaid#pay")
	r.payer.Get("/portal/pledges/"+p.PledgeID+"?notice=unpaid").Wants(http.StatusOK).Says(".notice", "Nothing was paid")
	if _, again := r.pays(t, p.PledgeID, "100"); again != url {
		t.Errorf("paying goes on at %q, not at %q", again, url)
	}
	if page := r.payer.Get("/portal/pledges/" + p.PledgeID + "?notice=<b>"); page.Has(".notice") {
		t.Error("the address says what the notice says")
	}

	// The other tab has paid meanwhile: then it is not true that nothing was paid.
	r.Pay(p, stripesim.CardPays)
	r.Sync(p)
	r.payer.Get("/portal/payments/" + p.ID + "/cancel").LeadsTo(back(p))
}

func TestARestThatNoCardTakesHasNoForm(t *testing.T) {
	t.Parallel()
	r := open(t)
	pledge := r.Pledge(10_000)
	p := r.Checkout(pledge, 9_970) // past the door, which refuses it
	r.Pay(p, stripesim.CardPays)
	r.Sync(p)
	page := r.payer.Get("/portal/pledges/"+pledge).Wants(http.StatusOK).Says("main", "$0.30 is left")
	if page.Has("#pay") {
		t.Error("there is a form that cannot be paid")
	}
}
