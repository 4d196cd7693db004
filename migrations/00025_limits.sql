-- +goose Up
-- What may be done how often, and passwords that somebody else has chosen.

ALTER TABLE people ADD COLUMN password_given_at timestamptz;
COMMENT ON COLUMN people.password_given_at IS 'When somebody else gave the person this password; NULL: it is the person''s own. A given one opens a while, and nothing but the page on which it is changed.';

COMMENT ON COLUMN sign_in_failures.subject IS 'What is counted: email:<hash of the address>, factor:<person>, reset:<hash of the address>, each with @<device> when its own browser tries, or ip:<address>, device:<device>.';

-- Losing the counts with a crash of the server harms nobody: they are of minutes.
CREATE UNLOGGED TABLE limit_counts (
    subject text NOT NULL CONSTRAINT limit_counts_subject CHECK (length(subject) <= 200),
    began   timestamptz NOT NULL,
    n       int NOT NULL CONSTRAINT limit_counts_n CHECK (n > 0),
    PRIMARY KEY (subject, began)
);
CREATE INDEX limit_counts_began ON limit_counts (began);
COMMENT ON TABLE limit_counts IS 'How often something dear was done by one person, or from one host, since a time. All processes count here together.';
COMMENT ON COLUMN limit_counts.subject IS '<what>:<person>, or <what>:ip:<address> of somebody who is not signed in.';

GRANT SELECT, INSERT, UPDATE, DELETE ON limit_counts TO kopiyka_app;
