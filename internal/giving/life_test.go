package giving_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"pgregory.net/rapid"

	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
)

func part(day string, minor int64) giving.Part {
	return giving.Part{DueOn: gatewaytest.Day(day), Minor: minor}
}

// inParts is a pledge that is paid in parts.
func inParts(t testing.TB, w *gatewaytest.World, parts ...giving.Part) string {
	t.Helper()
	p := w.Promise(giving.Total(parts))
	p.Rhythm, p.Parts = giving.OwnDates, parts
	id, err := giving.MakePledge(t.Context(), w.DB, w.Now, p)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// look is a pledge and its schedule as its company sees them at noon.
func look(t testing.TB, w *gatewaytest.World, id string) (giving.Pledge, giving.Schedule) {
	t.Helper()
	p, err := giving.PledgeOf(t.Context(), w.DB, id, w.Payer)
	if err != nil {
		t.Fatal(err)
	}
	s, err := giving.ScheduleOf(t.Context(), w.DB, p, w.Now())
	if err != nil {
		t.Fatal(err)
	}
	return p, s
}

// rest is what is open, as "day amount".
func rest(s giving.Schedule) []giving.Part {
	var all []giving.Part
	for _, i := range s.Open() {
		all = append(all, giving.Part{DueOn: i.DueOn, Minor: i.Left()})
	}
	return all
}

func redraw(t testing.TB, w *gatewaytest.World, id string, parts ...giving.Part) giving.Redraw {
	t.Helper()
	p, s := look(t, w, id)
	return giving.Redraw{PledgeID: id, PersonID: w.Payer, Seen: giving.Seen(p, s), Rest: parts, Reason: "Бюджет змінився"}
}

func amend(t testing.TB, w *gatewaytest.World, id string, parts ...giving.Part) error {
	t.Helper()
	return giving.Amend(t.Context(), w.DB, w.Now, redraw(t, w, id, parts...))
}

func cancel(t testing.TB, w *gatewaytest.World, id string) error {
	t.Helper()
	p, s := look(t, w, id)
	return giving.Cancel(t.Context(), w.DB, w.Now, giving.Cancellation{PledgeID: id, PersonID: w.CompanyOwner, Seen: giving.Seen(p, s), Reason: "Компанію продано"})
}

// pays lets money of a pledge arrive.
func pays(t testing.TB, w *gatewaytest.World, id string, minor int64) giving.Payment {
	t.Helper()
	p, err := giving.StartPayment(t.Context(), w.DB, w.Now, start(w, id, minor))
	if err != nil {
		t.Fatal(err)
	}
	settle(t, w, p, facts(giving.Paid, came("txn_"+p.ID, minor, 0)))
	return p
}

func writeOff(t testing.TB, w *gatewaytest.World, id string, minor ...int64) (string, error) {
	t.Helper()
	p, s := look(t, w, id)
	parts := map[string]int64{}
	for n, m := range minor {
		if m != 0 {
			parts[s.Open()[n].ID] = m
		}
	}
	return giving.ProposeWriteOff(t.Context(), w.DB, w.Now, giving.WriteOffProposal{
		PledgeID: id, PersonID: w.Coordinator, Seen: giving.Seen(p, s), Code: "cannot-pay", Reason: "Лист від 1 березня", Parts: parts,
	})
}

func approveWriteOff(t testing.TB, w *gatewaytest.World, writeOff string) error {
	t.Helper()
	return giving.ApproveWriteOff(t.Context(), w.DB, w.Now, writeOff, w.Approver)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantRest(t *testing.T, w *gatewaytest.World, id string, want ...giving.Part) {
	t.Helper()
	if _, s := look(t, w, id); !slices.Equal(rest(s), want) {
		t.Errorf("still to pay: %v, want %v", rest(s), want)
	}
}

var march, april, may = "2026-03-10", "2026-04-10", "2026-05-10"

func TestAPledgeIsKeptInItsInstalments(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part(march, 3_333), part(april, 3_333), part(may, 3_334))
	p, s := look(t, w, id)
	if p.Promised.Minor != 10_000 || p.Amount != p.Promised || p.Rhythm != giving.OwnDates || !p.DueOn.Equal(gatewaytest.Day(may)) {
		t.Errorf("pledge = %+v", p)
	}
	if want := []giving.Part{part(march, 3_333), part(april, 3_333), part(may, 3_334)}; !slices.Equal(rest(s), want) {
		t.Errorf("instalments: %v", rest(s))
	}
	once, s := look(t, w, w.Pledge(500))
	if len(s.Instalments) != 1 || !s.Instalments[0].DueOn.Equal(clock.Day(noon)) || !once.DueOn.IsZero() {
		t.Errorf("a pledge to pay now: %+v", s.Instalments)
	}
}

func TestWhatCannotBeScheduled(t *testing.T) {
	t.Parallel()
	w := world(t)
	many := giving.Spread(6_100, gatewaytest.Day(march), 1, 61)
	for name, c := range map[string]struct {
		parts []giving.Part
		how   giving.Rhythm
		key   string
	}{
		"a day twice":       {[]giving.Part{part(march, 50), part(march, 50)}, giving.OwnDates, "pledge.day_twice"},
		"out of order":      {[]giving.Part{part(april, 50), part(march, 50)}, giving.OwnDates, "pledge.days_out_of_order"},
		"yesterday":         {[]giving.Part{part("2026-03-01", 50), part(march, 50)}, giving.OwnDates, "pledge.due_in_the_past"},
		"in six years":      {[]giving.Part{part(march, 50), part("2032-03-01", 50)}, giving.OwnDates, "pledge.due_too_far"},
		"nothing on a day":  {[]giving.Part{part(march, 100), part(april, 0)}, giving.OwnDates, "money.zero"},
		"less than nothing": {[]giving.Part{part(march, 150), part(april, -50)}, giving.OwnDates, "money.zero"},
		"not the amount":    {[]giving.Part{part(march, 50), part(april, 49)}, giving.OwnDates, "pledge.parts_differ"},
		"overflow":          {[]giving.Part{part(march, 1<<62), part(april, 1<<62)}, giving.OwnDates, "money.too_large"},
		"sixty-one":         {many, giving.Monthly, "pledge.too_many_instalments"},
		"no parts":          {nil, giving.Monthly, "pledge.no_instalments"},
		"parts at once":     {[]giving.Part{part(march, 100)}, giving.Once, "pledge.when"},
		"an unknown rhythm": {[]giving.Part{part(march, 100)}, "weekly", "pledge.when"},
	} {
		t.Run(name, func(t *testing.T) {
			p := w.Promise(100)
			p.Parts, p.Rhythm = c.parts, c.how
			if name == "sixty-one" {
				p.Amount.Minor = 6_100
			}
			_, err := giving.MakePledge(t.Context(), w.DB, w.Now, p)
			wantFault(t, err, fault.Invalid, c.key)
		})
	}
	if n := w.Count("pledges") + w.Count("instalments"); n != 0 {
		t.Errorf("%d rows of refused pledges", n)
	}
}

// Early, late, over and under: each has its rule.
func TestWhatIsPaidFillsTheOldest(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part(march, 100), part(april, 100), part(may, 100))
	pays(t, w, id, 150)
	wantRest(t, w, id, part(april, 50), part(may, 100))
	second := pays(t, w, id, 150)
	if p, s := look(t, w, id); p.Outstanding().Minor != 0 || len(s.Open()) != 0 {
		t.Errorf("paid, and %v is left", s.Left())
	}
	settle(t, w, second, facts(giving.RefundedInPart, came("txn_"+second.ID, 150, 0), back("txn_back", 120)))
	wantRest(t, w, id, part(april, 20), part(may, 100)) // what goes back is open again
}

