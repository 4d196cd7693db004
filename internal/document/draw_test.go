package document_test

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/document"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
)

// -keep writes the files that the tests draw into a folder, for looking at.
var keep = flag.String("keep", "", "folder for the drawn documents")

var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

const reference = giving.Reference("RF10A1B2C3D4E5")

func usd(minor int64) money.Amount { return money.Of(minor, "USD") }

// example is a document of a kind with everything in it that it can say.
func example(kind document.Kind) document.Document {
	campaign := document.Text{UK: "IT4Life: обладнання для лікарень", EN: "IT4Life: equipment for hospitals"}
	d := document.Document{ID: "00000000-0000-7000-8000-000000000001", Kind: kind, Year: 2026, Number: 17, Minor: 500_000, Currency: "USD", IssuedAt: noon, HappenedAt: noon}
	d.Facts = document.Facts{
		Cluster: document.Text{UK: "Харківський ІТ-кластер", EN: "Kharkiv IT Cluster"}, Company: document.Text{UK: "ТОВ «Ґанок Софт»", EN: "Ganok Soft LLC"},
		Account: &document.Account{IBAN: "UA213223130000026007233566001", BIC: "PBANUA2X", Currency: "USD", HolderID: "12345678",
			Holder: document.Text{UK: "ГО «Харківський ІТ-кластер»", EN: "Kharkiv IT Cluster NGO"}, Bank: document.Text{UK: "АТ «Приклад Банк»", EN: "Example Bank JSC"}},
		PayURL: "https://help.example.org/portal/pledges/0196a8e2-0000-7000-8000-000000000001",
		Pledge: &document.Pledge{Campaign: campaign, Purpose: document.Text{UK: "Ларингоскопи", EN: "Laryngoscopes"}, Reference: reference,
			PurchaseOrder: "PO-2026/0042", Amount: usd(1_500_000), MadeAt: noon.AddDate(0, -1, 0)},
		Amount: usd(500_000), DueOn: noon.AddDate(0, 1, 0),
	}
	switch kind {
	case document.Receipt:
		d.Facts.Payment = &document.Payment{Way: "checkout", Method: "card", At: noon, Received: usd(500_000), Fee: usd(7_525), Presented: money.Of(460_000, "EUR")}
	case document.RefundNote:
		d.Facts.Payment = &document.Payment{Way: "checkout", Method: "card", At: noon, Received: usd(500_000), Fee: usd(7_525), ReceiptNo: "2026-16"}
	case document.Statement:
		d.Minor, d.Currency, d.Facts.Year = 0, "", 2026
		for i := range 40 {
			d.Facts.Lines = append(d.Facts.Lines, document.Line{At: noon.AddDate(0, 0, i), Kind: document.Receipt, No: fmt.Sprintf("2026-%d", i+1), Campaign: campaign, Amount: usd(int64(i+1) * 12_345)})
		}
		d.Facts.Lines = append(d.Facts.Lines,
			document.Line{At: noon.AddDate(0, 2, 0), Kind: document.RefundNote, No: "2026-1", Campaign: campaign, Amount: usd(-12_345)},
			document.Line{At: noon.AddDate(0, 2, 1), Kind: document.RefundNote, No: "2026-2", Campaign: campaign, Amount: usd(5_000)})
		d.Facts.TakenFor = []document.Line{{At: noon, No: "2026-3", Campaign: campaign, Amount: usd(-37_035)}}
	}
	return d
}

var kinds = []document.Kind{document.Invoice, document.Agreement, document.Receipt, document.RefundNote, document.Statement}

