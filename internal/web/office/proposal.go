package office

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/campaign"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/spending"
	"kopiyka/internal/web/page"
)

type proposalPage struct {
	page.Base
	Errors   page.ErrorSummary
	Campaign string
	Action   string
	Currency money.Currency
	Free     page.Sum
	Asked    page.Sum
	Marked   *page.Sum // earmarked for purposes and needs of the campaign; nil when nothing is
	Purpose  page.Choices
	Amount   page.Field
	Reason   page.Field
}

// typed is the form of a proposal as it came, right or wrong.
type typed struct{ purpose, amount, reason string }

// newAllocation serves GET /office/campaigns/:slug/allocations/new.
func (o *Office) newAllocation(c echo.Context) error {
	purse, err := o.purse(c)
	if err != nil {
		return err
	}
	return o.showProposal(c, purse, typed{}, page.Form{})
}

func (o *Office) toNewAllocation(c echo.Context) error {
	return c.Redirect(http.StatusSeeOther, proposePath(c.Param("slug"))+"/new")
}

// purse finds the campaign of the address among those that the visitor runs, and asks for
// the role that proposes. What a stranger asks for is not there.
func (o *Office) purse(c echo.Context) (spending.Purse, error) {
	person := visitor(c)
	all, err := spending.Purses(c.Request().Context(), o.db, person.ID)
	if err != nil {
		return spending.Purse{}, err
	}
	for _, p := range all {
		if p.Slug != c.Param("slug") {
			continue
		}
		if !holds(person, p.ClusterID, member.Coordinator) {
			return p, fault.New(fault.Forbidden, "allocation.role.coordinator")
		}
		return p, nil
	}
	return spending.Purse{}, fault.New(fault.NotFound, "campaign.unknown")
}

// propose serves POST /office/campaigns/:slug/allocations. No money moves: that is for the
// second person to do.
func (o *Office) propose(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	purse, err := o.purse(c)
	if err != nil {
		return err
	}
	t := typed{form.Get("purpose"), form.Get("amount"), page.Text(form, "reason")}
	proposal, err := read(t, form, purse, visitor(c).ID)
	id := ""
	if err == nil {
		id, err = spending.Propose(c.Request().Context(), o.db, o.now, proposal)
	}
	if err != nil {
		wrong, err := page.NewForm(page.Of(c).Lang, err)
		if err != nil {
			return err
		}
		return o.showProposal(c, purse, t, wrong)
	}
	return c.Redirect(http.StatusSeeOther, allocationPath(id)+"?notice=proposed")
}

// read turns what was typed into a proposal, or says all that is wrong with it at once, in
// the order of the fields.
func read(t typed, f url.Values, purse spending.Purse, person string) (spending.Proposal, error) {
	purpose, need, _ := strings.Cut(t.purpose, ":")
	p := spending.Proposal{CampaignID: purse.CampaignID, PurposeID: purpose, NeedID: need, Reason: t.reason, PersonID: person}
	var amountWrong error
	if f.Get("currency") != string(purse.Currency) {
		amountWrong = fault.New(fault.Invalid, "pledge.other_currency", string(purse.Currency))
	} else {
		p.Amount, amountWrong = money.Parse(t.amount, purse.Currency)
	}
	var all, form fault.Form
	if err := p.Check(); err != nil && !errors.As(err, &all) {
		return p, err
	}
	for _, one := range all {
		if one.Field != "amount" {
			form = append(form, one)
			continue
		}
		if err := form.Add("amount", amountWrong); err != nil {
			return p, err
		}
	}
	return p, form.Err()
}

func (o *Office) showProposal(c echo.Context, purse spending.Purse, t typed, form page.Form) error {
	purposes, err := campaign.Purposes(c.Request().Context(), o.db, purse.CampaignID)
	if err != nil {
		return err
	}
	needs, err := campaign.Needs(c.Request().Context(), o.db, purse.CampaignID)
	if err != nil {
		return err
	}
	b := page.Of(c)
	b.Path = proposePath(purse.Slug) + "/new"
	l := b.Lang
	options := purposeOptions(l, purposes, needs)
	v := proposalPage{
		Base: b, Campaign: in(l, purse.TitleUK, purse.TitleEN), Action: proposePath(purse.Slug), Currency: purse.Currency,
		Free: l.Sum(purse.Free()), Asked: l.Sum(money.Of(purse.Asked, purse.Currency)),
		Purpose: page.NewChoices("purpose", l.T("office.new.purpose"), t.purpose, options...),
		Amount: page.Field{
			ID: "amount", Name: "amount", Label: l.T("office.new.amount"), Hint: l.T("office.new.amount_hint", purse.Free()),
			Error: form.Error("amount"), Value: t.amount, Sum: true, Unit: string(purse.Currency),
		},
		Reason: page.Field{
			ID: "reason", Name: "reason", Label: l.T("office.new.reason"), Hint: l.T("office.new.reason_hint"),
			Error: form.Error("reason"), Value: t.reason, Rows: 5,
		},
	}
	if purse.Earmarked > 0 {
		marked := l.Sum(money.Of(purse.Earmarked, purse.Currency))
		v.Marked = &marked
	}
	v.Purpose.Error = form.Error("purpose")
	v.Errors = form.Summary(map[string]string{"purpose": v.Purpose.Legend, "amount": v.Amount.Label, "reason": v.Reason.Label})
	return c.Render(form.Status(), "office/proposal", v)
}

// purposeOptions offers each purpose as a whole and each of its needs. Money that companies
// gave for one need can be set aside for that need alone.
func purposeOptions(l i18n.Lang, purposes []campaign.Purpose, needs []campaign.Need) []page.Option {
	var all []page.Option
	for _, p := range purposes {
		title := in(l, p.Title.UK, p.Title.EN)
		all = append(all, page.Option{Value: p.ID, Text: title, Note: in(l, p.About.UK, p.About.EN)})
		for _, n := range needs {
			if n.PurposeID == p.ID {
				all = append(all, page.Option{Value: p.ID + ":" + n.ID, Text: title + ": " + in(l, n.Item.UK, n.Item.EN)})
			}
		}
	}
	return all
}
