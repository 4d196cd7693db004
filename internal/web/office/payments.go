package office

import (
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/campaign"
	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/web/page"
)

// paymentStates are the states of a payment in the order in which it may go through them,
// and how each looks.
var paymentStates = []struct {
	state giving.State
	look  page.State
}{
	{giving.Created, page.Pledged}, {giving.Open, page.Pledged}, {giving.Declined, page.Failed}, {giving.AwaitingFunds, page.Pledged},
	{giving.Processing, page.Transit}, {giving.Paid, page.Received}, {giving.Failed, page.Failed}, {giving.Expired, page.Closed},
	{giving.RefundedInPart, page.Received}, {giving.Refunded, page.Refunded}, {giving.Returned, page.Refunded},
	{giving.InDispute, page.Failed}, {giving.DisputeLost, page.Failed},
}

func paymentStatus(l i18n.Lang, state giving.State) page.Status {
	for _, s := range paymentStates {
		if s.state == state {
			return page.NewStatus(l, s.look).Saying(l.T("desk.state." + string(state)))
		}
	}
	return page.NewStatus(l, page.State(state))
}

// payments serves GET /office/payments: the payments of the visitor's clusters that fit the
// search, the last started first.
func (o *Office) payments(c echo.Context) error {
	v, err := newList(c, "payments")
	if err != nil {
		return err
	}
	search, err := paymentSearch(v.Asked)
	var found []giving.Found
	if err == nil {
		found, err = giving.FindPayments(c.Request().Context(), o.db, visitor(c).ID, search, v.Asked.After(), giving.PageSize)
	}
	form, err := page.NewForm(v.Lang, err)
	if err != nil {
		return err
	}
	if err := o.paymentForm(c, &v, form); err != nil {
		return err
	}
	if form.Failed() {
		v.Errors = form.Summary(map[string]string{"amount": v.Lang.T("desk.field.amount"), "from": v.Lang.T("desk.field.from"), "until": v.Lang.T("desk.field.until")})
		return c.Render(form.Status(), "office/list", v)
	}
	last := ""
	if len(found) > 0 {
		last = found[len(found)-1].ID
	}
	columns, rows := paymentRows(v.Lang, found)
	v.Shows(columns, rows, len(found) == giving.PageSize, last)
	return send(c, v)
}

// paymentSearch reads what the form asks for. What cannot be read is a fault of its field.
func paymentSearch(a page.Asked) (giving.Search, error) {
	s := giving.Search{Text: a.Get("q"), Campaign: a.Get("campaign"), State: giving.State(a.Get("state")), Amount: a.Get("amount")}
	var form fault.Form
	s.From = readDay(a, "from", 0, &form)
	s.Until = readDay(a, "until", 1, &form)
	return s, form.Err()
}

// readDay reads a day as the moment at which it begins in Kyiv, or the day some days later.
func readDay(a page.Asked, field string, later int, form *fault.Form) time.Time {
	if a.Get(field) == "" {
		return time.Time{}
	}
	day, err := i18n.ParseDay(a.Get(field))
	if err != nil {
		*form = append(*form, fault.In(field, "search.day"))
		return time.Time{}
	}
	return day.AddDate(0, 0, later)
}

func (o *Office) paymentForm(c echo.Context, v *page.List, form page.Form) error {
	l, a := v.Lang, v.Asked
	campaigns, err := o.campaignChoice(c, v)
	if err != nil {
		return err
	}
	var states []page.Option
	for _, s := range paymentStates {
		states = append(states, page.Option{Value: string(s.state), Text: l.T("desk.state." + string(s.state))})
	}
	v.Searching("",
		page.Field{ID: "q", Name: "q", Label: l.T("desk.field.payment"), Hint: l.T("desk.field.payment_hint"), Value: a.Get("q"), MaxLength: 200},
		campaigns,
		v.Choice("state", l.T("desk.field.state"), l.T("desk.field.any_state"), states...),
		page.Field{ID: "amount", Name: "amount", Label: l.T("desk.field.amount"), Sum: true, Value: a.Get("amount"), Error: form.Error("amount")},
		page.Field{ID: "from", Name: "from", Label: l.T("desk.field.from"), Type: "date", Value: a.Get("from"), Error: form.Error("from")},
		page.Field{ID: "until", Name: "until", Label: l.T("desk.field.until"), Type: "date", Value: a.Get("until"), Error: form.Error("until")},
	)
	return nil
}

