package document_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/document"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
)

// Each payment that came in has one receipt, and its company's people one letter each, in
// their own language, however many clerks there are.
func TestAPaymentHasOneReceipt(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.Tx(func(tx *sqlx.Tx) error { return member.SpeakTo(t.Context(), tx, r.CompanyOwner, "en") })
	const n = 6
	for i := range n {
		r.paid(int64(10_000 + i))
	}
	var issued int
	counts := make([]int, 3)
	for _, err := range gatewaytest.Together(3, func(i int) error {
		var err error
		counts[i], err = r.clerk.IssueAll(context.Background(), time.Time{})
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	for _, c := range counts {
		issued += c
	}
	if receipts := r.Count("documents WHERE kind = 'receipt'"); issued != n || receipts != n {
		t.Errorf("%d were issued, %d are there, want %d", issued, receipts, n)
	}
	if letters := r.Count("letters"); letters != 2*n {
		t.Errorf("%d letters, want one to the owner and one to the payer for each", letters)
	}
	if again := r.issueAll(); again != 0 {
		t.Errorf("%d more the next time", again)
	}
	var all []struct{ Recipient, Lang, Subject, Name string }
	err := r.DB.Select(&all, `SELECT l.recipient, l.lang, l.subject, a.file_name AS name FROM letters l JOIN letter_attachments a ON a.letter_id = l.id
		WHERE l.subject LIKE '%100.00%' OR l.subject LIKE '%100,00%' ORDER BY l.recipient`)
	if err != nil || len(all) != 2 {
		t.Fatalf("letters %+v, %v", all, err)
	}
	if a := all[0]; a.Recipient != "owner@example.org" || a.Lang != "en" || a.Subject != "Received $100.00: Ventilators" || !strings.HasSuffix(a.Name, ".en.pdf") {
		t.Errorf("the owner got %+v", a)
	}
	if a := all[1]; a.Recipient != "payer@example.org" || a.Lang != "uk" || a.Subject != "Отримано 100,00\u00a0$: Апарати ШВЛ" || !strings.HasSuffix(a.Name, ".uk.pdf") {
		t.Errorf("the payer got %+v", a)
	}
}

// Money that goes back, in parts or not at all, ends in notes that add up to what Stripe
// says; the receipt stays as it was.
func TestNotesAddUpToWhatWasRefunded(t *testing.T) {
	t.Parallel()
	r := open(t)
	id := r.paid(10_000)
	r.issueAll()
	for _, step := range []struct {
		refunded int64
		notes    int
		last     int64
		letter   string
	}{
		{3_000, 1, 3_000, "refund"}, {3_000, 1, 3_000, "refund"}, {10_000, 2, 7_000, "refund"}, {3_000, 3, -7_000, "refund-undone"}, {10_000, 4, 7_000, "refund"},
	} {
		r.refunded(id, step.refunded)
		r.issueAll()
		var got struct {
			Sum   int64
			Count int
		}
		if err := r.DB.Get(&got, `SELECT sum(amount_minor)::bigint, count(*) FROM documents WHERE kind = 'refund-note'`); err != nil {
			t.Fatal(err)
		}
		if got.Sum != step.refunded || got.Count != step.notes {
			t.Errorf("after %d went back: %d notes of %d", step.refunded, got.Count, got.Sum)
		}
		var last struct {
			Minor  int64 `db:"amount_minor"`
			Letter string
		}
		err := r.DB.Get(&last, `SELECT d.amount_minor, (SELECT l.name FROM letters l WHERE l.key LIKE 'document:' || d.id || ':%' LIMIT 1) AS letter
			FROM documents d WHERE d.kind = 'refund-note' ORDER BY d.number DESC LIMIT 1`)
		if err != nil || last.Minor != step.last || last.Letter != step.letter {
			t.Errorf("after %d went back, the last note is %+v, %v", step.refunded, last, err)
		}
	}
	if n := r.Count("documents WHERE kind = 'receipt' AND amount_minor = 10000"); n != 1 {
		t.Errorf("%d receipts", n)
	}
}

// A payment that was refunded before anybody looked has its receipt first.
func TestAPaymentThatCameAndWent(t *testing.T) {
	t.Parallel()
	r := open(t)
	id := r.paid(10_000)
	r.refunded(id, 10_000)
	if n := r.issueAll(); n != 2 {
		t.Errorf("%d documents", n)
	}
	var note document.Document
	list, err := document.OfPledge(t.Context(), r.DB, r.Payment(id).PledgeID, r.Payer)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d, %v", len(list), err)
	}
	if note = list[0]; note.Kind != document.RefundNote || note.Facts.Payment.ReceiptNo != list[1].No() {
		t.Errorf("the note is %+v", note)
	}
}

// Nothing came in: nothing is written.
func TestWhatDidNotComeInHasNoReceipt(t *testing.T) {
	t.Parallel()
	r := open(t)
	id := r.paid(10_000)
	r.Owner.MustExec(`UPDATE payments SET received_minor = 0, settled_at = NULL, state = 'processing' WHERE id = $1`, id)
	if n := r.issueAll(); n != 0 || r.Count("letters") != 0 {
		t.Errorf("%d documents", n)
	}
	if n, err := r.clerk.Issue(t.Context(), id); n != 0 || err != nil {
		t.Errorf("asked for it by name: %d, %v", n, err)
	}
}

// One payment that cannot be done holds no other up, and is told of.
func TestAPoisonedPaymentHoldsNoOtherUp(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.paid(10_000)
	bad := r.paid(20_000)
	r.paid(30_000)
	r.Owner.MustExec(`ALTER TABLE documents ADD CONSTRAINT no_twenty_thousand CHECK (amount_minor <> 20000)`)
	n, err := r.clerk.IssueAll(t.Context(), time.Time{})
	if n != 2 || err == nil || !strings.Contains(err.Error(), bad) {
		t.Errorf("%d issued, %v", n, err)
	}
	if letters := r.Count("letters"); letters != 4 {
		t.Errorf("%d letters", letters)
	}
	r.Owner.MustExec(`ALTER TABLE documents DROP CONSTRAINT no_twenty_thousand`)
	if n := r.issueAll(); n != 1 {
		t.Errorf("mended: %d", n)
	}
	if n := r.Count("documents WHERE number BETWEEN 1 AND 3"); n != 3 {
		t.Errorf("%d have the numbers 1 to 3: a failure left a gap", n)
	}
}

// The minute's round looks at what was started lately alone; the hour's at everything.
func TestARoundBeginsAtItsTime(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.paid(10_000)
	now := time.Now() // ids are made by the machine's clock
	if n, err := r.clerk.IssueAll(t.Context(), now.Add(time.Minute)); n != 0 || err != nil {
		t.Errorf("a round of what is still to be started: %d, %v", n, err)
	}
	if n, err := r.clerk.IssueAll(t.Context(), now.Add(-time.Minute)); n != 1 || err != nil {
		t.Errorf("a round of the last minute: %d, %v", n, err)
	}
}

// A company's year is what its documents say.
func TestAYearAddsUp(t *testing.T) {
	t.Parallel()
	r := open(t)
	first, second := r.paid(10_000), r.paid(25_050)
	old := r.paid(99_999)
	r.Owner.MustExec(`UPDATE payments SET settled_at = '2025-12-31 21:59:59Z' WHERE id = $1`, old) // one second before the year in Kyiv
	r.refunded(first, 4_000)
	r.Owner.MustExec(`UPDATE payments SET lost_minor = 1000 WHERE id = $1`, second)
	r.issueAll()

	years, err := document.YearsOf(t.Context(), r.DB, "ganok", r.Viewer, 2026)
	if err != nil || len(years) != 1 {
		t.Fatalf("%d years, %v", len(years), err)
	}
	totals := years[0].Facts.Totals()
	if want := (document.Total{Currency: "USD", Received: 35_050, Returned: 4_000, Taken: 1_000}); len(totals) != 1 || totals[0] != want || totals[0].Stays() != money.Of(30_050, "USD") {
		t.Errorf("totals %+v", totals)
	}
	issued, err := document.IssueStatements(t.Context(), r.DB, r.Now, "ganok", r.Payer, 2026)
	if err != nil || len(issued) != 1 {
		t.Fatalf("%d, %v", len(issued), err)
	}
	again, err := document.IssueStatements(t.Context(), r.DB, r.Now, "ganok", r.CompanyOwner, 2026)
	if err != nil || again[0].ID != issued[0].ID {
		t.Errorf("nothing changed, and there is another statement: %v", err)
	}
	said := textOf(t, r.file(issued[0].ID, i18n.EN))
	for _, want := range []string{"Statement No. 2026-1", "$350.50", "$300.50", "Three hundred US dollars and 50 cents.", "−$40.00", "−$10.00"} {
		if !strings.Contains(said, want) {
			t.Errorf("it lacks %q: %s", want, said)
		}
	}
	list, err := document.StatementsOf(t.Context(), r.DB, "ganok", r.Viewer, 2026)
	if err != nil || len(list) != 1 {
		t.Errorf("list: %d, %v", len(list), err)
	}
	for _, c := range []struct {
		slug, person string
		year         int
		want         string
	}{
		{"ganok", r.Viewer, 2026, "company.viewer_cannot_pay"}, {"ganok", r.Stranger, 2026, "company.unknown"}, {"nobody", r.Payer, 2026, "company.unknown"}, {"ganok", r.Payer, 2024, "document.empty_year"},
	} {
		if _, err := document.IssueStatements(t.Context(), r.DB, r.Now, c.slug, c.person, c.year); faultKey(err) != c.want {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := document.YearsOf(t.Context(), r.DB, "ganok", r.Stranger, 2026); faultKey(err) != "company.unknown" {
		t.Errorf("a stranger: %v", err)
	}
	if list, err := document.StatementsOf(t.Context(), r.DB, "ganok", r.Stranger, 2026); err != nil || len(list) != 0 {
		t.Errorf("a stranger's list: %d, %v", len(list), err)
	}
}
