package web_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/bank"
	"kopiyka/internal/clock"
	"kopiyka/internal/document"
	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/mail"
	"kopiyka/internal/mail/catcher"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
)

// Whom this test is about.
const (
	goneName  = "Зиновія Канарченко"
	goneEmail = "zynoviia.canary@example.org"
)

// keptByLaw are the columns in which a name stays: see docs/privacy.md.
var keptByLaw = map[string]string{
	"public.statement_lines.party":   "a source document, as the bank wrote it",
	"public.statement_lines.details": "a source document, as the bank wrote it",
}

// Who is erased is nowhere: every column of every table is looked through. What they did
// stays, as done by a number, and they can come in anew as somebody else.
func TestWhoIsErasedIsNowhere(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.letIn()
	person := h.lived()
	here, there := h.withApp(person, goneEmail), h.withApp(person, goneEmail)

	before := h.findings()
	for _, must := range []string{"people.name", "people.email", "letters.recipient", "letters.text_body", "letters.subject", "letter_states.trouble", "invitations.email", "invitations.name",
		"company_applications.person_name", "company_applications.email", "company_applications.message", "application_decisions.reason", "audit_acts.detail", "passkeys.name", "reset_requests.email",
		"address_bounces.address", "statement_lines.party", "statement_lines.details", "issuer_links.subject", "audit_acts.host"} {
		if must != "audit_acts.host" && !slices.Contains(before, "public."+must) {
			t.Errorf("the name was never in %s: the test looks for nothing there. It was in %q", must, before)
		}
	}

	if res, body := h.ask(here, http.MethodGet, "/account/erase", ""); res.StatusCode != http.StatusOK || strings.Contains(body, "403") {
		t.Fatalf("what will be erased is told with %d", res.StatusCode)
	}
	if res, _ := h.ask(here, http.MethodPost, "/account/erase", url.Values{"email": {"payer@example.org"}}.Encode()); res.StatusCode != http.StatusUnprocessableEntity {
		t.Fatalf("another's address confirms: %d", res.StatusCode)
	}
	if res, body := h.ask(here, http.MethodPost, "/account/erase", url.Values{"email": {goneEmail}}.Encode()); res.Header.Get("Location") != "/sign-in?notice=erased" {
		t.Fatalf("%d to %q\n%s", res.StatusCode, res.Header.Get("Location"), body)
	}
	for _, c := range []*http.Client{here, there} { // at once, in every browser
		if res, _ := h.ask(c, http.MethodGet, "/account", ""); res.StatusCode != http.StatusSeeOther {
			t.Errorf("a session opens: %d", res.StatusCode)
		}
	}
	if arrived := h.sendLetters(); len(arrived) != 1 || arrived[0] != goneEmail+": Дані про вас стерто" {
		t.Errorf("these letters were sent after it: %q", arrived)
	}
	for _, place := range h.findings() {
		if keptByLaw[place] == "" {
			t.Errorf("%s still knows who it was", place)
		}
	}
	h.wasErased(person)
	h.comesAnew(person)
}

// withApp is a visitor who has an authenticator app of which no code was used.
func (h *house) withApp(person, email string) *http.Client {
	h.t.Helper()
	h.Tx(func(tx *sqlx.Tx) error {
		return member.GiveAuthenticator(h.t.Context(), tx, h.vault, h.Now(), person, secret)
	})
	return h.visitor(email)
}

