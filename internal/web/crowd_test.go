package web_test

import (
	"testing"

	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/pg"
)

// crowd fills a house's database with n of everything that grows: pledges, payments with
// their entries, events, acts, jobs, alarms, and a tenth as many allocations. Half of it
// belongs to the world's own campaign, the rest to nineteen others of its cluster and to
// one of another cluster. The world's own company has made a twentieth of the pledges.
//
// It is SQL as text, since a hundred thousand gifts through the door would take an hour;
// what the books hold is balanced all the same.
func crowd(t testing.TB, w *gatewaytest.World, n int) {
	t.Helper()
	for i := range 20 {
		w.AddCampaign("crowd-"+string(rune('a'+i)), "open")
	}
	conn, err := w.Owner.Connx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	run := func(query string, args ...any) {
		t.Helper()
		if _, err := conn.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatalf("%v\nin %.300s", err, query)
		}
	}
	// Rows that come by the hundred thousand are not judged one by one: who fills a database
	// in this way only reads from it afterwards. A server that does not allow the quick way
	// judges at least nothing that we do.
	_, _ = conn.ExecContext(t.Context(), `SET session_replication_role = replica`)
	for _, table := range []string{"pledges", "instalments", "instalment_changes", "pledge_acts", "write_offs", "write_off_decisions", "refund_requests", "audit_acts", "alarms", "alarm_answers", "allocations", "allocation_decisions", "ledger.entries", "ledger.lines", "ledger.lots", "ledger.draws",
		"bank_statements", "statement_lines", "line_matches", "match_undoings", "match_undoing_decisions", "reconciliations", "documents", "letters"} {
		run(`ALTER TABLE ` + table + ` DISABLE TRIGGER USER`)
	}
	// The last of the campaigns goes to the stranger's cluster.
	run(`UPDATE campaigns SET cluster_id = (SELECT cluster_id FROM cluster_roles WHERE person_id = $1 LIMIT 1) WHERE slug = 'crowd-t'`, w.Stranger)
	run(`CREATE FUNCTION made(kind text, n int) RETURNS uuid LANGUAGE sql IMMUTABLE AS
		$$ SELECT (lpad(to_hex(25000000000 + n), 12, '0') || '7' || substr(md5(kind || n), 1, 3) || '8' || substr(md5(kind || n), 4, 15))::uuid $$`)
	run(`INSERT INTO exchange_rates (id, cluster_id, from_currency, to_currency, rate, source, day, entered_by, entered_at)
		SELECT made('rate', i), $2, 'EUR', 'USD', 1.08, 'NBU', date '2020-01-01' + i % 2000, $3, timestamptz '2026-01-01' + i * interval '1 second' FROM generate_series(1, $1::int / 10) i`, n, w.Cluster, w.Coordinator)
	run(`INSERT INTO companies (id, slug, name_uk, name_en, created_at)
		SELECT made('company', i), 'company-' || i, 'Компанія ' || initcap(md5('k' || i)), 'Company ' || initcap(md5('k' || i)), now() FROM generate_series(1, greatest($1::int / 50, 20)) i`, n)
	run(`INSERT INTO pledges (id, campaign_id, company_id, amount_minor, currency, visibility, due_on, reference, made_by, made_at, number, through_id)
		SELECT made('pledge', i), c.id, CASE WHEN i % 20 = 7 THEN $2 ELSE made('company', 1 + i % greatest($1::int / 50, 20)) END, 1000 + i % 5000, 'USD',
		       (ARRAY['named', 'amount-hidden', 'anonymous'])[1 + i % 3], CASE WHEN i % 2 = 0 THEN date '2020-01-01' + i % 2000 END,
		       'RF00' || lpad(i::text, 10, '0'), $3, timestamptz '2020-01-01' + i * interval '10 minutes', CASE WHEN i % 3 <> 2 THEN count(*) FILTER (WHERE i % 3 <> 2) OVER (PARTITION BY c.id ORDER BY i) END, c.cluster_id
		  FROM generate_series(1, $1::int) i
		  JOIN (SELECT id, cluster_id, row_number() OVER (ORDER BY slug = $4, slug) - 1 AS place FROM campaigns) c ON c.place = CASE WHEN i % 2 = 0 THEN 20 ELSE i / 2 % 20 END`,
		n, w.Company, w.Payer, w.Slug)
	run(`INSERT INTO instalments (id, pledge_id, amount_minor, due_on)
		SELECT made('instalment', i), p.id, p.amount_minor, coalesce(p.due_on, p.made_at::date) FROM generate_series(1, $1::int) i JOIN pledges p ON p.id = made('pledge', i)`, n)
	run(`INSERT INTO payments (id, pledge_id, campaign_id, amount_minor, currency, title, way, state, idempotency_key, session_id, payment_intent_id, charge_id,
		                       received_minor, fee_minor, started_by, started_at, settled_at, synced_at)
		SELECT made('payment', i), p.id, p.campaign_id, p.amount_minor, p.currency, 'Crowd', 'checkout', CASE WHEN i % 10 = 0 THEN 'expired' ELSE 'paid' END, 'crowd-' || i,
		       'cs_crowd_' || i, 'pi_crowd_' || i, 'ch_crowd_' || i, CASE WHEN i % 10 = 0 THEN 0 ELSE p.amount_minor END, CASE WHEN i % 10 = 0 THEN 0 ELSE 30 END,
		       p.made_by, p.made_at, p.made_at, p.made_at
		  FROM generate_series(1, $1::int) i JOIN pledges p ON p.id = made('pledge', i)`, n)
	run(`INSERT INTO pledge_acts (id, pledge_id, campaign_id, currency, number, kind, change_minor, reason, person_id, happened_at)
		SELECT made('act', i), p.id, p.campaign_id, p.currency, 1, 'corrected', 100, 'Crowd', $2, p.made_at FROM generate_series(1, $1::int, 2) i JOIN pledges p ON p.id = made('pledge', i)`, n, w.Coordinator)
	run(`INSERT INTO instalment_changes (act_id, instalment_id, pledge_id, change_minor) SELECT made('act', i), made('instalment', i), made('pledge', i), 100 FROM generate_series(1, $1::int, 2) i`, n)
	run(`INSERT INTO write_offs (id, pledge_id, campaign_id, currency, reason_code, reason, proposed_by, proposed_at)
		SELECT made('write-off', i), p.id, p.campaign_id, p.currency, 'other', 'Crowd', $2, p.made_at FROM generate_series(10, $1::int, 10) i JOIN pledges p ON p.id = made('pledge', i)`, n, w.Coordinator)
	run(`INSERT INTO write_off_decisions (write_off_id, proposed_by, decision, reason, decided_by, decided_at)
		SELECT made('write-off', i), $2, 'refused', 'Crowd', $3, now() FROM generate_series(10, $1::int - 200, 10) i`, n, w.Coordinator, w.Approver)
	run(`INSERT INTO pledges_awaited (pledge_id, touched_at) SELECT p.id, '-infinity' FROM pledges p JOIN payments y ON y.pledge_id = p.id WHERE y.state = 'expired' ON CONFLICT DO NOTHING`)
	run(`INSERT INTO write_offs_waiting (write_off_id) SELECT w.id FROM write_offs w LEFT JOIN write_off_decisions d ON d.write_off_id = w.id WHERE d.write_off_id IS NULL`)
	run(`INSERT INTO write_off_parts (write_off_id, instalment_id, pledge_id, amount_minor)
		SELECT made('write-off', i), made('instalment', i), made('pledge', i), 100 FROM generate_series(10, $1::int, 10) i`, n)
	run(`INSERT INTO refund_requests (id, payment_id, amount_minor, currency, reason, needs_approval, state, idempotency_key, asked_by, asked_at)
		SELECT made('refund', i), y.id, 100, y.currency, 'Crowd', false, CASE WHEN i % 500 = 1 THEN 'approved' ELSE 'failed' END, 'crowd-refund-' || i, $2, y.started_at
		  FROM generate_series(1, $1::int, 5) i JOIN payments y ON y.id = made('payment', i)`, n, w.Coordinator)
	run(`ANALYZE`)
	books(run, w)
	statements(run, w, n)
	run(`INSERT INTO inbox_events (event_id, type, api_version, happened_at, object_kind, object_id, body, found_by, received_at, state, tries, next_try_at)
		SELECT 'evt_crowd_' || i, 'charge.succeeded', '2023-10-16', y.started_at, 'charge', y.charge_id, '{}', 'webhook', y.started_at,
		       CASE WHEN i % 100 = 0 THEN 'dead' WHEN i % 100 = 1 THEN 'new' ELSE 'done' END, 1, timestamptz '2099-01-01'
		  FROM generate_series(1, $1::int) i JOIN payments y ON y.id = made('payment', i)`, n)
	run(`INSERT INTO audit_acts (happened_at, act, subject, person_id) SELECT y.started_at, 'payment.gift', 'payment:' || y.id, CASE WHEN y.id::text ~ '0$' THEN y.started_by END FROM payments y`)
	run(`INSERT INTO audit_act_clusters (cluster_id, act_id, act, happened_at) SELECT c.cluster_id, t.id, t.act, t.happened_at FROM audit_acts t
		   JOIN payments y ON t.subject = 'payment:' || y.id JOIN campaigns c ON c.id = y.campaign_id WHERE t.act = 'payment.gift' ON CONFLICT DO NOTHING`)
	run(`INSERT INTO alarms (act_id, cluster_id) SELECT t.id, c.cluster_id FROM audit_acts t
		   JOIN payments y ON t.subject = 'payment:' || y.id JOIN campaigns c ON c.id = y.campaign_id WHERE t.act = 'payment.gift'`)
	run(`INSERT INTO alarm_answers (act_id, answered_by, answered_at, note) SELECT act_id, $1, now(), 'seen' FROM alarms WHERE act_id % 100 <> 0`, w.Coordinator)
	run(`UPDATE alarms a SET open = false FROM alarm_answers n WHERE n.act_id = a.act_id`)
	run(`INSERT INTO `+pg.JobsSchema+`.river_job (state, kind, args, attempt, max_attempts, queue, priority, finalized_at, scheduled_at)
		SELECT s.state::`+pg.JobsSchema+`.river_job_state, 'crowd', '{}', 3, 3, 'default', 1, CASE WHEN s.state IN ('discarded', 'completed') THEN now() END, now() + interval '1 year'
		  FROM generate_series(1, $1::int) i, LATERAL (SELECT CASE i % 20 WHEN 0 THEN 'discarded' WHEN 1 THEN 'scheduled' ELSE 'completed' END AS state) s`, n)
	run(`INSERT INTO allocations (id, campaign_id, purpose_id, amount_minor, currency, reason, proposed_by, proposed_at)
		SELECT made('allocation', i), $2, $3, 100, 'USD', 'Crowd', $4, timestamptz '2020-01-01' + i * interval '1 hour' FROM generate_series(1, $1::int / 10) i`,
		n, w.Campaign, w.Purpose, w.Coordinator)
	run(`INSERT INTO allocation_decisions (allocation_id, proposed_by, decision, reason, decided_by, decided_at)
		SELECT id, proposed_by, 'refused', 'Crowd', $1, proposed_at FROM allocations WHERE proposed_at < (SELECT max(proposed_at) FROM allocations) - interval '20 hours'`, w.Approver)
	run(`INSERT INTO allocations_waiting (allocation_id, campaign_id)
		SELECT a.id, a.campaign_id FROM allocations a LEFT JOIN allocation_decisions d ON d.allocation_id = a.id WHERE d.allocation_id IS NULL`)
	run(`INSERT INTO documents (id, cluster_id, company_id, kind, year, number, subject, content, facts, pledge_id, payment_id, amount_minor, currency, happened_at, issued_at)
		SELECT made('document', i), c.cluster_id, p.company_id, 'receipt', extract(year FROM y.started_at), i, 'payment:' || y.id, sha256(y.id::text::bytea), '{}', p.id, y.id, y.amount_minor, y.currency, y.started_at, y.started_at
		  FROM generate_series(1, $1::int) i JOIN payments y ON y.id = made('payment', i) JOIN pledges p ON p.id = y.pledge_id JOIN campaigns c ON c.id = y.campaign_id`, n)
	run(`INSERT INTO letters (id, key, name, lang, recipient, subject, text_body, html_body, queued_at, cluster_id)
		SELECT made('letter', i), 'crowd:' || i, CASE WHEN i % 10 = 0 THEN 'digest' ELSE 'receipt' END, 'uk', 'person-' || i % 1000 || '@example.org', 'Crowd', '', '', d.issued_at, d.cluster_id
		  FROM generate_series(1, $1::int) i JOIN documents d ON d.id = made('document', i)`, n)
	run(`INSERT INTO letter_states (letter_id, state, tries, next_try_at, sent_at)
		SELECT made('letter', i), CASE WHEN i % 500 = 0 THEN 'refused' WHEN i % 500 = 1 THEN 'waiting' ELSE 'sent' END, 1, timestamptz '2099-01-01', CASE WHEN i % 500 > 1 THEN now() END FROM generate_series(1, $1::int) i`, n)
	members(run, w, n)
	run(`VACUUM (ANALYZE)`)
}

