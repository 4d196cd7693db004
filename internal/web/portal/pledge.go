package portal

import (
	"cmp"
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/gateway"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/web/life"
	"kopiyka/internal/web/page"
)

type pledgePage struct {
	page.Base
	Errors       page.ErrorSummary
	Notice       page.Notice
	Company      string
	Campaign     string
	CampaignHref string
	Status       page.Status
	Meter        page.Meter
	Figures      []figure
	Pay          *payForm    // nil: nothing is left, or the visitor may only look
	PayNot       string      // why there is no form although something is left
	Begun        page.Notice // a transfer or an invoice that waits to be paid
	Schedule     *page.Stand // nil: it is paid at once, and nothing has changed
	Payments     page.Table
	Made         page.Moment
	Promise      []fact
	Message      string
	Acts         []page.Link // what the visitor may do besides paying, and the history
	Papers       page.Papers
}

// fact is one thing that was said when the promise was made.
type fact struct{ Name, Text string }

// payForm pays what is due or all that is left by a button, or another amount by a field.
type payForm struct {
	Action string
	Left   page.Sum
	Text   string
	Offers []payOffer
	Part   page.Field
	Open   bool // the form for a part stands open
}

// payOffer is a button that pays an amount by some way.
type payOffer struct {
	Amount, Button string
	Way            giving.Way // empty: by the payment page
	Plain          bool       // not the first choice
}

// pledge serves GET /portal/pledges/:id: what was promised, what came of it, and the form
// to pay what is left.
func (p *Portal) pledge(c echo.Context) error {
	pledge, err := giving.PledgeOf(c.Request().Context(), p.db, c.Param("id"), visitor(c).ID)
	if err != nil {
		return err
	}
	v, err := p.newPledgePage(c, pledge, page.Form{}, "")
	if err != nil {
		return err
	}
	v.Notice = notice(v.Lang, c.QueryParam("notice"))
	return c.Render(http.StatusOK, "portal/pledge", v)
}

// notice says what has just happened. What stands in the address only picks the sentence.
func notice(l i18n.Lang, name string) page.Notice {
	switch name {
	case "made", "unpaid", "amended", "cancelled", "released", "reminded", "issued":
		return page.Notice{Title: l.T("portal.notice." + name), Text: l.T("portal.notice." + name + "_text"), Live: true}
	}
	return page.Notice{}
}

// newPledgePage lays a pledge out. Form is what was wrong with a payment, and typed the
// amount that was asked for.
func (p *Portal) newPledgePage(c echo.Context, pledge giving.Pledge, form page.Form, typed string) (pledgePage, error) {
	b := page.Of(c)
	b.Path = pledgePath(pledge.ID)
	l := b.Lang
	post, err := postOf(visitor(c), pledge.CompanyID)
	if err != nil {
		return pledgePage{}, err
	}
	payments, err := giving.PaymentsOf(c.Request().Context(), p.db, pledge.ID)
	if err != nil {
		return pledgePage{}, err
	}
	schedule, err := giving.ScheduleOf(c.Request().Context(), p.db, pledge, p.now())
	if err != nil {
		return pledgePage{}, err
	}
	v := pledgePage{
		Base:         b,
		Errors:       form.Summary(map[string]string{"amount": l.T("portal.pay.part")}),
		Company:      in(l, post.Name.UK, post.Name.EN),
		Campaign:     in(l, pledge.Campaign.UK, pledge.Campaign.EN),
		CampaignHref: b.In("/campaigns/" + pledge.CampaignSlug),
		Status:       life.Status(l, pledge, schedule),
		Meter:        meter(l, pledge),
		Figures:      figures(l, pledge, payments),
		Payments:     paymentTable(l, payments),
		Made:         l.Moment(pledge.MadeAt),
		Promise:      promise(l, pledge),
		Message:      pledge.Message,
		Acts:         acts(l, pledge, schedule, post.Role.MayPay()),
	}
	if len(schedule.Instalments) > 1 || pledge.Acts > 0 || schedule.Above > 0 {
		stand := life.NewStand(l, schedule)
		v.Schedule = &stand
	}
	through, err := p.through(c.Request().Context(), l, pledge)
	if err != nil {
		return pledgePage{}, err
	}
	v.Promise = append(v.Promise, through...)
	if v.Papers, err = p.papersOf(c, l, pledge, schedule, post.Role.MayPay()); err != nil {
		return pledgePage{}, err
	}
	if left := pledge.ToPay(); !left.IsZero() {
		v.Pay, v.PayNot = newPayForm(l, pledge, pledge.Ask(schedule.DueNow(clock.Day(p.now()))), post.Role.MayPay(), form, typed)
		if v.Pay != nil && payableAtOnce(left) {
			v.Pay.Offers = append(v.Pay.Offers, p.otherWays(l, left)...)
		}
	}
	v.Begun = begun(l, payments)
	return v, nil
}

// otherWays are those beside the payment page, for who pays larger sums from a bank.
func (p *Portal) otherWays(l i18n.Lang, left money.Amount) []payOffer {
	var all []payOffer
	if p.gateway.TakesTransfers(left.Currency) {
		all = append(all, payOffer{Amount: left.Plain(), Way: giving.ByTransfer, Button: l.T("portal.pay.transfer", left), Plain: true})
	}
	if p.gateway.TakesInvoices() {
		all = append(all, payOffer{Amount: left.Plain(), Way: giving.ByInvoice, Button: l.T("portal.pay.invoice", left), Plain: true})
	}
	return all
}

