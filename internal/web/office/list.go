package office

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/web/page"
)

// listPage is every list of the desk: tabs, a search, one page of rows, and the ways on.
type listPage struct {
	page.Base
	Title, Lead string
	Notice      page.Notice
	Errors      page.ErrorSummary
	TabsLabel   string
	Tabs        []page.Link
	Search      *page.Search
	Sums        []pair // figures of the whole list
	Table       page.Table
	Empty       page.Empty
	Pager       page.Pager

	asked asked
}

// pair is a name and a sum beside it.
type pair struct {
	Text string
	Sum  page.Sum
}

// asked is what a list was asked for: its address and what narrows it.
type asked struct {
	path   string
	values url.Values
}

// readAsked reads the query of a list. Text that no database would take is refused as a
// whole: no browser sends it.
func readAsked(c echo.Context, path string) (asked, error) {
	values, err := url.ParseQuery(c.Request().URL.RawQuery)
	if err != nil {
		return asked{}, fault.New(fault.Invalid, "form.unreadable")
	}
	kept := url.Values{}
	for name := range values {
		v := values.Get(name)
		if !utf8.ValidString(v+name) || strings.ContainsRune(v+name, 0) || len(v) > 500 {
			return asked{}, fault.New(fault.Invalid, "form.unreadable")
		}
		if v = strings.TrimSpace(v); v != "" && name != page.LangQuery && name != "notice" {
			kept.Set(name, v)
		}
	}
	return asked{path, kept}, nil
}

func (a asked) get(name string) string { return a.values.Get(name) }

// with is the list's address with a value changed, from its first page on. An empty value
// is left out.
func (a asked) with(name, value string) string { return a.at(a.path, name, value) }

func (a asked) at(path, name, value string) string {
	q := url.Values{}
	for n := range a.values {
		if n != "after" {
			q.Set(n, a.values.Get(n))
		}
	}
	if q.Del(name); value != "" {
		q.Set(name, value)
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// narrowed reports whether any of the fields is filled in.
func (a asked) narrowed(fields ...string) bool {
	for _, f := range fields {
		if a.get(f) != "" {
			return true
		}
	}
	return false
}

// newList begins a list's page. Its texts are named by the last part of its path.
func newList(c echo.Context, name string) (listPage, error) {
	a, err := readAsked(c, "/office/"+name)
	if err != nil {
		return listPage{}, err
	}
	b := page.Of(c)
	l := b.Lang
	v := listPage{Base: b, Title: l.T("desk.title." + name), Lead: l.T("desk.lead." + name), TabsLabel: l.T("desk.list.tabs"), asked: a}
	v.Pager.Label = l.T("desk.list.pages")
	v.Empty = page.Empty{Title: l.T("desk.none." + name), Text: l.T("desk.none_text." + name)}
	return v, nil
}

// searching gives the list a form. The address of the whole list is offered while it is
// narrowed, and then an empty page says that nothing fits.
func (v *listPage) searching(hidden string, fields ...page.Field) {
	s := page.Search{Label: v.Title, Action: v.asked.path, Fields: fields}
	if state := v.asked.get(hidden); hidden != "" && state != "" {
		s.Hidden = []page.Hidden{{Name: hidden, Value: state}}
	}
	for _, f := range fields {
		if v.asked.get(f.Name) == "" {
			continue
		}
		whole := asked{v.asked.path, url.Values{}}
		s.Clear = page.Link{Href: whole.with(hidden, v.asked.get(hidden)), Text: v.Lang.T("desk.list.clear")}
		v.Empty = page.Empty{Title: v.Lang.T("desk.list.not_found"), Text: v.Lang.T("desk.list.not_found_text"), Link: s.Clear}
	}
	v.Search = &s
}

// tabs offers the states of a list; the chosen one is kept in ?state=.
func (v *listPage) tabs(chosen string, tabs ...page.Link) {
	for _, t := range tabs {
		t.Current = t.Href == chosen
		t.Href = v.asked.with("state", t.Href)
		v.Tabs = append(v.Tabs, t)
	}
}

// shows puts the rows into the page. A full page may be followed by another, below last.
func (v *listPage) shows(columns []page.Column, rows [][]page.Cell, full bool, last string) {
	v.Table = page.NewTable("", columns, rows)
	if v.asked.get("after") != "" {
		v.Pager.Newest = v.asked.with("after", "")
	}
	if len(rows) == 0 {
		return
	}
	v.Empty = page.Empty{}
	v.Pager.CSV = page.Link{Href: v.asked.at(v.asked.path+".csv", "after", ""), Text: v.Lang.T("desk.list.csv")}
	if full {
		v.Pager.Older = v.asked.with("after", last)
	}
}

// send answers with the list.
func (v listPage) send(c echo.Context) error { return c.Render(http.StatusOK, "office/list", v) }

// chunk is how many rows of a file are read at a time.
const chunk = 500

// export sends a whole list as a file, chunk after chunk. Read returns the rows below the
// one that it is told, and the id of the last.
func export(c echo.Context, name string, head []string, read func(after string) (rows [][]string, last string, err error)) error {
	after, over := "", false
	return page.SendCSV(c, name+".csv", head, func() ([][]string, error) {
		if over {
			return nil, nil
		}
		rows, last, err := read(after)
		after, over = last, len(rows) < chunk
		return rows, err
	})
}

// choice is a field with its answers; the first stands for any.
func choice(name, label, anyOne, chosen string, options ...page.Option) page.Field {
	f := page.Field{ID: name, Name: name, Label: label, Options: []page.Option{{Text: anyOne}}}
	for _, o := range options {
		o.Chosen = o.Value == chosen
		f.Options = append(f.Options, o)
	}
	return f
}