// members are the crowd's companies in the world's cluster and another, with what came before
// and beside: n/10 applications, most of them decided, and as many invitations, most accepted.
func members(run func(string, ...any), w *gatewaytest.World, n int) {
	run(`INSERT INTO memberships (company_id, cluster_id, since, kind)
		SELECT k.id, CASE WHEN row_number() OVER (ORDER BY k.id) % 4 = 0 THEN o.id ELSE $1 END, date '2015-01-01' + (row_number() OVER (ORDER BY k.id) % 3000)::int, 'member'
		  FROM companies k, clusters o WHERE k.slug LIKE 'company-%' AND o.slug = 'lviv-it'`, w.Cluster)
	run(`INSERT INTO company_applications (id, cluster_id, kind, name_uk, name_en, country, official_id, site, message, shows_name, shows_site, person_name, email, lang, token_hash, asked_from, asked_at)
		SELECT made('application', i), CASE WHEN i % 4 = 0 THEN o.id ELSE $2 END, 'member', 'Заявка', 'Application', 'UA', '', '', '', true, true, 'Crowd', 'apply-' || i || '@example.org', 'uk', sha256(i::text::bytea), 'crowd', timestamptz '2020-01-01' + i * interval '1 hour'
		  FROM generate_series(1, $1::int / 10) i, clusters o WHERE o.slug = 'lviv-it'`, n, w.Cluster)
	run(`INSERT INTO application_confirmations (application_id, cluster_id, confirmed_at, waits) SELECT id, cluster_id, asked_at, asked_at > timestamptz '2020-01-01' + ($1::int / 10 - 200) * interval '1 hour' FROM company_applications`, n)
	run(`INSERT INTO application_decisions (application_id, accepted, reason, person_id, happened_at) SELECT application_id, false, 'Crowd', $1, confirmed_at FROM application_confirmations WHERE NOT waits`, w.Coordinator)
	run(`INSERT INTO invitations (id, company_id, role, email, lang, token_hash, invited_at, expires_at)
		SELECT made('invitation', i), made('company', 1 + i % greatest($1::int / 50, 20)), 'payer', 'invited-' || i || '@example.org', 'uk', sha256(('i' || i)::bytea), timestamptz '2020-01-01' + i * interval '1 hour', timestamptz '2020-01-02' + i * interval '1 hour'
		  FROM generate_series(1, $1::int / 10) i`, n)
	run(`INSERT INTO invitations (id, cluster_id, role, email, lang, token_hash, invited_at, expires_at)
		SELECT made('called', i), $2, 'auditor', 'called-' || i || '@example.org', 'uk', sha256(('c' || i)::bytea), timestamptz '2020-01-01' + i * interval '1 hour', timestamptz '2020-01-02' + i * interval '1 hour'
		  FROM generate_series(1, $1::int / 100) i`, n, w.Cluster)
	run(`INSERT INTO invitation_ends (invitation_id, how, happened_at) SELECT id, 'revoked', expires_at FROM invitations WHERE id NOT IN (SELECT made('invitation', i) FROM generate_series(1, 50) i)`)
}

