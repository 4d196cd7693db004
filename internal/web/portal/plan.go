package portal

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/exchange"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway"
	"kopiyka/internal/giving"
	"kopiyka/internal/web/life"
	"kopiyka/internal/web/page"
)

// planPage shows a promise in parts before it is made.
type planPage struct {
	page.Base
	Errors   page.ErrorSummary
	Campaign string
	Sum      page.Sum
	Counts   string     // what that is in the campaign's currency; empty: the same
	Hidden   []hidden   // what was typed on the page before
	Table    page.Table // the days and amounts that follow from it
	Rows     *page.Plan // of own dates, which can be changed here
}

// hidden is a value that a form carries along.
type hidden struct{ Name, Value string }

// rhythms are the answers to "when" and what they mean.
var rhythms = map[string]giving.Rhythm{
	"now": giving.Once, "date": giving.Once, "monthly": giving.Monthly, "quarterly": giving.Quarterly, "dates": giving.OwnDates,
}

// readWhen fills in the days of a promise. The parts are spread when the amount is known;
// those of own dates are a first suggestion, which the plan lets the person change.
func (p *Portal) readWhen(t typed, amountRead bool, promise *giving.Promise) fault.Form {
	var form fault.Form
	if _, ok := rhythms[t.when]; !ok {
		promise.Rhythm = giving.Once
		return append(form, fault.In("when", "pledge.when"))
	}
	var day time.Time
	if typed := strings.TrimSpace(t.dueOn); t.when == "date" || promise.Rhythm != giving.Once && typed != "" {
		var err error
		if day, err = time.Parse(time.DateOnly, typed); err != nil || day.Year() < 1 {
			form = append(form, fault.In("due_on", "pledge.due_not_a_date"))
			day = time.Time{}
		}
	}
	if promise.Rhythm == giving.Once {
		promise.DueOn = day
		return form
	}
	number, wrong := readNumber(t.number)
	if wrong != nil {
		form = append(form, wrong)
	}
	if len(form) > 0 || !amountRead {
		promise.Rhythm = giving.Once // so that Check does not ask for parts that nobody could work out
		return form
	}
	return p.spread(day, number, promise)
}

// spread works the parts out and refuses those that a form could not send on: of days that
// have passed, or too small to be paid.
func (p *Portal) spread(first time.Time, number int, promise *giving.Promise) fault.Form {
	today := clock.Day(p.now())
	if first.IsZero() {
		first = today
	}
	months := max(promise.Rhythm.Months(), 1) // own dates begin as monthly ones
	promise.Parts = giving.Spread(promise.Amount.Minor, first, months, number)
	least := gateway.Least(promise.Amount.Currency)
	var wrong *fault.Fault
	switch {
	case first.Before(today):
		wrong = fault.In("due_on", "pledge.due_in_the_past")
	case len(promise.Parts) == 0 || promise.Parts[0].Minor < least.Minor:
		wrong = fault.In("number", "pledge.part_below_minimum", least)
	case promise.Parts[number-1].DueOn.After(today.AddDate(5, 0, 0)):
		wrong = fault.In("number", "pledge.due_too_far")
	}
	if wrong == nil {
		return nil
	}
	promise.Rhythm, promise.Parts = giving.Once, nil
	return fault.Form{wrong}
}

func readNumber(typed string) (int, *fault.Fault) {
	n, err := strconv.Atoi(strings.TrimSpace(typed))
	if err != nil || n < 2 {
		return 0, fault.In("number", "pledge.no_instalments", giving.MaxInstalments)
	}
	if n > giving.MaxInstalments {
		return 0, fault.In("number", "pledge.too_many_instalments", giving.MaxInstalments)
	}
	return n, nil
}