// wasErased looks at what is left of a person.
func (h *house) wasErased(person string) {
	h.t.Helper()
	var left struct {
		Email, Name string
		Hosts, Acts int
		Pledges     int
	}
	err := h.Owner.Get(&left, `SELECT email, name, (SELECT count(*) FROM audit_acts WHERE person_id = p.id AND host <> '') AS hosts,
		(SELECT count(*) FROM audit_acts WHERE person_id = p.id) AS acts, (SELECT count(*) FROM pledges WHERE made_by = p.id) AS pledges FROM people p WHERE id = $1`, person)
	if err != nil || !strings.HasSuffix(left.Email, "@erased.invalid") || !strings.Contains(left.Name, "data erased") || left.Hosts != 0 || left.Acts < 5 || left.Pledges != 1 {
		h.t.Errorf("left is %+v, %v", left, err)
	}
	var detail string
	if err := h.Owner.Get(&detail, `SELECT detail FROM audit_acts WHERE act = 'person.erased' AND subject = 'person:' || $1::text`, person); err != nil || detail != `{"number": 1}` {
		h.t.Errorf("on record is %s, %v", detail, err)
	}
	_, err = member.Erase(h.t.Context(), h.DB, h.Now, person, person)
	if f, ok := fault.As(err); !ok || f.Key != "person.unknown" {
		h.t.Errorf("erased twice: %v", err)
	}
	for what, query := range map[string]string{
		"a name":          `UPDATE people SET name = 'Somebody' WHERE id = $1`,
		"a password":      `UPDATE people SET password_hash = 'x' WHERE id = $1`,
		"being there":     `DELETE FROM people WHERE id = $1`,
		"an act's words":  `UPDATE audit_acts SET act = 'pledge.made' WHERE person_id = $1`,
		"an act's detail": `UPDATE audit_acts SET detail = '{}' WHERE person_id = $1`,
		"another letter":  `UPDATE letters SET text_body = 'Hello' WHERE $1 <> ''`,
		"no letter":       `DELETE FROM letters WHERE $1 <> ''`,
	} {
		if res, err := h.Owner.Exec(query, person); err == nil {
			n, _ := res.RowsAffected()
			h.t.Errorf("%s: even the schema's owner changes %d rows of it", what, n)
		}
	}
	for what, query := range map[string]string{
		"letters": `UPDATE letters SET text_body = ''`, "the audit": `UPDATE audit_acts SET host = ''`, "an address": `SELECT erase_address('x@example.org', 'y', now())`,
	} {
		if _, err := h.DB.Exec(query); pg.Code(err) != "42501" {
			h.t.Errorf("the program may forget %s by itself: %v", what, err)
		}
	}
}

// comesAnew invites the address once more.
func (h *house) comesAnew(was string) {
	h.t.Helper()
	link, err := member.Invite{Place: member.Place{CompanyID: h.Company}, Role: "viewer", Email: goneEmail}.Appoint(h.t.Context(), h.DB, h.Now, "")
	if err != nil {
		h.t.Fatal(err)
	}
	if res, _ := h.ask(h.visitor(""), http.MethodPost, link, url.Values{"name": {"Хтось Новий"}, "password": {password}}.Encode()); res.StatusCode != http.StatusSeeOther {
		h.t.Errorf("nobody can come in with the address again: %d", res.StatusCode)
	}
	if id, err := member.PersonByEmail(h.t.Context(), h.DB, goneEmail); err != nil || id == was {
		h.t.Errorf("the address is %s, %v: the erased person has come back", id, err)
	}
}

