package giving

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// TransferTo is the bank account that a company was told to transfer to, which Stripe
// keeps for it, and what to write on the transfer.
type TransferTo struct {
	Reference string `json:"reference,omitempty"`
	Holder    string `json:"holder,omitempty"`
	Bank      string `json:"bank,omitempty"`
	IBAN      string `json:"iban,omitempty"`
	BIC       string `json:"bic,omitempty"`
	Account   string `json:"account,omitempty"`
	Routing   string `json:"routing,omitempty"`
}

// Scan reads what the database keeps.
func (t *TransferTo) Scan(v any) error {
	raw, ok := v.([]byte)
	if !ok {
		return fmt.Errorf("giving: an account to transfer to is kept as %T", v)
	}
	return json.Unmarshal(raw, t)
}

// Funding is how far a bank transfer to Stripe is. What has arrived of it is with Stripe, and in
// nobody's books before all of it has.
type Funding struct {
	To        TransferTo
	Remaining int64
}

// recordWay writes down what belongs to one way of paying alone. Facts that say nothing of
// it leave it as it stands.
func (s *settling) recordWay(ctx context.Context, tx *sqlx.Tx) error {
	f := s.facts
	if f.Transfer == nil && f.InvoiceID == "" {
		return nil
	}
	var to []byte
	var remaining sql.NullInt64
	if f.Transfer != nil {
		var err error
		if to, err = json.Marshal(f.Transfer.To); err != nil {
			return fmt.Errorf("write the account to transfer to: %w", err)
		}
		if f.Transfer.To == (TransferTo{}) {
			to = nil // all has arrived; the account stays known
		}
		remaining = sql.NullInt64{Int64: f.Transfer.Remaining, Valid: true}
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE payments SET transfer_to = coalesce($2, transfer_to), remaining_minor = coalesce($3, remaining_minor), invoice_id = coalesce(nullif($4, ''), invoice_id),
		       session_url = coalesce(nullif($5, ''), session_url), due_at = coalesce($6, due_at) WHERE id = $1`,
		s.ID, to, remaining, f.InvoiceID, f.PageURL, sql.NullTime{Time: f.DueAt, Valid: !f.DueAt.IsZero()})
	if err != nil {
		return fmt.Errorf("record how payment %s is paid: %w", s.ID, err)
	}
	return nil
}

// Customer is a company as Stripe knows it, or is to know it.
type Customer struct {
	CompanyID string `db:"company_id"`
	ID        string `db:"customer_id"` // empty: Stripe does not know it yet
	Name      string
	Email     string // of the person who pays
	Order     string // the purchase order of the pledge
}

// CustomerOf tells who pays a payment.
func CustomerOf(ctx context.Context, db *sqlx.DB, payment string) (Customer, error) {
	var c Customer
	err := db.GetContext(ctx, &c, `
		SELECT p.company_id, coalesce(s.customer_id, '') AS customer_id, k.name_en AS name, w.email, p.purchase_order AS "order"
		  FROM payments y JOIN pledges p ON p.id = y.pledge_id JOIN companies k ON k.id = p.company_id JOIN people w ON w.id = y.started_by
		  LEFT JOIN stripe_customers s ON s.company_id = p.company_id WHERE y.id = $1`, payment)
	if err != nil {
		return c, fmt.Errorf("find who pays: %w", err)
	}
	return c, nil
}

// KeepCustomer remembers who a company is at Stripe, and tells who it was already when
// somebody else was quicker.
func KeepCustomer(ctx context.Context, db *sqlx.DB, at time.Time, company, customer string) (string, error) {
	var known string
	_, err := db.ExecContext(ctx, `INSERT INTO stripe_customers (company_id, customer_id, made_at) VALUES ($1, $2, $3) ON CONFLICT (company_id) DO NOTHING`, company, customer, at)
	if err == nil {
		err = db.GetContext(ctx, &known, `SELECT customer_id FROM stripe_customers WHERE company_id = $1`, company)
	}
	if err != nil {
		return "", fmt.Errorf("keep the company's id at Stripe: %w", err)
	}
	return known, nil
}

// KnowsCustomer reports whether a customer of Stripe's is a company of ours.
func KnowsCustomer(ctx context.Context, db *sqlx.DB, customer string) (bool, error) {
	var known bool
	if err := db.GetContext(ctx, &known, `SELECT EXISTS (SELECT 1 FROM stripe_customers WHERE customer_id = $1)`, customer); err != nil {
		return false, fmt.Errorf("find the company: %w", err)
	}
	return known, nil
}

// KeepCash writes down what a company has at Stripe beyond its payments. When there is
// more of it than was known somebody of the cluster is told: the money is the company's, and Stripe
// returns it after 75 days unless the next transfer uses it.
func KeepCash(ctx context.Context, db *sqlx.DB, at time.Time, cluster, customer string, cash []money.Amount) error {
	err := pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := pg.Lock(ctx, tx, "cash:"+customer); err != nil {
			return err
		}
		for _, a := range cash {
			var before int64
			err := tx.GetContext(ctx, &before, `SELECT minor FROM stripe_cash WHERE customer_id = $1 AND currency = $2`, customer, string(a.Currency))
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO stripe_cash (customer_id, currency, minor, synced_at) VALUES ($1, $2, $3, $4)
				ON CONFLICT (customer_id, currency) DO UPDATE SET minor = $3, synced_at = $4`, customer, string(a.Currency), a.Minor, at)
			if err != nil {
				return err
			}
			if a.Minor <= before {
				continue
			}
			if err := alarmOfCash(ctx, tx, at, customer, a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep what a company has at Stripe: %w", err)
	}
	return nil
}

// alarmOfCash tells every cluster to which the company has promised something.
func alarmOfCash(ctx context.Context, tx *sqlx.Tx, at time.Time, customer string, a money.Amount) error {
	var clusters []string
	err := tx.SelectContext(ctx, &clusters, `
		SELECT DISTINCT c.cluster_id FROM stripe_customers s JOIN pledges p ON p.company_id = s.company_id JOIN campaigns c ON c.id = p.campaign_id
		 WHERE s.customer_id = $1`, customer)
	if err != nil {
		return fmt.Errorf("find whom it concerns: %w", err)
	}
	for _, cluster := range clusters {
		err := audit.Raise(ctx, tx, cluster, audit.Act{At: at, Act: "stripe.unapplied-cash", Subject: "customer:" + customer,
			Detail: map[string]any{"minor": a.Minor, "currency": a.Currency}})
		if err != nil {
			return err
		}
	}
	return nil
}

// CashOf lists what a company has at Stripe beyond its payments. Ask first who may see it.
func CashOf(ctx context.Context, db *sqlx.DB, company string) ([]money.Amount, error) {
	var all []money.Amount
	err := db.SelectContext(ctx, &all, `SELECT c.minor, c.currency FROM stripe_cash c JOIN stripe_customers s USING (customer_id)
		WHERE s.company_id = $1 AND c.minor > 0 ORDER BY c.currency`, company)
	if err != nil {
		return nil, fmt.Errorf("list what the company has at Stripe: %w", err)
	}
	return all, nil
}
