package bank

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"time"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
)

// camt reads a camt.053 message of ISO 20022, of any version.
func (r *reading) camt(_ file, from io.Reader) error {
	x := newElements(from)
	root, err := x.root()
	if err != nil {
		return err
	}
	if root.Name.Local != "Document" {
		return fault.In("file", "bank.camt.other_message", x.line(), "<"+clean(root.Name.Local)+">")
	}
	err = x.children(func(message xml.StartElement) error {
		if message.Name.Local != "BkToCstmrStmt" {
			return fault.In("file", "bank.camt.other_message", x.line(), "<"+clean(message.Name.Local)+">")
		}
		return x.children(func(e xml.StartElement) error {
			if e.Name.Local != "Stmt" {
				return x.skip()
			}
			return r.camtStatement(x)
		})
	})
	if err != nil {
		return err
	}
	return x.rest()
}

func (r *reading) camtStatement(x *elements) error {
	r.begin(x.line())
	var balances camtBalances
	err := x.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "Acct":
			return r.camtAccount(x, e)
		case "ElctrncSeqNb", "LglSeqNb":
			var number string
			if err := x.decode(&number, e); err != nil {
				return err
			}
			r.now.Number = clean(number)
			return nil
		case "Bal":
			return r.camtBalance(x, e, &balances)
		case "Ntry":
			return r.camtEntry(x, e)
		}
		return x.skip()
	})
	if err != nil {
		return err
	}
	r.now.Opening, r.now.Closing = balances.opening(), balances.closing()
	return r.end()
}

type camtAccount struct {
	IBAN     string `xml:"Id>IBAN"`
	Other    string `xml:"Id>Othr>Id"`
	Currency string `xml:"Ccy"`
}

func (r *reading) camtAccount(x *elements, start xml.StartElement) error {
	at := x.line()
	var a camtAccount
	if err := x.decode(&a, start); err != nil {
		return err
	}
	if r.now.Account = squeeze(a.IBAN + a.Other); r.now.Account == "" {
		return fault.In("file", "bank.camt.missing", at, "IBAN")
	}
	r.now.Account = clean(r.now.Account)
	return r.camtCurrency(at, clean(a.Currency))
}

// camtCurrency holds a statement to one currency, wherever it names one.
func (r *reading) camtCurrency(at int, c string) error {
	switch {
	case c == "" || string(r.now.Currency) == c:
		return nil
	case !isCurrency(c):
		return fault.In("file", "bank.camt.value", at, "Ccy")
	case r.now.Currency != "":
		return fault.In("file", "bank.statement.other_currency", at, c, string(r.now.Currency))
	}
	r.now.Currency = money.Currency(c)
	return nil
}

type camtAmount struct {
	Currency string `xml:"Ccy,attr"`
	Value    string `xml:",chardata"`
}

type camtDate struct {
	Day    string `xml:"Dt"`
	Moment string `xml:"DtTm"`
}

func (d camtDate) read() (time.Time, bool) {
	text := strings.TrimSpace(d.Day + d.Moment)
	if len(text) < len(time.DateOnly) {
		return time.Time{}, false
	}
	return day(text[:len(time.DateOnly)], time.DateOnly)
}

// camtSigned reads an amount and its side.
func (r *reading) camtSigned(at int, a camtAmount, side string) (int64, error) {
	if err := r.camtCurrency(at, a.Currency); err != nil {
		return 0, err
	}
	if r.now.Currency == "" {
		return 0, fault.In("file", "bank.camt.missing", at, "Ccy")
	}
	minor, err := minorOf(strings.TrimSpace(a.Value), '.', r.now.Currency)
	if err != nil {
		return 0, amountFault(err, at, "Amt")
	}
	switch strings.TrimSpace(side) {
	case "CRDT":
		return minor, nil
	case "DBIT":
		return -minor, nil
	}
	return 0, fault.In("file", "bank.camt.value", at, "CdtDbtInd")
}

// amountFault says why an amount was not taken.
func amountFault(err error, at int, name string) error {
	switch {
	case errors.Is(err, errTooFine):
		return fault.In("file", "bank.amount.too_fine", at, name)
	case errors.Is(err, errTooLarge):
		return fault.In("file", "bank.amount.too_large", at, name)
	}
	return fault.In("file", "bank.amount.unreadable", at, name)
}

// camtBalances are a statement's balances by their code.
type camtBalances struct{ opened, former, closed, interimFirst, interimLast Balance }

// A page of a longer statement opens and closes with interim balances.
func (b camtBalances) opening() Balance { return first(b.opened, b.former, b.interimFirst) }
func (b camtBalances) closing() Balance { return first(b.closed, b.interimLast) }

func first(all ...Balance) Balance {
	for _, b := range all {
		if b.Known {
			return b
		}
	}
	return Balance{}
}

func (r *reading) camtBalance(x *elements, start xml.StartElement, all *camtBalances) error {
	at := x.line()
	var b struct {
		Code   string     `xml:"Tp>CdOrPrtry>Cd"`
		Amount camtAmount `xml:"Amt"`
		Side   string     `xml:"CdtDbtInd"`
		On     camtDate   `xml:"Dt"`
	}
	if err := x.decode(&b, start); err != nil {
		return err
	}
	minor, err := r.camtSigned(at, b.Amount, b.Side)
	if err != nil {
		return err
	}
	on, ok := b.On.read()
	if !ok {
		return fault.In("file", "bank.camt.value", at, "Dt")
	}
	found := Balance{minor, on, true}
	switch strings.TrimSpace(b.Code) {
	case "OPBD":
		all.opened = found
	case "PRCD":
		all.former = found
	case "CLBD":
		all.closed = found
	case "ITBD":
		if !all.interimFirst.Known {
			all.interimFirst = found
		} else {
			all.interimLast = found
		}
	}
	return nil
}
