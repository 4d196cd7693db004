package office

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/audit"
	"kopiyka/internal/fault"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/trail"
)

// trailPath is where everybody reads of their own acts.
const trailPath = "/account/trail"

// readsAudit leads whoever is neither an auditor nor an admin to their own acts.
func (o *Office) readsAudit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		may, err := audit.Reads(c.Request().Context(), o.db, visitor(c).ID)
		if err != nil {
			return err
		}
		if !may {
			return c.Redirect(http.StatusSeeOther, trailPath)
		}
		return next(c)
	}
}

// audit serves GET /office/audit: who did what in the clusters whose audit the visitor
// reads, the last written first.
func (o *Office) audit(c echo.Context) error {
	v, err := newList(c, "audit")
	if err != nil {
		return err
	}
	after, err := trail.After(v.Asked.After())
	if err != nil {
		return err
	}
	search, err := auditSearch(v.Asked)
	var found []audit.Told
	if err == nil {
		found, err = audit.Find(c.Request().Context(), o.db, visitor(c).ID, search, after, trail.PageSize)
	}
	form, err := page.NewForm(v.Lang, err)
	if err != nil {
		return err
	}
	auditForm(&v, form)
	if form.Failed() {
		v.Errors = form.Summary(map[string]string{"from": v.Lang.T("desk.field.from"), "until": v.Lang.T("desk.field.until")})
		return c.Render(form.Status(), "office/list", v)
	}
	trail.Show(&v, found, trail.Office, true)
	return send(c, v)
}

func auditSearch(a page.Asked) (audit.Search, error) {
	var form fault.Form
	s := audit.Search{Person: a.Get("person"), Subject: a.Get("subject"), Act: a.Get("act")}
	s.From = readDay(a, "from", 0, &form)
	s.Until = readDay(a, "until", 1, &form)
	return s, form.Err()
}

func auditForm(v *page.List, form page.Form) {
	l, a := v.Lang, v.Asked
	v.Searching("",
		page.Field{ID: "person", Name: "person", Label: l.T("desk.field.person"), Hint: l.T("desk.field.person_hint"), Value: a.Get("person"), MaxLength: 200, Autocomplete: "off"},
		page.Field{ID: "subject", Name: "subject", Label: l.T("desk.field.act_subject"), Hint: l.T("desk.field.act_subject_hint"), Value: a.Get("subject"), MaxLength: 200},
		v.Choice("act", l.T("desk.field.act"), l.T("desk.field.any_act"), trail.Options(l)...),
		page.Field{ID: "from", Name: "from", Label: l.T("desk.field.from"), Type: "date", Value: a.Get("from"), Error: form.Error("from")},
		page.Field{ID: "until", Name: "until", Label: l.T("desk.field.until"), Type: "date", Value: a.Get("until"), Error: form.Error("until")},
	)
}

// auditFile serves GET /office/audit.csv.
func (o *Office) auditFile(c echo.Context) error {
	a, err := page.ReadAsked(c, listPath("audit"))
	if err != nil {
		return err
	}
	search, err := auditSearch(a)
	if err != nil {
		return err
	}
	return trail.Send(c, "audit", func(after int64, limit int) ([]audit.Told, error) {
		return audit.Find(c.Request().Context(), o.db, visitor(c).ID, search, after, limit)
	})
}
