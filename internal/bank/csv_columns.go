package bank

import (
	"strings"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
)

// Columns says under which heads a CSV file keeps what. The zero Columns finds every head
// that a preset knows.
type Columns struct {
	Preset string            // one of Presets, or empty
	Named  map[string]string // a column's name here → its head in the file
}

// The columns that a file may have. It needs a date, and either an amount or the two of
// what came and what left.
const (
	colDate      = "date"
	colAmount    = "amount"
	colCredit    = "credit"
	colDebit     = "debit"
	colSide      = "side"
	colCurrency  = "currency"
	colAccount   = "account"
	colParty     = "party"
	colPartyIBAN = "party_iban"
	colPartyID   = "party_id"
	colDetails   = "details"
	colReference = "reference"
	colDocument  = "document"
)

var columnNames = []string{colDate, colAmount, colCredit, colDebit, colSide, colCurrency, colAccount, colParty, colPartyIBAN, colPartyID, colDetails, colReference, colDocument}

// presets know the heads of banks' exports for companies, in small letters.
var presets = map[string]map[string][]string{
	"privatbank": {
		colDate:      {"дата операції", "дата проводки", "дата"},
		colAmount:    {"сума", "сума операції", "сума у валюті рахунку"},
		colDebit:     {"дебет"},
		colCredit:    {"кредит"},
		colCurrency:  {"валюта"},
		colAccount:   {"рахунок", "ваш рахунок"},
		colParty:     {"назва контрагента", "контрагент", "назва кореспондента"},
		colPartyIBAN: {"рахунок контрагента", "iban контрагента", "рахунок кореспондента"},
		colPartyID:   {"єдрпоу", "єдрпоу контрагента", "єдрпоу кореспондента", "код єдрпоу"},
		colDetails:   {"призначення платежу"},
		colReference: {"референс", "референс операції"},
		colDocument:  {"№ док", "№ документа", "номер документа", "документ"},
	},
	"monobank": {
		colDate:      {"дата i час операції", "дата і час операції", "дата та час операції", "дата операції"},
		colAmount:    {"сума у валюті рахунку", "сума в валюті рахунку", "сума операції", "сума"},
		colDebit:     {"дебет", "списання"},
		colCredit:    {"кредит", "зарахування"},
		colCurrency:  {"валюта рахунку", "валюта"},
		colAccount:   {"iban", "рахунок"},
		colParty:     {"контрагент", "назва контрагента", "ім’я контрагента", "ім'я контрагента"},
		colPartyIBAN: {"iban контрагента", "рахунок контрагента"},
		colPartyID:   {"єдрпоу/іпн контрагента", "єдрпоу контрагента", "єдрпоу", "іпн/єдрпоу"},
		colDetails:   {"призначення платежу", "призначення", "деталі операції", "опис операції"},
		colReference: {"id операції", "ідентифікатор операції", "номер квитанції"},
		colDocument:  {"номер документа"},
	},
	"english": {
		colDate:      {"date", "booking date", "transaction date", "booked on"},
		colAmount:    {"amount"},
		colDebit:     {"debit", "withdrawal"},
		colCredit:    {"credit", "deposit"},
		colSide:      {"debit/credit", "d/c"},
		colCurrency:  {"currency"},
		colAccount:   {"account", "iban"},
		colParty:     {"counterparty", "name", "payer"},
		colPartyIBAN: {"counterparty account", "counterparty iban", "payer iban"},
		colPartyID:   {"counterparty id", "registration number"},
		colDetails:   {"details", "description", "payment details", "remittance information"},
		colReference: {"bank reference", "transaction id", "reference"},
		colDocument:  {"document", "document number"},
	},
}

// Presets names the presets.
func Presets() []string { return []string{"privatbank", "monobank", "english"} }

// ParseColumns reads a mapping as people write it: "date = Дата; amount = Сума", a preset's
// name, or nothing. What is wrong is a fault about the field columns.
func ParseColumns(text string) (Columns, error) {
	text = strings.TrimSpace(text)
	if _, ok := presets[strings.ToLower(text)]; ok || text == "" {
		return Columns{Preset: strings.ToLower(text)}, nil
	}
	c := Columns{Named: map[string]string{}}
	for pair := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == '\n' }) {
		name, head, ok := strings.Cut(pair, "=")
		name, head = strings.TrimSpace(name), strings.TrimSpace(head)
		switch {
		case !ok && name == "":
			continue
		case !ok || head == "" || !knownColumn(name):
			return Columns{}, fault.In("columns", "bank.columns.form", clean(pair), strings.Join(columnNames, ", "))
		}
		c.Named[name] = head
	}
	if c.Named[colDate] == "" || c.Named[colAmount] == "" && (c.Named[colCredit] == "" || c.Named[colDebit] == "") {
		return Columns{}, fault.In("columns", "bank.columns.too_few")
	}
	return c, nil
}

