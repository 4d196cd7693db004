package document_test

import (
	"strings"
	"testing"

	"kopiyka/internal/document"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
)

// inParts is a pledge of 100.01 in three months.
func (r *room) inParts() (pledge string, parts []giving.Instalment) {
	r.t.Helper()
	p := r.Promise(10_001)
	p.Rhythm, p.Parts = giving.Monthly, giving.Spread(10_001, gatewaytest.Day("2026-03-31"), 1, 3)
	p.PurchaseOrder = "PO-7"
	id, err := giving.MakePledge(r.t.Context(), r.DB, r.Now, p)
	if err != nil {
		r.t.Fatal(err)
	}
	made, err := giving.PledgeOf(r.t.Context(), r.DB, id, r.Payer)
	if err != nil {
		r.t.Fatal(err)
	}
	s, err := giving.ScheduleOf(r.t.Context(), r.DB, made, r.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	return id, s.Instalments
}

func TestAnInvoiceForOneInstalment(t *testing.T) {
	t.Parallel()
	r := open(t)
	pledge, parts := r.inParts()
	w := r.wish(pledge, r.Payer)
	w.Instalment = parts[1].ID
	doc, err := document.IssueInvoice(t.Context(), r.DB, r.Now, w)
	if err != nil || doc.Amount() != money.Of(parts[1].Asks, "USD") || !doc.Facts.DueOn.Equal(parts[1].DueOn) || doc.Facts.Pledge.PurchaseOrder != "PO-7" {
		t.Errorf("%+v, %v", doc, err)
	}
	if said := textOf(t, r.file(doc.ID, i18n.EN)); !strings.Contains(said, "Pay by 30 April 2026") || !strings.Contains(said, "PO-7") {
		t.Errorf("it says %s", said)
	}
	if all := r.invoice(pledge); all.Minor != 10_001 || !all.Facts.DueOn.Equal(parts[2].DueOn) {
		t.Errorf("all of it: %+v", all)
	}
	w.Instalment = r.Pledge(1_000)
	if _, err := document.IssueInvoice(t.Context(), r.DB, r.Now, w); faultKey(err) != "document.instalment_unknown" {
		t.Errorf("an instalment that is none: %v", err)
	}
	// What was promised for now says so, and not a day that is over by the time it is read.
	if now := r.invoice(r.Pledge(2_000)); !now.Facts.DueOn.IsZero() {
		t.Errorf("due on %v", now.Facts.DueOn)
	}
}

func TestAnAgreementHasTheSchedule(t *testing.T) {
	t.Parallel()
	r := open(t)
	pledge, _ := r.inParts()
	doc, err := document.IssueAgreement(t.Context(), r.DB, r.Now, r.wish(pledge, r.Payer))
	if err != nil {
		t.Fatal(err)
	}
	said := textOf(t, r.file(doc.ID, i18n.UK))
	for _, want := range []string{"за графіком нижче", "31 березня 2026 33,33 $", "30 квітня 2026 33,33 $", "31 травня 2026 33,35 $", "Разом 100,01 $"} {
		if !strings.Contains(said, want) {
			t.Errorf("it lacks %q: %s", want, said)
		}
	}
}

// Money that a company has let serve the whole campaign is not said to serve a purpose.
func TestAReleasedEarmarkIsNotPrinted(t *testing.T) {
	t.Parallel()
	r := open(t)
	p := r.Promise(10_000)
	p.PurposeID = r.Purpose
	pledge, err := giving.MakePledge(t.Context(), r.DB, r.Now, p)
	if err != nil {
		t.Fatal(err)
	}
	if doc := r.invoice(pledge); doc.Facts.Pledge.Purpose.EN != "For hospitals" {
		t.Errorf("earmarked: %+v", doc.Facts.Pledge)
	}
	r.Owner.MustExec(`INSERT INTO pledge_acts (id, pledge_id, campaign_id, currency, number, kind, change_minor, reason, person_id, happened_at)
		VALUES (gen_random_uuid(), $1, $2, 'USD', 1, 'earmark-released', 0, 'x', $3, $4)`, pledge, r.Campaign, r.Payer, noon)
	if doc := r.invoice(pledge); doc.Facts.Pledge.Purpose != (document.Text{}) || doc.No() != "2026-2" {
		t.Errorf("released: %+v", doc.Facts.Pledge)
	}
}

// What a company's code is known to be stands on its papers; without one there is room to
// write it by hand.
func TestTheCodeOfAKnownCompanyIsPrinted(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.account()
	if _, err := r.Owner.Exec(`UPDATE companies SET official_id = '14360570' WHERE id = $1`, r.Company); err != nil {
		t.Fatal(err)
	}
	pledge, _ := r.inParts()
	doc, err := document.IssueAgreement(t.Context(), r.DB, r.Now, r.wish(pledge, r.Payer))
	if err != nil {
		t.Fatal(err)
	}
	for name, id := range map[string]string{"agreement": doc.ID, "invoice": r.invoice(pledge).ID} {
		if said := textOf(t, r.file(id, i18n.UK)); !strings.Contains(said, "код ЄДРПОУ 14360570") {
			t.Errorf("the %s lacks the code: %s", name, said)
		}
	}
}
