package hook_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"
	"golang.org/x/sync/errgroup"

	"kopiyka/internal/clock"
	"kopiyka/internal/gateway"
	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/web/hook"
)

const (
	current = "whsec_the_current_secret"
	former  = "whsec_the_former_secret"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// door is the hook behind a real server and a real database.
type door struct {
	t     *testing.T
	db    *sqlx.DB
	url   string
	woken atomic.Int32
	log   *bytes.Buffer
}

func open(t *testing.T) *door {
	t.Helper()
	d := &door{t: t, db: pgtest.DB(t), log: new(bytes.Buffer)}
	log := slog.New(slog.NewTextHandler(d.log, nil))
	g, err := gateway.New(gateway.Config{
		SecretKey: "sk_test_hook", WebhookSecrets: []string{current, former}, PublicURL: "http://127.0.0.1",
	}, d.db, clock.At(noon), log)
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	hook.New(g, d.db, clock.At(noon), func() { d.woken.Add(1) }, log).Within(2 * time.Second).Routes(e.Group(""))
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	d.url = server.URL + "/hooks/stripe"
	return d
}

// post delivers a body with a Stripe-Signature header, or without one when it is empty.
func (d *door) post(body []byte, signature string) (int, error) {
	r, err := http.NewRequest(http.MethodPost, d.url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	if signature != "" {
		r.Header.Set("Stripe-Signature", signature)
	}
	return send(r)
}

// send answers the status. A hook says nothing else to anybody.
func send(r *http.Request) (int, error) {
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err == nil && len(text) > 0 {
		err = fmt.Errorf("the answer says %q", text)
	}
	return res.StatusCode, err
}

// wants delivers a body and asks for a status and for how many events are kept then.
func (d *door) wants(body []byte, signature string, status, kept int) {
	d.t.Helper()
	got, err := d.post(body, signature)
	if err != nil {
		d.t.Fatal(err)
	}
	if got != status {
		d.t.Errorf("status = %d, want %d", got, status)
	}
	if n := d.kept(); n != kept {
		d.t.Errorf("the inbox holds %d events, want %d", n, kept)
	}
	if got == http.StatusOK && kept > 0 && d.woken.Load() == 0 {
		d.t.Error("nobody woke the workers")
	}
}

func (d *door) kept() int {
	d.t.Helper()
	var n int
	if err := d.db.Get(&n, `SELECT count(*) FROM inbox_events`); err != nil {
		d.t.Fatal(err)
	}
	return n
}

// event is a body as Stripe sends it. Change alters its fields.
func event(change func(map[string]any)) []byte {
	e := map[string]any{
		"id": "evt_1", "object": "event", "type": "checkout.session.completed", "api_version": stripe.APIVersion,
		"created": noon.Unix(), "livemode": false,
		"data": map[string]any{"object": map[string]any{"id": "cs_test_1", "object": "checkout.session"}},
	}
	if change != nil {
		change(e)
	}
	body, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		panic(err)
	}
	return body
}

func sign(body []byte, secret string, at time.Time) string {
	return webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: at, Scheme: "v1"}).Header
}

func TestASignedEventIsKeptAsItCame(t *testing.T) {
	t.Parallel()
	d := open(t)
	body := event(nil)
	d.wants(body, sign(body, current, noon), http.StatusOK, 1)

	var kept []byte
	if err := d.db.Get(&kept, `SELECT body FROM inbox_events WHERE event_id = 'evt_1' AND object_id = 'cs_test_1' AND state = 'new'`); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, body) {
		t.Errorf("kept %s", kept)
	}
}

func TestASecretThatIsBeingReplacedStillCounts(t *testing.T) {
	t.Parallel()
	d := open(t)
	body := event(nil)
	d.wants(body, sign(body, former, noon), http.StatusOK, 1)
}

func TestOneOfTwoSignaturesIsEnough(t *testing.T) {
	t.Parallel()
	d := open(t)
	body := event(nil)
	good := sign(body, current, noon)
	stranger := sign(body, "whsec_somebody_elses", noon)
	_, v1, _ := strings.Cut(good, ",")
	d.wants(body, stranger+","+v1, http.StatusOK, 1)
}

