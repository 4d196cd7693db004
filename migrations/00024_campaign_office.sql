-- +goose Up
-- A campaign is written in the office. A draft may be unfinished and is nobody else's; it is
-- opened in one step, and from then on changes only as far as nobody has relied on it.

-- What nobody has written of campaigns from before is what they are called.
UPDATE campaigns SET title_uk = coalesce(nullif(title_uk, ''), slug), title_en = coalesce(nullif(title_en, ''), slug) WHERE state <> 'draft' AND '' IN (title_uk, title_en);
UPDATE campaigns SET summary_uk = coalesce(nullif(summary_uk, ''), title_uk), summary_en = coalesce(nullif(summary_en, ''), title_en) WHERE state <> 'draft' AND '' IN (summary_uk, summary_en);
ALTER TABLE campaigns
    ADD COLUMN version int NOT NULL DEFAULT 1,
    DROP CONSTRAINT campaigns_goal_positive,
    ADD CONSTRAINT campaigns_goal CHECK (goal_minor BETWEEN 0 AND 100000000000000 AND (goal_minor > 0 OR state = 'draft')),
    ADD CONSTRAINT campaigns_slug_not_new CHECK (slug <> 'new'),
    ADD CONSTRAINT campaigns_named CHECK (state = 'draft' OR (title_uk <> '' AND title_en <> '' AND summary_uk <> '' AND summary_en <> ''));
COMMENT ON COLUMN campaigns.version IS 'Counts the changes of the row. A form that was filled in beside an older version is shown again instead of undoing what another person wrote.';
COMMENT ON COLUMN campaigns.goal_minor IS 'Zero in a draft whose goal nobody has named yet.';
COMMENT ON CONSTRAINT campaigns_slug_not_new ON campaigns IS 'The office writes new campaigns at the address of that name.';

-- Why a goal was changed, or a closed campaign opened again: written before the change and
-- bound to it by the version that the change makes.
CREATE TABLE campaign_reasons (
    campaign_id     uuid NOT NULL REFERENCES campaigns,
    version         int  NOT NULL,
    kind            text NOT NULL CONSTRAINT campaign_reasons_kind CHECK (kind IN ('goal', 'reopened')),
    reason          text NOT NULL CONSTRAINT campaign_reasons_reason CHECK (length(reason) BETWEEN 1 AND 1000),
    goal_from_minor bigint,
    goal_to_minor   bigint,
    given_by        uuid NOT NULL REFERENCES people,
    given_at        timestamptz NOT NULL,
    PRIMARY KEY (campaign_id, version),
    CONSTRAINT campaign_reasons_goal CHECK (num_nonnulls(goal_from_minor, goal_to_minor) = CASE kind WHEN 'goal' THEN 2 ELSE 0 END AND goal_from_minor <> goal_to_minor)
);
CALL write_once('campaign_reasons');
COMMENT ON TABLE campaign_reasons IS 'Public: the goal''s history stands on the campaign''s page, and figures of a past day are compared with the goal of that day.';
GRANT SELECT, INSERT ON campaign_reasons TO kopiyka_app;

-- +goose StatementBegin
CREATE FUNCTION check_campaign_reason() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM campaigns c WHERE c.id = NEW.campaign_id AND c.version >= NEW.version AND (NEW.kind <> 'goal' OR c.goal_minor = NEW.goal_to_minor)) THEN
        RAISE EXCEPTION 'a reason for a change of campaign % that was not made', NEW.campaign_id USING ERRCODE = '23514', CONSTRAINT = 'campaign_reasons_of_a_change';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER of_a_change AFTER INSERT ON campaign_reasons DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_campaign_reason();

