package page

// Table is a table whose rows become cards on a narrow screen.
type Table struct {
	Caption string
	Columns []Column
	Rows    []Row
	Foot    *Foot
}

// Column is a head, and whether sums stand below it.
type Column struct {
	Text string
	Sum  bool
}

// Row is one row. Its first cell is its head.
type Row struct{ Cells []Cell }

// Cell is what stands in one place: text, perhaps a link, and at most a few of the rest.
type Cell struct {
	Text, Href string
	Note       string // a second, quieter line
	When       Moment
	Sum        *Sum
	Status     Status
	Meter      *Meter
	Button     Button

	// Set by NewTable.
	Head, IsSum bool
	Label       string // the column's head, repeated on a narrow screen
}

// Button posts at once, without a page of its own. The zero one is none.
type Button struct{ Action, Text string }

// Foot is the total, below the last columns.
type Foot struct {
	Text string
	Sums []FootSum
	Span int // set by Total
}

// FootSum is a sum in the total. Beside others it says what it is of, on a narrow screen.
type FootSum struct {
	Label string
	Sum
}

// NewTable makes a table. Each row has as many cells as there are columns, or fewer at its
// end; the surplus is left out.
func NewTable(caption string, columns []Column, rows [][]Cell) Table {
	t := Table{Caption: caption, Columns: columns}
	for _, cells := range rows {
		row := Row{}
		for i, c := range cells[:min(len(cells), len(columns))] {
			c.Head, c.IsSum, c.Label = i == 0, columns[i].Sum, columns[i].Text
			row.Cells = append(row.Cells, c)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// Total adds the last row, with its sums below the last columns.
func (t Table) Total(text string, sums ...Sum) Table {
	t.Foot = &Foot{Text: text, Span: len(t.Columns) - len(sums)}
	for i, s := range sums {
		one := FootSum{Sum: s}
		if len(sums) > 1 {
			one.Label = t.Columns[t.Foot.Span+i].Text
		}
		t.Foot.Sums = append(t.Foot.Sums, one)
	}
	return t
}
