package bank

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// Account is a cluster's account at a bank.
type Account struct {
	ID        string
	ClusterID string `db:"cluster_id"`
	IBAN      string
	Currency  money.Currency
	BankUK    string `db:"bank_uk"`
	BankEN    string `db:"bank_en"`
}

// is reports whether a file means this account: by its IBAN, or by the local number at the
// IBAN's end, with a bank's code before it or its currency behind.
func (a Account) is(name string) bool {
	name = squeeze(name)
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		name = name[i+1:]
	}
	for _, said := range []string{name, strings.TrimSuffix(name, string(a.Currency))} {
		if said == a.IBAN || len(said) >= 8 && len(said) < len(a.IBAN) && digits(said) && strings.HasSuffix(a.IBAN, said) {
			return true
		}
	}
	return false
}

const accountColumns = `a.id, a.cluster_id, a.iban, a.currency, a.bank_uk, a.bank_en`

// seenBy holds for clusters in which the person $1 has a role.
const seenBy = ` EXISTS (SELECT 1 FROM cluster_roles r WHERE r.cluster_id = a.cluster_id AND r.person_id = $1)`

// Accounts lists the accounts of the clusters in which a person has a role.
func Accounts(ctx context.Context, db *sqlx.DB, person string) ([]Account, error) {
	var all []Account
	err := db.SelectContext(ctx, &all, `SELECT `+accountColumns+` FROM bank_accounts a WHERE`+seenBy+` ORDER BY a.iban`, person)
	if err != nil {
		return nil, fmt.Errorf("list bank accounts: %w", err)
	}
	return all, nil
}

// AccountFor finds an account for a person with a role in its cluster; all others are one
// NotFound fault.
func AccountFor(ctx context.Context, db *sqlx.DB, person, id string) (Account, error) {
	unknown := fault.New(fault.NotFound, "bank.account_unknown")
	if !pg.IsID(id) {
		return Account{}, unknown
	}
	var a Account
	err := db.GetContext(ctx, &a, `SELECT `+accountColumns+` FROM bank_accounts a WHERE`+seenBy+` AND a.id = $2`, person, id)
	if errors.Is(err, sql.ErrNoRows) {
		return a, unknown
	}
	if err != nil {
		return a, fmt.Errorf("find the bank account: %w", err)
	}
	return a, nil
}

// AccountByIBAN finds an account; an unknown one is a NotFound fault.
func AccountByIBAN(ctx context.Context, db sqlx.QueryerContext, iban string) (Account, error) {
	var a Account
	err := sqlx.GetContext(ctx, db, &a, `SELECT `+accountColumns+` FROM bank_accounts a WHERE a.iban = $1`, squeeze(iban))
	if errors.Is(err, sql.ErrNoRows) {
		return a, fault.New(fault.NotFound, "bank.account_unknown")
	}
	if err != nil {
		return a, fmt.Errorf("find the bank account: %w", err)
	}
	return a, nil
}
