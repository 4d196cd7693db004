package portal

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/web/life"
	"kopiyka/internal/web/page"
)

// actPage is the form of an act on a pledge. Amending has rows; the others ask why alone.
type actPage struct {
	page.Base
	Errors   page.ErrorSummary
	Title    string
	Lead     string
	Campaign string
	Form     page.ActForm
}

type historyPage struct {
	page.Base
	Company  string
	Campaign string
	Back     string
	Status   page.Status
	Schedule page.Stand
	Story    page.Story
}

// history serves GET /portal/pledges/:id/history: the promise and every act on it.
func (p *Portal) history(c echo.Context) error {
	ctx := c.Request().Context()
	pledge, schedule, err := p.seen(c)
	if err != nil {
		return err
	}
	acts, err := giving.HistoryOf(ctx, p.db, pledge)
	if err != nil {
		return err
	}
	parts, err := giving.PromisedParts(ctx, p.db, pledge.ID)
	if err != nil {
		return err
	}
	b := page.Of(c)
	l := b.Lang
	return c.Render(http.StatusOK, "portal/history", historyPage{
		Base: b, Company: life.In(l, pledge.Company), Campaign: life.In(l, pledge.Campaign), Back: pledgePath(pledge.ID),
		Status: life.Status(l, pledge, schedule), Schedule: life.NewStand(l, schedule), Story: life.NewStory(l, pledge, parts, acts),
	})
}

// seen is the pledge of the address with its schedule, as the visitor may see it.
func (p *Portal) seen(c echo.Context) (giving.Pledge, giving.Schedule, error) {
	pledge, err := giving.PledgeOf(c.Request().Context(), p.db, c.Param("id"), visitor(c).ID)
	if err != nil {
		return pledge, giving.Schedule{}, err
	}
	schedule, err := giving.ScheduleOf(c.Request().Context(), p.db, pledge, p.now())
	return pledge, schedule, err
}

// changeable is seen for somebody who may change the pledge.
func (p *Portal) changeable(c echo.Context) (giving.Pledge, giving.Schedule, error) {
	pledge, schedule, err := p.seen(c)
	if err != nil {
		return pledge, schedule, err
	}
	post, err := postOf(visitor(c), pledge.CompanyID)
	if err != nil {
		return pledge, schedule, err
	}
	if !post.Role.MayPay() {
		return pledge, schedule, fault.New(fault.Forbidden, "company.viewer_cannot_pay")
	}
	return pledge, schedule, nil
}

// amendForm serves GET /portal/pledges/:id/amend: what is left, day by day, to be changed.
func (p *Portal) amendForm(c echo.Context) error {
	pledge, schedule, err := p.changeable(c)
	if err != nil {
		return err
	}
	if pledge.Cancelled {
		return fault.New(fault.Conflict, "pledge.cancelled")
	}
	return p.showAmend(c, pledge, schedule, life.RowsLeft(schedule), "", page.Form{})
}

