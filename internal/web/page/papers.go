package page

// Papers are the documents of something, and the buttons that have another one issued. The
// zero Papers are not shown.
type Papers struct {
	ID, Title string
	Text      string
	Table     Table
	More      Link // to the older ones
	Forms     []PaperForm
}

// PaperForm is a button that has a document issued.
type PaperForm struct {
	Action      string
	Kind, Part  string // what is sent; either may be empty
	Button, Why string
}
