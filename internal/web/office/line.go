package office

import (
	"log/slog"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/bank"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/page"
)

type linePage struct {
	page.Base
	Errors    page.ErrorSummary
	Notice    page.Notice
	Title     string
	Status    page.Status
	Sums      []page.Pair
	Facts     []named
	Statement page.Link
	Matches   []matchView
	Pledge    *pledgeForm // while money of it is open
	Others    []choiceForm
	Why       string // why this visitor cannot say what it was
}

// matchView is what part of the line was for, and what may be done about that.
type matchView struct {
	Text   string
	Sum    page.Sum
	Note   string
	When   page.Moment
	Status page.Status
	Undo   *undoForm
	Decide *undecided
}

type undoForm struct {
	Action string
	Reason page.Field
}

// undecided is a correction that waits for its second person.
type undecided struct {
	Reason          string
	Approve, Refuse string // addresses; empty where this visitor may not
	Why             string
}

// pledgeForm says which pledge a line, or part of it, was for.
type pledgeForm struct {
	Action    string
	Pledge    page.Field
	Amount    page.Field
	Suggested []suggestedView
}

type suggestedView struct {
	Company, Campaign, Why string
	Left                   page.Sum
	Action                 string
	Reference, Amount      string // what its button sends
	Button                 string
}

// choiceForm is something else that a line can be: one button, with what it sends.
type choiceForm struct {
	Action, Title, Text, Button string
	Name, Value                 string
}

// typedMatch is what somebody typed into a form of the line's page.
type typedMatch struct {
	pledge, amount string
	match, reason  string // which match is to be undone, and why
}

// line serves GET /office/lines/:id: a line of a statement, and what it was for.
func (o *Office) line(c echo.Context) error { return o.showLine(c, c.Param("id"), typedMatch{}, nil) }

// showLine shows a line; wrong is what an act on it was refused for.
func (o *Office) showLine(c echo.Context, id string, t typedMatch, wrong error) error {
	ctx, person := c.Request().Context(), visitor(c)
	l := page.Of(c).Lang
	form, err := page.NewForm(l, wrong)
	if err != nil {
		return err
	}
	r, err := bank.LineFor(ctx, o.db, person.ID, id)
	if err != nil {
		return err
	}
	matches, err := bank.MatchesOf(ctx, o.db, r.ID)
	if err != nil {
		return err
	}
	v := newLinePage(c, r, matches, t, form)
	v.Errors = form.Summary(map[string]string{"pledge": l.T("bank.match.pledge"), "amount": l.T("bank.match.amount"), "reason": l.T("bank.undo.reason")})
	if explains(person, r.ClusterID) && r.Open != 0 {
		if err := o.addWays(c, &v, r, t, form); err != nil {
			return err
		}
	} else if r.Open != 0 {
		v.Why = l.T("bank.match.role")
	}
	return c.Render(form.Status(), "office/line", v)
}

func newLinePage(c echo.Context, r bank.Row, matches []bank.Matched, t typedMatch, form page.Form) linePage {
	b := page.Of(c)
	b.Path = linePath(r.ID)
	l := b.Lang
	v := linePage{
		Base: b, Notice: bankNotice(l, c.QueryParam("notice")), Title: l.T("bank.line.in", r.Amount()), Status: lineStatus(l, r),
		Sums:      []page.Pair{{Text: l.T("bank.column.amount"), Sum: l.Sum(r.Amount())}, {Text: l.T("bank.column.open"), Sum: l.Sum(r.Rest())}},
		Statement: page.Link{Href: StatementsPath + "/" + r.StatementID, Text: l.T("bank.line.statement")},
	}
	if r.Minor < 0 {
		v.Title = l.T("bank.line.out", money.Of(-r.Minor, r.Currency))
	}
	for _, f := range []named{
		{Text: l.T("bank.column.day"), Value: l.Date(r.BookedOn)}, {Text: l.T("bank.column.account"), Code: grouped(r.IBAN)},
		{Text: l.T("bank.column.party"), Value: r.Party}, {Text: l.T("bank.column.party_iban"), Code: grouped(r.PartyIBAN)}, {Text: l.T("bank.column.party_id"), Code: r.PartyID},
		{Text: l.T("bank.column.details"), Value: r.Details}, {Text: l.T("bank.column.end_to_end"), Code: r.EndToEnd}, {Text: l.T("bank.column.reference"), Code: r.Reference},
	} {
		if f.Value+f.Code != "" {
			v.Facts = append(v.Facts, f)
		}
	}
	if r.Kind != bank.Ordinary {
		v.Facts = append(v.Facts, named{Text: l.T("bank.column.kind"), Value: l.T("bank.kind." + string(r.Kind))})
	}
	for _, m := range matches {
		v.Matches = append(v.Matches, newMatchView(c, r, m, t, form))
	}
	return v
}

