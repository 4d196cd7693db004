-- +goose Up
-- A campaign is led by one cluster, which keeps its money, and others may join it. A pledge
-- is given through one of them.

CREATE TABLE campaign_clusters (
    campaign_id uuid NOT NULL REFERENCES campaigns,
    cluster_id  uuid NOT NULL REFERENCES clusters,
    since       date NOT NULL,
    entered_by  uuid REFERENCES people,
    entered_at  timestamptz NOT NULL,
    PRIMARY KEY (campaign_id, cluster_id),
    CONSTRAINT campaign_clusters_not_ahead CHECK (since <= (entered_at AT TIME ZONE 'Europe/Kyiv')::date)
);
CREATE INDEX campaign_clusters_cluster ON campaign_clusters (cluster_id, campaign_id);
COMMENT ON TABLE campaign_clusters IS 'Whose members may pledge to a campaign: those of the cluster that leads it, and of those that joined. Whoever joined stays, for pledges are given through it.';
COMMENT ON COLUMN campaign_clusters.since IS 'The first day on which its members may pledge.';
COMMENT ON COLUMN campaign_clusters.entered_by IS 'Who let the cluster join; empty: it leads the campaign, or came with a file from the command line.';

-- The leading cluster is one of them, without anybody having to remember it.
INSERT INTO campaign_clusters (campaign_id, cluster_id, since, entered_at)
    SELECT id, cluster_id, (created_at AT TIME ZONE 'Europe/Kyiv')::date, created_at FROM campaigns;
-- +goose StatementBegin
CREATE FUNCTION campaign_led() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO campaign_clusters (campaign_id, cluster_id, since, entered_at)
        VALUES (NEW.id, NEW.cluster_id, (NEW.changed_at AT TIME ZONE 'Europe/Kyiv')::date, NEW.changed_at) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER led AFTER INSERT OR UPDATE OF cluster_id ON campaigns FOR EACH ROW EXECUTE FUNCTION campaign_led();
ALTER TABLE campaigns ENABLE ALWAYS TRIGGER led;
CALL write_once('campaign_clusters');
GRANT SELECT, INSERT ON campaign_clusters TO kopiyka_app;

-- Pledges from before were given through the cluster that leads.
ALTER TABLE pledges ADD COLUMN through_id uuid;
ALTER TABLE pledges DISABLE TRIGGER write_once_rows;
UPDATE pledges p SET through_id = c.cluster_id FROM campaigns c WHERE c.id = p.campaign_id;
ALTER TABLE pledges ENABLE ALWAYS TRIGGER write_once_rows;
ALTER TABLE pledges
    ALTER COLUMN through_id SET NOT NULL,
    ADD CONSTRAINT pledges_through_cluster_of_campaign FOREIGN KEY (campaign_id, through_id) REFERENCES campaign_clusters (campaign_id, cluster_id);
COMMENT ON COLUMN pledges.through_id IS 'The cluster through which it is given: one of the campaign''s, and one of which the company was a member on that day. It counts as that cluster''s share.';

-- A pledge that names no cluster is given through the one that leads: so wrote the program
-- before there were others.
-- +goose StatementBegin
CREATE FUNCTION through_of_pledge() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    day  date := (NEW.made_at AT TIME ZONE 'Europe/Kyiv')::date;
    lead uuid := (SELECT cluster_id FROM campaigns WHERE id = NEW.campaign_id);
BEGIN
    NEW.through_id := coalesce(NEW.through_id, lead);
    IF NOT EXISTS (SELECT 1 FROM memberships m WHERE m.company_id = NEW.company_id AND m.cluster_id = NEW.through_id AND daterange(m.since, m.until) @> day) THEN
        RAISE EXCEPTION 'the company of pledge % is no member of the cluster through which it is given', NEW.id USING ERRCODE = '23514', CONSTRAINT = 'pledges_through_membership';
    END IF;
    IF NEW.through_id <> lead AND EXISTS (SELECT 1 FROM campaign_clusters j WHERE j.campaign_id = NEW.campaign_id AND j.cluster_id = NEW.through_id AND j.since > day) THEN
        RAISE EXCEPTION 'the cluster of pledge % had not joined the campaign', NEW.id USING ERRCODE = '23514', CONSTRAINT = 'pledges_through_joined';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER through BEFORE INSERT ON pledges FOR EACH ROW EXECUTE FUNCTION through_of_pledge();
ALTER TABLE pledges ENABLE ALWAYS TRIGGER through;