func TestAmendingChangesTheRestAndKeepsThePromise(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part(march, 100), part(april, 100), part(may, 100))
	pays(t, w, id, 140)
	must(t, amend(t, w, id, part(april, 60), part("2026-06-10", 200))) // later, and more
	wantRest(t, w, id, part(april, 60), part("2026-06-10", 200))
	p, s := look(t, w, id)
	if p.Promised.Minor != 300 || p.Amount.Minor != 400 || p.Acts != 1 || w.Count("pledges WHERE amount_minor = 300") != 1 {
		t.Errorf("pledge = %+v", p)
	}
	if last := s.Instalments[2]; !last.Moved || last.State != giving.Cancelled || s.Instalments[3].Promised != 200 || !s.Instalments[3].Added {
		t.Errorf("instalments = %+v", s.Instalments)
	}
	must(t, amend(t, w, id)) // no more than what is paid
	if p, s := look(t, w, id); p.Amount.Minor != 140 || s.Left().Minor != 0 || p.Cancelled {
		t.Errorf("pledge = %+v, left %v", p, s.Left())
	}
	wantFault(t, cancel(t, w, id), fault.Conflict, "pledge.nothing_to_cancel")
	if w.Acts("pledge.amended") != 2 {
		t.Errorf("%d acts", w.Acts("pledge.amended"))
	}
}

