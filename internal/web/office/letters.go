package office

import (
	"net/http"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/audit"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/page"
)

func letterStatus(l i18n.Lang, s mail.State) page.Status {
	looks := map[mail.State]page.State{mail.Waiting: page.Waits, mail.Sent: page.Closed, mail.Refused: page.Failed, mail.GivenUp: page.Failed, mail.Withdrawn: page.Closed}
	return page.NewStatus(l, looks[s]).Saying(l.T("desk.letter_state." + string(s)))
}

// letters serves GET /office/letters: the letters that the program has written in the name
// of the visitor's clusters, the newest first, or those of a state.
func (o *Office) letters(c echo.Context) error { return o.showLetters(c, page.Form{}) }

func (o *Office) showLetters(c echo.Context, form page.Form) error {
	v, err := newList(c, "letters")
	if err != nil {
		return err
	}
	found, err := mail.Find(c.Request().Context(), o.db, visitor(c).ID, letterSearch(v.Asked), v.Asked.After(), mail.PageSize)
	if err != nil {
		return err
	}
	l := v.Lang
	if mayPreview(visitor(c)) {
		v.Back = append(v.Back, page.Link{Href: templatesPath, Text: l.T("privacy.preview.title")})
	}
	tabs := []page.Link{{Text: l.T("desk.letter_tab.all")}}
	for _, s := range mail.States() {
		tabs = append(tabs, page.Link{Href: string(s), Text: l.T("desk.letter_tab." + string(s))})
	}
	v.Tabbed(v.Asked.Get("state"), tabs...)
	kinds, err := letterKinds(&v)
	if err != nil {
		return err
	}
	v.Searching("state", v.Word(l.T("desk.field.letter"), l.T("desk.field.letter_hint")), kinds)
	v.Errors = form.Summary(nil)
	if c.QueryParam("notice") == "again" {
		v.Notice = page.Notice{Title: l.T("desk.notice.letter_again"), Text: l.T("desk.notice.letter_again_text"), Live: true}
	}
	columns, rows, last := letterRows(l, found, acts(visitor(c)))
	v.Shows(columns, rows, len(found) == mail.PageSize, last)
	return c.Render(form.Status(), "office/list", v)
}

func letterSearch(a page.Asked) mail.Search {
	return mail.Search{To: a.Get("q"), State: mail.State(a.Get("state")), Name: a.Get("name")}
}

// letterKinds offers the letters that there are.
func letterKinds(v *page.List) (page.Field, error) {
	names, err := mail.Names()
	var options []page.Option
	for _, n := range names {
		options = append(options, page.Option{Value: n, Text: wordOr(v.Lang, "desk.letter."+n, n)})
	}
	return v.Choice("name", v.Lang.T("desk.column.letter"), v.Lang.T("desk.field.any_letter"), options...), err
}

func letterRows(l i18n.Lang, found []mail.Seen, may bool) (columns []page.Column, rows [][]page.Cell, last string) {
	columns = []page.Column{
		{Text: l.T("desk.column.letter")}, {Text: l.T("desk.column.recipient")}, {Text: l.T("desk.column.written")}, {Text: l.T("desk.column.state")}, {Text: l.T("desk.column.trouble")}, {Text: l.T("office.column.act")},
	}
	for _, m := range found {
		last = m.ID
		state := page.Cell{Status: letterStatus(l, m.State)}
		switch m.State {
		case mail.Sent:
			state.Note = l.DateTime(m.SentAt.Time)
		case mail.Waiting:
			state.Note = l.T("desk.letter_next", l.DateTime(m.NextTryAt))
		}
		row := []page.Cell{
			{Text: wordOr(l, "desk.letter."+m.Name, m.Name), Href: letterPath(m.ID), Note: m.Subject}, {Text: m.Recipient, Note: i18n.Lang(m.Lang).Name()}, {When: l.Moment(m.QueuedAt)}, state, {Note: m.Trouble}, {},
		}
		if m.Bounced {
			state.Note = l.T("privacy.letter.comes_back")
			row[3] = state
		}
		if may && m.State != mail.Waiting && !m.Empty {
			row[5].Button = page.Button{Action: listPath("letters") + "/" + m.ID, Text: l.T("desk.letter_again")}
		}
		rows = append(rows, row)
	}
	return columns, rows, last
}

// lettersFile serves GET /office/letters.csv.
func (o *Office) lettersFile(c echo.Context) error {
	a, err := page.ReadAsked(c, listPath("letters"))
	if err != nil {
		return err
	}
	l := page.Of(c).Lang
	head := heads(l, "letter", "kind", "recipient", "subject_line", "written", "state", "tries", "due", "sent", "trouble")
	return page.Export(c, "letters", head, func(after string) (rows [][]string, last string, err error) {
		found, err := mail.Find(c.Request().Context(), o.db, visitor(c).ID, letterSearch(a), after, page.Chunk)
		for _, m := range found {
			due := ""
			if m.State == mail.Waiting {
				due = stamp(m.NextTryAt)
			}
			last = m.ID
			rows = append(rows, []string{
				m.ID, wordOr(l, "desk.letter."+m.Name, m.Name), m.Recipient, m.Subject, stamp(m.QueuedAt), l.T("desk.letter_state." + string(m.State)), number(m.Tries), due, stamp(m.SentAt.Time), m.Trouble,
			})
		}
		return rows, last, err
	})
}

// sendAgain serves POST /office/letters/:id: the letter goes back into the outbox, in the
// name of who asked for it.
func (o *Office) sendAgain(c echo.Context) error {
	ctx, person := c.Request().Context(), visitor(c)
	err := pg.InTx(ctx, o.db, func(tx *sqlx.Tx) error {
		m, err := mail.SendAgain(ctx, tx, o.now, person.ID, c.Param("id"))
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Act{At: o.now(), Person: person.ID, Act: "letter.sent-again", Subject: "letter:" + m.ID, Detail: map[string]any{"name": m.Name, "was": m.State}})
	})
	if err == nil {
		return c.Redirect(http.StatusSeeOther, listPath("letters")+"?notice=again")
	}
	if f, ok := fault.As(err); ok && f.Kind == fault.NotFound {
		return err
	}
	wrong, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return o.showLetters(c, wrong)
}
