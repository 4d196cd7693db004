package member_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/member"
)

const table = "name_uk;name_en;country;official_id;site;kind;since;until\n" +
	"Ткацька справа;Weaving;UA;14360570;weaving.example;member;01.03.2020;\n" +
	"\"Млин; і партнери\";;PL;KRS-0001;;освітній партнер;2021-05-06;2023-01-01\n"

func brought(t *testing.T, w *gatewaytest.World, body string) string {
	t.Helper()
	id, err := member.BringCompanies(t.Context(), w.DB, w.Now, member.ImportFile{ClusterID: w.Cluster, PersonID: w.Coordinator, Name: "our companies.csv", Body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// A table is read as people's programs write it.
func TestTablesAsProgramsWriteThem(t *testing.T) {
	t.Parallel()
	windows, err := charmap.Windows1251.NewEncoder().String(table)
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"semicolons": table, "with a mark": "\ufeff" + table, "Windows-1251": windows, "Windows line ends": strings.ReplaceAll(table, "\n", "\r\n"),
		"commas": strings.ReplaceAll(strings.ReplaceAll(table, "Млин;", "Млин"), ";", ","), "tabs": strings.ReplaceAll(strings.ReplaceAll(table, "Млин;", "Млин"), ";", "\t"),
	} {
		rows, err := member.ParseImport([]byte(body), "", "")
		if err != nil || len(rows) != 2 || len(rows[0].Faults)+len(rows[1].Faults) > 0 {
			t.Errorf("%s: %+v, %v", name, rows, err)
			continue
		}
		if r := rows[0]; r.Company.Name.UK != "Ткацька справа" || r.Company.OfficialID != "14360570" || r.Site != "https://weaving.example" || r.Since != day("2020-03-01") || r.Line != 2 {
			t.Errorf("%s: %+v", name, r)
		}
		if r := rows[1]; r.Kind != "educational-partner" || r.Company.Name.EN != r.Company.Name.UK || r.Until == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
	rows, err := member.ParseImport([]byte("Назва,Код ЄДРПОУ,Дата вступу,Телефон\nТкацька справа,14360570,01.03.2020,1\n"), "", "")
	if err != nil || len(rows) != 1 || rows[0].Company.OfficialID != "14360570" {
		t.Errorf("people's own heads: %+v, %v", rows, err)
	}
}

func TestFilesThatAreNoTables(t *testing.T) {
	t.Parallel()
	for want, body := range map[string]string{
		"import.empty": "", "import.no_head": "a;b\n1;2\n", "import.encoding": "\xff\xfen\x00a\x00", "import.quotes": "name_uk;since\n\"open;2020-01-01\n",
		"import.too_many_rows": "name_uk;since\n" + strings.Repeat("x;2020-01-01\n", member.MaxImportRows+1), "import.too_large": strings.Repeat("x", member.MaxImport+1),
	} {
		_, err := member.ParseImport([]byte(body), "", "")
		if f, ok := fault.As(err); !ok || f.Key != want || f.Field != "file" {
			t.Errorf("%.20q: %v, want %s", body, err, want)
		}
	}
	_, err := member.ParseImport([]byte(table), ",", "") // the sign that was chosen, and is not the file's
	wantFault(t, err, fault.Invalid, "import.no_head")
	_, err = member.ParseImport([]byte("name_uk;since\n\xea\xee;2020-01-01"), "", "utf-8")
	wantFault(t, err, fault.Invalid, "import.encoding")
	if _, err := member.ParseImport([]byte("name_uk;since\n;\n\n"), "", ""); err == nil {
		t.Error("a table of empty rows is taken")
	}
}

// All of a file is entered or nothing of it, and each row says what is wrong with it.
func TestNothingIsHalfDone(t *testing.T) {
	t.Parallel()
	w := world(t)
	companies := w.Count("companies")
	if _, err := w.Owner.Exec(`UPDATE companies SET official_id = '00032129' WHERE id = $1`, w.Company); err != nil {
		t.Fatal(err)
	}
	id := brought(t, w, table+strings.Join([]string{
		"Двійник;;UA;14360570;;member;2020-03-01;", "Ганок знову;;UA;00032129;;member;2020-03-01;", ";;UA;;;member;2020-03-01;", "Без дня;;UA;;;member;;",
		"Навспак;;UA;;;member;2020-03-01;2019-03-01", "Дивний;;UA;;;friend;2020-03-01;", "Описка;;UA;14360571;;member;2020-03-01;", strings.Repeat("ї", 100_000) + ";;;;;;2020-03-01;",
	}, "\n"))
	v, err := member.ImportFor(t.Context(), w.DB, id, w.Coordinator)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, r := range v.Rows[2:] {
		said = append(said, fmt.Sprintf("%d %s %v", r.Line, r.Faults.Error(), r.Faults[0].Args))
	}
	want := []string{
		"4 official_id: import.twin [2]", "5 official_id: import.member_already [Ганок]", "6 name_uk: company.name_missing []", "7 since: membership.since []",
		"8 until: membership.order []", "9 kind: import.kind []", "10 official_id: company.edrpou []", "11 name_uk: text.too_long [200]",
	}
	if got := strings.Join(said, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("the report says\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	_, err = member.EnterImport(t.Context(), w.DB, w.Now, id, w.Coordinator)
	wantFault(t, err, fault.Invalid, "import.faulty")
	if n := w.Count("companies"); n != companies {
		t.Errorf("%d companies were entered of a file with mistakes", n-companies)
	}
}

func TestAFileIsEnteredOnce(t *testing.T) {
	t.Parallel()
	w := world(t)
	if _, err := w.Owner.Exec(`UPDATE companies SET official_id = 'KRS-0001', country = 'PL' WHERE slug = 'stranger'`); err != nil {
		t.Fatal(err)
	}
	companies := w.Count("companies")
	id := brought(t, w, table)
	for _, person := range []string{w.Approver, w.Stranger, w.Payer} {
		_, err := member.EnterImport(t.Context(), w.DB, w.Now, id, person)
		wantFault(t, err, fault.NotFound, "import.unknown")
	}
	in := 0
	for _, err := range together(3, func(int) error {
		_, err := member.EnterImport(t.Context(), w.DB, w.Now, id, w.Coordinator)
		return err
	}) {
		if err == nil {
			in++
			continue
		}
		wantFault(t, err, fault.Conflict, "import.entered")
	}
	if got := w.Count("companies") - companies; in != 1 || got != 1 {
		t.Errorf("entered %d times, %d new companies, want 1: the other was here", in, got)
	}
	var kept int
	if err := w.Owner.Get(&kept, `SELECT length(body) FROM company_imports`); err != nil || kept != 0 {
		t.Errorf("%d bytes of the file are kept, %v", kept, err)
	}
	var shows string
	if err := w.Owner.Get(&shows, `SELECT concat_ws(' ', slug, shows_name, shows_about, shows_site) FROM companies WHERE official_id = '14360570'`); err != nil || shows != "weaving t f f" {
		t.Errorf("an entered company shows %q, %v", shows, err)
	}
	// A company that somebody adds between the preview and the button is noticed.
	id = brought(t, w, "name_uk;official_id;since\nНова;00034022;2020-01-01\n")
	if _, err := w.Owner.Exec(`UPDATE companies SET official_id = '00034022' WHERE id = $1`, w.Company); err != nil {
		t.Fatal(err)
	}
	_, err := member.EnterImport(t.Context(), w.DB, w.Now, id, w.Coordinator)
	wantFault(t, err, fault.Invalid, "import.faulty")
	_, err = member.BringCompanies(t.Context(), w.DB, w.Now, member.ImportFile{ClusterID: w.Cluster, PersonID: w.Approver, Name: "a.csv", Body: []byte(table)})
	wantFault(t, err, fault.Forbidden, "company.coordinators_only")
	_, err = member.BringCompanies(t.Context(), w.DB, w.Now, member.ImportFile{ClusterID: w.Cluster, PersonID: w.Stranger, Name: "a.csv", Body: []byte(table)})
	wantFault(t, err, fault.Invalid, "application.cluster")
}

// Whatever somebody sends, the parser answers with rows or with a fault.
func FuzzParseImport(f *testing.F) {
	f.Add([]byte(table), "", "")
	f.Add([]byte("\ufeffname_uk,since\n\"a\"\"b\",2020-01-01"), ",", "utf-8")
	f.Add([]byte("name_uk\tsince\n\xea\t'=1+1"), "\t", "windows-1251")
	f.Fuzz(func(t *testing.T, body []byte, delimiter, encoding string) {
		if len(delimiter) != 1 || !strings.Contains(",;\t", delimiter) {
			delimiter = ""
		}
		rows, err := member.ParseImport(body, delimiter, encoding)
		if err != nil {
			if _, ok := fault.As(err); !ok {
				t.Fatalf("%v is no fault", err)
			}
			return
		}
		if len(rows) == 0 || len(rows) > member.MaxImportRows {
			t.Fatalf("%d rows", len(rows))
		}
		for _, r := range rows {
			sound := len(r.Faults) == 0
			if sound && (r.Company.Name.UK == "" || r.Since.IsZero() || r.Company.OfficialID != "" && r.Company.Country == "UA" && !member.ValidEDRPOU(r.Company.OfficialID)) {
				t.Fatalf("taken: %+v", r)
			}
		}
	})
}
