package office_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/clock"
	"kopiyka/internal/document"
	"kopiyka/internal/giving"
	"kopiyka/internal/mail"
	"kopiyka/migrations"
)

// reminded is a reminder to the payer that has come to a state.
func (d *desk) reminded(t *testing.T, state string) string {
	t.Helper()
	d.Pledge(7_000)
	if n, err := giving.Remind(t.Context(), d.DB, clock.At(d.Now().AddDate(0, 0, 7)), "https://help.example.org"); err != nil || n != 1 {
		t.Fatalf("%d reminders, %v", n, err)
	}
	var id string
	err := d.Owner.Get(&id, `UPDATE letter_states SET state = $1, tries = 14, trouble = CASE WHEN $1 = 'sent' THEN '' ELSE 'no such mailbox' END, sent_at = CASE WHEN $1 = 'sent' THEN now() END
		WHERE letter_id = (SELECT id FROM letters ORDER BY id DESC LIMIT 1) RETURNING letter_id`, state)
	if err != nil {
		t.Fatal(err)
	}
	return "/office/letters/" + id
}

func TestLettersAreSearchedPagedAndSentAsAFile(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	d.coordinator.Get("/office/letters").Wants(http.StatusOK).Says(".empty", "No letters here")
	sent, refused := d.reminded(t, "sent"), d.reminded(t, "refused")
	page := d.coordinator.Get("/office/letters").Wants(http.StatusOK)
	page.Says("main tbody", "payer@example.org").Says("main tbody", "no such mailbox").Says("main tbody", "Reminder")
	if !page.Has("[action="+sent+"]") || !page.Has("[action="+refused+"]") {
		t.Error("no way to send the letters again")
	}
	only := d.coordinator.Get("/office/letters?state=refused&q=PAYER@&name=reminder").Wants(http.StatusOK)
	if only.Has("[action="+sent+"]") || !only.Has("[action="+refused+"]") || only.Attr("#q", "value") != "PAYER@" {
		t.Error("not the refused one alone is found")
	}
	rows := file(t, d.coordinator.Get(only.Attr("[type=text/csv]", "href")))
	if len(rows) != 2 || "/office/letters/"+rows[1][0] != refused || rows[1][2] != "payer@example.org" {
		t.Errorf("the file is %v", rows)
	}
	for _, q := range []string{"q=%25", "q=ayer@", "name=digest", "state=given-up"} {
		d.coordinator.Get("/office/letters?"+q).Wants(http.StatusOK).Says(".empty", "")
	}
	d.coordinator.Get("/office/letters?state=lost").Wants(http.StatusNotFound)
	d.coordinator.Get("/office/letters?after=last").Wants(http.StatusNotFound)
	d.coordinator.Get("/office").Wants(http.StatusOK).Says("[aria-labelledby=tasks]", "Letters that did not arrive 1")
	for range 50 {
		d.reminded(t, "sent")
	}
	first := d.coordinator.Get("/office/letters").Wants(http.StatusOK)
	second := d.coordinator.Get(first.Attr("[rel=next]", "href")).Wants(http.StatusOK)
	if first.Has("[action="+refused+"]") || !second.Has("[action="+refused+"]") || second.Has("[rel=next]") {
		t.Error("the second page is not the rest")
	}
	d.coordinator.Lang = "uk"
	d.coordinator.Get("/office/letters?state=refused").Wants(http.StatusOK).Says("h1", "Листи").Says("main tbody", "відхилено").Says("main tbody", "Нагадування")
}

