package document_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/document"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// room is a world in which documents are issued.
type room struct {
	*gatewaytest.World
	t     *testing.T
	clerk *document.Clerk
}

func open(t *testing.T) *room {
	t.Helper()
	w := gatewaytest.NewWorld(t, clock.At(noon), "USD")
	return &room{w, t, &document.Clerk{DB: w.DB, Now: w.Now, URL: "https://help.example.org"}}
}

// account gives the cluster an account at a bank.
func (r *room) account() {
	r.t.Helper()
	r.Tx(func(tx *sqlx.Tx) error {
		_, err := member.AddBankAccount(r.t.Context(), tx, noon, member.BankAccount{
			ClusterID: r.Cluster, IBAN: "UA213223130000026007233566001", BIC: "PBANUA2X", Currency: "USD", HolderID: "12345678",
			Holder: member.Text{UK: "ГО «Кластер»", EN: "Cluster NGO"}, Bank: member.Text{UK: "Банк", EN: "Bank"},
		})
		return err
	})
}

// paid is a payment that came in, as Stripe's facts leave it; books are not this room's.
func (r *room) paid(minor int64) string {
	r.t.Helper()
	id := pg.NewID()
	r.Owner.MustExec(`INSERT INTO payments (id, pledge_id, campaign_id, amount_minor, currency, title, way, state, idempotency_key, method, received_minor, fee_minor, started_by, started_at, settled_at, synced_at)
		VALUES ($1, $2, $3, $4, 'USD', 'x', 'checkout', 'paid', 'key-' || gen_random_uuid(), 'card', $4, 59, $5, $6, $6, $6)`, id, r.Pledge(minor), r.Campaign, minor, r.Payer, noon)
	return id
}

func (r *room) refunded(payment string, minor int64) {
	r.t.Helper()
	r.Owner.MustExec(`UPDATE payments SET refunded_minor = $2, synced_at = synced_at + interval '1 day' WHERE id = $1`, payment, minor)
}

func (r *room) issueAll() int {
	r.t.Helper()
	n, err := r.clerk.IssueAll(r.t.Context(), time.Time{})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *room) wish(pledge, person string) document.Wish {
	return document.Wish{PledgeID: pledge, PersonID: person, PayURL: "https://help.example.org/portal/pledges/" + pledge}
}

func (r *room) invoice(pledge string) document.Document {
	r.t.Helper()
	doc, err := document.IssueInvoice(r.t.Context(), r.DB, r.Now, r.wish(pledge, r.Payer))
	if err != nil {
		r.t.Fatal(err)
	}
	return doc
}

func (r *room) file(id string, l i18n.Lang) []byte {
	r.t.Helper()
	_, body, err := document.File(r.t.Context(), r.DB, r.Now, id, r.Payer, l)
	if err != nil {
		r.t.Fatal(err)
	}
	return body
}

func faultKey(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Key
	}
	return fmt.Sprint(err)
}

func TestAnInvoiceAsksForWhatIsOutstanding(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.account()
	pledge := r.Pledge(150_000)
	doc := r.invoice(pledge)
	if doc.Amount() != money.Of(150_000, "USD") || doc.No() != "2026-1" || doc.PledgeID != pledge || doc.Facts.Account == nil || doc.Facts.Pledge.Reference == "" {
		t.Errorf("invoice %+v", doc)
	}
	if again := r.invoice(pledge); again.ID != doc.ID {
		t.Errorf("the same wish became invoice %s", again.No())
	}
	part := r.wish(pledge, r.Payer)
	part.Amount = money.Of(50_000, "USD")
	if doc, err := document.IssueInvoice(t.Context(), r.DB, r.Now, part); err != nil || doc.No() != "2026-2" || doc.Minor != 50_000 {
		t.Errorf("a part: %+v, %v", doc, err)
	}
	said := textOf(t, r.file(doc.ID, i18n.UK))
	for _, want := range []string{"Рахунок № 2026-1", "Ганок", "1 500,00 $", "Одна тисяча п’ятсот доларів США 00 центів", "UA21 3223", doc.Facts.Pledge.Reference.String()} {
		if !strings.Contains(said, want) {
			t.Errorf("it lacks %q: %s", want, said)
		}
	}
}