// Whoever can post must not be able to put anything into the inbox.
func TestWhatStripeHasNotSignedIsRefused(t *testing.T) {
	t.Parallel()
	d := open(t)
	body := event(nil)
	good := sign(body, current, noon)
	tests := map[string]struct {
		body      []byte
		signature string
	}{
		"no header":           {body, ""},
		"a header of nothing": {body, " "},
		"only a time":         {body, fmt.Sprintf("t=%d", noon.Unix())},
		"another secret":      {body, sign(body, "whsec_somebody_elses", noon)},
		"an empty secret":     {body, sign(body, "", noon)},
		"scheme v0 alone":     {body, strings.Replace(good, "v1=", "v0=", 1)},
		"old":                 {body, sign(body, current, noon.Add(-6*time.Minute))},
		"of the future":       {body, sign(body, current, noon.Add(6*time.Minute))},
		"written anew":        {reserialised(t, body), good},
		"one byte more":       {append(bytes.Clone(body), '\n'), good},
		"packed":              {packed(t, body), good},
		"empty body":          {nil, good},
		"a time of its own":   {body, strings.Replace(good, fmt.Sprintf("t=%d", noon.Unix()), fmt.Sprintf("t=%d", noon.Unix()+1), 1)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := &door{t: t, db: d.db, url: d.url}
			d.wants(test.body, test.signature, http.StatusBadRequest, 0)
		})
	}
}

func reserialised(t *testing.T, body []byte) []byte {
	t.Helper()
	var compact bytes.Buffer
	if err := json.Compact(&compact, body); err != nil {
		t.Fatal(err)
	}
	return compact.Bytes()
}

