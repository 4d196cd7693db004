package document

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"codeberg.org/go-fonts/liberation/liberationserifbold"
	"codeberg.org/go-pdf/fpdf"

	"kopiyka/internal/i18n"
)

// An A4 sheet in millimetres.
const (
	edge   = 20.0
	width  = 210.0 - 2*edge
	bottom = 24.0 // what the foot takes
)

const sans, serif = "sans", "serif"

// sheet is a document while it is drawn: ink on paper from top to bottom, in the order in
// which it is read aloud.
type sheet struct {
	*fpdf.Fpdf
	lang i18n.Lang
}

// newSheet begins a document. All that could differ between two drawings is fixed: the
// dates are the document's own and the objects are written in order.
func newSheet(l i18n.Lang, title, author, foot string, at time.Time) *sheet {
	s := &sheet{fpdf.New("P", "mm", "A4", ""), l}
	s.SetCatalogSort(true)
	s.SetCreationDate(at.UTC())
	s.SetModificationDate(at.UTC())
	s.SetProducer("Kopiyka", true)
	s.SetTitle(title, true)
	s.SetAuthor(author, true)
	s.SetLang(map[i18n.Lang]string{i18n.UK: "uk-UA", i18n.EN: "en-GB"}[l])
	s.AddUTF8FontFromBytes(sans, "", liberationsansregular.TTF)
	s.AddUTF8FontFromBytes(sans, "B", liberationsansbold.TTF)
	s.AddUTF8FontFromBytes(serif, "B", liberationserifbold.TTF)
	s.SetMargins(edge, edge, edge)
	s.SetAutoPageBreak(true, bottom)
	s.SetCellMargin(0)
	s.AliasNbPages("{pages}")
	s.SetFooterFunc(func() {
		s.SetY(-16)
		s.rule(0.1)
		s.gap(1.5)
		s.font(sans, "", 8)
		s.CellFormat(width-14, 4, s.fit(foot, width-18), "", 0, "L", false, 0, "")
		s.CellFormat(14, 4, fmt.Sprintf("%d / {pages}", s.PageNo()), "", 0, "L", false, 0, "")
	})
	s.AddPage()
	return s
}

// bytes ends the document.
func (s *sheet) bytes() ([]byte, error) {
	var out bytes.Buffer
	if err := s.Output(&out); err != nil {
		return nil, fmt.Errorf("draw the document: %w", err)
	}
	return out.Bytes(), nil
}

func (s *sheet) font(family, style string, points float64) { s.SetFont(family, style, points) }
func (s *sheet) gap(mm float64)                            { s.SetY(s.GetY() + mm) }

// rule is a line across the sheet: a thick one opens a thing, a hair divides its rows.
func (s *sheet) rule(thick float64) {
	s.SetLineWidth(thick)
	s.Line(edge, s.GetY(), edge+width, s.GetY())
}

