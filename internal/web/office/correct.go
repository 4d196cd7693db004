package office

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/web/life"
	"kopiyka/internal/web/page"
)

// pledgeActPage is the form of one of the cluster's acts on a pledge. A correction redraws
// the rows of what is left; a write-off names amounts of the instalments that are there.
type pledgeActPage struct {
	page.Base
	Errors   page.ErrorSummary
	Title    string
	Lead     string
	Company  string
	Campaign string
	Form     page.ActForm
}

// changeable is seen for a coordinator, while the pledge can change.
func (o *Office) changeable(c echo.Context) (giving.Pledge, giving.Schedule, error) {
	p, s, err := o.seen(c)
	if err != nil {
		return p, s, err
	}
	if !holds(visitor(c), p.ClusterID, member.Coordinator) {
		return p, s, fault.New(fault.Forbidden, "pledge.role.coordinator")
	}
	return p, s, nil
}

// correctForm serves GET /office/pledges/:id/correct.
func (o *Office) correctForm(c echo.Context) error {
	p, s, err := o.changeable(c)
	if err != nil {
		return err
	}
	if p.Cancelled {
		return fault.New(fault.Conflict, "pledge.cancelled")
	}
	return o.showCorrect(c, p, s, life.RowsLeft(s), "", page.Form{})
}

// correct serves POST /office/pledges/:id/correct: what was written down wrongly is mended,
// and stays written beside it.
func (o *Office) correct(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	p, s, err := o.changeable(c)
	if err != nil {
		return err
	}
	redraw, rows, err := life.ReadRedraw(form, p, visitor(c).ID)
	if err == nil {
		err = giving.Correct(c.Request().Context(), o.db, o.now, redraw)
	}
	if err == nil {
		announce(c, o, "a correction", p.ID)
		return c.Redirect(http.StatusSeeOther, pledgePath(p.ID)+"?notice=corrected")
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return o.showCorrect(c, p, s, rows, redraw.Reason, faults)
}

func (o *Office) showCorrect(c echo.Context, p giving.Pledge, s giving.Schedule, rows []life.Row, reason string, form page.Form) error {
	v := newPledgeActPage(c, "correct", p, s, reason, form)
	v.Errors = life.Redrawn(v.Lang, &v.Form, p, rows, form)
	return c.Render(form.Status(), "office/pledge-act", v)
}

// writeOffForm serves GET /office/pledges/:id/write-off.
func (o *Office) writeOffForm(c echo.Context) error {
	p, s, err := o.changeable(c)
	if err != nil {
		return err
	}
	if p.Cancelled {
		return fault.New(fault.Conflict, "pledge.cancelled")
	}
	return o.showWriteOff(c, p, s, url.Values{}, page.Form{})
}

// proposeWriteOff serves POST /office/pledges/:id/write-off. Nothing changes yet: that is
// for the second person to decide.
func (o *Office) proposeWriteOff(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	p, s, err := o.changeable(c)
	if err != nil {
		return err
	}
	parts, wrong := readParts(form, s)
	id := ""
	if err = wrong.Err(); err == nil {
		id, err = giving.ProposeWriteOff(c.Request().Context(), o.db, o.now, giving.WriteOffProposal{
			PledgeID: p.ID, PersonID: visitor(c).ID, Seen: form.Get("seen"), Code: giving.WriteOffReason(form.Get("code")),
			Reason: page.Text(form, "reason"), Parts: parts,
		})
	}
	if err == nil {
		return c.Redirect(http.StatusSeeOther, writeOffPath(id)+"?notice=write_off_proposed")
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return o.showWriteOff(c, p, s, form, faults)
}

// readParts reads how much of each open instalment is no longer expected. An empty field is
// nothing.
func readParts(f url.Values, s giving.Schedule) (map[string]int64, fault.Form) {
	parts := map[string]int64{}
	var wrong fault.Form
	for _, i := range s.Open() {
		name := "part-" + i.ID
		if strings.TrimSpace(f.Get(name)) == "" {
			continue
		}
		amount, err := money.Parse(f.Get(name), s.Currency)
		if one, ok := fault.As(err); ok {
			wrong = append(wrong, one.About(name))
		}
		parts[i.ID] = amount.Minor
	}
	return parts, wrong
}

func (o *Office) showWriteOff(c echo.Context, p giving.Pledge, s giving.Schedule, typed url.Values, form page.Form) error {
	v := newPledgeActPage(c, "write_off", p, s, page.Text(typed, "reason"), form)
	l := v.Lang
	v.Form.Action = pledgePath(p.ID) + "/write-off"
	labels := map[string]string{"reason": v.Form.Reason.Label, "code": l.T("office.write_off.why"), "written_off": l.T("office.write_off.parts")}
	var options []page.Option
	for _, code := range giving.WriteOffReasons {
		options = append(options, page.Option{Value: string(code), Text: l.T("life.code." + string(code))})
	}
	code := page.NewChoices("code", labels["code"], typed.Get("code"), options...)
	code.Error = form.Error("code")
	amounts := page.Amounts{ID: "written_off", Legend: labels["written_off"], Error: form.Error("written_off")}
	for _, i := range s.Open() {
		left := money.Of(i.Left(), s.Currency)
		f := page.Field{
			ID: "part-" + i.ID, Name: "part-" + i.ID, Label: l.T("office.write_off.part", i.DueOn), Hint: l.T("office.write_off.part_hint", left),
			Error: form.Error("part-" + i.ID), Value: typed.Get("part-" + i.ID), Sum: true, Unit: string(s.Currency),
		}
		labels[f.Name] = f.Label
		amounts.Fields = append(amounts.Fields, f)
	}
	v.Form.Code = &code
	if len(amounts.Fields) > 0 {
		v.Form.Amounts = &amounts
	}
	v.Errors = form.Summary(labels)
	return c.Render(form.Status(), "office/pledge-act", v)
}

func newPledgeActPage(c echo.Context, name string, p giving.Pledge, s giving.Schedule, reason string, form page.Form) pledgeActPage {
	b := page.Of(c)
	l := b.Lang
	return pledgeActPage{
		Base: b, Title: l.T("office." + name), Lead: l.T("office." + name + "_lead"), Company: life.In(l, p.Company), Campaign: life.In(l, p.Campaign),
		Form: page.ActForm{
			Sums:   []page.Pair{{Text: l.T("office.pledge.paid"), Sum: l.Sum(p.Paid())}, {Text: l.T("office.column.left"), Sum: l.Sum(s.Left())}},
			Action: pledgePath(p.ID) + "/" + name, Seen: giving.Seen(p, s), Button: l.T("office." + name + "_button"),
			Back: page.Link{Href: pledgePath(p.ID), Text: l.T("office.pledge.back")},
			Reason: page.Field{
				ID: "reason", Name: "reason", Label: l.T("office.pledge.reason"), Hint: l.T("office.pledge.reason_hint"), Error: form.Error("reason"), Value: reason, Rows: 4,
			},
		},
	}
}
