package portal

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/gateway"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
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
	Pay          *payForm // nil: nothing is left, or the visitor may only look
	PayNot       string   // why there is no form although something is left
	Payments     page.Table
	Made         page.Moment
	Promise      []fact
	Message      string
}

// fact is one thing that was said when the promise was made.
type fact struct{ Name, Text string }

// payForm pays all that is left by one button, or a part of it by a field.
type payForm struct {
	Action string
	Left   page.Sum
	Text   string
	All    string // what the button for all of it sends; empty when that cannot be paid at once
	Button string
	Part   page.Field
	Open   bool // the form for a part stands open
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
	case "made", "unpaid":
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
	v := pledgePage{
		Base:         b,
		Errors:       form.Summary(map[string]string{"amount": l.T("portal.pay.part")}),
		Company:      in(l, post.Name.UK, post.Name.EN),
		Campaign:     in(l, pledge.Campaign.UK, pledge.Campaign.EN),
		CampaignHref: b.In("/campaigns/" + pledge.CampaignSlug),
		Status:       p.pledgeStatus(l, pledge),
		Meter:        meter(l, pledge),
		Figures:      figures(l, pledge, payments),
		Payments:     paymentTable(l, payments),
		Made:         l.Moment(pledge.MadeAt),
		Promise:      promise(l, pledge),
		Message:      pledge.Message,
	}
	if left := pledge.Outstanding(); !left.IsZero() {
		v.Pay, v.PayNot = newPayForm(l, pledge, post.Role.MayPay(), form, typed)
	}
	return v, nil
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
	all := []figure{
		newFigure(l, "promised", p.Amount), newFigure(l, "transit", of(p.OnItsWay)),
		newFigure(l, "received", of(p.Received)), newFigure(l, "left", p.Outstanding()),
	}
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
	when := l.T("portal.when.now")
	if !p.DueOn.IsZero() {
		when = l.T("portal.due_by", p.DueOn)
	}
	return []fact{
		{l.T("portal.new.when"), when},
		{l.T("portal.new.visibility"), l.T("portal.visibility." + string(p.Visibility))},
	}
}

// newPayForm is the form to pay what is left, or the reason why there is none.
func newPayForm(l i18n.Lang, p giving.Pledge, mayPay bool, form page.Form, typed string) (*payForm, string) {
	left, c := p.Outstanding(), p.Amount.Currency
	if !mayPay {
		return nil, l.T("portal.pay.viewer")
	}
	if least := gateway.Least(c); left.Minor < least.Minor {
		return nil, l.T("portal.pay.too_little", left, least)
	}
	f := &payForm{Action: pledgePath(p.ID) + "/payments", Left: l.Sum(left), Text: l.T("portal.pay.text"), Open: form.Failed()}
	atOnce := left
	if most := gateway.Most(c); left.Minor > most.Minor {
		atOnce, f.Open, f.Text = most, true, l.T("portal.pay.too_much", most)
	} else {
		f.All, f.Button = left.Plain(), l.T("portal.pay.button", left)
	}
	if typed == "" {
		typed = atOnce.Plain()
	}
	f.Part = page.Field{
		ID: "amount", Name: "amount", Label: l.T("portal.pay.part"), Hint: l.T("portal.pay.part_hint", atOnce), Error: form.Error("amount"),
		Value: typed, Sum: true, Unit: string(c),
	}
	return f, ""
}
