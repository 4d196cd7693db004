package portal

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/document"
	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/web/life"
	"kopiyka/internal/web/page"
)

// issuePaper serves POST /portal/pledges/:id/documents: an invoice or an agreement. Asked
// for twice, it is the same one.
func (p *Portal) issuePaper(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	w := document.Wish{PledgeID: c.Param("id"), PersonID: visitor(c).ID, Instalment: form.Get("part")}
	if origin := page.Of(c).Origin; origin != "" {
		w.PayURL = origin + pledgePath(w.PledgeID)
	}
	issue := document.IssueInvoice
	switch document.Kind(form.Get("kind")) {
	case document.Invoice:
	case document.Agreement:
		issue, w.PayURL = document.IssueAgreement, ""
	default:
		return fault.New(fault.Invalid, "form.unreadable")
	}
	doc, err := issue(c.Request().Context(), p.db, p.now, w)
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, pledgePath(doc.PledgeID)+"?notice=issued#papers")
}

// paper serves GET /portal/documents/:id/:lang: the file, as it was issued.
func (p *Portal) paper(c echo.Context) error {
	l, ok := i18n.Parse(c.Param("lang"))
	if !ok {
		return echo.ErrNotFound
	}
	doc, body, err := document.File(c.Request().Context(), p.db, p.now, c.Param("id"), visitor(c).ID, l)
	if err != nil {
		return err
	}
	return life.SendPaper(c, doc, body, l)
}

func paperPath(d document.Document, l i18n.Lang) string {
	return "/portal/documents/" + d.ID + "/" + string(l)
}

func paperTable(l i18n.Lang, docs []document.Document) page.Table {
	columns, rows := life.PaperRows(l, docs, paperPath)
	return page.NewTable("", columns, rows)
}

// papersOf are the documents of a pledge.
func (p *Portal) papersOf(c echo.Context, l i18n.Lang, pledge giving.Pledge, schedule giving.Schedule, mayPay bool) (page.Papers, error) {
	docs, err := document.OfPledge(c.Request().Context(), p.db, pledge.ID, visitor(c).ID, c.QueryParam("papers"))
	if err != nil {
		return page.Papers{}, err
	}
	papers := page.Papers{ID: "papers", Title: l.T("portal.papers"), Text: l.T("portal.papers.text"), Table: paperTable(l, docs)}
	if len(docs) == document.PageSize {
		papers.More = page.Link{Href: pledgePath(pledge.ID) + "?papers=" + docs[len(docs)-1].ID + "#papers", Text: l.T("portal.papers.older")}
	}
	if !mayPay {
		return papers, nil
	}
	action := pledgePath(pledge.ID) + "/documents"
	if open := schedule.Open(); len(open) > 1 && !pledge.Cancelled {
		next := pledge.LeftOf(open[0])
		papers.Forms = append(papers.Forms, page.PaperForm{Action: action, Kind: string(document.Invoice), Part: open[0].ID, Button: l.T("portal.papers.invoice_part", next, open[0].DueOn)})
	}
	if left := pledge.ToPay(); !left.IsZero() {
		papers.Forms = append(papers.Forms, page.PaperForm{Action: action, Kind: string(document.Invoice), Button: l.T("portal.papers.invoice", left)})
	}
	if pledge.Amount.Minor > 0 {
		papers.Forms = append(papers.Forms, page.PaperForm{Action: action, Kind: string(document.Agreement), Button: l.T("portal.papers.agreement")})
	}
	return papers, nil
}

// receiptOf is the link to a payment's receipt, once there is one.
func (p *Portal) receiptOf(c echo.Context, l i18n.Lang, payment giving.Payment) (page.Link, error) {
	d, found, err := document.ReceiptOf(c.Request().Context(), p.db, payment.ID, visitor(c).ID)
	if err != nil || !found {
		return page.Link{}, err
	}
	return page.Link{Href: paperPath(d, l), Text: l.T("document.title.receipt", d.No())}, nil
}

type statementPage struct {
	page.Base
	Notice  page.Notice
	Company string
	Year    string
	Years   []page.Link // before and after
	Parts   []statementPart
	Empty   page.Empty
	Papers  page.Papers
}

// statementPart is the year with one cluster.
type statementPart struct {
	ID, Cluster string
	Lines       page.Table
	Totals      []figure
}

// The years that a statement may be asked for.
const firstYear, lastYear = 2000, 9998

