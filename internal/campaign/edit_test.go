package campaign_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/report"
)

// paper is a draft that somebody writes in the office.
type paper struct {
	*gatewaytest.World
	t    *testing.T
	Slug string
}

func both(uk, en string) campaign.Text { return campaign.Text{UK: uk, EN: en} }

// wish is a whole campaign; nothing of it is missing.
func wish(w *gatewaytest.World) campaign.Wish {
	return campaign.Wish{
		PersonID: w.Coordinator, ClusterID: w.Cluster, Title: both("Дахи", "Roofs"), Summary: both("Коротко", "In short"), Story: both("Розповідь", "A story"),
		Goal: money.Of(5_000_000, "USD"), OpensOn: clock.Day(noon),
	}
}

func written(t *testing.T) *paper {
	t.Helper()
	w := world(t)
	slug, err := campaign.Write(t.Context(), w.DB, w.Now, wish(w))
	if err != nil {
		t.Fatal(err)
	}
	return &paper{w, t, slug}
}

func (p *paper) desk() campaign.Desk {
	p.t.Helper()
	d, err := campaign.OnDesk(p.t.Context(), p.DB, p.Slug, p.Coordinator)
	if err != nil {
		p.t.Fatal(err)
	}
	return d
}

// saved is the wish that leaves the campaign as it is.
func (p *paper) saved() campaign.Wish {
	d := p.desk()
	return campaign.Wish{
		PersonID: p.Coordinator, Slug: d.Slug, Version: d.Version, Address: d.Slug, ProgrammeID: d.ProgrammeID,
		Title: d.Title, Summary: d.Summary, Story: d.Story, Note: d.Note, Goal: d.Goal, OpensOn: d.OpensOn, ClosesOn: d.ClosesOn,
	}
}

func (p *paper) save(change func(*campaign.Wish)) error {
	p.t.Helper()
	w := p.saved()
	change(&w)
	_, err := campaign.Save(p.t.Context(), p.DB, p.Now, w)
	return err
}

func (p *paper) addPurpose(title string) {
	p.t.Helper()
	err := campaign.SavePurpose(p.t.Context(), p.DB, p.Now, campaign.PurposeWish{Slug: p.Slug, PersonID: p.Coordinator, Title: both(title, title)})
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *paper) step() campaign.Step {
	return campaign.Step{Slug: p.Slug, PersonID: p.Coordinator, Version: p.desk().Version, Payable: true}
}

func (p *paper) opened() *paper {
	p.t.Helper()
	p.addPurpose("Roofs")
	if err := campaign.Publish(p.t.Context(), p.DB, p.Now, p.step()); err != nil {
		p.t.Fatal(err)
	}
	return p
}

func (p *paper) acts(act string) int { return p.Count("audit_acts WHERE act = '" + act + "'") }

func TestADraftIsWrittenAndFoundByItsPeopleAlone(t *testing.T) {
	t.Parallel()
	p := written(t)
	if p.Slug != "roofs" || p.desk().State != campaign.Draft || p.acts("campaign.written") != 1 {
		t.Errorf("%q is %s, %d acts", p.Slug, p.desk().State, p.acts("campaign.written"))
	}
	if d, err := campaign.OnDesk(t.Context(), p.DB, p.Slug, p.Approver); err != nil || d.May {
		t.Errorf("the approver: may change it %t, %v", d.May, err)
	}
	for _, person := range []string{p.Stranger, p.CompanyOwner, pg.NewID()} {
		_, err := campaign.OnDesk(t.Context(), p.DB, p.Slug, person)
		wantFault(t, err, fault.NotFound, "campaign.unknown")
	}
	_, err := campaign.BySlug(t.Context(), p.DB, p.Slug)
	wantFault(t, err, fault.NotFound, "campaign.unknown")
}