// plan shows the plan of a promise, or makes the promise when the plan has come back.
func (p *Portal) plan(c echo.Context, form url.Values, t typed, camp campaign.Campaign, promise giving.Promise) error {
	rates, err := p.rates(c.Request().Context(), camp)
	if err != nil {
		return err
	}
	rows := life.RowsOf(promise.Amount.Currency, promise.Parts)
	if form.Get("step") != "promise" {
		return c.Render(http.StatusOK, "portal/plan", newPlanPage(c, t, camp, promise, rows, rates, page.Form{}))
	}
	if promise.Rhythm != giving.OwnDates {
		return p.make(c, camp, t, promise, nil)
	}
	var wrong fault.Form
	rows, promise.Parts, wrong = life.ReadRows(form, promise.Amount.Currency)
	err = wrong.Err()
	if err == nil {
		err = checkPlan(promise, p.now())
	}
	if err == nil {
		return p.make(c, camp, t, promise, nil)
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return c.Render(faults.Status(), "portal/plan", newPlanPage(c, t, camp, promise, rows, rates, faults))
}

// checkPlan asks that each part could be paid, and what giving will ask.
func checkPlan(promise giving.Promise, now time.Time) error {
	least := gateway.Least(promise.Amount.Currency)
	for _, part := range promise.Parts {
		if part.Minor < least.Minor {
			return fault.In("parts", "pledge.amount_below_minimum", least)
		}
	}
	return promise.Check(now)
}

func newPlanPage(c echo.Context, t typed, camp campaign.Campaign, promise giving.Promise, rows []life.Row, rates []exchange.Rate, form page.Form) planPage {
	b := page.Of(c)
	b.Path = newPledgePath(camp.Slug)
	l := b.Lang
	v := planPage{Base: b, Campaign: in(l, camp.Title.UK, camp.Title.EN), Sum: l.Sum(promise.Amount), Counts: counts(l, promise.Amount, camp.Goal.Currency, rates), Hidden: t.hidden()}
	if promise.Rhythm == giving.OwnDates {
		f := life.NewPlan(l, promise.Amount.Currency, rows, form)
		v.Rows, v.Errors = &f, form.Summary(f.Labels())
	} else {
		v.Table = life.Parts(l, promise.Amount.Currency, promise.Parts)
	}
	return v
}

// hidden carries what was typed over to the next form.
func (t typed) hidden() []hidden {
	return []hidden{
		{"campaign", t.campaign}, {"company", t.company}, {"through", t.through}, {"amount", t.amount}, {"currency", t.currency}, {"when", t.when}, {"due_on", t.dueOn},
		{"number", t.number}, {"purpose", t.purpose}, {"purchase_order", t.order}, {"visibility", t.visibility}, {"message", t.message},
	}
}

// earmarks are what a campaign's money can be given for: the campaign, its purposes and
// their needs. A campaign without purposes offers nothing to choose.
func (p *Portal) earmarks(c echo.Context, camp campaign.Campaign) ([]page.Option, error) {
	purposes, err := campaign.Purposes(c.Request().Context(), p.db, camp.ID)
	if err != nil || len(purposes) == 0 {
		return nil, err
	}
	needs, err := campaign.Needs(c.Request().Context(), p.db, camp.ID)
	if err != nil {
		return nil, err
	}
	l := page.Of(c).Lang
	all := []page.Option{{Text: l.T("portal.new.for_campaign")}}
	for _, u := range purposes {
		all = append(all, page.Option{Value: "purpose:" + u.ID, Text: in(l, u.Title.UK, u.Title.EN)})
		for _, n := range needs {
			if n.PurposeID == u.ID {
				all = append(all, page.Option{Value: "need:" + n.ID, Text: in(l, u.Title.UK, u.Title.EN) + ": " + in(l, n.Item.UK, n.Item.EN)})
			}
		}
	}
	return all, nil
}

// chosen marks the option that was picked.
func chosen(options []page.Option, value string) []page.Option {
	for i := range options {
		options[i].Chosen = options[i].Value == value
	}
	return options
}

// readEarmark reads what the money is for. That it is of the campaign is asked when the
// promise is made; what is nothing of ours becomes an id that nothing has.
func readEarmark(ctx context.Context, db *sqlx.DB, typed string) (purpose, need string, err error) {
	kind, id, _ := strings.Cut(typed, ":")
	switch {
	case typed == "":
		return "", "", nil
	case kind == "purpose":
		return id, "", nil
	case kind != "need":
		return typed, "", nil
	}
	purpose, err = campaign.PurposeOfNeed(ctx, db, id)
	if f, ok := fault.As(err); ok && f.Kind == fault.NotFound {
		return typed, id, nil
	}
	return purpose, id, err
}
