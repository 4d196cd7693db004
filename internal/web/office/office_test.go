package office_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"
	"github.com/lib/pq"

	"kopiyka/internal/campaign"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/ledger"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/web/office"
	"kopiyka/internal/web/webtest"
)

// desk is the door before a real database, with money in the campaign's fund that came
// through a sandbox of Stripe.
type desk struct {
	*gatewaytest.Bench
	house                 *webtest.House
	coordinator, approver *webtest.Browser
}

func open(t *testing.T, received int64) *desk {
	t.Helper()
	b := gatewaytest.New(t)
	house := webtest.Open(t, b.DB, func(g *echo.Group) { office.New(b.DB, b.Gateway, b.Now).Routes(g) })
	d := &desk{b, house, house.As(b.Coordinator), house.As(b.Approver)}
	if received > 0 {
		b.Paid(received)
	}
	return d
}

func (d *desk) address() string { return "/office/campaigns/" + d.Slug + "/allocations" }

// asked is the form of a proposal that is taken; change makes another of it.
func (d *desk) asked(change ...string) url.Values {
	form := url.Values{"purpose": {d.Purpose}, "amount": {"40.00"}, "currency": {string(d.Currency)}, "reason": {"The cheapest of three offers"}}
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return form
}

// proposed lets the coordinator propose and returns the proposal's address.
func (d *desk) proposed(change ...string) string {
	answer := d.coordinator.Post(d.address(), d.asked(change...)).Wants(http.StatusSeeOther)
	address, notice, _ := strings.Cut(answer.Location(), "?")
	if notice != "notice=proposed" || !strings.HasPrefix(address, "/office/allocations/") {
		panic("leads to " + answer.Location())
	}
	return address
}

// setAside is what the campaign's allocations hold together.
func (d *desk) setAside(t *testing.T) int64 {
	t.Helper()
	var minor int64
	err := d.Owner.Get(&minor, `SELECT coalesce(sum(b.balance), 0)::bigint FROM ledger.balances b JOIN ledger.accounts a ON a.id = b.account_id WHERE a.code LIKE 'allocation:%'`)
	if err != nil {
		t.Fatal(err)
	}
	return minor
}

func reason(text string) url.Values { return url.Values{"reason": {text}} }

func TestStrangersAreAskedToSignInFirst(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	nobody := d.house.As("")
	for _, path := range []string{"/office", "/office/allocations", d.address() + "/new", "/office/nothing"} {
		nobody.Get(path).LeadsTo("/sign-in?next=" + url.QueryEscape(path))
	}
	nobody.Post(d.address(), d.asked()).LeadsTo("/sign-in?next=" + url.QueryEscape(d.address()))
	nobody.Post("/office/allocations/"+pg.NewID()+"/approve", nil).Wants(http.StatusSeeOther)
	if n := d.Count("allocations"); n != 0 {
		t.Errorf("%d proposals", n)
	}
}

func TestTheRoomIsNotThereForCompanies(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	for _, path := range []string{"/office", "/office/allocations", d.address() + "/new", "/office/nothing"} {
		d.house.As(d.Payer).Get(path).Wants(http.StatusNotFound)
	}
	d.house.As(d.Payer).Post(d.address(), d.asked()).Wants(http.StatusNotFound)
}

func TestAddressesOfFormsLeadToTheirPages(t *testing.T) {
	t.Parallel()
	d := open(t, 10_000)
	d.coordinator.Get(d.address()).LeadsTo(d.address() + "/new")
	id := d.proposed()
	d.approver.Get(id + "/approve").LeadsTo(id)
	d.approver.Get("/office/allocations/%0a/approve").Wants(http.StatusNotFound)
}

func TestTheBoardSaysWhatWaitsForWhom(t *testing.T) {
	t.Parallel()
	d := open(t, 10_000)
	d.coordinator.Get("/office").Wants(http.StatusOK).Says("main", "Nothing waits for your decision")
	id := d.proposed()
	for who, list := range map[*webtest.Browser]string{d.approver: "mine", d.coordinator: "others"} {
		board := who.Get("/office").Wants(http.StatusOK)
		if !board.Has("section[aria-labelledby=" + list + "] [href=" + id + "]") {
			t.Errorf("the proposal is not among %s", list)
		}
		board.Says("main .table tbody", "Ventilators").Says("main .table tbody", "$40.00")
	}
	free := d.approver.Get("/office").Text("main .table tbody")
	if !strings.Contains(free, "$96.80") { // 100.00 less Stripe's 2.9 % and 0.30
		t.Errorf("the campaigns say %q", free)
	}
	if d.approver.Get("/office").Has("main .table a[href=" + d.address() + "/new]") {
		t.Error("who only approves is asked to propose")
	}
	if !d.coordinator.Get("/office").Has("main .table a[href=" + d.address() + "/new]") {
		t.Error("the coordinator is not asked to propose")
	}
}

