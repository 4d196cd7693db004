package web_test

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/bank"
	"kopiyka/internal/campaign"
	"kopiyka/internal/clock"
	"kopiyka/internal/document"
	"kopiyka/internal/giving"
	"kopiyka/internal/inbox"
	"kopiyka/internal/mail"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/spending"
)

// forms are filled in so that only who sends them can be wrong.
func (h *house) forms() map[string]string {
	today := clock.Day(h.Now()).Format(time.DateOnly)
	texts := url.Values{
		"version": {"1"}, "cluster": {h.Cluster}, "title_uk": {"Дахи"}, "title_en": {"Roofs"}, "summary_uk": {"Дахи"}, "summary_en": {"Roofs"}, "story_uk": {"Дахи"}, "story_en": {"Roofs"},
		"goal": {"100"}, "currency": {"USD"}, "opens_on": {today}, "reason": {"Because"},
	}.Encode()
	var other string // a cluster that may join
	if err := h.Owner.Get(&other, `SELECT id FROM clusters WHERE slug = 'lviv-it'`); err != nil {
		h.t.Fatal(err)
	}
	need := url.Values{"item_uk": {"Цвях"}, "item_en": {"Nail"}, "quantity": {"5"}, "unit_uk": {"шт."}, "unit_en": {"pcs"}}.Encode()
	place := func(kind string) string {
		return url.Values{"kind": {kind}, "country": {"UA"}, "place": {"Львів"}, "since": {today}}.Encode()
	}
	return map[string]string{
		"POST /office/campaigns": texts, "POST /office/campaigns/:slug/texts": texts, "POST /office/campaigns/:slug/terms": texts, "POST /office/campaigns/:slug/goal": texts,
		"POST /office/campaigns/:slug/join": url.Values{"cluster": {other}}.Encode(), "POST /office/campaigns/:slug/leave": url.Values{"cluster": {other}}.Encode(),
		"POST /office/campaigns/:slug/open": "version=1", "POST /office/campaigns/:slug/discard": "version=1", "POST /office/campaigns/:slug/close": "version=1", "POST /office/campaigns/:slug/settle": "version=1", "POST /office/campaigns/:slug/reopen": texts,
		"POST /office/campaigns/:slug/purposes": texts, "POST /office/campaigns/:slug/purposes/:id": texts, "POST /office/campaigns/:slug/purposes/:id/needs": need, "POST /office/campaigns/:slug/needs/:id": need,
		"POST /portal/companies/:slug/addresses":       place("relocated"),
		"POST /office/companies/:id/addresses":         place("registered"),
		"POST /sign-in":                                url.Values{"email": {"viewer@example.org"}, "password": {password}}.Encode(),
		"POST /portal/companies/:slug":                 url.Values{"shows_name": {"yes"}}.Encode(),
		"POST /portal/companies/:slug/team":            url.Values{"email": {"new@example.org"}, "role": {"payer"}}.Encode(),
		"POST /portal/companies/:slug/second-factor":   "asked=yes",
		"POST /portal/companies/:slug/team/:id":        url.Values{"role": {"payer"}}.Encode(),
		"POST /portal/companies/:slug/invitations/:id": url.Values{"act": {"revoke"}}.Encode(),
		"POST /office/companies/:id/facts":             url.Values{"name_uk": {"Ганок"}}.Encode(),
		"POST /office/companies/:id/owner":             url.Values{"email": {"new@example.org"}}.Encode(),
		"POST /office/companies/:id/memberships":       url.Values{"cluster": {h.Cluster}, "becomes": {"business-partner"}, "on": {today}}.Encode(),
		"POST /office/applications/:id/refuse":         url.Values{"reason": {"Because not"}}.Encode(),
		"POST /office/clusters/:slug/people":           url.Values{"email": {"new@example.org"}, "role": {"auditor"}}.Encode(),
		"POST /office/clusters/:slug/people/:id":       url.Values{"act": {"give"}, "role": {"auditor"}}.Encode(),
		"POST /portal/pledges": url.Values{"campaign": {h.Slug}, "company": {h.Company}, "amount": {"12.50"}, "currency": {"USD"},
			"visibility": {"named"}, "when": {"now"}}.Encode(),
		"POST /office/campaigns/:slug/allocations": url.Values{"purpose": {h.Purpose}, "amount": {"1.00"}, "currency": {"USD"}, "reason": {"Because"}}.Encode(),
		"POST /office/write-offs/:id/refuse":       url.Values{"reason": {"Because not"}}.Encode(),
		"POST /portal/pledges/:id/documents":       url.Values{"kind": {"invoice"}}.Encode(),
		"POST /office/allocations/:id/refuse":      url.Values{"reason": {"Because not"}}.Encode(),
		"POST /office/matches/:id/undo":            url.Values{"reason": {"A test of the house"}}.Encode(),
		"POST /office/refunds/:id/refuse":          url.Values{"reason": {"Because not"}}.Encode(),
		"POST /office/payments/:id/refund":         url.Values{"amount": {"1.00"}, "currency": {"USD"}, "reason": {"Because"}}.Encode(),
		"POST /office/alarms/:id":                  url.Values{"note": {"A test of the house"}}.Encode(),
	}
}

