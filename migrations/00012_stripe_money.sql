-- +goose Up
-- What becomes of money at Stripe beside a gift and its refund: disputes, conversions,
-- refunds that we ask for, payouts.
ALTER TABLE payments
    ADD COLUMN disputed_minor     bigint NOT NULL DEFAULT 0 CONSTRAINT payments_disputed CHECK (disputed_minor >= 0),
    ADD COLUMN lost_minor         bigint NOT NULL DEFAULT 0 CONSTRAINT payments_lost CHECK (lost_minor >= 0),
    ADD COLUMN drift_minor        bigint NOT NULL DEFAULT 0,
    ADD COLUMN presented_minor    bigint,
    ADD COLUMN presented_currency text CONSTRAINT payments_presented_currency CHECK (presented_currency ~ '^[A-Z]{3}$'),
    ADD COLUMN settled_minor      bigint,
    ADD COLUMN settled_currency   text CONSTRAINT payments_settled_currency CHECK (settled_currency ~ '^[A-Z]{3}$'),
    ADD COLUMN exchange_rate      text NOT NULL DEFAULT '',
    ADD CONSTRAINT payments_presented_whole CHECK ((presented_minor IS NULL) = (presented_currency IS NULL)),
    ADD CONSTRAINT payments_settled_whole CHECK ((settled_minor IS NULL) = (settled_currency IS NULL));
COMMENT ON COLUMN payments.disputed_minor IS 'Taken back by the payer''s bank until it has decided.';
COMMENT ON COLUMN payments.lost_minor IS 'Taken back by the payer''s bank for good.';
COMMENT ON COLUMN payments.drift_minor IS 'What refunds and disputes took beyond their own amount because the exchange rate had moved since the gift; below zero: less.';
COMMENT ON COLUMN payments.presented_minor IS 'What the payer was charged when the money came in, in the payer''s currency. With received_minor it is the recorded rate.';
COMMENT ON COLUMN payments.settled_minor IS 'What that was on our balance at Stripe, before fees. With received_minor it is the recorded rate of a conversion.';
COMMENT ON COLUMN payments.exchange_rate IS 'The rate as Stripe said it, for people to read. Sums are reckoned from the whole amounts beside it.';

-- Other ways to Stripe than its checkout page: a transfer to a bank account that Stripe
-- keeps for the company, and an invoice of Stripe's.
ALTER TABLE payments
    ADD COLUMN transfer_to     jsonb,
    ADD COLUMN remaining_minor bigint,
    ADD COLUMN invoice_id      text CONSTRAINT payments_invoice_once UNIQUE,
    ADD COLUMN due_at          timestamptz;
COMMENT ON COLUMN payments.transfer_to IS 'The account and the reference that the payer was told to transfer to.';
COMMENT ON COLUMN payments.remaining_minor IS 'What of a transfer has not arrived yet. The part that has is with Stripe, and not in the books before all of it is.';
COMMENT ON COLUMN payments.invoice_id IS 'Stripe''s id of its invoice; session_url is then the address of its page.';
COMMENT ON COLUMN payments.due_at IS 'When the invoice is due.';

DROP INDEX payments_one_open;
CREATE UNIQUE INDEX payments_one_open ON payments (pledge_id) WHERE state IN ('created', 'open', 'declined', 'awaiting-funds');
COMMENT ON INDEX payments_one_open IS 'A pledge has one payment that waits for the payer, so that a second click is the same payment.';

CREATE TABLE stripe_customers (
    company_id  uuid PRIMARY KEY REFERENCES companies,
    customer_id text NOT NULL CONSTRAINT stripe_customers_once UNIQUE CONSTRAINT stripe_customers_form CHECK (length(customer_id) BETWEEN 1 AND 255),
    made_at     timestamptz NOT NULL
);
CALL write_once('stripe_customers');
COMMENT ON TABLE stripe_customers IS 'Who a company is at Stripe, where it pays by transfer or invoice.';

CREATE TABLE stripe_cash (
    customer_id text NOT NULL REFERENCES stripe_customers (customer_id),
    currency    text NOT NULL CONSTRAINT stripe_cash_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    minor       bigint NOT NULL,
    synced_at   timestamptz NOT NULL,
    PRIMARY KEY (customer_id, currency)
);
COMMENT ON TABLE stripe_cash IS 'What a company has transferred to Stripe beyond its payments. It is the company''s, not ours: Stripe keeps it for the next transfer or returns it.';

-- The healing job asks for payments that have no end yet, whichever way they came.
DROP INDEX payments_unfinished;
CREATE INDEX payments_unfinished ON payments (started_at)
    WHERE state IN ('created', 'open', 'declined', 'processing', 'awaiting-funds') OR state = 'paid' AND received_minor = 0 OR disputed_minor > 0;

-- Above this a refund waits for a second person; empty: every refund does.
ALTER TABLE clusters ADD COLUMN refund_limit_minor bigint CONSTRAINT clusters_refund_limit CHECK (refund_limit_minor >= 0);
COMMENT ON COLUMN clusters.refund_limit_minor IS 'Refunds up to this, in minor units of the payment, need no second person; empty: every refund needs one.';

