package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kopiyka/internal/bank"
	"kopiyka/internal/clock"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/pg"
)

// A statement from the command line is in the books once, and a comparison that finds a
// difference ends with status 1.
func TestAStatementComesInFromTheCommandLine(t *testing.T) {
	t.Parallel()
	w := gatewaytest.NewWorld(t, clock.System, "UAH")
	const iban = "UA213223130000026007233566001"
	_, err := w.Owner.Exec(`INSERT INTO bank_accounts (id, cluster_id, iban, currency, holder_uk, holder_en, bank_uk, bank_en, created_at) VALUES ($1, $2, $3, 'UAH', 'К', 'C', 'Б', 'B', now())`, pg.NewID(), w.Cluster, iban)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	bring := func(file, account, columns string) (string, error) {
		var said bytes.Buffer
		c := importStatementCommand{File: file, Account: account, Format: "auto", Columns: columns}
		err := spoken(c.bring(t.Context(), w.DB, &said))
		return said.String(), err
	}
	mt940 := write("march.sta", ":20:A\n:25:"+iban+"\n:28C:1\n:60F:C260301UAH5,00\n:61:260302C12,50NTRFNONREF//B1\n:62F:C260302UAH17,50\n-\n")
	if said, err := bring(mt940, "UA21 3223 1300 0002 6007 2335 66001", ""); err != nil || !strings.Contains(said, "1 lines, 1 of them new") {
		t.Fatalf("said %q, %v", said, err)
	}
	if said, err := bring(mt940, iban, ""); err != nil || !strings.Contains(said, "imported before") {
		t.Errorf("said %q, %v", said, err)
	}
	if said, err := bring(write("april.csv", "Day;Sum\n2026-04-01;7,00\n"), iban, "date=Day; amount=Sum"); err != nil || !strings.Contains(said, "tells no balances") {
		t.Errorf("said %q, %v", said, err)
	}
	for _, test := range []struct{ file, account, columns, words string }{
		{write("x.csv", "Day;Sum\nnever;7,00\n"), iban, "date=Day; amount=Sum", "Line 2, column “Day”: not a day"},
		{mt940, "UA00", "", "There is no such bank account"},
		{mt940, iban, "nonsense", "names no column"},
	} {
		if _, err := bring(test.file, test.account, test.columns); err == nil || !strings.Contains(err.Error(), test.words) {
			t.Errorf("said %v, want %q", err, test.words)
		}
	}

	results, err := bank.Reconcile(t.Context(), w.DB, clock.System)
	var said bytes.Buffer
	if err := errors.Join(err, tell(&said, results)); err != nil || !strings.Contains(said.String(), "proven up to 2026-03-02") {
		t.Errorf("%v\n%s", err, said.String())
	}
	if _, err := w.DB.Exec(`UPDATE statement_line_rests SET open_minor = 0`); err != nil {
		t.Fatal(err)
	}
	results, err = bank.Reconcile(t.Context(), w.DB, clock.System)
	said.Reset()
	if err := errors.Join(err, tell(&said, results)); !errors.Is(err, errDiffers) || !strings.Contains(said.String(), "DIFFERS") {
		t.Errorf("%v\n%s", err, said.String())
	}
}
