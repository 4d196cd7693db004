package page

// Plan is rows of days and amounts to fill in.
type Plan struct {
	Legend, Hint, Error string
	Rows                []PlanRow
}

// PlanRow is one of them.
type PlanRow struct{ Day, Amount Field }

// Labels name the fields of the rows for the summary of what was wrong. What is about all
// of them is about "parts".
func (p Plan) Labels() map[string]string {
	labels := map[string]string{"parts": p.Legend}
	for _, r := range p.Rows {
		labels[r.Day.Name], labels[r.Amount.Name] = r.Day.Label, r.Amount.Label
	}
	return labels
}

// ActForm is the form of an act on a pledge: what is paid and what is left, the pieces that
// the act asks for, and why.
type ActForm struct {
	Sums    []Pair
	Counts  string // of a promise in another currency: in which one the sums are
	Warning string // what cannot be undone
	Action  string
	Seen    string // the state of the pledge that the form was made from
	Rows    *Plan
	Amounts *Amounts
	Code    *Choices
	Reason  Field
	Button  string
	Back    Link
}

// Amounts are fields for some of the instalments, and what is wrong with all of them.
type Amounts struct {
	ID, Legend, Error string
	Fields            []Field
}

// Stand is how the instalments of a pledge stand, and by which rules.
type Stand struct {
	Table Table
	Rules []string
}

// Story is a pledge's history: the promise, and what became of it.
type Story struct {
	Promised Sum    // as it was made
	Counts   string // what it was promised as, in another currency; empty: in this one
	Now      Sum    // as it stands
	MadeAt   Moment
	Parts    Table // what was promised
	Acts     []Act // the latest first
}

// Act is one act in a history.
type Act struct {
	When    Moment
	Text    string // who did what
	Change  string // what it made of the amount
	Reason  string
	Changes []string // what it did to each instalment
}
