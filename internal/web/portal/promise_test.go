package portal_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/campaign"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/webtest"
)

func TestAPromiseToPayNowLeadsToTheFormToPay(t *testing.T) {
	t.Parallel()
	r := open(t)
	heard := r.listen(t)
	answer := r.payer.Post("/portal/pledges", r.promised("message", "Друзям\r\n<b>лікарям</b>")).Wants(http.StatusSeeOther)
	path, at, _ := strings.Cut(answer.Location(), "?")
	if at != "notice=made#pay" {
		t.Fatalf("leads to %q", answer.Location())
	}
	heard() // pages elsewhere were told

	page := r.payer.Get(path + "?notice=made").Wants(http.StatusOK)
	page.Says(".notice", "The pledge is written down").Says("#pay .due-sum", "$150.00").Says("#pay .button", "Pay $150.00")
	if got := page.Attr("#pay form [type=hidden]", "value"); got != "150.00" {
		t.Errorf("the form pays %q", got)
	}
	if got := page.Attr("#amount", "value"); got != "150.00" {
		t.Errorf("a part is prefilled with %q", got)
	}
	page.Says("main .pairs", "<b>лікарям</b>") // as text
	if page.Has("main b") {
		t.Error("the message's HTML became HTML")
	}
	if n := r.Count("pledges WHERE message = E'Друзям\n<b>лікарям</b>' AND due_on IS NULL AND amount_minor = 15000"); n != 1 {
		t.Errorf("%d such pledges", n)
	}
}

func TestAPromiseByADayIsKeptWithItsDay(t *testing.T) {
	t.Parallel()
	r := open(t)
	day := r.Now().AddDate(0, 1, 0).Format(time.DateOnly)
	answer := r.payer.Post("/portal/pledges", r.promised("when", "date", "due_on", day, "visibility", "anonymous")).Wants(http.StatusSeeOther)
	if !strings.HasSuffix(answer.Location(), "?notice=made") {
		t.Errorf("leads to %q", answer.Location())
	}
	if n := r.Count("pledges WHERE due_on = $1 AND visibility = 'anonymous'", day); n != 1 {
		t.Errorf("%d such pledges", n)
	}
}

// refused posts a promise and asks for the page of the form with the reason at a field, the
// value as it was typed, and nothing written.
func (r *room) refused(t *testing.T, form url.Values, field, words string) webtest.Answer {
	t.Helper()
	answer := r.payer.In(t).Post("/portal/pledges", form).Wants(http.StatusUnprocessableEntity)
	answer.Says("[role=alert]", words)
	if field != "" {
		answer.Says("#"+field+"-e", words)
		if !answer.Has("[role=alert] [href=#" + field + "]") {
			t.Errorf("the summary does not lead to %s", field)
		}
	}
	if n := r.Count("pledges"); n != 0 {
		t.Errorf("%d pledges were written", n)
	}
	return answer
}

func TestAnAmountThatIsNoneIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	r := open(t)
	for typed, words := range map[string]string{
		"":                  "Type an amount",
		"-1":                "never negative",
		"0":                 "above zero",
		"0.00":              "above zero",
		"1,005":             "can be read in two ways. Type 1005",
		"1e9":               "in digits",
		"１２３":               "in digits",
		"12345678901234567": "too large",
		"5000,505":          "Did you mean $5,000.50?",
		"0.49":              "the least payment is $0.50",
		"NaN":               "in digits",
		"<script>":          "in digits",
	} {
		t.Run(typed, func(t *testing.T) {
			answer := r.refused(t, r.promised("amount", typed, "message", "kept"), "amount", words)
			if got := answer.Attr("#amount", "value"); got != typed {
				t.Errorf("the field holds %q", got)
			}
			answer.Says("#message", "kept")
			if answer.Attr("#amount", "aria-invalid") != "true" {
				t.Error("the field is not marked")
			}
		})
	}
}

