-- +goose Up
-- What is forgotten: about a person who asks for it, and of everything whose time is over.
-- What was written once stays as it was but for that: a text gives way to nothing, an
-- address to one at which nobody is.

-- stands_for_nothing reports whether a value is what is left when another was forgotten.
-- Objects keep their names; what stands under each is as it was, or is forgotten.
-- +goose StatementBegin
CREATE FUNCTION stands_for_nothing(was jsonb, left_over jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF was = left_over THEN
        RETURN true;
    ELSIF jsonb_typeof(was) = 'object' AND jsonb_typeof(left_over) = 'object' THEN
        RETURN (SELECT count(*) = count(b.key) AND bool_and(coalesce(stands_for_nothing(a.value, b.value), false)) AND count(*) = (SELECT count(*) FROM jsonb_object_keys(left_over))
                  FROM jsonb_each(was) a LEFT JOIN jsonb_each(left_over) b ON b.key = a.key);
    END IF;
    RETURN jsonb_typeof(left_over) = 'string' AND left_over #>> '{}' ~ '^(|—|\\x|erased(-[0-9]+)?@erased\.invalid)$';
END $$;

-- only_forgotten is the trigger of tables that are written once and in which some columns
-- may be forgotten; its arguments name them.
CREATE FUNCTION only_forgotten() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was       jsonb;
    left_over jsonb;
    name      text;
    same      boolean := TG_OP = 'UPDATE';
BEGIN
    IF same THEN
        was := to_jsonb(OLD);
        left_over := to_jsonb(NEW);
        same := was - TG_ARGV = left_over - TG_ARGV;
        FOREACH name IN ARRAY TG_ARGV LOOP
            same := same AND stands_for_nothing(was -> name, left_over -> name);
        END LOOP;
    END IF;
    IF NOT same THEN
        RAISE EXCEPTION '% on %.% is not allowed: it is written once, and forgotten at most', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'LG004';
    END IF;
    RETURN NEW;
END $$;

CREATE PROCEDURE written_once_but(target regclass, VARIADIC forgotten text[]) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DROP TRIGGER write_once_rows ON %s', target);
    EXECUTE format('CREATE TRIGGER write_once_rows BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION public.only_forgotten(%s)',
        target, (SELECT string_agg(quote_literal(f), ', ') FROM unnest(forgotten) f));
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER write_once_rows', target);
END $$;
-- +goose StatementEnd
CALL written_once_but('letters', 'recipient', 'subject', 'text_body', 'html_body', 'unsubscribe');
CALL written_once_but('letter_attachments', 'body');
CALL written_once_but('invitations', 'email', 'name');
CALL written_once_but('application_decisions', 'reason');
CALL written_once_but('audit_acts', 'detail', 'host');

-- A letter that is not to go any more: its person is erased, or its link is over.
ALTER TABLE letter_states DROP CONSTRAINT letter_states_state,
    ADD CONSTRAINT letter_states_state CHECK (state IN ('waiting', 'sent', 'refused', 'given-up', 'withdrawn'));

-- Whom a letter names beside its reader.
CREATE TABLE letter_people (
    person_id uuid NOT NULL REFERENCES people,
    letter_id uuid NOT NULL REFERENCES letters,
    PRIMARY KEY (person_id, letter_id)
);
COMMENT ON TABLE letter_people IS 'The people whom a letter names, so that it can be emptied with them.';
GRANT SELECT, INSERT ON letter_people TO kopiyka_app;
INSERT INTO letter_people (person_id, letter_id)
    SELECT i.invited_by, l.id FROM invitations i JOIN letters l ON l.key = 'invitation:' || i.id WHERE i.invited_by IS NOT NULL
    UNION SELECT e.person_id, l.id FROM invitation_ends e JOIN letters l ON l.key = 'invitation-accepted:' || e.invitation_id WHERE e.person_id IS NOT NULL
    UNION SELECT p.id, l.id FROM letters l JOIN people p ON strpos(l.text_body, p.name) > 0 AND length(p.name) > 4 WHERE l.key LIKE 'role:%';

-- A letter that concerns nobody's own act says how to get no more of its kind.
CREATE TABLE letter_stops (
    token_hash bytea PRIMARY KEY CONSTRAINT letter_stops_token CHECK (octet_length(token_hash) = 32),
    person_id  uuid NOT NULL REFERENCES people,
    kind       text NOT NULL CONSTRAINT letter_stops_kind CHECK (kind ~ '^[a-z]+(-[a-z]+)*$'),
    made_at    timestamptz NOT NULL
);
CREATE INDEX letter_stops_made ON letter_stops (made_at);
COMMENT ON COLUMN letter_stops.token_hash IS 'SHA-256 of what stands in the letter: whoever reads this table cannot use it.';
CREATE TABLE letter_wishes (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people,
    kind      text NOT NULL CONSTRAINT letter_wishes_kind CHECK (kind ~ '^[a-z]+(-[a-z]+)*$'),
    wanted    boolean NOT NULL,
    wished_at timestamptz NOT NULL
);
CREATE INDEX letter_wishes_person ON letter_wishes (person_id, kind, id);
CALL write_once('letter_wishes');
COMMENT ON TABLE letter_wishes IS 'Whether a person wants letters of a kind. The last word counts; without one they are wanted. Reminders have words of their own, in reminder_wishes.';
GRANT SELECT, INSERT ON letter_stops, letter_wishes TO kopiyka_app;
CREATE FUNCTION letter_wanted(by_person uuid, of_kind text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT w.wanted FROM letter_wishes w WHERE w.person_id = by_person AND w.kind = of_kind ORDER BY w.id DESC LIMIT 1), true)
$$;

