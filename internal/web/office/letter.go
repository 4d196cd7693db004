package office

import (
	"net/http"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/audit"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
	"kopiyka/internal/web/page"
)

type letterPage struct {
	page.Base
	Errors page.ErrorSummary
	Notice page.Notice
	Title  string
	Status page.Status
	Facts  []named
	Back   page.Notice // that letters to its address come back
	Again  page.Press  // sends it once more; may be none
	Mark   page.Ask    // says that it came back; may be none
}

func letterPath(id string) string { return listPath("letters") + "/" + id }

// letter serves GET /office/letters/:id: what is known of one letter. What it says is its
// reader's.
func (o *Office) letter(c echo.Context) error { return o.showLetter(c, "", page.Form{}) }

func (o *Office) showLetter(c echo.Context, typed string, form page.Form) error {
	person := visitor(c)
	m, err := mail.One(c.Request().Context(), o.db, person.ID, c.Param("id"))
	if err != nil {
		return err
	}
	b := page.Of(c)
	b.Path = letterPath(m.ID)
	l := b.Lang
	v := letterPage{Base: b, Title: m.Subject, Status: letterStatus(l, m.State), Facts: letterFacts(l, m)}
	if c.QueryParam("notice") == "bounced" {
		v.Notice = page.Notice{Title: l.T("privacy.letter.marked"), Text: l.T("privacy.letter.marked_text"), Live: true}
	}
	if m.Bounced && v.Notice.Title == "" {
		v.Back = page.Notice{Title: l.T("privacy.letter.back"), Text: l.T("privacy.letter.comes_back_text")}
	}
	if actsIn(person, m.ClusterID) && m.State != mail.Waiting && !m.Empty {
		v.Again = page.Press{Action: letterPath(m.ID), Text: l.T("desk.letter_again")}
	}
	if m.MayMark && m.State == mail.Sent && !m.Bounced {
		v.Mark = page.Ask{Action: letterPath(m.ID) + "/bounced", Button: l.T("privacy.letter.mark"), Questions: page.Fields(page.Field{
			ID: "reason", Name: "reason", Label: l.T("privacy.letter.reason"), Hint: l.T("privacy.letter.reason_hint"), Value: typed, Error: form.Error("reason"), Rows: 2, MaxLength: mostBounceReason,
		})}
	}
	v.Errors = form.Summary(v.Mark.Labels())
	return c.Render(form.Status(), "office/letter", v)
}

func letterFacts(l i18n.Lang, m mail.Seen) []named {
	facts := []named{
		{Text: l.T("desk.column.letter"), Value: wordOr(l, "desk.letter."+m.Name, m.Name)},
		{Text: l.T("desk.column.recipient"), Value: m.Recipient + ", " + i18n.Lang(m.Lang).Name()},
		{Text: l.T("desk.column.written"), Value: l.DateTime(m.QueuedAt)},
	}
	if m.SentAt.Valid {
		facts = append(facts, named{Text: l.T("privacy.letter.sent"), Value: l.DateTime(m.SentAt.Time)})
	}
	if m.State == mail.Waiting {
		facts = append(facts, named{Text: l.T("privacy.letter.next"), Value: l.DateTime(m.NextTryAt)})
	}
	if m.Trouble != "" {
		facts = append(facts, named{Text: l.T("desk.column.trouble"), Value: m.Trouble})
	}
	if m.Empty {
		facts = append(facts, named{Text: l.T("privacy.letter.text"), Value: l.T("privacy.letter.empty")})
	}
	return facts
}

// mostBounceReason is how long the reason may be.
const mostBounceReason = 500

// bounced serves POST /office/letters/:id/bounced: the letter came back to the cluster's own
// mailbox, where this program does not look.
func (o *Office) bounced(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	ctx, person, id, reason := c.Request().Context(), visitor(c), c.Param("id"), strings.TrimSpace(form.Get("reason"))
	if f := text.Check("reason", reason, mostBounceReason); f != nil {
		err = f
	} else {
		err = pg.InTx(ctx, o.db, func(tx *sqlx.Tx) error {
			if err := mail.Bounced(ctx, tx, o.now, person.ID, id, reason); err != nil {
				return err
			}
			return audit.Record(ctx, tx, audit.Act{At: o.now(), Person: person.ID, Act: "letter.bounced", Subject: "letter:" + id, Detail: map[string]any{"reason": reason}})
		})
	}
	if err == nil {
		return c.Redirect(http.StatusSeeOther, letterPath(id)+"?notice=bounced")
	}
	if f, ok := fault.As(err); ok && (f.Kind == fault.NotFound || f.Kind == fault.Forbidden) {
		return err
	}
	wrong, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return o.showLetter(c, reason, wrong)
}

func (o *Office) toLetter(c echo.Context) error {
	return c.Redirect(http.StatusSeeOther, letterPath(c.Param("id")))
}