func TestWhatCannotBeAmended(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part(march, 100), part(april, 100))
	pays(t, w, id, 30)
	for name, c := range map[string]struct {
		change func(*giving.Redraw)
		kind   fault.Kind
		key    string
	}{
		"nothing changes":       {func(*giving.Redraw) {}, fault.Invalid, "pledge.nothing_changed"},
		"no reason":             {func(r *giving.Redraw) { r.Reason = " \n" }, fault.Invalid, "pledge.reason_missing"},
		"a reason with NUL":     {func(r *giving.Redraw) { r.Reason = "a\x00" }, fault.Invalid, "text.not_utf8"},
		"a novel":               {func(r *giving.Redraw) { r.Reason = strings.Repeat("ї", 1001) }, fault.Invalid, "text.too_long"},
		"less than nothing":     {func(r *giving.Redraw) { r.Rest[0].Minor = -1 }, fault.Invalid, "money.zero"},
		"too much":              {func(r *giving.Redraw) { r.Rest[0].Minor = 1 << 60 }, fault.Invalid, "money.too_large"},
		"too much in all":       {func(r *giving.Redraw) { r.Rest[0].Minor = 99_999_999_999_999 }, fault.Invalid, "money.too_large"},
		"a day twice":           {func(r *giving.Redraw) { r.Rest = append(r.Rest, part(april, 1)) }, fault.Invalid, "pledge.day_twice"},
		"yesterday":             {func(r *giving.Redraw) { r.Rest = append(r.Rest, part("2026-03-01", 1)) }, fault.Invalid, "pledge.before_what_is_paid"},
		"in six years":          {func(r *giving.Redraw) { r.Rest = append(r.Rest, part("2032-03-01", 1)) }, fault.Invalid, "pledge.due_too_far"},
		"before what is paid":   {func(r *giving.Redraw) { r.Rest = append(r.Rest, part("2026-03-09", 1)) }, fault.Invalid, "pledge.before_what_is_paid"},
		"sixty-one":             {func(r *giving.Redraw) { r.Rest = giving.Spread(6_100, gatewaytest.Day("2026-03-11"), 1, 61) }, fault.Invalid, "pledge.too_many_instalments"},
		"what one has not seen": {func(r *giving.Redraw) { r.Seen = "0-200" }, fault.Conflict, "pledge.changed_meanwhile"},
		"by a viewer":           {func(r *giving.Redraw) { r.PersonID = w.Viewer }, fault.Forbidden, "company.viewer_cannot_pay"},
		"by a stranger":         {func(r *giving.Redraw) { r.PersonID = w.Stranger }, fault.NotFound, "pledge.unknown"},
		"by a coordinator":      {func(r *giving.Redraw) { r.PersonID = w.Coordinator }, fault.NotFound, "pledge.unknown"},
		"no pledge":             {func(r *giving.Redraw) { r.PledgeID = "\x00" }, fault.NotFound, "pledge.unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			r := redraw(t, w, id, part(march, 70), part(april, 100))
			c.change(&r)
			wantFault(t, giving.Amend(t.Context(), w.DB, w.Now, r), c.kind, c.key)
		})
	}
	if w.Count("pledge_acts") != 0 {
		t.Error("a refused amendment left an act")
	}
}

