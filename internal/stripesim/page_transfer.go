package stripesim

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// transferPage shows where to send a bank transfer, and lets one arrive.
type transferPage struct {
	pageFrame
	Sum     shownSum // what is lacking
	Details []detail
	Action  string
	Errors  []shownError
	Amount  field
}

type detail struct{ Label, Value string }

// lookTransfer finds an intent and the bill that it pays.
func (s *Sim) lookTransfer(id string) (pi paymentIntent, b bill, err error) {
	err = s.update(eventCause{}, func(t *tx) error {
		var ok bool
		if pi, ok = t.intents.find(id); !ok || pi.PaymentMethodOptions.CustomerBalance == nil {
			return noSuch("payment_intent", id, "intent")
		}
		if cs, ok := t.sessionOf(id); ok {
			b, err = sessionBill(cs.ID)(t)
		} else if pi.Invoice != "" {
			b, err = invoiceBill(string(pi.Invoice))(t)
		} else {
			b = bill{ID: pi.ID, Amount: pi.Amount, Currency: pi.Currency, Lang: pi.Metadata["lang"]}
		}
		return err
	})
	return pi, b, err
}

func (s *Sim) showTransfer(w http.ResponseWriter, r *http.Request) {
	pi, b, err := s.lookTransfer(r.PathValue("intent"))
	if err != nil || pi.NextAction == nil {
		s.noteTransfer(w, r, pi, b, err)
		return
	}
	s.transfer(w, r, http.StatusOK, pi, b, speak(r, b).typed(pi.NextAction.Instructions.AmountRemaining, pi.Currency), nil)
}

// takeTransfer lets the sum that was typed arrive, as if a bank had sent it.
func (s *Sim) takeTransfer(w http.ResponseWriter, r *http.Request) {
	pi, b, err := s.lookTransfer(r.PathValue("intent"))
	if err != nil || pi.NextAction == nil {
		s.noteTransfer(w, r, pi, b, err)
		return
	}
	if !s.readPost(w, r, b) {
		return
	}
	typed := strings.TrimSpace(r.PostForm.Get("amount"))
	minor, mistake := readAmount(typed, pi.Currency)
	if mistake != "" {
		s.transfer(w, r, http.StatusUnprocessableEntity, pi, b, typed, mistakes{"amount": "error." + mistake})
		return
	}
	if err := s.FundTransfer(pi.ID, minor); err != nil {
		s.noteTransfer(w, r, pi, b, err)
		return
	}
	http.Redirect(w, r, r.URL.Path+"?"+url.Values{"lang": {speak(r, b).tag}}.Encode(), http.StatusSeeOther)
}

func (s *Sim) noteTransfer(w http.ResponseWriter, r *http.Request, pi paymentIntent, b bill, err error) {
	missing := new(apiError)
	switch {
	case errors.As(err, &missing):
		s.note(w, r, http.StatusNotFound, "missing", bill{})
	case pi.Status == intentSucceeded:
		s.note(w, r, http.StatusOK, "paid", b)
	default: // cancelled, or paid in another way while the payer looked
		s.note(w, r, http.StatusGone, "void", b)
	}
}

func (s *Sim) transfer(w http.ResponseWriter, r *http.Request, status int, pi paymentIntent, b bill, typed string, wrong mistakes) {
	l := speak(r, b)
	to := pi.NextAction.Instructions
	p := transferPage{
		pageFrame: s.frame(r, l, l.text("transfer.title")), Sum: l.sum(to.AmountRemaining, pi.Currency),
		Action: "?" + url.Values{"lang": {l.tag}}.Encode(),
	}
	add := func(key, value string) { p.Details = append(p.Details, detail{l.text("transfer." + key), value}) }
	add("reference", to.Reference)
	for _, a := range to.Addresses {
		if a.IBAN != nil {
			add("holder", a.IBAN.AccountHolder)
			add("iban", grouped(a.IBAN.IBAN))
			add("bic", a.IBAN.BIC)
		} else {
			add("account", a.ABA.AccountNumber)
			add("routing", a.ABA.RoutingNumber)
			add("bank", a.ABA.BankName)
		}
	}
	f := fields{l: l, wrong: wrong, errors: &p.Errors}
	p.Amount = f.input("amount", "transfer.amount", "transfer.amount_hint", typed, true)
	s.write(w, status, l, "transfer", b.Onward, p)
}

// typed writes an amount as a person of the language would type it.
func (l *tongue) typed(minor int64, currency string) string {
	plain := plainAmount(minor, currency)
	if l.tag == "uk" {
		return strings.Replace(plain, ".", ",", 1)
	}
	return plain
}

// readAmount reads what a person typed: digits, spaces between them, and a point or a
// comma before the minor units. It never rounds.
func readAmount(typed, currency string) (minor int64, mistake string) {
	s := strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", ",", ".").Replace(typed)
	if s == "" {
		return 0, "amount_empty"
	}
	whole, part, cut := strings.Cut(s, ".")
	places := exponent(currency)
	if !digits(whole) || cut && (!digits(part) || len(part) > places) {
		return 0, "amount_shape"
	}
	minor, err := strconv.ParseInt(whole+part+strings.Repeat("0", places-len(part)), 10, 64)
	switch {
	case err != nil || minor > cardMost:
		return 0, "amount_large"
	case minor == 0:
		return 0, "amount_zero"
	case minor%step(currency) != 0:
		return 0, "amount_shape"
	}
	return minor, ""
}
