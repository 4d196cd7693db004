package life

import (
	"mime"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/document"
	"kopiyka/internal/i18n"
	"kopiyka/internal/web/page"
)

// PaperRows list documents with their files in both languages. File is where a document's
// file lives in a language: each door has its own.
func PaperRows(l i18n.Lang, docs []document.Document, file func(document.Document, i18n.Lang) string) ([]page.Column, [][]page.Cell) {
	other := i18n.EN
	if l == i18n.EN {
		other = i18n.UK
	}
	columns := []page.Column{{Text: l.T("life.papers.document")}, {Text: l.T("life.papers.issued")}, {Text: l.T("life.papers.other")}, {Text: l.T("life.papers.amount"), Sum: true}}
	var rows [][]page.Cell
	for _, d := range docs {
		last := page.Cell{}
		if d.Kind != document.Statement {
			sum := l.Sum(d.Amount())
			last.Sum = &sum
		}
		rows = append(rows, []page.Cell{
			{Text: l.T("document.title."+string(d.Kind), d.No()), Href: file(d, l)}, {When: l.Day(d.IssuedAt)}, {Text: other.Name(), Href: file(d, other)}, last,
		})
	}
	return columns, rows
}

// PaperKinds is the field of a list that asks for one kind of document: ?kind=.
func PaperKinds(v *page.List) page.Field {
	var options []page.Option
	for _, k := range document.Kinds() {
		options = append(options, page.Option{Value: string(k), Text: v.Lang.T("life.paper." + string(k))})
	}
	return v.Choice("kind", v.Lang.T("life.papers.kind"), v.Lang.T("life.papers.any"), options...)
}

// SendPaper answers with a document's file.
func SendPaper(c echo.Context, d document.Document, body []byte, l i18n.Lang) error {
	h := c.Response().Header()
	h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": d.FileName(l)}))
	h.Set(echo.HeaderCacheControl, "private, no-store")
	h.Set("Content-Language", string(l))
	return c.Blob(http.StatusOK, "application/pdf", body)
}

// PaperHeads are the column heads of documents in a file, and PaperRecord is one of them.
func PaperHeads(l i18n.Lang) []string {
	var heads []string
	for _, name := range []string{"document", "kind", "number", "issued", "company", "pledge", "payment", "currency", "amount"} {
		heads = append(heads, l.T("life.papers."+name))
	}
	return heads
}

// PaperRecord is a document in a file.
func PaperRecord(l i18n.Lang, d document.Document) []string {
	amount := ""
	if d.Kind != document.Statement {
		amount = d.Amount().Plain()
	}
	return []string{
		d.ID, l.T("life.paper." + string(d.Kind)), d.No(), d.IssuedAt.UTC().Format(time.RFC3339), d.Facts.Company.In(l), d.PledgeID, d.PaymentID, string(d.Currency), amount,
	}
}
