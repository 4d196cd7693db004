package office

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/spending"
	"kopiyka/internal/web/page"
)

func statusOf(l i18n.Lang, a spending.Allocation) page.Status {
	switch a.Decision {
	case "approved":
		return page.NewStatus(l, page.Aside)
	case "refused":
		return page.NewStatus(l, page.Closed).Saying(l.T("office.refused"))
	}
	return page.NewStatus(l, page.Waits)
}

type allocationPage struct {
	page.Base
	Errors   page.ErrorSummary
	Notice   page.Notice
	Title    string
	Campaign string
	Status   page.Status
	Sum      page.Sum
	Purpose  string
	Reason   string
	Free     *page.Sum // now, while it waits
	Marked   *page.Sum // what companies gave for it alone, which is drawn first; nil when nothing is
	Rest     *page.Sum // free after approval; nil when the fund does not cover it
	Waits    bool      // nobody has decided
	Decision page.Decision
	Steps    []step
}

// Uncovered reports whether the fund has too little for a proposal that waits.
func (p allocationPage) Uncovered() bool { return p.Waits && p.Rest == nil }

// step is one act of the allocation's history.
type step struct {
	When page.Moment
	Text string
	Note string
}

// allocation serves GET /office/allocations/:id.
func (o *Office) allocation(c echo.Context) error {
	a, err := spending.AllocationFor(c.Request().Context(), o.db, visitor(c).ID, c.Param("id"))
	if err != nil {
		return err
	}
	v, err := o.newAllocationPage(c, a, "", page.Form{})
	if err != nil {
		return err
	}
	v.Notice = notice(v.Lang, c.QueryParam("notice"))
	return c.Render(http.StatusOK, "office/allocation", v)
}

// notice says what has just happened. What stands in the address only picks the sentence.
func notice(l i18n.Lang, name string) page.Notice {
	switch name {
	case "proposed", "approved", "refused":
		return page.Notice{Title: l.T("office.notice." + name), Text: l.T("office.notice." + name + "_text"), Live: true}
	}
	return page.Notice{}
}

// forWhat names the purpose of an allocation, and the one need of it.
func forWhat(l i18n.Lang, a spending.Allocation) string {
	if a.NeedID != "" {
		return in(l, a.PurposeUK, a.PurposeEN) + ": " + in(l, a.NeedUK, a.NeedEN)
	}
	return in(l, a.PurposeUK, a.PurposeEN)
}

func (o *Office) toAllocation(c echo.Context) error {
	if !pg.IsID(c.Param("id")) {
		return fault.New(fault.NotFound, "allocation.unknown")
	}
	return c.Redirect(http.StatusSeeOther, allocationPath(c.Param("id")))
}

// approve serves POST /office/allocations/:id/approve: the money moves, in the name of both.
func (o *Office) approve(c echo.Context) error {
	return o.decide(c, "approved", func(person, note string) error {
		if err := spending.Approve(c.Request().Context(), o.db, o.now, c.Param("id"), person, note); err != nil {
			return err
		}
		announce(c, o, "an approval", c.Param("id"))
		return nil
	})
}

// refuse serves POST /office/allocations/:id/refuse. It needs a reason.
func (o *Office) refuse(c echo.Context) error {
	return o.decide(c, "refused", func(person, reason string) error {
		return spending.Refuse(c.Request().Context(), o.db, o.now, c.Param("id"), person, reason)
	})
}

func (o *Office) decide(c echo.Context, done string, act func(person, reason string) error) error {
	return decide(c, allocationPath(c.Param("id")), done, act, func(reason string, wrong page.Form) error {
		a, err := spending.AllocationFor(c.Request().Context(), o.db, visitor(c).ID, c.Param("id"))
		if err != nil {
			return err
		}
		v, err := o.newAllocationPage(c, a, reason, wrong)
		if err != nil {
			return err
		}
		return c.Render(wrong.Status(), "office/allocation", v)
	})
}

func (o *Office) newAllocationPage(c echo.Context, a spending.Allocation, reason string, form page.Form) (allocationPage, error) {
	b := page.Of(c)
	b.Path = allocationPath(a.ID)
	l := b.Lang
	both := twoPeople{allocationPath(a.ID), a.ClusterID, a.ProposedBy, a.ProposerName, a.ProposedAt, a.Decision, a.DeciderName, a.DecidedAt}
	v := allocationPage{
		Base:     b,
		Errors:   form.Summary(map[string]string{"reason": l.T("office.decide.reason")}),
		Campaign: in(l, a.CampaignUK, a.CampaignEN), Purpose: forWhat(l, a),
		Title:  l.T("office.allocation.title", in(l, a.PurposeUK, a.PurposeEN)),
		Status: statusOf(l, a), Sum: l.Sum(a.Amount()), Reason: a.Reason, Steps: steps(l, a),
		Decision: newDecision(l, visitor(c), both, decisionWords, l.T("office.decide.approve", a.Amount()), l.T("office.decide.rule"), reason, form),
	}
	if a.Decision != "" {
		return v, nil
	}
	v.Waits = true
	return v, o.addCover(c, &v, a)
}

// addCover tells what there is for a proposal that waits: what was earmarked for it, which
// goes first, and what the campaign's fund holds.
func (o *Office) addCover(c echo.Context, v *allocationPage, a spending.Allocation) error {
	cover, err := spending.CoverFor(c.Request().Context(), o.db, a)
	if err != nil {
		return err
	}
	free := v.Lang.Sum(cover.Free)
	v.Free = &free
	if !cover.Earmarked.IsZero() {
		marked := v.Lang.Sum(cover.Earmarked)
		v.Marked = &marked
	}
	if cover.All().Minor >= a.AmountMinor {
		rest := v.Lang.Sum(money.Of(min(cover.Free.Minor, cover.All().Minor-a.AmountMinor), a.Currency))
		v.Rest = &rest
	}
	return nil
}

func steps(l i18n.Lang, a spending.Allocation) []step {
	all := []step{{When: l.Moment(a.ProposedAt), Text: l.T("office.step.proposed", a.ProposerName, a.Amount()), Note: a.Reason}}
	if a.Decision != "" {
		all = append(all, step{When: l.Moment(a.DecidedAt.Time), Text: l.T("office.step."+a.Decision, a.DeciderName, a.Amount()), Note: a.DecisionReason})
	}
	return all
}
