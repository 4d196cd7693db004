package hook_test

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"log/slog"
	"net"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/gateway"
	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/web/hook"
)

// description is quoted once: what is measured is the door.
var description = strconv.Quote(strings.Repeat("Апарати ШВЛ. ", 90))

// eventBody is as long as a payment intent's event mostly is.
func eventBody(id int64) string {
	return fmt.Sprintf(`{"id":"evt_%016d","object":"event","type":"payment_intent.succeeded","api_version":"2023-10-16","created":1772452800,"livemode":false,`+
		`"data":{"object":{"id":"pi_%016d","object":"payment_intent","description":%s}}}`, id, id, description)
}

// BenchmarkDoor measures whole deliveries – HTTP, signature, one event on disk, 200 –
// beside pgbench inserting the same row as one prepared statement, at 32 clients.
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

	const clients = 32
	var ids atomic.Int64
	senders := make(chan *sender, clients)
	for range clients {
		s, err := dial(server.Listener.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		defer s.conn.Close()
		senders <- s
	}
	deliver := func() error {
		s := <-senders
		defer func() { senders <- s }()
		return s.deliver(ids.Add(1), time.Now())
	}
	// pgbench takes what follows a colon for a variable, and the body has colons: it is one itself.
	script := `\set id random(1, 9000000000000000)
INSERT INTO inbox_events (event_id, type, api_version, happened_at, object_kind, object_id, body, found_by, received_at, next_try_at)
VALUES ('pgbench_' || :id::bigint, 'payment_intent.succeeded', '2023-10-16', now(), 'payment_intent', 'pi_' || :id::bigint, convert_to(:body::text, 'UTF8'), 'webhook', now(), now());
`
	b.Run("clients=32", func(b *testing.B) {
		pgtest.Compare(b, "ours/pgbench",
			func() float64 { return pgtest.Rate(b, clients, deliver) },
			func() float64 { return pgtest.Pgbench(b, dsn, clients, script, "--define=body="+eventBody(1)) })
	})
}

// sender is a client that costs the machine little beside the server it measures: it holds
// one connection and one request, and puts into it an id, a time and their signature.
type sender struct {
	conn    net.Conn
	answers *bufio.Reader
	request []byte
	at, v1  []byte    // pieces of the request: where the signature's time and the signature go
	ids     [2][]byte // the event's and the object's
	body    []byte
	mac     hash.Hash
	scratch []byte
}

func dial(address string) (*sender, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	body := eventBody(0)
	request := fmt.Appendf(nil, "POST /hooks/stripe HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n"+
		"Stripe-Signature: t=%010d,v1=%064d\r\n\r\n%s", address, len(body), 0, 0, body)
	after := func(mark string, length int) []byte {
		i := bytes.Index(request, []byte(mark)) + len(mark)
		return request[i : i+length]
	}
	return &sender{
		conn: conn, answers: bufio.NewReader(conn), request: request,
		at: after(": t=", 10), v1: after(",v1=", 2*sha256.Size),
		ids:  [2][]byte{after(`"evt_`, 16), after(`"pi_`, 16)},
		body: after("\r\n\r\n", len(body)), mac: hmac.New(sha256.New, []byte(current)),
	}, nil
}

// deliver sends an event of its own and reads what comes back: a status, and no body.
func (s *sender) deliver(id int64, now time.Time) error {
	s.scratch = fmt.Appendf(s.scratch[:0], "%016d", id)
	copy(s.ids[0], s.scratch)
	copy(s.ids[1], s.scratch)
	s.scratch = strconv.AppendInt(s.scratch[:0], now.Unix(), 10)
	copy(s.at, s.scratch)
	s.mac.Reset()
	for _, signed := range [][]byte{s.at, {'.'}, s.body} {
		s.mac.Write(signed)
	}
	hex.Encode(s.v1, s.mac.Sum(s.scratch[:0]))
	if _, err := s.conn.Write(s.request); err != nil {
		return err
	}
	status, err := s.answers.ReadSlice('\n')
	if err != nil || !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("the answer is %q, %w", status, err)
	}
	for {
		if line, err := s.answers.ReadSlice('\n'); err != nil || len(line) == len("\r\n") {
			return err
		}
	}
}
