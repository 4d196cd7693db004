package office_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/inbox"
	"kopiyka/internal/ledger"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/webtest"
)

// auditor is a browser of somebody whose only role reads.
func (d *desk) auditor(t *testing.T) *webtest.Browser {
	t.Helper()
	var id string
	d.Tx(func(tx *sqlx.Tx) (err error) {
		if id, err = member.AddPerson(t.Context(), tx, d.Now(), "auditor@example.org", "auditor", ""); err != nil {
			return err
		}
		return member.GiveClusterRole(t.Context(), tx, id, d.Cluster, member.Auditor)
	})
	return d.house.As(id)
}

// raise makes an alarm upon a payment and returns its address.
func (d *desk) raise(t *testing.T, payment string) string {
	t.Helper()
	d.Tx(func(tx *sqlx.Tx) error {
		return audit.Raise(t.Context(), tx, d.Cluster, audit.Act{At: d.Now(), Act: "payment.unexplained-movement", Subject: "payment:" + payment, Detail: map[string]any{"type": "adjustment", "net_minor": int64(-700)}})
	})
	all, err := audit.Alarms(t.Context(), d.DB, d.Coordinator, true, "", 0, 1)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	return "/office/alarms/" + strconv.FormatInt(all[0].ID, 10)
}

// died keeps an event about an object and lays it aside.
func (d *desk) died(t *testing.T, id, object string) string {
	t.Helper()
	e := inbox.Event{ID: id, Type: "charge.succeeded", APIVersion: "2023-10-16", HappenedAt: d.Now(), ObjectKind: "charge", ObjectID: object, Body: []byte(`{"client_secret":"pi_1_secret_2"}`)}
	if _, err := inbox.Keep(t.Context(), d.DB, e, inbox.Webhook, d.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Owner.Exec(`UPDATE inbox_events SET state = 'dead', tries = 12, trouble = 'no such payment' WHERE event_id = $1`, id); err != nil {
		t.Fatal(err)
	}
	return "/office/inbox/" + id
}

// gaveUp is a job that failed for good.
func (d *desk) gaveUp(t *testing.T) string {
	t.Helper()
	var id string
	if err := d.Owner.Get(&id, `INSERT INTO jobs.river_job (state, kind, args, attempt, max_attempts, queue, priority, finalized_at, errors)
		VALUES ('discarded', 'heal_payments', '{}', 3, 3, 'default', 1, now(), ARRAY['{"error": "no answer"}'::jsonb]) RETURNING id::text`); err != nil {
		t.Fatal(err)
	}
	return "/office/jobs/" + id
}

// file reads a CSV file as a spreadsheet does.
func file(t *testing.T, a webtest.Answer) [][]string {
	t.Helper()
	a.Wants(http.StatusOK)
	text, marked := strings.CutPrefix(a.Body, "\ufeff")
	if !marked || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/csv") || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") {
		t.Fatalf("no file for a spreadsheet: %v", a.Header)
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestTheBoardSaysThatNothingNeedsAnybody(t *testing.T) {
	t.Parallel()
	d := open(t, 10_000)
	board := d.coordinator.Get("/office").Wants(http.StatusOK).Says("[aria-labelledby=tasks]", "nobody has to do anything")
	for _, drawer := range []string{"payments", "due", "alarms", "suspense", "inbox", "jobs"} {
		if !board.Has("nav [href=/office/" + drawer + "]") {
			t.Errorf("no way to %s", drawer)
		}
	}
	for _, list := range []string{"due", "alarms", "suspense", "inbox", "jobs"} {
		page := d.coordinator.Get("/office/" + list).Wants(http.StatusOK)
		if !page.Has(".empty") || page.Has("main table") || page.Has("[rel=next]") {
			t.Errorf("%s is empty and does not say so", list)
		}
	}
}

func TestTheBoardCountsWhatNeedsSomebody(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	p := d.Paid(5_000)
	d.raise(t, p.ID)
	d.raise(t, p.ID)
	d.died(t, "evt_dead", "ch_1")
	d.gaveUp(t)
	unexplained(t, d, 700)
	overdue(t, d)
	board := d.coordinator.Get("/office").Wants(http.StatusOK)
	tasks := "[aria-labelledby=tasks]"
	board.Says(tasks, "Alarms without an answer 2").Says(tasks, "Events that could not be handled 1").Says(tasks, "Jobs that failed 1").
		Says(tasks, "Overdue pledges 1").Says(tasks, "Money without an explanation $7.00").Says(tasks+" h2", "5")
	others := d.house.As(d.Stranger).Get("/office").Text(tasks)
	if strings.Contains(others, "Alarms") || strings.Contains(others, "Overdue") || strings.Contains(others, "without an explanation") {
		t.Errorf("another cluster's desk says %q", others)
	}
}

func unexplained(t *testing.T, d *desk, minor int64) {
	t.Helper()
	t.Helper()
	d.Tx(func(tx *sqlx.Tx) error {
		_, err := ledger.Post(t.Context(), tx, ledger.Entry{Source: "stripe:txn_odd", Kind: ledger.Unexplained, HappenedAt: d.Now(), Actor: "stripe", Lines: []ledger.Line{
			ledger.Debit(ledger.Stripe(d.Cluster, d.Currency), minor), ledger.Credit(ledger.Suspense(d.Cluster, d.Currency), minor)}})
		return err
	})
}

// overdue makes a pledge whose day has passed.
func overdue(t *testing.T, d *desk) (reference giving.Reference) {
	t.Helper()
	long := func() time.Time { return d.Now().AddDate(0, -2, 0) }
	promise := d.Promise(7_000)
	promise.DueOn = d.Now().UTC().Truncate(24*time.Hour).AddDate(0, -1, 0)
	id, err := giving.MakePledge(t.Context(), d.DB, long, promise)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.DB.Get(&reference, `SELECT reference FROM pledges WHERE id = $1`, id); err != nil {
		t.Fatal(err)
	}
	return reference
}

func TestPaymentsAreSearchedPagedAndSentAsAFile(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	paid := d.Paid(12_345)
	for range 52 {
		d.Checkout(d.Pledge(1_000), 1_000)
	}
	first := d.coordinator.Get("/office/payments").Wants(http.StatusOK)
	if first.Has("[href=/office/payments/" + paid.ID + "]") {
		t.Error("the first page holds too much")
	}
	second := d.coordinator.Get(first.Attr("[rel=next]", "href")).Wants(http.StatusOK).Says("main tbody", "$123.45")
	if !second.Has("[href=/office/payments/"+paid.ID+"]") || second.Has("[rel=next]") {
		t.Error("the second page is not the rest")
	}
	found := d.coordinator.Get("/office/payments?" + url.Values{"q": {"ганок"}, "state": {"paid"}, "amount": {"123,45"}, "campaign": {d.Slug}}.Encode()).Wants(http.StatusOK)
	if !found.Has("[href=/office/payments/"+paid.ID+"]") || found.Attr("#q", "value") != "ганок" || found.Attr("#amount", "value") != "123,45" || !found.Has("[value=paid][selected]") {
		t.Error("not found, or what was typed is lost")
	}
	rows := file(t, d.coordinator.Get(found.Attr("[type=text/csv]", "href")))
	if len(rows) != 2 || rows[1][0] != paid.ID || rows[1][9] != "123.45" || rows[1][8] != "USD" || rows[1][3] != "Ganok" {
		t.Errorf("the file of what was found is %v", rows)
	}
	if rows := file(t, d.coordinator.Get(first.Attr("[type=text/csv]", "href"))); len(rows) != 54 {
		t.Errorf("the file of all has %d rows, want 53 and its head", len(rows))
	}
	d.coordinator.Get("/office/payments?q=nobody").Wants(http.StatusOK).Says(".empty", "Nothing found")
	d.coordinator.Get("/office/payments?lang=uk").Wants(http.StatusOK).Says("h1", "Платежі").Says("main tbody", "чекає на платника")
}

func TestWhatIsTypedWrongIsSaidAndKept(t *testing.T) {
	t.Parallel()
	d := open(t, 10_000)
	for query, words := range map[string]string{
		"amount=1,005":                     "#amount-e",
		"amount=%3Cb%3E":                   "#amount-e",
		"from=yesterday":                   "#from-e",
		"until=2026-02-31":                 "#until-e",
		"from=2026-03-02&until=2026-03-01": "#until-e",
	} {
		page := d.coordinator.Get("/office/payments?" + query).Wants(http.StatusUnprocessableEntity)
		if !page.Has(words) || !page.Has("[role=alert]") {
			t.Errorf("%s: nothing is said at %s", query, words)
		}
		d.coordinator.Get("/office/payments.csv?" + query).Wants(http.StatusUnprocessableEntity)
	}
	for _, query := range []string{"after=nonsense", "after=" + pg.NewID(), "after=%00"} {
		if a := d.coordinator.Get("/office/payments?" + query); a.Status != http.StatusNotFound && a.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", query, a.Status)
		}
	}
	for _, query := range []string{"q=%ff", "q=a%00b", "q=" + strings.Repeat("x", 501), "%zz=1"} {
		d.coordinator.Get("/office/payments?" + query).Wants(http.StatusUnprocessableEntity)
	}
	d.coordinator.Get("/office/payments?until=2099-01-01&from=2020-01-01").Wants(http.StatusOK).Says("main tbody", "Ganok")
}

func TestAPaymentsTimelineHoldsEveryFactInItsOrder(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	p := d.Paid(10_000)
	d.Refund(p, 4_000)
	for _, e := range d.Events() {
		event, err := d.Gateway.Verify(e.Body, gatewaytest.Sign(e.Body, gatewaytest.Secret, d.Now()))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := inbox.Keep(t.Context(), d.DB, event, inbox.Webhook, d.Now()); err != nil {
			t.Fatal(err)
		}
	}
	d.Sync(p)
	alarm := d.raise(t, p.ID)
	page := d.auditor(t).Get("/office/payments/"+p.ID).Wants(http.StatusOK).Says("h1", "Payment: Ganok").Says(".status", "refunded in part")
	story := page.Text(".times")
	at := -1
	for _, words := range []string{"payer started the payment", "Stripe opened a checkout page", "Event payment_intent.succeeded", "Entry", "a gift came in", "Money at Stripe", ": refund"} {
		next := strings.Index(story, words)
		if next < at {
			t.Errorf("%q comes at %d of the story, after %d\n%s", words, next, at, story)
		}
		at = next
	}
	page.Says(".times", "$96.80").Says(".times", "$3.20").Says(".times", "$40.00").Says(".times", "A movement of money of an unknown kind").Says(".times", "net_minor: -700")
	if !page.Has(".times [href=" + alarm + "]") {
		t.Error("the alarm is not linked")
	}
	if page.Has("main form") {
		t.Error("an auditor is offered to act")
	}
	page.Says("main", "only reads")
	if strings.Contains(page.Body, "_secret") || strings.Contains(page.Body, "4242") {
		t.Error("the page shows what only Stripe and the payer need to know")
	}
}

func TestStripeIsAskedInAPersonsName(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	p := d.Checkout(d.Pledge(5_000), 5_000)
	d.Pay(p, "4242424242424242") // and no webhook comes
	address := "/office/payments/" + p.ID
	ask := d.coordinator.Get(address).Wants(http.StatusOK).Attr("main form", "action")
	d.coordinator.Get(ask).LeadsTo(address)
	d.coordinator.Post(ask, nil).LeadsTo(address + "?notice=asked")
	d.coordinator.Get(address+"?notice=asked").Wants(http.StatusOK).Says("[role=status]", "Stripe has answered").Says(".status", "paid").Says(".times", "A person had Stripe asked")
	if d.Free() == 0 || d.Acts("payment.asked") != 1 {
		t.Errorf("%d is free, %d acts", d.Free(), d.Acts("payment.asked"))
	}
	free := d.Free()
	d.coordinator.Post(ask, nil).Wants(http.StatusSeeOther)
	if d.Free() != free {
		t.Error("asking twice moved money twice")
	}
	d.auditor(t).Post(ask, nil).Wants(http.StatusForbidden)
	d.house.As(d.Stranger).Post(ask, nil).Wants(http.StatusNotFound)
	d.house.As(d.Stranger).Get(address).Wants(http.StatusNotFound)
	d.Down()
	d.coordinator.Post(ask, nil).Wants(http.StatusServiceUnavailable).Says("[role=alert]", "Stripe does not answer")
	d.VerifyBooks()
}

func TestADeadEventIsReplayedFromItsPage(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	address := d.died(t, "evt_1", "ch_77")
	list := d.coordinator.Get("/office/inbox").Wants(http.StatusOK).Says("main tbody", "charge.succeeded").Says("main tbody", "no such payment")
	if !list.Has("main [href=" + address + "]") {
		t.Error("dead letters do not come first")
	}
	auditor := d.auditor(t)
	if page := auditor.Get(address).Wants(http.StatusOK).Says("main", "only reads"); page.Has("main form") || strings.Contains(page.Body, "_secret") {
		t.Error("an auditor is offered to act, or the body is shown")
	}
	auditor.Post(address, nil).Wants(http.StatusForbidden)
	d.coordinator.Post(d.coordinator.Get(address).Attr("main form", "action"), nil).LeadsTo(address + "?notice=replayed")
	d.coordinator.Get(address+"?notice=replayed").Wants(http.StatusOK).Says("[role=status]", "waits to be handled").Says(".status", "waits")
	d.coordinator.Post(address, nil).Wants(http.StatusConflict).Says("[role=alert]", "waits to be handled already")
	if d.Acts("event.replayed") != 1 || d.Count("inbox_events WHERE state = 'new' AND tries = 0") != 1 {
		t.Error("it is not handed in once more, once")
	}
	for _, q := range []string{"evt_1", "ch_77"} {
		d.coordinator.Get("/office/inbox?q="+q).Wants(http.StatusOK).Says("main tbody", "evt_1")
	}
	d.coordinator.Get("/office/inbox?q=evt_9").Wants(http.StatusOK).Says(".empty", "Nothing found")
	d.coordinator.Get("/office/inbox?state=new").Wants(http.StatusOK).Says("main tbody", "evt_1")
	if rows := file(t, d.coordinator.Get("/office/inbox.csv?state=new")); len(rows) != 2 || rows[1][0] != "evt_1" || rows[1][3] != "ch_77" {
		t.Errorf("the file is %v", rows)
	}
	d.coordinator.Get("/office/inbox?state=odd").Wants(http.StatusNotFound)
	d.coordinator.Get("/office/inbox/evt_9").Wants(http.StatusNotFound)
	d.coordinator.Post("/office/inbox/%00", nil).Wants(http.StatusNotFound)
}

func TestAJobIsRunAgainFromTheList(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	address := d.gaveUp(t)
	page := d.coordinator.Get("/office/jobs").Wants(http.StatusOK).Says("main tbody", "Look for missed events and payments").Says("main tbody", "no answer").Says("main tbody", "3 of 3")
	if auditors := d.auditor(t); auditors.Get("/office/jobs").Wants(http.StatusOK).Has("main tbody form") || auditors.Post(address, nil).Status != http.StatusForbidden {
		t.Error("an auditor may run jobs")
	}
	if rows := file(t, d.coordinator.Get("/office/jobs.csv")); len(rows) != 2 || rows[1][1] != "heal_payments" || rows[1][8] != "no answer" {
		t.Errorf("the file is %v", rows)
	}
	d.coordinator.Post(page.Attr("main tbody form", "action"), nil).LeadsTo("/office/jobs?state=waiting&notice=again")
	d.coordinator.Get("/office/jobs?state=waiting&notice=again").Wants(http.StatusOK).Says("[role=status]", "waits to be run").Says("main tbody", "heal_payments")
	if d.Acts("job.run-again") != 1 {
		t.Error("no act tells of it")
	}
	d.coordinator.Get("/office/jobs?q=nothing").Wants(http.StatusOK).Says(".empty", "Nothing found")
	d.coordinator.Get(address).LeadsTo("/office/jobs")
	for _, path := range []string{"/office/jobs/0", "/office/jobs/x", "/office/jobs/999999"} {
		d.coordinator.Post(path, nil).Wants(http.StatusNotFound)
	}
	if _, err := d.Owner.Exec(`UPDATE jobs.river_job SET state = 'running', finalized_at = NULL`); err != nil {
		t.Fatal(err)
	}
	d.coordinator.Post(address, nil).Wants(http.StatusConflict).Says("[role=alert]", "runs just now")
}

func TestAnAlarmIsAnsweredOnItsPage(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	p := d.Paid(5_000)
	address := d.raise(t, p.ID)
	d.coordinator.Get("/office/alarms").Wants(http.StatusOK).Says("main tbody", "A movement of money of an unknown kind").Says("main tbody", "no answer")
	note := func(text string) url.Values { return url.Values{"note": {text}} }
	d.coordinator.Post(address, note(" ")).Wants(http.StatusUnprocessableEntity).Says("#note-e", "Write what you found")
	d.coordinator.Post(address, note(strings.Repeat("ї", 1001))).Wants(http.StatusUnprocessableEntity).Says("#note", "їїї")
	d.coordinator.PostRaw(address, strings.NewReader("note=%ff")).Wants(http.StatusUnprocessableEntity)
	d.house.As(d.Stranger).Post(address, note("mine")).Wants(http.StatusNotFound)
	d.house.As(d.Stranger).Get(address).Wants(http.StatusNotFound)
	auditor := d.auditor(t)
	auditor.Get(address).Wants(http.StatusOK).Says("main", "only reads")
	auditor.Post(address, note("mine")).Wants(http.StatusForbidden)
	if d.Count("alarm_answers") != 0 {
		t.Fatal("somebody has answered")
	}
	d.approver.Post(address, note("Stripe <b>took</b> back a bonus")).LeadsTo(address + "?notice=answered")
	page := d.coordinator.Get(address+"?notice=answered").Wants(http.StatusOK).Says("main", "Stripe <b>took</b> back a bonus").Says("main", "approver").Says("[role=status]", "recorded")
	if page.Has("main form") || !page.Has("main [href=/office/payments/"+p.ID+"]") {
		t.Error("it can be answered again, or does not lead to the payment")
	}
	d.coordinator.Post(address, note("too late")).Wants(http.StatusConflict).Says("[role=alert]", "answered this alarm already")
	if d.coordinator.Get("/office/alarms").Has("main table") {
		t.Error("it is open still")
	}
	d.coordinator.Get("/office/alarms?state=answered&q="+p.ID).Wants(http.StatusOK).Says("main tbody", "took")
	if rows := file(t, d.coordinator.Get("/office/alarms.csv?state=answered")); len(rows) != 2 || rows[1][3] != "payment:"+p.ID || rows[1][7] != "Stripe <b>took</b> back a bonus" {
		t.Errorf("the file is %v", rows)
	}
	for _, path := range []string{"/office/alarms/0", "/office/alarms/x", "/office/alarms/999999", "/office/alarms?state=odd", "/office/alarms?after=x"} {
		d.coordinator.Get(path).Wants(http.StatusNotFound)
	}
}

func TestSuspenseAndWhatIsDueHaveTheirLists(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	unexplained(t, d, 700)
	page := d.coordinator.Get("/office/suspense").Wants(http.StatusOK).Says("main tbody", "stripe:txn_odd").Says("main tbody", "$7.00").Says("main .pairs", "$7.00")
	if rows := file(t, d.coordinator.Get(page.Attr("[type=text/csv]", "href"))); len(rows) != 2 || rows[1][3] != "stripe:txn_odd" || rows[1][6] != "7.00" {
		t.Errorf("the file is %v", rows)
	}
	if d.house.As(d.Stranger).Get("/office/suspense").Wants(http.StatusOK).Has("main tbody") {
		t.Error("another cluster sees it")
	}

	reference := overdue(t, d)
	due := d.coordinator.Get("/office/due").Wants(http.StatusOK).Says("main tbody", "Ganok").Says("main tbody", "$70.00").Says("main tbody .status", "overdue")
	if got := due.Attr("main tbody a", "href"); !strings.HasPrefix(got, "/office/pledges/") {
		t.Errorf("it leads to %s", got)
	}
	if rows := file(t, d.coordinator.Get("/office/due.csv?state=all")); len(rows) != 2 || rows[1][4] != string(reference) || rows[1][7] != "70.00" {
		t.Errorf("the file is %v", rows)
	}
	d.coordinator.Get("/office/due?campaign=nothing").Wants(http.StatusOK).Says(".empty", "Nothing found")
	d.coordinator.Get("/office/due?state=odd").Wants(http.StatusNotFound)
	if d.house.As(d.Stranger).Get("/office/due").Wants(http.StatusOK).Has("main tbody") {
		t.Error("another cluster sees it")
	}
}

// A file of more rows than are read at a time is whole, and in the order of the list.
func TestAFileOfManyChunksIsWhole(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	for i := range 3 {
		d.died(t, fmt.Sprintf("evt_%d", i), "ch_1")
	}
	if _, err := d.Owner.Exec(`INSERT INTO inbox_events (event_id, type, api_version, happened_at, object_kind, object_id, body, found_by, received_at, state, next_try_at)
		SELECT 'evt_many_' || lpad(i::text, 5, '0'), 't', 'v', now(), 'charge', 'ch_2', '', 'webhook', '2020-01-01', 'dead', now() FROM generate_series(1, 1200) i`); err != nil {
		t.Fatal(err)
	}
	rows := file(t, d.coordinator.Get("/office/inbox.csv"))
	seen := map[string]bool{}
	for i, row := range rows[1:] {
		if seen[row[0]] || i > 3 && rows[i][0] <= row[0] {
			t.Fatalf("row %d, %s, is there twice or out of order", i, row[0])
		}
		seen[row[0]] = true
	}
	if len(seen) != 1203 {
		t.Errorf("%d rows", len(seen))
	}
}
