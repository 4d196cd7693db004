package bank

import (
	"context"
	"io"
	"time"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
)

// reading is one pass through a file. Parsers hand it lines as they come and each statement
// at its end; it counts, checks and passes them on.
type reading struct {
	ctx     context.Context
	account Account // whose file it is said to be
	columns Columns
	line    func(part int, l Line) error // nil: only to judge the file
	all     []Statement
	now     Statement // the one that is being read
}

// begin opens a statement.
func (r *reading) begin(at int) { r.now = Statement{At: at} }

// add takes a line of the statement that is open. A line that moves nothing is left out.
func (r *reading) add(l Line) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if l.Minor == 0 {
		return nil
	}
	if l.Kind == "" {
		l.Kind = Ordinary
	}
	s := &r.now
	s.Lines++
	if s.Sum += l.Minor; s.Sum > maxAmount || s.Sum < -maxAmount {
		return fault.In("file", "bank.statement.too_large", l.At)
	}
	if s.From.IsZero() || l.BookedOn.Before(s.From) {
		s.From = l.BookedOn
	}
	if l.BookedOn.After(s.To) {
		s.To = l.BookedOn
	}
	if r.line == nil {
		return nil
	}
	return r.line(len(r.all), l)
}

// end closes a statement: it is of our account and its lines add up.
func (r *reading) end() error {
	s := r.now
	if s.Currency == "" {
		s.Currency = r.account.Currency
	}
	s.Opening.Known = s.Opening.Known && s.Closing.Known
	s.Closing.Known = s.Opening.Known
	if err := r.ours(s); err != nil {
		return err
	}
	if s.Opening.Known && s.Opening.Minor+s.Sum != s.Closing.Minor {
		return fault.In("file", "bank.statement.out_of_balance", s.At,
			money.Of(s.Opening.Minor+s.Sum, s.Currency), money.Of(s.Closing.Minor, s.Currency))
	}
	s.From, s.To = span(s)
	if s.From.IsZero() {
		return nil // neither lines nor balances: it says nothing
	}
	if r.all = append(r.all, s); len(r.all) > maxParts {
		return fault.In("file", "bank.file.too_many_statements", maxParts)
	}
	return nil
}

// ours refuses a statement of another account or in another currency.
func (r *reading) ours(s Statement) error {
	if s.Account != "" && !r.account.is(s.Account) {
		return fault.In("file", "bank.statement.other_account", s.At, s.Account, r.account.IBAN)
	}
	if s.Currency != r.account.Currency {
		return fault.In("file", "bank.statement.other_currency", s.At, string(s.Currency), string(r.account.Currency))
	}
	return nil
}

// span is the days that a statement is about. An opening balance is the one of the evening
// before, or of the morning; its day counts only where there are no lines.
func span(s Statement) (from, to time.Time) {
	from, to = s.From, s.To
	if s.Closing.Known && s.Closing.On.After(to) {
		to = s.Closing.On
	}
	if from.IsZero() {
		from = to
	}
	return from, to
}

// read makes one pass through a file whose form is known.
func (r *reading) read(f file, from io.Reader) error {
	var err error
	switch f.format {
	case Camt053:
		err = r.camt(f, from)
	case MT940:
		err = r.mt940(f.plain(from))
	default:
		err = r.csv(f.plain(from))
	}
	if err != nil {
		return err
	}
	if len(r.all) == 0 {
		return fault.In("file", "bank.file.no_statement")
	}
	return nil
}
