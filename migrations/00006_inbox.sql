-- +goose Up
CREATE TABLE inbox_events (
    event_id    text PRIMARY KEY CONSTRAINT inbox_events_id_form CHECK (length(event_id) BETWEEN 1 AND 255),
    type        text NOT NULL,
    api_version text NOT NULL,
    happened_at timestamptz NOT NULL,
    object_kind text NOT NULL,
    object_id   text NOT NULL,
    body        bytea NOT NULL,
    found_by    text NOT NULL CONSTRAINT inbox_events_found_by CHECK (found_by IN ('webhook', 'healing')),
    received_at timestamptz NOT NULL,
    deliveries  int  NOT NULL DEFAULT 1,
    state       text NOT NULL DEFAULT 'new' CONSTRAINT inbox_events_state CHECK (state IN ('new', 'done', 'dead')),
    tries       int  NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL,
    trouble     text NOT NULL DEFAULT '',
    done_at     timestamptz
);
CREATE INDEX inbox_events_waiting ON inbox_events (next_try_at, event_id) WHERE state = 'new';
CREATE INDEX inbox_events_dead ON inbox_events (event_id) WHERE state = 'dead';
COMMENT ON COLUMN inbox_events.body IS 'The bytes that were signed, as they came.';
COMMENT ON COLUMN inbox_events.deliveries IS 'How often it was delivered. A repeat writes too: under synchronous replication its answer then waits for the standby like the first.';

CREATE TABLE stripe_cursors (
    name  text PRIMARY KEY,
    until timestamptz NOT NULL
);
COMMENT ON TABLE stripe_cursors IS 'How far the healing job has read Stripe''s lists.';

GRANT SELECT, INSERT, UPDATE ON inbox_events, stripe_cursors TO kopiyka_app;
