package portal_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/pg"
	"kopiyka/internal/stripesim"
	"kopiyka/internal/web/webtest"
)

// monthly is a pledge of 300.00 in three months, the first part due today.
func (r *room) monthly(t *testing.T) string {
	t.Helper()
	p := r.Promise(30_000)
	p.Rhythm, p.Parts = giving.Monthly, giving.Spread(30_000, clock.Day(r.Now()), 1, 3)
	id, err := giving.MakePledge(t.Context(), r.DB, r.Now, p)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (r *room) day(months int) string {
	return giving.Spread(100, clock.Day(r.Now()), max(months, 1), 2)[min(months, 1)].DueOn.Format(time.DateOnly)
}

// sent is what a page's form sends when nothing is changed: its hidden fields and rows.
func sent(page webtest.Answer, change ...string) url.Values {
	form := page.Form("main form")
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return form
}

func TestAPromiseInPartsIsShownBeforeItIsMade(t *testing.T) {
	t.Parallel()
	r := open(t)
	plan := r.payer.Post("/portal/pledges", r.promised("amount", "100", "when", "monthly", "number", "3", "message", "Слово", "purchase_order", "PO-7")).Wants(http.StatusOK)
	if r.Count("pledges") != 0 {
		t.Fatal("the preview made a pledge")
	}
	plan.Says("main .table tbody", "$33.33").Says("main .table tbody", "$33.34").Says("main .table tfoot", "$100.00")

	again := r.payer.Post("/portal/pledges", sent(plan, "step", "edit")).Wants(http.StatusOK)
	if again.Attr("#amount", "value") != "100" || again.Attr("#number", "value") != "3" || again.Text("#message") != "Слово" || again.Attr("#purchase_order", "value") != "PO-7" || r.Count("pledges") != 0 {
		t.Error("going back to the form loses what was typed, or makes a pledge")
	}
	made := r.payer.Post("/portal/pledges", sent(plan, "step", "promise")).Wants(http.StatusSeeOther)
	path, _, _ := strings.Cut(made.Location(), "?")
	page := r.payer.Get(path).Wants(http.StatusOK)
	page.Says("#pay", "Pay the instalment $33.33").Says("#pay", "Pay $100.00").Says("main", "PO-7").Says("main .table tbody", "scheduled")
	if n := r.Count("instalments"); n != 3 {
		t.Errorf("%d instalments", n)
	}
	if n := r.Count("pledges WHERE rhythm = 'monthly' AND amount_minor = 10000 AND purchase_order = 'PO-7'"); n != 1 {
		t.Errorf("%d such pledges", n)
	}
}

func TestOwnDaysAreTypedIntoThePlan(t *testing.T) {
	t.Parallel()
	r := open(t)
	plan := r.payer.Post("/portal/pledges", r.promised("amount", "100", "when", "dates", "number", "2")).Wants(http.StatusOK)
	if plan.Attr("#amount-1", "value") != "50.00" || plan.Attr("#day-1", "value") != r.day(0) {
		t.Error("the plan suggests nothing")
	}
	for name, test := range map[string]struct {
		change       []string
		field, words string
	}{
		"no day":            {[]string{"day-2", ""}, "day-2", "Choose or type a day"},
		"no amount":         {[]string{"amount-1", ""}, "amount-1", "Type an amount"},
		"below nothing":     {[]string{"amount-1", "-5"}, "amount-1", "never negative"},
		"another sum":       {[]string{"amount-1", "49"}, "parts", "The parts come to $99.00, and $100.00 is pledged"},
		"one day twice":     {[]string{"day-2", r.day(0)}, "parts", "is there twice"},
		"yesterday":         {[]string{"day-1", r.Now().AddDate(0, 0, -1).Format(time.DateOnly)}, "parts", "That day has passed"},
		"too little to pay": {[]string{"amount-1", "99.90", "amount-2", "0.10"}, "parts", "the least payment is $0.50"},
		"nothing at all":    {[]string{"day-1", "", "amount-1", "", "day-2", "", "amount-2", ""}, "parts", "Type in how many parts"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := r.payer.In(t).Post("/portal/pledges", sent(plan, append([]string{"step", "promise"}, test.change...)...)).Wants(http.StatusUnprocessableEntity)
			answer.Says("[role=alert]", test.words).Says("#"+test.field+"-e", test.words)
		})
	}
	if n := r.Count("pledges"); n != 0 {
		t.Fatalf("%d pledges were written", n)
	}
	// Typed out of order, with a third line.
	last := r.Now().AddDate(0, 5, 0).Format(time.DateOnly)
	r.payer.Post("/portal/pledges", sent(plan, "step", "promise", "day-1", last, "amount-1", "20", "day-3", r.day(0), "amount-3", "30")).Wants(http.StatusSeeOther)
	var got []string
	if err := r.Owner.Select(&got, `SELECT due_on || ' ' || amount_minor FROM instalments ORDER BY due_on`); err != nil {
		t.Fatal(err)
	}
	if want := []string{r.day(0) + " 3000", r.day(1) + " 5000", last + " 2000"}; !slices.Equal(got, want) {
		t.Errorf("instalments %v, want %v", got, want)
	}
}

