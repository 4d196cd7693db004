-- +goose Up
-- A company may ask a second factor of all who act for it.

CREATE TABLE company_factor_choices (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES companies,
    asked      boolean NOT NULL,
    person_id  uuid NOT NULL REFERENCES people,
    chosen_at  timestamptz NOT NULL
);
CREATE INDEX company_factor_choices_last ON company_factor_choices (company_id, id DESC) INCLUDE (asked);
CALL write_once('company_factor_choices');
COMMENT ON TABLE company_factor_choices IS 'Whether a company asks a second factor of all who act for it: a row for each time that an owner has switched it. The last one counts; without any it does not ask.';

-- An owner chooses, who has a factor to ask it with: nobody shuts themselves out, or asks of
-- others what they do not do. The lock makes two who switch at the same moment take turns.
-- +goose StatementBegin
CREATE FUNCTION company_factor_chosen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM companies WHERE id = NEW.company_id FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT 1 FROM company_roles WHERE company_id = NEW.company_id AND person_id = NEW.person_id AND role = 'owner') THEN
        RAISE EXCEPTION 'person % does not own company %', NEW.person_id, NEW.company_id USING ERRCODE = '23514', CONSTRAINT = 'company_factor_choices_by_owner';
    END IF;
    IF NEW.asked AND NOT EXISTS (SELECT 1 FROM authenticators WHERE person_id = NEW.person_id) AND NOT EXISTS (SELECT 1 FROM passkeys WHERE person_id = NEW.person_id) THEN
        RAISE EXCEPTION 'person % has no second factor', NEW.person_id USING ERRCODE = '23514', CONSTRAINT = 'company_factor_choices_of_who_has_one';
    END IF;
    IF NEW.asked = asks_factor(NEW.company_id) THEN
        RAISE EXCEPTION 'company % has chosen so already', NEW.company_id USING ERRCODE = '23514', CONSTRAINT = 'company_factor_choices_change';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE FUNCTION asks_factor(company uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT c.asked FROM company_factor_choices c WHERE c.company_id = company ORDER BY c.id DESC LIMIT 1), false)
$$;
COMMENT ON FUNCTION asks_factor IS 'Whether a company asks a second factor of all who act for it.';

CREATE TRIGGER chosen BEFORE INSERT ON company_factor_choices FOR EACH ROW EXECUTE FUNCTION company_factor_chosen();
ALTER TABLE company_factor_choices ENABLE ALWAYS TRIGGER chosen;
GRANT SELECT, INSERT ON company_factor_choices TO kopiyka_app;
