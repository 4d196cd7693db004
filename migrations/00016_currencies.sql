-- +goose Up
-- A campaign counts in one currency and may take promises and money in others. What one
-- currency is worth in another is what people of the cluster have entered, with the source
-- and the day: never what a network said.
CREATE TABLE campaign_currencies (
    campaign_id       uuid NOT NULL,
    currency          text NOT NULL CONSTRAINT campaign_currencies_form CHECK (currency ~ '^[A-Z]{3}$'),
    campaign_currency text NOT NULL,
    PRIMARY KEY (campaign_id, currency),
    CONSTRAINT campaign_currencies_of_campaign FOREIGN KEY (campaign_id, campaign_currency) REFERENCES campaigns (id, currency),
    CONSTRAINT campaign_currencies_another CHECK (currency <> campaign_currency)
);
COMMENT ON TABLE campaign_currencies IS 'In which currencies a campaign takes promises beside its own. What is promised already stays when one is taken away.';
GRANT SELECT, INSERT, DELETE ON campaign_currencies TO kopiyka_app;

CREATE TABLE exchange_rates (
    id            uuid PRIMARY KEY,
    cluster_id    uuid NOT NULL REFERENCES clusters,
    from_currency text NOT NULL CONSTRAINT exchange_rates_from_form CHECK (from_currency ~ '^[A-Z]{3}$'),
    to_currency   text NOT NULL CONSTRAINT exchange_rates_to_form CHECK (to_currency ~ '^[A-Z]{3}$'),
    rate          numeric(18, 12) NOT NULL CONSTRAINT exchange_rates_rate CHECK (rate > 0),
    source        text NOT NULL CONSTRAINT exchange_rates_source CHECK (length(source) BETWEEN 1 AND 60),
    day           date NOT NULL,
    entered_by    uuid NOT NULL REFERENCES people,
    entered_at    timestamptz NOT NULL,
    CONSTRAINT exchange_rates_two_currencies CHECK (from_currency <> to_currency),
    CONSTRAINT exchange_rates_not_ahead CHECK (day <= (entered_at AT TIME ZONE 'Europe/Kyiv')::date)
);
CREATE INDEX exchange_rates_in_force ON exchange_rates (cluster_id, from_currency, to_currency, day DESC, entered_at DESC, id DESC);
CREATE INDEX exchange_rates_cluster ON exchange_rates (cluster_id, id DESC);
CALL write_once('exchange_rates');
COMMENT ON TABLE exchange_rates IS 'What one unit of a currency is worth in another, as a person of the cluster entered it. A mistake is mended by another row; the newest day and the last word count.';
COMMENT ON COLUMN exchange_rates.source IS 'Whose rate it is, in words, such as a national bank.';
GRANT SELECT, INSERT ON exchange_rates TO kopiyka_app;

-- +goose StatementBegin
CREATE FUNCTION currency_exponent(p_currency text) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE
        WHEN p_currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') THEN 0
        WHEN p_currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 3
        WHEN p_currency IN ('CLF', 'UYW') THEN 4
        ELSE 2 END
$$;
-- +goose StatementEnd
COMMENT ON FUNCTION currency_exponent IS 'Decimal places of a currency''s minor unit, as the program has them; a test compares the two.';

-- +goose StatementBegin
CREATE FUNCTION exchanged(p_minor bigint, p_from text, p_to text, p_rate numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT round(p_minor * p_rate * 10::numeric ^ (currency_exponent(p_to) - currency_exponent(p_from))::numeric)
$$;
-- +goose StatementEnd
COMMENT ON FUNCTION exchanged IS 'An amount at a rate, in minor units, rounded half away from zero.';

-- What a moved rate costs or brings is no loss to a dispute, and is told apart from it.
INSERT INTO ledger.account_kinds (kind, normal, floored, lots, meaning) VALUES ('drift', 1, false, false, 'where money went: exchange differences; below zero they brought more');
INSERT INTO ledger.entry_shapes (entry_kind, account_kind)
    SELECT unnest(ARRAY['gift', 'refund', 'refund-failed', 'late-failure', 'dispute', 'dispute-won', 'correction']), 'drift';
UPDATE ledger.account_kinds SET meaning = 'where money went: disputes lost' WHERE kind = 'loss';
UPDATE ledger.account_kinds SET meaning = 'net assets released from restriction: the counterpart of what a fund has paid away, equal to spent + fee + loss + drift + disputed' WHERE kind = 'released';

-- What was promised in another currency than the campaign's.
ALTER TABLE pledges
    ADD COLUMN original_minor    bigint CONSTRAINT pledges_original CHECK (original_minor > 0 AND original_minor < 100000000000000),
    ADD COLUMN original_currency text,
    ADD COLUMN rate_id           uuid REFERENCES exchange_rates,
    ADD CONSTRAINT pledges_original_whole CHECK (num_nonnulls(original_minor, original_currency, rate_id) IN (0, 3)),
    ADD CONSTRAINT pledges_original_pinned UNIQUE (id, original_currency);
CREATE INDEX pledges_original ON pledges (original_currency, original_minor) WHERE original_currency IS NOT NULL;
COMMENT ON COLUMN pledges.original_minor IS 'What was promised, in the currency in which it is paid; amount_minor is that in the campaign''s currency at the rate. Empty: promised in the campaign''s own.';
COMMENT ON COLUMN pledges.rate_id IS 'The rate at which the promise counts, for its whole life.';

-- +goose StatementBegin
CREATE FUNCTION check_pledge_original() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v record;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM campaign_currencies WHERE campaign_id = NEW.campaign_id AND currency = NEW.original_currency) THEN
        RAISE EXCEPTION 'the campaign of pledge % takes no %', NEW.id, NEW.original_currency USING ERRCODE = '23514', CONSTRAINT = 'pledges_original_accepted';
    END IF;
    SELECT r.* INTO v FROM exchange_rates r JOIN campaigns c ON c.cluster_id = r.cluster_id WHERE r.id = NEW.rate_id AND c.id = NEW.campaign_id;
    IF v.id IS NULL OR v.from_currency <> NEW.original_currency OR v.to_currency <> NEW.currency OR v.day > (NEW.made_at AT TIME ZONE 'Europe/Kyiv')::date THEN
        RAISE EXCEPTION 'the rate of pledge % is another''s', NEW.id USING ERRCODE = '23514', CONSTRAINT = 'pledges_original_rate';
    END IF;
    IF exchanged(NEW.original_minor, NEW.original_currency, NEW.currency, v.rate) <> NEW.amount_minor THEN
        RAISE EXCEPTION 'pledge % does not count as its rate says', NEW.id USING ERRCODE = '23514', CONSTRAINT = 'pledges_original_at_rate';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER pledges_original_checked BEFORE INSERT ON pledges FOR EACH ROW WHEN (NEW.original_currency IS NOT NULL) EXECUTE FUNCTION check_pledge_original();
