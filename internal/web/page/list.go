package page

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
