package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/clock"
	"kopiyka/internal/member"
	"kopiyka/internal/web"
)

// setCount makes it look as if somebody had done so much of something in this window and
// the next.
func (h *house) setCount(l member.Limit, who string, n int) {
	h.t.Helper()
	began := h.Now().Truncate(l.Within)
	for _, at := range []time.Time{began, began.Add(l.Within)} {
		h.Owner.MustExec(`INSERT INTO limit_counts (subject, began, n) VALUES ($1, $2, $3) ON CONFLICT (subject, began) DO UPDATE SET n = excluded.n`, l.What+":"+who, at, n)
	}
}

// What is dear counts for its person at all processes together, and then waits, in words.
func TestWhatIsDearHasAnEndOverAllProcesses(t *testing.T) {
	t.Parallel()
	here := open(t)
	here.letIn()
	there := openOn(t, here.Bench, nil)
	coordinator := here.visitor("coordinator@example.org")
	elsewhere := there.visitor("coordinator@example.org")
	here.setCount(member.Files, here.Coordinator, member.Files.Most-2)
	here.ask(coordinator, http.MethodGet, "/office/pledges.csv", "")
	if res, _ := there.ask(elsewhere, http.MethodGet, "/office/payments.csv", ""); res.StatusCode != http.StatusOK {
		t.Errorf("the last that may be: %d", res.StatusCode)
	}
	for h, c := range map[*house]*http.Client{here: coordinator, there: elsewhere} {
		res, body := h.ask(c, http.MethodGet, "/office/letters.csv", "", "Accept-Language", "en")
		after, err := strconv.Atoi(res.Header.Get("Retry-After"))
		if res.StatusCode != http.StatusTooManyRequests || err != nil || after < 1 || after > 600 || !strings.Contains(body, "300") {
			t.Errorf("one more: %d, Retry-After %q\n%.300s", res.StatusCode, res.Header.Get("Retry-After"), body)
		}
	}
	if res, _ := here.ask(coordinator, http.MethodGet, "/office/pledges", ""); res.StatusCode != http.StatusOK {
		t.Errorf("the page is shut as well: %d", res.StatusCode)
	}
	if res, _ := here.ask(here.visitor("approver@example.org"), http.MethodGet, "/office/pledges.csv", ""); res.StatusCode != http.StatusOK {
		t.Errorf("somebody else waits too: %d", res.StatusCode)
	}
}

// A promise that is refused for its number is not made.
func TestPledgesHaveAnEndToo(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.letIn()
	payer := h.visitor("payer@example.org")
	var id string
	if err := h.Owner.Get(&id, `SELECT id FROM people WHERE email = 'payer@example.org'`); err != nil {
		t.Fatal(err)
	}
	h.setCount(member.Pledges, id, member.Pledges.Most)
	if res, _ := h.ask(payer, http.MethodPost, "/portal/pledges", h.forms()["POST /portal/pledges"]); res.StatusCode != http.StatusTooManyRequests || h.Count("pledges") != 0 {
		t.Errorf("%d, and %d pledges", res.StatusCode, h.Count("pledges"))
	}
	h.setCount(member.Searches, "ip:198.51.100.7", member.Searches.Most-1)
	for _, want := range []int{http.StatusOK, http.StatusTooManyRequests} {
		if res, _ := h.ask(h.visitor(""), http.MethodGet, "/api/v1/campaigns/"+h.Slug+"?as_of=2026-01-01", "", "X-Forwarded-For", "198.51.100.7"); res.StatusCode != want {
			t.Errorf("a stranger's question about a day: %d, want %d", res.StatusCode, want)
		}
	}
}

// Every address that costs has its limit: files by their names, what takes files, writes
// letters, asks Stripe or draws. A new one has to be thought about.
func TestEveryDearAddressHasItsLimit(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.letIn()
	who := h.visitor("coordinator@example.org")
	there := map[string]bool{}
	for _, r := range h.web.Routes() {
		there[r.Method+" "+r.Path] = true
	}
	for address := range web.Dear {
		if !there[address] {
			t.Errorf("%s has a limit, and is not there", address)
		}
	}
	for _, r := range h.web.Routes() {
		dear := r.Method == http.MethodGet && (strings.HasSuffix(r.Path, ".csv") || strings.Contains(r.Path, "/documents/:id")) || r.Method == http.MethodPost &&
			(strings.HasSuffix(r.Path, "/logo") || strings.HasSuffix(r.Path, "/payments") || strings.HasSuffix(r.Path, "/people") || strings.HasSuffix(r.Path, "/team") ||
				strings.Contains(r.Path, "invitations/:") && !strings.HasPrefix(r.Path, "/invitations") || strings.HasSuffix(r.Path, "/documents") || r.Path == "/office/statements" || r.Path == "/office/company-files")
		if !dear {
			continue
		}
		h.Owner.MustExec(`DELETE FROM limit_counts`)
		address := strings.NewReplacer(":slug", h.Slug, ":id", h.Pledge(100), ":invitation", h.Pledge(100), ":lang", "en", ":year", "2026").Replace(r.Path)
		h.ask(who, r.Method, address, "")
		n := 0
		if err := h.Owner.Get(&n, `SELECT count(*) FROM limit_counts WHERE subject LIKE '%:' || $1`, h.Coordinator); err != nil || n != 1 {
			t.Errorf("%s %s is counted as %d things, %v", r.Method, r.Path, n, err)
		}
	}
}

