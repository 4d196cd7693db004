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
