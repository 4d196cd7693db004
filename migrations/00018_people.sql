-- +goose Up
-- Companies with their official facts, how they come in, and the people who act for them.

-- Equality of ids beside overlap of days, in one exclusion constraint.
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- The eighth digit of an EDRPOU code checks the seven before it: weighted 1 to 7, and for
-- codes from 30 000 000 to 60 000 000 from 7 on; if the rest is 10, once more with weights
-- two larger, and 10 then stands for 0.
-- +goose StatementBegin
CREATE FUNCTION edrpou_fits(code text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    w    int[] := '{1,2,3,4,5,6,7}';
    rest int := 10;
BEGIN
    IF code !~ '^[0-9]{8}$' THEN
        RETURN false;
    END IF;
    IF code::int BETWEEN 30000000 AND 60000000 THEN
        w := '{7,1,2,3,4,5,6}';
    END IF;
    FOR more IN 0..1 LOOP
        SELECT sum((w[i] + 2 * more) * substr(code, i, 1)::int) % 11 INTO rest FROM generate_series(1, 7) i;
        EXIT WHEN rest < 10;
    END LOOP;
    RETURN rest % 10 = substr(code, 8, 1)::int;
END $$;
-- +goose StatementEnd

ALTER TABLE companies
    ADD COLUMN country     text NOT NULL DEFAULT 'UA' CONSTRAINT companies_country CHECK (country ~ '^[A-Z]{2}$'),
    ADD COLUMN official_id text NOT NULL DEFAULT '' CONSTRAINT companies_official_id_form CHECK (official_id ~ '^([0-9A-Z][0-9A-Z./-]{1,38}[0-9A-Z])?$'),
    ADD COLUMN site        text NOT NULL DEFAULT '' CONSTRAINT companies_site CHECK (site ~ '^(https?://[^[:cntrl:][:space:]<>"]{3,190})?$'),
    ADD COLUMN shows_name  boolean NOT NULL DEFAULT true,
    ADD COLUMN shows_about boolean NOT NULL DEFAULT true,
    ADD COLUMN shows_logo  boolean NOT NULL DEFAULT false,
    ADD COLUMN shows_site  boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT companies_edrpou CHECK (country <> 'UA' OR official_id = '' OR edrpou_fits(official_id));
CREATE UNIQUE INDEX companies_official_id_once ON companies (country, official_id) WHERE official_id <> '';
COMMENT ON COLUMN companies.country IS 'Where the company is registered, as ISO 3166 writes it.';
COMMENT ON COLUMN companies.official_id IS 'The EDRPOU code of a Ukrainian company, or the number under which another country registered it. Empty: not known.';
COMMENT ON COLUMN companies.shows_name IS 'The company lets everyone know that it belongs to its clusters. A pledge that carries its name says so by itself.';
COMMENT ON COLUMN companies.shows_about IS 'What the company wrote about itself may be seen by everyone; likewise its logo and its site.';

-- A picture is kept as we drew it anew, never as it was sent.
CREATE TABLE company_logos (
    company_id uuid PRIMARY KEY REFERENCES companies,
    png        bytea NOT NULL CONSTRAINT company_logos_size CHECK (length(png) BETWEEN 1 AND 1048576),
    changed_at timestamptz NOT NULL
);
CREATE TABLE cluster_logos (
    cluster_id uuid PRIMARY KEY REFERENCES clusters,
    png        bytea NOT NULL CONSTRAINT cluster_logos_size CHECK (length(png) BETWEEN 1 AND 1048576),
    changed_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON company_logos, cluster_logos TO kopiyka_app;

ALTER TABLE clusters
    ADD COLUMN email text NOT NULL DEFAULT '' CONSTRAINT clusters_email CHECK (email = '' OR email ~ '^[^[:cntrl:][:space:]]+@[^[:cntrl:][:space:]]+$' AND length(email) <= 254),
    ADD COLUMN phone text NOT NULL DEFAULT '' CONSTRAINT clusters_phone CHECK (phone ~ '^(\+[0-9]{7,15})?$'),
    ADD COLUMN site  text NOT NULL DEFAULT '' CONSTRAINT clusters_site CHECK (site ~ '^(https?://[^[:cntrl:][:space:]<>"]{3,190})?$'),
    ADD COLUMN lang  text NOT NULL DEFAULT 'uk' CONSTRAINT clusters_lang CHECK (lang IN ('uk', 'en'));
COMMENT ON COLUMN clusters.email IS 'Where everyone may write to the cluster. Public, like the phone and the site.';
COMMENT ON COLUMN clusters.lang IS 'In which language the cluster writes first to people whose language it does not know.';

-- Where a company is: a fact with a history.
CREATE TABLE company_addresses (
    id          uuid PRIMARY KEY,
    company_id  uuid NOT NULL REFERENCES companies,
    kind        text NOT NULL CONSTRAINT company_addresses_kind CHECK (kind IN ('registered', 'relocated')),
    country     text NOT NULL CONSTRAINT company_addresses_country CHECK (country ~ '^[A-Z]{2}$'),
    place       text NOT NULL CONSTRAINT company_addresses_place CHECK (length(place) BETWEEN 1 AND 300),
    since       date NOT NULL,
    until       date CONSTRAINT company_addresses_order CHECK (until > since),
    recorded_by uuid NOT NULL REFERENCES people,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT company_addresses_one_at_a_time EXCLUDE USING gist (company_id WITH =, kind WITH =, daterange(since, until) WITH &&)
);
COMMENT ON TABLE company_addresses IS 'Where a company is registered, and where it works since it had to leave. A row is written once and closed once.';
COMMENT ON COLUMN company_addresses.until IS 'The first day on which the company is no longer there; empty while it is.';

-- Closing is the one change that a row of days takes.
-- +goose StatementBegin
CREATE FUNCTION only_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.until IS NULL AND NEW.until IS NOT NULL AND to_jsonb(NEW) - 'until' = to_jsonb(OLD) - 'until' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% on % is not allowed: its rows are closed and never changed', TG_OP, TG_TABLE_NAME USING ERRCODE = 'LG004';
END $$;
-- +goose StatementEnd
CREATE TRIGGER only_closed BEFORE UPDATE OR DELETE ON company_addresses FOR EACH ROW EXECUTE FUNCTION only_closed();
ALTER TABLE company_addresses ENABLE ALWAYS TRIGGER only_closed;
GRANT SELECT, INSERT, UPDATE ON company_addresses TO kopiyka_app;

-- A company belongs to a cluster as one thing at a time; to several clusters as it likes.
ALTER TABLE memberships ADD CONSTRAINT memberships_one_at_a_time EXCLUDE USING gist (company_id WITH =, cluster_id WITH =, daterange(since, until) WITH &&);
CREATE INDEX memberships_since ON memberships (cluster_id, since, company_id);

-- A company asks to be taken in. Nobody sees it before its e-mail is confirmed.
CREATE TABLE company_applications (
    id          uuid PRIMARY KEY,
    cluster_id  uuid NOT NULL REFERENCES clusters,
    kind        text NOT NULL CONSTRAINT company_applications_kind CHECK (kind IN ('member', 'educational-partner', 'business-partner', 'donor-programme')),
    name_uk     text NOT NULL CONSTRAINT company_applications_name_uk CHECK (length(name_uk) BETWEEN 1 AND 200),
    name_en     text NOT NULL CONSTRAINT company_applications_name_en CHECK (length(name_en) BETWEEN 1 AND 200),
    country     text NOT NULL CONSTRAINT company_applications_country CHECK (country ~ '^[A-Z]{2}$'),
    official_id text NOT NULL,
    site        text NOT NULL,
    message     text NOT NULL CONSTRAINT company_applications_message CHECK (length(message) <= 2000),
    shows_name  boolean NOT NULL,
    shows_site  boolean NOT NULL,
    person_name text NOT NULL CONSTRAINT company_applications_person CHECK (length(person_name) BETWEEN 1 AND 200),
    email       text NOT NULL CONSTRAINT company_applications_email CHECK (email = lower(email) AND length(email) <= 254),
    lang        text NOT NULL CONSTRAINT company_applications_lang CHECK (lang IN ('uk', 'en')),
    token_hash  bytea NOT NULL CONSTRAINT company_applications_token_once UNIQUE CONSTRAINT company_applications_token CHECK (octet_length(token_hash) = 32),
    asked_from  text NOT NULL,
    asked_at    timestamptz NOT NULL,
    CONSTRAINT company_applications_edrpou CHECK (country <> 'UA' OR official_id = '' OR edrpou_fits(official_id))
);
CREATE INDEX company_applications_from ON company_applications (asked_from, asked_at);
CREATE INDEX company_applications_of ON company_applications (email, asked_at);
CREATE INDEX company_applications_asked ON company_applications (asked_at);
COMMENT ON TABLE company_applications IS 'What a company wrote when it asked to be taken in. Never changed; deleted only while nobody has confirmed it.';
COMMENT ON COLUMN company_applications.token_hash IS 'SHA-256 of what stands in the confirming link.';
COMMENT ON COLUMN company_applications.asked_from IS 'Digest of the sender''s network address: how often it asks is counted, who it is is not kept.';

CREATE TABLE application_confirmations (
    application_id uuid PRIMARY KEY REFERENCES company_applications,
    cluster_id     uuid NOT NULL REFERENCES clusters,
    confirmed_at   timestamptz NOT NULL,
    waits          boolean NOT NULL DEFAULT true
);
CREATE INDEX application_confirmations_cluster ON application_confirmations (cluster_id, application_id);
CREATE INDEX application_confirmations_waiting ON application_confirmations (cluster_id, application_id) WHERE waits;
COMMENT ON TABLE application_confirmations IS 'Applications whose e-mail answers. The reference also keeps the application from being deleted.';

CREATE TABLE application_decisions (
    application_id uuid CONSTRAINT application_decisions_once PRIMARY KEY REFERENCES application_confirmations,
    accepted       boolean NOT NULL,
    reason         text NOT NULL CONSTRAINT application_decisions_reason CHECK (accepted OR length(btrim(reason)) BETWEEN 1 AND 1000),
    person_id      uuid NOT NULL REFERENCES people,
    company_id     uuid REFERENCES companies,
    happened_at    timestamptz NOT NULL,
    CONSTRAINT application_decisions_company CHECK (accepted = (company_id IS NOT NULL))
);
CALL write_once('application_decisions');
-- +goose StatementBegin
CREATE FUNCTION application_decided() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE application_confirmations SET waits = false WHERE application_id = NEW.application_id;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER waits_no_more AFTER INSERT ON application_decisions FOR EACH ROW EXECUTE FUNCTION application_decided();
GRANT SELECT, INSERT, DELETE ON company_applications TO kopiyka_app;
GRANT SELECT, INSERT ON application_confirmations, application_decisions TO kopiyka_app;

-- Somebody is asked to act for a company or a cluster.
CREATE TABLE invitations (
    id         uuid PRIMARY KEY,
    company_id uuid REFERENCES companies,
    cluster_id uuid REFERENCES clusters,
    role       text NOT NULL,
    email      text NOT NULL CONSTRAINT invitations_email CHECK (email = lower(email) AND length(email) <= 254),
    name       text NOT NULL DEFAULT '' CONSTRAINT invitations_name CHECK (length(name) <= 200),
    lang       text NOT NULL CONSTRAINT invitations_lang CHECK (lang IN ('uk', 'en')),
    token_hash bytea NOT NULL CONSTRAINT invitations_token_once UNIQUE CONSTRAINT invitations_token CHECK (octet_length(token_hash) = 32),
    invited_by uuid REFERENCES people,
    invited_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CONSTRAINT invitations_days CHECK (expires_at > invited_at AND expires_at <= invited_at + interval '7 days'),
    CONSTRAINT invitations_place CHECK (
        company_id IS NOT NULL AND cluster_id IS NULL AND role IN ('owner', 'payer', 'viewer') OR
        company_id IS NULL AND cluster_id IS NOT NULL AND role IN ('coordinator', 'approver', 'treasurer', 'auditor', 'admin'))
);
CREATE INDEX invitations_company ON invitations (company_id, id) WHERE company_id IS NOT NULL;
CREATE INDEX invitations_cluster ON invitations (cluster_id, id) WHERE cluster_id IS NOT NULL;
CALL write_once('invitations');
COMMENT ON COLUMN invitations.token_hash IS 'SHA-256 of what stands in the link: whoever reads this table cannot come in with it.';
COMMENT ON COLUMN invitations.invited_by IS 'Empty: the command line, or the program when an application was accepted.';

CREATE TABLE invitation_ends (
    invitation_id uuid CONSTRAINT invitation_ends_once PRIMARY KEY REFERENCES invitations,
    how           text NOT NULL CONSTRAINT invitation_ends_how CHECK (how IN ('accepted', 'revoked', 'replaced')),
    person_id     uuid REFERENCES people,
    happened_at   timestamptz NOT NULL
);
CALL write_once('invitation_ends');
COMMENT ON TABLE invitation_ends IS 'How an invitation ended. One row each: of two who accept at once, one does.';
GRANT SELECT, INSERT ON invitations, invitation_ends TO kopiyka_app;

-- A company keeps an owner and a cluster an admin, once they have one. The lock makes two
-- who remove each other at the same moment take turns, so that the second sees the first.
-- +goose StatementBegin
CREATE FUNCTION company_keeps_an_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.role <> 'owner' OR TG_OP = 'UPDATE' AND NEW.role = 'owner' AND NEW.company_id = OLD.company_id THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM companies WHERE id = OLD.company_id FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT 1 FROM company_roles WHERE company_id = OLD.company_id AND role = 'owner') THEN
        RAISE EXCEPTION 'company % would have no owner', OLD.company_id USING ERRCODE = '23514', CONSTRAINT = 'company_roles_last_owner';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION cluster_keeps_an_admin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.role <> 'admin' OR TG_OP = 'UPDATE' AND NEW.role = 'admin' AND NEW.cluster_id = OLD.cluster_id THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM clusters WHERE id = OLD.cluster_id FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT 1 FROM cluster_roles WHERE cluster_id = OLD.cluster_id AND role = 'admin') THEN
        RAISE EXCEPTION 'cluster % would have no admin', OLD.cluster_id USING ERRCODE = '23514', CONSTRAINT = 'cluster_roles_last_admin';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER keeps_an_owner AFTER UPDATE OR DELETE ON company_roles FOR EACH ROW EXECUTE FUNCTION company_keeps_an_owner();
