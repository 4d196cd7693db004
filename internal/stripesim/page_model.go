package stripesim

import (
	"net/http"
	"net/url"
	"strings"
)

// pageFrame is what every page of the sandbox shows.
type pageFrame struct {
	Title      string
	Merchant   string
	Stylesheet string
	Languages  []languageLink
}

type languageLink struct {
	Tag, Name, URL string
	Current        bool
}

type notePage struct {
	pageFrame
	Text string
	Sum  *shownSum
	Next *nextLink
}

type nextLink struct{ URL, Label string }

type tillPage struct {
	pageFrame
	What      string
	Sum       shownSum
	Items     []shownItem // only if there are several
	Email     string
	Reference string
	Due       string
	CancelURL string
	Transfer  string // address of the bank's details
	Numbers   []testNumber
	Declined  string
	Errors    []shownError
	Card      *cardForm
	Bank      *bankForm
	SEPA      *sepaForm
	ByBank    *transferForm
}

type shownItem struct{ Name, Sum string }

type testNumber struct{ Number, Ending, URL string }

type shownError struct{ Field, Label, Text string }

type cardForm struct {
	Action, Button            string
	Number, Expiry, CVC, Name field
}

type bankForm struct {
	Action, Button  string
	Account, Holder field
}

type sepaForm struct {
	Action, Button string
	IBAN, Payer    field
}

type transferForm struct{ Action string }

type field struct {
	ID, Name, Label, Hint, Value, Error string
	Numeric                             bool
}

func (s *Sim) frame(r *http.Request, l *tongue, title string) pageFrame {
	f := pageFrame{Title: title, Merchant: s.opt.Merchant}
	if s.opt.Stylesheet != nil {
		hash, _ := s.opt.Stylesheet()
		f.Stylesheet = "/assets/kopiyka-" + hash + ".css"
	}
	for _, tag := range []string{"uk", "en"} {
		f.Languages = append(f.Languages, languageLink{tag, tongues[tag].text("name"), "?lang=" + tag, tag == l.tag})
	}
	return f
}

// note shows one of the short pages; what names it in the texts.
func (s *Sim) note(w http.ResponseWriter, r *http.Request, status int, what string, b bill) {
	l := speak(r, b)
	p := notePage{pageFrame: s.frame(r, l, l.text(what+".title")), Text: l.text(what + ".text")}
	if b.ID != "" {
		p.Sum = new(l.sum(b.Amount, b.Currency))
	}
	link := func(url string) {
		if url != "" && url != r.URL.Path {
			p.Next = &nextLink{url, l.text(what + ".next")}
		}
	}
	switch what {
	case "paid", "pending":
		link(b.Onward)
	case "waiting":
		link(b.Transfer)
	case "expired":
		link(b.Cancel)
	case "home":
		link("/desk")
	}
	s.write(w, status, l, "note", b.Onward, p)
}

// till shows the checkout: empty, or with what was typed and what is wrong with it.
func (s *Sim) till(w http.ResponseWriter, r *http.Request, status int, b bill, form payForm, wrong mistakes, declined *Declined) {
	l := speak(r, b)
	sum := l.sum(b.Amount, b.Currency)
	p := tillPage{
		pageFrame: s.frame(r, l, l.text("till.title", sum)), What: l.text("till.many"), Sum: sum,
		Email: b.Email, Reference: b.Reference, CancelURL: b.Cancel, Transfer: b.Transfer,
	}
	if b.Due != 0 {
		p.Due = l.date(b.Due)
	}
	if len(b.Items) == 1 && b.Items[0].Name != "" {
		p.What = b.Items[0].Name
	} else {
		for _, item := range b.Items {
			p.Items = append(p.Items, shownItem{item.Name, l.sum(item.Amount, b.Currency).String()})
		}
	}
	if declined != nil {
		p.Declined = l.text("declined." + declined.DeclineCode)
	}
	f := fields{l: l, wrong: wrong, errors: &p.Errors}
	action := "?" + url.Values{"lang": {l.tag}}.Encode()
	if b.offers(methodCard) {
		p.Card = &cardForm{
			Action: action, Button: l.text("button.card", sum),
			Number: f.input("number", "card.number", "card.number_hint", form.Number, true),
			Expiry: f.input("expiry", "card.expiry", "card.expiry_hint", form.Expiry, true),
			CVC:    f.input("cvc", "card.cvc", "card.cvc_hint", "", true),
			Name:   f.input("name", "card.name", "", form.Name, false),
		}
		p.Numbers = append(p.Numbers, l.numbers("#card", CardPays, "card_pays", CardDeclined, "card_declined", CardNoFunds, "card_no_funds",
			CardDisputed, "card_disputed", CardNotReceived, "card_not_received", CardInquiry, "card_inquiry",
			CardRefundPending, "card_refund_pending", CardRefundFails, "card_refund_fails")...)
	}
	if b.offers(methodBank) {
		p.Bank = &bankForm{
			Action: action, Button: l.text("button.bank", sum),
			Account: f.input("account", "bank.account", "bank.account_hint", form.Account, true),
			Holder:  f.input("holder", "bank.name", "", form.Holder, false),
		}
		p.Numbers = append(p.Numbers, l.numbers("#bank", AccountPays, "account_pays", AccountClosed, "account_closed", AccountNoFunds, "account_no_funds",
			AccountNotAllowed, "account_not_allowed", AccountWeeklyLimit, "account_limit", AccountDisputed, "account_disputed")...)
	}
	if b.offers(methodSEPA) {
		p.SEPA = &sepaForm{
			Action: action, Button: l.text("button.bank", sum),
			IBAN:  f.input("iban", "sepa.iban", "sepa.iban_hint", form.IBAN, false),
			Payer: f.input("payer", "bank.name", "", form.Payer, false),
		}
		p.Numbers = append(p.Numbers, l.numbers("#sepa", IBANPays, "account_pays", IBANFails, "iban_fails", IBANNoFunds, "account_no_funds",
			IBANSourceLimit, "iban_limit", IBANWeeklyLimit, "account_limit", IBANDisputed, "account_disputed")...)
	}
	if b.offers(methodTransfer) {
		p.ByBank = &transferForm{action}
	}
	s.write(w, status, l, "till", b.Onward, p)
}

// fields makes the fields of a form and collects what is wrong with them.
type fields struct {
	l      *tongue
	wrong  mistakes
	errors *[]shownError
}

func (fs fields) input(id, label, hint, value string, numeric bool) field {
	f := field{ID: id, Name: id, Label: fs.l.text(label), Value: value, Numeric: numeric}
	if hint != "" {
		f.Hint = fs.l.text(hint)
	}
	if key := fs.wrong[id]; key != "" {
		f.Error = fs.l.text(key)
		*fs.errors = append(*fs.errors, shownError{id, f.Label, f.Error})
	}
	return f
}

// numbers makes the table of test numbers from pairs of number and ending.
func (l *tongue) numbers(anchor string, pairs ...string) []testNumber {
	var out []testNumber
	for i := 0; i < len(pairs); i += 2 {
		link := "?" + url.Values{"lang": {l.tag}, "try": {pairs[i]}}.Encode() + anchor
		out = append(out, testNumber{grouped(pairs[i]), l.text("number." + pairs[i+1]), link})
	}
	return out
}

// grouped writes a card number or an IBAN in fours, as it stands on the card.
func grouped(number string) string {
	if digits(number) && len(number) != 16 {
		return number
	}
	var b strings.Builder
	for i, r := range number {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