// One address has its share of cheap pages, and nobody else's.
func TestOneAddressHasItsShare(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.rate = 5
	at := clock.System()
	h.serve(func() time.Time { return at })
	c := h.visitor("")
	from := func(host string) int {
		res, body := h.ask(c, http.MethodGet, "/en/campaigns/"+h.Slug, "", "X-Forwarded-For", host)
		if res.StatusCode == http.StatusTooManyRequests && (res.Header.Get("Retry-After") != "1" || !strings.Contains(body, "<h1")) {
			t.Errorf("Retry-After %q, %.200s", res.Header.Get("Retry-After"), body)
		}
		return res.StatusCode
	}
	for i := range 50 {
		if got := from(fmt.Sprint("2001:db8::", i)); got != http.StatusOK {
			t.Fatalf("request %d: %d", i, got)
		}
	}
	if got := from("2001:db8::ffff:1"); got != http.StatusTooManyRequests {
		t.Errorf("the fifty-first of one house: %d", got)
	}
	for _, other := range []string{"2001:db8:0:1::1", "198.51.100.7", "127.0.0.1"} {
		if got := from(other); got != http.StatusOK {
			t.Errorf("%s waits as well: %d", other, got)
		}
	}
	at = at.Add(200 * time.Millisecond)
	if one, two := from("2001:db8::1"), from("2001:db8::1"); one != http.StatusOK || two != http.StatusTooManyRequests {
		t.Errorf("after a fifth of a second: %d and %d, want one more", one, two)
	}
	// Stripe comes from few addresses, with much to tell.
	for range 60 {
		if res, _ := h.ask(c, http.MethodPost, "/hooks/stripe", "{}", "X-Forwarded-For", "198.51.100.8"); res.StatusCode == http.StatusTooManyRequests {
			t.Fatal("a webhook waits")
		}
	}
}

// What is refused for want of rights, or as no browser would ask, is one line of the log: who,
// where, by which rule. Nothing that was sent is in it.
func TestRefusalsAreLogged(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.seat()
	h.letIn()
	payer, neighbour := h.visitor("payer@example.org"), h.visitor("neighbour@example.org")
	pledge := h.Pledge(1000)
	ids := map[string]string{}
	for _, email := range []string{"payer@example.org", "neighbour@example.org"} {
		var id string
		if err := h.Owner.Get(&id, `SELECT id FROM people WHERE email = $1`, email); err != nil {
			t.Fatal(err)
		}
		ids[email] = id
	}
	canary := url.Values{"message": {"canary"}, "amount": {"canary"}}.Encode()
	for what, c := range map[string]struct {
		do   func()
		want []string
	}{
		"another's pledge":    {func() { h.ask(neighbour, http.MethodGet, "/portal/pledges/"+pledge+"?q=canary", "") }, []string{"status=404", "route=/portal/pledges/:id", "person=" + ids["neighbour@example.org"]}},
		"the office":          {func() { h.ask(payer, http.MethodGet, "/office/pledges", "") }, []string{"status=404", "route=/office/pledges", "person=" + ids["payer@example.org"]}},
		"another site's form": {func() { h.ask(payer, http.MethodPost, "/portal/pledges", canary, "Sec-Fetch-Site", "cross-site") }, []string{"status=403", "why=cross_origin", "route=/portal/pledges"}},
		"a link of nobody's":  {func() { h.ask(h.visitor(""), http.MethodGet, "/sign-in/reset/canary", "") }, []string{"status=404", "route=/sign-in/reset/:token", `person=""`}},
		"no form":             {func() { h.ask(payer, http.MethodPost, "/portal/pledges", "canary", "Content-Type", "text/canary") }, []string{"status=415", "route=/portal/pledges"}},
		"bytes that are none": {func() { h.ask(payer, http.MethodPost, "/portal/pledges", "amount=%ff&message=canary") }, []string{"why=form.unreadable"}},
		"too much":            {func() { h.ask(payer, http.MethodPost, "/portal/pledges", strings.Repeat("canary", 1<<18)) }, []string{"status=413"}},
	} {
		before := len(h.Log.String())
		c.do()
		line := ""
		for one := range strings.Lines(h.Log.String()[before:]) {
			if strings.Contains(one, "msg=refused ") {
				line += one
			}
		}
		for _, want := range append(c.want, "from=127.0.0.1") {
			if !strings.Contains(line, want) {
				t.Errorf("%s: %q lacks %s", what, line, want)
			}
		}
		if strings.Contains(line, "canary") || strings.Contains(line, pledge) || strings.Count(line, "\n") != 1 {
			t.Errorf("%s: %q", what, line)
		}
	}
	before := len(h.Log.String())
	h.ask(payer, http.MethodGet, "/en/campaigns/canary", "")
	form, err := url.ParseQuery(h.forms()["POST /portal/pledges"])
	if err != nil {
		t.Fatal(err)
	}
	form.Set("amount", "none")
	if res, _ := h.ask(payer, http.MethodPost, "/portal/pledges", form.Encode()); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a form with a mistake: %d", res.StatusCode)
	}
	if said := h.Log.String()[before:]; strings.Contains(said, "refused") {
		t.Errorf("an address and a form with a mistake are told: %s", said)
	}
}

// A flood of refusals is a few lines and a number.
func TestAFloodOfRefusalsIsCounted(t *testing.T) {
	t.Parallel()
	h := open(t)
	at := clock.System().Truncate(time.Minute)
	h.serve(func() time.Time { return at })
	c := h.visitor("")
	for range 200 {
		h.ask(c, http.MethodGet, "/sign-in/reset/none", "")
	}
	if n := strings.Count(h.Log.String(), "msg=refused "); n != 60 {
		t.Errorf("%d of 200 are told one by one, want 60", n)
	}
	at = at.Add(time.Minute)
	h.ask(c, http.MethodGet, "/sign-in/reset/none", "")
	if said := h.Log.String(); !strings.Contains(said, "count=140") || strings.Count(said, "msg=refused ") != 61 {
		t.Errorf("the rest is not counted: %.300s", said)
	}
}
