package member_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/clock"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
)

// remembered says of each kind how one comes about that is over at $1, and how many are
// still known.
var remembered = map[string]struct{ put, look string }{
	"sessions": {
		`INSERT INTO person_sessions (id, person_id, began_at, seen_at, expires_at, agent, host) SELECT gen_random_uuid(), id, $1, $1, $1, 'Firefox', '192.0.2.1' FROM people LIMIT 1`,
		`person_sessions`},
	"challenges":   {`INSERT INTO ceremonies (id, kind, data, expires_at) VALUES (gen_random_uuid(), 'issuer', '{}', $1)`, `ceremonies`},
	"letter-links": {putLetter("'reset:' || gen_random_uuid()", "($1::timestamptz - interval '1 hour')", "'waiting'"), `letters WHERE text_body <> ''`},
	"app-offers": {
		`INSERT INTO authenticator_offers (person_id, secret, offered_at) SELECT id, repeat('x', 50)::bytea, $1 FROM people p WHERE NOT EXISTS (SELECT 1 FROM authenticator_offers o WHERE o.person_id = p.id) LIMIT 1`,
		`authenticator_offers`},
	"password-links": {
		`INSERT INTO magic_links (hash, purpose, person_id, made_at, expires_at) SELECT sha256(gen_random_uuid()::text::bytea), 'reset', id, $1::timestamptz - interval '1 hour', $1 FROM people LIMIT 1`, `magic_links`},
	"sign-in-tries":            {`INSERT INTO sign_in_failures (subject, failed_at) VALUES ('ip:192.0.2.1', $1)`, `sign_in_failures`},
	"limit-counts":             {`INSERT INTO limit_counts (subject, began, n) VALUES ('file:' || gen_random_uuid(), $1, 1)`, `limit_counts`},
	"password-wishes":          {`INSERT INTO reset_requests (email, asked_at) VALUES ('a@example.org', $1)`, `reset_requests`},
	"unconfirmed-applications": {putApplication + `SELECT 1`, `company_applications`},
	"applications": {
		putApplication + `, c AS (INSERT INTO application_confirmations (application_id, cluster_id, confirmed_at) SELECT id, cluster_id, $1 FROM a RETURNING application_id)
			INSERT INTO application_decisions (application_id, accepted, reason, person_id, happened_at) SELECT application_id, false, 'You are Olena', (SELECT id FROM people LIMIT 1), $1 FROM c`,
		`company_applications a JOIN application_decisions d ON d.application_id = a.id WHERE a.email = 'a@example.org' AND a.person_name = 'Olena' AND a.message <> '' AND d.reason <> '—'`},
	"invitations": {
		`INSERT INTO invitations (id, company_id, role, email, name, lang, token_hash, invited_at, expires_at)
			SELECT gen_random_uuid(), id, 'owner', 'a@example.org', 'Olena', 'uk', sha256(gen_random_uuid()::text::bytea), $1::timestamptz - interval '1 day', $1 FROM companies LIMIT 1`,
		`invitations WHERE email = 'a@example.org' AND name = 'Olena'`},
	"letters": {
		`WITH l AS (` + putLetter("'receipt:' || gen_random_uuid()", "$1", "'sent'") + ` RETURNING letter_id)
			INSERT INTO letter_attachments (letter_id, position, file_name, content_type, body) SELECT letter_id, 0, 'a.pdf', 'application/pdf', 'pdf' FROM l`,
		`letters l JOIN letter_attachments a ON a.letter_id = l.id WHERE l.text_body <> '' AND l.html_body <> '' AND a.body <> '' AND l.recipient = 'a@example.org'`},
	"letter-addresses": {putLetter("'receipt:' || gen_random_uuid()", "$1", "'sent'"), `letters WHERE recipient = 'a@example.org' AND subject = 'Hello'`},
	"stop-links":       {`INSERT INTO letter_stops (token_hash, person_id, kind, made_at) SELECT sha256(gen_random_uuid()::text::bytea), id, 'digest', $1 FROM people LIMIT 1`, `letter_stops`},
	"events": {
		`INSERT INTO inbox_events (event_id, type, api_version, happened_at, object_kind, object_id, body, found_by, received_at, state, next_try_at, done_at)
			VALUES ('evt_' || gen_random_uuid(), 'charge.updated', '', $1, 'charge', 'ch_1', '{"data":{"object":{"billing_details":{"email":"a@example.org"}}}}', 'webhook', $1, 'done', $1, $1)`,
		`inbox_events WHERE position('a@example.org' IN body) > 0`},
	"company-files": {
		`INSERT INTO company_imports (id, cluster_id, person_id, file_name, body, delimiter, encoding, brought_at) SELECT gen_random_uuid(), c.id, p.id, 'a.csv', 'x', '', '', $1 FROM clusters c, people p LIMIT 1`,
		`company_imports`},
	"audit-hosts": {
		`INSERT INTO audit_acts (happened_at, person_id, act, subject, detail, host) SELECT $1, id, 'person.signed-in', 'person:' || id, '{"host": "192.0.2.1", "by": "code"}', '192.0.2.1' FROM people LIMIT 1`,
		`audit_acts WHERE host <> '' AND detail ->> 'host' <> '' AND detail ->> 'by' = 'code'`},
}

