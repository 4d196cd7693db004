-- +goose Up
-- A pledge's life: when it is to be paid, and the acts that changed it. The promise itself
-- (pledges) is never touched: what a pledge asks for now is the promise and its acts.
ALTER TABLE pledges ADD COLUMN rhythm text NOT NULL DEFAULT 'once' CONSTRAINT pledges_rhythm CHECK (rhythm IN ('once', 'monthly', 'quarterly', 'dates'));
COMMENT ON COLUMN pledges.rhythm IS 'How the company spread its promise. The days and amounts are in instalments.';

-- Money that the books cannot expect any more, proposed by one person and decided by another.
CREATE TABLE write_offs (
    id          uuid PRIMARY KEY,
    pledge_id   uuid NOT NULL,
    campaign_id uuid NOT NULL,
    currency    text NOT NULL,
    reason_code text NOT NULL CONSTRAINT write_offs_reason_code CHECK (reason_code IN ('company-closed', 'cannot-pay', 'no-answer', 'disagreement', 'other')),
    reason      text NOT NULL CONSTRAINT write_offs_reason CHECK (length(reason) BETWEEN 1 AND 1000),
    proposed_by uuid NOT NULL REFERENCES people,
    proposed_at timestamptz NOT NULL,
    CONSTRAINT write_offs_of_pledge FOREIGN KEY (pledge_id, campaign_id, currency) REFERENCES pledges (id, campaign_id, currency),
    CONSTRAINT write_offs_pinned UNIQUE (id, pledge_id),
    CONSTRAINT write_offs_proposer_pinned UNIQUE (id, proposed_by)
);
CREATE INDEX write_offs_pledge ON write_offs (pledge_id, id);
CREATE INDEX write_offs_campaign ON write_offs (campaign_id, id);
CALL write_once('write_offs');
COMMENT ON TABLE write_offs IS 'What a coordinator proposes no longer to expect of a pledge. It counts when another person approves.';

CREATE TABLE write_off_decisions (
    write_off_id uuid PRIMARY KEY,
    proposed_by  uuid NOT NULL,
    decision     text NOT NULL CONSTRAINT write_off_decisions_decision CHECK (decision IN ('approved', 'refused')),
    reason       text NOT NULL DEFAULT '' CONSTRAINT write_off_decisions_reason CHECK (length(reason) <= 1000 AND (decision = 'approved' OR reason <> '')),
    decided_by   uuid NOT NULL REFERENCES people,
    decided_at   timestamptz NOT NULL,
    CONSTRAINT write_off_decisions_of_proposer FOREIGN KEY (write_off_id, proposed_by) REFERENCES write_offs (id, proposed_by),
    CONSTRAINT write_off_decisions_two_people CHECK (decided_by <> proposed_by)
);
CALL write_once('write_off_decisions');

CREATE TABLE pledge_acts (
    id           uuid PRIMARY KEY,
    pledge_id    uuid NOT NULL,
    campaign_id  uuid NOT NULL,
    currency     text NOT NULL,
    number       int  NOT NULL CONSTRAINT pledge_acts_number CHECK (number > 0),
    kind         text NOT NULL CONSTRAINT pledge_acts_kind CHECK (kind IN ('amended', 'written-off', 'corrected', 'cancelled', 'earmark-released')),
    change_minor bigint NOT NULL CONSTRAINT pledge_acts_change CHECK (change_minor BETWEEN -100000000000000 AND 100000000000000
                 AND (kind NOT IN ('written-off', 'cancelled') OR change_minor < 0) AND (kind <> 'earmark-released' OR change_minor = 0)),
    reason       text NOT NULL CONSTRAINT pledge_acts_reason CHECK (length(reason) BETWEEN 1 AND 1000),
    person_id    uuid NOT NULL REFERENCES people,
    approver_id  uuid REFERENCES people,
    write_off_id uuid CONSTRAINT pledge_acts_write_off_once UNIQUE,
    happened_at  timestamptz NOT NULL,
    CONSTRAINT pledge_acts_of_pledge FOREIGN KEY (pledge_id, campaign_id, currency) REFERENCES pledges (id, campaign_id, currency),
    CONSTRAINT pledge_acts_in_turn UNIQUE (pledge_id, number),
    CONSTRAINT pledge_acts_pinned UNIQUE (id, pledge_id),
    CONSTRAINT pledge_acts_of_write_off FOREIGN KEY (write_off_id, pledge_id) REFERENCES write_offs (id, pledge_id),
    CONSTRAINT pledge_acts_by_proposer FOREIGN KEY (write_off_id, person_id) REFERENCES write_offs (id, proposed_by),
    CONSTRAINT pledge_acts_two_people CHECK (CASE kind WHEN 'written-off' THEN write_off_id IS NOT NULL AND approver_id IS NOT NULL AND approver_id <> person_id
                 ELSE write_off_id IS NULL AND approver_id IS NULL END)
);
CREATE UNIQUE INDEX pledge_acts_ends_once ON pledge_acts (pledge_id) WHERE kind = 'cancelled';
CREATE UNIQUE INDEX pledge_acts_released_once ON pledge_acts (pledge_id) WHERE kind = 'earmark-released';
CREATE INDEX pledge_acts_campaign ON pledge_acts (campaign_id, happened_at);
CALL write_once('pledge_acts');
COMMENT ON TABLE pledge_acts IS 'What changed a pledge after it was made: amended by its company, written off by the cluster, corrected as an error, cancelled by its company, or let go of its earmark.';
COMMENT ON COLUMN pledge_acts.number IS 'Which act of its pledge it is. Two acts at once cannot both be the next one, so that neither is decided on what the other has changed.';
COMMENT ON COLUMN pledge_acts.change_minor IS 'What the act added to the pledge or took off it; always the sum of what it did to the instalments.';
COMMENT ON CONSTRAINT pledge_acts_two_people ON pledge_acts IS 'A write-off stands on a proposal and on a second person; the other acts are one person''s.';

