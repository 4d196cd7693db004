-- +goose Up
-- What the office's desk reads. Its lists show the newest first and go on from the last row
-- of the page before, so each has an index in the order of its rows.

CREATE INDEX refund_requests_asked ON refund_requests (asked_at, id);

-- Payments are listed by campaign, so that one cluster's desk never walks through another's.
DROP INDEX payments_campaign_state;
CREATE INDEX payments_campaign_started ON payments (campaign_id, started_at, id);
CREATE INDEX payments_campaign_state ON payments (campaign_id, state, started_at, id);
CREATE INDEX payments_campaign_amount ON payments (campaign_id, amount_minor, started_at, id);

-- Words of a company's names, by their beginnings. The program asks with the same expression.
CREATE INDEX companies_words ON companies USING gin (to_tsvector('simple', lower((name_uk || ' ' || name_en || ' ' || slug) COLLATE "uk-x-icu")));

CREATE INDEX inbox_events_state ON inbox_events (state, received_at, event_id);
CREATE INDEX inbox_events_object ON inbox_events (object_id, received_at);
DROP INDEX inbox_events_dead;

-- The queue's library has an index for each of its own questions, and none for a person's.
CREATE INDEX kopiyka_river_job_state ON jobs.river_job (state, id);

-- An alarm is an act that a person must look at. It is raised in the transaction of what it
-- tells of, and closed by an answer: both are written once, and the answer alone closes.
CREATE TABLE alarms (
    act_id     bigint PRIMARY KEY REFERENCES audit_acts,
    cluster_id uuid NOT NULL REFERENCES clusters,
    open       boolean NOT NULL DEFAULT true
);
CREATE INDEX alarms_cluster ON alarms (cluster_id, open, act_id);
COMMENT ON TABLE alarms IS 'Acts of the audit that a person of the cluster must look at.';

CREATE TABLE alarm_answers (
    act_id      bigint PRIMARY KEY REFERENCES alarms,
    answered_by uuid NOT NULL REFERENCES people,
    answered_at timestamptz NOT NULL,
    note        text NOT NULL CONSTRAINT alarm_answers_note CHECK (length(note) BETWEEN 1 AND 1000)
);
CALL write_once('alarm_answers');
COMMENT ON TABLE alarm_answers IS 'Who has looked at an alarm, and what they found.';

-- +goose StatementBegin
CREATE FUNCTION close_alarm() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE alarms SET open = false WHERE act_id = NEW.act_id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER answer_closes AFTER INSERT ON alarm_answers FOR EACH ROW EXECUTE FUNCTION close_alarm();
ALTER TABLE alarm_answers ENABLE ALWAYS TRIGGER answer_closes;

