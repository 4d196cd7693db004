package stripesim

import (
	"net/http"
	"net/url"
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
	CancelURL string
	Numbers   []testNumber
	Declined  string
	Errors    []shownError
	Card      *cardForm
	Bank      *bankForm
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
func (s *Sim) note(w http.ResponseWriter, r *http.Request, status int, what string, cs checkoutSession) {
	l := speak(r, cs)
	p := notePage{pageFrame: s.frame(r, l, l.text(what+".title")), Text: l.text(what + ".text")}
	if cs.ID != "" {
		p.Sum = new(l.sum(cs.AmountTotal, cs.Currency))
	}
	switch next := cs.CancelURL; {
	case what == "paid" || what == "pending":
		p.Next = &nextLink{cs.successURL(), l.text(what + ".next")}
	case what == "expired" && next != "":
		p.Next = &nextLink{string(next), l.text("expired.next")}
	}
	s.write(w, status, l, "note", cs, p)
}

// till shows the checkout: empty, or with what was typed and what is wrong with it.
func (s *Sim) till(w http.ResponseWriter, r *http.Request, status int, cs checkoutSession, o order, form payForm, wrong mistakes, declined *Declined) {
	l := speak(r, cs)
	sum := l.sum(cs.AmountTotal, cs.Currency)
	p := tillPage{
		pageFrame: s.frame(r, l, l.text("till.title", sum)), What: l.text("till.many"), Sum: sum,
		Email: string(cs.CustomerEmail), Reference: string(cs.ClientReferenceID), CancelURL: string(cs.CancelURL),
	}
	if len(o.Items) == 1 {
		p.What = o.Items[0].Description
	} else {
		for _, item := range o.Items {
			p.Items = append(p.Items, shownItem{item.Description, l.sum(item.AmountTotal, cs.Currency).String()})
		}
	}
	if declined != nil {
		p.Declined = l.text("declined." + declined.DeclineCode)
	}
	action := "?" + url.Values{"lang": {l.tag}}.Encode()
	input := func(id, label, hint, value string, numeric bool) field {
		f := field{ID: id, Name: id, Label: l.text(label), Value: value, Numeric: numeric}
		if hint != "" {
			f.Hint = l.text(hint)
		}
		if key := wrong[id]; key != "" {
			f.Error = l.text(key)
			p.Errors = append(p.Errors, shownError{id, f.Label, f.Error})
		}
		return f
	}
	if cs.offers(methodCard) {
		p.Card = &cardForm{
			Action: action, Button: l.text("button.card", sum),
			Number: input("number", "card.number", "card.number_hint", form.Number, true),
			Expiry: input("expiry", "card.expiry", "card.expiry_hint", form.Expiry, true),
			CVC:    input("cvc", "card.cvc", "card.cvc_hint", "", true),
			Name:   input("name", "card.name", "", form.Name, false),
		}
		p.Numbers = append(p.Numbers, l.numbers("#card", CardPays, "card_pays", CardDeclined, "card_declined", CardNoFunds, "card_no_funds")...)
	}
	if cs.offers(methodBank) {
		p.Bank = &bankForm{
			Action: action, Button: l.text("button.bank", sum),
			Account: input("account", "bank.account", "bank.account_hint", form.Account, true),
			Holder:  input("holder", "bank.name", "", form.Holder, false),
		}
		p.Numbers = append(p.Numbers, l.numbers("#bank", AccountPays, "account_pays", AccountClosed, "account_closed", AccountNoFunds, "account_no_funds")...)
	}
	s.write(w, status, l, "till", cs, p)
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

// grouped writes a card number as it stands on the card.
func grouped(number string) string {
	if len(number) != 16 {
		return number
	}
	return number[:4] + " " + number[4:8] + " " + number[8:12] + " " + number[12:]
}