// A closed campaign still takes what was promised, on other days too, and nothing more.
func TestAClosedCampaignTakesNoMore(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part(march, 100))
	w.Tx(func(tx *sqlx.Tx) error { return campaign.Move(t.Context(), tx, noon, w.Campaign, campaign.Closed) })
	wantFault(t, amend(t, w, id, part(march, 101)), fault.Conflict, "pledge.campaign_takes_no_more")
	must(t, amend(t, w, id, part(april, 100)))
	wantRest(t, w, id, part(april, 100))
}

func TestACorrectionIsTheCoordinatorsAndSaysWhy(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part(march, 1_000))
	r := redraw(t, w, id, part(march, 100))
	for person, key := range map[string]string{w.Approver: "pledge.role.coordinator", w.Payer: "pledge.unknown", w.Stranger: "pledge.unknown"} {
		r.PersonID = person
		if f, ok := fault.As(giving.Correct(t.Context(), w.DB, w.Now, r)); !ok || f.Key != key {
			t.Errorf("%v, want %s", f, key)
		}
	}
	r.PersonID, r.Reason = w.Coordinator, "Зайвий нуль"
	must(t, giving.Correct(t.Context(), w.DB, w.Now, r))
	p, _ := look(t, w, id)
	acts, err := giving.HistoryOf(t.Context(), w.DB, p)
	must(t, err)
	if len(acts) != 1 || acts[0].Kind != giving.Corrected || acts[0].Person != "coordinator" || acts[0].Reason != "Зайвий нуль" || acts[0].AmountBefore.Minor != 1_000 ||
		acts[0].AmountAfter.Minor != 100 || !slices.Equal(acts[0].Steps, []giving.Step{{DueOn: gatewaytest.Day(march), Before: 1_000, After: 100}}) {
		t.Errorf("history = %+v", acts)
	}
}

func TestAWriteOffTakesTwoPeople(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part(march, 100), part(april, 100))
	pays(t, w, id, 30)
	proposal, err := writeOff(t, w, id, 70, 40)
	must(t, err)
	wantRest(t, w, id, part(march, 70), part(april, 100)) // nothing yet

	both := both(t, w)
	for person, key := range map[string]string{
		w.Coordinator: "pledge.own_write_off", w.Payer: "pledge.write_off_unknown", w.Stranger: "pledge.write_off_unknown", nobody: "pledge.write_off_unknown",
	} {
		for _, err := range []error{
			giving.ApproveWriteOff(t.Context(), w.DB, w.Now, proposal, person), giving.RefuseWriteOff(t.Context(), w.DB, w.Now, proposal, person, "ні"),
		} {
			if f, ok := fault.As(err); !ok || f.Key != key {
				t.Errorf("error = %v, want %s", err, key)
			}
		}
	}
	must(t, giving.ApproveWriteOff(t.Context(), w.DB, w.Now, proposal, both))
	wantFault(t, approveWriteOff(t, w, proposal), fault.Conflict, "pledge.write_off_decided")
	wantRest(t, w, id, part(april, 60))
	p, s := look(t, w, id)
	if p.Amount.Minor != 90 || p.Promised.Minor != 200 || s.Instalments[0].State != giving.PaidInFull || s.Instalments[0].WrittenOff != 70 {
		t.Errorf("pledge %+v, instalments %+v", p, s.Instalments)
	}
	acts, err := giving.HistoryOf(t.Context(), w.DB, p)
	must(t, err)
	if len(acts) != 1 || acts[0].Kind != giving.WroteOff || acts[0].Person != "coordinator" || acts[0].Approver != "both" || acts[0].Code != "cannot-pay" {
		t.Errorf("history = %+v", acts)
	}

	refused, err := writeOff(t, w, id, 60)
	must(t, err)
	wantFault(t, giving.RefuseWriteOff(t.Context(), w.DB, w.Now, refused, w.Approver, ""), fault.Invalid, "pledge.reason_missing")
	must(t, giving.RefuseWriteOff(t.Context(), w.DB, w.Now, refused, w.Approver, "Вони відповіли"))
	wantRest(t, w, id, part(april, 60))
	all, err := giving.WriteOffsOf(t.Context(), w.DB, id)
	must(t, err)
	if len(all) != 2 || all[0].Decision != "refused" || all[0].DecisionReason != "Вони відповіли" || all[0].Amount() != w.Amount(60) || all[1].Decision != "approved" || all[1].DeciderName != "both" {
		t.Errorf("write-offs = %+v", all)
	}
}

