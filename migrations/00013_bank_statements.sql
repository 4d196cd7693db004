-- +goose Up
-- What banks say of our accounts. Statements and their lines are written once, as they
-- came; what a line was for is said beside it, by matches, and taken back by undoings.
CREATE TABLE bank_statements (
    id            uuid PRIMARY KEY,
    account_id    uuid NOT NULL,
    currency      text NOT NULL,
    file_sha256   bytea NOT NULL CONSTRAINT bank_statements_file_hash CHECK (octet_length(file_sha256) = 32),
    part          int  NOT NULL CONSTRAINT bank_statements_part CHECK (part >= 0),
    file_name     text NOT NULL CONSTRAINT bank_statements_file_name CHECK (length(file_name) BETWEEN 1 AND 200),
    format        text NOT NULL CONSTRAINT bank_statements_format CHECK (format IN ('camt.053', 'mt940', 'csv')),
    number        text NOT NULL DEFAULT '',
    from_on       date NOT NULL,
    to_on         date NOT NULL CONSTRAINT bank_statements_days CHECK (to_on >= from_on),
    opening_minor bigint,
    closing_minor bigint,
    sum_minor     bigint NOT NULL,
    lines         int NOT NULL CONSTRAINT bank_statements_lines CHECK (lines >= 0),
    added         int NOT NULL CONSTRAINT bank_statements_added CHECK (added BETWEEN 0 AND lines),
    imported_by   uuid REFERENCES people,
    imported_at   timestamptz NOT NULL,
    CONSTRAINT bank_statements_account FOREIGN KEY (account_id, currency) REFERENCES bank_accounts (id, currency),
    CONSTRAINT bank_statements_file_once UNIQUE (account_id, file_sha256, part),
    CONSTRAINT bank_statements_both_balances CHECK ((opening_minor IS NULL) = (closing_minor IS NULL)),
    CONSTRAINT bank_statements_add_up CHECK (opening_minor + sum_minor = closing_minor)
);
CREATE INDEX bank_statements_account_days ON bank_statements (account_id, to_on, id);
CALL write_once('bank_statements');
COMMENT ON TABLE bank_statements IS 'Statements of our accounts, as a file brought them. The same file brings them once.';
COMMENT ON COLUMN bank_statements.part IS 'Which statement of its file; MT940 and camt.053 files may hold several.';
COMMENT ON COLUMN bank_statements.opening_minor IS 'Empty where the file tells no balances, as most CSV files do.';
COMMENT ON COLUMN bank_statements.added IS 'How many of its lines were new; the others an overlapping file had brought.';
COMMENT ON COLUMN bank_statements.imported_by IS 'Empty: from the command line.';

CREATE TABLE statement_lines (
    id           uuid PRIMARY KEY,
    statement_id uuid NOT NULL CONSTRAINT statement_lines_statement REFERENCES bank_statements DEFERRABLE INITIALLY DEFERRED,
    account_id   uuid NOT NULL,
    currency     text NOT NULL,
    identity     bytea NOT NULL CONSTRAINT statement_lines_identity_hash CHECK (octet_length(identity) = 32),
    booked_on    date NOT NULL,
    value_on     date,
    amount_minor bigint NOT NULL CONSTRAINT statement_lines_amount CHECK (amount_minor <> 0 AND amount_minor BETWEEN -99999999999999 AND 99999999999999),
    reference    text NOT NULL DEFAULT '',
    end_to_end   text NOT NULL DEFAULT '',
    party        text NOT NULL DEFAULT '',
    party_iban   text NOT NULL DEFAULT '',
    party_id     text NOT NULL DEFAULT '',
    details      text NOT NULL DEFAULT '',
    kind         text NOT NULL CONSTRAINT statement_lines_kind CHECK (kind IN ('payment', 'return', 'fee')),
    found        text[] NOT NULL DEFAULT '{}',
    CONSTRAINT statement_lines_account FOREIGN KEY (account_id, currency) REFERENCES bank_accounts (id, currency),
    CONSTRAINT statement_lines_once UNIQUE (account_id, identity)
);
CREATE INDEX statement_lines_of_statement ON statement_lines (statement_id, id);
CREATE INDEX statement_lines_account_day ON statement_lines (account_id, booked_on, id);
CREATE INDEX statement_lines_party ON statement_lines (party_iban) WHERE party_iban <> '';
CALL write_once('statement_lines');
COMMENT ON TABLE statement_lines IS 'What moved on an account, each movement once. In the books it is the entry bank:<id>.';
COMMENT ON COLUMN statement_lines.statement_id IS 'The statement that brought the line first.';
COMMENT ON COLUMN statement_lines.identity IS 'What makes it the same line in another file: the bank''s reference, day and amount, or else all of its words; and which of several equal ones of its day it is.';
COMMENT ON COLUMN statement_lines.amount_minor IS 'Minor units: in above zero, out below.';
COMMENT ON COLUMN statement_lines.party IS 'Who paid, or was paid.';
COMMENT ON COLUMN statement_lines.kind IS 'What the bank itself calls it: a return or reversal of another line, a fee of its own, or anything else.';
COMMENT ON COLUMN statement_lines.found IS 'Valid payment references that stand in its text.';

