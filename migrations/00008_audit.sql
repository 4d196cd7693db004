-- +goose Up
CREATE TABLE audit_acts (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    happened_at timestamptz NOT NULL,
    person_id   uuid REFERENCES people,
    act         text NOT NULL CONSTRAINT audit_acts_act CHECK (act ~ '^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$'),
    subject     text NOT NULL,
    detail      jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_acts_subject ON audit_acts (subject, id);
CALL write_once('audit_acts');
COMMENT ON TABLE audit_acts IS 'Who did what, written once, in the transaction of the act itself.';
COMMENT ON COLUMN audit_acts.person_id IS 'Empty: the program acted by itself.';
COMMENT ON COLUMN audit_acts.act IS 'Subject and verb, such as pledge.made.';

GRANT SELECT, INSERT ON audit_acts TO kopiyka_app;
