package stripesim

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode/utf8"
)

func (s *Sim) routePages(mux *http.ServeMux) {
	// Cross-site pages cannot post here; programs that send no browser headers can.
	post := func(pattern string, do http.HandlerFunc) {
		mux.Handle("POST "+pattern, http.NewCrossOriginProtection().Handler(do))
	}
	session := till{find: sessionBill, submit: s.submit}
	mux.HandleFunc("GET /c/pay/{bill}", s.showTill(session))
	post("/c/pay/{bill}", s.takePayment(session))
	invoice := till{find: invoiceBill, submit: func(id string, in instrument) (string, error) { return "", s.submitInvoice(id, in) }}
	mux.HandleFunc("GET /i/{bill}", s.showTill(invoice))
	post("/i/{bill}", s.takePayment(invoice))
	mux.HandleFunc("GET /transfer/{intent}", s.showTransfer)
	post("/transfer/{intent}", s.takeTransfer)
	s.routeDesk(mux, post)
	mux.HandleFunc("GET /assets/{name}", s.asset)
	mux.HandleFunc("GET /assets/fonts/{name}", s.font)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { s.note(w, r, http.StatusOK, "home", bill{}) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.note(w, r, http.StatusNotFound, "missing", bill{}) })
}

// till is where bills of one kind are paid.
type till struct {
	find   func(id string) func(*tx) (bill, error)
	submit func(id string, in instrument) (completed string, err error)
}

func (s *Sim) showTill(at till) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b, _, err := s.lookFor(at.find(r.PathValue("bill")))
		if err != nil || b.State != billOpen {
			s.noteError(w, r, b, err)
			return
		}
		s.till(w, r, http.StatusOK, b, prefilled(r.URL.Query().Get("try")), nil, nil)
	}
}

// prefilled is the form with a test number put in, for payers without patience.
func prefilled(number string) payForm {
	if _, ok := cardVerdicts[number]; ok {
		return payForm{Method: methodCard, Number: grouped(number), Expiry: "12/34", Name: "Test Payer"}
	}
	switch accountEndings[number].method {
	case methodBank:
		return payForm{Method: methodBank, Account: number, Holder: "Test Payer"}
	case methodSEPA:
		return payForm{Method: methodSEPA, IBAN: grouped(number), Payer: "Test Payer"}
	}
	return payForm{}
}

// mostForm is more than any honest form of these pages holds.
const mostForm = 64 << 10

// readPost reads a posted form, or has answered why it cannot be read.
func (s *Sim) readPost(w http.ResponseWriter, r *http.Request, b bill) bool {
	r.Body = http.MaxBytesReader(w, r.Body, mostForm)
	err := r.ParseForm()
	if err == nil && validText(r.PostForm) {
		return true
	}
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		s.note(w, r, http.StatusRequestEntityTooLarge, "large", b)
	} else {
		s.note(w, r, http.StatusBadRequest, "broken", b)
	}
	return false
}

func (s *Sim) takePayment(at till) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b, now, err := s.lookFor(at.find(r.PathValue("bill")))
		if err != nil {
			s.noteError(w, r, b, err)
			return
		}
		if !s.readPost(w, r, b) {
			return
		}
		form := readForm(r.PostForm)
		if !b.offers(form.Method) {
			s.note(w, r, http.StatusBadRequest, "broken", b)
			return
		}
		in, wrong := form.instrument(now)
		if len(wrong) > 0 && b.State == billOpen {
			s.till(w, r, http.StatusUnprocessableEntity, b, form, wrong, nil)
			return
		}
		in.origin = s.origin(r)
		completed, err := at.submit(b.ID, in)
		var declined *Declined
		switch {
		case errors.As(err, &declined):
			s.till(w, r, http.StatusPaymentRequired, b, form, nil, declined)
		case err != nil:
			b, _, _ = s.lookFor(at.find(b.ID))
			s.noteError(w, r, b, err)
		default:
			s.awaitReceivers(r, completed)
			http.Redirect(w, r, b.Onward, http.StatusSeeOther)
		}
	}
}

// awaitReceivers holds the payer back until the merchant's server has heard of the
// payment, as Stripe does, so that the page behind success_url can already show it.
func (s *Sim) awaitReceivers(r *http.Request, event string) {
	if s.opt.RedirectWait < 0 {
		return
	}
	enough := time.NewTimer(s.opt.RedirectWait)
	defer enough.Stop()
	select {
	case <-s.mail.settled(event): // at once if there is no such event
	case <-enough.C:
	case <-r.Context().Done():
	}
}

func validText(form url.Values) bool {
	for name, values := range form {
		for _, v := range values {
			if !utf8.ValidString(name) || !utf8.ValidString(v) {
				return false
			}
		}
	}
	return true
}

// noteError shows why a bill cannot be paid. A payer who sent the form twice has paid
// once and is sent on like after the first time.
func (s *Sim) noteError(w http.ResponseWriter, r *http.Request, b bill, err error) {
	missing := new(apiError)
	switch {
	case errors.As(err, &missing):
		s.note(w, r, http.StatusNotFound, "missing", b)
	case err != nil && !errors.Is(err, ErrNotOpen) && !errors.Is(err, ErrNotPayable):
		s.log.Error("the sandbox's page failed", "error", err)
		s.note(w, r, http.StatusInternalServerError, "broken", b)
	case b.State == billExpired || b.State == billVoid:
		s.note(w, r, http.StatusGone, string(b.State), b)
	case r.Method == http.MethodPost:
		http.Redirect(w, r, b.Onward, http.StatusSeeOther)
	default:
		s.note(w, r, http.StatusOK, string(b.State), b)
	}
}

func (s *Sim) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if name == "mark.svg" {
		http.ServeFileFS(w, r, pageFiles, "page/mark.svg")
		return
	}
	if s.opt.Stylesheet != nil {
		if hash, css := s.opt.Stylesheet(); name == "kopiyka-"+hash+".css" {
			w.Header().Set("Content-Type", "text/css; charset=utf-8")
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(css))
			return
		}
	}
	http.NotFound(w, r)
}

func (s *Sim) font(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if s.opt.Fonts == nil || path.Ext(name) != ".woff2" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "font/woff2")
	http.ServeFileFS(w, r, s.opt.Fonts, name)
}

// policy lets a page load our CSS and fonts and nothing else. Browsers hold the
// form's redirect against it too, so the way back has to be named.
func policy(onward string) string {
	back := ""
	if u, err := url.Parse(onward); err == nil && u.Host != "" && !strings.ContainsAny(u.Host, " ;,") {
		back = " " + u.Scheme + "://" + u.Host
	}
	return "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; form-action 'self'" + back + "; base-uri 'none'; frame-ancestors 'none'"
}

// write renders a page whole before it sends the first byte.
func (s *Sim) write(w http.ResponseWriter, status int, l *tongue, name, onward string, data any) {
	var b bytes.Buffer
	if err := l.pages[name].ExecuteTemplate(&b, "layout", data); err != nil {
		s.log.Error("the sandbox could not write a page", "page", name, "error", err)
		http.Error(w, "SANDBOX: the page could not be written", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy(onward))
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Stripe-Sandbox", "kopiyka")
	h.Set("Content-Language", l.tag)
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a payer who has left is no error
}