// statements are what banks brought to twenty accounts: n lines, a hundred to a statement, a
// two-hundredth of them unmatched, a tenth asked back. Each account that paid is a company's.
func statements(run func(string, ...any), w *gatewaytest.World, n int) {
	run(`INSERT INTO bank_accounts (id, cluster_id, iban, currency, holder_uk, holder_en, bank_uk, bank_en, created_at)
		SELECT made('account', i), c.cluster_id, 'UA90305299' || lpad(i::text, 19, '0'), 'USD', 'Юрба', 'Crowd', 'Банк', 'Bank', now()
		  FROM generate_series(0, 19) i, campaigns c WHERE c.id = $1`, w.Campaign)
	run(`INSERT INTO bank_statements (id, account_id, currency, file_sha256, part, file_name, format, from_on, to_on, opening_minor, closing_minor, sum_minor, lines, added, imported_at)
		SELECT made('statement', i), made('account', i % 20), 'USD', sha256(i::text::bytea), 0, 'crowd.csv', 'csv', date '2020-01-01' + i, date '2020-01-01' + i, 0, 0, 0, 100, 100, timestamptz '2020-01-01' + i * interval '1 day'
		  FROM generate_series(0, $1::int / 100) i`, n)
	run(`INSERT INTO statement_lines (id, statement_id, account_id, currency, identity, booked_on, amount_minor, party, party_iban, details, kind)
		SELECT made('line', i), made('statement', i / 100), made('account', i / 100 % 20), 'USD', sha256(i::text::bytea), date '2020-01-01' + i / 100, 1000 + i % 5000,
		       'Crowd ' || md5('k' || k), 'UA' || lpad(k::text, 27, '0'), 'gift ' || i, 'payment' FROM generate_series(1, $1::int) i, LATERAL (SELECT i % greatest($1::int / 50, 20) AS k) x`, n)
	run(`INSERT INTO statement_line_rests (line_id, cluster_id, booked_on, amount_minor, open_minor)
		SELECT made('line', i), c.cluster_id, date '2020-01-01' + i / 100, 1000 + i % 5000, CASE WHEN i % 200 = 0 THEN 1000 + i % 5000 ELSE 0 END
		  FROM generate_series(1, $1::int) i, campaigns c WHERE c.id = $2`, n, w.Campaign)
	run(`INSERT INTO line_matches (id, line_id, kind, amount_minor, payment_id, entry_id, matched_at)
		SELECT made('match', i), made('line', i), 'gift', 1000 + i % 5000, made('payment', i), i, now() FROM generate_series(1, $1::int) i WHERE i % 200 <> 0`, n)
	run(`INSERT INTO match_undoings (id, match_id, reason, asked_by, asked_at)
		SELECT made('undoing', i), made('match', i), 'Crowd', $2, now() FROM generate_series(1, $1::int, 10) i`, n, w.Coordinator)
	run(`INSERT INTO match_undoing_decisions (undoing_id, match_id, asked_by, decision, decided_by, decided_at)
		SELECT made('undoing', i), made('match', i), $2, 'refused', $3, now() FROM generate_series(1, $1::int - 500, 10) i`, n, w.Coordinator, w.Approver)
	run(`INSERT INTO match_undoings_waiting (undoing_id, cluster_id)
		SELECT u.id, r.cluster_id FROM match_undoings u JOIN line_matches m ON m.id = u.match_id JOIN statement_line_rests r ON r.line_id = m.line_id LEFT JOIN match_undoing_decisions d ON d.undoing_id = u.id WHERE d.undoing_id IS NULL`)
	run(`INSERT INTO reconciliations (id, cluster_id, ran_at, differences, checks)
		SELECT made('reconciliation', i), c.cluster_id, timestamptz '2020-01-01' + i * interval '1 hour', 0, '[]' FROM generate_series(1, $1::int / 10) i, campaigns c WHERE c.id = $2`, n, w.Campaign)
}

