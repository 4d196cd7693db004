package gateway

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"kopiyka/internal/inbox"
)

var (
	// ErrSignature: the body was not signed with a secret of ours, or not now.
	ErrSignature = errors.New("gateway: the webhook's signature does not fit")
	// ErrNotAnEvent: the signature fits and the body is no event that we could keep.
	ErrNotAnEvent = errors.New("gateway: the webhook's body is no event")
	// ErrOtherMode: an event of test mode at a live deployment, or the reverse. Asking
	// Stripe to send it again would not help.
	ErrOtherMode = errors.New("gateway: the event is of the other mode")
)

// tolerance is how far a signature's time may lie from ours, on either side. The library
// checks the past alone.
const tolerance = 5 * time.Minute

// Verify reads a webhook's body as it came. Only what some current secret of ours has
// signed within five minutes of now is an event. It decides nothing about the event.
func (g *Gateway) Verify(body []byte, signature string) (inbox.Event, error) {
	if !signedNow(signature, g.now()) {
		return inbox.Event{}, ErrSignature
	}
	for _, secret := range g.config.WebhookSecrets {
		// Tolerance is checked above, against our own clock.
		if webhook.ValidatePayloadIgnoringTolerance(body, signature, secret) == nil {
			return g.read(body)
		}
	}
	return inbox.Event{}, ErrSignature
}

// signedNow checks each t= of a Stripe-Signature header. There should be one; of several
// the library takes the last, and an old header must not become new by a t= in front.
func signedNow(signature string, now time.Time) bool {
	timed := false
	for part := range strings.SplitSeq(signature, ",") {
		t, ok := strings.CutPrefix(strings.TrimSpace(part), "t=")
		if !ok {
			continue
		}
		seconds, err := strconv.ParseInt(t, 10, 64)
		if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > tolerance {
			return false
		}
		timed = true
	}
	return timed
}

// read takes from an event what the inbox needs to know.
func (g *Gateway) read(body []byte) (inbox.Event, error) {
	var e struct {
		ID         string
		Object     string
		Type       string
		Livemode   bool
		APIVersion string `json:"api_version"`
		Account    string
		Created    int64
		Data       struct {
			Object struct{ ID, Object string }
		}
	}
	if err := json.Unmarshal(body, &e); err != nil || e.ID == "" || len(e.ID) > 255 || e.Object != "event" || e.Data.Object.Object == "" {
		return inbox.Event{}, ErrNotAnEvent
	}
	at := time.Unix(e.Created, 0).UTC()
	if strings.ContainsRune(e.ID+e.Type+e.APIVersion+e.Data.Object.Object+e.Data.Object.ID, 0) || at.Year() < 2000 || at.Year() > 9999 {
		return inbox.Event{}, ErrNotAnEvent // nothing that PostgreSQL could write down
	}
	if e.Livemode != g.config.live() || e.Account != "" {
		return inbox.Event{}, ErrOtherMode
	}
	if e.APIVersion != stripe.APIVersion {
		// Harmless, since every object is fetched again with the pinned version; but the
		// endpoint was made with another one and somebody should know.
		g.log.Warn("an event of another API version", "event", e.ID, "version", e.APIVersion, "pinned", stripe.APIVersion)
	}
	return inbox.Event{
		ID: e.ID, Type: e.Type, APIVersion: e.APIVersion, HappenedAt: at,
		ObjectKind: e.Data.Object.Object, ObjectID: e.Data.Object.ID, Body: body,
	}, nil
}