CREATE TABLE instalments (
    id           uuid PRIMARY KEY,
    pledge_id    uuid NOT NULL REFERENCES pledges,
    act_id       uuid,
    amount_minor bigint NOT NULL CONSTRAINT instalments_amount CHECK (amount_minor > 0 AND amount_minor < 100000000000000),
    due_on       date NOT NULL,
    CONSTRAINT instalments_of_act FOREIGN KEY (act_id, pledge_id) REFERENCES pledge_acts (id, pledge_id),
    CONSTRAINT instalments_pinned UNIQUE (id, pledge_id)
);
CREATE INDEX instalments_pledge ON instalments (pledge_id, due_on, id);
CREATE INDEX instalments_due ON instalments (due_on, id);
CREATE INDEX instalments_act ON instalments (act_id) WHERE act_id IS NOT NULL;
CALL write_once('instalments');
COMMENT ON TABLE instalments IS 'Part of a pledge and its day, as it was promised or as an act added it. What it asks for now is its amount and all its changes.';
COMMENT ON COLUMN instalments.act_id IS 'The act that added it; empty: it is part of the promise.';

CREATE TABLE instalment_changes (
    act_id        uuid NOT NULL,
    instalment_id uuid NOT NULL,
    pledge_id     uuid NOT NULL,
    change_minor  bigint NOT NULL CONSTRAINT instalment_changes_change CHECK (change_minor <> 0),
    PRIMARY KEY (act_id, instalment_id),
    CONSTRAINT instalment_changes_of_act FOREIGN KEY (act_id, pledge_id) REFERENCES pledge_acts (id, pledge_id),
    CONSTRAINT instalment_changes_of_pledge FOREIGN KEY (instalment_id, pledge_id) REFERENCES instalments (id, pledge_id)
);
CREATE INDEX instalment_changes_instalment ON instalment_changes (instalment_id);
CALL write_once('instalment_changes');

CREATE TABLE write_off_parts (
    write_off_id  uuid NOT NULL,
    instalment_id uuid NOT NULL,
    pledge_id     uuid NOT NULL,
    amount_minor  bigint NOT NULL CONSTRAINT write_off_parts_amount CHECK (amount_minor > 0),
    PRIMARY KEY (write_off_id, instalment_id),
    CONSTRAINT write_off_parts_of_write_off FOREIGN KEY (write_off_id, pledge_id) REFERENCES write_offs (id, pledge_id),
    CONSTRAINT write_off_parts_of_pledge FOREIGN KEY (instalment_id, pledge_id) REFERENCES instalments (id, pledge_id)
);
CALL write_once('write_off_parts');

