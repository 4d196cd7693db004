package gatewaytest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"

	"kopiyka/internal/giving"
	"kopiyka/internal/stripesim"
)

// Event is an event of the sandbox as it delivers it.
type Event struct {
	ID, Type string
	Body     []byte
}

// Events lists all that has happened at the sandbox, oldest first.
func (b *Bench) Events() []Event {
	b.t.Helper()
	var all []Event
	after := ""
	for {
		var page struct {
			Data []json.RawMessage
			More bool `json:"has_more"`
		}
		b.dashboard(http.MethodGet, "/v1/events?limit=100"+after, nil, &page)
		for _, raw := range page.Data {
			e := Event{Body: raw}
			if err := json.Unmarshal(raw, &e); err != nil {
				b.t.Fatal(err)
			}
			all = append(all, e)
		}
		if !page.More {
			slices.Reverse(all)
			return all
		}
		after = "&starting_after=" + all[len(all)-1].ID
	}
}

// UnmarshalJSON reads the two fields that tests ask for.
func (e *Event) UnmarshalJSON(raw []byte) error {
	var seen struct{ ID, Type string }
	err := json.Unmarshal(raw, &seen)
	e.ID, e.Type = seen.ID, seen.Type
	return err
}

// Hear hands an event to the gateway the way a worker does: verified and handled.
func (b *Bench) Hear(e Event) error {
	event, err := b.Gateway.Verify(e.Body, Sign(e.Body, Secret, b.Now()))
	if err != nil {
		return err
	}
	return b.Gateway.Handle(b.t.Context(), event)
}

// Sign makes a Stripe-Signature header.
func Sign(body []byte, secret string, at time.Time) string {
	return webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: at}).Header
}

// Refund gives part of a payment back, as somebody at Stripe's dashboard would.
func (b *Bench) Refund(p giving.Payment, minor int64) {
	b.t.Helper()
	b.dashboard(http.MethodPost, "/v1/refunds", url.Values{"payment_intent": {p.IntentID}, "amount": {strconv.FormatInt(minor, 10)}}, nil)
}

// Dispute lets the payer's bank dispute a payment and returns the dispute's id.
func (b *Bench) Dispute(p giving.Payment, how stripesim.Dispute) string {
	b.t.Helper()
	id, err := b.Sim.OpenDispute(p.IntentID, how)
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

// Expire closes a payment's checkout page at Stripe's dashboard.
func (b *Bench) Expire(p giving.Payment) {
	b.t.Helper()
	b.dashboard(http.MethodPost, "/v1/checkout/sessions/"+p.SessionID+"/expire", nil, nil)
}

// Sessions counts the checkout pages that the sandbox has ever made.
func (b *Bench) Sessions() int {
	b.t.Helper()
	var page struct{ Data []json.RawMessage }
	b.dashboard(http.MethodGet, "/v1/checkout/sessions?limit=100", nil, &page)
	return len(page.Data)
}

// Post is a call of somebody's at Stripe's dashboard; into may be nil.
func (b *Bench) Post(path string, form url.Values, into any) {
	b.t.Helper()
	b.dashboard(http.MethodPost, path, form, into)
}

// dashboard is a call that is not the gateway's.
func (b *Bench) dashboard(method, path string, form url.Values, into any) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+Key)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		b.t.Fatalf("%s %s: %s %s", method, path, res.Status, body)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(body, into); err != nil {
		b.t.Fatal(err)
	}
}
