package office

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/document"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/page"
)

type paymentPage struct {
	page.Base
	Errors   page.ErrorSummary
	Notice   page.Notice
	Title    string
	Campaign page.Link
	Status   page.Status
	Sums     []page.Pair
	Facts    []named
	Ask      string // where the question to Stripe is posted; empty when there is none to ask
	Why      string // why this visitor cannot ask
	Refund   string // address of the form; empty when nothing can be asked for, or not by this visitor
	Refunds  page.Table
	Papers   page.Papers
	Pledge   page.Link
	Timeline []happening
}

// named is a name and a text beside it; Code is set as such, to be copied.
type named struct{ Text, Value, Code string }

// payment serves GET /office/payments/:id: the payment and everything that happened to it.
func (o *Office) payment(c echo.Context) error {
	f, err := giving.PaymentFor(c.Request().Context(), o.db, visitor(c).ID, c.Param("id"))
	if err != nil {
		return err
	}
	v, err := o.newPaymentPage(c, f)
	if err != nil {
		return err
	}
	if c.QueryParam("notice") == "asked" {
		v.Notice = page.Notice{Title: v.Lang.T("desk.notice.asked"), Text: v.Lang.T("desk.notice.asked_text"), Live: true}
	}
	return c.Render(http.StatusOK, "office/payment", v)
}

func (o *Office) newPaymentPage(c echo.Context, f giving.Found) (paymentPage, error) {
	b := page.Of(c)
	b.Path = paymentPath(f.ID)
	l := b.Lang
	v := paymentPage{
		Base: b, Title: l.T("desk.payment.title", in(l, f.CompanyUK, f.CompanyEN)), Status: paymentStatus(l, f.State),
		Pledge:   page.Link{Href: pledgePath(f.PledgeID), Text: l.T("desk.column.pledge")},
		Campaign: page.Link{Href: b.In("/campaigns/" + f.Slug), Text: in(l, f.CampaignUK, f.CampaignEN)},
	}
	for _, s := range []struct {
		name  string
		minor int64
	}{{"amount", f.AmountMinor}, {"received", f.ReceivedMinor}, {"refunded", f.RefundedMinor}, {"fee", f.FeeMinor}, {"disputed", f.DisputedMinor}, {"lost", f.LostMinor}} {
		if s.minor == 0 && (s.name == "disputed" || s.name == "lost") {
			continue
		}
		v.Sums = append(v.Sums, page.Pair{Text: l.T("desk.column." + s.name), Sum: l.Sum(money.Of(s.minor, f.Currency))})
	}
	v.Facts = paymentFacts(l, f)
	switch {
	case f.Way == giving.ByBank || f.SessionID+f.IntentID+f.InvoiceID == "": // Stripe knows nothing of it
	case actsIn(visitor(c), f.ClusterID):
		v.Ask = paymentPath(f.ID) + "/ask"
	default:
		v.Why = l.Fault(fault.New(fault.Forbidden, "role.read_only"))
	}
	if mayRefund(visitor(c), f) {
		v.Refund = refundFormPath(f.ID)
	}
	refunds, err := giving.RefundsFor(c.Request().Context(), o.db, visitor(c).ID, giving.RefundSearch{Text: f.ID}, "", giving.PageSize)
	if err != nil {
		return v, err
	}
	v.Refunds = refundTable(l, refunds)
	if v.Papers, err = o.papersOf(c, l, document.Of{Payment: f.ID}); err != nil {
		return v, err
	}
	v.Timeline, err = o.timeline(c, l, f)
	return v, err
}

func refundTable(l i18n.Lang, refunds []giving.RefundSeen) page.Table {
	columns, rows := refundRows(l, refunds)
	return page.NewTable("", columns, rows)
}

func paymentFacts(l i18n.Lang, f giving.Found) []named {
	all := []named{
		{Text: l.T("desk.column.reference"), Code: f.Reference.String()},
		{Text: l.T("desk.column.way"), Value: l.T("desk.way." + string(f.Way))},
		{Text: l.T("desk.payment.method"), Code: f.Method},
		{Text: l.T("desk.payment.by"), Value: f.StartedBy},
		{Text: l.T("desk.payment.charged"), Value: chargeOf(l, f.Payment)},
		{Text: l.T("desk.payment.rate"), Value: f.ExchangeRate},
		{Text: l.T("desk.payment.decline"), Code: f.Decline},
		{Text: l.T("desk.column.session"), Code: f.SessionID},
		{Text: l.T("desk.column.intent"), Code: f.IntentID},
		{Text: l.T("desk.column.charge"), Code: f.ChargeID},
		{Text: l.T("desk.column.invoice"), Code: f.InvoiceID},
		{Text: l.T("desk.payment.synced"), Value: l.DateTime(f.SyncedAt.Time)},
		{Text: l.T("desk.column.payment"), Code: f.ID},
	}
	var known []named
	for _, n := range all {
		if n.Value != "" || n.Code != "" {
			known = append(known, n)
		}
	}
	return known
}

// chargeOf is what the payer was asked for in another currency than the campaign's.
func chargeOf(l i18n.Lang, p giving.Payment) string {
	if !p.Foreign() {
		return ""
	}
	return l.Money(p.Charge())
}

func (o *Office) toPayment(c echo.Context) error {
	if !pg.IsID(c.Param("id")) {
		return fault.New(fault.NotFound, "payment.unknown")
	}
	return c.Redirect(http.StatusSeeOther, paymentPath(c.Param("id")))
}

// askStripe serves POST /office/payments/:id/ask: what Stripe says of the payment now is
// written down, as after a webhook.
func (o *Office) askStripe(c echo.Context) error {
	ctx, person := c.Request().Context(), visitor(c).ID
	f, err := giving.AskingStripe(ctx, o.db, o.now, person, c.Param("id"))
	if err != nil {
		return err
	}
	if err := o.gateway.Sync(ctx, f.ID, ""); err != nil {
		var silent *gateway.StripeError
		if !errors.As(err, &silent) {
			return err
		}
		slog.WarnContext(ctx, "Stripe was asked by a person and did not answer", "payment", f.ID, "error", gateway.Describe(err))
		v, err := o.newPaymentPage(c, f)
		if err != nil {
			return err
		}
		form, err := page.NewForm(v.Lang, fault.New(fault.Unavailable, "payment.stripe_silent"))
		if err != nil {
			return err
		}
		v.Errors = form.Summary(nil)
		return c.Render(form.Status(), "office/payment", v)
	}
	return c.Redirect(http.StatusSeeOther, paymentPath(f.ID)+"?notice=asked")
}