func TestAnApprovalMovesTheMoneyInTheNameOfBoth(t *testing.T) {
	t.Parallel()
	d := open(t, 10_000)
	heard := d.listen(t)
	id := d.proposed("reason", "Пульсоксиметри <b>дешевші</b>")
	before := d.Free()

	page := d.approver.Get(id).Wants(http.StatusOK)
	page.Says("h1", "For hospitals").Says("main .pairs", "<b>дешевші</b>").Says(".stamp", "Proposed by coordinator")
	page.Says(".stamp", "has not signed").Says("main .pairs", "$56.80").Says("button", "Approve $40.00")
	if !page.Has(".seal-ring--open") {
		t.Error("the seal is closed")
	}
	if before != d.Free() || d.setAside(t) != 0 {
		t.Error("a proposal moved money")
	}

	d.approver.Post(id+"/approve", reason("")).LeadsTo(id + "?notice=approved")
	heard()
	page = d.approver.Get(id + "?notice=approved").Wants(http.StatusOK)
	page.Says(".notice", "The allocation is approved").Says(".stamp", "Approved by approver").Says(".times", "approver approved, $40.00 was set aside")
	if page.Has(".seal-ring--open") || page.Has("main form") {
		t.Error("a decided proposal asks to be decided")
	}
	if got := d.setAside(t); got != 4_000 || d.Free() != before-4_000 {
		t.Errorf("%d is set aside, %d of %d is free", got, d.Free(), before)
	}
	if n := d.Count("ledger.entries WHERE actor = $1 AND approver = $2", "person:"+d.Coordinator, "person:"+d.Approver); n != 1 {
		t.Errorf("%d entries bear both names", n)
	}
	d.VerifyBooks()
}

func TestARefusalMovesNothingAndSaysWhy(t *testing.T) {
	t.Parallel()
	d := open(t, 10_000)
	id, before := d.proposed(), d.Free()
	d.approver.Post(id+"/refuse", reason("  ")).Wants(http.StatusUnprocessableEntity).Says("[role=alert]", "Say why").Says("#reason-e", "Say why")
	d.approver.Post(id+"/refuse", reason(strings.Repeat("ї", 1001))).Wants(http.StatusUnprocessableEntity).Says("#reason-e", "1,000 characters at most")
	d.approver.PostRaw(id+"/refuse", strings.NewReader("reason=%ff")).Wants(http.StatusUnprocessableEntity)
	d.approver.PostRaw(id+"/refuse", strings.NewReader("reason="+strings.Repeat("x", 10<<20))).Wants(http.StatusRequestEntityTooLarge)

	d.approver.Post(id+"/refuse", reason("Two offers are missing")).LeadsTo(id + "?notice=refused")
	page := d.coordinator.Get(id).Wants(http.StatusOK).Says(".times", "Two offers are missing").Says(".status", "returned")
	if page.Has("main form") || d.Free() != before {
		t.Error("a refusal left something to decide, or moved money")
	}
	d.approver.Post(id+"/approve", nil).Wants(http.StatusConflict)
	if d.setAside(t) != 0 {
		t.Error("what was refused was approved")
	}
}

// Every refusal says why, with the status that fits, and moves nothing.
func TestADecisionThatIsNotToBeIsRefused(t *testing.T) {
	t.Parallel()
	d := open(t, 10_000)
	both := d.house.As(d.proposerAndApprover(t))
	own := d.proposedBy(both)
	theirs := d.proposed("amount", "10.00")
	for name, test := range map[string]struct {
		who    *webtest.Browser
		path   string
		status int
		words  string
	}{
		"one's own":                 {both, own + "/approve", http.StatusForbidden, "another person has to approve"},
		"refusing one's own":        {both, own + "/refuse", http.StatusForbidden, "another person has to approve"},
		"without the role":          {d.coordinator, own + "/approve", http.StatusForbidden, "Only people appointed by the cluster"},
		"refusing without the role": {d.coordinator, own + "/refuse", http.StatusForbidden, "Only people appointed by the cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			test.who.In(t).Post(test.path, reason("because")).Wants(test.status).Says("[role=alert]", test.words)
		})
	}
	if page := both.Get(own).Wants(http.StatusOK).Says("main", "You proposed this"); page.Has("main form") {
		t.Error("the proposer has a form to decide")
	}
	if n := d.Count("allocation_decisions"); n != 0 {
		t.Errorf("%d decisions", n)
	}

	d.approver.Post(theirs+"/approve", nil).Wants(http.StatusSeeOther)
	d.approver.Post(theirs+"/approve", nil).Wants(http.StatusConflict).Says("[role=alert]", "decided already")
	d.approver.Post(theirs+"/refuse", reason("after all")).Wants(http.StatusConflict)
	if got := d.setAside(t); got != 1_000 {
		t.Errorf("%d is set aside, want what was approved once", got)
	}
	d.VerifyBooks()
}

