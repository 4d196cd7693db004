package portal

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/gateway"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/web/page"
)

// pay serves POST /portal/pledges/:id/payments: it leads to the payment page, or to ours
// with the account to transfer to or with the invoice. A second click leads to the same.
func (p *Portal) pay(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	ctx, person := c.Request().Context(), visitor(c)
	pledge, err := giving.PledgeOf(ctx, p.db, c.Param("id"), person.ID)
	if err != nil {
		return err
	}
	l := page.Of(c).Lang
	payment, err := p.start(ctx, pledge, person.ID, form, title(l, pledge))
	if err != nil {
		wrong, err := page.NewForm(l, err)
		if err != nil {
			return err
		}
		v, err := p.newPledgePage(c, pledge, wrong, form.Get("amount"))
		if err != nil {
			return err
		}
		return c.Render(wrong.Status(), "portal/pledge", v)
	}
	if payment.Way != giving.ByCheckout {
		return c.Redirect(http.StatusSeeOther, paymentPath(payment.ID))
	}
	return c.Redirect(http.StatusSeeOther, payment.SessionURL)
}

func paymentPath(id string) string { return "/portal/payments/" + id + "/return" }

// start begins a payment by the way that the form says; none is the checkout page.
func (p *Portal) start(ctx context.Context, pledge giving.Pledge, person string, sent url.Values, title string) (giving.Payment, error) {
	amount, err := money.Parse(sent.Get("amount"), pledge.ToPay().Currency)
	if err != nil {
		var form fault.Form
		if err := form.Add("amount", err); err != nil {
			return giving.Payment{}, err
		}
		return giving.Payment{}, form
	}
	if err := leavesPayable(pledge.ToPay(), amount); err != nil {
		return giving.Payment{}, err
	}
	order := gateway.Order{PledgeID: pledge.ID, PersonID: person, Amount: amount, Title: title}
	switch giving.Way(sent.Get("way")) {
	case giving.ByTransfer:
		return p.gateway.Transfer(ctx, order)
	case giving.ByInvoice:
		return p.gateway.Invoice(ctx, order)
	}
	return p.gateway.Checkout(ctx, order)
}

// leavesPayable refuses a part after which so little would be left that it could never be
// paid.
func leavesPayable(left, amount money.Amount) error {
	least := gateway.Least(left.Currency)
	if rest := left.Minor - amount.Minor; rest > 0 && rest < least.Minor {
		return fault.In("amount", "payment.leaves_too_little", left, least)
	}
	return nil
}

// maxTitle is what the payment page shows of a title.
const maxTitle = 250

// title is what the payer reads on the payment page.
func title(l i18n.Lang, pledge giving.Pledge) string {
	t := []rune(l.T("portal.payment_title", in(l, pledge.Campaign.UK, pledge.Campaign.EN)))
	return string(t[:min(len(t), maxTitle)])
}

type returnPage struct {
	page.Base
	Title, Text string
	Why         string // why the payment was declined
	Status      page.Status
	Campaign    string
	Company     string
	Sum         page.Sum
	Counts      string // what it counts as; empty: the same
	Fees        *page.Sum
	PledgeHref  string
	Receipt     page.Link
	TryAgain    string // the open payment page, or empty
	Invoice     string // the invoice's page, or empty
	Transfer    []fact // where to transfer to
	Kept        string // what of a transfer was too much
	Wait        int    // seconds after which to ask again; zero: there is nothing to wait for
	Again       string // where to ask
}

// patience is how long the visitor waits for Stripe's answer before being told what the
// books say without it.
const patience = 8 * time.Second

// sessionForm is what an id of a checkout session looks like.
var sessionForm = regexp.MustCompile(`^cs_[A-Za-z0-9_]{1,250}$`)

// returned serves GET /portal/payments/:id/return, where the payment page sends the payer
// back. That somebody comes back proves nothing: it is a hint to ask Stripe, and what is
// shown is what the books say then.
func (p *Portal) returned(c echo.Context) error {
	ctx, person := c.Request().Context(), visitor(c)
	payment, err := giving.PaymentOf(ctx, p.db, c.Param("id"), person.ID)
	if err != nil {
		return err
	}
	session := c.QueryParam("session_id")
	if !sessionForm.MatchString(session) {
		session = ""
	}
	p.ask(ctx, payment.ID, session)
	if payment, err = giving.PaymentOf(ctx, p.db, payment.ID, person.ID); err != nil {
		return err
	}
	pledge, err := giving.PledgeOf(ctx, p.db, payment.PledgeID, person.ID)
	if err != nil {
		return err
	}
	v, err := newReturnPage(c, pledge, payment)
	if err != nil {
		return err
	}
	if v.Receipt, err = p.receiptOf(c, v.Lang, payment); err != nil {
		return err
	}
	if err := p.addKept(ctx, &v, pledge, payment); err != nil {
		return err
	}
	if v.Wait > 0 {
		v.Wait, v.Again = again(v.Wait, c.QueryParam("again"), payment.ID, session)
	}
	return c.Render(http.StatusOK, "portal/return", v)
}

