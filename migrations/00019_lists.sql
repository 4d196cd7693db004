-- +goose Up
-- What more of the desk's and the companies' lists are read by. Each shows the newest first
-- and goes on below the last row of the page before.

CREATE INDEX pledges_purchase_order ON pledges (purchase_order) WHERE purchase_order <> '';

CREATE INDEX documents_cluster_newest ON documents (cluster_id, id);
CREATE INDEX documents_company_newest ON documents (company_id, id);

-- Whose people may see that a letter was written. A letter that belongs to its reader
-- alone, such as one that lets somebody in, has no cluster, and nobody else sees it.
ALTER TABLE letters ADD COLUMN cluster_id uuid REFERENCES clusters;
ALTER TABLE letters DISABLE TRIGGER write_once_rows;
UPDATE letters l SET cluster_id = d.cluster_id FROM documents d
 WHERE l.key LIKE 'document:%' AND d.id::text = split_part(l.key, ':', 2);
UPDATE letters l SET cluster_id = c.cluster_id FROM instalments i JOIN pledges p ON p.id = i.pledge_id JOIN campaigns c ON c.id = p.campaign_id
 WHERE l.key LIKE 'reminder:%' AND i.id::text = split_part(l.key, ':', 2);
UPDATE letters l SET cluster_id = k.id FROM clusters k
 WHERE l.key LIKE 'digest:%' AND k.id::text = split_part(l.key, ':', 2);
ALTER TABLE letters ENABLE ALWAYS TRIGGER write_once_rows;
CREATE INDEX letters_cluster_newest ON letters (cluster_id, id);
CREATE INDEX letters_cluster_recipient ON letters (cluster_id, lower(recipient) text_pattern_ops);
COMMENT ON COLUMN letters.cluster_id IS 'Whose people may see that the letter was written; empty: nobody''s.';

-- What is asked to be undone and nobody has decided, so that the desk finds it among all
-- that was decided.
CREATE TABLE match_undoings_waiting (
    undoing_id uuid PRIMARY KEY REFERENCES match_undoings,
    cluster_id uuid NOT NULL REFERENCES clusters
);
CREATE INDEX match_undoings_waiting_cluster ON match_undoings_waiting (cluster_id, undoing_id);
COMMENT ON TABLE match_undoings_waiting IS 'Kept by the triggers of match_undoings and match_undoing_decisions alone.';
INSERT INTO match_undoings_waiting (undoing_id, cluster_id)
    SELECT u.id, r.cluster_id FROM match_undoings u JOIN line_matches m ON m.id = u.match_id JOIN statement_line_rests r ON r.line_id = m.line_id
      LEFT JOIN match_undoing_decisions d ON d.undoing_id = u.id WHERE d.undoing_id IS NULL;
-- +goose StatementBegin
CREATE FUNCTION undoing_waits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'match_undoings' THEN
        INSERT INTO match_undoings_waiting (undoing_id, cluster_id)
            SELECT NEW.id, r.cluster_id FROM line_matches m JOIN statement_line_rests r ON r.line_id = m.line_id WHERE m.id = NEW.match_id;
    ELSE
        DELETE FROM match_undoings_waiting WHERE undoing_id = NEW.undoing_id;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER waits AFTER INSERT ON match_undoings FOR EACH ROW EXECUTE FUNCTION undoing_waits();
CREATE TRIGGER waits_no_more AFTER INSERT ON match_undoing_decisions FOR EACH ROW EXECUTE FUNCTION undoing_waits();
ALTER TABLE match_undoings ENABLE ALWAYS TRIGGER waits;
ALTER TABLE match_undoing_decisions ENABLE ALWAYS TRIGGER waits_no_more;
GRANT SELECT ON match_undoings_waiting TO kopiyka_app;
