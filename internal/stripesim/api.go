package stripesim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// call is one request to the API, inside the step that it makes.
type call struct {
	*tx
	params *params
	id     string // {id} of the path
	inner  string // {inner} of the path, an object below the first
	path   string
	origin string // scheme and host that the caller used
}

type action func(*call) (any, error)

func (s *Sim) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, do := range map[string]action{
		"POST /v1/customers":     createCustomer,
		"GET /v1/customers":      listCustomers,
		"GET /v1/customers/{id}": getCustomer,

		"GET /v1/customers/{id}/cash_balance":                      getCashBalance,
		"GET /v1/customers/{id}/cash_balance_transactions":         listCashTransactions,
		"GET /v1/customers/{id}/cash_balance_transactions/{inner}": getCashTransaction,
		"POST /v1/test_helpers/customers/{id}/fund_cash_balance":   fundCash,

		"POST /v1/checkout/sessions":                createSession,
		"GET /v1/checkout/sessions":                 listSessions,
		"GET /v1/checkout/sessions/{id}":            getSession,
		"GET /v1/checkout/sessions/{id}/line_items": listLineItems,
		"POST /v1/checkout/sessions/{id}/expire":    expireSession,

		"POST /v1/payment_intents":              createIntent,
		"POST /v1/payment_intents/{id}/confirm": confirmIntent,

		"GET /v1/payment_intents":              listIntents,
		"GET /v1/payment_intents/{id}":         getIntent,
		"POST /v1/payment_intents/{id}/cancel": cancelIntent,

		"GET /v1/charges":                   listCharges,
		"GET /v1/charges/{id}":              getCharge,
		"GET /v1/balance":                   getBalance,
		"GET /v1/balance_transactions":      listTransactions,
		"GET /v1/balance_transactions/{id}": getTransaction,

		"POST /v1/refunds":     createRefund,
		"GET /v1/refunds":      listRefunds,
		"GET /v1/refunds/{id}": getRefund,

		"POST /v1/refunds/{id}/cancel": cancelRefund,

		"GET /v1/disputes":             listDisputes,
		"GET /v1/disputes/{id}":        getDispute,
		"POST /v1/disputes/{id}":       updateDispute,
		"POST /v1/disputes/{id}/close": closeDispute,

		"POST /v1/payouts":             createPayout,
		"GET /v1/payouts":              listPayouts,
		"GET /v1/payouts/{id}":         getPayout,
		"POST /v1/payouts/{id}/cancel": cancelPayout,

		"POST /v1/invoiceitems":                     createInvoiceItem,
		"GET /v1/invoiceitems":                      listInvoiceItems,
		"GET /v1/invoiceitems/{id}":                 getInvoiceItem,
		"POST /v1/invoices":                         createInvoice,
		"GET /v1/invoices":                          listInvoices,
		"GET /v1/invoices/{id}":                     getInvoice,
		"POST /v1/invoices/{id}":                    updateInvoice,
		"DELETE /v1/invoices/{id}":                  deleteInvoice,
		"GET /v1/invoices/{id}/lines":               listInvoiceLines,
		"POST /v1/invoices/{id}/finalize":           finalizeInvoice,
		"POST /v1/invoices/{id}/send":               sendInvoice,
		"POST /v1/invoices/{id}/pay":                payInvoice,
		"POST /v1/invoices/{id}/void":               voidInvoice,
		"POST /v1/invoices/{id}/mark_uncollectible": markUncollectible,

		"GET /v1/events":      listEvents,
		"GET /v1/events/{id}": getEvent,
		"GET /v1/account":     getAccount,

		// Searches would look like an object named search.
		"GET /v1/customers/search":       unknownURL,
		"GET /v1/payment_intents/search": unknownURL,
		"GET /v1/charges/search":         unknownURL,
		"GET /v1/invoices/search":        unknownURL,
		"GET /v1/invoices/upcoming":      unknownURL,
		"/v1/":                           unknownURL,
	} {
		mux.Handle(pattern, s.endpoint(do))
	}
	s.routePages(mux)
	return mux
}

func unknownURL(*call) (any, error) {
	return nil, refused(http.StatusNotFound, "invalid_request_error", "Unrecognized request URL. The sandbox implements a subset of Stripe; its README lists what.")
}

const mostBody = 1 << 20

// endpoint surrounds an action with all that every call to Stripe has: the key, the
// version, the parameters, the answer given before, and the faults that were asked for.
func (s *Sim) endpoint(do action) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := newID("req_", 14)
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "no-cache, no-store")
		h.Set("Request-Id", id)
		h.Set("Stripe-Version", APIVersion)
		h.Set("Stripe-Sandbox", "kopiyka")
		lost, broken := s.rollCall()
		if broken {
			writeError(w, refused(http.StatusInternalServerError, "api_error", "An error that the sandbox was told to make. Nothing was done."))
			return
		}
		if err := authorize(r); err != nil {
			writeError(w, err)
			return
		}
		raw, err := readParams(w, r)
		if err != nil {
			writeError(w, err)
			return
		}
		got, err := s.answer(r, id, raw, do)
		if lost {
			panic(http.ErrAbortHandler) // done, and nobody is told
		}
		if err != nil {
			writeError(w, err)
			return
		}
		if key := r.Header.Get("Idempotency-Key"); key != "" && r.Method == http.MethodPost {
			h.Set("Idempotency-Key", key)
			h.Set("Original-Request", got.Request)
			if got.Request != id {
				h.Set("Idempotent-Replayed", "true")
			}
		}
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, got.Body) // whoever asked may be gone; the answer is kept under its key
	})
}

