package web_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/document"
	"kopiyka/internal/giving"
	"kopiyka/internal/mail"
	"kopiyka/internal/member"
)

// written is a letter as a test reads it.
type written struct{ Name, Key, Recipient, All, Unsubscribe string }

// A letter reveals no more than its reader may see on a page: what a company promised, pays
// and orders is told to its own people and to the cluster, what a cluster decided to whom it
// concerns, addresses of people to nobody else, and a link to its reader alone. Every
// template there is is among the letters that are looked at.
func TestLettersRevealNoMoreThanTheirReadersMaySee(t *testing.T) {
	t.Parallel()
	h := open(t)
	ours, theirs := h.everybodyWrites()
	var all []written
	if err := h.Owner.Select(&all, `SELECT name, key, recipient, subject || ' ' || text_body || ' ' || html_body AS "all", unsubscribe FROM letters ORDER BY id`); err != nil {
		t.Fatal(err)
	}
	cluster := []string{"coordinator@example.org"}
	company := []string{"owner@example.org", "payer@example.org"}
	may := map[string][]string{ // who may read it; the test wants it to be told to somebody
		ours: append(company, cluster...), "PO-GANOK": company, "1 234,56": append(company, cluster...),
		theirs: append([]string{"stranger@example.org"}, cluster...), "PO-STRANGER": {"stranger@example.org"}, "7 654,32": append([]string{"stranger@example.org"}, cluster...),
		"REASON-OF-REFUSAL": {"applicant0@example.org"},
	}
	told := map[string]int{}
	links := regexp.MustCompile(`/(?:letters|reminders|portal/reminders|invitations|applications|addresses|sign-in/reset)/([A-Za-z0-9_-]{20,43})`)
	addresses := regexp.MustCompile(`[a-z0-9.-]+@example\.org`)
	of := map[string]string{} // whose link a token is
	names := map[string]bool{}
	for _, l := range all {
		names[l.Name] = true
		text := strings.ReplaceAll(l.All, "\u00a0", " ")
		for what, readers := range may {
			if !strings.Contains(text, what) {
				continue
			}
			if told[what]++; !slices.Contains(readers, l.Recipient) {
				t.Errorf("%s (%s) to %s tells %q", l.Name, l.Key, l.Recipient, what)
			}
		}
		for _, found := range links.FindAllStringSubmatch(text+" "+l.Unsubscribe, -1) {
			if owner := of[found[1]]; owner != "" && owner != l.Recipient {
				t.Errorf("%s (%s) to %s has a link of %s", l.Name, l.Key, l.Recipient, owner)
			}
			of[found[1]] = l.Recipient
		}
		for _, address := range addresses.FindAllString(text, -1) {
			if address != l.Recipient && !strings.HasPrefix(l.Key, "invitation-accepted:") { // who invited an address learns that it came
				t.Errorf("%s (%s) to %s names %s", l.Name, l.Key, l.Recipient, address)
			}
		}
		if stops := strings.HasPrefix(l.Key, "reminder:") || strings.HasPrefix(l.Key, "digest:") || strings.HasPrefix(l.Key, "application-arrived:"); stops != (l.Unsubscribe != "") {
			t.Errorf("%s (%s) can be stopped: %v", l.Name, l.Key, l.Unsubscribe != "")
		}
	}
	for what := range may {
		if told[what] == 0 {
			t.Errorf("nobody was told %q: the test looks for nothing", what)
		}
	}
	templates, err := mail.Names()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range templates {
		if !names[n] {
			t.Errorf("no letter of the template %s was written", n)
		}
	}
	if len(of) < 8 {
		t.Errorf("only %d links were found", len(of))
	}
}

// everybodyWrites lets the program write every letter it knows, about two companies that
// know nothing of each other, and returns the references of their pledges.
func (h *house) everybodyWrites() (ours, theirs string) {
	h.t.Helper()
	ctx, site := h.t.Context(), "https://help.example.org"
	must := func(err error) {
		h.t.Helper()
		if err != nil {
			h.t.Fatal(err)
		}
	}
	// Promises, reminders, digests.
	promise := func(company, person, order string, minor int64) (id, as string) {
		p := h.Promise(minor)
		p.CompanyID, p.PersonID, p.PurchaseOrder = company, person, order
		id, err := giving.MakePledge(ctx, h.DB, h.Now, p)
		must(err)
		var reference giving.Reference
		must(h.Owner.Get(&reference, `SELECT reference FROM pledges WHERE id = $1`, id))
		return id, reference.String()
	}
	var stranger string
	must(h.Owner.Get(&stranger, `SELECT id FROM companies WHERE slug = 'stranger'`))
	h.Tx(func(tx *sqlx.Tx) error { return member.Join(ctx, tx, stranger, h.Cluster, h.Now().AddDate(-1, 0, 0)) })
	pledge, ours := promise(h.Company, h.Payer, "PO-GANOK", 123_456)
	_, theirs = promise(stranger, h.Stranger, "PO-STRANGER", 765_432)
	soon := clock.At(h.Now().AddDate(0, 0, 7))
	_, err := giving.Remind(ctx, h.DB, soon, site)
	must(err)
	_, err = giving.WriteDigests(ctx, h.DB, soon, site)
	must(err)

	// Receipts and refunds that arrive and do not.
	payment := h.Checkout(pledge, 60_000)
	h.Pay(payment, "4242424242424242")
	h.Sync(payment)
	clerk := &document.Clerk{DB: h.DB, Now: h.Now, URL: site}
	for _, refunded := range []int64{0, 20_000, 5_000} {
		h.Owner.MustExec(`UPDATE payments SET refunded_minor = $2, synced_at = synced_at + interval '1 day' WHERE id = $1`, payment.ID, refunded)
		_, err := clerk.IssueAll(ctx, time.Time{})
		must(err)
	}

	// People: applications, invitations, roles, and everything about one's own sign-in.
	refused, _ := h.application()
	must(member.RefuseApplication(ctx, h.DB, h.Now, site, refused, h.Coordinator, "REASON-OF-REFUSAL"))
	accepted, _ := h.application()
	_, err = member.AcceptApplication(ctx, h.DB, h.Now, site, accepted, h.Coordinator)
	must(err)
	link, err := member.Invite{Place: member.Place{CompanyID: h.Company}, Role: "viewer", Email: "friend@example.org", By: h.CompanyOwner}.Send(ctx, h.DB, h.Now, site)
	must(err)
	token, _, _ := strings.Cut(strings.TrimPrefix(link, site+"/invitations/"), "?")
	_, err = member.Accept(ctx, h.DB, h.Now, member.Acceptance{Token: token, Name: "Друг", Password: "a sentence to remember"})
	must(err)
	must(member.SetCompanyRole(ctx, h.DB, h.Now, h.Company, h.CompanyOwner, h.Viewer, member.Payer))
	must(member.ResetFactors(ctx, h.DB, h.Now, h.Payer, "a passport, on a video call"))
	for _, email := range []string{"payer@example.org", "stranger@example.org"} {
		must(member.AskReset(ctx, h.DB, h.Now, email, "203.0.113.9"))
	}
	_, err = member.AnswerResets(ctx, h.DB, h.Now, site)
	must(err)
	p, err := member.PersonByID(ctx, h.DB, h.Payer)
	must(err)
	must(member.AskAddress(ctx, h.DB, h.Now, p, site, "203.0.113.9"))
	_, err = member.EraseAddress(ctx, h.DB, h.Now, "friend@example.org")
	must(err)
	return ours, theirs
}
