package office

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/page"
)

// ImportsPath is where files of companies are brought in.
const ImportsPath = "/office/company-files"

// newImport serves GET /office/company-files/new.
func (o *Office) newImport(c echo.Context) error { return o.showNewImport(c, nil, page.Form{}) }

func (o *Office) showNewImport(c echo.Context, typed url.Values, form page.Form) error {
	person := visitor(c)
	if !coordinates(person) {
		return fault.New(fault.Forbidden, "company.coordinators_only")
	}
	b := page.Of(c)
	b.Path = ImportsPath + "/new"
	l := b.Lang
	cluster := page.Field{ID: "cluster", Name: "cluster", Label: l.T("people.cluster"), Error: form.Error("cluster")}
	for _, post := range person.Clusters {
		if post.Role == member.Coordinator {
			cluster.Options = append(cluster.Options, page.Option{Value: post.ClusterID, Text: post.Name.In(l), Chosen: post.ClusterID == typed.Get("cluster")})
		}
	}
	delimiter := pick("delimiter", l.T("people.import.delimiter"), l.T("people.import.find_out"), typed.Get("delimiter"),
		page.Option{Value: ";", Text: l.T("people.import.semicolon")}, page.Option{Value: ",", Text: l.T("people.import.comma")}, page.Option{Value: "tab", Text: l.T("people.import.tab")})
	delimiter.Error = form.Error("delimiter")
	encoding := pick("encoding", l.T("people.import.encoding"), l.T("people.import.find_out"), typed.Get("encoding"),
		page.Option{Value: "utf-8", Text: "UTF-8"}, page.Option{Value: "windows-1251", Text: "Windows-1251"})
	encoding.Error = form.Error("encoding")
	file := page.Field{ID: "file", Name: "file", Type: "file", Label: l.T("people.import.file"), Hint: l.T("people.import.file_hint"), Error: form.Error("file")}
	v := askPage{
		Base: b, Kicker: []page.Link{{Href: CompaniesPath, Text: l.T("desk.title.companies")}}, Title: l.T("people.import.title"), Lead: l.T("people.import.lead"),
		Ask:  page.Ask{Action: ImportsPath, Upload: true, Questions: page.Fields(cluster, file, delimiter, encoding), Button: l.T("people.import.look"), Cancel: page.Link{Href: CompaniesPath, Text: l.T("people.cancel")}},
		Link: page.Link{Href: ImportsPath + "/template.csv", Text: l.T("people.import.template")},
	}
	v.Errors = form.Summary(v.Ask.Labels())
	return c.Render(form.Status(), "office/ask", v)
}

// pick is a field with its answers; the first stands for none of them.
func pick(name, label, none, chosen string, options ...page.Option) page.Field {
	f := page.Field{ID: name, Name: name, Label: label, Options: []page.Option{{Text: none}}}
	for _, o := range options {
		o.Chosen = o.Value == chosen
		f.Options = append(f.Options, o)
	}
	return f
}

// importTemplate serves GET /office/company-files/template.csv: the columns, and a row that
// shows how they are filled in.
func (o *Office) importTemplate(c echo.Context) error {
	l, sent := page.Of(c).Lang, false
	return page.SendCSV(c, "companies-template.csv", member.ImportColumns, func() ([][]string, error) {
		if sent {
			return nil, nil
		}
		sent = true
		return [][]string{{l.T("people.import.sample_uk"), l.T("people.import.sample_en"), "UA", "14360570", "example.org", "member", "2020-03-01", ""}}, nil
	})
}