// lived lets somebody do everything here that leaves a name behind.
func (h *house) lived() (id string) {
	h.t.Helper()
	ctx := h.t.Context()
	must := func(err error) {
		h.t.Helper()
		if err != nil {
			h.t.Fatal(err)
		}
	}
	exec := func(query string, args ...any) {
		h.t.Helper()
		_, err := h.Owner.Exec(query, args...)
		must(err)
	}
	apply := func(message string) (application string) {
		must(member.Apply(ctx, h.DB, h.Now, "", member.Application{ClusterID: h.Cluster, Kind: "member", Company: member.Company{Name: member.Text{UK: "Нова"}},
			PersonName: goneName, Email: goneEmail, Lang: "uk", Message: message, Host: message}))
		var a struct{ ID, Body string }
		must(h.Owner.Get(&a, `SELECT a.id, l.text_body AS body FROM company_applications a JOIN letters l ON l.key = 'application:' || a.id ORDER BY a.id DESC LIMIT 1`))
		_, token, _ := strings.Cut(a.Body, "/applications/")
		token, _, _ = strings.Cut(token, "?")
		must(member.ConfirmApplication(ctx, h.DB, h.Now, "http://127.0.0.1", token))
		return a.ID
	}
	must(member.RefuseApplication(ctx, h.DB, h.Now, "", apply("Пишіть: "+goneEmail), h.Coordinator, "Ні, "+goneName))
	apply("Ще раз: " + goneName)

	invite := member.Invite{Place: member.Place{CompanyID: h.Company}, Role: "owner", Email: goneEmail, Name: goneName, Lang: "uk", By: h.CompanyOwner}
	link, err := invite.Send(ctx, h.DB, h.Now, "")
	must(err)
	res, body := h.ask(h.visitor(""), http.MethodPost, link, url.Values{"name": {goneName}, "password": {password}}.Encode())
	if res.StatusCode != http.StatusSeeOther {
		h.t.Fatalf("accept: %d\n%s", res.StatusCode, body)
	}
	id, err = member.PersonByEmail(ctx, h.DB, goneEmail)
	must(err)
	h.letIn()
	elsewhere := member.Invite{Place: member.Place{ClusterID: h.Cluster}, Role: "auditor", Email: goneEmail, Name: goneName}
	_, err = elsewhere.Appoint(ctx, h.DB, h.Now, "")
	must(err)

	mine := h.visitor(goneEmail)
	for path, form := range map[string]url.Values{
		"/portal/companies/ganok/team":             {"email": {"friend@example.org"}, "role": {"payer"}},
		"/portal/companies/ganok/team/" + h.Viewer: {"role": {"payer"}},
	} {
		if res, body := h.ask(mine, http.MethodPost, path, form.Encode()); res.StatusCode != http.StatusSeeOther {
			h.t.Fatalf("%s: %d\n%s", path, res.StatusCode, body)
		}
	}
	if res, _ := h.ask(mine, http.MethodPost, "/portal/pledges", h.forms()["POST /portal/pledges"]); res.StatusCode != http.StatusSeeOther {
		h.t.Fatalf("pledge: %d", res.StatusCode)
	}
	h.Paid(5_000)
	clerk := &document.Clerk{DB: h.DB, Now: h.Now, URL: "https://help.example.org"}
	_, err = clerk.IssueAll(ctx, time.Time{})
	must(err)
	var pledge string
	must(h.Owner.Get(&pledge, `SELECT id FROM pledges WHERE made_by = $1`, id))
	_, err = giving.Remind(ctx, h.DB, clock.At(h.Now().AddDate(0, 0, 7)), "http://127.0.0.1")
	must(err)

	must(member.AskReset(ctx, h.DB, h.Now, goneEmail, "203.0.113.9"))
	_, err = member.AnswerResets(ctx, h.DB, h.Now, "http://127.0.0.1")
	must(err)
	must(member.AskReset(ctx, h.DB, h.Now, goneEmail, "203.0.113.9")) // and one that no job has seen
	exec(`INSERT INTO passkeys (id, person_id, credential_id, credential, name, made_at) VALUES (gen_random_uuid(), $1, 'c', '{}', $2, now())`, id, "Телефон: "+goneName)
	exec(`INSERT INTO issuer_links (issuer, subject, person_id, linked_at) VALUES ('https://issuer.example', $2, $1, now())`, id, goneEmail)
	exec(`INSERT INTO ceremonies (id, kind, data, expires_at) VALUES (gen_random_uuid(), 'passkey-new', jsonb_build_object('person', $1::text, 'name', $2::text), now() + interval '1 hour')`, id, goneName)
	exec(`UPDATE letter_states SET state = 'refused', trouble = '550 no mailbox ' || l.recipient FROM letters l WHERE l.id = letter_id AND l.recipient = $1 AND l.name = 'reset'`, goneEmail)
	exec(`INSERT INTO address_bounces (id, address, letter_id, marked_by, reason, marked_at) SELECT gen_random_uuid(), $1, id, $2, 'It came back', now() FROM letters LIMIT 1`, goneEmail, h.Coordinator)
	exec(`INSERT INTO audit_acts (happened_at, act, subject, detail) VALUES (now(), 'person.factors-reset', 'person:' || $1::text, jsonb_build_object('shown', $2::text))`, id, "паспорт: "+goneName)
	h.bankWrites(goneName, goneEmail)
	exec(`UPDATE letter_states SET state = 'sent', sent_at = now() WHERE state = 'waiting' AND letter_id IN (SELECT id FROM letters WHERE recipient <> $1)`, goneEmail)
	return id
}