func putLetter(key, at, state string) string {
	return `INSERT INTO letter_states (letter_id, state, next_try_at, sent_at) SELECT id, ` + state + `, queued_at, CASE ` + state + ` WHEN 'sent' THEN queued_at END FROM (
		SELECT put_letter(` + key + `, ` + at + `) AS id, ` + at + `::timestamptz AS queued_at) l`
}

const putApplication = `WITH a AS (INSERT INTO company_applications (id, cluster_id, kind, name_uk, name_en, country, official_id, site, message, shows_name, shows_site, person_name, email, lang, token_hash, asked_from, asked_at)
	SELECT gen_random_uuid(), id, 'member', 'К', 'C', 'UA', '', '', 'Call me', true, true, 'Olena', 'a@example.org', 'uk', sha256(gen_random_uuid()::text::bytea), '', $1 FROM clusters LIMIT 1 RETURNING id, cluster_id)`

// Each kind of thing is forgotten when its time is over, and not an hour before: with the
// program's rights, by its clock.
func TestEachKindIsForgottenInItsTime(t *testing.T) {
	t.Parallel()
	for _, p := range member.Periods {
		if p.What == "farewells" {
			continue // forgotten by what became of them: TestAFarewellIsTheLastOfAnAddress
		}
		t.Run(p.What, func(t *testing.T) {
			t.Parallel()
			kind, found := remembered[p.What]
			if !found {
				t.Fatal("nothing here tries it")
			}
			w := gatewaytest.NewWorld(t, clock.System, "UAH")
			if _, err := w.Owner.Exec(`CREATE FUNCTION put_letter(k text, at timestamptz) RETURNS uuid LANGUAGE sql AS $$ INSERT INTO letters (id, key, name, lang, recipient, subject, text_body, html_body, queued_at)
				VALUES (gen_random_uuid(), k, 'people', 'uk', 'a@example.org', 'Hello', 'Words', 'Words', at) RETURNING id $$`); err != nil {
				t.Fatal(err)
			}
			now := time.Now()
			end := now.Add(-time.Duration(p.Days) * 24 * time.Hour)
			for _, over := range []time.Time{end.Add(-time.Hour), end.Add(time.Hour)} {
				if _, err := w.Owner.Exec(kind.put, over); err != nil {
					t.Fatal(err)
				}
			}
			if n := w.Count(kind.look); n != 2 {
				t.Fatalf("%d are there, want 2", n)
			}
			if dropped, err := member.Forget(t.Context(), w.DB, clock.At(now), p.Often); err != nil || dropped[p.What] != 1 {
				t.Errorf("dropped %v, %v", dropped, err)
			}
			if n := w.Count(kind.look); n != 1 {
				t.Errorf("%d are left, want the one that is not over", n)
			}
			if again, err := member.Forget(t.Context(), w.DB, clock.At(now), false); err != nil || again[p.What] != 0 {
				t.Errorf("a second run finds %v, %v", again, err)
			}
		})
	}
}

// The audit goes on saying who was invited into what by whom, and not at which address.
func TestAnInvitationsAddressLeavesTheAuditToo(t *testing.T) {
	t.Parallel()
	for days, addresses := range map[int]int{380: 0, 300: 1} {
		t.Run(strconv.Itoa(days), func(t *testing.T) {
			t.Parallel()
			w := gatewaytest.NewWorld(t, clock.At(time.Now().AddDate(0, 0, -days)), "UAH")
			invited(t, w, "never@example.org", "payer")
			if _, err := member.Forget(t.Context(), w.DB, clock.System, false); err != nil {
				t.Fatal(err)
			}
			if n := w.Count(`audit_acts WHERE act = 'person.invited' AND detail ->> 'role' = 'payer' AND detail ->> 'email' = 'never@example.org'`); n != addresses {
				t.Errorf("the address stands in %d acts, want %d", n, addresses)
			}
			if n := w.Count(`audit_acts WHERE act = 'person.invited' AND detail ->> 'role' = 'payer'`); n != 1 {
				t.Errorf("%d acts tell of the invitation", n)
			}
		})
	}
}