ALTER TABLE pledges ENABLE ALWAYS TRIGGER pledges_original_checked;

-- What the payer of such a pledge is asked for.
ALTER TABLE payments
    ADD COLUMN charged_minor      bigint CONSTRAINT payments_charged CHECK (charged_minor > 0 AND charged_minor < 100000000000000),
    ADD COLUMN charged_currency   text,
    ADD COLUMN charged_back_minor bigint NOT NULL DEFAULT 0 CONSTRAINT payments_charged_back CHECK (charged_back_minor >= 0),
    ADD CONSTRAINT payments_charged_whole CHECK ((charged_minor IS NULL) = (charged_currency IS NULL)),
    ADD CONSTRAINT payments_charged_back_of_charge CHECK (charged_currency IS NOT NULL OR charged_back_minor = 0),
    ADD CONSTRAINT payments_charged_pinned UNIQUE (id, charged_currency),
    ADD CONSTRAINT payments_charged_as_promised FOREIGN KEY (pledge_id, charged_currency) REFERENCES pledges (id, original_currency);
CREATE INDEX payments_charged ON payments (campaign_id) WHERE charged_currency IS NOT NULL;
COMMENT ON COLUMN payments.charged_minor IS 'What the payer is asked for, in the currency of the promise; amount_minor is what that counts as. Empty: they are the same.';
COMMENT ON COLUMN payments.charged_back_minor IS 'What of it has gone back for good, in the same currency.';

-- What is charged for a payment stays as it was agreed before Stripe was asked.
-- +goose StatementBegin
CREATE FUNCTION check_payment_charge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.amount_minor, NEW.currency, NEW.charged_minor, NEW.charged_currency) IS DISTINCT FROM (OLD.amount_minor, OLD.currency, OLD.charged_minor, OLD.charged_currency) THEN
        RAISE EXCEPTION 'what payment % asks for stays', OLD.id USING ERRCODE = '23514', CONSTRAINT = 'payments_charge_stays';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER payments_charge_stays BEFORE UPDATE ON payments FOR EACH ROW
    WHEN (OLD.charged_minor IS NOT NULL OR NEW.charged_minor IS NOT NULL) EXECUTE FUNCTION check_payment_charge();
ALTER TABLE payments ENABLE ALWAYS TRIGGER payments_charge_stays;

ALTER TABLE refund_requests
    ADD COLUMN charged_minor    bigint CONSTRAINT refund_requests_charged CHECK (charged_minor > 0 AND charged_minor < 100000000000000),
    ADD COLUMN charged_currency text,
    ADD CONSTRAINT refund_requests_charged_whole CHECK ((charged_minor IS NULL) = (charged_currency IS NULL)),
    ADD CONSTRAINT refund_requests_as_charged FOREIGN KEY (payment_id, charged_currency) REFERENCES payments (id, charged_currency);
COMMENT ON COLUMN refund_requests.charged_minor IS 'What goes back to the payer, in the currency of the charge.';
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION check_refund_request_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.id, NEW.payment_id, NEW.amount_minor, NEW.currency, NEW.charged_minor, NEW.charged_currency, NEW.reason, NEW.needs_approval, NEW.asked_by, NEW.asked_at)
        IS NOT DISTINCT FROM (OLD.id, OLD.payment_id, OLD.amount_minor, OLD.currency, OLD.charged_minor, OLD.charged_currency, OLD.reason, OLD.needs_approval, OLD.asked_by, OLD.asked_at)
        AND (OLD.decided_by IS NULL OR (NEW.decided_by, NEW.decided_at) IS NOT DISTINCT FROM (OLD.decided_by, OLD.decided_at)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% on refund_requests is not allowed: what was asked and decided stays', TG_OP USING ERRCODE = 'LG004';
END $$;
-- +goose StatementEnd
