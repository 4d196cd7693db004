package page

// Ask is a form as a whole: its questions one below the other, and one button.
type Ask struct {
	Action    string
	Upload    bool // it sends a file
	Hidden    []Hidden
	Questions []Question
	Button    string
	Cancel    Link // back without sending; may be none
}

// Question is one of a form: a field, a choice, or switches. Exactly one of them is set.
type Question struct {
	Field   Field
	Choices Choices
	Checks  Checks
}

// Fields are questions of one field each.
func Fields(all ...Field) []Question {
	questions := make([]Question, len(all))
	for i, f := range all {
		questions[i].Field = f
	}
	return questions
}

// Labels name the fields for the summary of what was wrong.
func (a Ask) Labels() map[string]string {
	labels := map[string]string{}
	for _, q := range a.Questions {
		labels[q.Field.Name] = q.Field.Label
		labels[q.Choices.Name] = q.Choices.Legend
	}
	return labels
}

// Checks are switches that each say yes or no.
type Checks struct {
	ID, Legend, Hint string
	Items            []Check
}

// Check is one switch.
type Check struct {
	Name, Text, Note string
	On               bool
}

// DescribedBy is the id of the hint, for aria-describedby.
func (c Checks) DescribedBy() string { return describedBy(c.ID, c.Hint, "") }
