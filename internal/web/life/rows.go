package life

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/web/page"
)

// spare is how many empty rows a form has after those that are filled in. Who needs more
// sends the form and has new ones.
const spare = 3

// Row is a day and an amount as they were typed, right or wrong.
type Row struct{ Day, Amount string }

// RowsOf are the rows of what is planned already.
func RowsOf(c money.Currency, parts []giving.Part) []Row {
	rows := make([]Row, len(parts))
	for n, p := range parts {
		rows[n] = Row{p.DueOn.Format(time.DateOnly), money.Of(p.Minor, c).Plain()}
	}
	return rows
}

// RowsLeft are the rows of what is left of a pledge, one for each day.
func RowsLeft(s giving.Schedule) []Row {
	var parts []giving.Part
	for _, i := range s.Open() {
		if n := len(parts) - 1; n >= 0 && parts[n].DueOn.Equal(i.DueOn) {
			parts[n].Minor += i.Left()
			continue
		}
		parts = append(parts, giving.Part{DueOn: i.DueOn, Minor: i.Left()})
	}
	return RowsOf(s.Currency, parts)
}

// ReadRedraw reads a posted form that redraws what is left of a pledge, and its rows as they
// were typed. What cannot be read comes back as a fault.Form.
func ReadRedraw(f url.Values, p giving.Pledge, person string) (giving.Redraw, []Row, error) {
	rows, parts, wrong := ReadRows(f, p.Amount.Currency)
	return giving.Redraw{PledgeID: p.ID, PersonID: person, Seen: f.Get("seen"), Rest: parts, Reason: page.Text(f, "reason")}, rows, wrong.Err()
}

// Redrawn puts rows into the form of an act, and names its fields for the summary of what
// was wrong.
func Redrawn(l i18n.Lang, v *page.ActForm, p giving.Pledge, rows []Row, form page.Form) page.ErrorSummary {
	plan := NewPlan(l, p.Amount.Currency, rows, form)
	v.Rows = &plan
	labels := plan.Labels()
	labels["reason"] = v.Reason.Label
	return form.Summary(labels)
}

// ReadRows takes the rows out of a posted form: as they were typed, and read, in the order
// of their days. A row with nothing in it is none. What cannot be read comes back as faults
// about its fields.
func ReadRows(f url.Values, c money.Currency) ([]Row, []giving.Part, fault.Form) {
	var rows []Row
	var parts []giving.Part
	var wrong fault.Form
	for n := 1; n <= giving.MaxInstalments+spare; n++ {
		row := Row{strings.TrimSpace(f.Get(dayName(n))), strings.TrimSpace(f.Get(amountName(n)))}
		if row == (Row{}) {
			continue
		}
		rows = append(rows, row)
		at := len(rows) // rows are numbered anew when the form is shown again
		day, err := time.Parse(time.DateOnly, row.Day)
		if err != nil || day.Year() < 1 {
			wrong = append(wrong, fault.In(dayName(at), "pledge.due_not_a_date"))
		}
		amount, err := money.Parse(row.Amount, c)
		if one, ok := fault.As(err); ok {
			wrong = append(wrong, one.About(amountName(at)))
		}
		parts = append(parts, giving.Part{DueOn: day, Minor: amount.Minor})
	}
	slices.SortStableFunc(parts, func(a, b giving.Part) int { return a.DueOn.Compare(b.DueOn) })
	return rows, parts, wrong
}

func dayName(n int) string    { return fmt.Sprintf("day-%d", n) }
func amountName(n int) string { return fmt.Sprintf("amount-%d", n) }

// NewPlan lays rows out, with a few empty ones behind them. The fault of the field "parts"
// is about all of them.
func NewPlan(l i18n.Lang, c money.Currency, rows []Row, form page.Form) page.Plan {
	f := page.Plan{Legend: l.T("life.rows"), Hint: l.T("life.rows_hint"), Error: form.Error("parts")}
	for n := 1; n <= min(len(rows)+spare, giving.MaxInstalments+spare); n++ {
		var row Row
		if n <= len(rows) {
			row = rows[n-1]
		}
		f.Rows = append(f.Rows, page.PlanRow{
			Day: page.Field{
				ID: dayName(n), Name: dayName(n), Type: "date", Label: l.T("life.row_day", n), Error: form.Error(dayName(n)), Value: row.Day,
			},
			Amount: page.Field{
				ID: amountName(n), Name: amountName(n), Label: l.T("life.row_amount", n, string(c)), Error: form.Error(amountName(n)), Value: row.Amount, Decimal: true,
			},
		})
	}
	return f
}