-- What a mail server takes may come back later, to people: no mailbox is read here.
CREATE TABLE address_bounces (
    id         uuid PRIMARY KEY,
    address    text NOT NULL CONSTRAINT address_bounces_address CHECK (length(address) <= 254),
    letter_id  uuid NOT NULL REFERENCES letters,
    marked_by  uuid NOT NULL REFERENCES people,
    reason     text NOT NULL CONSTRAINT address_bounces_reason CHECK (length(btrim(reason)) BETWEEN 1 AND 500),
    marked_at  timestamptz NOT NULL,
    cleared_at timestamptz
);
CREATE UNIQUE INDEX address_bounces_once ON address_bounces (address) WHERE cleared_at IS NULL;
CREATE INDEX address_bounces_letter ON address_bounces (letter_id);
COMMENT ON TABLE address_bounces IS 'Addresses from which somebody of an office has seen letters come back. They get what they ask for and what concerns their rights, and nothing else, until their person confirms them anew.';
GRANT SELECT, INSERT ON address_bounces TO kopiyka_app;
GRANT UPDATE (cleared_at) ON address_bounces TO kopiyka_app;
ALTER TABLE magic_links DROP CONSTRAINT magic_links_purpose, ADD CONSTRAINT magic_links_purpose CHECK (purpose IN ('reset', 'address'));

-- Links in letters open something, and so do not stand there for longer than they do.
-- +goose StatementBegin
CREATE FUNCTION empty_letter(of_key text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE letter_states SET state = 'withdrawn' WHERE state = 'waiting' AND letter_id = (SELECT id FROM letters WHERE key = of_key);
    UPDATE letters SET text_body = '', html_body = '', unsubscribe = '' WHERE key = of_key AND text_body <> '';
$$;
CREATE FUNCTION link_is_over() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM empty_letter(CASE TG_TABLE_NAME
        WHEN 'invitation_ends' THEN 'invitation:' || (to_jsonb(NEW) ->> 'invitation_id')
        WHEN 'application_confirmations' THEN 'application:' || (to_jsonb(NEW) ->> 'application_id')
        ELSE (to_jsonb(NEW) ->> 'purpose') || ':' || substr(to_jsonb(NEW) ->> 'hash', 3) END);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER link_is_over AFTER INSERT ON invitation_ends FOR EACH ROW EXECUTE FUNCTION link_is_over();
CREATE TRIGGER link_is_over AFTER INSERT ON application_confirmations FOR EACH ROW EXECUTE FUNCTION link_is_over();
CREATE TRIGGER link_is_over AFTER UPDATE OF used_at ON magic_links FOR EACH ROW WHEN (NEW.used_at IS NOT NULL) EXECUTE FUNCTION link_is_over();

-- Somebody who is erased stays as the one who did what they did, and as nobody else.
ALTER TABLE people ADD COLUMN erased_at timestamptz,
    ADD CONSTRAINT people_erased CHECK ((erased_at IS NOT NULL) = (email LIKE '%@erased.invalid') AND (erased_at IS NULL OR password_hash IS NULL));
COMMENT ON COLUMN people.erased_at IS 'When name, address and all that the person could sign in with were erased.';
CREATE SEQUENCE erased_people;
CREATE TRIGGER stays_erased BEFORE UPDATE OR DELETE ON people FOR EACH ROW WHEN (OLD.erased_at IS NOT NULL) EXECUTE FUNCTION refuse_change();
ALTER TABLE people ENABLE ALWAYS TRIGGER stays_erased;

-- Whoever was coming in while they were erased does not. These fire after the reference's own
-- trigger, which has waited for the erasure by then.
-- +goose StatementBegin
CREATE FUNCTION not_of_the_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM people WHERE id = NEW.person_id AND erased_at IS NOT NULL) THEN
        RAISE EXCEPTION 'person % is erased', NEW.person_id USING ERRCODE = '23514', CONSTRAINT = 'people_erased';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER not_of_the_erased AFTER INSERT ON person_sessions FOR EACH ROW EXECUTE FUNCTION not_of_the_erased();
