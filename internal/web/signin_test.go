package web_test

import (
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/member"
)

// Two processes on one database are as patient as one, however many tries come at once.
func TestLimitsHoldOverTwoProcesses(t *testing.T) {
	t.Parallel()
	here := open(t)
	here.letIn()
	there := openOn(t, here.Bench, nil)
	houses := []*house{here, there}

	judged := func(path string, tries int, form func(n int) url.Values, client func(h *house) *http.Client) (refused, wrong int) {
		t.Helper()
		var mu sync.Mutex
		var all sync.WaitGroup
		for n := range tries {
			h := houses[n%2]
			c := client(h)
			all.Go(func() {
				res, err := c.PostForm(h.server.URL+path, form(n))
				if err != nil {
					t.Error(err)
					return
				}
				defer res.Body.Close()
				mu.Lock()
				defer mu.Unlock()
				switch res.StatusCode {
				case http.StatusTooManyRequests:
					refused++
				case http.StatusUnprocessableEntity:
					wrong++
				default:
					t.Errorf("%s: %d", path, res.StatusCode)
				}
			})
		}
		all.Wait()
		return refused, wrong
	}
	nobody := func(h *house) *http.Client { return h.visitor("") }

	_, wrong := judged("/sign-in", 24, func(int) url.Values { return url.Values{"email": {"payer@example.org"}, "password": {"wrong"}} }, nobody)
	if wrong > 10 {
		t.Errorf("%d passwords of one address were judged, at most 10 may be", wrong)
	}
	if wrong, refused := wrongThen(t, houses, "payer@example.org"); !refused {
		t.Errorf("after %d failures more, the right password still opens", wrong)
	}

	// Half way in at both, and the codes guessed.
	half := map[*house]*http.Client{}
	for _, h := range houses {
		c := h.visitor("")
		res, err := c.PostForm(h.server.URL+"/sign-in", url.Values{"email": {"coordinator@example.org"}, "password": {password}})
		if err != nil || res.Header.Get("Location") != "/sign-in/factor" {
			t.Fatalf("half way in: %v, %v", res, err)
		}
		_ = res.Body.Close()
		half[h] = c
	}
	_, wrong = judged("/sign-in/factor", 16, func(int) url.Values { return url.Values{"proof_code": {"000000"}} }, func(h *house) *http.Client { return half[h] })
	if wrong > 5 {
		t.Errorf("%d codes were judged, at most 5 may be", wrong)
	}
}

// fresh are the addresses that ask again for the second factor.
var fresh = []string{
	"POST /office/allocations/:id/approve", "POST /office/write-offs/:id/approve", "POST /office/refunds/:id/approve", "POST /office/undoings/:id/approve",
	"POST /office/payments/:id/refund",                                                                                 // a small one needs nobody else
	"POST /office/clusters/:slug/people", "POST /office/clusters/:slug/people/:id", "POST /office/companies/:id/owner", // who may approve, or pay
	"POST /office/clusters/:slug/invitations/:id", "POST /office/companies/:id/invitations/:invitation", "POST /office/applications/:id/accept", // the same, by letter
	"POST /account/sessions/end", "POST /account/sessions/:id/end",
	"POST /account/authenticator", "POST /account/authenticator/remove", "POST /account/recovery-codes", "POST /account/passkeys/:id/remove",
	"POST /account/erase",
	"POST /account/password", "POST /account/issuers", "POST /account/issuers/:issuer/remove",
	"POST /account/passkeys", // a form; the script is told in JSON
}