-- What of a line nobody has explained yet. Beside the line, since the line never changes.
CREATE TABLE statement_line_rests (
    line_id      uuid PRIMARY KEY REFERENCES statement_lines,
    cluster_id   uuid NOT NULL REFERENCES clusters,
    booked_on    date NOT NULL,
    amount_minor bigint NOT NULL,
    open_minor   bigint NOT NULL,
    CONSTRAINT statement_line_rests_within CHECK (open_minor BETWEEN least(amount_minor, 0) AND greatest(amount_minor, 0))
) WITH (fillfactor = 80);
CREATE INDEX statement_line_rests_open ON statement_line_rests (cluster_id, booked_on DESC, line_id DESC) WHERE open_minor <> 0;
COMMENT ON TABLE statement_line_rests IS 'What of each line is unmatched. Never more than the line, never on its other side.';

CREATE TABLE line_matches (
    id           uuid PRIMARY KEY,
    line_id      uuid NOT NULL REFERENCES statement_lines,
    kind         text NOT NULL CONSTRAINT line_matches_kind CHECK (kind IN ('gift', 'return', 'refund', 'reversal', 'payout', 'fee')),
    amount_minor bigint NOT NULL CONSTRAINT line_matches_amount CHECK (amount_minor <> 0),
    payment_id   uuid REFERENCES payments,
    other_line   uuid REFERENCES statement_lines,
    entry_id     bigint,
    payout_entry bigint,
    reverses     uuid REFERENCES line_matches,
    matched_by   uuid REFERENCES people,
    matched_at   timestamptz NOT NULL,
    CONSTRAINT line_matches_payment CHECK ((payment_id IS NOT NULL) = (kind IN ('gift', 'return', 'refund'))),
    CONSTRAINT line_matches_entry CHECK ((entry_id IS NULL) = (kind = 'reversal')),
    CONSTRAINT line_matches_other_line CHECK ((other_line IS NOT NULL) = (kind = 'reversal')),
    CONSTRAINT line_matches_payout CHECK ((payout_entry IS NOT NULL) = (kind = 'payout')),
    CONSTRAINT line_matches_return CHECK (kind <> 'return' OR reverses IS NOT NULL),
    CONSTRAINT line_matches_reverses CHECK (reverses IS NULL OR kind IN ('return', 'fee'))
);
CREATE INDEX line_matches_line ON line_matches (line_id);
CREATE INDEX line_matches_payment_lines ON line_matches (payment_id) WHERE payment_id IS NOT NULL;
CREATE UNIQUE INDEX line_matches_returned_once ON line_matches (reverses);
CREATE UNIQUE INDEX line_matches_payout_once ON line_matches (payout_entry);
CALL write_once('line_matches');
COMMENT ON TABLE line_matches IS 'What a line, or part of it, was for.';
COMMENT ON COLUMN line_matches.amount_minor IS 'How much of the line, on its side: in above zero, out below.';
COMMENT ON COLUMN line_matches.kind IS 'gift: of a pledge; return: the bank took a gift back; refund: we gave some back; reversal: this line and other_line are one mistake and its repair; payout: from Stripe; fee: of the bank.';
COMMENT ON COLUMN line_matches.entry_id IS 'What it is in the books, whose entries are never removed.';
COMMENT ON COLUMN line_matches.payout_entry IS 'The entry with which Stripe sent it.';
COMMENT ON COLUMN line_matches.matched_by IS 'Empty: by itself, since nothing about it was in doubt.';

