package member_test

import (
	"regexp"
	"strings"
	"testing"
)

// The inbox is kept for good, so the nightly look for events that may lose something goes by
// an index of those that have. What is explained is the function's own statement.
func TestForgettingEventsReadsThoseAloneThatHaveSomethingToLose(t *testing.T) {
	t.Parallel()
	w := world(t)
	_, err := w.Owner.Exec(`INSERT INTO inbox_events (event_id, type, api_version, happened_at, object_kind, object_id, body, found_by, received_at, state, next_try_at, done_at, reduced_at)
		SELECT 'evt_' || n, 'charge.updated', '2024', at, 'charge', 'ch_' || n, '{}', 'webhook', at, 'done', at, at, CASE WHEN n > 1000 THEN at + interval '90 days' END
		  FROM (SELECT n, $1::timestamptz - n * interval '2 hours' AS at FROM generate_series(1, 20000) n) x`, w.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Owner.Exec(`ANALYZE inbox_events`); err != nil {
		t.Fatal(err)
	}
	var source string
	if err := w.Owner.Get(&source, `SELECT prosrc FROM pg_proc WHERE proname = 'forget'`); err != nil {
		t.Fatal(err)
	}
	statement := regexp.MustCompile(`UPDATE inbox_events [^;]+`).FindString(source)
	statement = regexp.MustCompile(`\bbefore\b`).ReplaceAllString(regexp.MustCompile(`\bmost\b`).ReplaceAllString(statement, "$$2"), "$$1")
	// A function keeps its plans, which then know no day: the statement must be good without one.
	tx, err := w.Owner.Beginx()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	tx.MustExec(`SET LOCAL plan_cache_mode = force_generic_plan; PREPARE forgets (timestamptz, int) AS ` + statement)
	var plan []string
	if err := tx.Select(&plan, `EXPLAIN EXECUTE forgets ('2026-01-01', 500)`); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(plan, "\n"); !strings.Contains(text, "inbox_events_whole") || strings.Contains(text, "Seq Scan") {
		t.Errorf("the inbox is read from end to end:\n%s", text)
	}
}
