package office

import (
	"github.com/labstack/echo/v4"

	"kopiyka/internal/document"
	"kopiyka/internal/i18n"
	"kopiyka/internal/web/life"
	"kopiyka/internal/web/page"
)

// papers adds the addresses of what was issued to companies.
func (o *Office) papers(g *echo.Group) {
	g.GET("/documents", o.documents)
	g.GET("/documents.csv", o.documentsFile)
	g.GET("/documents/:id/:lang", o.paper)
}

func paperPath(d document.Document, l i18n.Lang) string {
	return "/office/documents/" + d.ID + "/" + string(l)
}

// documents serves GET /office/documents: what the visitor's clusters have issued, newest
// first. ?company= keeps what was issued to one company.
func (o *Office) documents(c echo.Context) error {
	v, err := newList(c, "documents")
	if err != nil {
		return err
	}
	found, err := o.findDocuments(c, v.Asked, v.Asked.After(), document.PageSize)
	if err != nil {
		return err
	}
	l := v.Lang
	v.Searching("",
		v.Word(l.T("life.papers.number"), l.T("life.papers.number_hint")),
		life.PaperKinds(&v),
		page.Field{ID: "company", Name: "company", Label: l.T("desk.column.company"), Hint: l.T("desk.field.company_hint"), Value: v.Asked.Get("company"), MaxLength: 200},
	)
	last := ""
	columns, rows := life.PaperRows(l, found, paperPath)
	for i, d := range found {
		last = d.ID
		rows[i][0].Note = d.Facts.Company.In(l)
	}
	v.Shows(columns, rows, len(found) == document.PageSize, last)
	return send(c, v)
}

func (o *Office) findDocuments(c echo.Context, a page.Asked, after string, limit int) ([]document.Document, error) {
	s := document.Search{No: a.Get("q"), Kind: document.Kind(a.Get("kind")), Company: a.Get("company")}
	return document.Find(c.Request().Context(), o.db, visitor(c).ID, s, after, limit)
}

// documentsFile serves GET /office/documents.csv.
func (o *Office) documentsFile(c echo.Context) error {
	a, err := page.ReadAsked(c, listPath("documents"))
	if err != nil {
		return err
	}
	l := page.Of(c).Lang
	return page.Export(c, "documents", life.PaperHeads(l), func(after string) (rows [][]string, last string, err error) {
		found, err := o.findDocuments(c, a, after, page.Chunk)
		for _, d := range found {
			last, rows = d.ID, append(rows, life.PaperRecord(l, d))
		}
		return rows, last, err
	})
}

// paper serves GET /office/documents/:id/:lang: the file, as its company has it.
func (o *Office) paper(c echo.Context) error {
	l, ok := i18n.Parse(c.Param("lang"))
	if !ok {
		return echo.ErrNotFound
	}
	doc, body, err := document.FileFor(c.Request().Context(), o.db, o.now, c.Param("id"), visitor(c).ID, l)
	if err != nil {
		return err
	}
	return life.SendPaper(c, doc, body, l)
}

// papersOf are the documents about a pledge or a payment, for its page.
func (o *Office) papersOf(c echo.Context, l i18n.Lang, of document.Of) (page.Papers, error) {
	docs, err := document.About(c.Request().Context(), o.db, of, visitor(c).ID)
	if err != nil || len(docs) == 0 {
		return page.Papers{}, err
	}
	columns, rows := life.PaperRows(l, docs, paperPath)
	return page.Papers{ID: "papers", Title: l.T("desk.title.documents"), Table: page.NewTable("", columns, rows)}, nil
}
