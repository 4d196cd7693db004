package mail_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/pgtest"
)

var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

// receipt is what the letter about a payment is told.
type receipt struct {
	Sum                       money.Amount
	Company, Campaign, Number string
	On                        time.Time
	Facts                     []mail.Fact
	Button                    mail.Button
}

func received(company string) receipt {
	return receipt{
		Sum: money.Of(500_000, "USD"), Company: company, Campaign: "IT4Life", Number: "2026-17", On: noon,
		Facts: []mail.Fact{{Name: "Сума", Text: "5 000,00 $"}}, Button: mail.Button{Text: "Відкрити", Href: "https://help.example.org/portal"},
	}
}

func letter(key string) mail.Letter {
	return mail.Letter{Key: key, To: "olena@example.org", Lang: i18n.UK, Name: "receipt", Data: received("Ґанок Софт"), At: noon}
}

func queue(t *testing.T, db *sqlx.DB, l mail.Letter) error {
	t.Helper()
	return pg.InTx(t.Context(), db, func(tx *sqlx.Tx) error { return mail.Queue(t.Context(), tx, l) })
}

func mustQueue(t *testing.T, db *sqlx.DB, l mail.Letter) {
	t.Helper()
	if err := queue(t, db, l); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, db *sqlx.DB, from string) (n int) {
	t.Helper()
	if err := db.Get(&n, `SELECT count(*) FROM `+from); err != nil {
		t.Fatal(err)
	}
	return n
}

// A cause may be told of many times, by several processes: one letter comes of it.
func TestAKeyIsWrittenOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	first := letter("receipt:1")
	first.Attachments = []mail.Attachment{{Name: "receipt.pdf", Type: "application/pdf", Body: []byte("%PDF")}}
	mustQueue(t, db, first)
	second := first
	second.To, second.Data = "other@example.org", received("Інша")
	mustQueue(t, db, second)
	mustQueue(t, db, letter("receipt:2"))
	if letters, files := count(t, db, "letters"), count(t, db, "letter_attachments"); letters != 2 || files != 1 {
		t.Errorf("%d letters with %d files, want 2 with 1", letters, files)
	}
	var to string
	if err := db.Get(&to, `SELECT recipient FROM letters WHERE key = 'receipt:1'`); err != nil || to != "olena@example.org" {
		t.Errorf("the letter went to %s, %v", to, err)
	}
}

// A letter tells of what has happened: it goes with the transaction of that.
func TestALetterIsUndoneWithItsTransaction(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	changed := errors.New("changed my mind")
	err := pg.InTx(t.Context(), db, func(tx *sqlx.Tx) error {
		if err := mail.Queue(t.Context(), tx, letter("receipt:1")); err != nil {
			return err
		}
		return changed
	})
	if n := count(t, db, "letters"); !errors.Is(err, changed) || n != 0 {
		t.Errorf("%d letters, %v", n, err)
	}
}

func TestWhatCannotStandInAHeaderIsRefused(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	for name, spoil := range map[string]func(*mail.Letter){
		"no key":                    func(l *mail.Letter) { l.Key = "" },
		"no address":                func(l *mail.Letter) { l.To = "" },
		"not an address":            func(l *mail.Letter) { l.To = "olena" },
		"a name beside the address": func(l *mail.Letter) { l.To = "Olena <olena@example.org>" },
		"two addresses":             func(l *mail.Letter) { l.To = "olena@example.org, other@example.org" },
		"a header in the address":   func(l *mail.Letter) { l.To = "olena@example.org\r\nBcc: other@example.org" },
		"a quoted line's end":       func(l *mail.Letter) { l.To = "\"a\r\nb\"@example.org" },
		"a header in the link":      func(l *mail.Letter) { l.Unsubscribe = "https://example.org/\r\nBcc: other@example.org" },
		"a link that ends early":    func(l *mail.Letter) { l.Unsubscribe = "https://example.org/>,<mailto:other@example.org" },
		"a link that is a script":   func(l *mail.Letter) { l.Unsubscribe = "javascript:alert(1)" },
		"a header in a file's name": func(l *mail.Letter) { l.Attachments = []mail.Attachment{{Name: "a\r\nb", Type: "text/plain"}} },
		"a path as a file's name":   func(l *mail.Letter) { l.Attachments = []mail.Attachment{{Name: "../a", Type: "text/plain"}} },
		"a header in a file's type": func(l *mail.Letter) { l.Attachments = []mail.Attachment{{Name: "a", Type: "text/plain\r\nB: c"}} },
		"an unknown letter":         func(l *mail.Letter) { l.Name = "advertisement" },
		"an unknown language":       func(l *mail.Letter) { l.Lang = "de" },
	} {
		t.Run(name, func(t *testing.T) {
			l := letter("receipt:1")
			spoil(&l)
			if err := queue(t, db, l); err == nil {
				t.Error("it was queued")
			} else if strings.Contains(err.Error(), "other@example.org") {
				t.Errorf("the error repeats what it was given: %v", err)
			}
		})
	}
	if n := count(t, db, "letters"); n != 0 {
		t.Errorf("%d letters were written", n)
	}
	// The schema says the same to a program that is wrong.
	_, err := owner.Exec(`INSERT INTO letters (id, key, name, lang, recipient, subject, text_body, html_body, queued_at)
		VALUES (gen_random_uuid(), 'k', 'receipt', 'uk', 'a@b.c', E'x\r\nBcc: d@e.f', '', '', now())`)
	if got := pg.Constraint(err); got != "letters_subject" {
		t.Errorf("a subject of two lines broke %q", got)
	}
}