CREATE TABLE match_undoings (
    id        uuid PRIMARY KEY,
    match_id  uuid NOT NULL REFERENCES line_matches,
    reason    text NOT NULL CONSTRAINT match_undoings_reason CHECK (length(reason) BETWEEN 1 AND 1000),
    asked_by  uuid NOT NULL REFERENCES people,
    asked_at  timestamptz NOT NULL
);
CREATE INDEX match_undoings_match ON match_undoings (match_id, id);
CALL write_once('match_undoings');
COMMENT ON TABLE match_undoings IS 'Somebody asks to take a match back. It is taken back when another person agrees.';

CREATE TABLE match_undoing_decisions (
    undoing_id  uuid PRIMARY KEY REFERENCES match_undoings,
    match_id    uuid NOT NULL REFERENCES line_matches,
    asked_by    uuid NOT NULL REFERENCES people,
    decision    text NOT NULL CONSTRAINT match_undoing_decisions_decision CHECK (decision IN ('approved', 'refused')),
    decided_by  uuid NOT NULL REFERENCES people,
    decided_at  timestamptz NOT NULL,
    entry_id    bigint,
    CONSTRAINT match_undoing_decisions_two_people CHECK (decision = 'refused' OR decided_by <> asked_by),
    CONSTRAINT match_undoing_decisions_entry CHECK ((entry_id IS NOT NULL) = (decision = 'approved'))
);
CREATE UNIQUE INDEX match_undone_once ON match_undoing_decisions (match_id) WHERE decision = 'approved';
CALL write_once('match_undoing_decisions');
COMMENT ON COLUMN match_undoing_decisions.decision IS 'Who asked may withdraw it by refusing; another person alone may approve.';

-- Files that are being imported, for the page that shows how far one has come.
CREATE TABLE statement_imports (
    id          uuid PRIMARY KEY,
    account_id  uuid NOT NULL REFERENCES bank_accounts,
    file_name   text NOT NULL,
    bytes       bigint NOT NULL,
    bytes_done  bigint NOT NULL DEFAULT 0,
    lines_done  bigint NOT NULL DEFAULT 0,
    state       text NOT NULL CONSTRAINT statement_imports_state CHECK (state IN ('running', 'done', 'failed')),
    fault_key   text NOT NULL DEFAULT '',
    fault_args  jsonb NOT NULL DEFAULT '[]',
    statement_id uuid REFERENCES bank_statements,
    known       boolean NOT NULL DEFAULT false,
    begun_by    uuid NOT NULL REFERENCES people,
    begun_at    timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL
);
COMMENT ON COLUMN statement_imports.seen_at IS 'When it last told how far it was. One that has been silent for long was cut off, and nothing of it was kept.';

CREATE TABLE reconciliations (
    id          uuid PRIMARY KEY,
    cluster_id  uuid NOT NULL REFERENCES clusters,
    ran_at      timestamptz NOT NULL,
    proven_on   date,
    differences int NOT NULL CONSTRAINT reconciliations_differences CHECK (differences >= 0),
    checks      jsonb NOT NULL
);
CREATE INDEX reconciliations_cluster ON reconciliations (cluster_id, id);
CALL write_once('reconciliations');
COMMENT ON TABLE reconciliations IS 'Each comparison of the books with Stripe and the banks, and what differed.';
COMMENT ON COLUMN reconciliations.proven_on IS 'The last day up to which everything agreed; empty when nothing was proven.';

CREATE TABLE reconciliation_differences (
    reconciliation_id uuid NOT NULL REFERENCES reconciliations,
    place             int NOT NULL,
    name              text NOT NULL,
    subject           text NOT NULL,
    day               date,
    books_minor       bigint NOT NULL,
    theirs_minor      bigint NOT NULL,
    currency          text NOT NULL,
    PRIMARY KEY (reconciliation_id, place)
);
CALL write_once('reconciliation_differences');

CREATE INDEX pledges_amount ON pledges (currency, amount_minor);

GRANT SELECT, INSERT ON bank_statements, statement_lines, line_matches, match_undoings, match_undoing_decisions, reconciliations, reconciliation_differences TO kopiyka_app;
GRANT SELECT, INSERT ON statement_line_rests, statement_imports TO kopiyka_app;
GRANT UPDATE (open_minor) ON statement_line_rests TO kopiyka_app;
GRANT UPDATE (bytes_done, lines_done, state, fault_key, fault_args, statement_id, known, seen_at) ON statement_imports TO kopiyka_app;