// authorize lets test keys in. It never repeats a key: answers end up in logs.
func authorize(r *http.Request) error {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		key, _, _ = r.BasicAuth()
	}
	switch {
	case key == "":
		return refused(http.StatusUnauthorized, "invalid_request_error", "You did not provide an API key. The sandbox takes any key that begins with sk_test_.")
	case strings.HasPrefix(key, "sk_live_"), strings.HasPrefix(key, "rk_live_"):
		return refused(http.StatusUnauthorized, "invalid_request_error", "This is a live key and this is the sandbox, not Stripe. Use a key that begins with sk_test_, and consider the live key exposed.")
	case !strings.HasPrefix(key, "sk_test_"):
		return refused(http.StatusUnauthorized, "invalid_request_error", "Invalid API key. The sandbox takes keys that begin with sk_test_.")
	}
	if v := r.Header.Get("Stripe-Version"); v != "" && v != APIVersion {
		return badRequest("", "", "The sandbox speaks API version "+APIVersion+" only.")
	}
	if r.Header.Get("Stripe-Account") != "" {
		return badRequest("", "", "The sandbox does not implement Connect.")
	}
	return nil
}

// readParams takes the parameters from where the method has them.
func readParams(w http.ResponseWriter, r *http.Request) (string, error) {
	if r.Method == http.MethodGet || r.Method == http.MethodDelete {
		return r.URL.RawQuery, nil
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if kind != "" && !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		return "", badRequest("", "", "Parameters are sent as application/x-www-form-urlencoded.")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return "", refused(http.StatusRequestEntityTooLarge, "invalid_request_error", "The request is larger than 1 MiB.")
	}
	if err != nil {
		return "", badRequest("", "", "The request broke off.")
	}
	return string(raw), nil
}

// answer runs the action as one step, or repeats what its idempotency key was
// answered before. Only answers that succeeded are remembered: a refused request
// may be mended and sent again.
func (s *Sim) answer(r *http.Request, id, raw string, do action) (answer, error) {
	form, bad := parseForm(raw)
	if bad != nil {
		return answer{}, bad
	}
	key := ""
	if r.Method == http.MethodPost {
		key = r.Header.Get("Idempotency-Key")
	}
	if len(key) > 255 {
		return answer{}, badRequest("", "", "Idempotency keys can have up to 255 characters.")
	}
	got := answer{Key: key, Request: id, Print: fingerprint(r, raw)}
	err := s.update(eventCause{id, key}, func(t *tx) error {
		if before, ok := t.answers.find(key); ok && key != "" && !before.stale(t.now) {
			if before.Print != got.Print {
				return refused(http.StatusBadRequest, "idempotency_error", "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than the one you sent if you meant to execute a different request.")
			}
			got = before
			return nil
		}
		c := &call{tx: t, params: newParams(form), id: r.PathValue("id"), inner: r.PathValue("inner"), path: r.URL.Path, origin: s.origin(r)}
		expand := c.params.texts("expand", 5000)
		obj, err := do(c)
		if err != nil {
			return err
		}
		body, err := c.render(obj, expand)
		if err != nil {
			return err
		}
		got.Body, got.At = string(body), t.now.Unix()
		if key != "" {
			save(t, &t.answers, got)
		}
		return nil
	})
	return got, err
}

// origin is the sandbox's address as the caller knows it.
func (s *Sim) origin(r *http.Request) string {
	if s.opt.URL != "" {
		return s.opt.URL
	}
	return "http://" + r.Host
}

func writeError(w http.ResponseWriter, err error) {
	e := new(apiError)
	if !errors.As(err, &e) {
		e = refused(http.StatusInternalServerError, "api_error", "The sandbox failed: "+err.Error())
	}
	body, err := json.MarshalIndent(map[string]any{"error": e}, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("stripesim: write an error: %v", err))
	}
	w.WriteHeader(e.status)
	_, _ = w.Write(append(body, '\n')) // whoever asked may be gone
}

func getAccount(c *call) (any, error) {
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	return account{
		ID: c.sim.opt.AccountID, Object: "account", BusinessType: "non_profit", ChargesEnabled: true, Country: "US",
		Created: 1577836800, DefaultCurrency: c.sim.defaultCurrency(), DetailsSubmitted: true, PayoutsEnabled: true, Type: "standard",
	}, nil
}

func (s *Sim) defaultCurrency() string {
	if len(s.opt.SettleIn) > 0 {
		return s.opt.SettleIn[0]
	}
	return "usd"
}

// account is the part of Stripe's account that tells one account from another.
type account struct {
	ID               string `json:"id"`
	Object           string `json:"object"`
	BusinessType     string `json:"business_type"`
	ChargesEnabled   bool   `json:"charges_enabled"`
	Country          string `json:"country"`
	Created          int64  `json:"created"`
	DefaultCurrency  string `json:"default_currency"`
	DetailsSubmitted bool   `json:"details_submitted"`
	Email            never  `json:"email"`
	PayoutsEnabled   bool   `json:"payouts_enabled"`
	Type             string `json:"type"`
}

// getOne answers with one object of a table.
func getOne[T row](c *call, tb *table[T], object, param string) (any, error) {
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	v, ok := tb.find(c.id)
	if !ok {
		return nil, noSuch(object, c.id, param)
	}
	return v, nil
}

// fingerprint is equal for requests with the same parameters in any order.
func fingerprint(r *http.Request, raw string) string {
	pairs := strings.Split(raw, "&")
	slices.Sort(pairs)
	return hash(r.Method + " " + r.URL.Path + "\n" + strings.Join(pairs, "&"))
}

func indent(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}
