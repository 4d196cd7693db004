package bank

import (
	"encoding/xml"
	"strings"

	"kopiyka/internal/fault"
)

type camtEntry struct {
	Reference string     `xml:"AcctSvcrRef"`
	Amount    camtAmount `xml:"Amt"`
	Side      string     `xml:"CdtDbtInd"`
	Reversal  string     `xml:"RvslInd"`
	Status    struct {
		Text string `xml:",chardata"` // until version 03
		Code string `xml:"Cd"`
	} `xml:"Sts"`
	Booked  camtDate `xml:"BookgDt"`
	Value   camtDate `xml:"ValDt"`
	Code    string   `xml:"BkTxCd>Domn>Fmly>SubFmlyCd"`
	Details []struct {
		Parts []camtPart `xml:"TxDtls"`
	} `xml:"NtryDtls"`
	Info string `xml:"AddtlNtryInf"`
}

// camtPart is one of the payments that an entry is made of; nearly always the only one.
type camtPart struct {
	Reference string     `xml:"Refs>AcctSvcrRef"`
	EndToEnd  string     `xml:"Refs>EndToEndId"`
	Amount    camtAmount `xml:"Amt"`
	Given     camtAmount `xml:"AmtDtls>TxAmt>Amt"` // until version 03
	Side      string     `xml:"CdtDbtInd"`
	Code      string     `xml:"BkTxCd>Domn>Fmly>SubFmlyCd"`
	Debtor    camtParty  `xml:"RltdPties>Dbtr"`
	Creditor  camtParty  `xml:"RltdPties>Cdtr"`
	DebtorAt  camtNumber `xml:"RltdPties>DbtrAcct>Id"`
	CreditAt  camtNumber `xml:"RltdPties>CdtrAcct>Id"`
	Free      []string   `xml:"RmtInf>Ustrd"`
	Creditors []string   `xml:"RmtInf>Strd>CdtrRefInf>Ref"`
	Further   []string   `xml:"RmtInf>Strd>AddtlRmtInf"`
	Returned  *struct{}  `xml:"RtrInf"`
	Info      string     `xml:"AddtlTxInf"`
}

type camtParty struct {
	Name  string `xml:"Nm"`
	ID    string `xml:"Id>OrgId>Othr>Id"`
	Named string `xml:"Pty>Nm"` // since version 08
	IDed  string `xml:"Pty>Id>OrgId>Othr>Id"`
}

type camtNumber struct {
	IBAN  string `xml:"IBAN"`
	Other string `xml:"Othr>Id"`
}

// camtEntry reads an entry and adds its lines. What is only announced moves nothing yet and
// is left out: it comes again when it is booked.
func (r *reading) camtEntry(x *elements, start xml.StartElement) error {
	at := x.line()
	var e camtEntry
	if err := x.decode(&e, start); err != nil {
		return err
	}
	switch strings.TrimSpace(e.Status.Text + e.Status.Code) {
	case "BOOK", "":
	case "PDNG", "INFO", "FUTR":
		return nil
	default:
		return fault.In("file", "bank.camt.value", at, "Sts")
	}
	minor, err := r.camtSigned(at, e.Amount, e.Side)
	if err != nil {
		return err
	}
	booked, ok := e.Booked.read()
	value, valued := e.Value.read()
	if !ok {
		if booked = value; !valued {
			return fault.In("file", "bank.camt.missing", at, "BookgDt")
		}
	}
	whole := Line{BookedOn: booked, ValueOn: value, Minor: minor, Reference: e.reference(), Kind: kindOf(e.Code), At: at}
	if t := strings.TrimSpace(e.Reversal); t == "true" || t == "1" {
		whole.Kind = Return
	}
	for _, l := range r.camtLines(e, whole) {
		if err := r.add(l); err != nil {
			return err
		}
	}
	return nil
}

func (e camtEntry) reference() string { return known(e.Reference) }

// camtLines takes an entry of several payments apart when the file tells all their sums and
// these are the entry; else it stays one line.
func (r *reading) camtLines(e camtEntry, whole Line) []Line {
	var parts []camtPart
	for _, d := range e.Details {
		parts = append(parts, d.Parts...)
	}
	if len(parts) > 1 {
		var lines []Line
		var sum int64
		for _, p := range parts {
			minor, ok := r.camtShare(p, whole.Minor)
			if !ok {
				break
			}
			l := p.fill(whole)
			l.Minor = minor
			sum += minor
			lines = append(lines, l)
		}
		if len(lines) == len(parts) && sum == whole.Minor {
			return lines
		}
	}
	l := whole
	var texts []string
	for i, p := range parts {
		filled := p.fill(whole)
		if i == 0 {
			l = filled
		}
		texts = append(texts, filled.Details)
	}
	l.Details = clean(append(texts, e.Info)...)
	if e.reference() != "" {
		l.Reference = e.reference()
	}
	return []Line{l}
}

// camtShare is what a payment has of its entry.
func (r *reading) camtShare(p camtPart, whole int64) (int64, bool) {
	a := p.Amount
	if a.Value == "" {
		a = p.Given
	}
	if a.Currency != string(r.now.Currency) {
		return 0, false
	}
	minor, err := minorOf(strings.TrimSpace(a.Value), '.', r.now.Currency)
	if err != nil {
		return 0, false
	}
	side := strings.TrimSpace(p.Side)
	if side == "DBIT" || side == "" && whole < 0 {
		minor = -minor
	}
	return minor, true
}

// fill puts what a payment says into a copy of its entry's line. The other side is who paid
// when money came in, and who was paid when it left.
func (p camtPart) fill(l Line) Line {
	party, number := p.Debtor, p.DebtorAt
	if l.Minor < 0 {
		party, number = p.Creditor, p.CreditAt
	}
	if ref := known(p.Reference); ref != "" {
		l.Reference = ref
	}
	l.EndToEnd = known(p.EndToEnd)
	l.Party = clean(party.Name, party.Named)
	l.PartyID = clean(party.ID, party.IDed)
	l.PartyIBAN = clean(squeeze(number.IBAN + number.Other))
	texts := append(append(p.Free, p.Creditors...), p.Further...)
	l.Details = clean(append(texts, p.Info)...)
	if p.Returned != nil {
		l.Kind = Return
	}
	if l.Kind == Ordinary {
		l.Kind = kindOf(p.Code)
	}
	return l
}

// kindOf reads ISO 20022's code of what a payment was.
func kindOf(code string) Kind {
	switch strings.TrimSpace(code) {
	case "CHRG", "FEES", "COMM":
		return Fee
	}
	return Ordinary
}

// known leaves out what stands where a bank has nothing to say.
func known(reference string) string {
	reference = clean(reference)
	switch strings.ToUpper(reference) {
	case "NOTPROVIDED", "NONREF", "NOREF", "N/A":
		return ""
	}
	return reference
}