// both is somebody with both roles in the world's cluster.
func both(t testing.TB, w *gatewaytest.World) (person string) {
	t.Helper()
	w.Tx(func(tx *sqlx.Tx) (err error) {
		if person, err = member.AddPerson(t.Context(), tx, noon, "both@example.org", "both", ""); err != nil {
			return err
		}
		return errors.Join(member.GiveClusterRole(t.Context(), tx, person, w.Cluster, member.Coordinator),
			member.GiveClusterRole(t.Context(), tx, person, w.Cluster, member.Approver))
	})
	return person
}

func TestWhatCannotBeWrittenOff(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part(march, 100))
	other := inParts(t, w, part(march, 100))
	_, others := look(t, w, other)
	p, s := look(t, w, id)
	good := giving.WriteOffProposal{PledgeID: id, PersonID: w.Coordinator, Seen: giving.Seen(p, s), Code: "other", Reason: "Так", Parts: map[string]int64{s.Instalments[0].ID: 100}}
	for name, c := range map[string]struct {
		change func(*giving.WriteOffProposal)
		key    string
	}{
		"nothing":               {func(p *giving.WriteOffProposal) { p.Parts = nil }, "pledge.write_off_nothing"},
		"more than is left":     {func(p *giving.WriteOffProposal) { p.Parts = map[string]int64{s.Instalments[0].ID: 101} }, "pledge.write_off_too_much"},
		"less than nothing":     {func(p *giving.WriteOffProposal) { p.Parts = map[string]int64{s.Instalments[0].ID: -1} }, "pledge.write_off_too_much"},
		"another pledge's":      {func(p *giving.WriteOffProposal) { p.Parts = map[string]int64{others.Instalments[0].ID: 1} }, "pledge.write_off_too_much"},
		"an unknown code":       {func(p *giving.WriteOffProposal) { p.Code = "mood" }, "pledge.write_off_code"},
		"no reason":             {func(p *giving.WriteOffProposal) { p.Reason = "" }, "pledge.reason_missing"},
		"by an approver":        {func(p *giving.WriteOffProposal) { p.PersonID = w.Approver }, "pledge.role.coordinator"},
		"by the company":        {func(p *giving.WriteOffProposal) { p.PersonID = w.CompanyOwner }, "pledge.unknown"},
		"what one has not seen": {func(p *giving.WriteOffProposal) { p.Seen = "3-100" }, "pledge.changed_meanwhile"},
	} {
		t.Run(name, func(t *testing.T) {
			p := good
			c.change(&p)
			_, err := giving.ProposeWriteOff(t.Context(), w.DB, w.Now, p)
			if f, ok := fault.As(err); !ok || f.Key != c.key {
				t.Errorf("error = %v, want %s", err, c.key)
			}
		})
	}
	// What was paid since the proposal cannot be written off any more; it stays open.
	proposal, err := writeOff(t, w, id, 100)
	must(t, err)
	pays(t, w, id, 1)
	wantFault(t, approveWriteOff(t, w, proposal), fault.Conflict, "pledge.write_off_no_longer_fits")
	if w.Count("write_off_decisions") != 0 || w.Count("pledge_acts") != 0 {
		t.Error("an approval that did not fit left something behind")
	}
}

// A cancelled pledge that gets money still books it, above what it asks for.
func TestMoneyForACancelledPledgeIsBooked(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part(march, 100), part(april, 100))
	pays(t, w, id, 40)
	open, err := giving.StartPayment(t.Context(), w.DB, w.Now, start(w, id, 60)) // its page is open
	must(t, err)
	must(t, cancel(t, w, id))
	p, s := look(t, w, id)
	if !p.Cancelled || p.Amount.Minor != 40 || p.Outstanding().Minor != 0 || s.Left().Minor != 0 {
		t.Errorf("pledge = %+v", p)
	}
	settle(t, w, open, facts(giving.Paid, came("txn_late", 60, 0)))
	if _, s := look(t, w, id); s.Above != 60 || w.Free() != 100 {
		t.Errorf("above %d, free %d", s.Above, w.Free())
	}
	_, err = giving.StartPayment(t.Context(), w.DB, w.Now, start(w, id, 1))
	wantFault(t, err, fault.Conflict, "payment.nothing_left")
	w.VerifyBooks()
}