func TestWhoMayHaveWhichDocument(t *testing.T) {
	t.Parallel()
	r := open(t)
	pledge := r.Pledge(10_000)
	doc := r.invoice(pledge)
	for person, want := range map[string]string{r.Payer: "<nil>", r.CompanyOwner: "<nil>", r.Viewer: "<nil>", r.Stranger: "document.unknown", r.Coordinator: "document.unknown"} {
		if _, _, err := document.File(t.Context(), r.DB, r.Now, doc.ID, person, i18n.UK); faultKey(err) != want {
			t.Errorf("file: %v, want %s", err, want)
		}
		list, err := document.OfPledge(t.Context(), r.DB, pledge, person)
		if err != nil || (len(list) == 1) != (want == "<nil>") {
			t.Errorf("list: %d, %v", len(list), err)
		}
	}
	for person, want := range map[string]string{r.CompanyOwner: "<nil>", r.Viewer: "company.viewer_cannot_pay", r.Stranger: "pledge.unknown", r.Coordinator: "pledge.unknown"} {
		for _, issue := range []func(context.Context, *sqlx.DB, clock.Clock, document.Wish) (document.Document, error){document.IssueInvoice, document.IssueAgreement} {
			if _, err := issue(t.Context(), r.DB, r.Now, r.wish(pledge, person)); faultKey(err) != want {
				t.Errorf("issue: %v, want %s", err, want)
			}
		}
	}
	for _, id := range []string{"", "x", pledge, doc.ID + "0"} {
		if _, _, err := document.File(t.Context(), r.DB, r.Now, id, r.Payer, i18n.UK); faultKey(err) != "document.unknown" {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestWrongWishesAreRefused(t *testing.T) {
	t.Parallel()
	r := open(t)
	pledge := r.Pledge(10_000)
	for want, amount := range map[string]money.Amount{
		"payment.more_than_left": money.Of(10_001, "USD"), "pledge.other_currency": money.Of(100, "EUR"), "money.zero": money.Of(-1, "USD"),
	} {
		w := r.wish(pledge, r.Payer)
		w.Amount = amount
		if _, err := document.IssueInvoice(t.Context(), r.DB, r.Now, w); faultKey(err) != want {
			t.Errorf("%v: %v, want %s", amount, err, want)
		}
	}
	id := r.paid(5_000)
	var whole string
	if err := r.DB.Get(&whole, `SELECT pledge_id FROM payments WHERE id = $1`, id); err != nil {
		t.Fatal(err)
	}
	if _, err := document.IssueInvoice(t.Context(), r.DB, r.Now, r.wish(whole, r.Payer)); faultKey(err) != "payment.nothing_left" {
		t.Errorf("a paid pledge: %v", err)
	}
	if n := r.Count("documents"); n != 0 {
		t.Errorf("%d documents were issued", n)
	}
}

// Numbers of a cluster, kind and year have no gaps and no doubles, however many are issued
// at once and however many transactions are undone.
func TestNumbersHaveNoGaps(t *testing.T) {
	t.Parallel()
	r := open(t)
	const n = 24
	pledges := make([]string, n)
	for i := range pledges {
		pledges[i] = r.Pledge(int64(1_000 + i))
	}
	for _, err := range gatewaytest.Together(n, func(i int) error {
		if i%3 == 0 { // undone after its number was given
			tx, err := r.DB.Beginx()
			if err != nil {
				return err
			}
			_, err = tx.Exec(`INSERT INTO documents (id, cluster_id, company_id, kind, year, subject, content, facts, pledge_id, amount_minor, currency, happened_at, issued_at)
				VALUES (gen_random_uuid(), $1, $2, 'invoice', 2026, 'undone', $3, '{}', $4, 1, 'USD', now(), now())`, r.Cluster, r.Company, make([]byte, 32), pledges[i])
			return errors.Join(err, tx.Rollback())
		}
		_, err := document.IssueInvoice(context.Background(), r.DB, r.Now, r.wish(pledges[i], r.Payer))
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	var said struct{ Count, Least, Most int }
	if err := r.DB.Get(&said, `SELECT count(*), min(number) AS least, max(number) AS most FROM documents WHERE kind = 'invoice'`); err != nil {
		t.Fatal(err)
	}
	if said.Count != n-n/3 || said.Least != 1 || said.Most != said.Count {
		t.Errorf("numbers %+v, want 1 to %d", said, n-n/3)
	}
	// The program can neither choose a number nor touch the count.
	for _, query := range []string{`UPDATE document_series SET last = 100`, `DELETE FROM document_series`, `SELECT last FROM document_series`, `UPDATE documents SET number = 100`, `DELETE FROM documents`, `UPDATE document_files SET body = ''`} {
		if _, err := r.DB.Exec(query); pg.Code(err) != "42501" {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// The bytes of a document are kept at its first download, whatever becomes of its words.
func TestASecondDownloadIsTheSameToTheByte(t *testing.T) {
	t.Parallel()
	r := open(t)
	doc := r.invoice(r.Pledge(10_000))
	files := make([][]byte, 8)
	for _, err := range gatewaytest.Together(len(files), func(i int) error {
		_, body, err := document.File(context.Background(), r.DB, r.Now, doc.ID, r.Payer, i18n.EN)
		files[i] = body
		return err
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range files[1:] {
		if !bytes.Equal(f, files[0]) {
			t.Fatal("two downloads differ")
		}
	}
	r.Owner.MustExec(`UPDATE companies SET name_en = 'Renamed'`)
	if !bytes.Equal(r.file(doc.ID, i18n.EN), files[0]) {
		t.Error("a renamed company changed an old document")
	}
	if said := textOf(t, r.file(doc.ID, i18n.UK)); !strings.Contains(said, "Ганок") {
		t.Error("the other language, drawn later, does not tell the facts of the day of issue")
	}
	if n := r.Count("document_files"); n != 2 {
		t.Errorf("%d files are kept", n)
	}
	_, err := r.Owner.Exec(`INSERT INTO document_files (document_id, lang, body, sha256, drawn_at) VALUES ($1, 'uk', 'x', $2, now())`, doc.ID, make([]byte, 32))
	if got := pg.Constraint(err); got != "document_files_hash" {
		t.Errorf("a file with another's hash broke %q", got)
	}
}

// What the promise says stays; what changed since makes another invoice.
func TestAChangeMakesAnotherInvoice(t *testing.T) {
	t.Parallel()
	r := open(t)
	pledge := r.Pledge(10_000)
	first := r.invoice(pledge)
	r.account()
	if second := r.invoice(pledge); second.ID == first.ID || second.Facts.Account == nil {
		t.Errorf("after the bank account came there is still %s", second.No())
	}
}
