package bank

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
)

var account = Account{ID: "a", IBAN: "UA213223130000026007233566001", Currency: "UAH"}

// parsed reads a file as Import does, and returns what it holds.
func parsed(from string, columns Columns) ([]Statement, []Line, error) {
	f, err := sniff(strings.NewReader(from))
	if err != nil {
		return nil, nil, err
	}
	var lines []Line
	r := &reading{ctx: nothing{}, account: account, columns: columns, line: func(_ int, l Line) error {
		lines = append(lines, l)
		return nil
	}}
	if err := r.read(f, strings.NewReader(from)); err != nil {
		return nil, nil, err
	}
	return r.all, lines, nil
}

func on(day string) time.Time {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return t
}

func wants(t *testing.T, from string, statement Statement, want ...Line) {
	t.Helper()
	statements, lines, err := parsed(from, Columns{})
	if err != nil {
		t.Fatal(err)
	}
	if len(statements) != 1 {
		t.Fatalf("%d statements", len(statements))
	}
	if diff := cmp.Diff(statement, statements[0]); diff != "" {
		t.Errorf("the statement (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("the lines (-want +got):\n%s", diff)
	}
}

const camtHead = `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr><Stmt><Id>S</Id><ElctrncSeqNb>12</ElctrncSeqNb>
<Acct><Id><IBAN>UA213223130000026007233566001</IBAN></Id><Ccy>UAH</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="UAH">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-19</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="UAH">1284.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-20</Dt></Dt></Bal>
`
const camtTail = `</Stmt></BkToCstmrStmt></Document>`

const camtEntries = `<Ntry><Amt Ccy="UAH">1234.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-20</Dt></BookgDt><ValDt><Dt>2026-11-20</Dt></ValDt>
<AcctSvcrRef>R1</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>E-7</EndToEndId></Refs><RltdPties><Dbtr><Nm>ТОВ «Їжак»</Nm><Id><OrgId><Othr><Id>12345678</Id></Othr></OrgId></Id></Dbtr>
<DbtrAcct><Id><IBAN>UA903052992990004149123456789</IBAN></Id></DbtrAcct></RltdPties><RmtInf><Ustrd>Благодійний
внесок</Ustrd><Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="UAH">50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><DtTm>2026-11-20T18:00:00+02:00</DtTm></BookgDt><AcctSvcrRef>NONREF</AcctSvcrRef>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>MCOP</Cd><SubFmlyCd>CHRG</SubFmlyCd></Fmly></Domn></BkTxCd><AddtlNtryInf>Комісія</AddtlNtryInf></Ntry>
<Ntry><Amt Ccy="UAH">9.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PDNG</Sts></Ntry>`

var camtStatement = Statement{
	Account: account.IBAN, Currency: "UAH", Number: "12", From: on("2026-11-20"), To: on("2026-11-20"), Lines: 2, Sum: 118450, At: 2,
	Opening: Balance{10000, on("2026-11-19"), true}, Closing: Balance{128450, on("2026-11-20"), true},
}

var gift = Line{
	BookedOn: on("2026-11-20"), ValueOn: on("2026-11-20"), Minor: 123450, Reference: "R1", EndToEnd: "E-7", Party: "ТОВ «Їжак»", PartyID: "12345678",
	PartyIBAN: "UA903052992990004149123456789", Details: "Благодійний внесок RF18539007547034", Kind: Ordinary, At: 6,
}

func TestCamtIsReadWhateverItsVersion(t *testing.T) {
	t.Parallel()
	fee := Line{BookedOn: on("2026-11-20"), Minor: -5000, Details: "Комісія", Kind: Fee, At: 10}
	wants(t, camtHead+camtEntries+camtTail, camtStatement, gift, fee)

	newer := strings.NewReplacer("camt.053.001.02", "camt.053.001.13", "<Sts>BOOK</Sts>", "<Sts><Cd>BOOK</Cd></Sts>", "<Sts>PDNG</Sts>", "<Sts><Cd>PDNG</Cd></Sts>",
		"<Dbtr><Nm>", "<Dbtr><Pty><Nm>", "</OrgId></Id></Dbtr>", "</OrgId></Id></Pty></Dbtr>").Replace(camtHead + camtEntries + camtTail)
	wants(t, newer, camtStatement, gift, fee)
	prefixed := strings.NewReplacer("</", "</c:", "<?", "<?", "<", "<c:", "xmlns=", "xmlns:c=").Replace(camtHead + camtEntries + camtTail)
	wants(t, prefixed, camtStatement, gift, fee)
}

func TestCamtIsReadInItsDeclaredEncoding(t *testing.T) {
	t.Parallel()
	text := strings.Replace(camtHead+camtEntries+camtTail, `encoding="UTF-8"`, `encoding="windows-1251"`, 1)
	old, err := charmap.Windows1251.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	_, lines, err := parsed(old, Columns{})
	if err != nil {
		t.Fatal(err)
	}
	if lines[0].Party != gift.Party || lines[0].Details != gift.Details {
		t.Errorf("read %q, %q", lines[0].Party, lines[0].Details)
	}
}

// A batch is one entry of the bank's and many gifts of ours.
func TestCamtTakesABatchApart(t *testing.T) {
	t.Parallel()
	batch := func(first, second string) string {
		part := func(amount, ref string) string {
			return `<TxDtls><Refs><EndToEndId>` + ref + `</EndToEndId></Refs><Amt Ccy="UAH">` + amount + `</Amt><CdtDbtInd>CRDT</CdtDbtInd></TxDtls>`
		}
		return camtHead + `<Ntry><Amt Ccy="UAH">1184.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-20</Dt></BookgDt><AcctSvcrRef>B1</AcctSvcrRef><NtryDtls>` +
			part(first, "E1") + part(second, "E2") + `</NtryDtls></Ntry>` + camtTail
	}
	line := Line{BookedOn: on("2026-11-20"), Reference: "B1", Kind: Ordinary, At: 6}
	one, two := line, line
	one.Minor, one.EndToEnd, two.Minor, two.EndToEnd = 100000, "E1", 18450, "E2"
	s := camtStatement
	wants(t, batch("1000.00", "184.50"), s, one, two)

	s.Lines = 1
	line.Minor, line.EndToEnd = 118450, "E1"
	wants(t, batch("1000.00", "184.49"), s, line) // the parts are not the whole: it stays one
}

const mt = `{1:F01PBANUA2XAXXX0000000000}{2:O9400000}{4:
:20:STMT1
:25:UA213223130000026007233566001
:28C:12/1
:60F:C261119UAH100,00
:61:2611201120C1234,50NTRFE-7//R1
РАДОСТІ
:86:166?00GUTSCHRIFT?20EREF+E-7?21Благодійний внесок ?22RF18539007547034?31UA903052992990004149123456789?32ТОВ ?33«Їжак»
:61:2611201120D50,NCHGNONREF
:86:Комісія
за листопад
:62F:C261120UAH1284,50
:64:C261120UAH1284,50
-}
`

func TestMT940IsRead(t *testing.T) {
	t.Parallel()
	s := camtStatement
	s.Number, s.At = "12/1", 5
	g := gift
	g.PartyID, g.At, g.Details = "", 6, "РАДОСТІ EREF+E-7Благодійний внесок RF18539007547034"
	wants(t, mt, s, g, Line{BookedOn: on("2026-11-20"), ValueOn: on("2026-11-20"), Minor: -5000, Details: "Комісія за листопад", Kind: Fee, At: 9})
	if _, _, err := parsed(strings.ReplaceAll(mt, "\n", "\r\n"), Columns{}); err != nil {
		t.Errorf("with the line ends of SWIFT: %v", err)
	}
}

func TestMT940ReadsNamedPiecesReversalsAndSeveralPages(t *testing.T) {
	t.Parallel()
	text := `:20:A
:25:PBANUA2X/26007233566001
:28C:1/1
:60F:C251231UAH0,
:61:2601011231C10,00NTRFNONREF
:86:/EREF/E-8//CNTP/UA903052992990004149123456789/PBANUA2X/ТОВ Їжак/Харків//REMI/USTD//RF18 5390 0754 7034/
:61:2601010101RC10,00NTRFNONREF//R9
:62M:C260101UAH0,00
-
:20:B
:25:26007233566001UAH
:28C:1/2
:60M:C260101UAH0,00
:61:260102RDU7,5FMSCNONREF
:62F:C260102UAH7,50
-
`
	statements, lines, err := parsed(text, Columns{})
	if err != nil {
		t.Fatal(err)
	}
	if len(statements) != 2 || statements[0].From != on("2025-12-31") || statements[1].Closing.Minor != 750 {
		t.Errorf("statements: %+v", statements)
	}
	want := []Line{
		{BookedOn: on("2025-12-31"), ValueOn: on("2026-01-01"), Minor: 1000, EndToEnd: "E-8", Party: "ТОВ Їжак", PartyIBAN: "UA903052992990004149123456789", Details: "RF18 5390 0754 7034", Kind: Ordinary, At: 5},
		{BookedOn: on("2026-01-01"), ValueOn: on("2026-01-01"), Minor: -1000, Reference: "R9", Kind: Return, At: 7},
		{BookedOn: on("2026-01-02"), ValueOn: on("2026-01-02"), Minor: 750, Kind: Return, At: 14},
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("the lines (-want +got):\n%s", diff)
	}
}

func TestCSVIsReadByItsHeads(t *testing.T) {
	t.Parallel()
	s := Statement{Currency: "UAH", From: on("2026-11-20"), To: on("2026-11-21"), Lines: 2, Sum: 118450, At: 1}
	first := Line{BookedOn: on("2026-11-20"), Minor: 123450, Reference: "JBKL1", Party: `ТОВ "Їжак"`, PartyID: "12345678", PartyIBAN: "UA903052992990004149123456789",
		Details: "Благодійний внесок; RF18539007547034", Kind: Ordinary}
	second := Line{BookedOn: on("2026-11-21"), Minor: -5000, Reference: "JBKL2", Party: "Банк", Details: "Комісія", Kind: Ordinary}
	for name, file := range map[string]string{
		"semicolons, comma": "\xef\xbb\xbfВиписка за листопад;;;;;;;\r\n№;Дата операції;Сума;Валюта;Призначення платежу;ЄДРПОУ;Назва контрагента;Рахунок контрагента;Референс\r\n" +
			"1;20.11.2026 10:15:00;1 234,50;UAH;\"Благодійний внесок; RF18539007547034\";12345678;ТОВ \"Їжак\";UA903052992990004149123456789;JBKL1\r\n" +
			"2;21.11.2026;-50,00;UAH;Комісія;;Банк;;JBKL2\r\nВсього;;1184,50;;;;;;\r\n",
		"commas, point": "Дата та час операції,Контрагент,ЄДРПОУ,IBAN контрагента,Призначення,\"Сума операції (UAH)\",ID операції\n" +
			"2026-11-20T10:15:00,\"ТОВ \"\"Їжак\"\"\",12345678,UA90 3052 9929 9000 4149 1234 5678 9,Благодійний внесок; RF18539007547034,\"1,234.50\",JBKL1\n" +
			"2026-11-21,Банк,,,Комісія,−50.00,JBKL2",
		"tabs, two columns": "Дата проводки\tДебет\tКредит\tРахунок кореспондента\tКод ЄДРПОУ\tНазва кореспондента\tПризначення платежу\tРеференс\n" +
			"20.11.26\t\t1234,50\tUA903052992990004149123456789\t12345678\t\"ТОВ \"\"Їжак\"\"\"\tБлагодійний внесок; RF18539007547034\tJBKL1\n" +
			"21.11.26\t50,00\t0,00\t\t\tБанк\tКомісія\tJBKL2\n",
	} {
		t.Run(name, func(t *testing.T) {
			statements, lines, err := parsed(file, Columns{})
			if err != nil {
				t.Fatal(err)
			}
			for i := range lines {
				lines[i].At = 0
			}
			if diff := cmp.Diff([]Statement{s}, statements); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]Line{first, second}, lines); diff != "" {
				t.Error(diff)
			}
		})
	}
	old, err := charmap.Windows1251.NewEncoder().String("Дата;Дебет;Кредит;Призначення платежу\n20.11.2026;;7,00;Їжа\n")
	if err != nil {
		t.Fatal(err)
	}
	if _, lines, err := parsed(old, Columns{}); err != nil || lines[0].Details != "Їжа" || lines[0].Minor != 700 {
		t.Errorf("in windows-1251: %v, %v", lines, err)
	}
}

