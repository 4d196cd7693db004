package portal

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/campaign"
	"kopiyka/internal/exchange"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/page"
)

type choosePage struct {
	page.Base
	Campaigns []openCampaign
	Empty     page.Empty
}

// openCampaign is a campaign for which the visitor can promise.
type openCampaign struct{ Href, Title, Summary string }

type promisePage struct {
	page.Base
	Errors     page.ErrorSummary
	Campaign   string
	Slug       string
	Currency   money.Currency // the only one, when there is no choice
	Choose     page.Field     // in which currency; zero when there is no choice
	Company    page.Field     // with Options when there are several
	CompanyID  string         // when there is one
	Through    page.Field     // through which cluster; zero when there is no choice
	Amount     page.Field
	When       page.Choices
	DueOn      page.Field
	Number     page.Field
	For        page.Field // what the money is for; zero when the campaign has no purposes
	Order      page.Field // the company's purchase order
	Visibility page.Choices
	Message    page.Field
	Steps      page.Steps
}

// typed is the form of a promise as it came, right or wrong.
type typed struct {
	campaign, company, through, amount, currency, when, dueOn, number, purpose, order, visibility, message string
}

func readTyped(f url.Values) typed {
	return typed{
		campaign: f.Get("campaign"), company: f.Get("company"), through: f.Get("through"), amount: f.Get("amount"), currency: f.Get("currency"),
		when: f.Get("when"), dueOn: f.Get("due_on"), number: f.Get("number"), purpose: f.Get("purpose"), order: f.Get("purchase_order"), visibility: f.Get("visibility"),
		message: page.Text(f, "message"),
	}
}

// newPledge serves GET /portal/pledges/new?campaign=slug: the form of a promise. Without a
// campaign, the visitor picks one; the only one is picked already.
func (p *Portal) newPledge(c echo.Context) error {
	person := visitor(c)
	if len(payingPosts(person)) == 0 {
		return fault.New(fault.Forbidden, "company.viewer_cannot_pay")
	}
	slug := c.QueryParam("campaign")
	if slug == "" {
		return p.chooseCampaign(c, person)
	}
	camp, err := campaign.BySlug(c.Request().Context(), p.db, slug)
	if err != nil {
		return err
	}
	if !camp.TakesPledges(p.now()) {
		return fault.New(fault.Conflict, "campaign.closed")
	}
	return p.showPromise(c, camp, typed{when: "now", currency: string(camp.Goal.Currency), visibility: string(giving.Named)}, page.Form{})
}

// showPromise lays the form out with what was typed and what was wrong with it.
func (p *Portal) showPromise(c echo.Context, camp campaign.Campaign, t typed, form page.Form) error {
	purposes, err := p.earmarks(c, camp)
	if err != nil {
		return err
	}
	rates, err := p.rates(c.Request().Context(), camp)
	if err != nil {
		return err
	}
	through, err := p.throughField(c.Request().Context(), page.Of(c).Lang, camp, visitor(c), t.through)
	if err != nil {
		return err
	}
	return c.Render(form.Status(), "portal/promise", newPromisePage(c, camp, t, form, purposes, rates, through))
}

func (p *Portal) chooseCampaign(c echo.Context, person member.Person) error {
	var open []campaign.Campaign
	for _, post := range payingPosts(person) {
		theirs, err := campaign.OpenToCompany(c.Request().Context(), p.db, post.CompanyID, p.now())
		if err != nil {
			return err
		}
		for _, one := range theirs {
			if !slices.ContainsFunc(open, func(o campaign.Campaign) bool { return o.ID == one.ID }) {
				open = append(open, one)
			}
		}
	}
	if len(open) == 1 {
		return c.Redirect(http.StatusSeeOther, newPledgePath(open[0].Slug))
	}
	v := choosePage{Base: page.Of(c)}
	v.Empty = page.Empty{Title: v.Lang.T("portal.choose_none"), Text: v.Lang.T("portal.choose_none_text")}
	for _, one := range open {
		v.Campaigns = append(v.Campaigns, openCampaign{newPledgePath(one.Slug), in(v.Lang, one.Title.UK, one.Title.EN), in(v.Lang, one.Summary.UK, one.Summary.EN)})
	}
	return c.Render(http.StatusOK, "portal/choose", v)
}

func newPledgePath(slug string) string {
	return "/portal/pledges/new?" + url.Values{"campaign": {slug}}.Encode()
}

