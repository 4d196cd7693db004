package member_test

import (
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

func TestIBANsCheckDigitsDecide(t *testing.T) {
	t.Parallel()
	for iban, want := range map[string]bool{
		"UA213223130000026007233566001": true, "DE89370400440532013000": true, "GB82WEST12345698765432": true,
		"UA213223130000026007233566010": false, "DE98370400440532013000": false, "DE8937040044053201300": false,
		"": false, "UA": false, "ua213223130000026007233566001": false, "UA21 3223 1300": false, "UA21322313000002600723356600Я": false,
	} {
		if got := member.ValidIBAN(iban); got != want {
			t.Errorf("%q is valid: %v", iban, got)
		}
	}
}

func TestBankAccountsAreEnteredOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	account := member.BankAccount{IBAN: "ua21 3223 1300 0002 6007 2335 6600 1", BIC: "PBANUA2X", Currency: "UAH", Holder: member.Text{UK: "k", EN: "k"}, Bank: member.Text{UK: "b", EN: "b"}, HolderID: "12345678"}
	err := pg.InTx(t.Context(), db, func(tx *sqlx.Tx) (err error) {
		account.ClusterID, err = member.AddCluster(t.Context(), tx, noon, member.Cluster{Slug: "kharkiv-it", Name: member.Text{UK: "k", EN: "k"}})
		if err != nil {
			return err
		}
		_, err = member.AddBankAccount(t.Context(), tx, noon, account)
		return err
	})
	var iban string
	if getErr := db.Get(&iban, `SELECT iban FROM bank_accounts`); err != nil || getErr != nil || iban != "UA213223130000026007233566001" {
		t.Fatalf("kept %q, %v, %v", iban, err, getErr)
	}
	for key, spoil := range map[string]func(*member.BankAccount){
		"bank_account.taken": func(*member.BankAccount) {},
		"bank_account.iban":  func(a *member.BankAccount) { a.IBAN = "UA213223130000026007233566010" },
		"bank_account.bic":   func(a *member.BankAccount) { a.IBAN, a.BIC = "DE89370400440532013000", "a bank" },
	} {
		wrong := account
		spoil(&wrong)
		err := pg.InTx(t.Context(), db, func(tx *sqlx.Tx) error {
			_, err := member.AddBankAccount(t.Context(), tx, noon, wrong)
			return err
		})
		if f, ok := fault.As(err); !ok || f.Key != key {
			t.Errorf("%s: %v", key, err)
		}
	}
}