func TestEverythingElseThatIsWrongIsSaid(t *testing.T) {
	t.Parallel()
	r := open(t)
	yesterday := r.Now().AddDate(0, 0, -1).Format(time.DateOnly)
	for name, test := range map[string]struct {
		change       []string
		field, words string
	}{
		"another currency":      {[]string{"currency", "EUR"}, "amount", "another currency: USD"},
		"no currency":           {[]string{"currency", ""}, "amount", "another currency: USD"},
		"no company":            {[]string{"company", ""}, "", "Choose the company"},
		"a day in the past":     {[]string{"when", "date", "due_on", yesterday}, "due_on", "That day has passed"},
		"no day":                {[]string{"when", "date"}, "due_on", "Choose or type a day"},
		"a day that is none":    {[]string{"when", "date", "due_on", "2026-02-30"}, "due_on", "Choose or type a day"},
		"nonsense for a day":    {[]string{"when", "date", "due_on", "soon"}, "due_on", "Choose or type a day"},
		"a day in a century":    {[]string{"when", "date", "due_on", "2126-01-01"}, "due_on", "within five years"},
		"an unknown time":       {[]string{"when", "never"}, "when", "Choose when"},
		"an unknown visibility": {[]string{"visibility", "secret"}, "visibility", "Choose what others will see"},
		"a message too long":    {[]string{"message", strings.Repeat("ї", 501)}, "message", "500 characters at most"},
	} {
		t.Run(name, func(t *testing.T) { r.refused(t, r.promised(test.change...), test.field, test.words) })
	}
}

func TestAllFaultsAreSaidAtOnce(t *testing.T) {
	t.Parallel()
	r := open(t)
	answer := r.refused(t, r.promised("amount", "-1", "visibility", "secret", "message", strings.Repeat("x", 501)), "", "3 fields")
	for _, field := range []string{"amount", "visibility", "message"} {
		if !answer.Has("#" + field + "-e") {
			t.Errorf("nothing is said at %s", field)
		}
	}
}

func TestAMessageOfExactlyTheLimitIsTaken(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.payer.Post("/portal/pledges", r.promised("message", strings.Repeat("ї", 500))).Wants(http.StatusSeeOther)
}

// What cannot be paid at once can be promised, and is paid in parts.
func TestMoreThanOnePaymentCanBringMayBePromised(t *testing.T) {
	t.Parallel()
	r := open(t)
	answer := r.payer.Post("/portal/pledges", r.promised("amount", "1500000")).Wants(http.StatusSeeOther)
	path, _, _ := strings.Cut(answer.Location(), "?")
	page := r.payer.Get(path).Wants(http.StatusOK)
	page.Says("#pay", "One payment can be $999,999.99 at most, so pay in parts")
	page.Says("#amount-h", "$999,999.99 at most")
	if page.Has("#pay [type=hidden]") {
		t.Error("there is a button for all of it")
	}
	if got := page.Attr("#amount", "value"); got != "999999.99" {
		t.Errorf("a part is prefilled with %q", got)
	}
}

func TestOnlyOpenCampaignsTakePromises(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.AddCampaign("draft", campaign.Draft)
	r.AddCampaign("closed", campaign.Closed)
	for slug, status := range map[string]int{
		"draft": http.StatusNotFound, "unknown": http.StatusNotFound, "": http.StatusNotFound,
		"Ventilators": http.StatusNotFound, "ventilators'": http.StatusNotFound, "closed": http.StatusConflict,
	} {
		r.payer.Post("/portal/pledges", r.promised("campaign", slug)).Wants(status)
		if slug != "" {
			r.payer.Get("/portal/pledges/new?campaign=" + url.QueryEscape(slug)).Wants(status)
		}
	}
	r.payer.Get("/portal/pledges/new?campaign=%00%ff").Wants(http.StatusNotFound)
	r.payer.Get("/portal/pledges/new?campaign=closed").Says("main", "no longer takes pledges")
	if n := r.Count("pledges"); n != 0 {
		t.Errorf("%d pledges were written", n)
	}
}