func TestOnlyCoordinatorsOfTheClusterWrite(t *testing.T) {
	t.Parallel()
	p := written(t)
	for person, kind := range map[string]fault.Kind{p.Approver: fault.Forbidden, p.Stranger: fault.NotFound, p.CompanyOwner: fault.NotFound} {
		w := wish(p.World)
		w.PersonID = person
		_, err := campaign.Write(t.Context(), p.DB, p.Now, w)
		if f, ok := fault.As(err); !ok || f.Kind != kind {
			t.Errorf("writing: %v, want kind %d", err, kind)
		}
		w = p.saved()
		w.PersonID, w.Title = person, both("Інше", "Another")
		_, err = campaign.Save(t.Context(), p.DB, p.Now, w)
		if f, ok := fault.As(err); !ok || f.Kind != kind {
			t.Errorf("saving: %v, want kind %d", err, kind)
		}
		s := p.step()
		s.PersonID = person
		for name, step := range map[string]func(context.Context, *sqlx.DB, clock.Clock, campaign.Step) error{
			"open": campaign.Publish, "close": campaign.Close, "reopen": campaign.Reopen, "settle": campaign.Settle,
		} {
			if f, ok := fault.As(step(t.Context(), p.DB, p.Now, s)); !ok || f.Kind != kind {
				t.Errorf("%s: %v, want kind %d", name, f, kind)
			}
		}
	}
	if p.desk().Title.EN != "Roofs" || p.Count("campaigns") != 2 {
		t.Error("somebody wrote who may not")
	}
}

func TestAnAddressIsProposedAndTakenOnce(t *testing.T) {
	t.Parallel()
	p := written(t)
	for title, want := range map[campaign.Text]string{both("Дахи", "Roofs"): "roofs-2", both("Щедрий вечір", ""): "shchedryi-vechir", both("中", "中"): "campaign", both("н", "New"): "n"} {
		w := wish(p.World)
		w.Title = title
		if slug, err := campaign.Write(t.Context(), p.DB, p.Now, w); err != nil || slug != want {
			t.Errorf("%v: %q, want %q, %v", title, slug, want, err)
		}
	}
	wantFault(t, p.save(func(w *campaign.Wish) { w.Address = "roofs-2" }), fault.Invalid, "campaign.address_taken")
	wantFault(t, p.save(func(w *campaign.Wish) { w.Address = "new" }), fault.Invalid, "campaign.address_reserved")
	for _, bad := range []string{"Roofs", "a--b", "-a", "дахи", "a/b", strings.Repeat("a", 61), "a b"} {
		wantFault(t, p.save(func(w *campaign.Wish) { w.Address = bad }), fault.Invalid, "campaign.address_form")
	}
	if err := p.save(func(w *campaign.Wish) { w.Address = "tents" }); err != nil {
		t.Error(err)
	}
	p.Slug = "tents"
	p.opened()
	if err := p.save(func(w *campaign.Wish) { w.Address = "roofs" }); err != nil || p.desk().Slug != "tents" {
		t.Errorf("an open campaign has moved, %v", err)
	}
}

// What the audit keeps is what is different, before and after; saving the same again is no act.
func TestSavingTellsWhatWasThere(t *testing.T) {
	t.Parallel()
	p := written(t).opened()
	for range 2 {
		if err := p.save(func(w *campaign.Wish) { w.Story.EN = "Another story" }); err != nil {
			t.Fatal(err)
		}
	}
	var detail string
	if err := p.Owner.Get(&detail, `SELECT detail::text FROM audit_acts WHERE act = 'campaign.changed'`); err != nil {
		t.Fatal(err)
	}
	if want := `{"story_en": {"after": "Another story", "before": "A story"}}`; detail != want {
		t.Errorf("detail = %s, want %s", detail, want)
	}
}

func TestTheSecondOfTwoIsTold(t *testing.T) {
	t.Parallel()
	p := written(t)
	first, second := p.saved(), p.saved()
	first.Title.EN, second.Title.UK = "First", "Друга"
	if _, err := campaign.Save(t.Context(), p.DB, p.Now, first); err != nil {
		t.Fatal(err)
	}
	_, err := campaign.Save(t.Context(), p.DB, p.Now, second)
	wantFault(t, err, fault.Conflict, "campaign.changed_meanwhile")
	if d := p.desk(); d.Title != both("Дахи", "First") {
		t.Errorf("title = %v", d.Title)
	}
	stale := p.step()
	stale.Version--
	p.addPurpose("Roofs")
	wantFault(t, campaign.Publish(t.Context(), p.DB, p.Now, stale), fault.Conflict, "campaign.changed_meanwhile")
}