// ask brings a payment into line with Stripe if that can be done at once. If not, webhooks
// and healing will.
func (p *Portal) ask(ctx context.Context, payment, session string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := p.gateway.Sync(ctx, payment, session); err != nil {
		p.log.Warn("a payment could not be asked about on the payer's return", "payment", payment, "error", gateway.Describe(err))
	}
}

// again says where and when a browser without scripts asks once more: a little later each
// time, and not for ever.
func again(wait int, round, payment, session string) (int, string) {
	const rounds = 8
	n, err := strconv.Atoi(round)
	if err != nil || n < 0 {
		n = 0
	}
	if n >= rounds {
		return wait, ""
	}
	q := url.Values{"again": {strconv.Itoa(n + 1)}}
	if session != "" {
		q.Set("session_id", session)
	}
	return wait + n, "/portal/payments/" + payment + "/return?" + q.Encode()
}

func newReturnPage(c echo.Context, pledge giving.Pledge, payment giving.Payment) (returnPage, error) {
	b := page.Of(c)
	l := b.Lang
	post, err := postOf(visitor(c), pledge.CompanyID)
	if err != nil {
		return returnPage{}, err
	}
	outcome := outcomeOf(payment)
	v := returnPage{
		Base:       b,
		Title:      l.T("portal.return." + outcome),
		Text:       l.T("portal.return." + outcome + "_text"),
		Why:        declineSentence(l, payment),
		Status:     paymentStatus(l, payment),
		Campaign:   in(l, pledge.Campaign.UK, pledge.Campaign.EN),
		Company:    in(l, post.Name.UK, post.Name.EN),
		Sum:        l.Sum(payment.Charge()),
		Counts:     paymentCounts(l, payment),
		Fees:       fees(l, payment),
		PledgeHref: pledgePath(pledge.ID),
	}
	switch outcome {
	case "unconfirmed":
		v.Wait = 3
	case "declined":
		v.TryAgain = payment.SessionURL
	case "invoiced":
		v.Invoice = payment.SessionURL
		if payment.DueAt.Valid {
			v.Text = l.T("portal.return.invoiced_due", payment.DueAt.Time)
		}
	case "awaiting":
		v.Transfer = transferFacts(l, payment)
		v.Sum = l.Sum(money.Of(payment.RemainingMinor, payment.Charge().Currency))
	}
	return v, nil
}

// transferFacts are what a company's bank asks for.
func transferFacts(l i18n.Lang, p giving.Payment) []fact {
	to, charge := p.TransferTo, p.Charge()
	all := []fact{{l.T("portal.transfer.amount"), l.Money(money.Of(p.RemainingMinor, charge.Currency))}}
	if came := charge.Minor - p.RemainingMinor; came > 0 {
		all = append(all, fact{l.T("portal.transfer.came"), l.Money(money.Of(came, charge.Currency))})
	}
	for _, f := range []fact{
		{"portal.transfer.reference", to.Reference}, {"portal.transfer.holder", to.Holder}, {"portal.transfer.iban", to.IBAN}, {"portal.transfer.bic", to.BIC},
		{"portal.transfer.bank", to.Bank}, {"portal.transfer.account", to.Account}, {"portal.transfer.routing", to.Routing},
	} {
		if f.Text != "" {
			all = append(all, fact{l.T(f.Name), f.Text})
		}
	}
	return all
}

// addKept says what the company has at Stripe beyond its payments.
func (p *Portal) addKept(ctx context.Context, v *returnPage, pledge giving.Pledge, payment giving.Payment) error {
	if payment.Way != giving.ByTransfer {
		return nil
	}
	cash, err := giving.CashOf(ctx, p.db, pledge.CompanyID)
	for _, a := range cash {
		if a.Currency == payment.Charge().Currency {
			v.Kept = v.Lang.T("portal.transfer.kept", a)
		}
	}
	return err
}

// outcomeOf is what the payer is told, by what the books say.
func outcomeOf(p giving.Payment) string {
	switch p.State {
	case giving.Paid:
		if p.ReceivedMinor == 0 {
			return "unconfirmed" // Stripe has it, and the books have not heard the amount yet
		}
		return "received"
	case giving.Processing:
		return "transit"
	case giving.Declined, giving.Failed, giving.Expired, giving.Returned:
		return string(p.State)
	case giving.AwaitingFunds:
		return "awaiting"
	case giving.Open:
		if p.Way == giving.ByInvoice {
			return "invoiced"
		}
	case giving.InDispute:
		return "disputed"
	case giving.DisputeLost:
		return "lost"
	case giving.Refunded, giving.RefundedInPart:
		return "refunded"
	}
	return "unconfirmed"
}

// cancelled serves GET /portal/payments/:id/cancel, where the payment page sends back who
// changed their mind. The page stays open, so that paying can go on.
func (p *Portal) cancelled(c echo.Context) error {
	payment, err := giving.PaymentOf(c.Request().Context(), p.db, c.Param("id"), visitor(c).ID)
	if err != nil {
		return err
	}
	if !payment.State.Waits() {
		return c.Redirect(http.StatusSeeOther, "/portal/payments/"+payment.ID+"/return")
	}
	return c.Redirect(http.StatusSeeOther, pledgePath(payment.PledgeID)+"?notice=unpaid#pay")
}
