package giving_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
)

// begun is a payment of a new pledge that nobody has paid.
func begun(t *testing.T, w *gatewaytest.World, minor int64) giving.Payment {
	t.Helper()
	return started(t, w, w.Pledge(minor), minor)
}

// finds lists the ids that a search of the coordinator's finds.
func finds(t *testing.T, w *gatewaytest.World, s giving.Search) []string {
	t.Helper()
	found, err := giving.FindPayments(t.Context(), w.DB, w.Coordinator, s, "", 100)
	if err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	ids := []string{}
	for _, f := range found {
		ids = append(ids, f.ID)
	}
	return ids
}

func TestAPaymentIsFoundByEverythingThatPeopleKnowOfIt(t *testing.T) {
	t.Parallel()
	b := gatewaytest.New(t)
	paid := b.Paid(12_345)
	other := begun(t, b.World, 50_000)
	var reference giving.Reference
	if err := b.DB.Get(&reference, `SELECT reference FROM pledges WHERE id = $1`, paid.PledgeID); err != nil {
		t.Fatal(err)
	}
	paid = b.Payment(paid.ID)
	var charge, txn string
	if err := b.DB.QueryRow(`SELECT charge_id FROM payments WHERE id = $1`, paid.ID).Scan(&charge); err != nil {
		t.Fatal(err)
	}
	if err := b.DB.QueryRow(`SELECT substr(source, 8) FROM ledger.entries WHERE kind = 'gift'`).Scan(&txn); err != nil {
		t.Fatal(err)
	}
	for _, e := range b.Events() {
		if err := b.Hear(e); err != nil {
			t.Fatal(err)
		}
	}
	for name, s := range map[string]giving.Search{
		"its id":                 {Text: paid.ID},
		"its pledge's id":        {Text: paid.PledgeID},
		"the reference":          {Text: string(reference)},
		"the reference as typed": {Text: " " + reference.String() + " "},
		"the checkout session":   {Text: paid.SessionID},
		"the payment intent":     {Text: paid.IntentID},
		"the charge":             {Text: charge},
		"the movement of money":  {Text: txn},
		"the amount":             {Amount: "123.45"},
		"the amount, Ukrainian":  {Amount: "123,45"},
		"the state":              {State: giving.Paid},
		"all of it together":     {Text: "Ганок", Amount: "123.45", State: giving.Paid, Campaign: b.Slug, From: b.Now().Add(-time.Hour), Until: b.Now().Add(time.Hour)},
	} {
		if got := finds(t, b.World, s); !slices.Equal(got, []string{paid.ID}) {
			t.Errorf("by %s: %v, want %s alone", name, got, paid.ID)
		}
	}
	for name, s := range map[string]giving.Search{
		"the company's name":      {Text: "Ганок"},
		"the beginning of a name": {Text: "ган"},
		"the English name":        {Text: "GANOK"},
		"the campaign":            {Campaign: b.Slug},
		"nothing":                 {},
	} {
		if got := finds(t, b.World, s); !slices.Equal(got, []string{other.ID, paid.ID}) {
			t.Errorf("by %s: %v, want both, the last first", name, got)
		}
	}
	for name, s := range map[string]giving.Search{
		"another name":              {Text: "Ясен"},
		"the middle of a name":      {Text: "нок"},
		"signs":                     {Text: "!?"},
		"a query's own signs":       {Text: "ган & !x | (y):*"},
		"quotes":                    {Text: `O'Neil "x" \`},
		"a session that is unknown": {Text: "cs_unknown"},
		"an id that is unknown":     {Text: pg.NewID()},
		"another amount":            {Amount: "123.46"},
		"another state":             {State: giving.Refunded},
		"a campaign that is none":   {Campaign: "nothing"},
		"a time before":             {Until: b.Now().Add(-time.Hour)},
		"a time after":              {From: b.Now().Add(time.Hour)},
	} {
		if got := finds(t, b.World, s); len(got) > 0 {
			t.Errorf("by %s: %v", name, got)
		}
	}
}

func TestASearchThatCannotBeReadSaysSo(t *testing.T) {
	t.Parallel()
	w := gatewaytest.NewWorld(t, clock.System, "USD")
	for field, s := range map[string]giving.Search{
		"amount": {Amount: "1,005"},
		"until":  {From: gatewaytest.Day("2026-03-02"), Until: gatewaytest.Day("2026-03-01")},
	} {
		_, err := giving.FindPayments(t.Context(), w.DB, w.Coordinator, s, "", 10)
		if f, ok := fault.As(err); !ok || f.Kind != fault.Invalid || f.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, after := range []string{"nonsense", pg.NewID()} {
		_, err := giving.FindPayments(t.Context(), w.DB, w.Coordinator, giving.Search{}, after, 10)
		if !errors.Is(err, fault.New(fault.NotFound, "page.unknown")) {
			t.Errorf("after %s: %v", after, err)
		}
	}
}

// Pages neither repeat nor skip a payment, also when several began at one moment and others
// come in between.
func TestPagesOfPaymentsHoldEachOnce(t *testing.T) {
	t.Parallel()
	noon := gatewaytest.Day("2026-03-02")
	w := gatewaytest.NewWorld(t, func() time.Time { return noon }, "USD")
	houses := w.AddCampaign("houses", campaign.Open)
	var want []string
	for i := range 23 {
		if i%7 == 0 {
			noon = noon.Add(time.Hour)
		}
		p := begun(t, w, int64(1_000+i))
		if i%2 == 0 { // on another campaign, as a payment of that one
			moveTo(t, w, p, houses)
		}
		want = append(want, p.ID)
	}
	seen := map[string]int{}
	after := ""
	for page := range 10 {
		found, err := giving.FindPayments(t.Context(), w.DB, w.Coordinator, giving.Search{}, after, 5)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range found {
			seen[f.ID]++
			if i > 0 && found[i-1].StartedAt.Before(f.StartedAt) {
				t.Errorf("page %d is not in order", page)
			}
		}
		if len(found) < 5 {
			break
		}
		after = found[len(found)-1].ID
		noon = noon.Add(time.Hour)
		begun(t, w, 99) // newer than all, and so on no later page
	}
	for _, id := range want {
		if seen[id] != 1 {
			t.Errorf("payment %s stands on %d pages", id, seen[id])
		}
	}
	if len(seen) != len(want) {
		t.Errorf("%d payments, want %d", len(seen), len(want))
	}
}

// moveTo makes a payment one of another campaign. Tables of promises are written once, so a
// pledge like the first is made there.
func moveTo(t *testing.T, w *gatewaytest.World, p giving.Payment, campaign string) {
	t.Helper()
	id := pg.NewID()
	if _, err := w.Owner.Exec(`INSERT INTO pledges (id, campaign_id, company_id, amount_minor, currency, visibility, reference, made_by, made_at)
		SELECT $1, $2, company_id, amount_minor, currency, visibility, 'RF00' || right(reference, 9) || 'Q', made_by, made_at FROM pledges WHERE id = $3`, id, campaign, p.PledgeID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Owner.Exec(`UPDATE payments SET pledge_id = $1, campaign_id = $2 WHERE id = $3`, id, campaign, p.ID); err != nil {
		t.Fatal(err)
	}
}

func TestPaymentsOfAnotherClusterAreNotThere(t *testing.T) {
	t.Parallel()
	w := gatewaytest.NewWorld(t, clock.System, "USD")
	p := begun(t, w, 5_000)
	for _, s := range []giving.Search{{}, {Text: p.ID}, {Text: "Ганок"}, {State: giving.Created}, {Amount: "50"}, {Campaign: w.Slug}} {
		for _, person := range []string{w.Stranger, w.Payer, pg.NewID()} {
			found, err := giving.FindPayments(t.Context(), w.DB, person, s, "", 10)
			if err != nil || len(found) > 0 {
				t.Errorf("%+v: %d found, %v", s, len(found), err)
			}
		}
	}
	if _, err := giving.PaymentFor(t.Context(), w.DB, w.Stranger, p.ID); !errors.Is(err, fault.New(fault.NotFound, "payment.unknown")) {
		t.Errorf("PaymentFor: %v", err)
	}
	if _, err := giving.AskingStripe(t.Context(), w.DB, w.Now, w.Stranger, p.ID); !errors.Is(err, fault.New(fault.NotFound, "payment.unknown")) || w.Acts("payment.asked") != 0 {
		t.Errorf("AskingStripe: %v", err)
	}
}

func TestAnAuditorHasNobodyAsked(t *testing.T) {
	t.Parallel()
	w := gatewaytest.NewWorld(t, clock.System, "USD")
	p := begun(t, w, 5_000)
	var auditor string
	w.Tx(func(tx *sqlx.Tx) (err error) {
		if auditor, err = member.AddPerson(t.Context(), tx, w.Now(), "auditor@example.org", "auditor", ""); err != nil {
			return err
		}
		return member.GiveClusterRole(t.Context(), tx, auditor, w.Cluster, member.Auditor)
	})
	if f, err := giving.PaymentFor(t.Context(), w.DB, auditor, p.ID); err != nil || f.ID != p.ID {
		t.Errorf("the auditor does not see the payment: %v", err)
	}
	if _, err := giving.AskingStripe(t.Context(), w.DB, w.Now, auditor, p.ID); !errors.Is(err, fault.New(fault.Forbidden, "role.read_only")) || w.Acts("payment.asked") != 0 {
		t.Errorf("AskingStripe: %v", err)
	}
}

func TestWhatIsDueIsListedUntilItHasCome(t *testing.T) {
	t.Parallel()
	now := gatewaytest.Day("2026-03-02")
	b := gatewaytest.New(t, func(o *gatewaytest.Options) { o.Now = func() time.Time { return now } })
	due := func(minor int64, day string) string {
		promise := b.Promise(minor)
		promise.DueOn = gatewaytest.Day(day)
		id, err := giving.MakePledge(t.Context(), b.DB, b.Now, promise)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	b.Pledge(1_000) // without a day
	late, later, whole := due(10_000, "2026-03-05"), due(20_000, "2026-03-10"), due(30_000, "2026-03-06")
	far := due(40_000, "2026-12-01")
	for _, pay := range []struct {
		pledge string
		minor  int64
	}{{late, 4_000}, {whole, 30_000}} {
		p := b.Checkout(pay.pledge, pay.minor)
		b.Pay(p, "4242424242424242")
		b.Sync(p)
	}
	today := gatewaytest.Day("2026-03-11")
	list := func(until time.Time) string {
		all, err := giving.DuePledges(t.Context(), b.DB, b.Coordinator, giving.DueSearch{Until: until}, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, d := range all {
			said = append(said, fmt.Sprint(d.PledgeID, d.LeftMinor))
		}
		return fmt.Sprint(said)
	}
	if got, want := list(today), fmt.Sprint([]string{fmt.Sprint(later, 20_000), fmt.Sprint(late, 6_000)}); got != want {
		t.Errorf("overdue: %s, want %s", got, want)
	}
	if got, want := list(gatewaytest.Day("2026-03-10")), fmt.Sprint([]string{fmt.Sprint(late, 6_000)}); got != want {
		t.Errorf("on the day itself: %s, want %s", got, want)
	}
	if got, want := list(gatewaytest.Day("2027-01-01")), fmt.Sprint([]string{fmt.Sprint(far, 40_000), fmt.Sprint(later, 20_000), fmt.Sprint(late, 6_000)}); got != want {
		t.Errorf("all: %s, want %s", got, want)
	}
	next, err := giving.DuePledges(t.Context(), b.DB, b.Coordinator, giving.DueSearch{Until: today}, later, 10)
	if err != nil || len(next) != 1 || next[0].PledgeID != late {
		t.Errorf("the next page holds %v, %v", next, err)
	}
	for person, want := range map[string]int{b.Coordinator: 2, b.Stranger: 0} {
		if n, err := giving.CountOverdue(t.Context(), b.DB, person, today, 100); err != nil || n != want {
			t.Errorf("%d are overdue, %v, want %d", n, err, want)
		}
	}
}

// However many promise at once, each pledge has its own number and none is left out.
func TestPledgesOfACampaignAreNumberedWithoutGaps(t *testing.T) {
	t.Parallel()
	w := gatewaytest.NewWorld(t, clock.System, "USD")
	const n = 24
	errs := gatewaytest.Together(n, func(int) error {
		_, err := giving.MakePledge(t.Context(), w.DB, w.Now, w.Promise(100))
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	var numbers []int
	if err := w.DB.Select(&numbers, `SELECT number FROM pledges WHERE campaign_id = $1 ORDER BY number`, w.Campaign); err != nil {
		t.Fatal(err)
	}
	for i, got := range numbers {
		if got != i+1 {
			t.Fatalf("the numbers are %v", numbers)
		}
	}
	if len(numbers) != n {
		t.Errorf("%d numbers", len(numbers))
	}
}