// bringCompanies serves POST /office/company-files: the file is looked at, and nothing is
// entered yet.
func (o *Office) bringCompanies(c echo.Context) error {
	if !coordinates(visitor(c)) {
		return fault.New(fault.Forbidden, "company.coordinators_only")
	}
	form, file, err := page.PostedFile(c, member.MaxImport)
	if err != nil {
		return err
	}
	delimiter := strings.ReplaceAll(form.Get("delimiter"), "tab", "\t")
	id, err := member.BringCompanies(c.Request().Context(), o.db, o.now, member.ImportFile{
		ClusterID: form.Get("cluster"), PersonID: visitor(c).ID, Name: file.Name, Body: file.Body, Delimiter: delimiter, Encoding: form.Get("encoding"),
	})
	if err == nil {
		return c.Redirect(http.StatusSeeOther, ImportsPath+"/"+id)
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return o.showNewImport(c, form, faults)
}

type importPreviewPage struct {
	page.Base
	Errors                    page.ErrorSummary
	File, Cluster, Said, More string
	Faulty                    page.Table // rows with something wrong
	Table                     page.Table // the others
	Enter                     page.Press // none while a row is wrong, or once it is done
	Again                     page.Link
}

// companyImport serves GET /office/company-files/:id: what would become of each row.
func (o *Office) companyImport(c echo.Context) error { return o.showImport(c, page.Form{}) }

// previewRows is how many sound rows the preview shows. What is wrong is shown whole.
const previewRows = 100

func (o *Office) showImport(c echo.Context, form page.Form) error {
	i, err := member.ImportFor(c.Request().Context(), o.db, c.Param("id"), visitor(c).ID)
	if err != nil {
		return err
	}
	if i.EnteredAt != nil {
		return c.Redirect(http.StatusSeeOther, CompaniesPath)
	}
	b := page.Of(c)
	b.Path = ImportsPath + "/" + i.ID
	l := b.Lang
	v := importPreviewPage{
		Base: b, File: i.Name, Cluster: i.Cluster.In(l), Again: page.Link{Href: ImportsPath + "/new", Text: l.T("people.import.again")},
		Errors: form.Summary(nil), Said: l.N("people.import.ready", int64(len(i.Rows)-i.Faulty)),
	}
	if i.Faulty > 0 {
		v.Said = l.N("people.import.faulty", int64(i.Faulty))
	} else {
		v.Enter = page.Press{Action: b.Path, Text: l.N("people.import.enter", int64(len(i.Rows)))}
	}
	var wrong, sound [][]page.Cell
	for _, row := range i.Rows {
		if len(row.Faults) > 0 {
			wrong = append(wrong, faultyRow(l, row))
		} else if len(sound) < previewRows {
			sound = append(sound, soundRow(l, row))
		}
	}
	if hidden := len(i.Rows) - i.Faulty - len(sound); hidden > 0 {
		v.More = l.N("people.import.more", int64(hidden))
	}
	row, name := page.Column{Text: l.T("people.import.row")}, page.Column{Text: l.T("desk.column.company")}
	v.Faulty = page.NewTable(l.T("people.import.wrong"), []page.Column{row, name, {Text: l.T("people.import.what")}}, wrong)
	v.Table = page.NewTable(l.T("people.import.sound"), []page.Column{row, name, {Text: l.T("people.kind")}, {Text: l.T("people.since")}, {Text: l.T("people.until")}, {Text: l.T("people.import.becomes")}}, sound)
	return c.Render(form.Status(), "office/company-file", v)
}

func faultyRow(l i18n.Lang, row member.ImportRow) []page.Cell {
	var said []string
	for _, f := range row.Faults {
		said = append(said, f.Field+": "+l.Fault(f))
	}
	return []page.Cell{{Text: l.Number(int64(row.Line))}, {Text: cut(row.Company.Name.UK), Note: cut(row.Company.OfficialID)}, {Text: strings.Join(said, ". ")}}
}

func soundRow(l i18n.Lang, row member.ImportRow) []page.Cell {
	becomes := l.T("people.import.new")
	if row.KnownID != "" {
		becomes = l.T("people.import.joins")
	}
	until := page.Cell{}
	if row.Until != nil {
		until = page.Cell{When: l.Day(*row.Until)}
	}
	return []page.Cell{{Text: l.Number(int64(row.Line))}, {Text: row.Company.Name.UK, Note: row.Company.OfficialID}, {Text: l.T("people.kind." + row.Kind)}, {When: l.Day(row.Since)}, until, {Text: becomes}}
}

// cut keeps a cell that is wrong because it is too long from filling the page.
func cut(s string) string {
	if runes := []rune(strings.ToValidUTF8(s, "")); len(runes) > 80 {
		return string(runes[:80]) + "…"
	}
	return s
}

// enterImport serves POST /office/company-files/:id.
func (o *Office) enterImport(c echo.Context) error {
	ctx := c.Request().Context()
	_, err := member.EnterImport(ctx, o.db, o.now, c.Param("id"), visitor(c).ID)
	if f, ok := fault.As(err); ok && f.Key == "import.entered" {
		return err // its rows are gone: there is no preview to show it on
	}
	if err != nil {
		faults, err := page.NewForm(page.Of(c).Lang, err)
		if err != nil {
			return err
		}
		return o.showImport(c, faults)
	}
	if err := pg.Announce(ctx, o.db, pg.PublicChanged); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, CompaniesPath)
}

func (o *Office) toNewImport(c echo.Context) error {
	return c.Redirect(http.StatusSeeOther, ImportsPath+"/new")
}