func TestASchedulesFaultsAreSaid(t *testing.T) {
	t.Parallel()
	r := open(t)
	for name, test := range map[string]struct {
		change       []string
		field, words string
	}{
		"no number":            {[]string{"when", "monthly"}, "number", "Type in how many parts"},
		"one part":             {[]string{"when", "monthly", "number", "1"}, "number", "Type in how many parts"},
		"a word":               {[]string{"when", "quarterly", "number", "many"}, "number", "Type in how many parts"},
		"too many":             {[]string{"when", "monthly", "number", "61"}, "number", "60 at most"},
		"parts too small":      {[]string{"when", "monthly", "number", "10", "amount", "3"}, "number", "Choose fewer parts"},
		"beyond five years":    {[]string{"when", "quarterly", "number", "30"}, "number", "within five years"},
		"from yesterday":       {[]string{"when", "monthly", "number", "3", "due_on", r.Now().AddDate(0, 0, -1).Format(time.DateOnly)}, "due_on", "That day has passed"},
		"from a day like none": {[]string{"when", "monthly", "number", "3", "due_on", "2026-02-30"}, "due_on", "Choose or type a day"},
		"an unknown purpose":   {[]string{"purpose", "purpose:" + pg.NewID()}, "purpose", "Choose from the list"},
		"nonsense":             {[]string{"purpose", "need:x"}, "purpose", "Choose from the list"},
		"a kind of its own":    {[]string{"purpose", "fund:x"}, "purpose", "Choose from the list"},
		"a long order":         {[]string{"purchase_order", strings.Repeat("x", 61)}, "purchase_order", "60 characters at most"},
	} {
		t.Run(name, func(t *testing.T) { r.refused(t, r.promised(test.change...), test.field, test.words) })
	}
	r.refused(t, r.promised("when", "monthly", "amount", "-1"), "", "2 fields").Says("#amount-e", "never negative").Says("#number-e", "Type in how many parts")
}

func TestAPledgeCanBeForOneNeed(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.Tx(func(tx *sqlx.Tx) error {
		return campaign.AddNeed(t.Context(), tx, campaign.Need{PurposeID: r.Purpose, Item: campaign.Text{UK: "ШВЛ", EN: "Ventilator"}, Unit: campaign.Text{UK: "шт.", EN: "pcs"}, Quantity: 4})
	})
	form := r.payer.Get("/portal/pledges/new?campaign=" + r.Slug).Wants(http.StatusOK)
	form.Says("#purpose", "For hospitals: Ventilator")
	need := ""
	if err := r.Owner.Get(&need, `SELECT id FROM needs`); err != nil {
		t.Fatal(err)
	}
	made := r.payer.Post("/portal/pledges", r.promised("purpose", "need:"+need)).Wants(http.StatusSeeOther)
	path, _, _ := strings.Cut(made.Location(), "?")
	r.payer.Get(path).Wants(http.StatusOK).Says("main", "For hospitals: Ventilator")

	ask := r.payer.Get(path + "/release").Wants(http.StatusOK)
	r.payer.Post(path+"/release", sent(ask)).Wants(http.StatusUnprocessableEntity).Says("#reason-e", "Say why")
	r.payer.Post(path+"/release", sent(ask, "reason", "Covered by others")).LeadsTo(path + "?notice=released")
	r.payer.Get(path+"/history").Wants(http.StatusOK).Says("main .times", "Covered by others")
	r.payer.Get(path).Wants(http.StatusOK).Says("main", "first it was for: For hospitals: Ventilator")
	r.payer.Get(path + "/release").Wants(http.StatusConflict)
	r.payer.Post(path+"/release", sent(ask, "reason", "Again")).Wants(http.StatusConflict).Says("[role=alert]", "serves the whole campaign already")
}

