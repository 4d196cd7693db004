package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"kopiyka/internal/ledger"
)

// errDiffers tells main that the books contradict themselves and that it has been said.
var errDiffers = errors.New("the books differ")

type verifyCommand struct{ settings }

// Run recomputes the books and prints every difference.
func (c *verifyCommand) Run(ctx context.Context, log *slog.Logger) error {
	d, err := knownDatabase(ctx, c.Config, log)
	if err != nil {
		return err
	}
	defer d.close()
	db, err := d.opened(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	seen, differences, err := ledger.Verify(ctx, db)
	if err != nil {
		return err
	}
	fmt.Printf("%d entries, %d lines, %d accounts, %d lots\n", seen.Entries, seen.Lines, seen.Accounts, seen.Lots)
	for _, x := range differences {
		fmt.Printf("DIFFERS  %s: %s has %d, the lines say %d\n", x.Check, x.Subject, x.Stored, x.Counted)
	}
	if len(differences) > 0 {
		return errDiffers
	}
	fmt.Println("the books are whole")
	return nil
}
