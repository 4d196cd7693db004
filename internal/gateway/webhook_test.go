package gateway_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kopiyka/internal/clock"
	"kopiyka/internal/gateway"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/inbox"
)

var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

// verifier is a gateway that verifies at noon, and what it logs.
func verifier(t *testing.T, secrets ...string) (*gateway.Gateway, *gatewaytest.Log) {
	t.Helper()
	c, log := goodConfig(), &gatewaytest.Log{}
	c.WebhookSecrets = secrets
	g, err := gateway.New(c, nil, clock.At(noon), slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return g, log
}

// signed is an event as Stripe writes it; change alters its fields before it is signed.
func signed(t *testing.T, change func(map[string]any)) []byte {
	t.Helper()
	e := map[string]any{
		"id": "evt_1", "object": "event", "type": "charge.refunded", "api_version": "2023-10-16", "created": noon.Unix() - 3, "livemode": false,
		"data": map[string]any{"object": map[string]any{"id": "ch_1", "object": "charge", "payment_intent": "pi_1"}},
	}
	if change != nil {
		change(e)
	}
	body, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestVerifyTellsWhatTheInboxNeeds(t *testing.T) {
	t.Parallel()
	g, log := verifier(t, gatewaytest.Secret)
	body := signed(t, nil)
	got, err := g.Verify(body, gatewaytest.Sign(body, gatewaytest.Secret, noon))
	if err != nil {
		t.Fatal(err)
	}
	want := inbox.Event{
		ID: "evt_1", Type: "charge.refunded", APIVersion: "2023-10-16", HappenedAt: noon.Add(-3 * time.Second),
		ObjectKind: "charge", ObjectID: "ch_1", Body: body,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if said := log.String(); said != "" {
		t.Errorf("logged %s", said)
	}
}

func TestOnlyWhatStripeSignedNowIsAnEvent(t *testing.T) {
	t.Parallel()
	const current, former = gatewaytest.Secret, gatewaytest.Former
	body := signed(t, nil)
	var compact bytes.Buffer
	if err := json.Compact(&compact, body); err != nil {
		t.Fatal(err)
	}
	good := gatewaytest.Sign(body, current, noon)
	_, v1, _ := strings.Cut(good, ",")
	_, former1, _ := strings.Cut(gatewaytest.Sign(body, former, noon), ",")
	day := 24 * time.Hour
	stale := gatewaytest.Sign(body, current, noon.Add(-day))
	for name, c := range map[string]struct {
		body      []byte
		signature string
		want      error
	}{
		"good":                              {body, good, nil},
		"case 1: no header":                 {body, "", gateway.ErrSignature},
		"case 1: garbled header":            {body, "t=yesterday,v1=zz", gateway.ErrSignature},
		"case 1: only a time":               {body, fmt.Sprintf("t=%d", noon.Unix()), gateway.ErrSignature},
		"case 1: no time":                   {body, v1, gateway.ErrSignature},
		"case 1: the same signature twice":  {body, good + "," + v1, nil},
		"case 2: wrong secret":              {body, gatewaytest.Sign(body, "whsec_of_a_stranger", noon), gateway.ErrSignature},
		"case 2: empty secret":              {body, gatewaytest.Sign(body, "", noon), gateway.ErrSignature},
		"case 4: 301 seconds old":           {body, gatewaytest.Sign(body, current, noon.Add(-301*time.Second)), gateway.ErrSignature},
		"case 4: 300 seconds old":           {body, gatewaytest.Sign(body, current, noon.Add(-300*time.Second)), nil},
		"case 5: 301 seconds ahead":         {body, gatewaytest.Sign(body, current, noon.Add(301*time.Second)), gateway.ErrSignature},
		"case 5: a day ahead":               {body, gatewaytest.Sign(body, current, noon.Add(day)), gateway.ErrSignature},
		"case 5: a clock a little ahead":    {body, gatewaytest.Sign(body, current, noon.Add(10*time.Second)), nil},
		"case 6: written anew":              {compact.Bytes(), good, gateway.ErrSignature},
		"case 6: one byte more":             {append(bytes.Clone(body), '\n'), good, gateway.ErrSignature},
		"case 7: v0 only":                   {body, strings.Replace(good, "v1=", "v0=", 1), gateway.ErrSignature},
		"case 8: former secret":             {body, gatewaytest.Sign(body, former, noon), nil},
		"case 9: two secrets' signatures":   {body, good + "," + former1, nil},
		"case 9: a stranger's before ours":  {body, fmt.Sprintf("t=%d,v1=%064d,%s", noon.Unix(), 0, v1), nil},
		"case 23: captured yesterday":       {body, stale, gateway.ErrSignature},
		"case 23: with a new time in front": {body, fmt.Sprintf("t=%d,%s", noon.Unix(), stale), gateway.ErrSignature},
		"case 23: with a new time behind":   {body, fmt.Sprintf("%s,t=%d", stale, noon.Unix()), gateway.ErrSignature},
		"case 23: with a new time in its place": {body, strings.Replace(stale, fmt.Sprint(noon.Add(-day).Unix()), fmt.Sprint(noon.Unix()), 1),
			gateway.ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			g, _ := verifier(t, current, former)
			if _, err := g.Verify(c.body, c.signature); !errors.Is(err, c.want) {
				t.Errorf("error = %v, want %v", err, c.want)
			}
		})
	}
	t.Run("case 8: former secret after the roll", func(t *testing.T) {
		g, _ := verifier(t, current)
		if _, err := g.Verify(body, gatewaytest.Sign(body, former, noon)); !errors.Is(err, gateway.ErrSignature) {
			t.Errorf("error = %v", err)
		}
	})
}

// What is signed well may still be nothing that the inbox could use, or not for us.
func TestSignedBodiesThatAreNoEventsOfOurs(t *testing.T) {
	t.Parallel()
	set := func(field string, v any) []byte { return signed(t, func(e map[string]any) { e[field] = v }) }
	for name, c := range map[string]struct {
		body []byte
		want error
	}{
		"case 13: live event at a test deployment": {set("livemode", true), gateway.ErrOtherMode},
		"case 14: foreign account":                 {set("account", "acct_other"), gateway.ErrOtherMode},
		"case 17: data missing":                    {signed(t, func(e map[string]any) { delete(e, "data") }), gateway.ErrNotAnEvent},
		"case 17: empty data":                      {set("data", map[string]any{}), gateway.ErrNotAnEvent},
		"case 17: data null":                       {set("data", nil), gateway.ErrNotAnEvent},
		"case 17: thin event": {[]byte(`{"id":"evt_1","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered","created":"2026-03-02T12:00:00.000Z",` +
			`"livemode":false,"related_object":{"id":"mtr_1","type":"billing.meter"}}`), gateway.ErrNotAnEvent},
		"no id":                         {set("id", ""), gateway.ErrNotAnEvent},
		"id of a novel":                 {set("id", strings.Repeat("e", 256)), gateway.ErrNotAnEvent},
		"an id with NUL":                {set("id", "evt_\x00"), gateway.ErrNotAnEvent},
		"a type with NUL":               {set("type", "charge\x00"), gateway.ErrNotAnEvent},
		"before there was a Stripe":     {set("created", -62135596800), gateway.ErrNotAnEvent},
		"after all calendars":           {set("created", int64(1)<<50), gateway.ErrNotAnEvent},
		"not JSON":                      {[]byte("<html>"), gateway.ErrNotAnEvent},
		"empty":                         {nil, gateway.ErrNotAnEvent},
		"case 16: a type of the future": {set("type", "charge.teleported"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			g, _ := verifier(t, gatewaytest.Secret)
			if _, err := g.Verify(c.body, gatewaytest.Sign(c.body, gatewaytest.Secret, noon)); !errors.Is(err, c.want) {
				t.Errorf("error = %v, want %v", err, c.want)
			}
		})
	}
	t.Run("case 13: test event at a live deployment", func(t *testing.T) {
		c := goodConfig()
		c.SecretKey = "sk_live_x"
		g, err := gateway.New(c, nil, clock.At(noon), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		body := signed(t, nil)
		if _, err := g.Verify(body, gatewaytest.Sign(body, c.WebhookSecrets[0], noon)); !errors.Is(err, gateway.ErrOtherMode) {
			t.Errorf("error = %v", err)
		}
	})
}

// Each object is fetched again with the pinned version, so another one does no harm; but
// somebody should know.
func TestCase015AnotherAPIVersionIsTakenWithAWarning(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"2020-03-02", "2026-04-22.dahlia"} {
		g, log := verifier(t, gatewaytest.Secret)
		body := signed(t, func(e map[string]any) { e["api_version"] = version })
		e, err := g.Verify(body, gatewaytest.Sign(body, gatewaytest.Secret, noon))
		if err != nil || e.APIVersion != version {
			t.Errorf("event = %+v, error = %v", e, err)
		}
		if said := log.String(); !strings.Contains(said, "WARN") || !strings.Contains(said, version) {
			t.Errorf("logged %q", said)
		}
	}
}