// The last letter to somebody who is erased holds their address until it has gone, or cannot
// go, or has waited for a week; and no longer.
func TestAFarewellIsTheLastOfAnAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		become string // what becomes of it
		days   int
		gone   bool
	}{
		"it waits":              {`UPDATE letter_states SET tries = 1`, 0, false},
		"it is sent":            {`UPDATE letter_states SET state = 'sent', sent_at = now()`, 0, true},
		"the server refuses it": {`UPDATE letter_states SET state = 'refused', trouble = '550 viewer@example.org'`, 0, true},
		"there is no server":    {`UPDATE letter_states SET tries = 0`, 8, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := gatewaytest.NewWorld(t, clock.At(time.Now().AddDate(0, 0, -c.days)), "UAH")
			if _, err := member.EraseAddress(t.Context(), w.DB, w.Now, "viewer@example.org"); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Owner.Exec(c.become); err != nil {
				t.Fatal(err)
			}
			if _, err := member.Forget(t.Context(), w.DB, clock.System, true); err != nil {
				t.Fatal(err)
			}
			left := w.Count(`letters l JOIN letter_states s ON s.letter_id = l.id WHERE strpos(recipient || text_body || trouble, 'viewer@example.org') > 0`)
			if empty := w.Count(`letters WHERE text_body = '' AND html_body = '' AND recipient = 'erased@erased.invalid'`); (left == 0) != c.gone || (empty == 1) != c.gone {
				t.Errorf("the address stands in %d letters, %d are empty", left, empty)
			}
		})
	}
}

// The schema keeps what has to be kept, whatever a release of the program believes.
func TestNothingIsForgottenTooEarly(t *testing.T) {
	t.Parallel()
	w := gatewaytest.NewWorld(t, clock.System, "UAH")
	for _, p := range member.Periods {
		if p.Days < 30 {
			continue
		}
		_, err := w.DB.Exec(`SELECT forget($1, now() - $2 * interval '1 day', 10)`, p.What, p.Days-2)
		if pg.Code(err) != "LG004" {
			t.Errorf("%s after %d days: %v", p.What, p.Days-2, err)
		}
	}
	if _, err := w.DB.Exec(`SELECT forget('pledges', now() - interval '10 years', 10)`); err == nil {
		t.Error("pledges are forgotten")
	}
}

// Many are forgotten in pieces.
func TestManyAreForgottenInPieces(t *testing.T) {
	t.Parallel()
	w := gatewaytest.NewWorld(t, clock.System, "UAH")
	if _, err := w.Owner.Exec(`INSERT INTO sign_in_failures (subject, failed_at) SELECT 'ip:192.0.2.1', now() - interval '2 days' FROM generate_series(1, 1201)`); err != nil {
		t.Fatal(err)
	}
	dropped, err := member.Forget(t.Context(), w.DB, clock.System, false)
	if err != nil || dropped["sign-in-tries"] != 1201 || w.Count("sign_in_failures") != 0 {
		t.Errorf("dropped %v, %v", dropped, err)
	}
}

// A link in a letter does not outlive its use, though letters are kept for longer.
func TestAUsedLinkIsInNoLetter(t *testing.T) {
	t.Parallel()
	w := world(t)
	token := invited(t, w, "new@example.org", "payer")
	wants := func(what string, n int) {
		t.Helper()
		if got := w.Count(`letters WHERE strpos(text_body || html_body, $1) > 0`, token); got != n {
			t.Errorf("%s: the link is in %d letters, want %d", what, got, n)
		}
	}
	wants("before", 1)
	if err := accept(t, w, member.Acceptance{Token: token, Name: "Нова", Password: "a sentence to remember"}); err != nil {
		t.Fatal(err)
	}
	wants("accepted", 0)
	if n := w.Count(`letters l JOIN letter_states s ON s.letter_id = l.id WHERE l.key LIKE 'invitation:%' AND l.recipient = 'new@example.org' AND s.state = 'withdrawn'`); n != 1 {
		t.Error("a letter without its link is still to be sent")
	}

	if err := member.AskReset(t.Context(), w.DB, w.Now, "new@example.org", "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	if _, err := member.AnswerResets(t.Context(), w.DB, w.Now, home); err != nil {
		t.Fatal(err)
	}
	var body string
	if err := w.Owner.Get(&body, `SELECT text_body FROM letters WHERE name = 'reset'`); err != nil {
		t.Fatal(err)
	}
	_, token, _ = strings.Cut(body, "/sign-in/reset/")
	token, _, _ = strings.Cut(token, "\n")
	wants("a reset is asked for", 1)
	if _, err := member.Reset(t.Context(), w.DB, w.Now, token, "another sentence to remember"); err != nil {
		t.Fatal(err)
	}
	wants("the password is set", 0)
}

// docs/privacy.md tells each period, and no other.
func TestThePeriodsAreTold(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/privacy.md")
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| `") {
			told++
		}
	}
	for _, p := range member.Periods {
		days := "at once"
		switch {
		case p.Days == 1:
			days = "1 day"
		case p.Days > 1:
			days = fmt.Sprintf("%d days", p.Days)
		}
		if row := fmt.Sprintf("| `%s` | %s | %s |", p.What, days, p.Why); !strings.Contains(string(text), "\n"+row+"\n") {
			t.Errorf("docs/privacy.md does not say %s", row)
		}
	}
	if told != len(member.Periods) {
		t.Errorf("docs/privacy.md tells %d periods, there are %d", told, len(member.Periods))
	}
}
