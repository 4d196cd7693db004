package office

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/page"
)

// refunds serves GET /office/refunds: those that wait for a second person or for Stripe, or
// with ?state=all every one that was asked for.
func (o *Office) refunds(c echo.Context) error {
	v, err := newList(c, "refunds")
	if err != nil {
		return err
	}
	found, err := o.findRefunds(c, v.Asked, v.Asked.After(), giving.PageSize)
	if err != nil {
		return err
	}
	l := v.Lang
	v.Tabbed(v.Asked.Get("state"), page.Link{Text: l.T("desk.refund_tab.waiting")}, page.Link{Href: "all", Text: l.T("desk.refund_tab.all")})
	v.Searching("state", v.Word(l.T("desk.field.payment"), l.T("desk.field.payment_hint")))
	last := ""
	if len(found) > 0 {
		last = found[len(found)-1].ID
	}
	columns, rows := refundRows(l, found)
	v.Shows(columns, rows, len(found) == giving.PageSize, last)
	return send(c, v)
}

func (o *Office) findRefunds(c echo.Context, a page.Asked, after string, limit int) ([]giving.RefundSeen, error) {
	state := a.Get("state")
	if state != "" && state != "all" {
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	return giving.RefundsFor(c.Request().Context(), o.db, visitor(c).ID, giving.RefundSearch{Text: a.Get("q"), Waiting: state == ""}, after, limit)
}

func refundRows(l i18n.Lang, found []giving.RefundSeen) ([]page.Column, [][]page.Cell) {
	columns := []page.Column{
		{Text: l.T("desk.column.refund")}, {Text: l.T("desk.column.asked_by")}, {Text: l.T("desk.column.state")}, {Text: l.T("desk.column.amount"), Sum: true},
	}
	var rows [][]page.Cell
	for _, r := range found {
		sum := l.Sum(r.Amount())
		rows = append(rows, []page.Cell{
			{Text: in(l, r.CompanyUK, r.CompanyEN), Href: refundPath(r.ID), Note: in(l, r.CampaignUK, r.CampaignEN)},
			{Text: r.AskerName, Note: l.DateTime(r.AskedAt)}, {Status: refundStatus(l, r.State), Note: r.Trouble}, {Sum: &sum},
		})
	}
	return columns, rows
}

// refundsFile serves GET /office/refunds.csv.
func (o *Office) refundsFile(c echo.Context) error {
	a, err := page.ReadAsked(c, "/office/refunds")
	if err != nil {
		return err
	}
	l := page.Of(c).Lang
	head := heads(l, "refund", "payment", "company", "campaign", "asked", "asked_by", "reason", "state", "decided", "decided_by", "currency", "amount", "object", "trouble")
	return page.Export(c, "refunds", head, func(after string) (rows [][]string, last string, err error) {
		found, err := o.findRefunds(c, a, after, page.Chunk)
		for _, r := range found {
			last = r.ID
			rows = append(rows, []string{
				r.ID, r.PaymentID, in(l, r.CompanyUK, r.CompanyEN), in(l, r.CampaignUK, r.CampaignEN), stamp(r.AskedAt), r.AskerName, r.Reason,
				l.T("desk.refund_state." + string(r.State)), stamp(r.DecidedAt.Time), r.DeciderName, string(r.Currency), r.Amount().Plain(), r.StripeID, r.Trouble,
			})
		}
		return rows, last, err
	})
}

type requestPage struct {
	page.Base
	Errors   page.ErrorSummary
	Notice   page.Notice
	Title    string
	Payment  string
	Status   page.Status
	Sum      page.Sum
	Facts    []named
	Decision page.Decision
}

// refund serves GET /office/refunds/:id: one refund that was asked for.
func (o *Office) refund(c echo.Context) error {
	v, err := o.newRequestPage(c, "", page.Form{})
	if err != nil {
		return err
	}
	switch name := c.QueryParam("notice"); name {
	case "asked", "sent", "kept", "stopped", "declined":
		v.Notice = page.Notice{Title: v.Lang.T("desk.refund_notice." + name), Text: v.Lang.T("desk.refund_notice_text." + name), Live: true}
	}
	return c.Render(http.StatusOK, "office/refund-request", v)
}

func (o *Office) newRequestPage(c echo.Context, reason string, form page.Form) (requestPage, error) {
	r, err := giving.RefundFor(c.Request().Context(), o.db, visitor(c).ID, c.Param("id"))
	if err != nil {
		return requestPage{}, err
	}
	b := page.Of(c)
	b.Path = refundPath(r.ID)
	l := b.Lang
	v := requestPage{
		Base: b, Errors: form.Summary(map[string]string{"reason": l.T("desk.refund.decline_reason")}), Title: l.T("desk.refund.title", in(l, r.CompanyUK, r.CompanyEN)),
		Payment: paymentPath(r.PaymentID), Status: refundStatus(l, r.State), Sum: l.Sum(r.Amount()), Facts: requestFacts(l, r),
	}
	both := twoPeople{refundPath(r.ID), r.ClusterID, r.AskedBy, r.AskerName, r.AskedAt, verdictOf(r.State), r.DeciderName, r.DecidedAt}
	v.Decision = newDecision(l, visitor(c), both, refundWords, l.T("desk.refund.approve", r.Amount()), "", reason, form)
	if !r.NeedsApproval {
		v.Decision.Seal = nil
	}
	return v, nil
}

var refundWords = words{"desk.refund.asked", "desk.refund.decline_reason", "desk.refund.decline", "fault.refund.own_request", "fault.refund.role.approver", giving.MayDecideRefund}

// verdictOf is what the second person has said of a refund, whatever Stripe said since.
func verdictOf(s giving.RefundState) string {
	switch s {
	case giving.RefundAsked:
		return ""
	case giving.RefundDeclined:
		return "refused"
	}
	return "approved"
}

func requestFacts(l i18n.Lang, r giving.RefundSeen) []named {
	all := []named{
		{Text: l.T("desk.column.campaign"), Value: in(l, r.CampaignUK, r.CampaignEN)}, {Text: l.T("desk.refund.reason"), Value: r.Reason},
		{Text: l.T("desk.column.asked_by"), Value: l.T("desk.refund.by", r.AskerName, l.DateTime(r.AskedAt))},
	}
	if r.DecidedAt.Valid {
		all = append(all, named{Text: l.T("desk.column.decided_by"), Value: l.T("desk.refund.by", r.DeciderName, l.DateTime(r.DecidedAt.Time))})
	}
	charged := ""
	if r.ChargedIn != "" {
		charged = l.Money(r.Charge())
	}
	for _, n := range []named{
		{Text: l.T("desk.refund.charged"), Value: charged}, {Text: l.T("desk.refund.decline_reason"), Value: r.DecisionReason}, {Text: l.T("desk.refund.at_stripe"), Code: r.StripeID}, {Text: l.T("desk.column.trouble"), Code: r.Trouble},
	} {
		if n.Value != "" || n.Code != "" {
			all = append(all, n)
		}
	}
	return all
}

func (o *Office) toRefund(c echo.Context) error {
	if !pg.IsID(c.Param("id")) {
		return fault.New(fault.NotFound, "refund.unknown")
	}
	return c.Redirect(http.StatusSeeOther, refundPath(c.Param("id")))
}

// approveRefund serves POST /office/refunds/:id/approve: the second person agrees, and the
// refund goes to Stripe.
func (o *Office) approveRefund(c echo.Context) error {
	_, err := giving.ApproveRefund(c.Request().Context(), o.db, o.now, c.Param("id"), visitor(c).ID)
	if err != nil {
		return o.notDecided(c, err)
	}
	return o.sendRefund(c, c.Param("id"))
}

// refuseRefund serves POST /office/refunds/:id/refuse. It needs a reason.
func (o *Office) refuseRefund(c echo.Context) error {
	return decide(c, refundPath(c.Param("id")), "declined", func(person, reason string) error {
		return giving.DeclineRefund(c.Request().Context(), o.db, o.now, c.Param("id"), person, reason)
	}, func(reason string, wrong page.Form) error { return o.showRequest(c, reason, wrong) })
}

// notDecided shows the request again with why it was not decided.
func (o *Office) notDecided(c echo.Context, err error) error {
	wrong, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return o.showRequest(c, "", wrong)
}

func (o *Office) showRequest(c echo.Context, reason string, wrong page.Form) error {
	v, err := o.newRequestPage(c, reason, wrong)
	if err != nil {
		return err
	}
	return c.Render(wrong.Status(), "office/refund-request", v)
}