func TestTheRestOfAPledgeIsRedrawn(t *testing.T) {
	t.Parallel()
	r := open(t)
	heard := r.listen(t)
	pledge := r.monthly(t)
	path := "/portal/pledges/" + pledge
	b := r.Checkout(pledge, 15_000)
	r.Pay(b, stripesim.CardPays)
	r.Sync(b)

	form := r.payer.Get(path + "/amend").Wants(http.StatusOK)
	if form.Attr("#amount-1", "value") != "50.00" || form.Attr("#day-1", "value") != r.day(1) {
		t.Errorf("the first row is %s on %s", form.Attr("#amount-1", "value"), form.Attr("#day-1", "value"))
	}
	r.payer.Post(path+"/amend", sent(form)).Wants(http.StatusUnprocessableEntity).Says("#reason-e", "Say why")
	r.payer.Post(path+"/amend", sent(form, "reason", "x")).Wants(http.StatusUnprocessableEntity).Says("[role=alert]", "Nothing is changed")
	wrong := r.payer.Post(path+"/amend", sent(form, "reason", "Kept", "amount-1", "1,005", "day-2", "soon")).Wants(http.StatusUnprocessableEntity)
	wrong.Says("#amount-1-e", "two ways").Says("#day-2-e", "Choose or type a day")
	if wrong.Attr("#amount-1", "value") != "1,005" || wrong.Attr("#day-2", "value") != "soon" || wrong.Text("#reason") != "Kept" {
		t.Error("what was typed is lost")
	}

	late := r.Now().AddDate(1, 0, 0).Format(time.DateOnly)
	r.payer.Post(path+"/amend", sent(form, "reason", "A longer year", "day-2", late, "amount-2", "250")).LeadsTo(path + "?notice=amended")
	heard()
	page := r.payer.Get(path + "?notice=amended").Wants(http.StatusOK)
	page.Says(".notice", "The pledge is changed").Says("main .pairs", "$450.00").Says("main .pairs", "$300.00")
	history := r.house.As(r.Viewer).Get(path + "/history").Wants(http.StatusOK)
	history.Says("main .times", "A longer year").Says("main .times", "$300.00 was pledged, now it is $450.00").Says("main", "Pledged first")

	// Who looked before that is asked to look again, with what was typed.
	stale := r.payer.Post(path+"/amend", sent(form, "reason", "Me too", "amount-1", "60")).Wants(http.StatusConflict)
	stale.Says("[role=alert]", "While you were looking")
	if stale.Attr("#amount-1", "value") != "60" || r.Count("pledge_acts") != 1 {
		t.Error("what was typed is lost, or was taken")
	}
}

func TestWhatIsUnpaidIsCancelled(t *testing.T) {
	t.Parallel()
	r := open(t)
	pledge := r.monthly(t)
	path := "/portal/pledges/" + pledge
	b := r.Checkout(pledge, 5_000)
	r.Pay(b, stripesim.CardPays)
	r.Sync(b)
	form := r.payer.Get(path + "/cancel").Wants(http.StatusOK)
	form.Says("main", "cannot be undone").Says("main .pairs", "$250.00")
	r.payer.Post(path+"/cancel", sent(form, "reason", "Sold")).LeadsTo(path + "?notice=cancelled")
	page := r.payer.Get(path).Wants(http.StatusOK)
	page.Says("main", "cancelled")
	if page.Has("#pay") || page.Has("[href="+path+"/amend]") {
		t.Error("a cancelled pledge can be paid or changed")
	}
	for _, act := range []string{"/amend", "/cancel"} {
		r.payer.Get(path + act).Wants(http.StatusConflict)
		r.payer.Post(path+act, sent(form, "reason", "Again")).Wants(http.StatusConflict)
	}
	r.payer.Get("/portal").Wants(http.StatusOK).Says("main .table tbody", "cancelled")
}

