package bank

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// File is a statement's file that somebody wants to bring in.
type File struct {
	Name    string
	Account Account
	Person  string        // who brings it; empty: the command line
	From    io.ReadSeeker // it is read from its beginning, and more than once
	Format  Format        // empty: found out
	Columns Columns       // of a CSV file
	Told    func(Progress)
}

// Progress tells how far an import is.
type Progress struct {
	Done, Bytes int64
	Lines       int64
}

// Imported is what became of a file.
type Imported struct {
	Statements []Kept
	Known      bool // the file had been imported before, and nothing was done
}

// Kept is a statement as it was written down.
type Kept struct {
	ID string
	Statement
	Added int // lines that no file before had brought
}

// Lines and Added sum over the file's statements.
func (i Imported) Lines() (lines, added int) {
	for _, s := range i.Statements {
		lines += s.Lines
		added += s.Added
	}
	return lines, added
}

// Import brings a file in: all of it, or nothing. Lines that an earlier file brought stay as
// they are; each new one posts once, as unmatched money. The same file a second time is the
// first. What is wrong with a file is an Invalid fault about the field file, with the line.
//
// Lines whose purpose is beyond doubt are matched afterwards, by MatchAll.
func Import(ctx context.Context, db *sqlx.DB, now clock.Clock, f File) (Imported, error) {
	if _, err := f.From.Seek(0, io.SeekStart); err != nil {
		return Imported{}, wrap(f, err)
	}
	known, err := sniff(f.From)
	if err != nil {
		return Imported{}, wrap(f, err)
	}
	if f.Format != "" {
		known.format = f.Format
	}
	if err := f.agrees(known.format); err != nil {
		return Imported{}, wrap(f, err)
	}
	judged, err := f.pass(ctx, known, nil)
	if err != nil {
		return Imported{}, wrap(f, err)
	}
	var done Imported
	err = pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		done = Imported{}
		if err := pg.Lock(ctx, tx, "bank:"+f.Account.ID); err != nil {
			return err
		}
		if done.Statements, err = keptOf(ctx, tx, f.Account.ID, known); err != nil || len(done.Statements) > 0 {
			done.Known = err == nil
			return err
		}
		if err := oneFormat(ctx, tx, f.Account.ID, known.format, judged); err != nil {
			return err
		}
		w := newWriter(ctx, tx, f, judged)
		again, err := f.pass(ctx, known, w.line)
		if err != nil {
			return err
		}
		if len(again) != len(judged) {
			return fault.In("file", "bank.file.changed")
		}
		if err := w.flush(); err != nil {
			return err
		}
		done.Statements = w.kept
		return record(ctx, tx, now(), f, known, done.Statements)
	})
	if err != nil {
		return Imported{}, wrap(f, err)
	}
	return done, nil
}

func wrap(f File, err error) error { return fmt.Errorf("import %s: %w", f.Name, err) }

// pass reads the file once from its beginning.
func (f File) pass(ctx context.Context, known file, line func(int, Line) error) ([]Statement, error) {
	if _, err := f.From.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("go to the file's beginning: %w", err)
	}
	counted := &counter{r: f.From, file: f, bytes: known.bytes, tell: line != nil}
	r := &reading{ctx: ctx, account: f.Account, columns: f.Columns}
	if line != nil {
		r.line = func(part int, l Line) error {
			counted.lines++
			return line(part, l)
		}
	}
	if err := r.read(known, counted); err != nil {
		return nil, err
	}
	return r.all, nil
}

// counter tells the file's bringer how far it is.
type counter struct {
	r     io.Reader
	file  File
	done  int64
	bytes int64
	lines int64
	tell  bool
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.done += int64(n)
	if c.tell && c.file.Told != nil {
		c.file.Told(Progress{Done: c.done, Bytes: c.bytes, Lines: c.lines})
	}
	return n, err
}

// keptOf finds the statements that the same file brought before.
func keptOf(ctx context.Context, tx *sqlx.Tx, account string, f file) ([]Kept, error) {
	var rows []struct {
		ID       string
		Lines    int
		Added    int
		Sum      int64     `db:"sum_minor"`
		From, To time.Time // in the order of the query
	}
	err := tx.SelectContext(ctx, &rows, `SELECT id, lines, added, sum_minor, from_on AS "from", to_on AS "to" FROM bank_statements
		WHERE account_id = $1 AND file_sha256 = $2 ORDER BY part`, account, f.sha256[:])
	if err != nil {
		return nil, fmt.Errorf("look for the file: %w", err)
	}
	var all []Kept
	for _, r := range rows {
		all = append(all, Kept{ID: r.ID, Added: r.Added, Statement: Statement{Lines: r.Lines, Sum: r.Sum, From: r.From, To: r.To}})
	}
	return all, nil
}

// oneFormat refuses days that a file of another format has brought: the same line looks
// different there, and would count twice.
func oneFormat(ctx context.Context, tx *sqlx.Tx, account string, format Format, all []Statement) error {
	for _, s := range all {
		if s.Lines == 0 {
			continue
		}
		var other []struct {
			Format string
			Day    time.Time
		}
		err := tx.SelectContext(ctx, &other, `
			SELECT s.format, l.booked_on AS day FROM statement_lines l JOIN bank_statements s ON s.id = l.statement_id
			 WHERE l.account_id = $1 AND l.booked_on BETWEEN $2 AND $3 AND s.format <> $4 LIMIT 1`, account, s.From, s.To, string(format))
		if err != nil {
			return fmt.Errorf("look for other formats: %w", err)
		}
		if len(other) > 0 {
			return fault.In("file", "bank.file.other_format", other[0].Day, other[0].Format)
		}
	}
	return nil
}

// record writes the statements down, whose lines are there already.
func record(ctx context.Context, tx *sqlx.Tx, at time.Time, f File, known file, all []Kept) error {
	for part, s := range all {
		var opening, closing any
		if s.Opening.Known {
			opening, closing = s.Opening.Minor, s.Closing.Minor
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO bank_statements (id, account_id, currency, file_sha256, part, file_name, format, number, from_on, to_on,
			            opening_minor, closing_minor, sum_minor, lines, added, imported_by, imported_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, nullif($16, '')::uuid, $17)`,
			s.ID, f.Account.ID, string(f.Account.Currency), known.sha256[:], part, fileName(f.Name), string(known.format), s.Number, s.From, s.To,
			opening, closing, s.Sum, s.Lines, s.Added, f.Person, at)
		if err != nil {
			return fmt.Errorf("write the statement: %w", err)
		}
		err = audit.Record(ctx, tx, audit.Act{At: at, Person: f.Person, Act: "statement.imported", Subject: "bank_statement:" + s.ID,
			Detail: map[string]any{"account": f.Account.ID, "lines": s.Lines, "added": s.Added, "format": known.format}})
		if err != nil {
			return err
		}
	}
	return nil
}

// fileName is what the file was called, as far as it can be kept.
func fileName(name string) string {
	name = clean(name)
	if name == "" {
		return "–"
	}
	if r := []rune(name); len(r) > 200 {
		return string(r[:200])
	}
	return name
}