// campaignChoice offers the campaigns of the visitor's clusters.
func (o *Office) campaignChoice(c echo.Context, v *page.List) (page.Field, error) {
	var clusters []string
	for _, post := range visitor(c).Clusters {
		clusters = append(clusters, post.ClusterID)
	}
	campaigns, err := campaign.OfClusters(c.Request().Context(), o.db, clusters)
	if err != nil {
		return page.Field{}, err
	}
	var options []page.Option
	for _, one := range campaigns {
		options = append(options, page.Option{Value: one.Slug, Text: in(v.Lang, one.Title.UK, one.Title.EN)})
	}
	return v.Choice("campaign", v.Lang.T("desk.field.campaign"), v.Lang.T("desk.field.any_campaign"), options...), nil
}

func paymentRows(l i18n.Lang, found []giving.Found) ([]page.Column, [][]page.Cell) {
	columns := []page.Column{
		{Text: l.T("desk.column.company")}, {Text: l.T("desk.column.campaign")}, {Text: l.T("desk.column.started")}, {Text: l.T("desk.column.state")},
		{Text: l.T("desk.column.amount"), Sum: true}, {Text: l.T("desk.column.received"), Sum: true},
	}
	var rows [][]page.Cell
	for _, f := range found {
		amount, received := l.Sum(f.Amount()), l.Sum(money.Of(f.ReceivedMinor, f.Currency))
		rows = append(rows, []page.Cell{
			{Text: in(l, f.CompanyUK, f.CompanyEN), Href: paymentPath(f.ID), Note: f.Reference.String()},
			{Text: in(l, f.CampaignUK, f.CampaignEN)}, {When: l.Moment(f.StartedAt)}, {Status: paymentStatus(l, f.State)},
			{Sum: &amount}, {Sum: &received},
		})
	}
	return columns, rows
}

func paymentPath(id string) string { return "/office/payments/" + id }

// paymentsFile serves GET /office/payments.csv: all that fits the search.
func (o *Office) paymentsFile(c echo.Context) error {
	a, err := page.ReadAsked(c, "/office/payments")
	if err != nil {
		return err
	}
	search, err := paymentSearch(a)
	if err != nil {
		return err
	}
	l, person := page.Of(c).Lang, visitor(c).ID
	head := heads(l, "payment", "started", "settled", "company", "campaign", "reference", "state", "way", "currency", "amount", "received", "refunded", "fee", "session", "intent", "charge")
	return page.Export(c, "payments", head, func(after string) (rows [][]string, last string, err error) {
		found, err := giving.FindPayments(c.Request().Context(), o.db, person, search, after, page.Chunk)
		for _, f := range found {
			sum := func(minor int64) string { return money.Of(minor, f.Currency).Plain() }
			rows = append(rows, []string{
				f.ID, stamp(f.StartedAt), stamp(f.SettledAt.Time), in(l, f.CompanyUK, f.CompanyEN), in(l, f.CampaignUK, f.CampaignEN), string(f.Reference),
				l.T("desk.state." + string(f.State)), l.T("desk.way." + string(f.Way)), string(f.Currency),
				sum(f.AmountMinor), sum(f.ReceivedMinor), sum(f.RefundedMinor), sum(f.FeeMinor), f.SessionID, f.IntentID, f.ChargeID,
			})
			last = f.ID
		}
		return rows, last, err
	})
}

// heads are the column heads of a file.
func heads(l i18n.Lang, names ...string) []string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = l.T("desk.column." + n)
	}
	return all
}

// stamp is a moment as programs and spreadsheets read it; the zero one is empty.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
