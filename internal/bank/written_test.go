package bank

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	"kopiyka/internal/money"
)

// A statement as the tests make it up, and as each bank would write it.
type madeUp struct {
	iban     string
	opening  int64
	from, to time.Time
	lines    []Line
}

func (m madeUp) closing() int64 {
	sum := m.opening
	for _, l := range m.lines {
		sum += l.Minor
	}
	return sum
}

func plain(minor int64) string { return money.Of(max(minor, -minor), "UAH").Plain() }

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
	return b.String()
}

func (m madeUp) camt(version string) string {
	var b strings.Builder
	side := func(minor int64) string {
		if minor < 0 {
			return "DBIT"
		}
		return "CRDT"
	}
	balance := func(code string, minor int64, on time.Time) {
		fmt.Fprintf(&b, "<Bal><Tp><CdOrPrtry><Cd>%s</Cd></CdOrPrtry></Tp><Amt Ccy=\"UAH\">%s</Amt><CdtDbtInd>%s</CdtDbtInd><Dt><Dt>%s</Dt></Dt></Bal>\n",
			code, plain(minor), side(minor), on.Format(time.DateOnly))
	}
	open, closed, booked := "<Nm>", "</Nm>", "BOOK"
	if version >= "08" {
		open, closed, booked = "<Pty><Nm>", "</Nm></Pty>", "<Cd>BOOK</Cd>"
	}
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.%s\"><BkToCstmrStmt><Stmt><Id>1</Id><Acct><Id><IBAN>%s</IBAN></Id></Acct>\n", version, m.iban)
	balance("OPBD", m.opening, m.from)
	balance("CLBD", m.closing(), m.to)
	for _, l := range m.lines {
		party := "Dbtr"
		if l.Minor < 0 {
			party = "Cdtr"
		}
		fmt.Fprintf(&b, "<Ntry><Amt Ccy=\"UAH\">%s</Amt><CdtDbtInd>%s</CdtDbtInd><RvslInd>%t</RvslInd><Sts>%s</Sts><BookgDt><Dt>%s</Dt></BookgDt><AcctSvcrRef>%s</AcctSvcrRef>",
			plain(l.Minor), side(l.Minor), l.Kind == Return, booked, l.BookedOn.Format(time.DateOnly), escaped(l.Reference))
		if l.Kind == Fee {
			b.WriteString("<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>MDOP</Cd><SubFmlyCd>CHRG</SubFmlyCd></Fmly></Domn></BkTxCd>")
		}
		fmt.Fprintf(&b, "<NtryDtls><TxDtls><Refs><EndToEndId>%s</EndToEndId></Refs><RltdPties><%s>%s%s%s</%s><%sAcct><Id><IBAN>%s</IBAN></Id></%sAcct></RltdPties><RmtInf><Ustrd>%s</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n",
			escaped(l.EndToEnd), party, open, escaped(l.Party), closed, party, party, l.PartyIBAN, party, escaped(l.Details))
	}
	b.WriteString("</Stmt></BkToCstmrStmt></Document>\n")
	return b.String()
}

func (m madeUp) mt940() string {
	var b strings.Builder
	comma := func(minor int64) string { return strings.Replace(plain(minor), ".", ",", 1) }
	balance := func(tag string, minor int64, on time.Time) {
		side := "C"
		if minor < 0 {
			side = "D"
		}
		fmt.Fprintf(&b, ":%s:%s%sUAH%s\r\n", tag, side, on.Format("060102"), comma(minor))
	}
	fmt.Fprintf(&b, "{1:F01}{2:O940}{4:\r\n:20:X\r\n:25:%s\r\n:28C:1\r\n", m.iban)
	balance("60F", m.opening, m.from)
	for _, l := range m.lines {
		side, kind := "C", "TRF"
		if (l.Minor < 0) != (l.Kind == Return) {
			side = "D"
		}
		if l.Kind == Return {
			side = "R" + side
		}
		if l.Kind == Fee {
			kind = "CHG"
		}
		fmt.Fprintf(&b, ":61:%s%s%sN%sNONREF//%s\r\n", l.BookedOn.Format("060102"), side, comma(l.Minor), kind, l.Reference)
		fmt.Fprintf(&b, ":86:/EREF/%s//IBAN/%s//NAME/%s//REMI/%s/\r\n", l.EndToEnd, l.PartyIBAN, l.Party, l.Details)
	}
	balance("62F", m.closing(), m.to)
	b.WriteString("-}\r\n")
	return b.String()
}

