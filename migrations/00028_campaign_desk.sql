-- +goose Up
-- What was begun by mistake is taken back at the desk, while nobody has relied on it: a cluster
-- leaves a joint campaign, a draft is thrown away.

-- A cluster that joined a campaign may leave it while nothing was pledged through it, and join
-- once more. What was entered stays: each turn is a further row.

CREATE TABLE campaign_cluster_turns (
    campaign_id uuid NOT NULL,
    cluster_id  uuid NOT NULL,
    turn        int  NOT NULL CONSTRAINT campaign_cluster_turns_from_one CHECK (turn > 0),
    kind        text NOT NULL CONSTRAINT campaign_cluster_turns_alternate CHECK (kind = CASE WHEN turn % 2 = 1 THEN 'left' ELSE 'joined' END),
    since       date,
    entered_by  uuid NOT NULL REFERENCES people,
    entered_at  timestamptz NOT NULL,
    PRIMARY KEY (campaign_id, cluster_id, turn),
    CONSTRAINT campaign_cluster_turns_of_joined FOREIGN KEY (campaign_id, cluster_id) REFERENCES campaign_clusters (campaign_id, cluster_id) ON DELETE CASCADE,
    CONSTRAINT campaign_cluster_turns_since CHECK ((since IS NOT NULL) = (kind = 'joined') AND since <= (entered_at AT TIME ZONE 'Europe/Kyiv')::date)
);
COMMENT ON TABLE campaign_cluster_turns IS 'What a cluster did after it had joined a campaign: it left, joined once more, left again. The last turn says whether its members may pledge; without one they may.';
COMMENT ON COLUMN campaign_cluster_turns.since IS 'Of a joining: the first day on which its members may pledge.';

-- Leaving and pledging at one moment are in turn: both lock the row of the joining, and the
-- second sees what the first has made.
-- +goose StatementBegin
CREATE FUNCTION check_campaign_turn() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    broken text;
BEGIN
    PERFORM 1 FROM campaign_clusters j WHERE j.campaign_id = NEW.campaign_id AND j.cluster_id = NEW.cluster_id FOR UPDATE;
    IF NEW.turn <> 1 + coalesce((SELECT max(t.turn) FROM campaign_cluster_turns t WHERE t.campaign_id = NEW.campaign_id AND t.cluster_id = NEW.cluster_id), 0) THEN
        broken := 'campaign_cluster_turns_in_turn';
    ELSIF EXISTS (SELECT 1 FROM campaigns c WHERE c.id = NEW.campaign_id AND c.cluster_id = NEW.cluster_id) THEN
        broken := 'campaign_cluster_turns_leads';
    ELSIF NEW.kind = 'left' AND EXISTS (SELECT 1 FROM pledges p WHERE p.campaign_id = NEW.campaign_id AND p.through_id = NEW.cluster_id) THEN
        broken := 'campaign_cluster_turns_pledged';
    END IF;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'cluster % may not do so in campaign %: %', NEW.cluster_id, NEW.campaign_id, broken USING ERRCODE = '23514', CONSTRAINT = broken;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER in_turn BEFORE INSERT ON campaign_cluster_turns FOR EACH ROW EXECUTE FUNCTION check_campaign_turn();
ALTER TABLE campaign_cluster_turns ENABLE ALWAYS TRIGGER in_turn;
CALL write_once('campaign_cluster_turns');
GRANT SELECT, INSERT ON campaign_cluster_turns TO kopiyka_app;

-- Who collects for campaigns at a moment, as far as turns go, and since when. It is plain SQL
-- so that the planner sees through it.
CREATE FUNCTION campaign_clusters_at(moment timestamptz) RETURNS TABLE (campaign_id uuid, cluster_id uuid, since date) LANGUAGE sql STABLE AS $$
    SELECT j.campaign_id, j.cluster_id, coalesce(t.since, j.since)
      FROM campaign_clusters j
      LEFT JOIN LATERAL (SELECT o.kind, o.since FROM campaign_cluster_turns o
                          WHERE o.campaign_id = j.campaign_id AND o.cluster_id = j.cluster_id AND o.entered_at <= moment ORDER BY o.turn DESC LIMIT 1) t ON true
     WHERE t.kind IS DISTINCT FROM 'left'
$$;
COMMENT ON TABLE campaign_clusters IS 'Whose members may pledge to a campaign: those of the cluster that leads it, and of those that joined, until they leave (campaign_cluster_turns).';

-- Of a company's cluster is asked, beside what was asked before, that it has not left.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION through_of_pledge() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    day  date := (NEW.made_at AT TIME ZONE 'Europe/Kyiv')::date;
    lead uuid := (SELECT cluster_id FROM campaigns WHERE id = NEW.campaign_id);