func draw(t *testing.T, d document.Document, l i18n.Lang) []byte {
	t.Helper()
	body, err := document.Draw(d, l)
	if err != nil {
		t.Fatal(err)
	}
	if *keep != "" {
		if err := os.WriteFile(filepath.Join(*keep, d.FileName(l)), body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return body
}

// The same document is the same file to the byte, whenever it is drawn.
func TestADocumentIsDrawnTheSameTwice(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		for _, l := range i18n.Langs() {
			once, twice := draw(t, example(kind), l), draw(t, example(kind), l)
			if !bytes.Equal(once, twice) {
				t.Errorf("%s in %s: %x, then %x", kind, l, sha256.Sum256(once), sha256.Sum256(twice))
			}
			if !bytes.HasPrefix(once, []byte("%PDF-")) {
				t.Errorf("%s in %s is no PDF", kind, l)
			}
		}
	}
}

// What a document says, read back from its file.
func TestWhatDocumentsSay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind   document.Kind
		uk, en []string
	}{
		{document.Invoice,
			[]string{"Рахунок № 2026-17", "2 березня 2026 року", "ТОВ «Ґанок Софт»", "ГО «Харківський ІТ-кластер», код ЄДРПОУ 12345678", "обіцянка внеску від 2 лютого 2026 на 15 000,00 $",
				"PO-2026/0042", "2 квітня 2026", "Благодійний внесок на кампанію «IT4Life: обладнання для лікарень»: Ларингоскопи", "5 000,00 $", "П’ять тисяч доларів США 00 центів. Без ПДВ.",
				"UA21 3223 1300 0002 6007 2335 6600 1", "PBANUA2X", "RF10 A1B2 C3D4 E5", "АТ «Приклад Банк»", "1 / 1"},
			[]string{"Invoice No. 2026-17", "Ganok Soft LLC", "$5,000.00", "Five thousand US dollars and 00 cents. No VAT.", "pledge of 2 February 2026 for $15,000.00", "Example Bank JSC"}},
		{document.Agreement,
			[]string{"Договір про благодійну пожертву № 2026-17", "5 000,00 $ (п’ять тисяч доларів США 00 центів)", "до 2 квітня 2026 року", "RF10 A1B2 C3D4 E5", "Ларингоскопи", "Благодійник", "Набувач"},
			[]string{"Donation agreement No. 2026-17", "(five thousand US dollars and 00 cents)", "by 2 April 2026"}},
		{document.Receipt,
			[]string{"Квитанція № 2026-17", "картка", "4 600,00 €", "5 000,00 $", "П’ять тисяч доларів США", "утримала 75,25 $, на кампанію зараховано 4 924,75 $"},
			[]string{"Receipt No. 2026-17", "€4,600.00", "kept $75.25; $4,924.75 was booked"}},
		{document.RefundNote,
			[]string{"Повідомлення про повернення № 2026-17", "№ 2026-16 від 2 березня 2026 на 5 000,00 $", "П’ять тисяч доларів США 00 центів.", "більше немає"},
			[]string{"Refund note No. 2026-17", "No. 2026-16 of 2 March 2026 for $5,000.00"}},
		{document.Statement,
			[]string{"Виписка № 2026-17", "за 2026 рік", "Квитанція № 2026-40", "Повернення № 2026-1", "−123,45 $", "Повернення не дійшло № 2026-2", "Забрав ваш банк, за квитанцією № 2026-3",
				"Лишилося в кампаніях, USD", "100 785,20 $", "Отримано 101 229,00 $, повернуто 73,45 $, забрано банком платника 370,35 $.", "3 / 3"},
			[]string{"Statement No. 2026-17", "Receipt No. 2026-40", "Stayed with the campaigns, USD", "$100,785.20"}},
	} {
		for l, want := range map[i18n.Lang][]string{i18n.UK: c.uk, i18n.EN: c.en} {
			said := textOf(t, draw(t, example(c.kind), l))
			for _, w := range want {
				if !strings.Contains(said, w) {
					t.Errorf("%s in %s lacks %q:\n%s", c.kind, l, w, said)
				}
			}
			if strings.Contains(said, "document.") || strings.Contains(said, "…") {
				t.Errorf("%s in %s has a hole:\n%s", c.kind, l, said)
			}
		}
	}
}

// Where there is no bank account, no due date and no order, a document does without.
func TestDocumentsDoWithoutWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		for _, l := range i18n.Langs() {
			d := example(kind)
			d.Facts.Account, d.Facts.PayURL, d.Facts.DueOn, d.Facts.TakenFor = nil, "", time.Time{}, nil
			if d.Facts.Pledge != nil {
				d.Facts.Pledge.PurchaseOrder, d.Facts.Pledge.Purpose = "", document.Text{}
			}
			body, err := document.Draw(d, l)
			if err != nil {
				t.Fatal(err)
			}
			if said := textOf(t, body); strings.Contains(said, "IBAN") || strings.Contains(said, "PO-") {
				t.Errorf("%s in %s says %s", kind, l, said)
			}
		}
	}
	if _, err := document.Draw(document.Document{Kind: "letter", IssuedAt: noon}, i18n.UK); err == nil {
		t.Error("something that is no document was drawn")
	}
}

// Long names wrap and push what follows down; they write over nothing and lose nothing.
func TestLongNamesWrap(t *testing.T) {
	t.Parallel()
	long := strings.TrimSpace(strings.Repeat("Товариство ", 40)) + " Кінець"
	for _, kind := range kinds {
		d := example(kind)
		d.Facts.Company, d.Facts.Cluster = document.Text{UK: long}, document.Text{UK: long}
		d.Facts.Pledge.Campaign = document.Text{UK: long}
		for i := range d.Facts.Lines {
			d.Facts.Lines[i].Campaign = document.Text{UK: long}
		}
		d.Number = 18 // beside the usual one, for looking at
		if said := textOf(t, draw(t, d, i18n.UK)); strings.Count(said, "Кінець") < 2 {
			t.Errorf("%s cuts a long name:\n%s", kind, said)
		}
	}
}
