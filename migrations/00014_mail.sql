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

-- The schema numbers documents: whoever writes one gets the next number of its cluster,
-- kind and year, and the program cannot touch the count.
CREATE TABLE document_series (
    cluster_id uuid NOT NULL REFERENCES clusters,
    kind       text NOT NULL,
    year       int  NOT NULL,
    last       int  NOT NULL CONSTRAINT document_series_last CHECK (last > 0),
    PRIMARY KEY (cluster_id, kind, year)
);

CREATE TABLE documents (
    id           uuid PRIMARY KEY,
    cluster_id   uuid NOT NULL REFERENCES clusters,
    company_id   uuid NOT NULL REFERENCES companies,
    kind         text NOT NULL CONSTRAINT documents_kind CHECK (kind IN ('invoice', 'agreement', 'receipt', 'refund-note', 'statement')),
    year         int  NOT NULL CONSTRAINT documents_year CHECK (year BETWEEN 2000 AND 9999),
    number       int  NOT NULL,
    subject      text NOT NULL CONSTRAINT documents_subject CHECK (length(subject) BETWEEN 1 AND 200),
    content      bytea NOT NULL CONSTRAINT documents_content_hash CHECK (octet_length(content) = 32),
    facts        jsonb NOT NULL,
    pledge_id    uuid REFERENCES pledges,
    payment_id   uuid REFERENCES payments,
    amount_minor bigint,
    currency     text,
    happened_at  timestamptz NOT NULL,
    issued_at    timestamptz NOT NULL,
    issued_by    uuid REFERENCES people,
    CONSTRAINT documents_number_once UNIQUE (cluster_id, kind, year, number),
    CONSTRAINT documents_once UNIQUE (subject, kind, content),
    CONSTRAINT documents_amount CHECK ((amount_minor IS NULL) = (currency IS NULL) AND (kind = 'statement' OR amount_minor <> 0)
               AND (kind IN ('refund-note', 'statement') OR amount_minor > 0)),
    CONSTRAINT documents_of_payment CHECK ((kind IN ('receipt', 'refund-note')) = (payment_id IS NOT NULL)),
    CONSTRAINT documents_of_pledge CHECK ((kind = 'statement') = (pledge_id IS NULL))
);
CREATE UNIQUE INDEX documents_one_receipt ON documents (payment_id) WHERE kind = 'receipt';
CREATE INDEX documents_payment ON documents (payment_id, id) WHERE payment_id IS NOT NULL;
CREATE INDEX documents_pledge ON documents (pledge_id, id) WHERE pledge_id IS NOT NULL;
CREATE INDEX documents_company ON documents (company_id, happened_at, id);
CALL write_once('documents');
COMMENT ON TABLE documents IS 'Every document that was issued, with all that it says. Numbers have no gaps: they are given here, and nothing is deleted.';
COMMENT ON COLUMN documents.subject IS 'What the document is about, such as payment:<id>. What was issued about it with the same content is issued once.';
COMMENT ON COLUMN documents.facts IS 'What the document says in every language. Its files are drawn from this alone.';
COMMENT ON COLUMN documents.amount_minor IS 'What the document is for; below zero on a note that a refund did not arrive. Empty on statements.';
COMMENT ON COLUMN documents.happened_at IS 'When the money moved that the document tells of; else when it was issued.';
COMMENT ON INDEX documents_one_receipt IS 'A payment has one receipt.';

-- +goose StatementBegin
CREATE FUNCTION number_document() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO document_series AS s (cluster_id, kind, year, last) VALUES (NEW.cluster_id, NEW.kind, NEW.year, 1)
        ON CONFLICT (cluster_id, kind, year) DO UPDATE SET last = s.last + 1
        RETURNING s.last INTO NEW.number;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER number_document BEFORE INSERT ON documents FOR EACH ROW EXECUTE FUNCTION number_document();
ALTER TABLE documents ENABLE ALWAYS TRIGGER number_document;

CREATE TABLE document_files (
    document_id uuid NOT NULL REFERENCES documents,
    lang        text NOT NULL CONSTRAINT document_files_lang CHECK (lang IN ('uk', 'en')),
    body        bytea NOT NULL,
    sha256      bytea NOT NULL CONSTRAINT document_files_hash CHECK (sha256 = pg_catalog.sha256(body)),
    drawn_at    timestamptz NOT NULL,
    PRIMARY KEY (document_id, lang)
);
CALL write_once('document_files');
COMMENT ON TABLE document_files IS 'A document''s bytes, kept at its first download: every later one is the same to the byte, whatever the program draws by then.';

GRANT SELECT, INSERT ON documents, document_files TO kopiyka_app;
