package hook_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stripe/stripe-go/v76/webhook"

	"kopiyka/internal/clock"
	"kopiyka/internal/gateway"
	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/web/hook"
)

// description is quoted once: what is measured is the door.
var description = strconv.Quote(strings.Repeat("Апарати ШВЛ. ", 90))

// eventBody is as long as a payment intent's event mostly is.
func eventBody(id int64) []byte {
	return fmt.Appendf(nil, `{"id":"evt_%d","object":"event","type":"payment_intent.succeeded","api_version":"2023-10-16","created":1772452800,"livemode":false,`+
		`"data":{"object":{"id":"pi_%d","object":"payment_intent","description":%s}}}`, id, id, description)
}

// BenchmarkDoor measures whole deliveries – HTTP, signature, one event on disk, 200 –
// beside pgbench inserting one row of the same size, at 32 clients.
func BenchmarkDoor(b *testing.B) {
	db, dsn := pgtest.Durable(b)
	log := slog.New(slog.DiscardHandler)
	g, err := gateway.New(gateway.Config{SecretKey: "sk_test_hook", WebhookSecrets: []string{current}, PublicURL: "http://127.0.0.1"}, db, clock.System, log)
	if err != nil {
		b.Fatal(err)
	}
	e := echo.New()
	hook.New(g, db, clock.System, func() {}, log).Routes(e.Group(""))
	server := httptest.NewServer(e)
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	var ids atomic.Int64
	deliver := func() error {
		body := eventBody(ids.Add(1))
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server.URL+"/hooks/stripe", bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Stripe-Signature", webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: current, Timestamp: time.Now()}).Header)
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d, %w", res.StatusCode, err)
		}
		return nil
	}
	script := fmt.Sprintf(`\set id random(1, 9000000000000000)
INSERT INTO inbox_events (event_id, type, api_version, happened_at, object_kind, object_id, body, found_by, received_at, next_try_at)
VALUES ('pgbench_' || :id::bigint, 'payment_intent.succeeded', '2023-10-16', now(), 'payment_intent', 'pi_' || :id::bigint, decode(repeat('d0', %d), 'hex'), 'webhook', now(), now());
`, len(eventBody(1)))
	b.Run("clients=32", func(b *testing.B) {
		pgtest.Compare(b, "ours/pgbench",
			func() float64 { return pgtest.Rate(b, 32, deliver) },
			func() float64 { return pgtest.Pgbench(b, dsn, 32, script) })
	})
}