// proposal is an allocation that waits for its second person.
func (h *house) proposal() string {
	h.t.Helper()
	id, err := spending.Propose(h.t.Context(), h.DB, h.Now, spending.Proposal{
		CampaignID: h.Campaign, PurposeID: h.Purpose, Amount: h.Amount(100), Reason: "Because", PersonID: h.Coordinator,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// reminder is the token of a reminder's link.
func (h *house) reminder() string {
	h.t.Helper()
	h.Pledge(700)
	if n, err := giving.Remind(h.t.Context(), h.DB, clock.At(h.Now().AddDate(0, 0, 7)), "http://127.0.0.1"); err != nil || n == 0 {
		h.t.Fatalf("%d reminders, %v", n, err)
	}
	var stop string
	if err := h.Owner.Get(&stop, `SELECT unsubscribe FROM letters LIMIT 1`); err != nil {
		h.t.Fatal(err)
	}
	return strings.TrimPrefix(stop, "http://127.0.0.1/reminders/")
}

// stop is the token of a link that ends letters of a kind to the coordinator.
func (h *house) stop(kind string) string {
	h.t.Helper()
	var link string
	h.Tx(func(tx *sqlx.Tx) (err error) {
		link, err = mail.Stop(h.t.Context(), tx, h.Now(), "", h.Coordinator, kind)
		return err
	})
	return strings.TrimPrefix(link, mail.StopPath)
}

// address is the token of a link that says that the payer's address answers.
func (h *house) address() string {
	h.t.Helper()
	var body string
	_, err := h.Owner.Exec(`DELETE FROM sign_in_failures`) // it is asked for more often than people may
	p, unknown := member.PersonByID(h.t.Context(), h.DB, h.Payer)
	err = errors.Join(err, unknown, member.AskAddress(h.t.Context(), h.DB, h.Now, p, "", "203.0.113.1"),
		h.Owner.Get(&body, `SELECT text_body FROM letters WHERE key LIKE 'address:%' ORDER BY id DESC LIMIT 1`))
	if err != nil {
		h.t.Fatal(err)
	}
	_, token, _ := strings.Cut(body, "/addresses/")
	token, _, _ = strings.Cut(token, "\n")
	return token
}

// forgotten is the token of a link to a new password for the payer.
func (h *house) forgotten() string {
	h.t.Helper()
	var body string
	_, err := h.Owner.Exec(`DELETE FROM sign_in_failures`) // it is asked for more often than people may
	p, unknown := member.PersonByID(h.t.Context(), h.DB, h.Payer)
	err = errors.Join(err, unknown, member.AskReset(h.t.Context(), h.DB, h.Now, p.Email, "203.0.113.1"))
	_, unwritten := member.AnswerResets(h.t.Context(), h.DB, h.Now, "")
	err = errors.Join(err, unwritten, h.Owner.Get(&body, `SELECT text_body FROM letters WHERE name = 'reset' ORDER BY id DESC LIMIT 1`))
	if err != nil {
		h.t.Fatal(err)
	}
	_, token, _ := strings.Cut(body, "/sign-in/reset/")
	return strings.Fields(token)[0]
}

// alarm is one of the payment's that nobody has answered.
func (h *house) alarm(payment string) string {
	h.t.Helper()
	h.Tx(func(tx *sqlx.Tx) error {
		return audit.Raise(h.t.Context(), tx, h.Cluster, audit.Act{At: h.Now(), Act: "payment.amount-differs", Subject: "payment:" + payment})
	})
	all, err := audit.Alarms(h.t.Context(), h.DB, h.Coordinator, true, "", 0, 1)
	if err != nil || len(all) != 1 {
		h.t.Fatal(all, err)
	}
	return strconv.FormatInt(all[0].ID, 10)
}

// refund is one that waits for its second person.
func (h *house) refund(payment string) string {
	h.t.Helper()
	r, err := giving.AskRefund(h.t.Context(), h.DB, h.Now, giving.RefundWish{PaymentID: payment, PersonID: h.Coordinator, Amount: h.Amount(100), Reason: "Because"})
	if err != nil {
		h.t.Fatal(err)
	}
	return r.ID
}

// event is one that a worker is done with.
func (h *house) event(id string) string {
	h.t.Helper()
	if _, err := inbox.Keep(h.t.Context(), h.DB, inbox.Event{ID: id, Type: "charge.updated", ObjectKind: "charge", ObjectID: "ch_1", HappenedAt: h.Now(), Body: []byte("{}")}, inbox.Webhook, h.Now()); err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.Owner.Exec(`UPDATE inbox_events SET state = 'done', done_at = now() WHERE event_id = $1`, id); err != nil {
		h.t.Fatal(err)
	}
	return id
}

// job is one that was given up.
func (h *house) job() string {
	h.t.Helper()
	var id string
	err := h.Owner.Get(&id, `INSERT INTO jobs.river_job (state, kind, args, attempt, max_attempts, queue, priority, finalized_at) VALUES ('discarded', 'heal_payments', '{}', 3, 3, 'default', 1, now()) RETURNING id::text`)
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// letter is a reminder that the mail server has refused.
func (h *house) letter() string {
	h.t.Helper()
	var id string
	if err := h.Owner.Get(&id, `UPDATE letter_states SET state = 'refused' WHERE letter_id = (SELECT id FROM letters WHERE name = 'reminder' LIMIT 1) RETURNING letter_id`); err != nil {
		h.t.Fatal(err)
	}
	return id
}

// banked is a statement with one line that is a gift, which the coordinator asks to undo.
func (h *house) banked() map[string]string {
	h.t.Helper()
	ctx, account := h.t.Context(), bank.Account{ID: pg.NewID(), ClusterID: h.Cluster, IBAN: fmt.Sprintf("UA%027d", h.Count("bank_accounts")), Currency: h.Currency}
	_, err := h.Owner.Exec(`INSERT INTO bank_accounts (id, cluster_id, iban, currency, holder_uk, holder_en, bank_uk, bank_en, created_at) VALUES ($1, $2, $3, $4, 'К', 'C', 'Б', 'B', now())`,
		account.ID, h.Cluster, account.IBAN, string(h.Currency))
	if err != nil {
		h.t.Fatal(err)
	}
	var reference string
	if err := h.Owner.Get(&reference, `SELECT reference FROM pledges WHERE id = $1`, h.Pledge(10_000)); err != nil {
		h.t.Fatal(err)
	}
	running, err := bank.Begin(ctx, h.DB, h.Now, bank.File{
		Name: "statement.csv", Account: account, Person: h.Coordinator, From: strings.NewReader("Date,Amount,Details\n2026-03-02,12.50," + reference + "\n"),
	}, 40, func() {})
	if err != nil {
		h.t.Fatal(err)
	}
	<-running.Done
	ids := map[string]string{"imports": running.ID}
	for name, query := range map[string]string{
		"statements": `SELECT id FROM bank_statements WHERE account_id = $1`, "lines": `SELECT id FROM statement_lines WHERE account_id = $1`,
		"matches": `SELECT m.id FROM line_matches m JOIN statement_lines l ON l.id = m.line_id WHERE l.account_id = $1`,
	} {
		var id string
		if err := h.Owner.Get(&id, query, account.ID); err != nil {
			h.t.Fatalf("%s: %v", name, errors.Join(err, running.Err()))
		}
		ids[name] = id
	}
	if ids["undoings"], err = bank.AskUndo(ctx, h.DB, h.Now, ids["matches"], h.Coordinator, "Because"); err != nil {
		h.t.Fatal(err)
	}
	return ids
}

// writeOff is a write-off that waits for its second person.
func (h *house) writeOff() string {
	h.t.Helper()
	p, err := giving.PledgeFor(h.t.Context(), h.DB, h.Pledge(1_000), h.Coordinator)
	if err != nil {
		h.t.Fatal(err)
	}
	s, err := giving.ScheduleOf(h.t.Context(), h.DB, p, h.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	id, err := giving.ProposeWriteOff(h.t.Context(), h.DB, h.Now, giving.WriteOffProposal{
		PledgeID: p.ID, PersonID: h.Coordinator, Seen: giving.Seen(p, s), Code: "other", Reason: "Because", Parts: map[string]int64{s.Instalments[0].ID: 1_000},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// invoice is a document of a pledge.
func (h *house) invoice(pledge string) string {
	h.t.Helper()
	doc, err := document.IssueInvoice(h.t.Context(), h.DB, h.Now, document.Wish{PledgeID: pledge, PersonID: h.Payer})
	if err != nil {
		h.t.Fatal(err)
	}
	return doc.ID
}

// invitation is one to the company, or to the cluster, and the token of its link.
func (h *house) invitation(cluster bool) (id, token string) {
	h.t.Helper()
	i := member.Invite{Place: member.Place{CompanyID: h.Company}, Role: "viewer", Email: "invited@example.org"}
	if cluster {
		i.Place, i.Role = member.Place{ClusterID: h.Cluster}, "auditor"
	}
	link, err := i.Appoint(h.t.Context(), h.DB, h.Now, "")
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.Owner.Get(&id, `SELECT id FROM invitations ORDER BY id DESC LIMIT 1`); err != nil {
		h.t.Fatal(err)
	}
	token, _, _ = strings.Cut(strings.TrimPrefix(link, "/invitations/"), "?")
	return id, token
}

// application is one that waits for a coordinator, and the token of its link.
func (h *house) application() (id, token string) {
	h.t.Helper()
	email := fmt.Sprintf("applicant%d@example.org", h.Count("company_applications"))
	err := member.Apply(h.t.Context(), h.DB, h.Now, "", member.Application{
		ClusterID: h.Cluster, Kind: "member", Company: member.Company{Name: member.Text{UK: "Нова"}}, PersonName: "Нова Людина", Email: email, Lang: "uk", Host: email,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	var body string
	if err := h.Owner.Get(&body, `SELECT text_body FROM letters WHERE recipient = $1`, email); err != nil {
		h.t.Fatal(err)
	}
	_, token, _ = strings.Cut(body, "/applications/")
	token, _, _ = strings.Cut(token, "?")
	if err := member.ConfirmApplication(h.t.Context(), h.DB, h.Now, "http://127.0.0.1", token); err != nil {
		h.t.Fatal(err)
	}
	if err := h.Owner.Get(&id, `SELECT id FROM company_applications WHERE email = $1`, email); err != nil {
		h.t.Fatal(err)
	}
	return id, token
}

// companyFile is a file of companies that nobody has entered.
func (h *house) companyFile() string {
	h.t.Helper()
	id, err := member.BringCompanies(h.t.Context(), h.DB, h.Now, member.ImportFile{
		ClusterID: h.Cluster, PersonID: h.Coordinator, Name: "companies.csv", Body: []byte("name_uk;since\nНова;2020-01-01\n"),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// written is a campaign in the state that an address of the office asks for, with one purpose
// and one need: its slug, and the id of the need or of the purpose.
func (h *house) written(path string) (slug, id string) {
	h.t.Helper()
	state := campaign.Draft
	switch path[strings.LastIndexByte(path, '/')+1:] {
	case "close", "goal":
		state = campaign.Open
	case "reopen", "settle":
		state = campaign.Closed
	}
	slug = fmt.Sprintf("written-%d", h.Count("campaigns"))
	of := h.AddCampaign(slug, state)
	h.Tx(func(tx *sqlx.Tx) (err error) {
		id, err = campaign.AddPurpose(h.t.Context(), tx, campaign.Purpose{CampaignID: of, Slug: "roofs", Title: campaign.Text{UK: "Дахи", EN: "Roofs"}})
		if err == nil {
			err = campaign.AddNeed(h.t.Context(), tx, campaign.Need{PurposeID: id, Item: campaign.Text{UK: "Цвях", EN: "Nail"}, Unit: campaign.Text{UK: "шт.", EN: "pcs"}, Quantity: 5})
		}
		if err == nil && strings.Contains(path, "/needs/:id") {
			err = tx.Get(&id, `SELECT id FROM needs WHERE purpose_id = $1`, id)
		}
		if err == nil && strings.HasSuffix(path, "/leave") {
			_, err = tx.Exec(`INSERT INTO campaign_clusters (campaign_id, cluster_id, since, entered_at) SELECT $1, id, '2026-03-01', '2026-03-01 12:00Z' FROM clusters WHERE slug = 'lviv-it'`, of)
		}
		return err
	})
	return slug, id
}
