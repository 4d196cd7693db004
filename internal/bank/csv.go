package bank

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
)

// csv reads a table with one movement a row. Such files tell no balances.
func (r *reading) csv(from io.Reader) error {
	text := bufio.NewReaderSize(from, 64<<10)
	head, err := text.Peek(32 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	delimiter, ok := r.delimiter(string(head))
	if !ok {
		return fault.In("file", "bank.csv.no_header", r.columns.asked())
	}
	rows := &csvReader{r: text, delimiter: delimiter}
	r.begin(1)
	var columns csvColumns
	for {
		cells, err := rows.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if columns.width == 0 {
			columns, _ = r.columns.find(cells)
			continue
		}
		if err := r.csvRow(columns, cells, rows.at); err != nil {
			return err
		}
	}
	if columns.width == 0 {
		return fault.In("file", "bank.csv.no_header", r.columns.asked())
	}
	return r.end()
}

// delimiter is the sign with which a row of the file's beginning is a head.
func (r *reading) delimiter(head string) (rune, bool) {
	for _, sign := range ";,\t" {
		rows := &csvReader{r: bufio.NewReader(strings.NewReader(head)), delimiter: sign}
		for {
			cells, err := rows.next()
			if err != nil {
				break
			}
			if _, ok := r.columns.find(cells); ok {
				return sign, true
			}
		}
	}
	return 0, false
}

// csvRow takes in one row below the head.
func (r *reading) csvRow(c csvColumns, cells []string, at int) error {
	if empty(cells) || c.isTotal(cells) {
		return nil
	}
	if len(cells) < c.width {
		return fault.In("file", "bank.csv.cells", at, len(cells), c.width)
	}
	if a := squeeze(c.cell(cells, colAccount)); a != "" && !r.account.is(a) {
		return fault.In("file", "bank.statement.other_account", at, clean(a), r.account.IBAN)
	}
	if cur := strings.ToUpper(strings.TrimSpace(c.cell(cells, colCurrency))); cur != "" && cur != string(r.account.Currency) {
		return fault.In("file", "bank.statement.other_currency", at, clean(cur), string(r.account.Currency))
	}
	booked, ok := csvDay(c.cell(cells, colDate))
	if !ok {
		return fault.In("file", "bank.csv.date", at, c.name(colDate))
	}
	minor, err := c.amount(cells, r.account.Currency, at)
	if err != nil {
		return err
	}
	return r.add(Line{
		BookedOn: booked, Minor: minor, Reference: known(c.cell(cells, colReference)), EndToEnd: known(c.cell(cells, colDocument)),
		Party: clean(c.cell(cells, colParty)), PartyIBAN: clean(squeeze(c.cell(cells, colPartyIBAN))), PartyID: clean(c.cell(cells, colPartyID)),
		Details: clean(c.cell(cells, colDetails)), At: at,
	})
}

func empty(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" })
}

// csvLayouts are the ways in which banks write a day, with or without the hour.
var csvLayouts = []string{"02.01.2006", time.DateOnly, "02/01/2006", "02-01-2006", "2006/01/02", "20060102", "02.01.06"}

func csvDay(text string) (time.Time, bool) {
	text = strings.TrimSpace(text)
	if i := strings.IndexAny(text, " T\u00a0,"); i > 0 {
		text = text[:i]
	}
	for _, layout := range csvLayouts {
		if len(text) == len(layout) {
			if t, ok := day(text, layout); ok {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

// csvAmount reads an amount with its sign. Groups of three may be parted by spaces,
// apostrophes, or by the decimal sign's other. Of "1,500" nobody can say what it is: more
// places than the currency has are refused.
func csvAmount(text string, c money.Currency) (int64, error) {
	text = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "'", "", "’", "", "\u2212", "-").Replace(strings.TrimSpace(text))
	text, negative := strings.CutPrefix(text, "-")
	if !negative {
		text = strings.TrimPrefix(text, "+")
	}
	sign := byte('.')
	if i := strings.LastIndexAny(text, ".,"); i >= 0 {
		sign = text[i]
		other := '.' + ',' - sign
		whole := strings.Split(text[:i], string(other))
		for n, group := range whole {
			if len(whole) > 1 && (len(group) > 3 || n > 0 && len(group) != 3) {
				return 0, errNotANumber
			}
		}
		if len(text)-i-1 > c.Exponent() {
			return 0, errTooFine
		}
		text = strings.Join(whole, "") + text[i:]
	}
	minor, err := minorOf(text, sign, c)
	if negative {
		minor = -minor
	}
	return minor, err
}

// csvReader cuts a table into rows and cells. A cell that begins with a quotation mark ends
// with one, and may hold anything; within other cells such marks mean nothing, since banks
// write a company's name as it is.
type csvReader struct {
	r         *bufio.Reader
	delimiter rune
	number    int // of lines that have begun
	at        int // the line on which the row begins
}

func (c *csvReader) next() ([]string, error) {
	var cells []string
	var cell strings.Builder
	c.number++
	c.at = c.number
	read, quoted, closed, begun := 0, false, false, true
	for {
		sign, size, err := c.r.ReadRune()
		atEnd := errors.Is(err, io.EOF)
		if err != nil && !atEnd {
			return nil, err
		}
		if read += size; read > maxEntry {
			return nil, fault.In("file", "bank.file.entry_too_large", c.at)
		}
		switch {
		case atEnd && quoted && !closed:
			return nil, fault.In("file", "bank.csv.quote", c.at)
		case atEnd && read == 0:
			return nil, io.EOF
		case atEnd || sign == '\n' && (!quoted || closed):
			return append(cells, strings.TrimSuffix(cell.String(), "\r")), nil
		case sign == c.delimiter && (!quoted || closed):
			cells = append(cells, cell.String())
			cell.Reset()
			quoted, closed, begun = false, false, true
			continue
		case sign == '"' && begun:
			quoted = true
		case sign == '"' && quoted && !closed:
			closed = true // unless another follows
		case sign == '"' && closed:
			closed = false
			cell.WriteByte('"')
		case closed && sign != '\r':
			return nil, fault.In("file", "bank.csv.quote", c.number)
		default:
			if sign == '\n' {
				c.number++
			}
			cell.WriteRune(sign)
		}
		begun = false
	}
}