CREATE TRIGGER not_of_the_erased AFTER INSERT ON magic_links FOR EACH ROW EXECUTE FUNCTION not_of_the_erased();
CREATE TRIGGER not_of_the_erased AFTER INSERT ON passkeys FOR EACH ROW EXECUTE FUNCTION not_of_the_erased();
CREATE TRIGGER not_of_the_erased AFTER INSERT ON authenticators FOR EACH ROW EXECUTE FUNCTION not_of_the_erased();
CREATE TRIGGER not_of_the_erased AFTER INSERT ON issuer_links FOR EACH ROW EXECUTE FUNCTION not_of_the_erased();
CREATE TRIGGER not_of_the_erased AFTER INSERT ON recovery_codes FOR EACH ROW EXECUTE FUNCTION not_of_the_erased();
CREATE TRIGGER not_of_the_erased AFTER INSERT ON company_roles FOR EACH ROW EXECUTE FUNCTION not_of_the_erased();
CREATE TRIGGER not_of_the_erased AFTER INSERT ON cluster_roles FOR EACH ROW EXECUTE FUNCTION not_of_the_erased();

-- +goose StatementBegin
-- erase_address takes an address out of everything that was written to it, or asked in its
-- name. For erase_person alone.
CREATE FUNCTION erase_address(address text, stand_in text, at timestamptz) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO invitation_ends (invitation_id, how, happened_at)
        SELECT i.id, 'revoked', at FROM invitations i WHERE i.email = address AND NOT EXISTS (SELECT 1 FROM invitation_ends e WHERE e.invitation_id = i.id);
    UPDATE audit_acts t SET detail = jsonb_set(t.detail, '{email}', to_jsonb(stand_in)) FROM invitations i
     WHERE i.email = address AND t.subject = coalesce('company:' || i.company_id, 'cluster:' || i.cluster_id)
       AND t.act IN ('person.invited', 'person.uninvited') AND t.detail ->> 'email' = address;
    UPDATE invitations SET email = stand_in, name = '' WHERE email = address;

    DELETE FROM application_confirmations c USING company_applications a
     WHERE a.id = c.application_id AND a.email = address AND NOT EXISTS (SELECT 1 FROM application_decisions d WHERE d.application_id = a.id);
    DELETE FROM company_applications a WHERE a.email = address AND NOT EXISTS (SELECT 1 FROM application_confirmations c WHERE c.application_id = a.id);
    UPDATE audit_acts t SET detail = jsonb_set(detail, '{reason}', '"—"') FROM company_applications a
     WHERE a.email = address AND t.subject = 'application:' || a.id AND t.detail ? 'reason';
    UPDATE application_decisions d SET reason = '—' FROM company_applications a WHERE a.id = d.application_id AND a.email = address AND d.reason <> '';
    UPDATE company_applications SET email = stand_in, person_name = '—', message = '' WHERE email = address;

    DELETE FROM reset_requests WHERE email = address;
    DELETE FROM address_bounces b WHERE b.address = erase_address.address;

    UPDATE letter_states s SET trouble = '', state = CASE s.state WHEN 'waiting' THEN 'withdrawn' ELSE s.state END FROM letters l WHERE l.id = s.letter_id AND l.recipient = address;
    UPDATE letter_attachments a SET body = '' FROM letters l WHERE l.id = a.letter_id AND l.recipient = address AND octet_length(a.body) > 0;
    UPDATE letters SET recipient = stand_in, subject = '—', text_body = '', html_body = '', unsubscribe = '' WHERE recipient = address;