func newMatchView(c echo.Context, r bank.Row, m bank.Matched, t typedMatch, form page.Form) matchView {
	l, person := page.Of(c).Lang, visitor(c)
	v := matchView{Text: l.T("bank.match_kind." + m.Kind), Sum: l.Sum(m.Amount()), When: l.Moment(m.At), Note: l.T("bank.match.by_itself")}
	if m.By != "" {
		v.Note = l.T("bank.match.by", m.By)
	}
	if m.PledgeRef != "" {
		v.Text = l.T("bank.match.for", v.Text, in(l, m.CompanyUK, m.CompanyEN), in(l, m.CampaignUK, m.CampaignEN))
		v.Note = giving.Reference(m.PledgeRef).String() + " · " + v.Note
	}
	switch {
	case m.Undone:
		v.Status = page.NewStatus(l, page.Closed).Saying(l.T("bank.match.undone"))
		v.Note += " · " + m.Reason
	case m.Returned:
		v.Status = page.NewStatus(l, page.Refunded).Saying(l.T("bank.match.returned"))
	case m.Undoing != "":
		v.Status = page.NewStatus(l, page.Waits)
		v.Decide = newUndecided(c, r, m)
	case m.Undoable() && takesBack(person, r.ClusterID):
		v.Undo = &undoForm{Action: "/office/matches/" + m.ID + "/undo", Reason: page.Field{
			ID: "reason-" + m.ID, Name: "reason", Label: l.T("bank.undo.reason"), Hint: l.T("bank.undo.reason_hint"), Rows: 2,
		}}
		if t.match == m.ID {
			v.Undo.Reason.ID, v.Undo.Reason.Value, v.Undo.Reason.Error = "reason", t.reason, form.Error("reason")
		}
	}
	return v
}

func newUndecided(c echo.Context, r bank.Row, m bank.Matched) *undecided {
	l, person := page.Of(c).Lang, visitor(c)
	v := &undecided{Reason: l.T("bank.undo.asked_by", m.AskerName, m.Reason)}
	address := "/office/undoings/" + m.Undoing
	switch {
	case m.AskedBy == person.ID:
		v.Refuse, v.Why = address+"/refuse", l.T("bank.undo.awaits")
	case agrees(person, r.ClusterID):
		v.Approve, v.Refuse = address+"/approve", address+"/refuse"
	default:
		v.Why = l.T("bank.undo.awaits")
	}
	return v
}

// addWays offers what an open line can be: first what speaks for itself.
func (o *Office) addWays(c echo.Context, v *linePage, r bank.Row, t typedMatch, form page.Form) error {
	ctx, l := c.Request().Context(), v.Lang
	if r.Open > 0 {
		suggested, err := bank.Suggestions(ctx, o.db, r)
		if err != nil {
			return err
		}
		amount := t.amount
		if amount == "" && t.pledge == "" {
			amount = r.Rest().Plain()
		}
		v.Pledge = &pledgeForm{
			Action:    linePath(r.ID) + "/pledge",
			Pledge:    page.Field{ID: "pledge", Name: "pledge", Label: l.T("bank.match.pledge"), Hint: l.T("bank.match.pledge_hint"), Error: form.Error("pledge"), Value: t.pledge, MaxLength: 100},
			Amount:    page.Field{ID: "amount", Name: "amount", Label: l.T("bank.match.amount"), Hint: l.T("bank.match.amount_hint"), Error: form.Error("amount"), Value: amount, Sum: true, Unit: string(r.Currency)},
			Suggested: suggestions(l, r, suggested),
		}
	}
	refundable, err := bank.Refundable(ctx, o.db, r)
	if err != nil {
		return err
	}
	for _, p := range refundable {
		v.Others = append(v.Others, choiceForm{
			Action: linePath(r.ID) + "/refund", Title: l.T("bank.way.refund"), Text: l.T("bank.way.refund_text", in(l, p.CompanyUK, p.CompanyEN), p.Reference.String(), money.Of(p.LeftMinor, p.Currency)),
			Button: l.T("bank.way.refund_button", money.Of(-r.Open, r.Currency)), Name: "payment", Value: p.ID,
		})
	}
	opposite, err := bank.Reversible(ctx, o.db, r)
	if err != nil {
		return err
	}
	for _, other := range opposite {
		v.Others = append(v.Others, choiceForm{
			Action: linePath(r.ID) + "/reversal", Title: l.T("bank.way.reversal"), Text: l.T("bank.way.reversal_text", other.BookedOn, partyOf(l, other), other.Amount()),
			Button: l.T("bank.way.reversal_button"), Name: "line", Value: other.ID,
		})
	}
	if r.Minor > 0 && r.Open == r.Minor {
		v.Others = append(v.Others, choiceForm{Action: linePath(r.ID) + "/payout", Title: l.T("bank.way.payout"), Text: l.T("bank.way.payout_text"), Button: l.T("bank.way.payout_button")})
	}
	if r.Open < 0 {
		v.Others = append(v.Others, choiceForm{
			Action: linePath(r.ID) + "/fee", Title: l.T("bank.way.fee"), Text: l.T("bank.way.fee_text"), Button: l.T("bank.way.fee_button", money.Of(-r.Open, r.Currency)),
		})
	}
	return nil
}

