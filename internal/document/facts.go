package document

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/exchange"
	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
)

// Text is a name in both languages.
type Text struct{ UK, EN string }

// In is the name in a language; what has one name alone is called so in both.
func (t Text) In(l i18n.Lang) string {
	if l == i18n.EN && t.EN != "" || t.UK == "" {
		return t.EN
	}
	return t.UK
}

// Facts are all that a document says, but for its number and date. They are kept with it
// and never change: a company that is renamed has its old name on old documents.
type Facts struct {
	Cluster  Text
	Company  Text
	PayerID  string   `json:",omitempty"` // the company's EDRPOU code
	Account  *Account `json:",omitempty"` // where to transfer to
	PayURL   string   `json:",omitempty"` // where to pay by card
	Pledge   *Pledge  `json:",omitempty"`
	Amount   money.Amount
	DueOn    time.Time `json:",omitzero"`
	Parts    []Part    `json:",omitempty"` // of an agreement: its schedule
	Payment  *Payment  `json:",omitempty"`
	Undone   bool      `json:",omitempty"` // a note about a refund that did not arrive
	Year     int       `json:",omitempty"`
	Lines    []Line    `json:",omitempty"` // of a year
	TakenFor []Line    `json:",omitempty"` // what the company's bank took back in disputes
}

// Part is an instalment as an agreement says it.
type Part struct {
	DueOn  time.Time
	Amount money.Amount
}

// Account is a bank account as an invoice names it.
type Account struct {
	IBAN, BIC    string
	Currency     money.Currency
	Holder, Bank Text
	HolderID     string
}

// Pledge is the promise that a document belongs to.
type Pledge struct {
	Campaign      Text
	Purpose       Text `json:",omitzero"` // what its money is earmarked for
	Reference     giving.Reference
	PurchaseOrder string `json:",omitempty"`
	Amount        money.Amount
	Counts        *Counts `json:",omitempty"` // when that is not in the campaign's currency
	MadeAt        time.Time
}

// Counts is what a promise in another currency is to its campaign, and at whose rate.
type Counts struct {
	Amount money.Amount
	Rate   exchange.Value
	Source string
	Day    time.Time
}

// Payment is the payment that a receipt or a note is about.
type Payment struct {
	Way, Method string
	At          time.Time
	Received    money.Amount
	Fee         money.Amount
	Presented   money.Amount `json:",omitzero"` // what the payer was charged, when in another currency
	ReceiptNo   string       `json:",omitempty"`
}

// Line is one document of a year, or one payment that was taken back.
type Line struct {
	At       time.Time
	Kind     Kind `json:",omitempty"`
	No       string
	Campaign Text
	Amount   money.Amount // below zero: it went back
}

// Title is what the line is, and by which document.
func (o Line) Title(l i18n.Lang) string {
	no := l.T("document.no", o.No)
	switch {
	case o.Kind == "":
		return l.T("document.line.taken", no)
	case o.Amount.Minor < 0:
		return l.T("document.line.refund-note_out") + " " + no
	case o.Kind == Receipt:
		return l.T("document.line.receipt") + " " + no
	}
	return l.T("document.line.refund-note_in") + " " + no
}

// Scan reads the facts as they were written down.
func (f *Facts) Scan(from any) error {
	raw, ok := from.([]byte)
	if !ok {
		return fmt.Errorf("facts are %T", from)
	}
	return json.Unmarshal(raw, f)
}

// ground is what is known of a pledge before a document of it is issued.
type ground struct {
	Cluster, Company string // ids
	facts            Facts
}