// proposerAndApprover is a person of the cluster with both roles.
func (d *desk) proposerAndApprover(t *testing.T) (id string) {
	t.Helper()
	d.Tx(func(tx *sqlx.Tx) (err error) {
		if id, err = member.AddPerson(t.Context(), tx, d.Now(), "both@example.org", "both", ""); err != nil {
			return err
		}
		if err = member.GiveClusterRole(t.Context(), tx, id, d.Cluster, member.Coordinator); err != nil {
			return err
		}
		return member.GiveClusterRole(t.Context(), tx, id, d.Cluster, member.Approver)
	})
	return id
}

func (d *desk) proposedBy(who *webtest.Browser) string {
	answer := who.Post(d.address(), d.asked()).Wants(http.StatusSeeOther)
	address, _, _ := strings.Cut(answer.Location(), "?")
	return address
}

func TestWhatIsNoLongerCoveredStaysOpen(t *testing.T) {
	t.Parallel()
	d := open(t, 10_000)
	first, second := d.proposed("amount", "60.00"), d.proposed("amount", "60.00")
	d.approver.Post(first+"/approve", nil).Wants(http.StatusSeeOther)

	d.approver.Get(second).Wants(http.StatusOK).Says("main", "Less is free now than is asked for")
	page := d.approver.Post(second+"/approve", reason("kept")).Wants(http.StatusConflict).Says("[role=alert]", "Less is free now than was proposed")
	page.Says("#reason", "kept")
	if d.setAside(t) != 6_000 || d.Count("allocation_decisions") != 1 {
		t.Error("something moved")
	}
	d.Paid(10_000)
	d.approver.Post(second+"/approve", nil).Wants(http.StatusSeeOther)
	if d.setAside(t) != 12_000 {
		t.Error("covered again, and not approved")
	}
	d.VerifyBooks()
}

func TestAProposalThatIsWrongIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	d := open(t, 10_000)
	for name, test := range map[string]struct {
		change       []string
		field, words string
	}{
		"more than is free":      {[]string{"amount", "96.81"}, "amount", "Only $96.80 is free"},
		"a negative amount":      {[]string{"amount", "-1"}, "amount", "never negative"},
		"nothing":                {[]string{"amount", "0"}, "amount", "above zero"},
		"two readings":           {[]string{"amount", "1,005"}, "amount", "can be read in two ways"},
		"an exponent":            {[]string{"amount", "1e9"}, "amount", "in digits"},
		"too many digits":        {[]string{"amount", "12345678901234567"}, "amount", "too large"},
		"another currency":       {[]string{"currency", "EUR"}, "amount", "another currency: USD"},
		"no purpose":             {[]string{"purpose", ""}, "purpose", "Choose a purpose"},
		"a purpose that is none": {[]string{"purpose", pg.NewID()}, "purpose", "Choose a purpose"},
		"no reason":              {[]string{"reason", " \r\n "}, "reason", "Say why"},
		"a reason too long":      {[]string{"reason", strings.Repeat("ї", 1001)}, "reason", "1,000 characters at most"},
	} {
		t.Run(name, func(t *testing.T) {
			form := d.asked(test.change...)
			page := d.coordinator.In(t).Post(d.address(), form).Wants(http.StatusUnprocessableEntity)
			page.Says("[role=alert]", test.words).Says("#"+test.field+"-e", test.words)
			if got := page.Attr("#amount", "value"); got != form.Get("amount") {
				t.Errorf("the amount is %q now", got)
			}
		})
	}
	if n := d.Count("allocations"); n != 0 {
		t.Errorf("%d proposals were written", n)
	}
}

