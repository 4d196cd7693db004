-- +goose Up
-- What a settlement asks of the books before it posts, in one call.

-- lock_for_new tells which of some sources are posted, and locks the accounts of all others
-- as lock does. P_of says to which source an account belongs. Whatever statistics say, a
-- call is small beside the books, so its plans are made once.
-- +goose StatementBegin
CREATE FUNCTION ledger.lock_for_new(p_sources text[], p_of int[], p_codes text[], p_currencies text[])
    RETURNS TABLE (source text, code text, currency text, balance bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_posted     text[] := ARRAY(SELECT e.source FROM entries e WHERE e.source = ANY (p_sources));
    v_codes      text[];
    v_currencies text[];
BEGIN
    RETURN QUERY SELECT p.source, '', '', 0::bigint FROM unnest(v_posted) p(source);
    SELECT array_agg(t.code), array_agg(t.currency) INTO v_codes, v_currencies
      FROM (SELECT DISTINCT a.code, a.currency FROM unnest(p_of, p_codes, p_currencies) AS a(of, code, currency) WHERE p_sources[a.of] <> ALL (v_posted)) t;
    IF v_codes IS NOT NULL THEN
        RETURN QUERY SELECT '', l.code, l.currency, l.balance FROM lock(v_codes, v_currencies) l;
    END IF;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION ledger.lock_for_new FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.lock_for_new TO kopiyka_app;

-- A connection keeps its plans, and keeps those of the day on which the books were small: a
-- hash of all accounts, which is made anew for each settlement once there are thousands.
ALTER FUNCTION ledger.lock SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off;
ALTER FUNCTION ledger.post SET enable_hashjoin = off;