// Names come from people: a line's end in one must not begin a header, nor a tag an element.
func TestNamesFromPeopleStayText(t *testing.T) {
	t.Parallel()
	m, err := mail.Render(i18n.EN, "receipt", received("<img src=x onerror=alert(1)> & Co"), "")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(m.HTML, "<img") || !strings.Contains(m.HTML, "&lt;img src=x onerror=alert(1)&gt; &amp; Co") {
		t.Error("a name became an element")
	}
	if !strings.Contains(m.Text, "<img src=x onerror=alert(1)> & Co") {
		t.Errorf("the plain form does not show the name as it is:\n%s", m.Text)
	}
	data := received("Ganok")
	data.Campaign = "IT4Life\r\nBcc: other@example.org\x00"
	if m, err = mail.Render(i18n.EN, "receipt", data, ""); err != nil || m.Subject != "Received $5,000.00: IT4Life Bcc: other@example.org" {
		t.Errorf("subject = %q, %v", m.Subject, err)
	}
	data.Campaign = strings.Repeat("ї", 500)
	if m, err = mail.Render(i18n.UK, "receipt", data, ""); err != nil || len([]rune(m.Subject)) != 200 || !strings.HasSuffix(m.Subject, "…") {
		t.Errorf("subject = %q, %v", m.Subject, err)
	}
}

func TestALetterSaysTheSameInBothForms(t *testing.T) {
	t.Parallel()
	m, err := mail.Render(i18n.UK, "receipt", received("Ґанок Софт"), "https://help.example.org/stop/1")
	if err != nil {
		t.Fatal(err)
	}
	m.Text, m.HTML = strings.ReplaceAll(m.Text, "\u00a0", " "), strings.ReplaceAll(m.HTML, "\u00a0", " ")
	for _, want := range []string{"Отримано 5 000,00 $. Дякуємо", "Ґанок Софт", "№ 2026-17", "2 березня 2026", "https://help.example.org/portal", "https://help.example.org/stop/1", "Копійка"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the plain form lacks %q:\n%s", want, m.Text)
		}
		if !strings.Contains(m.HTML, want) {
			t.Errorf("the HTML form lacks %q", want)
		}
	}
	for _, foreign := range []string{"<script", "<img", "url(", "@import", `src="`} {
		if strings.Contains(m.HTML, foreign) {
			t.Errorf("the letter fetches something: %s", foreign)
		}
	}
	if !strings.Contains(m.HTML, `<html lang="uk">`) {
		t.Error("the letter does not say its language")
	}
}

// A template that lacks a piece must not be found by a reader.
func TestEveryLetterIsWhole(t *testing.T) {
	t.Parallel()
	names, err := mail.Names()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"receipt", "refund"} {
		if !slices.Contains(names, want) {
			t.Errorf("there is no letter %q among %v", want, names)
		}
	}
	if _, err := mail.Render(i18n.UK, "receipt", struct{}{}, ""); err == nil {
		t.Error("a letter without its facts was put together")
	}
}

// That what they say can be forgotten, and nothing else, is tried where people are erased.
func TestLettersAreWrittenOnce(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	l := letter("receipt:1")
	l.Attachments = []mail.Attachment{{Name: "a.txt", Type: "text/plain", Body: []byte("a")}}
	mustQueue(t, db, l)
	for _, as := range []*sqlx.DB{db, owner} {
		for _, change := range []string{`UPDATE letters SET recipient = 'other@example.org'`, `DELETE FROM letters`, `UPDATE letters SET text_body = 'Other words'`, `UPDATE letter_attachments SET body = 'b'`, `TRUNCATE letters CASCADE`} {
			if _, err := as.Exec(change); pg.Code(err) != "LG004" && pg.Code(err) != "42501" {
				t.Errorf("%s: %v", change, err)
			}
		}
	}
}
