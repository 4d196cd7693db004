package giving_test

import (
	"errors"
	"maps"
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
	"kopiyka/internal/stripesim"
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
	w.AddCampaign("houses", campaign.Open)
	var want []string
	for i := range 23 {
		if i%7 == 0 {
			noon = noon.Add(time.Hour)
		}
		promise := w.Promise(int64(1_000 + i))
		if i%2 == 0 {
			promise.CampaignSlug = "houses"
		}
		pledge, err := giving.MakePledge(t.Context(), w.DB, w.Now, promise)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, started(t, w, pledge, promise.Amount.Minor).ID)
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

// The list is reckoned in SQL, a pledge's own page in Go: they say the same of every
// instalment, whatever was paid, amended, written off, refunded or cancelled.
func TestWhatIsAwaitedIsWhatTheSchedulesSay(t *testing.T) {
	t.Parallel()
	now := gatewaytest.Day("2026-03-02")
	b := gatewaytest.New(t, func(o *gatewaytest.Options) { o.Now = func() time.Time { return now } })
	twice := func(minor int64) string {
		return inParts(t, b.World, part("2026-04-10", minor), part("2026-06-10", minor))
	}
	pay := func(pledge string, minor int64) giving.Payment {
		p := b.Checkout(pledge, minor)
		b.Pay(p, stripesim.CardPays)
		return b.Sync(p)
	}
	b.Pledge(1_000)                                                                                                  // to be paid at once
	pay(inParts(t, b.World, part("2026-04-01", 3_000), part("2026-05-01", 3_000), part("2026-06-01", 3_000)), 4_000) // the second in part
	whole := pay(twice(5_000), 10_000)                                                                               // whole
	back := pay(twice(6_000), 12_000)                                                                                // and then partly given back
	b.Refund(back, 7_000)
	b.Sync(back)
	cancelled := twice(2_000)
	pay(cancelled, 1_000)
	must(t, cancel(t, b.World, cancelled))
	amended := twice(7_000)
	pay(amended, 2_000)
	must(t, amend(t, b.World, amended, part("2026-04-15", 4_000), part("2026-07-01", 1_500)))
	off := twice(9_000)
	id, err := writeOff(t, b.World, off, 3_000, 9_000)
	must(t, err)
	must(t, approveWriteOff(t, b.World, id))
	debit := b.Checkout(twice(8_000), 9_000)
	b.Pay(debit, stripesim.AccountPays) // on its way
	b.Sync(debit)

	// An hour later the sweep forgets what is settled: the whole one and the cancelled one.
	rest := func() {
		if _, err := b.Owner.Exec(`UPDATE pledges_awaited SET touched_at = touched_at - interval '2 hours'`); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := giving.SweepAwaited(t.Context(), b.DB); err != nil || n != 0 {
		t.Errorf("%d were swept within the hour, %v", n, err)
	}
	rest()
	if n, err := giving.SweepAwaited(t.Context(), b.DB); err != nil || n != 2 {
		t.Errorf("%d were swept, %v", n, err)
	}
	b.Refund(whole, 500) // and is awaited again
	b.Sync(whole)
	rest()
	if n, err := giving.SweepAwaited(t.Context(), b.DB); err != nil || n != 0 {
		t.Errorf("%d were swept the second time, %v", n, err)
	}

	today := gatewaytest.Day("2026-06-15")
	pledges, err := giving.FindPledges(t.Context(), b.DB, b.Coordinator, giving.PledgeSearch{}, "", giving.PageSize)
	if err != nil {
		t.Fatal(err)
	}
	schedules, err := giving.SchedulesOf(t.Context(), b.DB, pledges, today)
	if err != nil {
		t.Fatal(err)
	}
	for _, until := range []time.Time{today, gatewaytest.Day("2026-04-01"), gatewaytest.Day("2030-01-01")} {
		want := map[string]int64{}
		for _, s := range schedules {
			for _, i := range s.Open() {
				if i.DueOn.Before(until) {
					want[i.ID] = i.Left()
				}
			}
		}
		got := map[string]int64{}
		after := ""
		for {
			page, err := giving.ExpectedInstalments(t.Context(), b.DB, b.Coordinator, giving.ExpectedSearch{Until: until}, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range page {
				got[a.InstalmentID] = a.LeftMinor
			}
			if len(page) < 2 {
				break
			}
			after = page[1].InstalmentID
		}
		if !maps.Equal(got, want) || len(want) == 0 {
			t.Errorf("until %s: %v, want %v", until.Format(time.DateOnly), got, want)
		}
		for person, n := range map[string]int{b.Coordinator: len(want), b.Stranger: 0} {
			if got, err := giving.CountOverdue(t.Context(), b.DB, person, until, 100); err != nil || got != n {
				t.Errorf("%d are overdue, %v, want %d", got, err, n)
			}
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
