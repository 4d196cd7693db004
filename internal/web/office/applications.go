package office

import (
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/roster"
)

// ApplicationsPath is the list of companies that ask to be taken in.
const ApplicationsPath = "/office/applications"

// applicationsShown is how many rows of the list a page has.
const applicationsShown = 50

// applications serves GET /office/applications: those that wait, or with ?state=decided the
// others.
func (o *Office) applications(c echo.Context) error {
	v, err := newList(c, "applications")
	if err != nil {
		return err
	}
	found, err := o.findApplications(c, v.Asked, v.Asked.After(), applicationsShown)
	if err != nil {
		return err
	}
	l := v.Lang
	v.Tabbed(v.Asked.Get("state"), page.Link{Text: l.T("people.applications.waiting")}, page.Link{Href: "decided", Text: l.T("people.applications.decided")})
	var rows [][]page.Cell
	last := ""
	for _, a := range found {
		last = a.ID
		rows = append(rows, []page.Cell{
			{Text: a.Name().In(l), Href: applicationPath(a.ID), Note: a.OfficialID}, {Text: l.T("people.kind." + a.Kind), Note: a.Cluster().In(l)}, {Text: a.PersonName, Note: a.Email},
			{When: l.Day(a.AskedAt)}, {Status: applicationStatus(l, a)},
		})
	}
	columns := []page.Column{{Text: l.T("desk.column.company")}, {Text: l.T("people.kind")}, {Text: l.T("people.applications.who")}, {Text: l.T("people.applications.when")}, {Text: l.T("desk.column.state")}}
	v.Shows(columns, rows, len(found) == applicationsShown, last)
	return send(c, v)
}