// bankWrites imports a line that names who paid.
func (h *house) bankWrites(party, details string) {
	h.t.Helper()
	account := bank.Account{ID: pg.NewID(), ClusterID: h.Cluster, IBAN: "UA213223130000026007233566001", Currency: h.Currency}
	_, err := h.Owner.Exec(`INSERT INTO bank_accounts (id, cluster_id, iban, currency, holder_uk, holder_en, bank_uk, bank_en, created_at) VALUES ($1, $2, $3, $4, 'К', 'C', 'Б', 'B', now())`,
		account.ID, h.Cluster, account.IBAN, string(h.Currency))
	if err != nil {
		h.t.Fatal(err)
	}
	running, err := bank.Begin(h.t.Context(), h.DB, h.Now, bank.File{
		Name: "statement.csv", Account: account, Person: h.Coordinator, From: strings.NewReader("Date,Amount,Details,Counterparty\n2026-03-02,12.50," + details + "," + party + "\n"),
	}, 40, func() {})
	if err != nil {
		h.t.Fatal(err)
	}
	<-running.Done
	if err := running.Err(); err != nil {
		h.t.Fatal(err)
	}
}

// findings are all columns of all tables in which the name or the address stands, as text,
// in a list, in JSON or in bytes.
func (h *house) findings() (found []string) {
	h.t.Helper()
	var columns []struct {
		Table, Column, Type string
	}
	err := h.Owner.Select(&columns, `
		SELECT c.table_schema || '.' || c.table_name AS "table", c.column_name AS "column", c.udt_name AS type FROM information_schema.columns c
		  JOIN information_schema.tables t USING (table_schema, table_name)
		 WHERE t.table_type = 'BASE TABLE' AND c.table_schema NOT IN ('pg_catalog', 'information_schema')
		   AND c.udt_name IN ('text', 'varchar', 'bpchar', 'json', 'jsonb', 'bytea', '_text', '_varchar', '_jsonb', 'tsvector') ORDER BY 1, 2`)
	if err != nil || len(columns) < 150 {
		h.t.Fatalf("%d columns, %v", len(columns), err)
	}
	for _, c := range columns {
		has := fmt.Sprintf(`strpos(lower(%q::text), lower($1)) > 0 OR strpos(lower(%[1]q::text), $2) > 0`, c.Column)
		if c.Type == "bytea" {
			has = fmt.Sprintf(`position(convert_to($1, 'UTF8') IN %q) > 0 OR position(convert_to($2, 'UTF8') IN %[1]q) > 0`, c.Column)
		}
		var n int
		if err := h.Owner.Get(&n, `SELECT count(*) FROM `+c.Table+` WHERE `+has, goneName, goneEmail); err != nil {
			h.t.Fatalf("%s.%s: %v", c.Table, c.Column, err)
		}
		if n > 0 {
			found = append(found, c.Table+"."+c.Column)
		}
	}
	return found
}

// sendLetters sends what waits, and tells to whom and with which subject.
func (h *house) sendLetters() (arrived []string) {
	h.t.Helper()
	c, err := catcher.New(catcher.Options{})
	if err != nil {
		h.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Serve(ctx, listener, nil) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			h.t.Error(err)
		}
	}()
	server, err := mail.ParseServer("smtp://" + listener.Addr().String())
	from, wrong := mail.ParseFrom("letters@kopiyka.example")
	if err := errors.Join(err, wrong); err != nil {
		h.t.Fatal(err)
	}
	sender := &mail.Sender{DB: h.DB, Now: clock.At(time.Now().Add(time.Minute)), Log: slog.New(slog.DiscardHandler), Server: server, From: from}
	if err := sender.Send(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	for _, l := range c.Letters() {
		arrived = append(arrived, strings.Join(l.To, " ")+": "+l.Subject)
	}
	return arrived
}

// Who was coming in while they were erased, or was given something, is out all the same.
func TestNobodyComesInWhileTheyAreErased(t *testing.T) {
	t.Parallel()
	h := open(t)
	for what, act := range map[string]string{
		"a session": `INSERT INTO person_sessions (id, person_id, began_at, seen_at, expires_at, agent, host) VALUES (gen_random_uuid(), $1, now(), now(), now() + interval '1 hour', '', '')`,
		"a link":    `INSERT INTO magic_links (hash, purpose, person_id, made_at, expires_at) VALUES (sha256(gen_random_uuid()::text::bytea), 'reset', $1, now(), now() + interval '1 hour')`,
		"a passkey": `INSERT INTO passkeys (id, person_id, credential_id, credential, name, made_at) VALUES (gen_random_uuid(), $1, gen_random_uuid()::text::bytea, '{}', 'Phone', now())`,
		"a role":    `INSERT INTO cluster_roles (person_id, cluster_id, role) SELECT $1, id, 'auditor' FROM clusters LIMIT 1`,
	} {
		person := h.colleague(false)
		tried := make(chan error, 1)
		h.Tx(func(tx *sqlx.Tx) error {
			if _, err := tx.Exec(`SELECT erase_person($1, NULL, now())`, person); err != nil {
				return err
			}
			go func() { // it waits for this transaction, or comes after it
				_, err := h.DB.Exec(act, person)
				tried <- err
			}()
			return nil
		})
		if err := <-tried; pg.Constraint(err) != "people_erased" && pg.Code(err) != "LG004" {
			t.Errorf("an erased person has %s: %v", what, err)
		}
	}
}