// amend serves POST /portal/pledges/:id/amend. Who was overtaken by another's change is
// shown the pledge as it is now, beside what was typed.
func (p *Portal) amend(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	pledge, schedule, err := p.changeable(c)
	if err != nil {
		return err
	}
	redraw, rows, err := life.ReadRedraw(form, pledge, visitor(c).ID)
	if err == nil {
		err = giving.Amend(c.Request().Context(), p.db, p.now, redraw)
	}
	if err == nil {
		p.announce(c.Request().Context(), "an amendment", pledge.ID)
		return c.Redirect(http.StatusSeeOther, pledgePath(pledge.ID)+"?notice=amended")
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return p.showAmend(c, pledge, schedule, rows, redraw.Reason, faults)
}

func (p *Portal) showAmend(c echo.Context, pledge giving.Pledge, s giving.Schedule, rows []life.Row, reason string, form page.Form) error {
	v := newActPage(c, "amend", pledge, s, reason, form)
	v.Errors = life.Redrawn(v.Lang, &v.Form, pledge, rows, form)
	return c.Render(form.Status(), "portal/act", v)
}

// cancelForm serves GET /portal/pledges/:id/cancel.
func (p *Portal) cancelForm(c echo.Context) error {
	pledge, schedule, err := p.changeable(c)
	if err != nil {
		return err
	}
	switch {
	case pledge.Cancelled:
		return fault.New(fault.Conflict, "pledge.cancelled")
	case schedule.Left().IsZero():
		return fault.New(fault.Conflict, "pledge.nothing_to_cancel")
	}
	return c.Render(http.StatusOK, "portal/act", newActPage(c, "cancel", pledge, schedule, "", page.Form{}))
}

// cancel serves POST /portal/pledges/:id/cancel: what has not come is taken back.
func (p *Portal) cancel(c echo.Context) error {
	return p.act(c, "cancel", "cancelled", func(pledge giving.Pledge, seen, reason string) error {
		return giving.Cancel(c.Request().Context(), p.db, p.now, giving.Cancellation{PledgeID: pledge.ID, PersonID: visitor(c).ID, Seen: seen, Reason: reason})
	})
}

// releaseForm serves GET /portal/pledges/:id/release.
func (p *Portal) releaseForm(c echo.Context) error {
	pledge, schedule, err := p.changeable(c)
	if err != nil {
		return err
	}
	if !pledge.Earmarked() {
		return fault.New(fault.Conflict, "pledge.not_earmarked")
	}
	return c.Render(http.StatusOK, "portal/act", newActPage(c, "release", pledge, schedule, "", page.Form{}))
}

// release serves POST /portal/pledges/:id/release: the money may serve the whole campaign.
func (p *Portal) release(c echo.Context) error {
	return p.act(c, "release", "released", func(pledge giving.Pledge, _, reason string) error {
		return giving.ReleaseEarmark(c.Request().Context(), p.db, p.now, giving.Release{PledgeID: pledge.ID, PersonID: visitor(c).ID, Reason: reason})
	})
}

// act does what a form without rows asks for, and shows it again when that was not to be.
func (p *Portal) act(c echo.Context, name, done string, do func(pledge giving.Pledge, seen, reason string) error) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	pledge, schedule, err := p.changeable(c)
	if err != nil {
		return err
	}
	reason := page.Text(form, "reason")
	if err := do(pledge, form.Get("seen"), reason); err != nil {
		faults, err := page.NewForm(page.Of(c).Lang, err)
		if err != nil {
			return err
		}
		return c.Render(faults.Status(), "portal/act", newActPage(c, name, pledge, schedule, reason, faults))
	}
	p.announce(c.Request().Context(), "an act", pledge.ID)
	return c.Redirect(http.StatusSeeOther, pledgePath(pledge.ID)+"?notice="+done)
}

func newActPage(c echo.Context, name string, pledge giving.Pledge, s giving.Schedule, reason string, form page.Form) actPage {
	b := page.Of(c)
	l := b.Lang
	v := actPage{Base: b, Title: l.T("portal.act." + name), Lead: l.T("portal.act." + name + "_lead"), Campaign: life.In(l, pledge.Campaign), Form: page.ActForm{
		Sums:   []page.Pair{{Text: l.T("portal.act.paid"), Sum: l.Sum(pledge.Paid())}, {Text: l.T("portal.figure.left"), Sum: l.Sum(s.Left())}},
		Action: pledgePath(pledge.ID) + "/" + name, Seen: giving.Seen(pledge, s), Button: l.T("portal.act." + name + "_button"),
		Back: page.Link{Href: pledgePath(pledge.ID), Text: l.T("portal.act.back")},
		Reason: page.Field{
			ID: "reason", Name: "reason", Label: l.T("portal.act.reason"), Hint: l.T("portal.act.reason_hint"), Error: form.Error("reason"), Value: reason, Rows: 3,
		},
	}}
	if pledge.Foreign() {
		v.Form.Counts = l.T("portal.act.counts", life.Counts(l, pledge))
	}
	if name != "amend" {
		v.Form.Warning = l.T("portal.act." + name + "_warning")
	}
	v.Errors = form.Summary(map[string]string{"reason": v.Form.Reason.Label})
	return v
}