END $$;

-- erase_person is the one way in which a person is erased. It says so on record first, while
-- the clusters still know whom it concerns, and says nothing of what was erased. It returns
-- the number by which the person goes from now on, or nothing when there is nobody to erase.
CREATE FUNCTION erase_person(person uuid, by_person uuid, at timestamptz) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    address text;
    number  bigint;
    named   uuid[];
BEGIN
    SELECT email INTO address FROM people WHERE id = person AND erased_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    number := nextval('erased_people');
    INSERT INTO audit_acts (happened_at, person_id, act, subject, detail) VALUES (at, by_person, 'person.erased', 'person:' || person, jsonb_build_object('number', number));

    DELETE FROM company_roles WHERE person_id = person;
    DELETE FROM cluster_roles WHERE person_id = person;
    DELETE FROM person_sessions WHERE person_id = person;
    DELETE FROM sessions WHERE position(convert_to(person::text, 'UTF8') IN data) > 0;
    DELETE FROM authenticators WHERE person_id = person;
    DELETE FROM authenticator_offers WHERE person_id = person;
    DELETE FROM recovery_codes WHERE person_id = person;
    DELETE FROM passkeys WHERE person_id = person;
    DELETE FROM issuer_links WHERE person_id = person;
    DELETE FROM magic_links WHERE person_id = person;
    DELETE FROM letter_stops WHERE person_id = person;
    DELETE FROM ceremonies WHERE position(person::text IN data::text) > 0;

    SELECT coalesce(array_agg(letter_id), '{}') INTO named FROM letter_people WHERE person_id = person;
    UPDATE letter_states SET trouble = '', state = CASE state WHEN 'waiting' THEN 'withdrawn' ELSE state END WHERE letter_id = ANY (named);
    UPDATE letters SET subject = '—', text_body = '', html_body = '', unsubscribe = '' WHERE id = ANY (named);

    UPDATE audit_acts SET host = '', detail = CASE WHEN detail ? 'host' THEN jsonb_set(detail, '{host}', '""') ELSE detail END
     WHERE person_id = person AND (host <> '' OR detail ? 'host');
    UPDATE audit_acts SET detail = jsonb_set(detail, '{shown}', '"—"') WHERE subject = 'person:' || person AND detail ? 'shown'; -- to whoever runs the machine
    PERFORM erase_address(address, 'erased-' || number || '@erased.invalid', at);
    UPDATE people SET email = 'erased-' || number || '@erased.invalid', name = 'Особа ' || number || ', дані стерто · Person ' || number || ', data erased',
           password_hash = NULL, password_given_at = NULL, erased_at = at WHERE id = person;
    RETURN number;
END $$;
-- +goose StatementEnd

-- What is forgotten in time is found by these.
CREATE INDEX letters_whole ON letters (queued_at) WHERE text_body <> '';
CREATE INDEX letters_addressed ON letters (queued_at) WHERE recipient <> 'erased@erased.invalid';
CREATE INDEX audit_acts_from ON audit_acts (happened_at) WHERE host <> '' OR detail ? 'host';
ALTER TABLE inbox_events ADD COLUMN reduced_at timestamptz;
COMMENT ON COLUMN inbox_events.reduced_at IS 'When of the body was kept what handling it again needs, and the rest forgotten.';
COMMENT ON COLUMN inbox_events.body IS 'The bytes that were signed, as they came, until they are reduced.';