CREATE TRIGGER keeps_an_admin AFTER UPDATE OR DELETE ON cluster_roles FOR EACH ROW EXECUTE FUNCTION cluster_keeps_an_admin();
ALTER TABLE company_roles ENABLE ALWAYS TRIGGER keeps_an_owner;
ALTER TABLE cluster_roles ENABLE ALWAYS TRIGGER keeps_an_admin;
CREATE INDEX cluster_roles_cluster ON cluster_roles (cluster_id, person_id);

-- Whoever signs people in can ask since when their rights are as they are.
ALTER TABLE people ADD COLUMN roles_changed_at timestamptz;
COMMENT ON COLUMN people.roles_changed_at IS 'When a role of this person was last given, changed or taken away; empty while that has never happened.';
-- +goose StatementBegin
CREATE FUNCTION roles_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE people SET roles_changed_at = clock_timestamp() WHERE id = coalesce(NEW.person_id, OLD.person_id);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER roles_changed AFTER INSERT OR UPDATE OR DELETE ON company_roles FOR EACH ROW EXECUTE FUNCTION roles_changed();
CREATE TRIGGER roles_changed AFTER INSERT OR UPDATE OR DELETE ON cluster_roles FOR EACH ROW EXECUTE FUNCTION roles_changed();

-- A file of companies on its way in: looked at first, entered as a whole or not at all.
CREATE TABLE company_imports (
    id          uuid PRIMARY KEY,
    cluster_id  uuid NOT NULL REFERENCES clusters,
    person_id   uuid NOT NULL REFERENCES people,
    file_name   text NOT NULL CONSTRAINT company_imports_name CHECK (length(file_name) <= 200),
    body        bytea NOT NULL CONSTRAINT company_imports_size CHECK (length(body) <= 5242880),
    delimiter   text NOT NULL CONSTRAINT company_imports_delimiter CHECK (delimiter IN ('', ',', ';', E'\t')),
    encoding    text NOT NULL CONSTRAINT company_imports_encoding CHECK (encoding IN ('', 'utf-8', 'windows-1251')),
    brought_at  timestamptz NOT NULL,
    entered_at  timestamptz,
    entered     int NOT NULL DEFAULT 0
);
COMMENT ON COLUMN company_imports.body IS 'The file as it came; emptied once its companies are entered.';
GRANT SELECT, INSERT, UPDATE ON company_imports TO kopiyka_app;
