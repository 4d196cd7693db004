package page

// Papers are the documents of something, and the buttons that have another one issued. The
// zero Papers are not shown.
type Papers struct {
	ID, Title string
	Text      string
	Table     Table
	Forms     []PaperForm
}

// PaperForm is a button that has a document issued.
type PaperForm struct {
	Action      string
	Kind        string // what is sent
	Button, Why string
}