// books writes an entry for each payment that came in, as giving posts it, and some money
// that nobody has explained.
func books(run func(string, ...any), w *gatewaytest.World) {
	run(`SELECT ledger.account(k || ':' || c.id, 'USD') FROM campaigns c, unnest(ARRAY['fund', 'fee', 'released']) k`)
	run(`SELECT ledger.account(k || ':' || id, 'USD') FROM clusters, unnest(ARRAY['stripe', 'suspense']) k`)
	run(`INSERT INTO ledger.entries (source, content, kind, happened_at, actor)
		SELECT 'stripe:txn_' || y.id, sha256(y.id::text::bytea), 'gift', y.started_at, 'stripe' FROM payments y WHERE y.received_minor > 0 AND y.title = 'Crowd' ORDER BY y.started_at`)
	run(`INSERT INTO ledger.lines (entry_id, account_id, currency, amount)
		SELECT e.id, a.id, 'USD', l.amount
		  FROM payments y JOIN campaigns c ON c.id = y.campaign_id JOIN ledger.entries e ON e.source = 'stripe:txn_' || y.id
		 CROSS JOIN LATERAL (VALUES ('stripe:' || c.cluster_id, y.received_minor - 30), ('fund:' || c.id, -y.received_minor), ('fund:' || c.id, 30),
		                            ('fee:' || c.id, 30), ('released:' || c.id, -30)) l(code, amount)
		  JOIN ledger.accounts a ON a.code = l.code AND a.currency = 'USD'`)
	run(`INSERT INTO ledger.lots (account_id, entry_id, origin, amount, remaining)
		SELECT a.id, e.id, 'payment:' || y.id, y.received_minor, y.received_minor - 30
		  FROM payments y JOIN ledger.entries e ON e.source = 'stripe:txn_' || y.id JOIN ledger.accounts a ON a.code = 'fund:' || y.campaign_id`)
	run(`INSERT INTO ledger.draws (lot_id, entry_id, amount) SELECT id, entry_id, 30 FROM ledger.lots`)
	run(`UPDATE ledger.balances b SET balance = x.balance FROM (SELECT account_id, sum(remaining) AS balance FROM ledger.lots GROUP BY account_id) x WHERE x.account_id = b.account_id`)
	// A tenth of all lines at Stripe once more, unexplained.
	run(`INSERT INTO ledger.entries (source, content, kind, happened_at, actor)
		SELECT source || '-odd', content, 'suspense', happened_at, 'stripe' FROM ledger.entries WHERE id % 10 = 0`)
	run(`INSERT INTO ledger.lines (entry_id, account_id, currency, amount)
		SELECT e.id, a.id, 'USD', l.amount FROM ledger.entries e
		 CROSS JOIN LATERAL (VALUES ('stripe:' || $1, 100), ('suspense:' || $1, -100)) l(code, amount)
		  JOIN ledger.accounts a ON a.code = l.code AND a.currency = 'USD' WHERE e.kind = 'suspense'`, w.Cluster)
}