// Of many who save at once beside the same version one is taken.
func TestOfManyAtOnceOneIsTaken(t *testing.T) {
	t.Parallel()
	p := written(t)
	w := p.saved()
	var all sync.WaitGroup
	taken := make(chan bool, 8)
	for i := range 8 {
		all.Go(func() {
			mine := w
			mine.Title.EN = strings.Repeat("x", i+1)
			_, err := campaign.Save(t.Context(), p.DB, p.Now, mine)
			if f, ok := fault.As(err); err != nil && (!ok || f.Key != "campaign.changed_meanwhile") {
				t.Error(err)
			}
			taken <- err == nil
		})
	}
	all.Wait()
	close(taken)
	n := 0
	for ok := range taken {
		if ok {
			n++
		}
	}
	if n != 1 || p.acts("campaign.changed") != 1 {
		t.Errorf("%d were taken, %d acts", n, p.acts("campaign.changed"))
	}
}

// Every field of every form takes what it should and says what is wrong with the rest.
func TestBadInputIsRefusedByField(t *testing.T) {
	t.Parallel()
	p := written(t)
	long := strings.Repeat("ї", 100_000)
	fields := map[string]func(w *campaign.Wish, s string){
		"title_uk": func(w *campaign.Wish, s string) { w.Title.UK = s }, "title_en": func(w *campaign.Wish, s string) { w.Title.EN = s },
		"summary_uk": func(w *campaign.Wish, s string) { w.Summary.UK = s }, "summary_en": func(w *campaign.Wish, s string) { w.Summary.EN = s },
		"story_uk": func(w *campaign.Wish, s string) { w.Story.UK = s }, "story_en": func(w *campaign.Wish, s string) { w.Story.EN = s },
		"note_uk": func(w *campaign.Wish, s string) { w.Note.UK = s }, "note_en": func(w *campaign.Wish, s string) { w.Note.EN = s },
		"programme_uk": func(w *campaign.Wish, s string) { w.NewProgramme = both(s, "P") }, "programme_en": func(w *campaign.Wish, s string) { w.NewProgramme = both("П", s) },
	}
	for field, set := range fields {
		for bad, key := range map[string]string{
			long: "text.too_long", "a\u202eb": "text.hidden_characters", "\u2066a": "text.hidden_characters", "a\x00b": "text.not_utf8", "\xff": "text.not_utf8", "\u200b\u200d": "campaign.text_needed",
		} {
			err := p.save(func(w *campaign.Wish) { set(w, bad) })
			if f, ok := fault.As(err); !ok || f.Key != key || f.Field != field {
				t.Errorf("%s, %.20q: %v, want %s", field, bad, err, key)
			}
		}
		// Markup and formulas are text like any other: pages and files escape them.
		for _, good := range []string{"<script>alert(1)</script>", `=HYPERLINK("http://x")`, "@SUM(A1)", "a\u200db", "שלום"} {
			if err := p.save(func(w *campaign.Wish) { set(w, good) }); err != nil {
				t.Errorf("%s, %q: %v", field, good, err)
			}
		}
	}
	wantFault(t, p.save(func(w *campaign.Wish) { w.Title.UK = "" }), fault.Invalid, "campaign.text_needed")
	wantFault(t, p.save(func(w *campaign.Wish) { w.Title.EN = "two\nlines" }), fault.Invalid, "text.hidden_characters")
	wantFault(t, p.save(func(w *campaign.Wish) { w.Goal = money.Of(-1, "USD") }), fault.Invalid, "campaign.goal_range")
	wantFault(t, p.save(func(w *campaign.Wish) { w.Goal = money.Of(1, "XXY") }), fault.Invalid, "currency.unknown")
	wantFault(t, p.save(func(w *campaign.Wish) { w.Goal = money.Of(100_000_000_000_001, "USD") }), fault.Invalid, "campaign.goal_range")
	wantFault(t, p.save(func(w *campaign.Wish) { w.OpensOn = time.Time{} }), fault.Invalid, "campaign.day_needed")
	wantFault(t, p.save(func(w *campaign.Wish) { w.ClosesOn = w.OpensOn.AddDate(0, 0, -1) }), fault.Invalid, "campaign.closes_before_it_opens")
	for _, id := range []string{"x", pg.NewID(), "' OR 1=1"} {
		wantFault(t, p.save(func(w *campaign.Wish) { w.ProgrammeID = id }), fault.Invalid, "campaign.programme_unknown")
	}
}

