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
	mux.HandleFunc("GET /c/pay/{session}", s.showTill)
	// Cross-site pages cannot pay here; programs that send no browser headers can.
	mux.Handle("POST /c/pay/{session}", http.NewCrossOriginProtection().Handler(http.HandlerFunc(s.takePayment)))
	mux.HandleFunc("GET /assets/{name}", s.asset)
	mux.HandleFunc("GET /assets/fonts/{name}", s.font)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { s.note(w, r, http.StatusOK, "home", checkoutSession{}) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.note(w, r, http.StatusNotFound, "missing", checkoutSession{})
	})
}

// look finds a session as of now: one whose time is over is shown as expired.
func (s *Sim) look(id string) (cs checkoutSession, o order, now time.Time, err error) {
	err = s.update(eventCause{}, func(t *tx) error {
		var ok bool
		if cs, ok = t.sessions.find(id); !ok {
			return noSuch("checkout.session", id, "session")
		}
		o, _ = t.orders.find(id)
		now = t.now
		return nil
	})
	return cs, o, now, err
}

func (s *Sim) showTill(w http.ResponseWriter, r *http.Request) {
	cs, o, _, err := s.look(r.PathValue("session"))
	if err != nil || cs.Status != sessionOpen {
		s.noteError(w, r, cs, err)
		return
	}
	s.till(w, r, http.StatusOK, cs, o, prefilled(r.URL.Query().Get("try")), nil, nil)
}

// prefilled is the form with a test number put in, for payers without patience.
func prefilled(number string) payForm {
	if _, ok := cardVerdicts[number]; ok {
		return payForm{Method: methodCard, Number: grouped(number), Expiry: "12/34", Name: "Test Payer"}
	}
	if end, ok := accountEndings[number]; ok {
		return payForm{Method: end.method, Account: number, Holder: "Test Payer"}
	}
	return payForm{}
}

// mostForm is more than any honest form of this page holds.
const mostForm = 64 << 10

func (s *Sim) takePayment(w http.ResponseWriter, r *http.Request) {
	cs, o, now, err := s.look(r.PathValue("session"))
	if err != nil {
		s.noteError(w, r, cs, err)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, mostForm)
	if err := r.ParseForm(); err != nil || !validText(r.PostForm) {
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			s.note(w, r, http.StatusRequestEntityTooLarge, "large", cs)
			return
		}
		s.note(w, r, http.StatusBadRequest, "broken", cs)
		return
	}
	form := readForm(r.PostForm)
	if !cs.offers(form.Method) {
		s.note(w, r, http.StatusBadRequest, "broken", cs)
		return
	}
	in, wrong := form.instrument(now)
	if len(wrong) > 0 && cs.Status == sessionOpen {
		s.till(w, r, http.StatusUnprocessableEntity, cs, o, form, wrong, nil)
		return
	}
	completed, err := s.submit(cs.ID, in)
	var declined *Declined
	switch {
	case errors.As(err, &declined):
		s.till(w, r, http.StatusPaymentRequired, cs, o, form, nil, declined)
	case err != nil:
		cs, _, _, _ = s.look(cs.ID)
		s.noteError(w, r, cs, err)
	default:
		s.awaitReceivers(r, completed)
		http.Redirect(w, r, cs.successURL(), http.StatusSeeOther)
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
	case <-s.mail.settled(event):
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

// noteError shows why a session cannot be paid. A payer who sent the form twice has
// paid once and is sent on like after the first time.
func (s *Sim) noteError(w http.ResponseWriter, r *http.Request, cs checkoutSession, err error) {
	missing := new(apiError)
	switch {
	case errors.As(err, &missing):
		s.note(w, r, http.StatusNotFound, "missing", cs)
	case err != nil && !errors.Is(err, ErrNotOpen):
		s.log.Error("the sandbox's page failed", "error", err)
		s.note(w, r, http.StatusInternalServerError, "broken", cs)
	case cs.Status == sessionExpired:
		s.note(w, r, http.StatusGone, "expired", cs)
	case r.Method == http.MethodPost:
		http.Redirect(w, r, cs.successURL(), http.StatusSeeOther)
	case cs.PaymentStatus == "paid":
		s.note(w, r, http.StatusOK, "paid", cs)
	default:
		s.note(w, r, http.StatusOK, "pending", cs)
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
func policy(cs checkoutSession) string {
	back := ""
	if u, err := url.Parse(cs.SuccessURL); err == nil && u.Host != "" && !strings.ContainsAny(u.Host, " ;,") {
		back = " " + u.Scheme + "://" + u.Host
	}
	return "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; form-action 'self'" + back + "; base-uri 'none'; frame-ancestors 'none'"
}

// write renders a page whole before it sends the first byte.
func (s *Sim) write(w http.ResponseWriter, status int, l *tongue, name string, cs checkoutSession, data any) {
	var b bytes.Buffer
	if err := l.pages[name].ExecuteTemplate(&b, "layout", data); err != nil {
		s.log.Error("the sandbox could not write a page", "page", name, "error", err)
		http.Error(w, "SANDBOX: the page could not be written", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy(cs))
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Stripe-Sandbox", "kopiyka")
	h.Set("Content-Language", l.tag)
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a payer who has left is no error
}