-- The rules that one row cannot see, checked at commit.
-- +goose StatementBegin
CREATE FUNCTION check_instalments_of_promise(p_pledge uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT amount_minor FROM pledges WHERE id = p_pledge)
        IS DISTINCT FROM (SELECT sum(amount_minor) FROM instalments WHERE pledge_id = p_pledge AND act_id IS NULL) THEN
        RAISE EXCEPTION 'the instalments of pledge % are not what was promised', p_pledge USING ERRCODE = '23514', CONSTRAINT = 'instalments_sum_of_promise';
    END IF;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION check_act_sum(p_act uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT change_minor FROM pledge_acts WHERE id = p_act) IS DISTINCT FROM
        (SELECT coalesce(sum(change_minor), 0) FROM instalment_changes WHERE act_id = p_act) + (SELECT coalesce(sum(amount_minor), 0) FROM instalments WHERE act_id = p_act) THEN
        RAISE EXCEPTION 'act % is not the sum of what it did to the instalments', p_act USING ERRCODE = '23514', CONSTRAINT = 'pledge_acts_sum';
    END IF;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION check_pledge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM check_instalments_of_promise(NEW.id);
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION check_instalment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.act_id IS NULL THEN
        PERFORM check_instalments_of_promise(NEW.pledge_id);
    ELSE
        PERFORM check_act_sum(NEW.act_id);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION check_pledge_act() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM check_act_sum(NEW.id);
    IF NEW.kind <> 'earmark-released' AND EXISTS (SELECT 1 FROM pledge_acts WHERE pledge_id = NEW.pledge_id AND kind = 'cancelled' AND number < NEW.number) THEN
        RAISE EXCEPTION 'pledge % is cancelled', NEW.pledge_id USING ERRCODE = '23514', CONSTRAINT = 'pledge_acts_none_after_the_end';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION check_instalment_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM check_act_sum(NEW.act_id);
    IF (SELECT amount_minor FROM instalments WHERE id = NEW.instalment_id) + (SELECT sum(change_minor) FROM instalment_changes WHERE instalment_id = NEW.instalment_id) < 0 THEN
        RAISE EXCEPTION 'instalment % would ask for less than nothing', NEW.instalment_id USING ERRCODE = '23514', CONSTRAINT = 'instalment_changes_floor';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- Pledges from before there were instalments have one.
INSERT INTO instalments (id, pledge_id, amount_minor, due_on)
    SELECT gen_random_uuid(), id, amount_minor, coalesce(due_on, (made_at AT TIME ZONE 'UTC')::date) FROM pledges;

CREATE CONSTRAINT TRIGGER pledges_have_instalments AFTER INSERT ON pledges DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_pledge();
ALTER TABLE pledges ENABLE ALWAYS TRIGGER pledges_have_instalments;
CREATE CONSTRAINT TRIGGER instalments_add_up AFTER INSERT ON instalments DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_instalment();
ALTER TABLE instalments ENABLE ALWAYS TRIGGER instalments_add_up;
CREATE CONSTRAINT TRIGGER pledge_acts_add_up AFTER INSERT ON pledge_acts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_pledge_act();
ALTER TABLE pledge_acts ENABLE ALWAYS TRIGGER pledge_acts_add_up;
CREATE CONSTRAINT TRIGGER instalment_changes_add_up AFTER INSERT ON instalment_changes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_instalment_change();
ALTER TABLE instalment_changes ENABLE ALWAYS TRIGGER instalment_changes_add_up;

-- Earmarked money leaves its purpose for an allocation to that purpose, or for the campaign's
-- fund when its company has let it go.
INSERT INTO ledger.entry_kinds (kind, meaning) VALUES ('earmark-released', 'a company let its earmarked money go to its campaign''s fund');
INSERT INTO ledger.entry_shapes (entry_kind, account_kind) SELECT 'earmark-released', unnest(ARRAY['fund', 'purpose', 'need', 'shortfall']);
ALTER TABLE allocations ADD COLUMN need_id uuid,
    ADD CONSTRAINT allocations_need_of_purpose FOREIGN KEY (need_id, purpose_id) REFERENCES needs (id, purpose_id);
COMMENT ON COLUMN allocations.need_id IS 'The one need of the purpose that the money is for; empty: the purpose as a whole. Money earmarked for a need is set aside for that need alone.';

-- Reminders: one of each kind for each person and instalment, and who wants none.
CREATE TABLE reminders (
    instalment_id uuid NOT NULL REFERENCES instalments,
    person_id     uuid NOT NULL REFERENCES people,
    step          text NOT NULL CONSTRAINT reminders_step CHECK (step IN ('before', 'on-the-day', 'week-after', 'three-weeks-after')),
    token_hash    bytea NOT NULL CONSTRAINT reminders_token_once UNIQUE CONSTRAINT reminders_token_hash CHECK (octet_length(token_hash) = 32),
    queued_at     timestamptz NOT NULL,
    PRIMARY KEY (instalment_id, person_id, step)
);
CALL write_once('reminders');
COMMENT ON COLUMN reminders.token_hash IS 'SHA-256 of what stands in the letter''s links: whoever reads this table cannot use them.';

CREATE TABLE reminder_wishes (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people,
    wanted    boolean NOT NULL,
    wished_at timestamptz NOT NULL
);
CREATE INDEX reminder_wishes_person ON reminder_wishes (person_id, id);
CALL write_once('reminder_wishes');
COMMENT ON TABLE reminder_wishes IS 'Whether a person wants reminders. The last word counts; without one they are wanted.';

GRANT SELECT, INSERT ON write_offs, write_off_parts, write_off_decisions, pledge_acts, instalments, instalment_changes, reminders, reminder_wishes TO kopiyka_app;