// begun leads back to a transfer or an invoice that waits to be paid.
func begun(l i18n.Lang, payments []giving.Payment) page.Notice {
	for _, y := range payments {
		link := page.Link{Href: paymentPath(y.ID), Text: l.T("portal.begun.open")}
		switch {
		case y.State == giving.AwaitingFunds:
			return page.Notice{Title: l.T("portal.begun.transfer", money.Of(y.RemainingMinor, y.Charge().Currency)), Text: l.T("portal.begun.transfer_text"), Link: link}
		case y.State == giving.Open && y.Way == giving.ByInvoice:
			return page.Notice{Title: l.T("portal.begun.invoice", y.Charge()), Text: l.T("portal.begun.invoice_text"), Link: link}
		}
	}
	return page.Notice{}
}

// acts are what can be done to a pledge besides paying it. A viewer reads its history.
func acts(l i18n.Lang, p giving.Pledge, s giving.Schedule, mayPay bool) []page.Link {
	var all []page.Link
	if mayPay && !p.Cancelled {
		all = append(all, page.Link{Href: pledgePath(p.ID) + "/amend", Text: l.T("portal.act.amend")})
		if !s.Left().IsZero() {
			all = append(all, page.Link{Href: pledgePath(p.ID) + "/cancel", Text: l.T("portal.act.cancel")})
		}
	}
	if mayPay && p.Earmarked() {
		all = append(all, page.Link{Href: pledgePath(p.ID) + "/release", Text: l.T("portal.act.release")})
	}
	return append(all, page.Link{Href: pledgePath(p.ID) + "/history", Text: l.T("portal.act.history")})
}

func meter(l i18n.Lang, p giving.Pledge) page.Meter {
	left := p.Outstanding()
	label := l.T("portal.meter", money.Of(p.Received, p.Amount.Currency), money.Of(p.OnItsWay, p.Amount.Currency), left, p.Amount)
	return page.NewMeter(label, max(p.Amount.Minor, p.Received+p.OnItsWay),
		page.Share{Paint: page.PaintReceived, Part: p.Received},
		page.Share{Paint: page.PaintTransit, Part: p.OnItsWay},
		page.Share{Paint: page.PaintPledged, Part: left.Minor})
}

// figures are the numbers of a pledge, each for itself.
func figures(l i18n.Lang, p giving.Pledge, payments []giving.Payment) []figure {
	of := func(minor int64) money.Amount { return money.Of(minor, p.Amount.Currency) }
	all := []figure{newFigure(l, "promised", p.Amount)}
	if p.Promised != p.Amount {
		all = append(all, newFigure(l, "first", p.Promised))
	}
	all = append(all, newFigure(l, "transit", of(p.OnItsWay)), newFigure(l, "received", of(p.Received)), newFigure(l, "left", p.Outstanding()))
	if p.Refunded > 0 {
		all = append(all, newFigure(l, "refunded", of(p.Refunded)))
	}
	var fee int64
	for _, y := range payments {
		fee += y.FeeMinor
	}
	if fee > 0 {
		all = append(all, newFigure(l, "fees", of(fee)))
	}
	return all
}

func promise(l i18n.Lang, p giving.Pledge) []fact {
	when := l.T("portal.rhythm."+string(p.Rhythm), p.DueOn)
	if p.DueOn.IsZero() {
		when = l.T("portal.when.now")
	}
	all := []fact{
		{l.T("portal.figure.promised"), cmp.Or(life.Counts(l, p), l.Money(p.Promised))},
		{l.T("portal.new.when"), when},
		{l.T("portal.new.for_what"), life.For(l, p)},
		{l.T("portal.new.visibility"), l.T("portal.visibility." + string(p.Visibility))},
	}
	if p.PurchaseOrder != "" {
		all = append(all, fact{l.T("portal.new.order"), p.PurchaseOrder})
	}
	return all
}

// newPayForm is the form to pay what is due or left, or the reason why there is none.
func newPayForm(l i18n.Lang, p giving.Pledge, due money.Amount, mayPay bool, form page.Form, typed string) (*payForm, string) {
	left := p.ToPay()
	c := left.Currency
	if !mayPay {
		return nil, l.T("portal.pay.viewer")
	}
	if least := gateway.Least(c); left.Minor < least.Minor {
		return nil, l.T("portal.pay.too_little", left, least)
	}
	f := &payForm{Action: pledgePath(p.ID) + "/payments", Left: l.Sum(left), Text: l.T("portal.pay.text"), Open: form.Failed()}
	if payableAtOnce(due) && due != left && leavesPayable(left, due) == nil {
		f.Offers = append(f.Offers, payOffer{Amount: due.Plain(), Button: l.T("portal.pay.due", due)})
	}
	suggested := left
	if payableAtOnce(left) {
		f.Offers = append(f.Offers, payOffer{Amount: left.Plain(), Button: l.T("portal.pay.button", left), Plain: len(f.Offers) > 0})
	} else {
		suggested = gateway.Most(c)
		f.Open, f.Text = true, l.T("portal.pay.too_much", suggested)
	}
	if typed == "" {
		typed = suggested.Plain()
	}
	f.Part = page.Field{
		ID: "amount", Name: "amount", Label: l.T("portal.pay.part"), Hint: l.T("portal.pay.part_hint", suggested), Error: form.Error("amount"),
		Value: typed, Sum: true, Unit: string(c),
	}
	return f, ""
}

// payableAtOnce reports whether one payment can bring an amount.
func payableAtOnce(a money.Amount) bool {
	return a.Minor >= gateway.Least(a.Currency).Minor && a.Minor <= gateway.Most(a.Currency).Minor
}