func knownColumn(name string) bool {
	for _, n := range columnNames {
		if n == name {
			return true
		}
	}
	return false
}

// asked are the heads that were looked for, for the person who has to name others.
func (c Columns) asked() string {
	if len(c.Named) > 0 {
		var heads []string
		for _, n := range columnNames {
			if c.Named[n] != "" {
				heads = append(heads, c.Named[n])
			}
		}
		return strings.Join(heads, ", ")
	}
	return "Дата операції, Сума"
}

// csvColumns tells where in a row things stand.
type csvColumns struct {
	width int // the columns that every row must reach
	at    map[string]int
	heads []string
}

// find reads a row as the head of the table, if it is one.
func (c Columns) find(cells []string) (csvColumns, bool) {
	found := csvColumns{at: map[string]int{}, heads: cells}
	for i, cell := range cells {
		name := c.named(cell)
		if _, taken := found.at[name]; name != "" && !taken {
			found.at[name] = i
			found.width = max(found.width, i+1)
		}
	}
	_, date := found.at[colDate]
	_, amount := found.at[colAmount]
	_, in := found.at[colCredit]
	_, out := found.at[colDebit]
	if !date || !amount && (!in || !out) {
		return csvColumns{}, false
	}
	return found, true
}

// named is the column whose head this is, or empty.
func (c Columns) named(head string) string {
	head = strings.ToLower(strings.Trim(clean(head), "\ufeff"))
	for _, name := range columnNames {
		if len(c.Named) > 0 {
			if strings.ToLower(clean(c.Named[name])) == head && head != "" {
				return name
			}
			continue
		}
		for preset, heads := range presets {
			if c.Preset != "" && c.Preset != preset {
				continue
			}
			for _, h := range heads[name] {
				// A unit or a currency in brackets may follow.
				if head == h || strings.HasPrefix(head, h+" (") || strings.HasPrefix(head, h+", ") {
					return name
				}
			}
		}
	}
	return ""
}

func (c csvColumns) cell(cells []string, name string) string {
	i, ok := c.at[name]
	if !ok || i >= len(cells) {
		return ""
	}
	return cells[i]
}

// name is the head of a column in this file.
func (c csvColumns) name(column string) string {
	if i, ok := c.at[column]; ok {
		return clean(c.heads[i])
	}
	return column
}

// totals are words with which a row of sums begins.
var totals = []string{"разом", "всього", "усього", "підсумок", "оборот", "total", "balance", "залишок"}

func (c csvColumns) isTotal(cells []string) bool {
	if strings.TrimSpace(c.cell(cells, colDate)) != "" {
		_, isDay := csvDay(c.cell(cells, colDate))
		if isDay {
			return false
		}
	}
	for _, cell := range cells {
		cell = strings.ToLower(strings.TrimSpace(cell))
		if cell == "" {
			continue
		}
		for _, word := range totals {
			if strings.HasPrefix(cell, word) {
				return true
			}
		}
		return false
	}
	return false
}

// amount reads what a row moved: a signed amount, one with its side beside it, or what came
// and what left in two columns.
func (c csvColumns) amount(cells []string, cur money.Currency, at int) (int64, error) {
	if _, ok := c.at[colAmount]; ok {
		minor, err := csvAmount(c.cell(cells, colAmount), cur)
		if err != nil {
			return 0, amountFault(err, at, c.name(colAmount))
		}
		if side := strings.ToLower(strings.TrimSpace(c.cell(cells, colSide))); side != "" {
			switch {
			case minor < 0 || !strings.ContainsAny(side[:1], "cd"):
				return 0, fault.In("file", "bank.amount.unreadable", at, c.name(colSide))
			case side[0] == 'd':
				minor = -minor
			}
		}
		return minor, nil
	}
	var sum int64
	for column, sign := range map[string]int64{colCredit: 1, colDebit: -1} {
		text := strings.TrimSpace(c.cell(cells, column))
		if text == "" {
			continue
		}
		minor, err := csvAmount(text, cur)
		if err != nil {
			return 0, amountFault(err, at, c.name(column))
		}
		if minor != 0 && sum != 0 {
			return 0, fault.In("file", "bank.amount.unreadable", at, c.name(column))
		}
		if column == colDebit && minor < 0 {
			minor = -minor // some banks write what left with a minus as well
		}
		sum += sign * minor
	}
	return sum, nil
}
