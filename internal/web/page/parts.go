package page

import "kopiyka/internal/i18n"

// Gifts are who gave what.
type Gifts struct{ Items []Gift }

// Gift is one pledge or payment in a list.
type Gift struct {
	Who    string // empty: the name is withheld
	Href   string
	Amount *Sum // nil: the amount is hidden
	When   Moment
	Note   string
	Status Status

	Word     string // what the giver says beside its name
	WordLang i18n.Lang
}

// Seal is a ring that closes when the second person has signed.
type Seal struct {
	Signed []Signature
	Awaits string // whose signature is missing; empty once closed
}

// Signature is one person's act.
type Signature struct {
	Act  string // "Запропонувала"
	Who  string
	When Moment
}

// Closed reports whether two people have signed.
func (s Seal) Closed() bool { return len(s.Signed) >= 2 }

// Decision is what the second of two people has to say: the seal of both, and the form while
// it is theirs to fill in.
type Decision struct {
	Seal            *Seal  // nil: no second person is needed
	Approve, Refuse string // where each button leads; empty: nothing is left to decide, or not by this visitor
	Yes, No         string // what the buttons say
	Reason          Field
	Rule            string // what follows
	Why             string // why this visitor cannot decide
}

// Proof says up to when the books were checked.
type Proof struct {
	Title string // "Перевірено до"
	When  Moment
	Text  string
	Links []Link
}

// Notice is one thing to know before the rest. Look is empty, "fault", "transit" or
// "sandbox"; Live has it read aloud when it appears. The zero Notice is not shown.
type Notice struct {
	Look, Title, Text string
	Link              Link
	Live              bool
}

// Steps are what happens, in order.
type Steps struct{ Items []Step }

// Step is one of them.
type Step struct{ Title, Text string }

// Empty says what will be here, and what to do.
type Empty struct {
	Title, Text string
	Link        Link
}

// Stat is one figure and what it counts. A figure without its kopiykas has the exact sum
// below it.
type Stat struct {
	Figure, What string
	Exact        *Sum
	Note         string
	Link         Link
}

// Cards are campaigns side by side.
type Cards struct{ Items []Card }

// Card is a campaign in a list.
type Card struct {
	Title, Href, Text string
	Note              string // a quieter line
	Progress          Progress
	Status            Status
}