BEGIN
    NEW.through_id := coalesce(NEW.through_id, lead);
    IF NOT EXISTS (SELECT 1 FROM memberships m WHERE m.company_id = NEW.company_id AND m.cluster_id = NEW.through_id AND daterange(m.since, m.until) @> day) THEN
        RAISE EXCEPTION 'the company of pledge % is no member of the cluster through which it is given', NEW.id USING ERRCODE = '23514', CONSTRAINT = 'pledges_through_membership';
    END IF;
    PERFORM 1 FROM campaign_clusters j WHERE j.campaign_id = NEW.campaign_id AND j.cluster_id = NEW.through_id FOR KEY SHARE;
    IF FOUND AND NEW.through_id <> lead AND (
          NOT EXISTS (SELECT 1 FROM campaign_clusters_at('infinity') j WHERE j.campaign_id = NEW.campaign_id AND j.cluster_id = NEW.through_id AND j.since <= day)
          OR EXISTS (SELECT 1 FROM campaign_cluster_turns t WHERE t.campaign_id = NEW.campaign_id AND t.cluster_id = NEW.through_id AND t.entered_at > NEW.made_at)) THEN
        RAISE EXCEPTION 'the cluster of pledge % collects no longer for the campaign, or did not yet', NEW.id USING ERRCODE = '23514', CONSTRAINT = 'pledges_through_joined';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE INDEX pledges_through ON pledges (campaign_id, through_id);

-- A draft that was never opened may be thrown away: nobody has seen it, and nothing names it.
-- No state leads back to a draft, so one that is a draft has never been anything else.
-- +goose StatementBegin
CREATE FUNCTION check_campaign_discarded() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.state <> 'draft' OR EXISTS (SELECT 1 FROM ledger.accounts a JOIN ledger.lines l ON l.account_id = a.id
          WHERE a.code = ANY (ARRAY(SELECT k.kind || ':' || OLD.id FROM ledger.account_kinds k))) THEN
        RAISE EXCEPTION 'campaign % was opened and stays', OLD.id USING ERRCODE = '23514', CONSTRAINT = 'campaigns_opened_stay';
    END IF;
    RETURN OLD;
END $$;

-- Which clusters collect is written once, as long as there is the campaign.
CREATE FUNCTION goes_with_its_draft() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT 1 FROM campaigns c WHERE c.id = OLD.campaign_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% on %.% is not allowed: it is written once', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'LG004';
END $$;
-- +goose StatementEnd
CREATE TRIGGER discarded BEFORE DELETE ON campaigns FOR EACH ROW EXECUTE FUNCTION check_campaign_discarded();
ALTER TABLE campaigns ENABLE ALWAYS TRIGGER discarded;
DROP TRIGGER write_once_rows ON campaign_clusters;
CREATE TRIGGER write_once_rows BEFORE UPDATE OR DELETE ON campaign_clusters FOR EACH ROW EXECUTE FUNCTION goes_with_its_draft();
ALTER TABLE campaign_clusters ENABLE ALWAYS TRIGGER write_once_rows;
DROP TRIGGER write_once_rows ON campaign_cluster_turns;
CREATE TRIGGER write_once_rows BEFORE UPDATE OR DELETE ON campaign_cluster_turns FOR EACH ROW EXECUTE FUNCTION goes_with_its_draft();
ALTER TABLE campaign_cluster_turns ENABLE ALWAYS TRIGGER write_once_rows;
ALTER TABLE campaign_clusters
    DROP CONSTRAINT campaign_clusters_campaign_id_fkey,
    ADD CONSTRAINT campaign_clusters_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaigns ON DELETE CASCADE;
GRANT DELETE ON campaigns TO kopiyka_app;

-- Each night asks which handled events are old enough to lose what they need no more. The inbox
-- is kept and grows; those that have something to lose are of the last months, and are found by
-- their day, oldest first. Of the long function this one statement changes.
CREATE INDEX inbox_events_whole ON inbox_events (done_at) WHERE reduced_at IS NULL AND state = 'done';
-- +goose StatementBegin
DO $$
DECLARE
    was     text := pg_get_functiondef('forget(text, timestamptz, int)'::regprocedure);
    becomes text := replace(was,
        'event_id IN (SELECT event_id FROM inbox_events WHERE reduced_at IS NULL AND state = ''done'' AND done_at < before LIMIT most)',
        'event_id = ANY (ARRAY(SELECT event_id FROM inbox_events WHERE reduced_at IS NULL AND state = ''done'' AND done_at < before ORDER BY done_at LIMIT most))');
BEGIN
    IF becomes = was THEN
        RAISE EXCEPTION 'forget is not what it was';
    END IF;
    EXECUTE becomes;
END $$;
-- +goose StatementEnd
