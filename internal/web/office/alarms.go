package office

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/audit"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/page"
)

func alarmPath(id int64) string { return "/office/alarms/" + strconv.FormatInt(id, 10) }

func alarmStatus(l i18n.Lang, a audit.Alarm) page.Status {
	if a.Open {
		return page.NewStatus(l, page.Failed).Saying(l.T("desk.alarm.open"))
	}
	return page.NewStatus(l, page.Closed).Saying(l.T("desk.alarm.answered"))
}

// subjectLink leads to the page of what an act was done to, where there is one.
func subjectLink(l i18n.Lang, subject string) page.Link {
	kind, id, _ := strings.Cut(subject, ":")
	switch kind {
	case "payment":
		return page.Link{Href: paymentPath(id), Text: l.T("desk.subject.payment")}
	case "allocation":
		return page.Link{Href: allocationPath(id), Text: l.T("desk.subject.allocation")}
	case "event":
		return page.Link{Href: eventPath(id), Text: l.T("desk.subject.event")}
	}
	return page.Link{}
}

// alarms serves GET /office/alarms: those that nobody has answered, or with
// ?state=answered those that somebody has.
func (o *Office) alarms(c echo.Context) error {
	v, err := newList(c, "alarms")
	if err != nil {
		return err
	}
	found, err := o.findAlarms(c, v.Asked, v.Asked.After(), audit.PageSize)
	if err != nil {
		return err
	}
	l := v.Lang
	v.Tabbed(v.Asked.Get("state"), page.Link{Text: l.T("desk.alarm_tab.open")}, page.Link{Href: "answered", Text: l.T("desk.alarm_tab.answered")})
	v.Searching("state", page.Field{ID: "q", Name: "q", Label: l.T("desk.field.alarm"), Hint: l.T("desk.field.alarm_hint"), Value: v.Asked.Get("q"), MaxLength: 200})
	columns := []page.Column{{Text: l.T("desk.column.alarm")}, {Text: l.T("desk.column.happened")}, {Text: l.T("desk.column.subject")}, {Text: l.T("desk.column.state")}}
	var rows [][]page.Cell
	last := ""
	for _, a := range found {
		last = strconv.FormatInt(a.ID, 10)
		state := page.Cell{Status: alarmStatus(l, a)}
		if !a.Open {
			state.Note = l.T("desk.alarm.answered_by", a.AnsweredBy, a.Note)
		}
		subject := subjectLink(l, a.Subject)
		rows = append(rows, []page.Cell{
			{Text: wordOr(l, "desk.act."+a.Act, a.Act), Href: alarmPath(a.ID)}, {When: l.Moment(a.At)}, {Text: subject.Text, Href: subject.Href, Note: a.Subject}, state,
		})
	}
	v.Shows(columns, rows, len(found) == audit.PageSize, last)
	return send(c, v)
}

func (o *Office) findAlarms(c echo.Context, a page.Asked, after string, limit int) ([]audit.Alarm, error) {
	state := a.Get("state")
	if state != "" && state != "answered" {
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	id, err := afterNumber(after)
	if err != nil {
		return nil, err
	}
	subject := a.Get("q")
	if pg.IsID(subject) {
		subject = "payment:" + strings.ToLower(subject)
	}
	return audit.Alarms(c.Request().Context(), o.db, visitor(c).ID, state == "", subject, id, limit)
}

// alarmsFile serves GET /office/alarms.csv.
func (o *Office) alarmsFile(c echo.Context) error {
	a, err := page.ReadAsked(c, "/office/alarms")
	if err != nil {
		return err
	}
	l := page.Of(c).Lang
	head := heads(l, "alarm", "happened", "act", "subject", "detail", "answered", "answered_by", "note")
	return page.Export(c, "alarms", head, func(after string) (rows [][]string, last string, err error) {
		found, err := o.findAlarms(c, a, after, page.Chunk)
		for _, one := range found {
			last = strconv.FormatInt(one.ID, 10)
			rows = append(rows, []string{
				last, stamp(one.At), wordOr(l, "desk.act."+one.Act, one.Act), one.Subject, strings.Join(details(one.Detail), "; "), stamp(one.AnsweredAt.Time), one.AnsweredBy, one.Note,
			})
		}
		return rows, last, err
	})
}

type alarmPage struct {
	page.Base
	Errors  page.ErrorSummary
	Notice  page.Notice
	Title   string
	Status  page.Status
	When    page.Moment
	Subject page.Link
	Facts   []string
	Answer  string // where the note is posted; empty when it is answered, or for who only reads
	Note    page.Field
	Why     string
	Found   string // what the one who answered has found
	By      string
}

// alarm serves GET /office/alarms/:id.
func (o *Office) alarm(c echo.Context) error {
	v, err := o.newAlarmPage(c, "", page.Form{})
	if err != nil {
		return err
	}
	if c.QueryParam("notice") == "answered" {
		v.Notice = page.Notice{Title: v.Lang.T("desk.notice.answered"), Text: v.Lang.T("desk.notice.answered_text"), Live: true}
	}
	return c.Render(http.StatusOK, "office/alarm", v)
}

// alarmOf reads the number in the address.
func alarmOf(c echo.Context) (int64, error) {
	id, err := afterNumber(c.Param("id"))
	if err != nil {
		return 0, fault.New(fault.NotFound, "alarm.unknown")
	}
	return id, nil
}

func (o *Office) newAlarmPage(c echo.Context, note string, form page.Form) (alarmPage, error) {
	id, err := alarmOf(c)
	if err != nil {
		return alarmPage{}, err
	}
	a, err := audit.AlarmFor(c.Request().Context(), o.db, visitor(c).ID, id)
	if err != nil {
		return alarmPage{}, err
	}
	b := page.Of(c)
	b.Path = alarmPath(id)
	l := b.Lang
	v := alarmPage{
		Base: b, Errors: form.Summary(map[string]string{"note": l.T("desk.alarm.note")}), Title: wordOr(l, "desk.act."+a.Act, a.Act),
		Status: alarmStatus(l, a), When: l.Moment(a.At), Subject: subjectLink(l, a.Subject), Facts: details(a.Detail),
	}
	switch {
	case !a.Open:
		v.Found, v.By = a.Note, l.T("desk.alarm.by", a.AnsweredBy, l.DateTime(a.AnsweredAt.Time))
	case actsIn(visitor(c), a.ClusterID):
		v.Answer = alarmPath(id)
		v.Note = page.Field{ID: "note", Name: "note", Label: l.T("desk.alarm.note"), Hint: l.T("desk.alarm.note_hint"), Error: form.Error("note"), Value: note, Rows: 4}
	default:
		v.Why = l.Fault(fault.New(fault.Forbidden, "role.read_only"))
	}
	return v, nil
}

// answer serves POST /office/alarms/:id: somebody has looked, and says what it was.
func (o *Office) answer(c echo.Context) error {
	typed, err := page.Posted(c)
	if err != nil {
		return err
	}
	id, err := alarmOf(c)
	if err != nil {
		return err
	}
	note := page.Text(typed, "note")
	err = audit.Answer(c.Request().Context(), o.db, o.now, id, visitor(c).ID, note)
	if err == nil {
		return c.Redirect(http.StatusSeeOther, alarmPath(id)+"?notice=answered")
	}
	wrong, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	v, err := o.newAlarmPage(c, note, wrong)
	if err != nil {
		return err
	}
	return c.Render(wrong.Status(), "office/alarm", v)
}
