-- +goose Up
-- The program works as kopiyka_app, which may do only what the grants below each table
-- say: it can insert a pledge and never change one, read the books and never write in
-- them but through ledger.post. The schema's owner is used for migrations alone.
-- A role belongs to the whole server, so another database may have made it already.
-- +goose StatementBegin
DO $$ BEGIN
    CREATE ROLE kopiyka_app NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
DO $$ BEGIN
    EXECUTE format('GRANT kopiyka_app TO %I', current_user);
EXCEPTION WHEN unique_violation OR invalid_grant_operation OR feature_not_supported THEN
    NULL; -- another database of this server granted it at the same moment
END $$;
-- +goose StatementEnd
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO kopiyka_app;

-- What is written once stays. Tables that must not change carry this trigger; ALWAYS lets
-- it fire under session_replication_role = replica too, and it stops the owner as well.
-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is not allowed: it is written once', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'LG004';
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE PROCEDURE write_once(target regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER write_once_rows BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION public.refuse_change()', target);
    EXECUTE format('CREATE TRIGGER write_once_table BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change()', target);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER write_once_rows', target);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER write_once_table', target);
END $$;
-- +goose StatementEnd
