// Package bank is what banks say of a cluster's own accounts: statements, their lines, and
// what each line was for.
//
// A file is read twice, once to judge it and once to write it down, so nothing of a broken
// one is kept. Each line posts once, when it is imported, as money that nobody has explained
// yet; a match says what it was, and giving writes the payment. The bank's word is never
// changed here, and no amount is ever guessed: what is in doubt waits for a person.
package bank

import (
	"time"

	"kopiyka/internal/money"
)

// Format is the form of a statement's file.
type Format string

const (
	Camt053 Format = "camt.053"
	MT940   Format = "mt940"
	CSV     Format = "csv"
)

// Kind is what the bank itself calls a line.
type Kind string

const (
	Ordinary Kind = "payment"
	Return   Kind = "return" // a return or a reversal of another line
	Fee      Kind = "fee"    // of the bank
)

// Line is one movement on an account as a file tells it.
type Line struct {
	BookedOn  time.Time
	ValueOn   time.Time // zero: the file does not say
	Minor     int64     // in above zero, out below
	Reference string    // the bank's own; may be shared by a payment and its fee
	EndToEnd  string    // what the payer's program called it
	Party     string    // who paid, or was paid
	PartyIBAN string
	PartyID   string // the other side's official id, such as its EDRPOU code
	Details   string // what the payer wrote
	Kind      Kind
	At        int // the file's line on which it begins
}

// Balance is what a statement says of its account at a moment.
type Balance struct {
	Minor int64
	On    time.Time
	Known bool
}

// Statement is one statement of a file, without its lines.
type Statement struct {
	Account  string // as the file names it; empty where it does not
	Currency money.Currency
	Number   string
	Opening  Balance
	Closing  Balance
	From, To time.Time
	Lines    int
	Sum      int64 // of its lines
	At       int   // the file's line on which it begins
}

// Limits of what is read. They bound memory, whatever a file holds.
const (
	MaxFile   = 50 << 20 // a file
	maxEntry  = 1 << 20  // one entry of it
	maxDepth  = 48       // elements within each other
	maxText   = 1000     // characters of a text that is kept
	maxParts  = 1000     // statements in a file
	maxAmount = 99_999_999_999_999
)