// A company keeps an owner and a cluster an admin: who is the last is told so first, with
// the way to somebody else, and nothing is erased. Nor does whoever runs the machine pass.
func TestTheLastOwnerIsToldWhatToDoBeforeErasing(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.seat()
	h.letIn()
	for email, way := range map[string]string{"owner@example.org": "/portal/companies/ganok/team", "admin@example.org": "/office/people"} {
		last := h.visitor(email)
		res, body := h.ask(last, http.MethodGet, "/account/erase", "")
		if res.StatusCode != http.StatusOK || !strings.Contains(body, `href="`+way+`"`) || regexp.MustCompile(`action="?/account/erase`).MatchString(body) {
			t.Errorf("%s is not led to %s: %d", email, way, res.StatusCode)
		}
		if res, _ := h.ask(last, http.MethodPost, "/account/erase", url.Values{"email": {email}}.Encode()); res.StatusCode != http.StatusConflict {
			t.Errorf("%s: %d", email, res.StatusCode)
		}
		if _, err := member.EraseAddress(t.Context(), h.DB, h.Now, email); err == nil || !strings.Contains(err.Error(), ".last_") {
			t.Errorf("%s is erased by the operator: %v", email, err)
		}
		if res, _ := h.ask(last, http.MethodGet, "/account", ""); res.StatusCode != http.StatusOK {
			t.Errorf("%s is signed out", email)
		}
	}
	if n := h.Count("people WHERE erased_at IS NOT NULL") + h.Acts("person.erased"); n != 0 {
		t.Errorf("%d traces of an erasure", n)
	}
}

// An erasure is on record with the clusters of which the person was, and with nobody's name.
func TestAnErasureIsSeenByWhoAuditsTheCluster(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.seat()
	h.letIn()
	gone := h.colleague(true)
	var email string
	if err := h.Owner.Get(&email, `SELECT email FROM people WHERE id = $1`, gone); err != nil {
		t.Fatal(err)
	}
	if _, err := member.EraseAddress(t.Context(), h.DB, h.Now, strings.ToUpper(email)); err != nil {
		t.Fatal(err)
	}
	_, body := h.ask(h.visitor("auditor@example.org"), http.MethodGet, "/office/audit?act=person.erased", "")
	if !strings.Contains(body, "person:"+gone) && !strings.Contains(body, gone) || strings.Contains(body, email) {
		t.Error("the audit does not show the erasure, or shows more")
	}
	if _, body := h.ask(h.visitor("elsewhere@example.org"), http.MethodGet, "/office/audit?act=person.erased", ""); strings.Contains(body, gone) {
		t.Error("another cluster's people see it")
	}
}

// An address can be erased of which nobody here is.
func TestAnAddressOfNobodyIsErasedToo(t *testing.T) {
	t.Parallel()
	h := open(t)
	_, err := member.Invite{Place: member.Place{CompanyID: h.Company}, Role: "viewer", Email: goneEmail, Name: goneName}.Appoint(t.Context(), h.DB, h.Now, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := member.EraseAddress(t.Context(), h.DB, h.Now, goneEmail); err != nil {
		t.Fatal(err)
	}
	h.sendLetters()
	if found := h.findings(); len(found) > 0 {
		t.Errorf("still in %q", found)
	}
	if n := h.Count("invitation_ends WHERE how = 'revoked'"); n != 1 {
		t.Error("the invitation still opens")
	}
	for _, taken := range []string{"erased-1@erased.invalid", "erased-2@erased.invalid"} {
		err := pg.InTx(t.Context(), h.DB, func(tx *sqlx.Tx) error {
			_, err := member.AddPerson(t.Context(), tx, h.Now(), taken, "x", "")
			return err
		})
		if err == nil {
			t.Errorf("somebody comes in as %s", taken)
		}
	}
}
