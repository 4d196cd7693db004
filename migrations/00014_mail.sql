-- +goose Up
CREATE TABLE letters (
    id          uuid PRIMARY KEY,
    key         text NOT NULL CONSTRAINT letters_key_once UNIQUE CONSTRAINT letters_key_length CHECK (length(key) BETWEEN 1 AND 200),
    name        text NOT NULL CONSTRAINT letters_name CHECK (name ~ '^[a-z]+(-[a-z]+)*$'),
    lang        text NOT NULL CONSTRAINT letters_lang CHECK (lang IN ('uk', 'en')),
    recipient   text NOT NULL CONSTRAINT letters_recipient CHECK (recipient ~ '^[^[:cntrl:][:space:]]+@[^[:cntrl:][:space:]]+$' AND length(recipient) <= 254),
    subject     text NOT NULL CONSTRAINT letters_subject CHECK (subject !~ '[[:cntrl:]]' AND length(subject) BETWEEN 1 AND 250),
    text_body   text NOT NULL,
    html_body   text NOT NULL,
    unsubscribe text NOT NULL DEFAULT '' CONSTRAINT letters_unsubscribe CHECK (unsubscribe ~ '^(https?://[^[:cntrl:][:space:]<>]+)?$'),
    queued_at   timestamptz NOT NULL
);
CALL write_once('letters');
COMMENT ON TABLE letters IS 'The outbox: each letter as its reader gets it, written in the transaction of what it tells of.';
COMMENT ON COLUMN letters.key IS 'What the letter is about, such as receipt:<payment>. Unique, so that a cause writes once.';
COMMENT ON COLUMN letters.recipient IS 'One address: nobody learns who else was written to.';
COMMENT ON COLUMN letters.unsubscribe IS 'Where a mail program may stop letters of this kind with one click; empty for letters that belong to an act of the reader.';

CREATE TABLE letter_attachments (
    letter_id    uuid NOT NULL REFERENCES letters,
    position     int  NOT NULL,
    file_name    text NOT NULL CONSTRAINT letter_attachments_file_name CHECK (file_name !~ '[[:cntrl:]/\\"]' AND length(file_name) BETWEEN 1 AND 120),
    content_type text NOT NULL CONSTRAINT letter_attachments_content_type CHECK (content_type ~ '^[a-z]+/[a-z0-9.+-]+$'),
    body         bytea NOT NULL CONSTRAINT letter_attachments_size CHECK (length(body) <= 10485760),
    PRIMARY KEY (letter_id, position)
);
CALL write_once('letter_attachments');

CREATE TABLE letter_states (
    letter_id   uuid PRIMARY KEY REFERENCES letters,
    state       text NOT NULL DEFAULT 'waiting' CONSTRAINT letter_states_state CHECK (state IN ('waiting', 'sent', 'refused', 'given-up')),
    tries       int  NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL,
    trouble     text NOT NULL DEFAULT '',
    sent_at     timestamptz CONSTRAINT letter_states_sent CHECK ((sent_at IS NOT NULL) = (state = 'sent'))
);
CREATE INDEX letter_states_waiting ON letter_states (next_try_at, letter_id) WHERE state = 'waiting';
CREATE INDEX letter_states_failed ON letter_states (letter_id) WHERE state IN ('refused', 'given-up');
COMMENT ON TABLE letter_states IS 'How far the sending of each letter has come. The letter itself never changes.';
COMMENT ON COLUMN letter_states.next_try_at IS 'Who takes a letter moves this ahead first: should the process die, the letter is taken again then, and perhaps arrives twice.';

GRANT SELECT, INSERT ON letters, letter_attachments TO kopiyka_app;
GRANT SELECT, INSERT, UPDATE ON letter_states TO kopiyka_app;

ALTER TABLE people ADD COLUMN lang text NOT NULL DEFAULT 'uk' CONSTRAINT people_lang CHECK (lang IN ('uk', 'en'));
COMMENT ON COLUMN people.lang IS 'The language of letters to this person: the one last chosen on a page while signed in.';
