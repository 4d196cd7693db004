package office

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/inbox"
	"kopiyka/internal/web/page"
)

func eventStatus(l i18n.Lang, s inbox.State) page.Status {
	looks := map[inbox.State]page.State{inbox.Dead: page.Failed, inbox.New: page.Waits, inbox.Done: page.Closed}
	return page.NewStatus(l, looks[s]).Saying(l.T("desk.event." + string(s)))
}

func eventPath(id string) string { return "/office/inbox/" + url.PathEscape(id) }

// inbox serves GET /office/inbox: the events of a state, dead ones unless another is asked
// for, or those about one object or of one id.
func (o *Office) inbox(c echo.Context) error {
	v, err := newList(c, "inbox")
	if err != nil {
		return err
	}
	events, err := o.events(c, v.Asked, v.Asked.After(), inbox.PageSize)
	if err != nil {
		return err
	}
	l := v.Lang
	v.Searching("state", page.Field{ID: "q", Name: "q", Label: l.T("desk.field.event"), Hint: l.T("desk.field.event_hint"), Value: v.Asked.Get("q"), MaxLength: 255})
	if v.Asked.Get("q") == "" {
		var tabs []page.Link
		for _, s := range inbox.States() {
			tabs = append(tabs, page.Link{Href: string(s), Text: l.T("desk.event_tab." + string(s))})
		}
		v.Tabbed(string(eventState(v.Asked)), tabs...)
	}
	columns := []page.Column{
		{Text: l.T("desk.column.event")}, {Text: l.T("desk.column.object")}, {Text: l.T("desk.column.came")}, {Text: l.T("desk.column.tries"), Sum: true},
		{Text: l.T("desk.column.state")}, {Text: l.T("desk.column.trouble")},
	}
	var rows [][]page.Cell
	last := ""
	for _, e := range events {
		last = e.ID
		rows = append(rows, []page.Cell{
			{Text: e.Type, Href: eventPath(e.ID), Note: e.ID}, {Text: e.ObjectKind, Note: e.ObjectID}, {When: l.Moment(e.ReceivedAt)},
			{Text: l.Number(int64(e.Tries))}, {Status: eventStatus(l, e.State)}, {Note: e.Trouble},
		})
	}
	v.Shows(columns, rows, len(events) == inbox.PageSize && v.Asked.Get("q") == "", last)
	return send(c, v)
}

// eventState is the state that is asked for. Dead letters come first.
func eventState(a page.Asked) inbox.State {
	if s := a.Get("state"); s != "" {
		return inbox.State(s)
	}
	return inbox.Dead
}

func (o *Office) events(c echo.Context, a page.Asked, after string, limit int) ([]inbox.Kept, error) {
	ctx := c.Request().Context()
	q := a.Get("q")
	if q == "" {
		state := eventState(a)
		if !slices.Contains(inbox.States(), state) {
			return nil, fault.New(fault.NotFound, "page.unknown")
		}
		return inbox.List(ctx, o.db, state, after, limit)
	}
	found, err := inbox.About(ctx, o.db, q)
	if err != nil || len(found) > 0 {
		return found, err
	}
	one, err := inbox.Find(ctx, o.db, q)
	if f, ok := fault.As(err); ok && f.Kind == fault.NotFound {
		return nil, nil
	}
	return []inbox.Kept{one}, err
}

// inboxFile serves GET /office/inbox.csv.
func (o *Office) inboxFile(c echo.Context) error {
	a, err := page.ReadAsked(c, "/office/inbox")
	if err != nil {
		return err
	}
	l := page.Of(c).Lang
	head := heads(l, "event", "type", "kind", "object", "happened", "came", "deliveries", "state", "tries", "trouble")
	return page.Export(c, "inbox", head, func(after string) (rows [][]string, last string, err error) {
		events, err := o.events(c, a, after, page.Chunk)
		for _, e := range events {
			rows = append(rows, []string{
				e.ID, e.Type, e.ObjectKind, e.ObjectID, stamp(e.HappenedAt), stamp(e.ReceivedAt), number(e.Deliveries), l.T("desk.event." + string(e.State)), number(e.Tries), e.Trouble,
			})
			last = e.ID
		}
		return rows, last, err
	})
}

type eventPage struct {
	page.Base
	Errors page.ErrorSummary
	Notice page.Notice
	Title  string
	Status page.Status
	Facts  []named
	Replay string // where the button posts to; empty while it waits, or for who only reads
	Why    string
}

// event serves GET /office/inbox/:id. Its body is not shown: nobody needs a payer's card or
// address to see what became of an event.
func (o *Office) event(c echo.Context) error {
	v, err := o.newEventPage(c)
	if err != nil {
		return err
	}
	if c.QueryParam("notice") == "replayed" {
		v.Notice = page.Notice{Title: v.Lang.T("desk.notice.replayed"), Text: v.Lang.T("desk.notice.replayed_text"), Live: true}
	}
	return c.Render(http.StatusOK, "office/event", v)
}

func (o *Office) newEventPage(c echo.Context) (eventPage, error) {
	e, err := inbox.Find(c.Request().Context(), o.db, c.Param("id"))
	if err != nil {
		return eventPage{}, err
	}
	b := page.Of(c)
	b.Path = eventPath(e.ID)
	l := b.Lang
	v := eventPage{Base: b, Title: e.Type, Status: eventStatus(l, e.State)}
	v.Facts = []named{
		{Text: l.T("desk.column.event"), Code: e.ID},
		{Text: l.T("desk.column.object"), Code: e.ObjectID, Value: e.ObjectKind},
		{Text: l.T("desk.column.happened"), Value: l.DateTime(e.HappenedAt)},
		{Text: l.T("desk.column.came"), Value: l.T("desk.event_came", l.DateTime(e.ReceivedAt), l.T("desk.found_by."+string(e.FoundBy)))},
		{Text: l.T("desk.column.deliveries"), Value: l.Number(int64(e.Deliveries))},
		{Text: l.T("desk.column.tries"), Value: l.Number(int64(e.Tries))},
		{Text: l.T("desk.event_version"), Code: e.APIVersion},
	}
	if e.State == inbox.New {
		v.Facts = append(v.Facts, named{Text: l.T("desk.event_next"), Value: l.DateTime(e.NextTryAt)})
	}
	if e.DoneAt.Valid {
		v.Facts = append(v.Facts, named{Text: l.T("desk.event_done"), Value: l.DateTime(e.DoneAt.Time)})
	}
	if e.Trouble != "" {
		v.Facts = append(v.Facts, named{Text: l.T("desk.column.trouble"), Value: e.Trouble})
	}
	switch {
	case !acts(visitor(c)):
		v.Why = l.Fault(fault.New(fault.Forbidden, "role.read_only"))
	case e.State == inbox.New:
		v.Why = l.T("desk.event_waits")
	default:
		v.Replay = eventPath(e.ID)
	}
	return v, nil
}

// replay serves POST /office/inbox/:id: the event is handed to the workers once more.
func (o *Office) replay(c echo.Context) error {
	if !acts(visitor(c)) {
		return readsOnly()
	}
	err := inbox.Replay(c.Request().Context(), o.db, o.now, c.Param("id"), visitor(c).ID)
	if err == nil {
		return c.Redirect(http.StatusSeeOther, eventPath(c.Param("id"))+"?notice=replayed")
	}
	wrong, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	v, err := o.newEventPage(c)
	if err != nil {
		return err
	}
	v.Errors = wrong.Summary(nil)
	return c.Render(wrong.Status(), "office/event", v)
}
