-- +goose Up
-- The audit, for people to read: where an act came from, and whose people may see it.

ALTER TABLE audit_acts ADD COLUMN host text NOT NULL DEFAULT '' CONSTRAINT audit_acts_host CHECK (length(host) <= 100);
COMMENT ON COLUMN audit_acts.host IS 'The address from which the person asked for it; empty: the program acted by itself, or nobody knows.';
CREATE INDEX audit_acts_person ON audit_acts (person_id, id) WHERE person_id IS NOT NULL;

-- Nothing refers from here: rows come with the act's own, by the triggers below alone, and a
-- reference would lock the cluster's row for every gift.
CREATE TABLE audit_act_clusters (
    cluster_id  uuid NOT NULL,
    act_id      bigint NOT NULL,
    act         text NOT NULL,
    happened_at timestamptz NOT NULL,
    PRIMARY KEY (cluster_id, act_id)
);
CREATE INDEX audit_act_clusters_act ON audit_act_clusters (cluster_id, act, act_id);
CREATE INDEX audit_act_clusters_happened ON audit_act_clusters (cluster_id, happened_at);
COMMENT ON TABLE audit_act_clusters IS 'Which clusters an act belongs to, as it was when the act was written. An act of no cluster is seen by its own person alone.';

-- +goose StatementBegin
CREATE FUNCTION clusters_of_act(a audit_acts) RETURNS SETOF uuid LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    noun   text := split_part(a.subject, ':', 1);
    own    text := substr(a.subject, strpos(a.subject, ':') + 1);
    own_id uuid;
BEGIN
    IF own ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
        own_id := own;
    END IF;
    CASE noun
    WHEN 'payment' THEN RETURN QUERY SELECT c.cluster_id FROM payments y JOIN campaigns c ON c.id = y.campaign_id WHERE y.id = own_id;
    WHEN 'pledge' THEN RETURN QUERY SELECT c.cluster_id FROM pledges p JOIN campaigns c ON c.id = p.campaign_id WHERE p.id = own_id;
    WHEN 'allocation' THEN RETURN QUERY SELECT c.cluster_id FROM allocations x JOIN campaigns c ON c.id = x.campaign_id WHERE x.id = own_id;
    WHEN 'campaign' THEN RETURN QUERY SELECT c.cluster_id FROM campaigns c WHERE c.id = own_id;
    WHEN 'cluster' THEN RETURN QUERY SELECT k.id FROM clusters k WHERE k.id = own_id;
    WHEN 'application' THEN RETURN QUERY SELECT x.cluster_id FROM company_applications x WHERE x.id = own_id;
    WHEN 'document' THEN RETURN QUERY SELECT d.cluster_id FROM documents d WHERE d.id = own_id;
    WHEN 'letter' THEN RETURN QUERY SELECT l.cluster_id FROM letters l WHERE l.id = own_id AND l.cluster_id IS NOT NULL;
    WHEN 'exchange_rate' THEN RETURN QUERY SELECT r.cluster_id FROM exchange_rates r WHERE r.id = own_id;
    WHEN 'payout' THEN RETURN QUERY SELECT o.cluster_id FROM payouts o WHERE o.id = own;
    WHEN 'statement_line' THEN RETURN QUERY SELECT r.cluster_id FROM statement_line_rests r WHERE r.line_id = own_id;
    WHEN 'line_match' THEN RETURN QUERY SELECT r.cluster_id FROM line_matches m JOIN statement_line_rests r ON r.line_id = m.line_id WHERE m.id = own_id;
    WHEN 'bank_statement' THEN RETURN QUERY SELECT b.cluster_id FROM bank_statements s JOIN bank_accounts b ON b.id = s.account_id WHERE s.id = own_id;
    WHEN 'stripe' THEN RETURN QUERY
        SELECT DISTINCT k.id FROM ledger.entries e JOIN ledger.lines l ON l.entry_id = e.id JOIN ledger.accounts x ON x.id = l.account_id
          JOIN clusters k ON x.code = 'stripe:' || k.id WHERE e.source = a.subject;
    WHEN 'company' THEN
        IF a.detail ? 'cluster' THEN -- what one cluster has said about it
            RETURN QUERY SELECT k.id FROM clusters k WHERE k.id::text = a.detail ->> 'cluster';
        ELSE
            RETURN QUERY SELECT DISTINCT m.cluster_id FROM memberships m
             WHERE m.company_id = own_id AND daterange(m.since, m.until) @> (a.happened_at AT TIME ZONE 'Europe/Kyiv')::date;
        END IF;
    WHEN 'person' THEN RETURN QUERY SELECT DISTINCT r.cluster_id FROM cluster_roles r WHERE r.person_id = own_id;
    -- Events and jobs are of the whole house, and so of whoever works in it.
    WHEN 'event', 'job' THEN RETURN QUERY SELECT DISTINCT r.cluster_id FROM cluster_roles r WHERE r.person_id = a.person_id;
    ELSE NULL;
    END CASE;
END $$;

CREATE FUNCTION act_of_clusters() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO audit_act_clusters (cluster_id, act_id, act, happened_at) SELECT k, NEW.id, NEW.act, NEW.happened_at FROM clusters_of_act(NEW) k;
    RETURN NULL;
END $$;

CREATE FUNCTION alarm_of_cluster() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO audit_act_clusters (cluster_id, act_id, act, happened_at) SELECT NEW.cluster_id, t.id, t.act, t.happened_at FROM audit_acts t WHERE t.id = NEW.act_id
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- What was written before. A person's and a company's clusters are those of today.
INSERT INTO audit_act_clusters (cluster_id, act_id, act, happened_at)
    SELECT k, t.id, t.act, t.happened_at FROM audit_acts t CROSS JOIN LATERAL clusters_of_act(t) k
    UNION
    SELECT a.cluster_id, t.id, t.act, t.happened_at FROM alarms a JOIN audit_acts t ON t.id = a.act_id;

CREATE TRIGGER of_clusters AFTER INSERT ON audit_acts FOR EACH ROW EXECUTE FUNCTION act_of_clusters();
ALTER TABLE audit_acts ENABLE ALWAYS TRIGGER of_clusters;
CREATE TRIGGER of_cluster AFTER INSERT ON alarms FOR EACH ROW EXECUTE FUNCTION alarm_of_cluster();
ALTER TABLE alarms ENABLE ALWAYS TRIGGER of_cluster;
CALL write_once('audit_act_clusters');
GRANT SELECT ON audit_act_clusters TO kopiyka_app;

-- Everybody may ask what was written to their address.
CREATE INDEX letters_recipient ON letters (recipient, id);
CREATE INDEX invitations_email ON invitations (email, id);