func TestCSVColumnsCanBeNamed(t *testing.T) {
	t.Parallel()
	columns, err := ParseColumns("date = Коли; amount=Скільки\ndetails = Нащо")
	if err != nil {
		t.Fatal(err)
	}
	_, lines, err := parsed("Коли,Скільки,Нащо\n2026-11-20,7.00,Їжа\n", columns)
	if err != nil || len(lines) != 1 || lines[0].Minor != 700 || lines[0].Details != "Їжа" {
		t.Errorf("%v, %v", lines, err)
	}
	for _, bad := range []string{"date", "when=Коли", "date=Коли", "date=Коли;amount=", "date=Коли;credit=A"} {
		if _, err := ParseColumns(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// Each file that is broken, cut off, in a strange encoding or made to do harm is refused
// with words, and with the line where there is one.
func TestBrokenFilesAreRefusedWithTheLine(t *testing.T) {
	t.Parallel()
	whole := camtHead + camtEntries + camtTail
	swap := func(old, new string) string {
		if !strings.Contains(whole, old) {
			t.Fatalf("nothing to swap: %s", old)
		}
		return strings.Replace(whole, old, new, 1)
	}
	mtSwap := func(old, new string) string { return strings.Replace(mt, old, new, 1) }
	entities := `<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><Document>&b;</Document>`
	outside := `<?xml version="1.0"?><!DOCTYPE d SYSTEM "file:///etc/passwd"><Document/>`
	cyrillic, _ := charmap.Windows1251.NewEncoder().String(whole)
	for name, test := range map[string]struct {
		file, key, line string
	}{
		"nothing":                       {" \n ", "bank.file.empty", ""},
		"a spreadsheet":                 {"PK\x03\x04....", "bank.file.unknown_format", ""},
		"a letter":                      {"Dear bank", "bank.file.unknown_format", ""},
		"UTF-16":                        {"\xff\xfe<\x00", "bank.file.encoding", ""},
		"an encoding that nobody knows": {swap(`"UTF-8"`, `"koi8-u"`), "bank.file.encoding", ""},
		"bytes of another encoding":     {cyrillic, "bank.file.bytes", "7"},
		"another message":               {swap("<BkToCstmrStmt>", "<BkToCstmrAcctRpt>"), "bank.camt.other_message", "2"},
		"another document":              {"<html><body/></html>", "bank.camt.other_message", "1"},
		"entities":                      {entities, "bank.xml.doctype", "1"},
		"a file from outside":           {outside, "bank.xml.doctype", "1"},
		"an entity":                     {swap("Благодійний", "&xxe;"), "bank.xml.entity", "8"},
		"no end":                        {whole[:len(whole)-30], "bank.file.truncated", "12"},
		"half an entry":                 {whole[:strings.Index(whole, "<RltdPties>")+20], "bank.file.truncated", "7"},
		"crossed elements":              {swap("</Sts>", "</St>"), "bank.xml.broken", "6"},
		"depth":                         {swap("<Ntry>", strings.Repeat("<a>", 100)), "bank.xml.too_deep", "6"},
		"an endless text":               {swap("Комісія", strings.Repeat("x", maxEntry+1)), "bank.file.entry_too_large", "11"},
		"two roots":                     {whole + "<Document/>", "bank.xml.broken", "12"},
		"an amount in words":            {swap("1234.50", "багато"), "bank.amount.unreadable", "6"},
		"a negative amount":             {swap("1234.50", "-1234.50"), "bank.amount.unreadable", "6"},
		"an exponent":                   {swap("1234.50", "1e9"), "bank.amount.unreadable", "6"},
		"half a kopiyka":                {swap("1234.50", "1234.505"), "bank.amount.too_fine", "6"},
		"a huge amount":                 {swap("1234.50", "123456789012345678901"), "bank.amount.too_large", "6"},
		"no side":                       {swap("CRDT</CdtDbtInd><Sts>", "both</CdtDbtInd><Sts>"), "bank.camt.value", "6"},
		"no day":                        {swap("<BookgDt><DtTm>2026-11-20T18:00:00+02:00</DtTm></BookgDt>", ""), "bank.camt.missing", "10"},
		"an unknown status":             {swap("PDNG", "MAYB"), "bank.camt.value", "12"},
		"another currency":              {swap(`<Amt Ccy="UAH">50`, `<Amt Ccy="USD">50`), "bank.statement.other_currency", "10"},
		"another account":               {swap("UA213223130000026007233566001", "UA213223130000026007233566002"), "bank.statement.other_account", "2"},
		"out of balance":                {swap("1284.50", "1284.51"), "bank.statement.out_of_balance", "2"},
		"no statement":                  {"<Document><BkToCstmrStmt/></Document>", "bank.file.no_statement", ""},

		"MT940: no closing":        {mtSwap(":62F:C261120UAH1284,50\n", ""), "bank.mt940.missing", "12"},
		"MT940: cut off":           {mt[:strings.Index(mt, ":62F:")], "bank.mt940.missing", "10"},
		"MT940: no opening":        {mtSwap(":60F:C261119UAH100,00\n", ""), "bank.mt940.missing", "5"},
		"MT940: a broken movement": {mtSwap("C1234,50N", "X1234,50N"), "bank.mt940.field", "6"},
		"MT940: no such day":       {mtSwap(":61:261120", ":61:261320"), "bank.mt940.field", "6"},
		"MT940: a point":           {mtSwap("C1234,50", "C1234.50"), "bank.mt940.field", "6"},
		"MT940: out of balance":    {mtSwap("UAH1284,50", "UAH1284,49"), "bank.statement.out_of_balance", "5"},
		"MT940: an endless line":   {mtSwap("Комісія", strings.Repeat("x", 9000)), "bank.file.entry_too_large", "10"},
		"MT940: endless lines":     {mtSwap("Комісія", strings.Repeat("x\n", 300)), "bank.file.entry_too_large", "10"},

		"CSV: no head":          {"a;b\n1;2\n", "bank.csv.no_header", ""},
		"CSV: no day":           {"Дата;Сума\nучора;7,00\n", "bank.csv.date", "2"},
		"CSV: no amount":        {"Дата;Сума\n20.11.2026;сім\n", "bank.amount.unreadable", "2"},
		"CSV: two readings":     {"Дата;Сума\n20.11.2026;\"1,500\"\n", "bank.amount.too_fine", "2"},
		"CSV: odd groups":       {"Дата;Сума\n20.11.2026;\"1,50,000.00\"\n", "bank.amount.unreadable", "2"},
		"CSV: both columns":     {"Дата;Дебет;Кредит\n20.11.2026;7,00;8,00\n", "bank.amount.unreadable", "2"},
		"CSV: cut off":          {"Дата;Сума;Валюта\n20.11.2026;7,00;UAH\n20.11.2026;7", "bank.csv.cells", "3"},
		"CSV: an open quote":    {"Дата;Сума\n20.11.2026;\"7,00\n20.11.2026;8,00\n", "bank.csv.quote", "2"},
		"CSV: behind a quote":   {"Дата;Сума\n20.11.2026;\"7,00\"x\n", "bank.csv.quote", "2"},
		"CSV: another currency": {"Дата;Сума;Валюта\n20.11.2026;7,00;USD\n", "bank.statement.other_currency", "2"},
		"CSV: another account":  {"Дата;Сума;IBAN\n20.11.2026;7,00;UA213223130000026007233566002\n", "bank.statement.other_account", "2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := parsed(test.file, Columns{})
			f, ok := fault.As(err)
			if !ok {
				t.Fatalf("no fault: %v", err)
			}
			if f.Key != test.key {
				t.Fatalf("fault %s %v, want %s", f.Key, f.Args, test.key)
			}
			if said := i18n.EN.Fault(f); test.line != "" && !regexp.MustCompile(`ine `+test.line+`\b`).MatchString(said) {
				t.Errorf("line %s is not named: %s", test.line, said)
			}
		})
	}
}

func TestAFileIsNotReadBeyondItsLimit(t *testing.T) {
	t.Parallel()
	endless := &zeros{}
	_, err := sniff(endless)
	if f, ok := fault.As(err); !ok || f.Key != "bank.file.too_large" {
		t.Errorf("said %v", err)
	}
	if endless.read > MaxFile+1<<20 {
		t.Errorf("%d bytes were read", endless.read)
	}
}

type zeros struct{ read int }

func (z *zeros) Read(p []byte) (int, error) {
	z.read += len(p)
	return copy(p, bytes.Repeat([]byte(";"), len(p))), nil
}

// nothing is a context that never ends.
type nothing struct{}

func (nothing) Deadline() (time.Time, bool) { return time.Time{}, false }
func (nothing) Done() <-chan struct{}       { return nil }
func (nothing) Err() error                  { return nil }
func (nothing) Value(any) any               { return nil }

// Whatever bytes a file holds: it is read, or refused with a sentence; and what was read
// adds up.
func fuzz(f *testing.F, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		statements, lines, err := parsed(string(file), Columns{})
		if err != nil {
			if _, told := fault.As(err); !told {
				t.Fatalf("no fault: %v", err)
			}
			return
		}
		var sum, count, of int64
		for _, l := range lines {
			if l.Minor == 0 || l.BookedOn.IsZero() {
				t.Fatalf("a line that is none: %+v", l)
			}
			sum += l.Minor
		}
		for _, s := range statements {
			count += int64(s.Lines)
			of += s.Sum
			if s.Opening.Known && s.Opening.Minor+s.Sum != s.Closing.Minor {
				t.Fatalf("out of balance: %+v", s)
			}
		}
		if count != int64(len(lines)) || of != sum {
			t.Fatalf("%d lines of %d, %d of %d", len(lines), count, sum, of)
		}
	})
}