func (o *Office) findApplications(c echo.Context, a page.Asked, after string, limit int) ([]member.Applied, error) {
	state := a.Get("state")
	if state != "" && state != "decided" {
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	return member.ApplicationsFor(c.Request().Context(), o.db, visitor(c).ID, state == "", after, limit)
}

// applicationsFile serves GET /office/applications.csv.
func (o *Office) applicationsFile(c echo.Context) error {
	a, err := page.ReadAsked(c, ApplicationsPath)
	if err != nil {
		return err
	}
	columns := []string{"application", "name_uk", "name_en", "country", "official_id", "site", "cluster", "kind", "person", "email", "asked_at", "state", "decided_at", "reason"}
	return page.Export(c, "applications", columns, func(after string) (rows [][]string, last string, err error) {
		found, err := o.findApplications(c, a, after, page.Chunk)
		for _, one := range found {
			last = one.ID
			state, decided := "waits", ""
			if !one.Waits() {
				state, decided = "refused", one.DecidedAt.UTC().Format(time.RFC3339)
				if *one.Accepted {
					state = "accepted"
				}
			}
			rows = append(rows, []string{one.ID, one.Name().UK, one.Name().EN, one.Country, one.OfficialID, one.Site, one.Cluster().EN, one.Kind,
				one.PersonName, one.Email, one.AskedAt.UTC().Format(time.RFC3339), state, decided, one.Reason})
		}
		return rows, last, err
	})
}

func applicationPath(id string) string { return ApplicationsPath + "/" + id }

func applicationStatus(l i18n.Lang, a member.Applied) page.Status {
	switch {
	case a.Waits():
		return page.NewStatus(l, page.Waits).Saying(l.T("people.applications.waits"))
	case *a.Accepted:
		return page.NewStatus(l, page.Closed).Saying(l.T("people.applications.accepted"))
	}
	return page.NewStatus(l, page.Declined).Saying(l.T("people.applications.refused"))
}

type applicationPage struct {
	page.Base
	Notice  page.Notice
	Errors  page.ErrorSummary
	Name    string
	Status  page.Status
	Facts   []roster.Fact
	Message string
	Known   string // the name of a company here with the same number
	Accept  page.Press
	Refuse  page.Ask
	Decided []roster.Fact
	Company page.Link
}

// application serves GET /office/applications/:id.
func (o *Office) application(c echo.Context) error { return o.showApplication(c, "", page.Form{}) }

func (o *Office) showApplication(c echo.Context, reason string, form page.Form) error {
	person := visitor(c)
	a, err := member.ApplicationFor(c.Request().Context(), o.db, c.Param("id"), person.ID)
	if err != nil {
		return err
	}
	b := page.Of(c)
	b.Path = applicationPath(a.ID)
	l := b.Lang
	v := applicationPage{Base: b, Name: a.Name().In(l), Status: applicationStatus(l, a), Message: a.Message, Facts: append(
		roster.Facts(l, member.Company{Name: a.Name(), Country: a.Country, OfficialID: a.OfficialID}),
		roster.Fact{Name: l.T("people.site"), Text: a.Site}, roster.Fact{Name: l.T("people.cluster"), Text: a.Cluster().In(l)}, roster.Fact{Name: l.T("people.kind"), Text: l.T("people.kind." + a.Kind)},
		roster.Fact{Name: l.T("people.applications.who"), Text: a.PersonName}, roster.Fact{Name: l.T("people.email"), Text: a.Email}, roster.Fact{Name: l.T("people.applications.when"), Text: l.DateTime(a.AskedAt)},
	)}
	v.Facts = slices.DeleteFunc(v.Facts, func(f roster.Fact) bool { return f.Text == "" })
	if a.KnownID != "" && a.Waits() {
		v.Known = in(l, a.KnownUK, a.KnownEN)
	}
	switch {
	case !a.Waits():
		v.Decided = []roster.Fact{{Name: l.T("people.applications.decided_by"), Text: a.DecidedBy}, {Name: l.T("people.applications.decided_at"), Text: l.DateTime(*a.DecidedAt)}}
		if a.Reason != "" {
			v.Decided = append(v.Decided, roster.Fact{Name: l.T("people.applications.reason"), Text: a.Reason})
		}
		if a.CompanyID != "" {
			v.Company = page.Link{Href: companyPath(a.CompanyID), Text: l.T("people.applications.company")}
		}
	case holds(person, a.ClusterID, member.Coordinator):
		v.Accept = page.Press{Action: b.Path + "/accept", Text: l.T("people.applications.accept")}
		v.Refuse = page.Ask{Action: b.Path + "/refuse", Button: l.T("people.applications.refuse"), Questions: page.Fields(page.Field{
			ID: "reason", Name: "reason", Label: l.T("people.applications.reason"), Hint: l.T("people.applications.reason_hint"), Value: reason, Error: form.Error("reason"), Rows: 3,
		})}
	}
	if c.QueryParam("notice") == "refused" {
		v.Notice = page.Notice{Title: l.T("people.notice.refused"), Live: true}
	}
	v.Errors = form.Summary(v.Refuse.Labels())
	return c.Render(form.Status(), "office/application", v)
}

// acceptApplication serves POST /office/applications/:id/accept and leads to the company
// that it became.
func (o *Office) acceptApplication(c echo.Context) error {
	ctx := c.Request().Context()
	company, err := member.AcceptApplication(ctx, o.db, o.now, o.gateway.Site(), c.Param("id"), visitor(c).ID)
	if err != nil {
		return o.applicationRefused(c, "", err)
	}
	if err := pg.Announce(ctx, o.db, pg.PublicChanged); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, companyPath(company)+"?notice=accepted")
}

// refuseApplication serves POST /office/applications/:id/refuse.
func (o *Office) refuseApplication(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	reason := page.Text(form, "reason")
	err = member.RefuseApplication(c.Request().Context(), o.db, o.now, o.gateway.Site(), c.Param("id"), visitor(c).ID, reason)
	if err != nil {
		return o.applicationRefused(c, reason, err)
	}
	return c.Redirect(http.StatusSeeOther, applicationPath(c.Param("id"))+"?notice=refused")
}

// applicationRefused shows the application with why a decision was not taken. Who may see
// it and not decide is told so on a page of its own.
func (o *Office) applicationRefused(c echo.Context, reason string, err error) error {
	if f, ok := fault.As(err); ok && f.Kind == fault.Forbidden {
		return err
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return o.showApplication(c, reason, faults)
}

func (o *Office) toApplication(c echo.Context) error {
	if !pg.IsID(c.Param("id")) {
		return fault.New(fault.NotFound, "application.unknown")
	}
	return c.Redirect(http.StatusSeeOther, applicationPath(c.Param("id")))
}