// Two acts at once: one is written, and who was second is told to look again.
func TestOfActsAtOnceNoneIsLost(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part(march, 100), part(april, 100))
	proposal, err := writeOff(t, w, id, 0, 100)
	must(t, err)
	r := redraw(t, w, id, part(march, 100), part(april, 150))
	p, s := look(t, w, id)
	errs := gatewaytest.Together(12, func(i int) error {
		switch i % 3 {
		case 0:
			return giving.Amend(t.Context(), w.DB, w.Now, r)
		case 1:
			return giving.Cancel(t.Context(), w.DB, w.Now, giving.Cancellation{PledgeID: id, PersonID: w.CompanyOwner, Seen: giving.Seen(p, s), Reason: "Ні"})
		}
		return giving.ApproveWriteOff(t.Context(), w.DB, w.Now, proposal, w.Approver)
	})
	done := 0
	for _, err := range errs {
		if err == nil {
			done++
		} else if f, ok := fault.As(err); !ok || f.Kind != fault.Conflict {
			t.Error(err)
		}
	}
	if acts := w.Count("pledge_acts"); acts != done || done == 0 {
		t.Errorf("%d acts went through and %d are written", done, acts)
	}
	p, s = look(t, w, id)
	if p.Amount.Minor != s.Left().Minor {
		t.Errorf("the pledge asks for %v and its instalments for %v", p.Amount, s.Left())
	}
}

// The database keeps what Go promises: whatever is written adds up, and nothing changes.
func TestSchemaRefusesLivesThatDoNotAddUp(t *testing.T) {
	t.Parallel()
	w := world(t)
	id := inParts(t, w, part(march, 100))
	must(t, amend(t, w, id, part(march, 90)))
	_, s := look(t, w, id)
	act := `INSERT INTO pledge_acts (id, pledge_id, campaign_id, currency, number, kind, change_minor, reason, person_id, approver_id, write_off_id, happened_at)
		SELECT gen_random_uuid(), id, campaign_id, currency, %N, %K, %C, 'x', made_by, %A, NULL, now() FROM pledges`
	with := func(number, kind, change, approver string) string {
		return strings.NewReplacer("%N", number, "%K", "'"+kind+"'", "%C", change, "%A", approver).Replace(act)
	}
	for statement, constraint := range map[string]string{
		with("2", "amended", "10", "NULL"):            "pledge_acts_sum",
		with("1", "amended", "0", "NULL"):             "pledge_acts_in_turn",
		with("2", "cancelled", "0", "NULL"):           "pledge_acts_change",
		with("2", "written-off", "-10", "NULL"):       "pledge_acts_two_people",
		with("2", "written-off", "-10", "made_by"):    "pledge_acts_two_people",
		with("2", "amended", "0", "'"+w.Approver+"'"): "pledge_acts_two_people",
		`INSERT INTO instalments (id, pledge_id, amount_minor, due_on) VALUES (gen_random_uuid(), '` + id + `', 5, now())`:                                                               "instalments_sum_of_promise",
		`INSERT INTO instalments (id, pledge_id, act_id, amount_minor, due_on) SELECT gen_random_uuid(), pledge_id, id, 5, now() FROM pledge_acts`:                                       "pledge_acts_sum",
		`INSERT INTO instalment_changes SELECT a.id, '` + s.Instalments[0].ID + `', pledge_id, -1 FROM pledge_acts a`:                                                                    "instalment_changes_pkey",
		`WITH a AS (` + with("2", "amended", "-91", "NULL") + ` RETURNING id, pledge_id) INSERT INTO instalment_changes SELECT id, '` + s.Instalments[0].ID + `', pledge_id, -91 FROM a`: "instalment_changes_floor",
		`INSERT INTO pledges (id, campaign_id, company_id, amount_minor, currency, visibility, reference, made_by, made_at)
		 SELECT gen_random_uuid(), campaign_id, company_id, 5, currency, 'named', 'RF001234567890', made_by, now() FROM pledges`: "instalments_sum_of_promise",
	} {
		if _, err := w.Owner.Exec(statement); pg.Constraint(err) != constraint {
			t.Errorf("%s\n%v, want %s", statement, err, constraint)
		}
	}
	must(t, cancel(t, w, id))
	if _, err := w.Owner.Exec(with("3", "amended", "0", "NULL")); pg.Constraint(err) != "pledge_acts_none_after_the_end" {
		t.Errorf("an act after the end: %v", err)
	}
	for _, table := range []string{"instalments", "pledge_acts", "instalment_changes", "write_offs", "write_off_parts", "write_off_decisions"} {
		for _, db := range []*sqlx.DB{w.DB, w.Owner} {
			if _, err := db.Exec(`TRUNCATE ` + table + ` CASCADE`); pg.Code(err) != "LG004" && pg.Code(err) != "42501" {
				t.Errorf("%s: %v", table, err)
			}
		}
	}
	if _, err := w.Owner.Exec(`UPDATE instalments SET amount_minor = 1`); pg.Code(err) != "LG004" {
		t.Errorf("an instalment was rewritten: %v", err)
	}
}

