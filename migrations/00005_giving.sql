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
    made_by      uuid NOT NULL REFERENCES people,
    made_at      timestamptz NOT NULL,
    CONSTRAINT pledges_currency_of_campaign FOREIGN KEY (campaign_id, currency) REFERENCES campaigns (id, currency),
    CONSTRAINT pledges_pinned UNIQUE (id, campaign_id, currency)
);
CREATE INDEX pledges_campaign ON pledges (campaign_id, id);
CREATE INDEX pledges_company ON pledges (company_id, id);
CALL write_once('pledges');
COMMENT ON TABLE pledges IS 'A company''s promise, as it was made. It is never overwritten.';
COMMENT ON COLUMN pledges.due_on IS 'The day by which the company wants to pay; empty: now.';

CREATE TABLE payments (
    id                uuid PRIMARY KEY,
    pledge_id         uuid NOT NULL,
    campaign_id       uuid NOT NULL,
    amount_minor      bigint NOT NULL CONSTRAINT payments_amount CHECK (amount_minor > 0 AND amount_minor < 100000000000000),
    currency          text NOT NULL,
    title             text NOT NULL CONSTRAINT payments_title CHECK (length(title) BETWEEN 1 AND 250),
    way               text NOT NULL CONSTRAINT payments_way CHECK (way IN ('stripe')),
    state             text NOT NULL CONSTRAINT payments_state CHECK (state IN ('created', 'open', 'declined', 'processing', 'paid', 'failed', 'expired', 'refunded-in-part', 'refunded')),
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
COMMENT ON COLUMN payments.title IS 'What the payer reads on the checkout page. Kept, because the idempotency key stands for it too.';
COMMENT ON COLUMN payments.state IS 'What Stripe last said of it, for people to read. The books are in ledger.entries.';
COMMENT ON COLUMN payments.decline IS 'Stripe''s code of the last decline, such as card_declined/insufficient_funds.';

GRANT SELECT, INSERT ON pledges TO kopiyka_app;
GRANT SELECT, INSERT, UPDATE ON payments TO kopiyka_app;