func TestAPurposeOfAnotherCampaignIsNoPurpose(t *testing.T) {
	t.Parallel()
	d := open(t, 10_000)
	other := d.AddCampaign("houses", campaign.Open)
	var foreign string
	d.Tx(func(tx *sqlx.Tx) (err error) {
		foreign, err = campaign.AddPurpose(t.Context(), tx, campaign.Purpose{CampaignID: other, Slug: "roofs", Title: campaign.Text{UK: "Дахи", EN: "Roofs"}})
		return err
	})
	d.coordinator.Post(d.address(), d.asked("purpose", foreign)).Wants(http.StatusUnprocessableEntity).Says("#purpose-e", "Choose a purpose")
}

func TestOnlyCoordinatorsOfTheClusterPropose(t *testing.T) {
	t.Parallel()
	d := open(t, 10_000)
	stranger := d.house.As(d.Stranger)
	id := d.proposed()
	for _, path := range []string{d.address() + "/new", id, "/office/campaigns/unknown/allocations/new", "/office/campaigns/%00/allocations/new", "/office/allocations/nonsense", "/office/allocations/" + pg.NewID()} {
		stranger.Get(path).Wants(http.StatusNotFound)
	}
	stranger.Post(d.address(), d.asked()).Wants(http.StatusNotFound)
	stranger.Post(id+"/approve", nil).Wants(http.StatusNotFound)
	stranger.Post(id+"/refuse", reason("no")).Wants(http.StatusNotFound)
	if stranger.Get("/office").Wants(http.StatusOK).Has("[href=" + id + "]") {
		t.Error("a stranger sees the proposal")
	}
	d.approver.Post(d.address(), d.asked()).Wants(http.StatusForbidden).Says("main", "Only the cluster’s coordinators")
	if proposals, decisions := d.Count("allocations"), d.Count("allocation_decisions"); proposals != 1 || decisions != 0 {
		t.Errorf("%d proposals, %d decisions", proposals, decisions)
	}
}

func TestADraftHasNothingToGiveOut(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	d.AddCampaign("draft", campaign.Draft)
	page := d.coordinator.Get("/office").Wants(http.StatusOK).Says("main .table", "in preparation")
	if page.Has("main .table a[href$='/allocations/new']") {
		t.Error("there is nothing, and it can be proposed")
	}
}

func TestAllocationsHavePagesAndTwoLists(t *testing.T) {
	t.Parallel()
	d := open(t, 1_000_000)
	first := d.proposed("amount", "1")
	decided := d.proposed("amount", "2")
	d.approver.Post(decided+"/approve", nil).Wants(http.StatusSeeOther)
	for range 50 {
		d.proposed("amount", "3")
	}
	page := d.approver.Get("/office/allocations").Wants(http.StatusOK)
	if page.Has("[href="+first+"]") || page.Has("[href="+decided+"]") {
		t.Error("the first page holds too much")
	}
	older := d.approver.Get(page.Attr("[rel=next]", "href")).Wants(http.StatusOK)
	if !older.Has("[href="+first+"]") || older.Has("[rel=next]") {
		t.Error("the second page is not the rest")
	}
	list := d.approver.Get("/office/allocations?state=decided").Wants(http.StatusOK)
	if !list.Has("[href="+decided+"]") || list.Has("[href="+first+"]") {
		t.Error("not the decided ones are listed")
	}
	list.Says(".table tbody", "set aside").Says(".table tbody", "approver")
	for _, path := range []string{"?state=other", "?after=nonsense"} {
		d.approver.Get("/office/allocations" + path).Wants(http.StatusNotFound)
	}
}

func TestTheDeskSpeaksUkrainianToo(t *testing.T) {
	t.Parallel()
	d := open(t, 10_000)
	id := d.proposed()
	d.approver.Lang = "uk"
	d.approver.Get("/office").Wants(http.StatusOK).Says("h1", "Що на кого чекає")
	d.approver.Get(id).Wants(http.StatusOK).Says("button", "Схвалити 40,00 $").Says("h1", "Лікарням")
	d.coordinator.Lang = "uk"
	d.coordinator.Get(d.address()+"/new").Wants(http.StatusOK).Says("h1", "Новий розподіл")
	if d.Balance(ledger.Fund(d.Campaign, d.Currency)) != 9_680 {
		t.Error("looking moved money")
	}
}

// listen hears what is announced from here on. The function that it returns waits for the
// next announcement.
func (d *desk) listen(t *testing.T) func() {
	t.Helper()
	l := pq.NewListener(pgtest.DSN(t), time.Second, time.Minute, nil)
	t.Cleanup(func() { _ = l.Close() })
	if err := l.Listen(pg.PublicChanged); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		select {
		case <-l.Notify:
		case <-time.After(20 * time.Second):
			t.Fatal("nobody was told")
		}
	}
}
