package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/bank"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/pg"
)

type importStatementCommand struct {
	settings
	File    string `arg:"" type:"existingfile" help:"The statement, as the bank exports it."`
	Account string `name:"account" required:"" placeholder:"IBAN" help:"The account that it is of."`
	Format  string `name:"format" enum:"auto,camt.053,mt940,csv" default:"auto" help:"camt.053, mt940 or csv; found out by itself."`
	Columns string `name:"columns" help:"Of a CSV file: privatbank, monobank, english, or such as \"date=Day; amount=Sum; details=Purpose\"."`
}

// Run imports the whole file or nothing of it, and matches what can be matched by itself.
func (c *importStatementCommand) Run(ctx context.Context, log *slog.Logger) error {
	d, err := knownDatabase(ctx, c.Config, log)
	if err != nil {
		return err
	}
	defer d.close()
	db, err := d.migrated(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	return spoken(c.bring(ctx, db, os.Stdout))
}

// spoken has a fault say its sentence in place of its key.
func spoken(err error) error {
	if f, ok := fault.As(err); ok {
		return errors.New(i18n.EN.Fault(f))
	}
	return err
}

func (c *importStatementCommand) bring(ctx context.Context, db *sqlx.DB, to io.Writer) error {
	account, err := bank.AccountByIBAN(ctx, db, c.Account)
	if err != nil {
		return err
	}
	columns, err := bank.ParseColumns(c.Columns)
	if err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	f := bank.File{Name: filepath.Base(c.File), Account: account, From: file, Columns: columns}
	if c.Format != "auto" {
		f.Format = bank.Format(c.Format)
	}
	bar := newBar(os.Stderr)
	f.Told = bar.told
	done, err := bank.Import(ctx, db, clock.System, f)
	bar.end()
	if err != nil {
		return err
	}
	var ids []string
	for _, s := range done.Statements {
		ids = append(ids, s.ID)
	}
	tried, err := bank.MatchAll(ctx, db, clock.System, ids...)
	if err != nil {
		return err
	}
	lines, added := done.Lines()
	if done.Known {
		fmt.Fprintln(to, "the file was imported before; nothing was changed")
		return nil
	}
	fmt.Fprintf(to, "%d lines, %d of them new; %d matched by themselves\n", lines, added, tried.Matched)
	for _, s := range done.Statements {
		if !s.Opening.Known {
			fmt.Fprintln(to, "the file tells no balances, so it cannot be checked whether it is whole")
			break
		}
	}
	return pg.Announce(ctx, db, pg.PublicChanged)
}

// bar draws how far an import is, on a terminal alone.
type bar struct {
	to    *os.File
	shown int64
}

func newBar(to *os.File) *bar {
	b := &bar{to: to, shown: -1}
	if info, err := to.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		b.to = nil
	}
	return b
}

const barWidth = 40

func (b *bar) told(p bank.Progress) {
	percent := p.Done * 100 / max(p.Bytes, 1)
	if b.to == nil || percent == b.shown {
		return
	}
	b.shown = percent
	full := int(percent * barWidth / 100)
	fmt.Fprintf(b.to, "\r[%s%s] %3d %%  %d lines", strings.Repeat("#", full), strings.Repeat(" ", barWidth-full), percent, p.Lines)
}

func (b *bar) end() {
	if b.to != nil && b.shown >= 0 {
		fmt.Fprintln(b.to)
	}
}