func FuzzCamt(f *testing.F) {
	fuzz(f, camtHead+camtEntries+camtTail, `<?xml version="1.0" encoding="windows-1251"?><Document/>`)
}
func FuzzMT940(f *testing.F) { fuzz(f, mt, ":20:A\n:60F:C261119UAH1,\n:62F:C261119UAH1,\n") }
func FuzzCSV(f *testing.F) {
	fuzz(f, "Дата;Сума\n20.11.2026;7,00\n", "Дата,Дебет,Кредит\n\"2026-11-20\",\"1,00\",\n")
}

func TestSniffFindsSignsCutByTheBuffer(t *testing.T) {
	t.Parallel()
	f, err := sniff(&drops{text: []byte("Дата;Сума\n20.11.2026;7,00\n")})
	if err != nil || !f.utf8 {
		t.Errorf("%+v, %v", f, err)
	}
	if _, err := sniff(&drops{err: errors.New("the disk is gone")}); err == nil || err.Error() != "the disk is gone" {
		t.Errorf("said %v", err)
	}
}

// drops hands out one byte at a time.
type drops struct {
	text []byte
	err  error
}

func (d *drops) Read(p []byte) (int, error) {
	if len(d.text) == 0 {
		if d.err != nil {
			return 0, d.err
		}
		return 0, io.EOF
	}
	p[0] = d.text[0]
	d.text = d.text[1:]
	return 1, nil
}

// What a file holds and what its name says agree, or somebody has chosen another file.
func TestNamesAgreeWithWhatStatementsHold(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]map[Format]bool{
		"виписка.XML": {Camt053: true}, "may.sta": {MT940: true}, "may.940": {MT940: true}, "may.csv": {CSV: true}, "may.txt": {MT940: true, CSV: true},
		"may.xml.csv": {CSV: true}, "may.exe": {}, "may": {Camt053: true, MT940: true, CSV: true}, "may.": {},
	} {
		for _, format := range []Format{Camt053, MT940, CSV} {
			if err := (File{Name: name}).agrees(format); (err == nil) != want[format] {
				t.Errorf("%s with %s in it: %v", name, format, err)
			}
		}
	}
	for name, taken := range map[string]bool{"may.xml": true, "MAY.STA": true, "may.csv": true, "may.exe": false, "may": false, "may.xlsx": false, "": false, "csv": false} {
		if err := CheckName(name); (err == nil) != taken {
			t.Errorf("%q: %v", name, err)
		}
	}
}
