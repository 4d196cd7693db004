package page

import (
	"errors"
	"net/http"
	"strings"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
)

// Form is what was wrong with a form, for its fields and for the summary above them. The
// zero Form has no faults.
type Form struct {
	lang   i18n.Lang
	faults fault.Form
}

// NewForm takes out of err what was wrong, or why the act was refused, to be said above the
// form with what was typed. It returns any other error as it is, and what must look to a
// stranger as if nothing were there: such a form is not shown again.
func NewForm(l i18n.Lang, err error) (Form, error) {
	f := Form{lang: l}
	if err == nil {
		return f, nil
	}
	if errors.As(err, &f.faults) && len(f.faults) > 0 {
		return f, nil
	}
	one, ok := fault.As(err)
	if !ok {
		return f, err
	}
	switch one.Kind {
	case fault.NotFound, fault.Unauthorized, fault.TooLarge:
		return f, err
	}
	f.faults = fault.Form{one}
	return f, nil
}

// Failed reports whether anything is wrong.
func (f Form) Failed() bool { return len(f.faults) > 0 }

// Status is the status of the page that shows the form: that of its first fault, or 200.
func (f Form) Status() int {
	if len(f.faults) == 0 {
		return http.StatusOK
	}
	return StatusOf(f.faults[0].Kind)
}

// Error is what is wrong with a field, or empty.
func (f Form) Error(field string) string {
	for _, one := range f.faults {
		if one.Field == field {
			return f.lang.Fault(one)
		}
	}
	return ""
}

// Summary lists the faults with links to their fields. Labels name the fields; a fault of
// no field stands alone.
func (f Form) Summary(labels map[string]string) ErrorSummary {
	if len(f.faults) == 0 {
		return ErrorSummary{}
	}
	s := ErrorSummary{Title: f.lang.N("common.form.errors", int64(len(f.faults)))}
	if len(f.faults) == 1 && f.faults[0].Field == "" {
		s.Title = f.lang.T("common.form.refused")
	}
	for _, one := range f.faults {
		item := Link{Text: f.lang.Fault(one)}
		if one.Field != "" {
			item.Href = "#" + one.Field
			if label := labels[one.Field]; label != "" {
				item.Text = label + ". " + item.Text
			}
		}
		s.Items = append(s.Items, item)
	}
	return s
}

// ErrorSummary tops a form that was not taken. The zero one is not shown.
type ErrorSummary struct {
	Title string
	Items []Link
}

// Field is one question of a form. A field with Options is a choice from a list, one with
// Rows is a text of several lines, one with Sum an amount of money, else one line of Type.
type Field struct {
	ID, Name    string
	Label, Hint string
	Error       string
	Value       string // as it was typed, right or wrong

	Type         string // "text" when empty
	Autocomplete string
	MaxLength    int
	Rows         int
	Sum          bool
	Unit         string // beside a sum: its currency
	Decimal      bool   // one line that takes a number with a decimal sign
	Numeric      bool   // one line that takes digits alone
	Options      []Option
	Optional     bool // says so at the label
	Required     bool // the browser asks before sending
}

// Factor asks somebody to show who they are: by a code when they have a second factor, and
// by the password when not. The field that is not asked for has no label.
type Factor struct {
	Code, Password Field
	Passkey        Passkey // one of the person's passkeys will do; the zero one is not shown
}

// Passkey is the button that asks the browser for a passkey. The form around it says where
// the script asks and answers.
type Passkey struct {
	Button string
	Plain  bool   // it stands beside another way
	Or     string // between it and the other way
}

// Option is one of several answers.
type Option struct {
	Value, Text string
	Note        string // beside a radio button
	Chosen      bool
	ID          string // of a radio button; set by NewChoices
}

// InputType is Type, or "text".
func (f Field) InputType() string {
	if f.Type == "" {
		return "text"
	}
	return f.Type
}

// InputMode is the keyboard that a phone shows, or empty for its usual one.
func (f Field) InputMode() string {
	switch {
	case f.Decimal:
		return "decimal"
	case f.Numeric:
		return "numeric"
	}
	return ""
}

// DescribedBy are the ids of the hint and the error, for aria-describedby.
func (f Field) DescribedBy() string { return describedBy(f.ID, f.Hint, f.Error) }

func describedBy(id, hint, wrong string) string {
	var ids []string
	if hint != "" {
		ids = append(ids, id+"-h")
	}
	if wrong != "" {
		ids = append(ids, id+"-e")
	}
	return strings.Join(ids, " ")
}

// Choices is a question with a few answers to pick one from.
type Choices struct {
	Name, Legend, Hint, Error string
	Unseen                    bool // the legend is for screen readers alone
	Items                     []Option
}

// NewChoices gives each answer its id and marks the chosen one. The first has the
// question's own name as its id, so that the error summary's link lands on it.
func NewChoices(name, legend, chosen string, items ...Option) Choices {
	c := Choices{Name: name, Legend: legend}
	for i, o := range items {
		o.ID = name
		if i > 0 {
			o.ID += "-" + o.Value
		}
		o.Chosen = o.Value == chosen
		c.Items = append(c.Items, o)
	}
	return c
}

// DescribedBy are the ids of the hint and the error, for aria-describedby.
func (c Choices) DescribedBy() string { return describedBy(c.Name, c.Hint, c.Error) }
