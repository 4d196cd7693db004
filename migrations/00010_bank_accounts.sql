-- +goose Up
CREATE TABLE bank_accounts (
    id         uuid PRIMARY KEY,
    cluster_id uuid NOT NULL REFERENCES clusters,
    iban       text NOT NULL CONSTRAINT bank_accounts_iban_once UNIQUE CONSTRAINT bank_accounts_iban_form CHECK (iban ~ '^[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}$'),
    bic        text NOT NULL DEFAULT '' CONSTRAINT bank_accounts_bic_form CHECK (bic ~ '^([A-Z0-9]{8}([A-Z0-9]{3})?)?$'),
    currency   text NOT NULL CONSTRAINT bank_accounts_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    holder_uk  text NOT NULL,
    holder_en  text NOT NULL,
    holder_id  text NOT NULL DEFAULT '',
    bank_uk    text NOT NULL,
    bank_en    text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT bank_accounts_currency_pinned UNIQUE (id, currency)
);
CREATE INDEX bank_accounts_cluster ON bank_accounts (cluster_id);
COMMENT ON TABLE bank_accounts IS 'Accounts of a cluster at banks. Their statements are imported, and invoices name them.';
COMMENT ON COLUMN bank_accounts.holder_id IS 'The official id of the holder, such as its EDRPOU code.';

GRANT SELECT, INSERT, UPDATE ON bank_accounts TO kopiyka_app;
