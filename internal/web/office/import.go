package office

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/bank"
	"kopiyka/internal/web/page"
)

type progressPage struct {
	page.Base
	Title     string
	File      string
	Wait      int    // seconds until the page asks again; 0: it does not
	Percent   int64  // of the file
	Text      string // how far it is, or what became of it
	Wrong     page.ErrorSummary
	Statement page.Link
	Again     string // where to bring a file in
}

// progress serves GET /office/imports/:id: how far an import is, and then what it brought.
func (o *Office) progress(c echo.Context) error {
	s, err := bank.ImportFor(c.Request().Context(), o.db, visitor(c).ID, c.Param("id"))
	if err != nil {
		return err
	}
	b := page.Of(c)
	v := newProgress(b, s, o.now())
	if !acts(visitor(c)) {
		v.Again = ""
	}
	if s.State == "done" {
		notice := "imported"
		if s.Known {
			notice = "known"
		}
		v.Statement = page.Link{Href: StatementsPath + "/" + s.StatementID.String + "?notice=" + notice, Text: b.Lang.T("bank.progress.to_statement")}
	}
	return c.Render(http.StatusOK, "office/import", v)
}

func newProgress(b page.Base, s bank.Shown, now time.Time) progressPage {
	l := b.Lang
	v := progressPage{Base: b, File: s.FileName}
	switch {
	case s.State == "done":
		v.Title, v.Percent = l.T("bank.progress.done"), 100
		v.Text = l.N("bank.progress.lines", s.Lines)
	case s.State == "failed":
		v.Title, v.Again = l.T("bank.progress.failed"), StatementsPath+"/new"
		form, _ := page.NewForm(l, s.Fault()) // a fault is always taken
		v.Wrong = form.Summary(nil)
		for i := range v.Wrong.Items {
			v.Wrong.Items[i].Href = "" // the field is on another page
		}
		v.Text = l.T("bank.progress.nothing")
	case s.CutOff(now):
		v.Title, v.Text, v.Again = l.T("bank.progress.cut"), l.T("bank.progress.nothing"), StatementsPath+"/new"
	default:
		v.Title, v.Wait = l.T("bank.progress.running"), 1
		v.Percent = min(s.Done*100/max(s.Bytes, 1), 99)
		v.Text = l.N("bank.progress.lines", s.Lines)
	}
	return v
}
