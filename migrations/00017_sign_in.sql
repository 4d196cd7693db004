-- +goose Up
-- What people prove with who they are, and where they are signed in.

CREATE TABLE authenticators (
    person_id    uuid PRIMARY KEY REFERENCES people,
    secret       bytea NOT NULL CONSTRAINT authenticators_sealed CHECK (octet_length(secret) BETWEEN 44 AND 100),
    confirmed_at timestamptz NOT NULL,
    last_step    bigint NOT NULL
);
COMMENT ON TABLE authenticators IS 'A person''s authenticator app (RFC 6238).';
COMMENT ON COLUMN authenticators.secret IS 'Sealed with the installation''s key, which is not in the database.';
COMMENT ON COLUMN authenticators.last_step IS 'The half minute of the last code that was taken. Its code, and those of earlier ones, are not taken again.';

CREATE TABLE authenticator_offers (
    person_id  uuid PRIMARY KEY REFERENCES people,
    secret     bytea NOT NULL CONSTRAINT authenticator_offers_sealed CHECK (octet_length(secret) BETWEEN 44 AND 100),
    offered_at timestamptz NOT NULL
);
COMMENT ON TABLE authenticator_offers IS 'A secret that was shown to its person and that no code has confirmed yet.';

CREATE TABLE recovery_codes (
    person_id uuid NOT NULL REFERENCES people,
    hash      bytea NOT NULL CONSTRAINT recovery_codes_hash CHECK (octet_length(hash) = 32),
    made_at   timestamptz NOT NULL,
    used_at   timestamptz,
    PRIMARY KEY (person_id, hash)
);
COMMENT ON COLUMN recovery_codes.hash IS 'SHA-256 of 130 random bits: nobody can try all of them.';

CREATE TABLE passkeys (
    id            uuid PRIMARY KEY,
    person_id     uuid NOT NULL REFERENCES people,
    credential_id bytea NOT NULL CONSTRAINT passkeys_credential_once UNIQUE,
    credential    jsonb NOT NULL,
    name          text NOT NULL CONSTRAINT passkeys_name CHECK (length(name) BETWEEN 1 AND 60),
    made_at       timestamptz NOT NULL,
    used_at       timestamptz
);
CREATE INDEX passkeys_person ON passkeys (person_id, id);
COMMENT ON COLUMN passkeys.credential IS 'The public key with its counter and flags. Nothing here is secret.';

CREATE TABLE ceremonies (
    id         uuid PRIMARY KEY,
    kind       text NOT NULL CONSTRAINT ceremonies_kind CHECK (kind IN ('passkey-new', 'passkey-sign-in', 'passkey-again', 'issuer')),
    data       jsonb NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ceremonies_expire ON ceremonies (expires_at);
COMMENT ON TABLE ceremonies IS 'Challenges that wait for their answer. Whoever answers deletes the row first, so that none is answered twice.';

CREATE TABLE magic_links (
    hash       bytea PRIMARY KEY CONSTRAINT magic_links_hash CHECK (octet_length(hash) = 32),
    purpose    text NOT NULL CONSTRAINT magic_links_purpose CHECK (purpose IN ('reset')),
    person_id  uuid NOT NULL REFERENCES people,
    made_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CONSTRAINT magic_links_order CHECK (expires_at > made_at),
    used_at    timestamptz
);
CREATE INDEX magic_links_person ON magic_links (person_id, made_at);
COMMENT ON TABLE magic_links IS 'Links that were sent to a person''s address. Each opens one thing, once, within its time.';

CREATE TABLE reset_requests (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email    text NOT NULL CONSTRAINT reset_requests_email CHECK (length(email) <= 254),
    asked_at timestamptz NOT NULL
);
COMMENT ON TABLE reset_requests IS 'Addresses for which somebody wants a new password, until a job has looked whether they are known. The page that takes them cannot tell, and so tells nobody.';

CREATE TABLE person_sessions (
    id         uuid PRIMARY KEY,
    person_id  uuid NOT NULL REFERENCES people,
    began_at   timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    generation int NOT NULL DEFAULT 1,
    agent      text NOT NULL CONSTRAINT person_sessions_agent CHECK (length(agent) <= 300),
    host       text NOT NULL CONSTRAINT person_sessions_host CHECK (length(host) <= 100)
);
CREATE INDEX person_sessions_person ON person_sessions (person_id, id);
CREATE INDEX person_sessions_expire ON person_sessions (expires_at);
COMMENT ON COLUMN person_sessions.generation IS 'Counts the cookies that the session has had. One of an earlier generation opens nothing, should anything bring it back.';
COMMENT ON TABLE person_sessions IS 'Where people are signed in. A session whose row is gone has ended, whatever its cookie says.';

CREATE TABLE issuer_links (
    issuer    text NOT NULL,
    subject   text NOT NULL,
    person_id uuid NOT NULL REFERENCES people,
    linked_at timestamptz NOT NULL,
    used_at   timestamptz,
    PRIMARY KEY (issuer, subject),
    CONSTRAINT issuer_links_one_of_person UNIQUE (person_id, issuer)
);
COMMENT ON TABLE issuer_links IS 'Accounts of other houses with which a person signs in here. The person has linked each while signed in.';

GRANT SELECT, INSERT, UPDATE, DELETE ON authenticators, authenticator_offers, recovery_codes, passkeys, person_sessions, issuer_links, magic_links TO kopiyka_app;
GRANT SELECT, INSERT, DELETE ON ceremonies TO kopiyka_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON reset_requests TO kopiyka_app; -- UPDATE for the row's lock alone
