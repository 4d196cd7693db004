package office

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/gateway"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/page"
)

type refundPage struct {
	page.Base
	Errors   page.ErrorSummary
	Title    string
	Payment  string // address of the payment
	Action   string
	Request  string // the form's own id: a second click is the same request
	Currency string
	Here     page.Sum
	Amount   page.Field
	Reason   page.Field
}

func refundFormPath(payment string) string { return paymentPath(payment) + "/refund" }
func refundPath(id string) string          { return "/office/refunds/" + id }

// mayRefund reports whether the visitor may ask for money of a payment to go back, and
// whether there is any that can go the way it came.
func mayRefund(p member.Person, f giving.Found) bool {
	return holdsAny(p, f.ClusterID, giving.MayAskRefund) && f.IntentID != "" && f.Here() > 0 && f.DisputedMinor == 0 && f.LostMinor == 0
}

// refundForm serves GET /office/payments/:id/refund.
func (o *Office) refundForm(c echo.Context) error {
	f, err := o.refundable(c)
	if err != nil {
		return err
	}
	typed := giving.RefundWish{ID: pg.NewID()}
	return c.Render(http.StatusOK, "office/refund", newRefundPage(c, f, typed, money.Of(f.Here(), f.Currency).Plain(), page.Form{}))
}

// refundable is the payment of the address, for who may ask for a refund.
func (o *Office) refundable(c echo.Context) (giving.Found, error) {
	f, err := giving.PaymentFor(c.Request().Context(), o.db, visitor(c).ID, c.Param("id"))
	if err != nil {
		return f, err
	}
	if !holdsAny(visitor(c), f.ClusterID, giving.MayAskRefund) {
		return f, fault.New(fault.Forbidden, "refund.role."+string(member.Coordinator))
	}
	return f, nil
}

// askRefund serves POST /office/payments/:id/refund. What needs no second person is sent to
// Stripe at once.
func (o *Office) askRefund(c echo.Context) error {
	f, err := o.refundable(c)
	if err != nil {
		return err
	}
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	wish := giving.RefundWish{ID: form.Get("request"), PaymentID: f.ID, PersonID: visitor(c).ID, Reason: page.Text(form, "reason")}
	r, err := o.ask(c, f, &wish, form.Get("amount"), form.Get("currency"))
	if err != nil {
		wrong, err := page.NewForm(page.Of(c).Lang, err)
		if err != nil {
			return err
		}
		return c.Render(wrong.Status(), "office/refund", newRefundPage(c, f, wish, form.Get("amount"), wrong))
	}
	if r.NeedsApproval {
		return c.Redirect(http.StatusSeeOther, refundPath(r.ID)+"?notice=asked")
	}
	return o.sendRefund(c, r.ID)
}

// ask reads the form and asks. All that is wrong with it is told at once.
func (o *Office) ask(c echo.Context, f giving.Found, wish *giving.RefundWish, amount, currency string) (giving.RefundRequest, error) {
	var wrong fault.Form
	a, err := money.Parse(amount, f.Currency)
	if one, ok := fault.As(err); ok {
		wrong = append(wrong, one.About("amount"))
	}
	if currency != string(f.Currency) {
		wrong = append(wrong, fault.In("amount", "pledge.other_currency", string(f.Currency)))
	}
	wish.Amount = a
	var others fault.Form
	if err := wish.Check(); errors.As(err, &others) {
		for _, one := range others {
			if one.Field != "amount" || len(wrong) == 0 {
				wrong = append(wrong, one)
			}
		}
	}
	if err := wrong.Err(); err != nil {
		return giving.RefundRequest{}, err
	}
	return giving.AskRefund(c.Request().Context(), o.db, o.now, *wish)
}

// sendRefund hands an approved refund to Stripe and shows how it stands. Without an answer
// it stays approved, and the healing job sends it again.
func (o *Office) sendRefund(c echo.Context, id string) error {
	notice := "sent"
	if err := o.gateway.Refund(c.Request().Context(), id); err != nil {
		one, ok := fault.As(err)
		switch {
		case ok && one.Kind == fault.Unavailable:
			notice = "kept"
		case ok && one.Kind == fault.Conflict:
			notice = "stopped"
		default:
			return err
		}
		slog.WarnContext(c.Request().Context(), "a refund was not made", "refund", id, "error", gateway.Describe(err))
	}
	return c.Redirect(http.StatusSeeOther, refundPath(id)+"?notice="+notice)
}

func newRefundPage(c echo.Context, f giving.Found, wish giving.RefundWish, amount string, form page.Form) refundPage {
	b := page.Of(c)
	b.Path = refundFormPath(f.ID)
	l := b.Lang
	if !pg.IsID(wish.ID) {
		wish.ID = pg.NewID()
	}
	return refundPage{
		Base: b, Errors: form.Summary(map[string]string{"amount": l.T("desk.column.amount"), "reason": l.T("desk.refund.reason")}),
		Title: l.T("desk.refund.title", in(l, f.CompanyUK, f.CompanyEN)), Payment: paymentPath(f.ID), Action: refundFormPath(f.ID),
		Request: wish.ID, Currency: string(f.Currency), Here: l.Sum(money.Of(max(f.Here(), 0), f.Currency)),
		Amount: page.Field{ID: "amount", Name: "amount", Label: l.T("desk.column.amount"), Hint: l.T("desk.refund.amount_hint", money.Of(max(f.Here(), 0), f.Currency)),
			Error: form.Error("amount"), Value: amount, Sum: true, Unit: string(f.Currency)},
		Reason: page.Field{ID: "reason", Name: "reason", Label: l.T("desk.refund.reason"), Hint: l.T("desk.refund.reason_hint"), Error: form.Error("reason"), Value: wish.Reason, Rows: 4},
	}
}

// refundStates say how each state of a refund looks.
var refundStates = map[giving.RefundState]page.State{
	giving.RefundAsked: page.Waits, giving.RefundApproved: page.Transit, giving.RefundDeclined: page.Closed, giving.RefundSent: page.Transit,
	giving.RefundSucceeded: page.Refunded, giving.RefundFailed: page.Failed, giving.RefundStopped: page.Failed,
}

func refundStatus(l i18n.Lang, s giving.RefundState) page.Status {
	return page.NewStatus(l, refundStates[s]).Saying(l.T("desk.refund_state." + string(s)))
}