func TestOnlyPayersOfAMemberMayPromise(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.payer.Post("/portal/pledges", r.promised("company", "nonsense")).Wants(http.StatusNotFound)
	r.payer.Post("/portal/pledges", r.promised("company", pg.NewID())).Wants(http.StatusNotFound)
	r.house.As(r.Stranger).Post("/portal/pledges", r.promised()).Wants(http.StatusNotFound)

	viewer := r.house.As(r.Viewer)
	viewer.Post("/portal/pledges", r.promised()).Wants(http.StatusForbidden).Says("main", "not make or pay them")
	viewer.Get("/portal/pledges/new?campaign=" + r.Slug).Wants(http.StatusForbidden)

	var theirs string
	if err := r.Owner.Get(&theirs, `SELECT id FROM companies WHERE slug = 'stranger'`); err != nil {
		t.Fatal(err)
	}
	r.house.As(r.Stranger).Post("/portal/pledges", r.promised("company", theirs)).Wants(http.StatusForbidden).
		Says("[role=alert]", "Only companies that belong to a cluster")
	if n := r.Count("pledges"); n != 0 {
		t.Errorf("%d pledges were written", n)
	}
}

func TestWhoPaysForSeveralCompaniesChoosesOne(t *testing.T) {
	t.Parallel()
	r := open(t)
	second := r.twoCompanies(t)
	page := r.payer.Get("/portal/pledges/new?campaign=" + r.Slug).Wants(http.StatusOK)
	if !page.Has("select[name=company] [value="+second+"]") || !page.Has("select[name=company] [value="+r.Company+"]") {
		t.Error("the companies are not offered")
	}
	r.refused(t, r.promised("company", ""), "company", "Choose the company")
	r.payer.Post("/portal/pledges", r.promised("company", second)).Wants(http.StatusSeeOther)
	if n := r.Count("pledges WHERE company_id = $1", second); n != 1 {
		t.Errorf("%d pledges of the second company", n)
	}
}

func TestTheCampaignIsChosenWhenThereAreSeveral(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.payer.Get("/portal/pledges/new").LeadsTo("/portal/pledges/new?campaign=" + r.Slug)
	r.AddCampaign("houses", campaign.Open)
	r.AddCampaign("draft", campaign.Draft)
	page := r.payer.Get("/portal/pledges/new").Wants(http.StatusOK)
	if !page.Has("[href=/portal/pledges/new?campaign=houses]") || page.Has("[href=/portal/pledges/new?campaign=draft]") {
		t.Error("not the open ones are offered")
	}
	r.house.As(r.Stranger).Get("/portal/pledges/new").Wants(http.StatusOK).Says("main", "No campaign is open now")
}

func TestAFormThatCannotBeReadIsRefused(t *testing.T) {
	t.Parallel()
	r := open(t)
	good := r.promised().Encode()
	for name, body := range map[string]string{
		"malformed UTF-8":     good + "&message=%ff%fe",
		"a zero byte":         good + "&message=%00",
		"a broken escape":     good + "&message=%zz",
		"malformed name":      good + "&%ff=1",
		"malformed in amount": strings.Replace(good, "150.00", "%c3%28", 1),
	} {
		t.Run(name, func(t *testing.T) {
			r.payer.In(t).PostRaw("/portal/pledges", strings.NewReader(body)).Wants(http.StatusUnprocessableEntity)
		})
	}
	r.payer.Post("/portal/pledges", r.promised("message", strings.Repeat("x", 10<<20))).Wants(http.StatusRequestEntityTooLarge)
	chunked := io.MultiReader(strings.NewReader(good + "&more=" + strings.Repeat("x", 2<<20))) // of a length that nobody tells
	r.payer.PostRaw("/portal/pledges", chunked).Wants(http.StatusRequestEntityTooLarge)
	if n := r.Count("pledges"); n != 0 {
		t.Errorf("%d pledges were written", n)
	}
}

// A membership that has ended takes the right to promise with it.
func TestAFormerMemberMayNotPromise(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.Tx(func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(t.Context(), `UPDATE memberships SET until = $2 WHERE company_id = $1`, r.Company, r.Now().AddDate(0, 0, -1))
		return err
	})
	r.payer.Post("/portal/pledges", r.promised()).Wants(http.StatusForbidden)
	if n := r.Count("pledges"); n != 0 {
		t.Errorf("%d pledges were written", n)
	}
}