func (m madeUp) csv(delimiter string) string {
	var b strings.Builder
	row := func(cells ...string) {
		for i, c := range cells {
			if strings.ContainsAny(c, "\""+delimiter) {
				cells[i] = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
			}
		}
		b.WriteString(strings.Join(cells, delimiter) + "\n")
	}
	row("Дата операції", "Сума", "Валюта", "Назва контрагента", "Рахунок контрагента", "Призначення платежу", "Референс", "№ док")
	for _, l := range m.lines {
		sign := ""
		if l.Minor < 0 {
			sign = "-"
		}
		row(l.BookedOn.Format("02.01.2006"), sign+strings.Replace(plain(l.Minor), ".", ",", 1), "UAH", l.Party, l.PartyIBAN, l.Details, l.Reference, l.EndToEnd)
	}
	return b.String()
}

// texts that no format needs to cut or to mark: each has its own signs.
var words = rapid.StringMatching(`[А-ЯЇІЄҐа-яїієґA-Za-z0-9№«»,.()&-]{1,12}( [А-ЯЇІЄҐа-яїієґA-Za-z0-9"&<;-]{1,10}){0,3}`)

func anyLines(t *rapid.T, n int) []Line {
	on := on("2026-03-01")
	var all []Line
	for range n {
		on = on.AddDate(0, 0, rapid.IntRange(0, 2).Draw(t, "days"))
		l := Line{
			BookedOn: on, Minor: rapid.Int64Range(1, 1_000_000_00).Draw(t, "minor"), Kind: rapid.SampledFrom([]Kind{Ordinary, Ordinary, Return, Fee}).Draw(t, "kind"),
			Reference: rapid.StringMatching(`[A-Z][0-9]{6}`).Draw(t, "reference"), EndToEnd: rapid.StringMatching(`E[0-9]{3}`).Draw(t, "end to end"),
			Party: words.Draw(t, "party"), PartyIBAN: rapid.StringMatching(`UA[0-9]{27}`).Draw(t, "iban"), Details: words.Draw(t, "details"),
		}
		if rapid.Bool().Draw(t, "out") {
			l.Minor = -l.Minor
		}
		all = append(all, l)
	}
	return all
}

// Any statement, written as any bank writes it, is read as it was.
func TestWhatABankWritesIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := madeUp{iban: account.IBAN, opening: rapid.Int64Range(-1_000_000, 1_000_000).Draw(t, "opening"), from: on("2026-03-01"), lines: anyLines(t, rapid.IntRange(1, 12).Draw(t, "lines"))}
		m.to = m.lines[len(m.lines)-1].BookedOn
		comma, tab := m.csv(","), m.csv("\t")
		for name, file := range map[string]string{
			"camt 02": m.camt("02"), "camt 08": m.camt("08"), "mt940": m.mt940(), "csv ;": m.csv(";"), "csv ,": comma, "csv tab": tab, "csv with its mark": "\xef\xbb\xbf" + comma, "csv 1251": cyrillic(t, m.csv(";")),
		} {
			statements, lines, err := parsed(file, Columns{})
			if err != nil {
				t.Fatalf("%s: %v\n%s", name, err, file)
			}
			want := append([]Line{}, m.lines...)
			for i := range lines {
				lines[i].At = 0
				lines[i].ValueOn = time.Time{}
				if strings.HasPrefix(name, "csv") {
					want[i].Kind = Ordinary // a table does not say
				}
			}
			if diff := cmp.Diff(want, lines); diff != "" {
				t.Fatalf("%s (-want +got):\n%s\n%s", name, diff, file)
			}
			if s := statements[0]; len(statements) != 1 || s.Lines != len(want) || s.Sum != m.closing()-m.opening || s.Opening.Known != !strings.HasPrefix(name, "csv") {
				t.Fatalf("%s: %+v", name, statements)
			}
		}
	})
}

func cyrillic(t *rapid.T, s string) string {
	out, err := charmap.Windows1251.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// No file can be cut so that it seems whole: what is missing at its end is missed.
func TestACutFileIsNeverTaken(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := madeUp{iban: account.IBAN, opening: 500, from: on("2026-03-01"), lines: anyLines(t, 4)}
		m.to = m.lines[3].BookedOn
		for name, file := range map[string]string{"camt": m.camt("08"), "mt940": m.mt940()} {
			end := strings.LastIndexAny(strings.TrimSpace(file), ">,") // MT940's last amount ends behind its sign
			cut := rapid.IntRange(1, end-1).Draw(t, "cut")
			if _, _, err := parsed(file[:cut], Columns{}); err == nil {
				t.Fatalf("%s of %d bytes is taken at %d", name, len(file), cut)
			}
		}
	})
}