ALTER TABLE payments ADD CONSTRAINT payments_currency_pinned UNIQUE (id, currency);
CREATE TABLE refund_requests (
    id              uuid PRIMARY KEY,
    payment_id      uuid NOT NULL,
    amount_minor    bigint NOT NULL CONSTRAINT refund_requests_amount CHECK (amount_minor > 0 AND amount_minor < 100000000000000),
    currency        text NOT NULL,
    reason          text NOT NULL CONSTRAINT refund_requests_reason CHECK (length(reason) BETWEEN 1 AND 1000),
    needs_approval  boolean NOT NULL,
    state           text NOT NULL CONSTRAINT refund_requests_state CHECK (state IN
                    ('asked', 'approved', 'declined', 'sent', 'succeeded', 'failed', 'stopped')),
    idempotency_key text NOT NULL CONSTRAINT refund_requests_key_once UNIQUE,
    stripe_id       text CONSTRAINT refund_requests_stripe_once UNIQUE,
    trouble         text NOT NULL DEFAULT '',
    asked_by        uuid NOT NULL REFERENCES people,
    asked_at        timestamptz NOT NULL,
    decided_by      uuid REFERENCES people,
    decided_at      timestamptz,
    decision_reason text NOT NULL DEFAULT '' CONSTRAINT refund_requests_decision_reason CHECK (length(decision_reason) <= 1000),
    tried_at        timestamptz,
    CONSTRAINT refund_requests_of_payment FOREIGN KEY (payment_id, currency) REFERENCES payments (id, currency),
    CONSTRAINT refund_requests_two_people CHECK (decided_by <> asked_by),
    CONSTRAINT refund_requests_decided_whole CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CONSTRAINT refund_requests_approved_first CHECK (NOT needs_approval OR state = 'asked' OR decided_by IS NOT NULL)
);
CREATE INDEX refund_requests_payment ON refund_requests (payment_id, id);
CREATE INDEX refund_requests_waiting ON refund_requests (asked_at, id) WHERE state IN ('asked', 'approved');
COMMENT ON TABLE refund_requests IS 'Refunds that people of a cluster ask for. The money is judged by Stripe''s balance transactions; this says who wanted it and why.';
COMMENT ON COLUMN refund_requests.idempotency_key IS 'Sent to Stripe with the refund and written before it: a lost answer is asked for again, not refunded twice.';
COMMENT ON COLUMN refund_requests.stripe_id IS 'Stripe''s id of the refund, once it has one.';
COMMENT ON COLUMN refund_requests.trouble IS 'Stripe''s code for why it was refused or failed.';
COMMENT ON CONSTRAINT refund_requests_approved_first ON refund_requests IS 'Above the cluster''s limit nothing is sent before a second person has agreed.';

-- What was asked for stays as it was asked. Only what became of it changes.
-- +goose StatementBegin
CREATE FUNCTION check_refund_request_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.id, NEW.payment_id, NEW.amount_minor, NEW.currency, NEW.reason, NEW.needs_approval, NEW.asked_by, NEW.asked_at)
        IS NOT DISTINCT FROM (OLD.id, OLD.payment_id, OLD.amount_minor, OLD.currency, OLD.reason, OLD.needs_approval, OLD.asked_by, OLD.asked_at)
        AND (OLD.decided_by IS NULL OR (NEW.decided_by, NEW.decided_at) IS NOT DISTINCT FROM (OLD.decided_by, OLD.decided_at)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% on refund_requests is not allowed: what was asked and decided stays', TG_OP USING ERRCODE = 'LG004';
END $$;
-- +goose StatementEnd
CREATE TRIGGER refund_request_stays BEFORE UPDATE OR DELETE ON refund_requests FOR EACH ROW EXECUTE FUNCTION check_refund_request_change();
ALTER TABLE refund_requests ENABLE ALWAYS TRIGGER refund_request_stays;

CREATE TABLE payouts (
    id            text PRIMARY KEY CONSTRAINT payouts_id_form CHECK (length(id) BETWEEN 1 AND 255),
    cluster_id    uuid NOT NULL REFERENCES clusters,
    amount_minor  bigint NOT NULL,
    currency      text NOT NULL CONSTRAINT payouts_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    state         text NOT NULL CONSTRAINT payouts_state CHECK (state IN ('pending', 'in-transit', 'paid', 'failed', 'canceled')),
    automatic     boolean NOT NULL,
    arrives_on    date NOT NULL,
    made_at       timestamptz NOT NULL,
    trouble       text NOT NULL DEFAULT '',
    members       int NOT NULL DEFAULT 0,
    members_minor bigint NOT NULL DEFAULT 0,
    proven_at     timestamptz,
    alarmed_at    timestamptz,
    synced_at     timestamptz NOT NULL,
    CONSTRAINT payouts_proven_by_its_members CHECK (proven_at IS NULL OR members_minor = amount_minor)
);
CREATE INDEX payouts_cluster ON payouts (cluster_id, made_at DESC, id);
CREATE INDEX payouts_unproven ON payouts (made_at) WHERE automatic AND proven_at IS NULL;
COMMENT ON TABLE payouts IS 'What Stripe sent to the bank. Below zero: what it took from there.';
COMMENT ON COLUMN payouts.automatic IS 'Stripe itemises automatic payouts alone; a manual one cannot be proven by its members.';
COMMENT ON COLUMN payouts.members_minor IS 'The sum of the net amounts that Stripe says the payout is made of.';
COMMENT ON COLUMN payouts.proven_at IS 'When every member was in our books and their sum was the payout''s amount.';
COMMENT ON COLUMN payouts.alarmed_at IS 'When somebody was told that it does not add up.';

GRANT SELECT, INSERT ON stripe_customers TO kopiyka_app;
GRANT SELECT, INSERT, UPDATE ON refund_requests, payouts, stripe_cash TO kopiyka_app;