// makePledge serves POST /portal/pledges. A promise to pay in parts is shown as a plan
// first, and made when the plan is sent back. Who pays now lands at the form to pay; what
// was wrong is said all at once, with everything that was typed.
func (p *Portal) makePledge(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	t, person, ctx := readTyped(form), visitor(c), c.Request().Context()
	camp, err := campaign.BySlug(ctx, p.db, t.campaign)
	if err != nil {
		return err
	}
	if _, err := postOf(person, t.company); err != nil && t.company != "" {
		return err
	}
	if form.Get("step") == "edit" {
		return p.showPromise(c, camp, t, page.Form{})
	}
	promise, err := p.read(ctx, t, camp, person)
	if err == nil && promise.Rhythm != giving.Once {
		return p.plan(c, form, t, camp, promise)
	}
	return p.make(c, camp, t, promise, err)
}

// make makes a promise, unless reading it has failed already.
func (p *Portal) make(c echo.Context, camp campaign.Campaign, t typed, promise giving.Promise, err error) error {
	ctx, id := c.Request().Context(), ""
	if err == nil {
		id, err = giving.MakePledge(ctx, p.db, p.now, promise)
	}
	if err != nil {
		wrong, err := page.NewForm(page.Of(c).Lang, err)
		if err != nil {
			return err
		}
		return p.showPromise(c, camp, t, wrong)
	}
	p.announce(ctx, "a pledge", id)
	if t.when == "now" {
		return c.Redirect(http.StatusSeeOther, pledgePath(id)+"?notice=made#pay")
	}
	return c.Redirect(http.StatusSeeOther, pledgePath(id)+"?notice=made")
}

// announce tells other processes that public pages have changed. What has happened has
// happened whether or not they hear of it now; pages ask by themselves later.
func (p *Portal) announce(ctx context.Context, what, id string) {
	if err := pg.Announce(ctx, p.db, pg.PublicChanged); err != nil {
		p.log.Warn(what+" could not be announced", "pledge", id, "error", err)
	}
}

// read turns what was typed into a promise, or says all that is wrong with it as one
// fault.Form, in the order of the fields.
func (p *Portal) read(ctx context.Context, t typed, camp campaign.Campaign, person member.Person) (giving.Promise, error) {
	promise := giving.Promise{
		CampaignSlug: camp.Slug, CompanyID: t.company, PersonID: person.ID, Rhythm: rhythms[t.when],
		Visibility: giving.Visibility(t.visibility), Message: t.message, PurchaseOrder: t.order,
	}
	var form fault.Form
	if t.company == "" {
		form = append(form, fault.In("company", "pledge.company_missing"))
	}
	var err error
	promise.ThroughID, err = p.readThrough(ctx, t, camp)
	if err := form.Add("through", err); err != nil {
		return promise, err
	}
	rates, err := p.rates(ctx, camp)
	if err != nil {
		return promise, err
	}
	promise.Amount, err = readAmount(t, camp.Goal.Currency, rates)
	if err := form.Add("amount", err); err != nil {
		return promise, err
	}
	amountRead := !slices.ContainsFunc(form, func(f *fault.Fault) bool { return f.Field == "amount" })
	form = append(form, p.readWhen(t, amountRead, &promise)...)
	if promise.PurposeID, promise.NeedID, err = readEarmark(ctx, p.db, t.purpose); err != nil {
		return promise, err
	}
	var more fault.Form
	if errors.As(promise.Check(p.now()), &more) {
		for _, f := range more {
			if !slices.ContainsFunc(form, func(o *fault.Fault) bool { return o.Field == f.Field }) {
				form = append(form, f)
			}
		}
	}
	return promise, form.Err()
}

// readAmount reads the amount in the chosen currency. A form that names one that the
// campaign does not take is not of this campaign, whatever its number says. What could never
// be paid is no promise.
func readAmount(t typed, own money.Currency, rates []exchange.Rate) (money.Amount, error) {
	c, err := readCurrency(t.currency, own, rates)
	if err != nil {
		return money.Amount{}, err
	}
	amount, err := money.Parse(t.amount, c)
	if err != nil {
		return amount, err
	}
	if least := gateway.Least(c); amount.Minor < least.Minor {
		return amount, fault.New(fault.Invalid, "pledge.amount_below_minimum", least)
	}
	return amount, nil
}

