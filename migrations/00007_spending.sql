-- +goose Up
CREATE TABLE allocations (
    id           uuid PRIMARY KEY,
    campaign_id  uuid NOT NULL,
    purpose_id   uuid NOT NULL,
    amount_minor bigint NOT NULL CONSTRAINT allocations_amount CHECK (amount_minor > 0 AND amount_minor < 100000000000000),
    currency     text NOT NULL,
    reason       text NOT NULL CONSTRAINT allocations_reason CHECK (length(reason) BETWEEN 1 AND 1000),
    reason_en    text NOT NULL DEFAULT '' CONSTRAINT allocations_reason_en CHECK (length(reason_en) <= 1000),
    proposed_by  uuid NOT NULL REFERENCES people,
    proposed_at  timestamptz NOT NULL,
    CONSTRAINT allocations_currency_of_campaign FOREIGN KEY (campaign_id, currency) REFERENCES campaigns (id, currency),
    CONSTRAINT allocations_purpose_of_campaign FOREIGN KEY (purpose_id, campaign_id) REFERENCES purposes (id, campaign_id),
    CONSTRAINT allocations_proposer_pinned UNIQUE (id, proposed_by)
);
CREATE INDEX allocations_campaign ON allocations (campaign_id, id);
CALL write_once('allocations');
COMMENT ON COLUMN allocations.reason_en IS 'The reason in English; empty: pages show the Ukrainian one and say so.';
COMMENT ON TABLE allocations IS 'Money of a fund that one person proposes to set aside for a purpose. It moves when another person approves.';

CREATE TABLE allocation_decisions (
    allocation_id uuid PRIMARY KEY,
    proposed_by   uuid NOT NULL,
    decision      text NOT NULL CONSTRAINT allocation_decisions_decision CHECK (decision IN ('approved', 'refused')),
    reason        text NOT NULL DEFAULT '' CONSTRAINT allocation_decisions_reason CHECK (length(reason) <= 1000 AND (decision = 'approved' OR reason <> '')),
    decided_by    uuid NOT NULL REFERENCES people,
    decided_at    timestamptz NOT NULL,
    CONSTRAINT allocation_decisions_of_proposer FOREIGN KEY (allocation_id, proposed_by) REFERENCES allocations (id, proposed_by),
    CONSTRAINT allocation_decisions_two_people CHECK (decided_by <> proposed_by)
);
CALL write_once('allocation_decisions');
COMMENT ON CONSTRAINT allocation_decisions_two_people ON allocation_decisions IS 'Who proposes does not approve. The foreign key copies the proposer here so that a CHECK can see both.';

GRANT SELECT, INSERT ON allocations, allocation_decisions TO kopiyka_app;