// fit cuts a text to what stands on one line.
func (s *sheet) fit(text string, mm float64) string {
	text = oneSpace(text)
	if s.GetStringWidth(text) <= mm {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 && s.GetStringWidth(string(runes)+"…") > mm {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// room goes on to the next sheet when fewer millimetres are left: a head does not stand
// alone at the bottom.
func (s *sheet) room(mm float64) {
	if _, h := s.GetPageSize(); s.GetY()+mm > h-bottom {
		s.AddPage()
	}
}

// head is who issues the document, what it is, its number and its date.
func (s *sheet) head(who, title, sub string) {
	s.font(serif, "B", 13)
	s.text(width, 6, who)
	s.gap(2)
	s.rule(0.7)
	s.gap(7)
	s.font(serif, "B", 22)
	s.text(width, 9, title)
	s.gap(1)
	s.font(sans, "", 10.5)
	s.text(width, 5.5, sub)
	s.gap(5)
}

func (s *sheet) heading(text string) {
	s.room(30)
	s.gap(4)
	s.font(serif, "B", 13)
	s.text(width, 6, text)
	s.gap(2)
}

func (s *sheet) paragraph(text string) {
	s.font(sans, "", 10.5)
	s.text(width, 5.2, text)
	s.gap(2)
}

func (s *sheet) small(text string) {
	s.font(sans, "", 9)
	s.text(width, 4.4, text)
	s.gap(1.5)
}

// text writes lines as wide as mm and moves below them.
func (s *sheet) text(mm, height float64, text string) {
	s.SetX(edge)
	s.MultiCell(mm, height, oneSpace(text), "", "L", false)
}

// pair is a name and what stands beside it; one without a value is left out.
type pair struct{ name, value string }

// pairs lists names and values in two columns.
func (s *sheet) pairs(mm float64, all ...pair) {
	const names = 42.0
	for _, p := range all {
		if p.value == "" {
			continue
		}
		s.room(8)
		top := s.GetY()
		s.font(sans, "", 9.5)
		s.SetX(edge)
		s.MultiCell(names-3, 5, p.name, "", "L", false)
		left := s.GetY()
		s.SetXY(edge+names, top)
		s.font(sans, "", 10.5)
		s.MultiCell(mm-names, 5, oneSpace(p.value), "", "L", false)
		s.SetY(max(left, s.GetY()) + 1.2)
	}
}

// column is a head, its width, and whether sums stand below it, at its end.
type column struct {
	head string
	mm   float64
	sum  bool
}

// table draws rows between rules; a row that would be cut goes to the next sheet, under
// the heads again.
func (s *sheet) table(columns []column, rows [][]string, foot []string) {
	heads := make([]string, len(columns))
	for i, c := range columns {
		heads[i] = c.head
	}
	top := func() {
		s.rule(0.5)
		s.row(columns, heads, "", 8.5)
		s.rule(0.1)
	}
	s.room(25)
	top()
	for _, r := range rows {
		if page := s.PageNo(); page > 0 {
			s.room(s.height(columns, r, 10) + 2)
			if s.PageNo() != page {
				top()
			}
		}
		s.row(columns, r, "", 10)
		s.rule(0.1)
	}
	if foot != nil {
		s.room(10)
		s.row(columns, foot, "B", 10)
		s.rule(0.5)
	}
}

const line = 4.8

// height is how tall a row will be.
func (s *sheet) height(columns []column, cells []string, points float64) float64 {
	s.font(sans, "", points)
	most := 1
	for i, c := range columns {
		most = max(most, len(s.SplitText(oneSpace(cells[i]), c.mm-2)))
	}
	return float64(most)*line + 3
}

func (s *sheet) row(columns []column, cells []string, style string, points float64) {
	top, height := s.GetY()+1.5, s.height(columns, cells, points)
	x := edge
	for i, c := range columns {
		align, inset := "L", 0.0
		if c.sum {
			align, inset = "R", 2
		}
		s.SetXY(x+inset, top)
		s.font(sans, style, points)
		s.MultiCell(c.mm-2, line, oneSpace(cells[i]), "", align, false)
		x += c.mm
	}
	s.SetY(top + height - 1.5)
}

// total is the sum that the document is about, in figures and in words.
func (s *sheet) total(name, sum, words string) {
	s.room(24)
	s.gap(4)
	s.font(sans, "", 9.5)
	s.text(width, 5, name)
	s.font(serif, "B", 20)
	s.text(width, 9, sum)
	s.font(sans, "", 10.5)
	s.text(width, 5.2, words)
	s.gap(3)
}

// code draws a square code with its quiet edge, black on white, at a place.
func (s *sheet) code(text string, x, y, mm float64) error {
	c, err := square(text)
	if err != nil {
		return fmt.Errorf("draw the square code: %w", err)
	}
	module := mm / float64(c.Size)
	s.SetFillColor(0, 0, 0)
	for row := range c.Size {
		for from := 0; from < c.Size; from++ {
			if !c.Black(from, row) {
				continue
			}
			to := from
			for to < c.Size && c.Black(to, row) {
				to++
			}
			s.Rect(x+float64(from)*module, y+float64(row)*module, float64(to-from)*module, module, "F")
			from = to
		}
	}
	return nil
}

// signatures are two columns for the names and hands of both sides.
func (s *sheet) signatures(left, right []string) {
	s.room(45)
	s.gap(6)
	top := s.GetY()
	for i, side := range [][]string{left, right} {
		x := edge + float64(i)*(width/2+4)
		s.SetXY(x, top)
		for j, text := range side {
			s.font(sans, map[bool]string{true: "B"}[j == 0], 10)
			s.SetX(x)
			s.MultiCell(width/2-4, 5.4, oneSpace(text), "", "L", false)
		}
	}
}

// oneSpace keeps what people typed from breaking the order of lines.
func oneSpace(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }), " ")
}