// Whoever finds a browser open decides over no money in it, gives nobody a role, and changes
// nobody's sign-in. A new address by which something is approved has to be on the list.
func TestWhatMovesMoneyTakesAFreshFactor(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.letIn()
	var late atomic.Int64
	h.serve(func() time.Time { return clock.System().Add(time.Duration(late.Load())) })
	approver := h.visitor("approver@example.org")
	late.Store(int64(time.Hour))
	asks := 0
	for _, r := range h.web.Routes() {
		name := r.Method + " " + r.Path
		if r.Method != http.MethodPost || r.Path == "/account/passkeys/options" || !strings.HasPrefix(r.Path, "/office/") && !strings.HasPrefix(r.Path, "/account/") {
			continue
		}
		address := strings.NewReplacer(":slug", h.Slug, ":id", h.Pledge(100), ":issuer", "none").Replace(r.Path)
		res, body := h.ask(approver, http.MethodPost, address, url.Values{"reason": {"Because"}}.Encode())
		if asked := res.StatusCode == http.StatusUnauthorized && strings.Contains(body, "proof_code"); asked != slices.Contains(fresh, name) {
			t.Errorf("%s asks for the factor: %v (%d)", name, asked, res.StatusCode)
		} else if asked {
			asks++
		}
		if strings.HasSuffix(r.Path, "/approve") && !slices.Contains(fresh, name) {
			t.Errorf("%s approves without a fresh factor", name)
		}
	}
	if asks != len(fresh) {
		t.Errorf("%d of %d addresses ask", asks, len(fresh))
	}
}

// wrongThen fails on until the limit is reached for certain, and then tries the right
// password at each process.
func wrongThen(t *testing.T, houses []*house, email string) (wrong int, refused bool) {
	t.Helper()
	for n := range 12 {
		h := houses[n%2]
		res, _ := h.ask(h.visitor(""), http.MethodPost, "/sign-in", url.Values{"email": {email}, "password": {"wrong"}}.Encode())
		if res.StatusCode == http.StatusUnprocessableEntity {
			wrong++
		}
	}
	for _, h := range houses {
		res, body := h.ask(h.visitor(""), http.MethodPost, "/sign-in", url.Values{"email": {email}, "password": {password}}.Encode())
		if res.StatusCode != http.StatusTooManyRequests || !strings.Contains(body, "15") {
			return wrong, false
		}
	}
	return wrong, true
}

// BenchmarkKnownAndUnknown measures what a stranger can: how long an answer takes for an
// address that is known and for one that is not. The two come in any order; "known/unknown" is the quotient
// of their medians over 200 tries each.
func BenchmarkKnownAndUnknown(b *testing.B) {
	const tries = 200
	for name, c := range map[string]struct {
		path string
		form url.Values
		want int
		each int // requests of one try; what is quick is asked several times, or the machine's own noise is all that is measured
	}{
		"sign-in": {"/sign-in", url.Values{"password": {"не той пароль, а інший"}}, http.StatusUnprocessableEntity, 1},
		"reset":   {"/sign-in/reset", url.Values{}, http.StatusSeeOther, 4},
	} {
		b.Run(name, func(b *testing.B) {
			h := open(b)
			h.Tx(func(tx *sqlx.Tx) error {
				_, err := member.AddPerson(b.Context(), tx, h.Now(), "known@example.org", "Відома", "досить довгий пароль")
				return err
			})
			client := h.visitor("")
			took := func(email string) time.Duration {
				if _, err := h.Owner.Exec(`TRUNCATE sign_in_failures, reset_requests`); err != nil { // the limits would answer soon
					b.Fatal(err)
				}
				c.form.Set("email", email)
				start := time.Now()
				for range c.each {
					res, _ := h.ask(client, http.MethodPost, c.path, c.form.Encode())
					if res.StatusCode != c.want {
						b.Fatalf("%s: %d", email, res.StatusCode)
					}
				}
				return time.Since(start) / time.Duration(c.each)
			}
			for b.Loop() {
				var known, unknown []time.Duration
				took("known@example.org")
				took("unknwn@example.org") // both warm
				order := slices.Repeat([]bool{true, false}, tries)
				rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] }) // no rhythm of the machine's falls on one of them
				for _, isKnown := range order {
					if isKnown {
						known = append(known, took("known@example.org"))
					} else {
						unknown = append(unknown, took("unknwn@example.org"))
					}
				}
				slices.Sort(known)
				slices.Sort(unknown)
				b.ReportMetric(known[tries/2].Seconds()/unknown[tries/2].Seconds(), "known/unknown")
				b.ReportMetric(float64(known[tries/2].Microseconds())/1000, "ms-known")
				b.ReportMetric(float64(unknown[tries/2].Microseconds())/1000, "ms-unknown")
			}
		})
	}
}
