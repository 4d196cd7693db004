package member

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// BankAccount is where a cluster takes bank transfers, as invoices name it.
type BankAccount struct {
	ClusterID    string
	IBAN, BIC    string
	Currency     string
	Holder, Bank Text
	HolderID     string // the holder's official id, such as its EDRPOU code
}

// AddBankAccount enters an account of a cluster and returns its id. An IBAN may be written
// in groups; one whose check digits do not fit is a fault.
func AddBankAccount(ctx context.Context, tx *sqlx.Tx, at time.Time, a BankAccount) (string, error) {
	iban := strings.ToUpper(strings.Join(strings.Fields(a.IBAN), ""))
	if !ValidIBAN(iban) {
		return "", fault.In("iban", "bank_account.iban")
	}
	id := pg.NewID()
	_, err := tx.ExecContext(ctx, `
		INSERT INTO bank_accounts (id, cluster_id, iban, bic, currency, holder_uk, holder_en, holder_id, bank_uk, bank_en, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		id, a.ClusterID, iban, a.BIC, a.Currency, a.Holder.UK, a.Holder.EN, a.HolderID, a.Bank.UK, a.Bank.EN, at)
	switch pg.Constraint(err) {
	case "bank_accounts_iban_once":
		return "", fault.In("iban", "bank_account.taken")
	case "bank_accounts_bic_form":
		return "", fault.In("bic", "bank_account.bic")
	}
	if err != nil {
		return "", fmt.Errorf("add a bank account: %w", err)
	}
	return id, nil
}

var ibanForm = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}$`)

// ValidIBAN reports whether a text without spaces has the form of an IBAN and its check
// digits (ISO 13616) fit.
func ValidIBAN(s string) bool {
	if !ibanForm.MatchString(s) {
		return false
	}
	rest := 0
	for _, c := range []byte(s[4:] + s[:4]) {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest == 1
}
