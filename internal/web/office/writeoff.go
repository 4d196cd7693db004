package office

import (
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/life"
	"kopiyka/internal/web/page"
)

type writeOffPage struct {
	page.Base
	Errors   page.ErrorSummary
	Notice   page.Notice
	Company  string
	Campaign string
	Back     string // the pledge
	Status   page.Status
	Sum      page.Sum
	Code     string
	Reason   string
	Parts    page.Table
	Refusal  string // why it was refused
	Decision page.Decision
}

// writeOff serves GET /office/write-offs/:id.
func (o *Office) writeOff(c echo.Context) error {
	v, err := o.newWriteOffPage(c, "", page.Form{})
	if err != nil {
		return err
	}
	switch name := c.QueryParam("notice"); name {
	case "write_off_proposed", "write_off_approved", "write_off_refused":
		v.Notice = page.Notice{Title: v.Lang.T("office.notice." + name), Text: v.Lang.T("office.notice." + name + "_text"), Live: true}
	}
	return c.Render(http.StatusOK, "office/write-off", v)
}

func (o *Office) toWriteOff(c echo.Context) error {
	if !pg.IsID(c.Param("id")) {
		return fault.New(fault.NotFound, "pledge.write_off_unknown")
	}
	return c.Redirect(http.StatusSeeOther, writeOffPath(c.Param("id")))
}

// approveWriteOff serves POST /office/write-offs/:id/approve: the pledge asks for less, in
// the name of both people.
func (o *Office) approveWriteOff(c echo.Context) error {
	return o.decideWriteOff(c, "write_off_approved", func(person, _ string) error {
		if err := giving.ApproveWriteOff(c.Request().Context(), o.db, o.now, c.Param("id"), person); err != nil {
			return err
		}
		announce(c, o, "a write-off", c.Param("id"))
		return nil
	})
}

// refuseWriteOff serves POST /office/write-offs/:id/refuse. It needs a reason.
func (o *Office) refuseWriteOff(c echo.Context) error {
	return o.decideWriteOff(c, "write_off_refused", func(person, reason string) error {
		return giving.RefuseWriteOff(c.Request().Context(), o.db, o.now, c.Param("id"), person, reason)
	})
}

func (o *Office) decideWriteOff(c echo.Context, done string, act func(person, reason string) error) error {
	return decide(c, writeOffPath(c.Param("id")), done, act, func(reason string, wrong page.Form) error {
		v, err := o.newWriteOffPage(c, reason, wrong)
		if err != nil {
			return err
		}
		return c.Render(wrong.Status(), "office/write-off", v)
	})
}

func (o *Office) newWriteOffPage(c echo.Context, reason string, form page.Form) (writeOffPage, error) {
	ctx, person := c.Request().Context(), visitor(c)
	w, parts, err := giving.WriteOffFor(ctx, o.db, c.Param("id"), person.ID)
	if err != nil {
		return writeOffPage{}, err
	}
	p, err := giving.PledgeFor(ctx, o.db, w.PledgeID, person.ID)
	if err != nil {
		return writeOffPage{}, err
	}
	b := page.Of(c)
	b.Path = writeOffPath(w.ID)
	l := b.Lang
	both := twoPeople{writeOffPath(w.ID), p.ClusterID, w.ProposedBy, w.ProposerName, w.ProposedAt, w.Decision, w.DeciderName, w.DecidedAt}
	return writeOffPage{
		Base: b, Errors: form.Summary(map[string]string{"reason": l.T("office.decide.reason")}), Company: life.In(l, p.Company), Campaign: life.In(l, p.Campaign),
		Back: pledgePath(p.ID), Status: writeOffStatus(l, w), Sum: l.Sum(w.Amount()), Code: l.T("life.code." + string(w.Code)), Reason: w.Reason,
		Parts: life.Parts(l, w.Currency, parts), Refusal: w.DecisionReason,
		Decision: newDecision(l, person, both, decisionWords, l.T("office.write_off.approve", w.Amount()), l.T("office.write_off.rule"), reason, form),
	}, nil
}

// announce tells other processes that public pages have changed. What has happened has
// happened whether or not they hear of it now; pages ask by themselves later.
func announce(c echo.Context, o *Office, what, id string) {
	if err := pg.Announce(c.Request().Context(), o.db, pg.PublicChanged); err != nil {
		slog.WarnContext(c.Request().Context(), what+" could not be announced", "id", id, "error", err)
	}
}