// A viewer reads the history and changes nothing; for a stranger there is no pledge.
func TestWhoMayChangeAPledge(t *testing.T) {
	t.Parallel()
	r := open(t)
	path := "/portal/pledges/" + r.monthly(t)
	for _, act := range []string{"/amend", "/cancel", "/release"} {
		r.house.As(r.Viewer).Get(path + act).Wants(http.StatusForbidden)
		r.house.As(r.Viewer).Post(path+act, url.Values{"reason": {"x"}}).Wants(http.StatusForbidden)
		r.house.As(r.Stranger).Get(path + act).Wants(http.StatusNotFound)
		r.house.As(r.Stranger).Post(path+act, url.Values{"reason": {"x"}}).Wants(http.StatusNotFound)
	}
	r.house.As(r.Stranger).Get(path + "/history").Wants(http.StatusNotFound)
	if page := r.house.As(r.Viewer).Get(path).Wants(http.StatusOK); page.Has("[href="+path+"/amend]") || !page.Has("[href="+path+"/history]") {
		t.Error("a viewer is offered what is not theirs, or not the history")
	}
	if r.Count("pledge_acts") != 0 {
		t.Error("somebody changed the pledge")
	}
}

// The overview asks for what is due, not for a year at once.
func TestTheOverviewAsksForWhatIsDue(t *testing.T) {
	t.Parallel()
	r := open(t, func(o *gatewaytest.Options) {})
	r.monthly(t)
	page := r.payer.Get("/portal").Wants(http.StatusOK)
	page.Says(".due .button", "Pay $100.00").Says("main .table tbody", "$300.00")
}

// reminder is the token of a reminder's links.
func (r *room) reminder(t *testing.T) (pledge, token string) {
	t.Helper()
	pledge = r.monthly(t)
	if n, err := giving.Remind(t.Context(), r.DB, clock.At(r.Now().AddDate(0, 0, 7)), "https://help.example.org"); err != nil || n != 1 {
		t.Fatalf("%d reminders, %v", n, err)
	}
	var stop string
	if err := r.Owner.Get(&stop, `SELECT unsubscribe FROM letters`); err != nil {
		t.Fatal(err)
	}
	return pledge, strings.TrimPrefix(stop, "https://help.example.org/reminders/")
}

// The link of a letter leads to signing in, then to the form to pay, and pays nothing.
func TestARemindersLinkLeadsToTheFormToPay(t *testing.T) {
	t.Parallel()
	r := open(t)
	pledge, token := r.reminder(t)
	link := "/portal/reminders/" + token
	r.house.As("").Get(link).LeadsTo("/sign-in?next=" + url.QueryEscape(link))
	r.payer.Get(link).LeadsTo("/portal/pledges/" + pledge + "?notice=reminded#pay")
	r.payer.Get("/portal/pledges/"+pledge+"?notice=reminded").Wants(http.StatusOK).Says(".notice", "Nothing is paid yet").Says("#pay", "Pay the instalment $100.00")
	r.house.As(r.Stranger).Get(link).Wants(http.StatusNotFound)
	r.payer.Get("/portal/reminders/nonsense").Wants(http.StatusNotFound)
	r.payer.Get("/portal/reminders/%00").Wants(http.StatusNotFound)
	if r.Count("payments") != 0 {
		t.Error("following a link started a payment")
	}
}

// A filter that follows every link stops nothing; the mail program's own button does.
func TestRemindersAreStoppedByAPost(t *testing.T) {
	t.Parallel()
	r := open(t)
	_, token := r.reminder(t)
	nobody := r.house.As("")
	page := nobody.Get("/reminders/"+token).Wants(http.StatusOK).Says("main", "You get them now")
	if strings.Contains(page.Body, "Ganok") || strings.Contains(page.Body, "payer") {
		t.Error("the page names somebody")
	}
	if r.Count("reminder_wishes") != 0 {
		t.Error("a GET stopped the reminders")
	}
	nobody.Post("/reminders/"+token, url.Values{"List-Unsubscribe": {"One-Click"}}).Wants(http.StatusOK).Says("main", "We send no more")
	nobody.Post("/reminders/"+token, url.Values{"wanted": {"no"}}).Wants(http.StatusOK)
	nobody.Get("/reminders/"+token).Wants(http.StatusOK).Says("main", "We send no more")
	nobody.Post("/reminders/"+token, url.Values{"wanted": {"yes"}}).Wants(http.StatusOK).Says("main", "You get them now")
	nobody.Get("/reminders/nonsense").Wants(http.StatusNotFound)
	nobody.Post("/reminders/nonsense", url.Values{}).Wants(http.StatusNotFound)
	if n := r.Count("reminder_wishes"); n != 2 {
		t.Errorf("%d wishes", n)
	}
}