// Whatever a company, a cluster and money do to a pledge, its figures stay together.
func TestAnyLifeAddsUp(t *testing.T) {
	t.Parallel()
	w := world(t)
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(rt, "instalments")
		id := inParts(t, w, giving.Spread(rapid.Int64Range(10, 1_000).Draw(rt, "amount"), gatewaytest.Day(march), 1, n)...)
		var received int64
		for range rapid.IntRange(1, 8).Draw(rt, "acts") {
			p, s := look(t, w, id)
			before := s.Left().Minor
			paid := p.Received
			switch rapid.IntRange(0, 3).Draw(rt, "act") {
			case 0:
				if before > 0 {
					minor := rapid.Int64Range(1, before).Draw(rt, "pays")
					pays(t, w, id, minor)
					received += minor
				}
			case 1:
				wanted := giving.Spread(rapid.Int64Range(3, 900).Draw(rt, "rest"), gatewaytest.Day("2027-01-31"), 1, 3)
				if err := amend(t, w, id, wanted...); err == nil {
					if _, s := look(t, w, id); !slices.Equal(rest(s), wanted) {
						rt.Fatalf("asked for %v, and it is %v", wanted, rest(s))
					}
				} else if f, ok := fault.As(err); !ok || (f.Key != "pledge.cancelled" && f.Key != "pledge.nothing_changed" && f.Key != "pledge.before_what_is_paid") {
					rt.Fatal(err)
				}
			case 2:
				if open := s.Open(); len(open) > 0 {
					proposal, err := writeOff(t, w, id, rapid.Int64Range(1, open[0].Left()).Draw(rt, "write off"))
					must(t, err)
					must(t, approveWriteOff(t, w, proposal))
				}
			case 3:
				if rapid.IntRange(0, 3).Draw(rt, "really") == 0 && before > 0 {
					must(t, cancel(t, w, id))
				}
			}
			p, s = look(t, w, id)
			if p.Received != received || p.Received < paid || p.Amount.Minor < p.Received || p.Amount.Minor != p.Received+s.Left().Minor || p.Outstanding() != s.Left() {
				rt.Fatalf("pledge %+v, left %v, received %d", p, s.Left(), received)
			}
			acts, err := giving.HistoryOf(t.Context(), w.DB, p)
			must(t, err)
			if len(acts) != p.Acts || len(acts) > 0 && acts[len(acts)-1].AmountAfter != p.Amount {
				rt.Fatalf("history %+v of %+v", acts, p)
			}
			for _, a := range acts {
				var sum int64
				for _, step := range a.Steps {
					sum += step.After - step.Before
				}
				if sum != a.ChangeMinor {
					rt.Fatalf("%+v is not the sum of its steps", a)
				}
			}
		}
	})
}

// Days pass, and a promise for month three is still there.
func at(day string) clock.Clock { return clock.At(gatewaytest.Day(day).Add(12 * time.Hour)) }