func newPromisePage(c echo.Context, camp campaign.Campaign, t typed, form page.Form, purposes []page.Option, rates []exchange.Rate, through page.Field) promisePage {
	b := page.Of(c)
	b.Path = newPledgePath(camp.Slug)
	l, person := b.Lang, visitor(c)
	v := promisePage{
		Base: b, Campaign: in(l, camp.Title.UK, camp.Title.EN), Slug: camp.Slug, Currency: camp.Goal.Currency,
		Choose: currencyField(l, camp.Goal.Currency, rates, t.currency),
		Amount: page.Field{
			ID: "amount", Name: "amount", Label: l.T("portal.new.amount"), Hint: l.T("portal.new.amount_hint"), Error: form.Error("amount"),
			Value: t.amount, Sum: true, Unit: string(camp.Goal.Currency),
		},
		When: page.NewChoices("when", l.T("portal.new.when"), t.when,
			page.Option{Value: "now", Text: l.T("portal.when.now"), Note: l.T("portal.when.now_note")},
			page.Option{Value: "date", Text: l.T("portal.when.date"), Note: l.T("portal.when.date_note")},
			page.Option{Value: "monthly", Text: l.T("portal.when.monthly"), Note: l.T("portal.when.monthly_note")},
			page.Option{Value: "quarterly", Text: l.T("portal.when.quarterly"), Note: l.T("portal.when.quarterly_note")},
			page.Option{Value: "dates", Text: l.T("portal.when.dates"), Note: l.T("portal.when.dates_note")}),
		DueOn: page.Field{
			ID: "due_on", Name: "due_on", Type: "date", Label: l.T("portal.new.due_on"), Hint: l.T("portal.new.due_on_hint"),
			Error: form.Error("due_on"), Value: t.dueOn,
		},
		Number: page.Field{
			ID: "number", Name: "number", Label: l.T("portal.new.number"), Hint: l.T("portal.new.number_hint", giving.MaxInstalments),
			Error: form.Error("number"), Value: t.number, Numeric: true,
		},
		Order: page.Field{
			ID: "purchase_order", Name: "purchase_order", Label: l.T("portal.new.order"), Hint: l.T("portal.new.order_hint"),
			Error: form.Error("purchase_order"), Value: t.order, Optional: true, Autocomplete: "off",
		},
		Visibility: page.NewChoices("visibility", l.T("portal.new.visibility"), t.visibility,
			visibilityOption(l, giving.Named), visibilityOption(l, giving.AmountHidden), visibilityOption(l, giving.Anonymous)),
		Message: page.Field{
			ID: "message", Name: "message", Label: l.T("portal.new.message"), Hint: l.T("portal.new.message_hint"), Error: form.Error("message"),
			Value: t.message, Rows: 4, Optional: true,
		},
		Steps: page.Steps{Items: []page.Step{
			{Title: l.T("portal.step.promise"), Text: l.T("portal.step.promise_text")},
			{Title: l.T("portal.step.pay"), Text: l.T("portal.step.pay_text")},
			{Title: l.T("portal.step.see"), Text: l.T("portal.step.see_text")},
		}},
	}
	if v.Choose.Name != "" {
		v.Amount.Unit = "" // the choice beside it says
	}
	if len(purposes) > 0 {
		v.For = page.Field{ID: "purpose", Name: "purpose", Label: l.T("portal.new.for_what"), Hint: l.T("portal.new.for_what_hint"), Error: form.Error("purpose")}
		v.For.Options = chosen(purposes, t.purpose)
	}
	v.When.Error, v.Visibility.Error = form.Error("when"), form.Error("visibility")
	v.Company, v.CompanyID = companyField(l, person, t.company)
	v.Company.Error = form.Error("company")
	v.Through = through
	v.Through.Error = form.Error("through")
	v.Errors = form.Summary(map[string]string{
		"company": v.Company.Label, "through": v.Through.Label, "amount": v.Amount.Label, "when": v.When.Legend, "due_on": v.DueOn.Label,
		"number": v.Number.Label, "purpose": v.For.Label, "purchase_order": v.Order.Label,
		"visibility": v.Visibility.Legend, "message": v.Message.Label,
	})
	return v
}

func visibilityOption(l i18n.Lang, v giving.Visibility) page.Option {
	return page.Option{Value: string(v), Text: l.T("portal.visibility." + string(v)), Note: l.T("portal.visibility." + string(v) + "_note")}
}

// companyField asks for which company the visitor speaks, unless there is only one.
func companyField(l i18n.Lang, person member.Person, chosen string) (page.Field, string) {
	f := page.Field{ID: "company", Name: "company", Label: l.T("portal.new.company")}
	posts := payingPosts(person)
	if len(posts) == 1 {
		f.Value = in(l, posts[0].Name.UK, posts[0].Name.EN)
		return f, posts[0].CompanyID
	}
	f.Options = []page.Option{{Text: l.T("portal.new.choose_company"), Chosen: chosen == ""}}
	for _, post := range posts {
		f.Options = append(f.Options, page.Option{
			Value: post.CompanyID, Text: in(l, post.Name.UK, post.Name.EN), Chosen: post.CompanyID == chosen,
		})
	}
	return f, ""
}