-- +goose StatementBegin
CREATE FUNCTION check_alarm_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.open AND NOT NEW.open AND (NEW.act_id, NEW.cluster_id) = (OLD.act_id, OLD.cluster_id)
        AND EXISTS (SELECT 1 FROM alarm_answers WHERE act_id = NEW.act_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% on alarms is not allowed: an alarm is closed by its answer alone', TG_OP USING ERRCODE = 'LG004';
END $$;
-- +goose StatementEnd
CREATE TRIGGER alarm_is_only_closed BEFORE UPDATE OR DELETE ON alarms FOR EACH ROW EXECUTE FUNCTION check_alarm_change();
ALTER TABLE alarms ENABLE ALWAYS TRIGGER alarm_is_only_closed;
CREATE TRIGGER alarms_stay BEFORE TRUNCATE ON alarms FOR EACH STATEMENT EXECUTE FUNCTION check_alarm_change();
ALTER TABLE alarms ENABLE ALWAYS TRIGGER alarms_stay;

-- Acts from before there were alarms.
INSERT INTO alarms (act_id, cluster_id)
    SELECT t.id, c.cluster_id FROM audit_acts t
      JOIN payments y ON t.subject = 'payment:' || y.id
      JOIN campaigns c ON c.id = y.campaign_id
     WHERE t.act IN ('payment.amount-differs', 'payment.unexplained-movement', 'payment.fraud-warning', 'payment.paid-twice')
    UNION ALL
    SELECT t.id, o.cluster_id FROM audit_acts t JOIN payouts o ON t.subject = 'payout:' || o.id WHERE t.act = 'payout.does-not-add-up';

GRANT SELECT, INSERT ON alarms, alarm_answers TO kopiyka_app;

CREATE INDEX instalment_changes_pledge ON instalment_changes (pledge_id);

-- Proposals that nobody has decided, so that the desk finds them among ten years' of others.
CREATE TABLE allocations_waiting (
    allocation_id uuid PRIMARY KEY REFERENCES allocations,
    campaign_id   uuid NOT NULL REFERENCES campaigns
);
CREATE INDEX allocations_waiting_campaign ON allocations_waiting (campaign_id, allocation_id);
COMMENT ON TABLE allocations_waiting IS 'Kept by the triggers of allocations and allocation_decisions alone.';
INSERT INTO allocations_waiting (allocation_id, campaign_id)
    SELECT a.id, a.campaign_id FROM allocations a LEFT JOIN allocation_decisions d ON d.allocation_id = a.id WHERE d.allocation_id IS NULL;

CREATE TABLE write_offs_waiting (
    write_off_id uuid PRIMARY KEY REFERENCES write_offs
);
COMMENT ON TABLE write_offs_waiting IS 'Kept by the triggers of write_offs and write_off_decisions alone.';
INSERT INTO write_offs_waiting (write_off_id)
    SELECT w.id FROM write_offs w LEFT JOIN write_off_decisions d ON d.write_off_id = w.id WHERE d.write_off_id IS NULL;

-- +goose StatementBegin
CREATE FUNCTION proposal_waits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    CASE TG_TABLE_NAME
    WHEN 'allocations' THEN INSERT INTO allocations_waiting (allocation_id, campaign_id) VALUES (NEW.id, NEW.campaign_id);
    WHEN 'allocation_decisions' THEN DELETE FROM allocations_waiting WHERE allocation_id = NEW.allocation_id;
    WHEN 'write_offs' THEN INSERT INTO write_offs_waiting (write_off_id) VALUES (NEW.id);
    WHEN 'write_off_decisions' THEN DELETE FROM write_offs_waiting WHERE write_off_id = NEW.write_off_id;
    END CASE;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER waits AFTER INSERT ON allocations FOR EACH ROW EXECUTE FUNCTION proposal_waits();
CREATE TRIGGER waits_no_more AFTER INSERT ON allocation_decisions FOR EACH ROW EXECUTE FUNCTION proposal_waits();
CREATE TRIGGER waits AFTER INSERT ON write_offs FOR EACH ROW EXECUTE FUNCTION proposal_waits();
CREATE TRIGGER waits_no_more AFTER INSERT ON write_off_decisions FOR EACH ROW EXECUTE FUNCTION proposal_waits();
ALTER TABLE allocations ENABLE ALWAYS TRIGGER waits;
ALTER TABLE allocation_decisions ENABLE ALWAYS TRIGGER waits_no_more;
ALTER TABLE write_offs ENABLE ALWAYS TRIGGER waits;
ALTER TABLE write_off_decisions ENABLE ALWAYS TRIGGER waits_no_more;

GRANT SELECT ON allocations_waiting, write_offs_waiting TO kopiyka_app;

-- A pledge's number within its campaign, the oldest being 1. It stands in public addresses
-- in the place of the id, and the last one is how many pledges there are.
ALTER TABLE pledges ADD COLUMN number bigint;
ALTER TABLE pledges DISABLE TRIGGER write_once_rows;
UPDATE pledges p SET number = n.number FROM (SELECT id, row_number() OVER (PARTITION BY campaign_id ORDER BY id) AS number FROM pledges) n WHERE n.id = p.id;
ALTER TABLE pledges ENABLE ALWAYS TRIGGER write_once_rows;
ALTER TABLE pledges ALTER COLUMN number SET NOT NULL, ADD CONSTRAINT pledges_number_once UNIQUE (campaign_id, number);
COMMENT ON COLUMN pledges.number IS 'Counted within the campaign. Given by number_pledge, and never given twice.';

-- The lock lasts until the commit: who comes next then sees the number that was given.
-- +goose StatementBegin
CREATE FUNCTION number_pledge() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('number of pledge:' || NEW.campaign_id, 0));
    SELECT coalesce(max(p.number), 0) + 1 INTO NEW.number FROM pledges p WHERE p.campaign_id = NEW.campaign_id;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER number_of_pledge BEFORE INSERT ON pledges FOR EACH ROW EXECUTE FUNCTION number_pledge();
ALTER TABLE pledges ENABLE ALWAYS TRIGGER number_of_pledge;