-- What a campaign may become. The row is locked by its own update, so of two at once the
-- second is judged by what the first has made.
-- +goose StatementBegin
CREATE FUNCTION check_campaign_change() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    broken text;
BEGIN
    NEW.version := OLD.version + 1;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (('draft', 'open'), ('open', 'closed'), ('closed', 'open'), ('closed', 'settled')) THEN
        broken := 'campaigns_state_order';
    ELSIF OLD.state = 'settled' AND to_jsonb(NEW) - 'version' - 'changed_at' <> to_jsonb(OLD) - 'version' - 'changed_at' THEN
        broken := 'campaigns_settled_stays';
    ELSIF OLD.state <> 'draft' AND (NEW.slug, NEW.currency, NEW.opens_on) <> (OLD.slug, OLD.currency, OLD.opens_on) THEN
        broken := 'campaigns_fixed_once_open';
    ELSIF OLD.state <> 'draft' AND NEW.goal_minor <> OLD.goal_minor AND NOT EXISTS (
          SELECT 1 FROM campaign_reasons r WHERE r.campaign_id = NEW.id AND r.version = NEW.version AND r.goal_from_minor = OLD.goal_minor AND r.goal_to_minor = NEW.goal_minor) THEN
        broken := 'campaigns_goal_with_reason';
    ELSIF OLD.state = 'closed' AND NEW.state = 'open' AND NOT EXISTS (
          SELECT 1 FROM campaign_reasons r WHERE r.campaign_id = NEW.id AND r.version = NEW.version AND r.kind = 'reopened') THEN
        broken := 'campaigns_reopened_with_reason';
    ELSIF OLD.state = 'draft' AND NEW.state = 'open' AND (
          NEW.story_uk = '' OR NEW.story_en = '' OR NOT EXISTS (SELECT 1 FROM purposes u WHERE u.campaign_id = NEW.id)) THEN
        broken := 'campaigns_opened_whole';
    ELSIF NEW.state = 'settled' AND OLD.state <> 'settled' AND (
          EXISTS (SELECT 1 FROM ledger.accounts a JOIN ledger.balances b ON b.account_id = a.id
                   WHERE b.balance <> 0 AND a.code = ANY (ARRAY['fund:' || NEW.id, 'shortfall:' || NEW.id]
                         || ARRAY(SELECT 'purpose:' || u.id FROM purposes u WHERE u.campaign_id = NEW.id)
                         || ARRAY(SELECT 'need:' || n.id FROM purposes u JOIN needs n ON n.purpose_id = u.id WHERE u.campaign_id = NEW.id)))
          OR EXISTS (SELECT 1 FROM ledger.accounts a JOIN ledger.lines l ON l.account_id = a.id WHERE a.code = 'disputed:' || NEW.id GROUP BY a.id HAVING sum(l.amount) <> 0)) THEN
        broken := 'campaigns_settled_even';
    END IF;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'campaign % may not change so: %', OLD.id, broken USING ERRCODE = '23514', CONSTRAINT = broken;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER changes BEFORE UPDATE ON campaigns FOR EACH ROW EXECUTE FUNCTION check_campaign_change();

-- What a promise names stays as long as the promise: foreign keys keep the row, this its
-- quantity. Of an open campaign the last purpose stays, or its money would be for nothing.
-- +goose StatementBegin
CREATE FUNCTION check_need_change() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.quantity <> OLD.quantity AND EXISTS (SELECT 1 FROM pledges p WHERE p.need_id = OLD.id) THEN
        RAISE EXCEPTION 'need % is promised', OLD.id USING ERRCODE = '23514', CONSTRAINT = 'needs_promised_stay';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER changes BEFORE UPDATE ON needs FOR EACH ROW EXECUTE FUNCTION check_need_change();
CREATE INDEX pledges_need ON pledges (need_id) WHERE need_id IS NOT NULL;
CREATE INDEX pledges_purpose ON pledges (purpose_id) WHERE purpose_id IS NOT NULL;
CREATE INDEX allocations_purpose ON allocations (purpose_id);

-- +goose StatementBegin
CREATE FUNCTION campaign_keeps_a_purpose() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    state text;
BEGIN
    SELECT c.state INTO state FROM campaigns c WHERE c.id = OLD.campaign_id FOR NO KEY UPDATE;
    IF state <> 'draft' AND NOT EXISTS (SELECT 1 FROM purposes u WHERE u.campaign_id = OLD.campaign_id) THEN
        RAISE EXCEPTION 'campaign % would have no purpose', OLD.campaign_id USING ERRCODE = '23514', CONSTRAINT = 'campaigns_last_purpose';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER keeps_a_purpose AFTER DELETE ON purposes FOR EACH ROW EXECUTE FUNCTION campaign_keeps_a_purpose();

-- The program changes what may change, column by column: whose a campaign is and when it was
-- written, which campaign a purpose belongs to and under which address, never.
REVOKE UPDATE ON campaigns, purposes, needs FROM kopiyka_app;
GRANT UPDATE (programme_id, slug, title_uk, title_en, summary_uk, summary_en, story_uk, story_en, note_uk, note_en, goal_minor, currency, state, opens_on, closes_on, changed_at)
    ON campaigns TO kopiyka_app;
GRANT UPDATE (title_uk, title_en, about_uk, about_en, position) ON purposes TO kopiyka_app;
GRANT UPDATE (item_uk, item_en, quantity, unit_uk, unit_en, recipient_uk, recipient_en, position) ON needs TO kopiyka_app;
GRANT DELETE ON purposes, needs TO kopiyka_app;
