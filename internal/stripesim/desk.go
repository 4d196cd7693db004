package stripesim

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// routeDesk serves the desk: a place where a newcomer lets happen what payers, banks and
// Stripe would do. It calls nothing that a test could not call.
func (s *Sim) routeDesk(mux *http.ServeMux, post func(string, http.HandlerFunc)) {
	mux.HandleFunc("GET /desk", s.showDesk)
	mux.HandleFunc("GET /desk/payments/{payment}", s.showDeskPayment)
	for pattern, do := range map[string]deskAction{
		"/desk/clock":                    deskClock,
		"/desk/payout":                   deskPayOut,
		"/desk/fee":                      deskFee,
		"/desk/mishap":                   deskMishap,
		"/desk/payouts/{id}/{act}":       deskPayout,
		"/desk/events/{id}/resend":       deskResend,
		"/desk/payments/{payment}/{act}": deskPay,
		"/desk/payments/{payment}/refunds/{id}/{act}":  deskRefund,
		"/desk/payments/{payment}/disputes/{id}/{act}": deskDispute,
		"/desk/payments/{payment}/events/{id}/resend":  deskResend,
	} {
		post(pattern, s.deskPost(do))
	}
}

// deskAction does what a form asks for, and answers with the name of what was done.
type deskAction func(*deskCall) (done string, err error)

// deskCall is a posted form of the desk.
type deskCall struct {
	*Sim
	r       *http.Request
	payment string
	id, act string
	wrong   mistakes
	typed   map[string]string
}

// text reads a field, which is kept for the form to be shown again.
func (c *deskCall) text(id string) string {
	v := strings.TrimSpace(c.r.PostForm.Get(id))
	c.typed[id] = v
	return v
}

// errTyped says that a field was filled in wrongly; which and how is in deskCall.wrong.
var errTyped = errors.New("a field of the form is wrong")

// errUnknownAct says that the form is not one of the desk's.
var errUnknownAct = errors.New("the desk has no such button")

func (c *deskCall) mistake(id, what string) error {
	c.wrong[id] = "error." + what
	return errTyped
}

// amount reads a sum of money.
func (c *deskCall) amount(id, currency string) (int64, error) {
	minor, mistake := readAmount(c.text(id), currency)
	if mistake != "" {
		return 0, c.mistake(id, mistake)
	}
	return minor, nil
}

func (s *Sim) deskPost(do deskAction) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.readPost(w, r, bill{}) {
			return
		}
		c := &deskCall{Sim: s, r: r, payment: r.PathValue("payment"), id: r.PathValue("id"), act: r.PathValue("act"), wrong: mistakes{}, typed: map[string]string{}}
		done, err := do(c)
		missing := new(apiError)
		switch isMissing := errors.As(err, &missing); {
		case errors.Is(err, errTyped):
			s.deskAgain(w, c, http.StatusUnprocessableEntity, "")
		case errors.Is(err, errUnknownAct):
			s.note(w, r, http.StatusBadRequest, "broken", bill{})
		case isMissing && missing.status == http.StatusNotFound:
			s.note(w, r, http.StatusNotFound, "missing", bill{})
		case err != nil:
			s.deskAgain(w, c, http.StatusConflict, err.Error())
		default:
			to := url.URL{Path: "/desk", RawQuery: url.Values{"lang": {speak(r, bill{}).tag}, "done": {done}}.Encode(), Fragment: "done"}
			if c.payment != "" {
				to.Path += "/payments/" + c.payment
			}
			http.Redirect(w, r, to.String(), http.StatusSeeOther)
		}
	}
}

// deskAgain shows the page that a form was sent from, with what was typed and what is
// wrong with it, or why it could not be done.
func (s *Sim) deskAgain(w http.ResponseWriter, c *deskCall, status int, refused string) {
	f := deskForms{l: speak(c.r, bill{}), typed: c.typed, wrong: c.wrong, refused: refused}
	if c.payment == "" {
		s.desk(w, c.r, status, f)
		return
	}
	s.deskPayment(w, c.r, status, c.payment, f)
}

func (s *Sim) showDesk(w http.ResponseWriter, r *http.Request) {
	s.desk(w, r, http.StatusOK, deskForms{l: speak(r, bill{}), done: r.URL.Query().Get("done")})
}

func (s *Sim) showDeskPayment(w http.ResponseWriter, r *http.Request) {
	s.deskPayment(w, r, http.StatusOK, r.PathValue("payment"), deskForms{l: speak(r, bill{}), done: r.URL.Query().Get("done")})
}

// deskDone are the things that a redirect can say were done.
var deskDone = []string{
	"settle", "fail", "refund", "dispute", "late", "fund", "warn", "refund-settle", "refund-fail", "win", "part", "lose", "escalate",
	"clock", "payout", "payout-fail", "fee", "mishap", "resend",
}

// deskForms are what the forms of a page of the desk show beside what is.
type deskForms struct {
	l       *tongue
	typed   map[string]string
	wrong   mistakes
	refused string // why a form could not be obeyed, in the words of the Go call
	done    string
	errors  []shownError
}

// saying is the sentence about what was done, or nothing.
func (f *deskForms) saying() string {
	if !slices.Contains(deskDone, f.done) {
		return ""
	}
	return f.l.text("done." + f.done)
}

// input is a field with what was typed, or else with a value to begin with.
func (f *deskForms) input(id, label, hint, value string, numeric bool) field {
	if typed, ok := f.typed[id]; ok {
		value = typed
	}
	return fields{f.l, f.wrong, &f.errors}.input(id, label, hint, value, numeric)
}

// choose is a list of which one is chosen.
func (f *deskForms) choose(id, label string, options []option) choice {
	c := choice{ID: id, Label: f.l.text(label), Options: options}
	for i, o := range options {
		c.Options[i].Chosen = f.typed[id] == o.Value
	}
	if key := f.wrong[id]; key != "" {
		c.Error = f.l.text(key)
		f.errors = append(f.errors, shownError{id, c.Label, c.Error})
	}
	return c
}

type choice struct {
	ID, Label, Error string
	Options          []option
}

type option struct {
	Value, Text string
	Chosen      bool
}