func TestAProgrammeOfAnotherClusterIsUnknown(t *testing.T) {
	t.Parallel()
	p := written(t)
	var foreign string
	p.Tx(func(tx *sqlx.Tx) (err error) {
		var other string
		if err := tx.Get(&other, `SELECT id FROM clusters WHERE slug = 'lviv-it'`); err != nil {
			return err
		}
		foreign, err = campaign.AddProgramme(t.Context(), tx, noon, other, "theirs", both("Їхня", "Theirs"))
		return err
	})
	wantFault(t, p.save(func(w *campaign.Wish) { w.ProgrammeID = foreign }), fault.Invalid, "campaign.programme_unknown")
	if err := p.save(func(w *campaign.Wish) { w.NewProgramme = both("Домівки", "Homes") }); err != nil {
		t.Fatal(err)
	}
	if d := p.desk(); d.Programme != both("Домівки", "Homes") {
		t.Errorf("programme = %v", d.Programme)
	}
	if all, err := campaign.Programmes(t.Context(), p.DB, p.Cluster); err != nil || len(all) != 1 || all[0].Slug != "homes" {
		t.Errorf("programmes = %v, %v", all, err)
	}
}

func TestAnotherCurrencyForgetsWhatWasAcceptedBeside(t *testing.T) {
	t.Parallel()
	p := written(t)
	if err := campaign.Accept(t.Context(), p.DB, p.Now, campaign.Acceptance{Slug: p.Slug, PersonID: p.Coordinator, Currencies: []money.Currency{"EUR"}}); err != nil {
		t.Fatal(err)
	}
	if err := p.save(func(w *campaign.Wish) { w.Goal = money.Of(100, "EUR") }); err != nil {
		t.Fatal(err)
	}
	if n := p.Count("campaign_currencies"); n != 0 || p.desk().Goal != money.Of(100, "EUR") {
		t.Errorf("%d other currencies, goal %v", n, p.desk().Goal)
	}
}

// The goal of an open campaign is changed in public, and figures of a past day are compared
// with the goal of that day.
func TestAGoalIsChangedInPublic(t *testing.T) {
	t.Parallel()
	p := written(t).opened()
	goal := func(minor int64, reason string) error {
		return campaign.ChangeGoal(t.Context(), p.DB, clock.At(noon.Add(time.Hour)), campaign.GoalWish{
			Slug: p.Slug, PersonID: p.Coordinator, Version: p.desk().Version, Goal: money.Of(minor, "USD"), Reason: reason,
		})
	}
	wantFault(t, goal(7_000_000, " \u200b"), fault.Invalid, "campaign.reason_needed")
	wantFault(t, goal(0, "Because"), fault.Invalid, "campaign.goal_range")
	for range 2 { // the second changes nothing
		if err := goal(7_000_000, "Дахів більше"); err != nil {
			t.Fatal(err)
		}
	}
	r := report.New(p.DB)
	c, err := r.Campaign(t.Context(), p.Slug)
	if err != nil || len(c.Goals) != 1 || c.Goals[0].Was != 5_000_000 || c.Goals[0].Became != 7_000_000 || c.Goals[0].Reason != "Дахів більше" || c.Totals.Goal != 7_000_000 {
		t.Errorf("goals = %+v, %v", c.Goals, err)
	}
	if before, err := r.Summary(t.Context(), p.Slug, noon.Add(time.Minute)); err != nil || before.Totals.Goal != 5_000_000 {
		t.Errorf("the goal of that day = %d, %v", before.Totals.Goal, err)
	}
	if err := p.save(func(w *campaign.Wish) { w.Goal = money.Of(1, "USD") }); err != nil || p.desk().Goal.Minor != 7_000_000 {
		t.Errorf("saving the texts has changed the goal to %v, %v", p.desk().Goal, err)
	}
}
