package page

import (
	"net/url"

	"github.com/labstack/echo/v4"
)

// List is a list that may be long: tabs, a search, one page of rows, the ways on, and all
// of it as a file. Whoever makes one with NewList narrows it with Tab and Search, and puts
// the rows in with Show.
type List struct {
	Base
	Back        []Link // where the list belongs
	Title, Lead string
	Notice      Notice
	Errors      ErrorSummary
	TabsLabel   string
	Tabs        []Link
	Search      *Search
	Sums        []Pair // figures of the whole list
	Table       Table
	Empty       Empty
	Pager       Pager

	Asked Asked
}

// Pair is a name and a sum beside it.
type Pair struct {
	Text string
	Sum  Sum
}

// NewList begins the page of the list that lives at a path; its file lives at the same with
// ".csv". What it says while it is empty is the caller's.
func NewList(c echo.Context, path, title, lead string, empty Empty) (List, error) {
	a, err := ReadAsked(c, path)
	if err != nil {
		return List{}, err
	}
	b := Of(c)
	v := List{Base: b, Title: title, Lead: lead, TabsLabel: b.Lang.T("common.list.tabs"), Empty: empty, Asked: a}
	v.Pager.Label = b.Lang.T("common.list.pages")
	return v, nil
}

// Searching gives the list a form. The address of the whole list is offered while it is
// narrowed, and then an empty page says that nothing fits. Hidden names the value that the
// form must not lose, such as the tab.
func (v *List) Searching(hidden string, fields ...Field) {
	s := Search{Label: v.Title, Action: v.Asked.Path, Fields: fields}
	if state := v.Asked.Get(hidden); hidden != "" && state != "" {
		s.Hidden = []Hidden{{Name: hidden, Value: state}}
	}
	for _, f := range fields {
		if v.Asked.Get(f.Name) == "" {
			continue
		}
		whole := Asked{v.Asked.Path, url.Values{}}
		s.Clear = Link{Href: whole.With(hidden, v.Asked.Get(hidden)), Text: v.Lang.T("common.list.clear")}
		v.Empty = Empty{Title: v.Lang.T("common.list.not_found"), Text: v.Lang.T("common.list.not_found_text"), Link: s.Clear}
	}
	v.Search = &s
}

// Tabbed offers the states of a list; the chosen one is kept in ?state=.
func (v *List) Tabbed(chosen string, tabs ...Link) {
	for _, t := range tabs {
		t.Current = t.Href == chosen
		t.Href = v.Asked.With("state", t.Href)
		v.Tabs = append(v.Tabs, t)
	}
}

// Shows puts the rows into the page. A full page may be followed by another, below last.
func (v *List) Shows(columns []Column, rows [][]Cell, full bool, last string) {
	v.Table = NewTable("", columns, rows)
	if v.Asked.After() != "" {
		v.Pager.Newest = v.Asked.With("after", "")
	}
	if len(rows) == 0 {
		return
	}
	v.Empty = Empty{}
	v.Pager.CSV = Link{Href: v.Asked.At(v.Asked.Path+".csv", "after", ""), Text: v.Lang.T("common.list.csv")}
	if full {
		v.Pager.Older = v.Asked.With("after", last)
	}
}

// Word is the field of a list in which words are searched: ?q=.
func (v *List) Word(label, hint string) Field {
	return Field{ID: "q", Name: "q", Label: label, Hint: hint, Value: v.Asked.Get("q"), MaxLength: 200}
}

// Choice is a field of a list with its answers; the first stands for any.
func (v *List) Choice(name, label, anyOne string, options ...Option) Field {
	f := Field{ID: name, Name: name, Label: label, Options: []Option{{Text: anyOne}}}
	for _, o := range options {
		o.Chosen = o.Value == v.Asked.Get(name)
		f.Options = append(f.Options, o)
	}
	return f
}

// Search is a form that narrows a list. It asks with a GET, so that what was found has an
// address that can be kept and sent.
type Search struct {
	Label  string // what is searched, for those who only hear the page
	Action string
	Hidden []Hidden // what the form must not lose, such as the tab
	Fields []Field
	Clear  Link // to the whole list; the zero one while nothing is narrowed
}

// Hidden is a value that a form carries unseen.
type Hidden struct{ Name, Value string }

// Pager leads through a list whose pages follow each other by their last row.
type Pager struct {
	Label         string
	Newest, Older string // addresses; empty where there is nothing
	CSV           Link   // all pages as one file
}

// Shown reports whether there is anything to lead to.
func (p Pager) Shown() bool { return p.Newest != "" || p.Older != "" || p.CSV.Href != "" }

// Chunk is how many rows of a file are read at a time.
const Chunk = 200

// Export sends a whole list as a file, chunk after chunk. Read returns the rows below the
// one that it is told, Chunk of them unless it is at the end, and the id of the last.
func Export(c echo.Context, name string, head []string, read func(after string) (rows [][]string, last string, err error)) error {
	after, over := "", false
	return SendCSV(c, name+".csv", head, func() ([][]string, error) {
		if over {
			return nil, nil
		}
		rows, last, err := read(after)
		after, over = last, len(rows) < Chunk
		return rows, err
	})
}
