-- +goose Up
CREATE TABLE pledges (
    id           uuid PRIMARY KEY,
    campaign_id  uuid NOT NULL,
    company_id   uuid NOT NULL REFERENCES companies,
    amount_minor bigint NOT NULL CONSTRAINT pledges_amount CHECK (amount_minor > 0 AND amount_minor < 100000000000000),
    currency     text NOT NULL,
    visibility   text NOT NULL CONSTRAINT pledges_visibility CHECK (visibility IN ('named', 'amount-hidden', 'anonymous')),
    message      text NOT NULL DEFAULT '' CONSTRAINT pledges_message_length CHECK (length(message) <= 500),
    due_on       date,
    reference    text NOT NULL CONSTRAINT pledges_reference_once UNIQUE CONSTRAINT pledges_reference_form CHECK (reference ~ '^RF[0-9]{2}[0-9A-Z]{10}$'),
    purchase_order text NOT NULL DEFAULT '' CONSTRAINT pledges_purchase_order_length CHECK (length(purchase_order) <= 60),
    purpose_id   uuid,
    need_id      uuid,
    made_by      uuid NOT NULL REFERENCES people,
    made_at      timestamptz NOT NULL,
    CONSTRAINT pledges_purpose_of_campaign FOREIGN KEY (purpose_id, campaign_id) REFERENCES purposes (id, campaign_id),
    CONSTRAINT pledges_need_of_purpose FOREIGN KEY (need_id, purpose_id) REFERENCES needs (id, purpose_id),
    CONSTRAINT pledges_need_with_purpose CHECK (need_id IS NULL OR purpose_id IS NOT NULL),
    CONSTRAINT pledges_currency_of_campaign FOREIGN KEY (campaign_id, currency) REFERENCES campaigns (id, currency),
    CONSTRAINT pledges_pinned UNIQUE (id, campaign_id, currency)
);
CREATE INDEX pledges_campaign ON pledges (campaign_id, id);
CREATE INDEX pledges_company ON pledges (company_id, id);
CALL write_once('pledges');
COMMENT ON TABLE pledges IS 'A company''s promise, as it was made. It is never overwritten.';
COMMENT ON COLUMN pledges.reference IS 'What the payer writes on a bank transfer: a creditor reference of ISO 11649, whose check digits catch a mistyped one.';
COMMENT ON COLUMN pledges.purchase_order IS 'The number under which the company''s own books know the pledge.';
COMMENT ON COLUMN pledges.purpose_id IS 'Earmarked: the money may be set aside for this purpose alone, and for need_id alone where there is one.';
COMMENT ON COLUMN pledges.due_on IS 'The day by which the company wants to pay; empty: now.';

CREATE TABLE payments (
    id                uuid PRIMARY KEY,
    pledge_id         uuid NOT NULL,
    campaign_id       uuid NOT NULL,
    amount_minor      bigint NOT NULL CONSTRAINT payments_amount CHECK (amount_minor > 0 AND amount_minor < 100000000000000),
    currency          text NOT NULL,
    title             text NOT NULL CONSTRAINT payments_title CHECK (length(title) BETWEEN 1 AND 250),
    way               text NOT NULL CONSTRAINT payments_way CHECK (way IN ('checkout', 'stripe-transfer', 'stripe-invoice', 'bank')),
    state             text NOT NULL CONSTRAINT payments_state CHECK (state IN ('created', 'open', 'declined', 'awaiting-funds', 'processing', 'paid', 'failed', 'expired',
                      'refunded-in-part', 'refunded', 'returned', 'disputed', 'dispute-lost')),
    idempotency_key   text NOT NULL CONSTRAINT payments_idempotency_key_once UNIQUE,
    session_id        text CONSTRAINT payments_session_once UNIQUE,
    session_url       text,
    session_ends_at   timestamptz,
    payment_intent_id text CONSTRAINT payments_payment_intent_once UNIQUE,
    charge_id         text CONSTRAINT payments_charge_once UNIQUE,
    method            text NOT NULL DEFAULT '',
    received_minor    bigint NOT NULL DEFAULT 0 CONSTRAINT payments_received CHECK (received_minor >= 0),
    refunded_minor    bigint NOT NULL DEFAULT 0 CONSTRAINT payments_refunded CHECK (refunded_minor >= 0),
    fee_minor         bigint NOT NULL DEFAULT 0,
    decline           text NOT NULL DEFAULT '',
    started_by        uuid NOT NULL REFERENCES people,
    started_at        timestamptz NOT NULL,
    settled_at        timestamptz,
    synced_at         timestamptz,
    CONSTRAINT payments_of_pledge FOREIGN KEY (pledge_id, campaign_id, currency) REFERENCES pledges (id, campaign_id, currency)
);
CREATE INDEX payments_pledge ON payments (pledge_id, id);
CREATE INDEX payments_campaign_state ON payments (campaign_id, state);
CREATE UNIQUE INDEX payments_one_open ON payments (pledge_id) WHERE state IN ('created', 'open', 'declined');
CREATE INDEX payments_unfinished ON payments (started_at) WHERE state IN ('created', 'open', 'declined', 'processing');
COMMENT ON INDEX payments_one_open IS 'A pledge has one payment that waits for the payer, so that a second click is the same payment.';
COMMENT ON COLUMN payments.idempotency_key IS 'Sent to Stripe with the session, and written before it: a lost answer is asked for again, not paid twice.';
COMMENT ON COLUMN payments.way IS 'By Stripe''s checkout page, by bank transfer to Stripe, by an invoice of Stripe''s, or by bank transfer to the cluster''s own account.';
COMMENT ON COLUMN payments.title IS 'What the payer reads on the checkout page. Kept, because the idempotency key stands for it too.';
COMMENT ON COLUMN payments.state IS 'What Stripe last said of it, for people to read. The books are in ledger.entries.';
COMMENT ON COLUMN payments.decline IS 'Stripe''s code of the last decline, such as card_declined/insufficient_funds.';

GRANT SELECT, INSERT ON pledges TO kopiyka_app;
GRANT SELECT, INSERT, UPDATE ON payments TO kopiyka_app;