func suggestions(l i18n.Lang, r bank.Row, all []bank.Suggested) []suggestedView {
	var views []suggestedView
	for _, s := range all {
		why := ""
		for _, reason := range []struct {
			holds bool
			name  string
		}{{s.Named, "named"}, {s.Exact, "exact"}, {s.Paid, "paid"}, {s.Alike, "alike"}} {
			if reason.holds {
				if why != "" {
					why += "; "
				}
				why += l.T("bank.why." + reason.name)
			}
		}
		left := money.Of(s.Left, s.Currency)
		v := suggestedView{Company: in(l, s.CompanyUK, s.CompanyEN), Campaign: in(l, s.CampaignUK, s.CampaignEN), Why: why, Left: l.Sum(left), Reference: s.Reference.String()}
		switch {
		case s.Currency != r.Currency:
			v.Why += ". " + l.T("bank.why.currency", string(s.Currency))
		case s.State == "settled":
			v.Why += ". " + l.T("bank.why.settled")
		default:
			give := money.Of(r.Open, r.Currency)
			if !s.Named && s.Left < r.Open { // what is more stays open, unless the payer named this pledge
				give = left
			}
			v.Action, v.Amount, v.Button = linePath(r.ID)+"/pledge", give.Plain(), l.T("bank.match.button", give)
			if s.Left < give.Minor {
				v.Why += ". " + l.T("bank.why.more", money.Of(give.Minor-s.Left, r.Currency))
			}
		}
		views = append(views, v)
	}
	return views
}

// matchPledge serves POST /office/lines/:id/pledge.
func (o *Office) matchPledge(c echo.Context) error {
	var t typedMatch
	return o.explainLine(c, &t, func(form url.Values, person string) error {
		t.pledge, t.amount = form.Get("pledge"), form.Get("amount")
		r, err := bank.LineFor(c.Request().Context(), o.db, person, c.Param("id"))
		if err != nil {
			return err
		}
		amount, err := money.Parse(t.amount, r.Currency)
		if err != nil {
			return about("amount", err)
		}
		return bank.MatchPledge(c.Request().Context(), o.db, o.now, r.ID, person, t.pledge, amount)
	})
}

func (o *Office) matchFee(c echo.Context) error {
	return o.explainLine(c, &typedMatch{}, func(_ url.Values, person string) error {
		return bank.MatchFee(c.Request().Context(), o.db, o.now, c.Param("id"), person)
	})
}

func (o *Office) matchPayout(c echo.Context) error {
	return o.explainLine(c, &typedMatch{}, func(_ url.Values, person string) error {
		return bank.MatchPayout(c.Request().Context(), o.db, o.now, c.Param("id"), person)
	})
}

func (o *Office) matchRefund(c echo.Context) error {
	return o.explainLine(c, &typedMatch{}, func(form url.Values, person string) error {
		return bank.MatchRefund(c.Request().Context(), o.db, o.now, c.Param("id"), person, form.Get("payment"))
	})
}

func (o *Office) matchReversal(c echo.Context) error {
	return o.explainLine(c, &typedMatch{}, func(form url.Values, person string) error {
		return bank.MatchReversal(c.Request().Context(), o.db, o.now, c.Param("id"), person, form.Get("line"))
	})
}

// explainLine does what a form of the line's page asks for.
func (o *Office) explainLine(c echo.Context, t *typedMatch, act func(form url.Values, person string) error) error {
	return o.actOnLine(c, c.Param("id"), "matched", t, act)
}

// actOnLine does something about a line and shows it again: with what has happened, or with
// why it was refused and what was typed.
func (o *Office) actOnLine(c echo.Context, line, done string, t *typedMatch, act func(form url.Values, person string) error) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	if err := act(form, visitor(c).ID); err != nil {
		return o.showLine(c, line, *t, err)
	}
	if err := pg.Announce(c.Request().Context(), o.db, pg.PublicChanged); err != nil {
		slog.WarnContext(c.Request().Context(), "a match could not be announced", "line", line, "error", err)
	}
	return c.Redirect(http.StatusSeeOther, linePath(line)+"?notice="+done)
}