func yearOf(c echo.Context) (int, error) {
	year, err := strconv.Atoi(c.Param("year"))
	if err != nil || year < firstYear || year > lastYear || strconv.Itoa(year) != c.Param("year") {
		return 0, echo.ErrNotFound
	}
	return year, nil
}

func statementPath(slug string, year int) string {
	return "/portal/companies/" + slug + "/statements/" + strconv.Itoa(year)
}

// statement serves GET /portal/companies/:slug/statements/:year: all that came in from a
// company in a year, and what went back.
func (p *Portal) statement(c echo.Context) error {
	year, err := yearOf(c)
	if err != nil {
		return err
	}
	posts, err := chosenPosts(visitor(c), c.Param("slug"))
	if err != nil {
		return err
	}
	v, err := p.newStatementPage(c, posts[0], year)
	if err != nil {
		return err
	}
	v.Notice = notice(v.Lang, c.QueryParam("notice"))
	return c.Render(http.StatusOK, "portal/statement", v)
}

func (p *Portal) newStatementPage(c echo.Context, post member.CompanyPost, year int) (statementPage, error) {
	ctx, person, b := c.Request().Context(), visitor(c), page.Of(c)
	l := b.Lang
	years, err := document.YearsOf(ctx, p.db, post.Slug, person.ID, year)
	if err != nil {
		return statementPage{}, err
	}
	docs, err := document.StatementsOf(ctx, p.db, post.Slug, person.ID, year)
	if err != nil {
		return statementPage{}, err
	}
	v := statementPage{Base: b, Company: in(l, post.Name.UK, post.Name.EN), Year: strconv.Itoa(year)}
	if year > firstYear {
		v.Years = append(v.Years, page.Link{Href: statementPath(post.Slug, year-1), Text: strconv.Itoa(year - 1)})
	}
	if year < i18n.Year(p.now()) {
		v.Years = append(v.Years, page.Link{Href: statementPath(post.Slug, year+1), Text: strconv.Itoa(year + 1)})
	}
	for i, y := range years {
		v.Parts = append(v.Parts, newStatementPart(l, i, y.Facts))
	}
	if len(years) == 0 {
		v.Empty = page.Empty{Title: l.T("portal.statement.empty", v.Year), Text: l.T("portal.statement.empty_text")}
	}
	v.Papers = page.Papers{ID: "papers", Title: l.T("portal.statement.papers"), Text: l.T("portal.statement.papers_text"), Table: paperTable(l, docs)}
	if post.Role.MayPay() && len(years) > 0 {
		v.Papers.Forms = []page.PaperForm{{Action: statementPath(post.Slug, year), Button: l.T("portal.statement.issue", v.Year)}}
	}
	return v, nil
}

func newStatementPart(l i18n.Lang, i int, f document.Facts) statementPart {
	part := statementPart{ID: "cluster-" + strconv.Itoa(i+1), Cluster: f.Cluster.In(l)}
	columns := []page.Column{{Text: l.T("document.column.date")}, {Text: l.T("document.column.document")}, {Text: l.T("document.column.campaign")}, {Text: l.T("portal.column.amount"), Sum: true}}
	var rows [][]page.Cell
	for _, one := range slices.Concat(f.Lines, f.TakenFor) {
		sum := l.Sum(one.Amount)
		rows = append(rows, []page.Cell{{When: l.Day(one.At)}, {Text: one.Title(l)}, {Text: one.Campaign.In(l)}, {Sum: &sum}})
	}
	part.Lines = page.NewTable("", columns, rows)
	for _, t := range f.Totals() {
		part.Totals = append(part.Totals,
			newFigure(l, "received", money.Of(t.Received, t.Currency)), newFigure(l, "refunded", money.Of(t.Returned, t.Currency)))
		if t.Taken != 0 {
			part.Totals = append(part.Totals, newFigure(l, "taken_back", money.Of(t.Taken, t.Currency)))
		}
		part.Totals = append(part.Totals, newFigure(l, "stayed", t.Stays()))
	}
	return part
}

// issueStatement serves POST /portal/companies/:slug/statements/:year.
func (p *Portal) issueStatement(c echo.Context) error {
	year, err := yearOf(c)
	if err != nil {
		return err
	}
	if _, err := document.IssueStatements(c.Request().Context(), p.db, p.now, c.Param("slug"), visitor(c).ID, year); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, statementPath(c.Param("slug"), year)+"?notice=issued#papers")
}