func packed(t *testing.T, body []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A body is never unpacked: its signature is over the bytes that came.
func TestCase010PackedBodyIsNotUnpacked(t *testing.T) {
	t.Parallel()
	d := open(t)
	body := packed(t, event(nil))
	r, err := http.NewRequest(http.MethodPost, d.url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Encoding", "gzip")
	r.Header.Set("Stripe-Signature", sign(body, current, noon))
	status, err := send(r)
	if err != nil || status != http.StatusBadRequest || d.kept() != 0 {
		t.Errorf("status = %d, kept = %d, error = %v", status, d.kept(), err)
	}
}

func TestASignedBodyThatIsNoEventIsRefused(t *testing.T) {
	t.Parallel()
	d := open(t)
	for name, body := range map[string][]byte{
		"no JSON":        []byte("payment_intent=pi_1"),
		"empty":          {},
		"a list":         []byte(`[1]`),
		"no id":          event(func(e map[string]any) { delete(e, "id") }),
		"a charge":       event(func(e map[string]any) { e["object"] = "charge" }),
		"no object":      event(func(e map[string]any) { e["data"] = map[string]any{} }),
		"a very long id": event(func(e map[string]any) { e["id"] = strings.Repeat("e", 256) }),
	} {
		t.Run(name, func(t *testing.T) {
			d := &door{t: t, db: d.db, url: d.url}
			d.wants(body, sign(body, current, noon), http.StatusBadRequest, 0)
		})
	}
}

// Stripe would send them again for days, and we would never want them.
func TestWhatIsNotForUsIsAcceptedAndNotKept(t *testing.T) {
	t.Parallel()
	d := open(t)
	for name, change := range map[string]func(map[string]any){
		"live money at a test deployment": func(e map[string]any) { e["livemode"] = true },
		"a connected account":             func(e map[string]any) { e["account"] = "acct_other" },
	} {
		t.Run(name, func(t *testing.T) {
			d := &door{t: t, db: d.db, url: d.url}
			body := event(change)
			d.wants(body, sign(body, current, noon), http.StatusOK, 0)
		})
	}
}

// Stripe delivers an event more than once, and in parallel.
func TestCase020ParallelDeliveriesKeepAnEventOnce(t *testing.T) {
	t.Parallel()
	d := open(t)
	body := event(nil)
	signature := sign(body, current, noon)
	var all errgroup.Group
	for range 20 {
		all.Go(func() error {
			status, err := d.post(body, signature)
			if err == nil && status != http.StatusOK {
				err = fmt.Errorf("status %d", status)
			}
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	var deliveries int
	if err := d.db.Get(&deliveries, `SELECT deliveries FROM inbox_events`); err != nil {
		t.Fatal(err)
	}
	if n := d.kept(); n != 1 || deliveries != 20 {
		t.Errorf("%d events, %d deliveries counted, want 1 and 20", n, deliveries)
	}
}

func TestCase010BodyHasALimit(t *testing.T) {
	t.Parallel()
	d := open(t)
	padded := event(func(e map[string]any) { e["padding"] = strings.Repeat("x", 1<<20) })
	signature := sign(padded, current, noon)
	d.wants(padded, signature, http.StatusRequestEntityTooLarge, 0)

	t.Run("of an unknown length", func(t *testing.T) {
		// A reader without a length goes out in chunks.
		r, err := http.NewRequest(http.MethodPost, d.url, io.MultiReader(bytes.NewReader(padded)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Stripe-Signature", signature)
		status, err := send(r)
		if err != nil || status != http.StatusRequestEntityTooLarge || d.kept() != 0 {
			t.Errorf("status = %d, kept = %d, error = %v", status, d.kept(), err)
		}
	})
	t.Run("and just fits", func(t *testing.T) {
		d := &door{t: t, db: d.db, url: d.url}
		d.woken.Store(1)
		exact := event(nil)
		exact = append(exact, bytes.Repeat([]byte(" "), 1<<20-len(exact))...)
		d.wants(exact, sign(exact, current, noon), http.StatusOK, 1)
	})
}

// What could not be written down must come again.
func TestCase018EventThatCannotBeKeptIsAskedForAgain(t *testing.T) {
	t.Parallel()
	d := open(t)
	if err := d.db.Close(); err != nil {
		t.Fatal(err)
	}
	body := event(nil)
	status, err := d.post(body, sign(body, current, noon))
	if err != nil || status != http.StatusInternalServerError {
		t.Errorf("status = %d, error = %v", status, err)
	}
	if d.woken.Load() != 0 {
		t.Error("the workers were woken for nothing")
	}
}

// A database that hangs is no reason to let Stripe, and a payer behind it, hang too.
func TestCase019SlowDatabaseIsAnsweredInTime(t *testing.T) {
	t.Parallel()
	d := open(t)
	_, owner := pgtest.Both(t)
	held, err := owner.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Rollback() }() // nothing was changed
	if _, err := held.ExecContext(t.Context(), `LOCK TABLE inbox_events IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	body := event(nil)
	status, err := d.post(body, sign(body, current, noon))
	if err != nil || status != http.StatusInternalServerError {
		t.Errorf("status = %d, error = %v", status, err)
	}
	if err := held.Rollback(); err != nil {
		t.Fatal(err)
	}
	d.wants(body, sign(body, current, noon), http.StatusOK, 1)
}

func TestCase011OnlyPostsAreTaken(t *testing.T) {
	t.Parallel()
	d := open(t)
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		r, err := http.NewRequest(method, d.url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: status = %d", method, res.StatusCode)
		}
	}
}

// Bodies hold names and addresses of payers, and headers hold signatures.
func TestTheLogHoldsNoBodyAndNoSignature(t *testing.T) {
	t.Parallel()
	d := open(t)
	body := event(func(e map[string]any) { e["payer"] = "Iryna, Kharkiv" })
	good := sign(body, current, noon)
	d.wants(body, good, http.StatusOK, 1)
	d.wants(append(body, ' '), good, http.StatusBadRequest, 1)
	if said := d.log.String(); said == "" || strings.Contains(said, "Iryna") || strings.Contains(said, good[len(good)-20:]) {
		t.Errorf("the log says %s", said)
	}
}