// groundOf reads the names and numbers that documents of a pledge carry.
func groundOf(ctx context.Context, tx *sqlx.Tx, pledgeID string) (ground, error) {
	var row struct {
		ClusterID string         `db:"cluster_id"`
		CompanyID string         `db:"company_id"`
		ClusterUK string         `db:"cluster_uk"`
		ClusterEN string         `db:"cluster_en"`
		CompanyUK string         `db:"company_uk"`
		CompanyEN string         `db:"company_en"`
		PayerID   string         `db:"official_id"`
		TitleUK   string         `db:"title_uk"`
		TitleEN   string         `db:"title_en"`
		PurposeUK sql.NullString `db:"purpose_uk"`
		PurposeEN sql.NullString `db:"purpose_en"`
		ItemUK    sql.NullString `db:"item_uk"`
		ItemEN    sql.NullString `db:"item_en"`
		Reference giving.Reference
		Order     string `db:"purchase_order"`
		Minor     int64  `db:"amount_minor"`
		Currency  money.Currency
		MadeAt    time.Time `db:"made_at"`
		Released  bool      // its company has let the earmark go
		Own       money.Currency
		OwnMinor  int64          `db:"own_minor"`
		Rate      exchange.Value // when the two currencies differ
		Source    string
		Day       sql.NullTime
	}
	err := tx.GetContext(ctx, &row, `
		SELECT c.cluster_id, p.company_id, k.name_uk AS cluster_uk, k.name_en AS cluster_en, o.name_uk AS company_uk, o.name_en AS company_en,
		       CASE WHEN o.country = 'UA' THEN o.official_id ELSE '' END AS official_id,
		       c.title_uk, c.title_en, u.title_uk AS purpose_uk, u.title_en AS purpose_en, n.item_uk, n.item_en,
		       p.reference, p.purchase_order, coalesce(p.original_minor, p.amount_minor) AS amount_minor, coalesce(p.original_currency, p.currency) AS currency, p.made_at,
		       p.currency AS own, p.amount_minor AS own_minor, coalesce(r.rate, 1) AS rate, coalesce(r.source, '') AS source, r.day,
		       EXISTS (SELECT 1 FROM pledge_acts a WHERE a.pledge_id = p.id AND a.kind = 'earmark-released') AS released
		  FROM pledges p
		  JOIN campaigns c ON c.id = p.campaign_id
		  JOIN clusters k ON k.id = c.cluster_id
		  JOIN companies o ON o.id = p.company_id
		  LEFT JOIN purposes u ON u.id = p.purpose_id
		  LEFT JOIN needs n ON n.id = p.need_id
		  LEFT JOIN exchange_rates r ON r.id = p.rate_id
		 WHERE p.id = $1`, pledgeID)
	if err != nil {
		return ground{}, fmt.Errorf("read the pledge of a document: %w", err)
	}
	g := ground{Cluster: row.ClusterID, Company: row.CompanyID}
	g.facts.Cluster, g.facts.Company = Text{row.ClusterUK, row.ClusterEN}, Text{row.CompanyUK, row.CompanyEN}
	g.facts.PayerID = row.PayerID
	g.facts.Pledge = &Pledge{
		Campaign: Text{row.TitleUK, row.TitleEN}, Reference: row.Reference, PurchaseOrder: row.Order,
		Amount: money.Of(row.Minor, row.Currency), MadeAt: row.MadeAt.UTC(),
	}
	if row.Day.Valid {
		g.facts.Pledge.Counts = &Counts{money.Of(row.OwnMinor, row.Own), row.Rate, row.Source, row.Day.Time.UTC()}
	}
	switch {
	case row.Released:
	case row.ItemUK.Valid:
		g.facts.Pledge.Purpose = Text{row.ItemUK.String, row.ItemEN.String}
	case row.PurposeUK.Valid:
		g.facts.Pledge.Purpose = Text{row.PurposeUK.String, row.PurposeEN.String}
	}
	g.facts.Account, err = accountOf(ctx, tx, row.ClusterID, row.Currency)
	return g, err
}

// accountOf finds the cluster's account in a currency: the first that was entered, or none.
func accountOf(ctx context.Context, tx *sqlx.Tx, cluster string, c money.Currency) (*Account, error) {
	a := Account{Currency: c}
	err := tx.QueryRowxContext(ctx, `SELECT iban, bic, holder_uk, holder_en, holder_id, bank_uk, bank_en FROM bank_accounts
		WHERE cluster_id = $1 AND currency = $2 ORDER BY id LIMIT 1`, cluster, string(c)).
		Scan(&a.IBAN, &a.BIC, &a.Holder.UK, &a.Holder.EN, &a.HolderID, &a.Bank.UK, &a.Bank.EN)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the bank account: %w", err)
	}
	return &a, nil
}

// mayIssue asks for a paying role in the pledge's company, whose pledge it is for everybody
// with a role. Others learn nothing.
func mayIssue(ctx context.Context, tx *sqlx.Tx, company, person string) error {
	var may sql.NullBool
	err := tx.GetContext(ctx, &may, `SELECT bool_or(role IN ('owner', 'payer')) FROM company_roles WHERE company_id = $1 AND person_id = $2`, company, person)
	switch {
	case err != nil:
		return fmt.Errorf("find the role: %w", err)
	case !may.Valid:
		return fault.New(fault.NotFound, "company.unknown")
	case !may.Bool:
		return fault.New(fault.Forbidden, "company.viewer_cannot_pay")
	}
	return nil
}