// A letter may hold links that act in its reader's name, and an address is a person's.
func TestLettersAreSeenAsFarAsTheRoleMay(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	letter := d.reminded(t, "refused")
	var stop string
	if err := d.Owner.Get(&stop, `SELECT unsubscribe FROM letters`); err != nil {
		t.Fatal(err)
	}
	token := stop[strings.LastIndex(stop, "/")+1:]
	if page := d.coordinator.Get("/office/letters").Wants(http.StatusOK); strings.Contains(page.Body, token) {
		t.Error("the list holds a link that belongs to the reader")
	}
	auditor := d.auditor(t)
	page := auditor.Get("/office/letters").Wants(http.StatusOK).Says("main tbody", "p…@example.org")
	if strings.Contains(page.Body, "payer@example.org") || page.Has("main [method=post]") {
		t.Error("an auditor sees the address, or a button")
	}
	auditor.Get("/office/letters?q=payer@").Wants(http.StatusOK).Says(".empty", "Nothing found") // nor are addresses guessed by searching
	if rows := file(t, auditor.Get("/office/letters.csv")); len(rows) != 2 || rows[1][2] != "p…@example.org" {
		t.Errorf("an auditor's file is %v", rows)
	}
	auditor.Post(letter, url.Values{}).Wants(http.StatusForbidden)
	stranger := d.house.As(d.Stranger)
	stranger.Get("/office/letters").Wants(http.StatusOK).Says(".empty", "No letters here")
	stranger.Post(letter, url.Values{}).Wants(http.StatusNotFound)
	if _, err := d.Owner.Exec(`INSERT INTO letters (id, key, name, lang, recipient, subject, text_body, html_body, queued_at) SELECT gen_random_uuid(), 'of nobody', 'reminder', lang, recipient, subject, '', '', now() FROM letters`); err != nil {
		t.Fatal(err)
	}
	if rows := file(t, d.coordinator.Get("/office/letters.csv")); len(rows) != 2 {
		t.Errorf("a letter of no cluster is seen: %v", rows)
	}
}

func TestALetterIsSentAgainInAPersonsName(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	for _, state := range []string{"refused", "given-up", "sent"} {
		letter := d.reminded(t, state)
		d.coordinator.Get(letter).Wants(http.StatusOK).Says("dl", "payer@example.org")
		d.coordinator.Post(letter, url.Values{}).LeadsTo("/office/letters?notice=again")
		d.approver.Post(letter, url.Values{}).Wants(http.StatusConflict).Says("[role=alert]", "waits already")
		var got struct {
			State string
			Due   time.Time
		}
		if err := d.Owner.Get(&got, `SELECT state, next_try_at AS due FROM letter_states WHERE letter_id = $1`, strings.TrimPrefix(letter, "/office/letters/")); err != nil || got.State != "waiting" || got.Due.After(d.Now()) {
			t.Errorf("a letter that was %s is now %+v, %v", state, got, err)
		}
	}
	d.coordinator.Get("/office/letters?notice=again").Wants(http.StatusOK).Says(".notice", "in the outbox again")
	if n := d.Acts("letter.sent-again"); n != 3 {
		t.Errorf("%d acts", n)
	}
	d.coordinator.Post("/office/letters/nonsense", url.Values{}).Wants(http.StatusNotFound)
}

// Letters from before they had a cluster get theirs, by what they were about.
func TestLettersOfBeforeGetTheirCluster(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	d.reminded(t, "sent")
	d.Paid(12_345)
	clerk := &document.Clerk{DB: d.DB, Now: d.Now, URL: "https://help.example.org"}
	if _, err := clerk.IssueAll(t.Context(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := giving.WriteDigests(t.Context(), d.DB, clock.At(d.Now().AddDate(0, 0, 7)), "https://help.example.org"); err != nil {
		t.Fatal(err)
	}
	before := lettersSeen(t, d)
	if len(before) < 3 {
		t.Fatalf("too few kinds of letters: %v", before)
	}
	text, err := migrations.Files.ReadFile("00019_lists.sql")
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "ALTER TABLE letters DISABLE TRIGGER", "CREATE INDEX letters_cluster_newest"
	part := string(text)[strings.Index(string(text), begin):strings.Index(string(text), end)]
	if _, err := d.Owner.Exec(`ALTER TABLE letters DISABLE TRIGGER write_once_rows; UPDATE letters SET cluster_id = NULL; ` + part); err != nil {
		t.Fatal(err)
	}
	if after := lettersSeen(t, d); !slices.Equal(before, after) {
		t.Errorf("seen were %v, and now %v", before, after)
	}
	if _, err := d.Owner.Exec(`UPDATE letters SET cluster_id = NULL`); err == nil {
		t.Error("letters can be changed by now")
	}
}

func lettersSeen(t *testing.T, d *desk) []string {
	t.Helper()
	all, err := mail.Find(t.Context(), d.DB, d.Coordinator, mail.Search{}, "", 50)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range all {
		names = append(names, l.Name)
	}
	return names
}