-- +goose StatementBegin
-- reduced_event keeps of an event the ids by which it is handled, and no fact of a payer.
CREATE FUNCTION reduced_event(body bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    o jsonb;
BEGIN
    o := convert_from(body, 'UTF8')::jsonb #> '{data,object}';
    RETURN convert_to(jsonb_build_object('data', jsonb_build_object('object', jsonb_strip_nulls(jsonb_build_object(
        'metadata', jsonb_build_object('payment_id', o #> '{metadata,payment_id}'),
        'payment_intent', CASE jsonb_typeof(o -> 'payment_intent') WHEN 'object' THEN o #> '{payment_intent,id}' ELSE o -> 'payment_intent' END,
        'customer', CASE jsonb_typeof(o -> 'customer') WHEN 'object' THEN o #> '{customer,id}' ELSE o -> 'customer' END))))::text, 'UTF8');
EXCEPTION WHEN data_exception OR character_not_in_repertoire THEN
    RETURN '{}';
END $$;

-- forget drops at most so many things of a kind that are older than a moment, and returns
-- how many it found. It refuses to forget what has to be kept for longer, whoever asks.
CREATE FUNCTION forget(what text, before timestamptz, most int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    kept interval := CASE what WHEN 'letters' THEN '90 days' WHEN 'letter-addresses' THEN '1095 days' WHEN 'applications' THEN '365 days' WHEN 'invitations' THEN '365 days'
        WHEN 'audit-hosts' THEN '365 days' WHEN 'events' THEN '90 days' WHEN 'unconfirmed-applications' THEN '30 days' WHEN 'company-files' THEN '30 days'
        WHEN 'stop-links' THEN '1095 days' WHEN 'password-links' THEN '30 days' ELSE '0 days' END;
    ids  uuid[];
    n    int;
BEGIN
    IF before > clock_timestamp() - kept + interval '1 day' THEN
        RAISE EXCEPTION 'of % nothing is forgotten before % have passed', what, kept USING ERRCODE = 'LG004';
    END IF;
    CASE what
    WHEN 'letters' THEN
        SELECT array_agg(id) INTO ids FROM (SELECT l.id FROM letters l JOIN letter_states s ON s.letter_id = l.id
             WHERE l.text_body <> '' AND l.queued_at < before AND s.state <> 'waiting' AND coalesce(s.sent_at, s.next_try_at) < before ORDER BY l.queued_at LIMIT most) x;
        UPDATE letter_attachments SET body = '' WHERE letter_id = ANY (ids) AND octet_length(body) > 0;
        UPDATE letter_states SET trouble = '' WHERE letter_id = ANY (ids) AND trouble <> '';
        UPDATE letters SET text_body = '', html_body = '', unsubscribe = '' WHERE id = ANY (ids);
    WHEN 'letter-links' THEN
        SELECT array_agg(id) INTO ids FROM (SELECT l.id FROM letters l LEFT JOIN invitations i ON l.key = 'invitation:' || i.id
             WHERE l.text_body <> '' AND (l.key LIKE 'reset:%' AND l.queued_at < before - interval '1 hour' OR l.key LIKE 'address:%' AND l.queued_at < before - interval '1 day'
                OR l.key LIKE 'application:%' AND l.queued_at < before - interval '7 days' OR i.expires_at < before) ORDER BY l.queued_at LIMIT most) x;
        UPDATE letter_states SET state = 'withdrawn' WHERE letter_id = ANY (ids) AND state = 'waiting';
        UPDATE letters SET text_body = '', html_body = '', unsubscribe = '' WHERE id = ANY (ids);
    WHEN 'farewells' THEN -- to people who are erased: gone with their sending, or when that has failed for a week
        SELECT array_agg(id) INTO ids FROM (SELECT l.id FROM letters l JOIN letter_states s ON s.letter_id = l.id
             WHERE l.text_body <> '' AND l.name = 'erased' AND (s.state <> 'waiting' OR l.queued_at < before - interval '7 days') ORDER BY l.queued_at LIMIT most) x;
        UPDATE letter_states SET trouble = '', state = CASE state WHEN 'waiting' THEN 'withdrawn' ELSE state END WHERE letter_id = ANY (ids);
        UPDATE letters SET recipient = 'erased@erased.invalid', subject = '—', text_body = '', html_body = '' WHERE id = ANY (ids);
    WHEN 'letter-addresses' THEN
        SELECT array_agg(id) INTO ids FROM (SELECT id FROM letters WHERE recipient <> 'erased@erased.invalid' AND queued_at < before ORDER BY queued_at LIMIT most) x;
        UPDATE letters SET recipient = 'erased@erased.invalid', subject = '—' WHERE id = ANY (ids);
    WHEN 'unconfirmed-applications' THEN
        SELECT array_agg(id) INTO ids FROM (SELECT a.id FROM company_applications a WHERE a.asked_at < before
               AND NOT EXISTS (SELECT 1 FROM application_confirmations c WHERE c.application_id = a.id) ORDER BY a.asked_at LIMIT most) x;
        DELETE FROM company_applications WHERE id = ANY (ids);
    WHEN 'applications' THEN
        SELECT array_agg(application_id) INTO ids FROM (SELECT d.application_id FROM application_decisions d JOIN company_applications a ON a.id = d.application_id
             WHERE d.happened_at < before AND a.person_name <> '—' ORDER BY d.happened_at LIMIT most) x;
        UPDATE audit_acts SET detail = jsonb_set(detail, '{reason}', '"—"') WHERE detail ? 'reason' AND subject IN (SELECT 'application:' || id FROM unnest(ids) id);
        UPDATE application_decisions SET reason = '—' WHERE application_id = ANY (ids) AND reason <> '';
        UPDATE company_applications SET email = 'erased@erased.invalid', person_name = '—', message = '' WHERE id = ANY (ids);
    WHEN 'invitations' THEN
        SELECT array_agg(id) INTO ids FROM (SELECT i.id FROM invitations i LEFT JOIN invitation_ends e ON e.invitation_id = i.id
             WHERE i.email <> 'erased@erased.invalid' AND coalesce(e.happened_at, i.expires_at) < before ORDER BY i.id LIMIT most) x;
        UPDATE audit_acts t SET detail = jsonb_set(t.detail, '{email}', '"erased@erased.invalid"') FROM invitations i
         WHERE i.id = ANY (ids) AND t.subject = coalesce('company:' || i.company_id, 'cluster:' || i.cluster_id)
           AND t.act IN ('person.invited', 'person.uninvited') AND t.detail ? 'email' AND t.detail ->> 'invitation' = i.id::text;
        UPDATE invitations SET email = 'erased@erased.invalid', name = '' WHERE id = ANY (ids);
    WHEN 'audit-hosts' THEN
        UPDATE audit_acts SET host = '', detail = CASE WHEN detail ? 'host' THEN jsonb_set(detail, '{host}', '""') ELSE detail END
         WHERE id IN (SELECT id FROM audit_acts WHERE (host <> '' OR detail ? 'host') AND happened_at < before AND (host <> '' OR detail ->> 'host' <> '') ORDER BY happened_at LIMIT most);
    WHEN 'events' THEN
        UPDATE inbox_events SET body = reduced_event(body), reduced_at = clock_timestamp()
         WHERE event_id IN (SELECT event_id FROM inbox_events WHERE reduced_at IS NULL AND state = 'done' AND done_at < before LIMIT most);
    WHEN 'company-files' THEN
        DELETE FROM company_imports WHERE id IN (SELECT id FROM company_imports WHERE entered_at IS NULL AND brought_at < before ORDER BY id LIMIT most);
    WHEN 'stop-links' THEN
        DELETE FROM letter_stops WHERE token_hash IN (SELECT token_hash FROM letter_stops WHERE made_at < before ORDER BY made_at LIMIT most);
    WHEN 'password-links' THEN
        DELETE FROM magic_links WHERE hash IN (SELECT hash FROM magic_links WHERE expires_at < before LIMIT most);
    WHEN 'sessions' THEN
        DELETE FROM sessions WHERE token IN (SELECT token FROM sessions WHERE expiry < before LIMIT most);
        DELETE FROM person_sessions WHERE id IN (SELECT id FROM person_sessions WHERE expires_at < before LIMIT most);
    WHEN 'challenges' THEN
        DELETE FROM ceremonies WHERE id IN (SELECT id FROM ceremonies WHERE expires_at < before LIMIT most);
    WHEN 'limit-counts' THEN
        DELETE FROM limit_counts WHERE (subject, began) IN (SELECT subject, began FROM limit_counts c WHERE c.began < before ORDER BY c.began LIMIT most);
    WHEN 'sign-in-tries' THEN
        DELETE FROM sign_in_failures WHERE id IN (SELECT id FROM sign_in_failures WHERE failed_at < before LIMIT most);
    WHEN 'password-wishes' THEN
        DELETE FROM reset_requests WHERE id IN (SELECT id FROM reset_requests WHERE asked_at < before LIMIT most);
    WHEN 'app-offers' THEN
        DELETE FROM authenticator_offers WHERE person_id IN (SELECT person_id FROM authenticator_offers WHERE offered_at < before LIMIT most);
    END CASE;
    GET DIAGNOSTICS n = ROW_COUNT; -- of the last statement, where things have no ids of their own
    RETURN coalesce(cardinality(ids), n);
END $$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION empty_letter, link_is_over, erase_address, erase_person, forget FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_person, forget TO kopiyka_app;
