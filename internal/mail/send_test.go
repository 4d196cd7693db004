package mail_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/mail"
	"kopiyka/internal/mail/catcher"
	"kopiyka/internal/pg/pgtest"
)

// post is a mail server and an outbox.
type post struct {
	db, owner *sqlx.DB
	catcher   *catcher.Catcher
	address   string
	log       *gatewaytest.Log
	close     func()
}

func open(t *testing.T, refuse func(to string) error) *post {
	t.Helper()
	c, err := catcher.New(catcher.Options{Refuse: refuse})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Serve(ctx, listener, nil) }()
	closeOnce := sync.OnceFunc(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the catcher: %v", err)
		}
	})
	t.Cleanup(closeOnce)
	p := &post{catcher: c, address: listener.Addr().String(), log: &gatewaytest.Log{}, close: closeOnce}
	p.db, p.owner = pgtest.Both(t)
	return p
}

func (p *post) sender(t *testing.T, at time.Time) *mail.Sender {
	t.Helper()
	server, err := mail.ParseServer("smtp://" + p.address)
	if err != nil {
		t.Fatal(err)
	}
	from, err := mail.ParseFrom("Копійка <letters@kopiyka.example>")
	if err != nil {
		t.Fatal(err)
	}
	return &mail.Sender{DB: p.db, Now: clock.At(at), Log: slog.New(slog.NewTextHandler(p.log, nil)), Server: server, From: from}
}

func (p *post) send(t *testing.T, at time.Time) {
	t.Helper()
	if err := p.sender(t, at).Send(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// state reads how far a letter has come: "sent after 1".
func (p *post) state(t *testing.T, key string) (said string) {
	t.Helper()
	err := p.db.Get(&said, `SELECT state || ' after ' || tries FROM letter_states s JOIN letters l ON l.id = s.letter_id WHERE l.key = $1`, key)
	if err != nil {
		t.Fatal(err)
	}
	return said
}

func TestALetterArrivesWhole(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	l := letter("receipt:1")
	l.Unsubscribe = "https://help.example.org/stop/1"
	l.Attachments = []mail.Attachment{{Name: "Квитанція 2026-17.pdf", Type: "application/pdf", Body: []byte("%PDF-1.4 \x00\xff the file")}}
	mustQueue(t, p.db, l)
	p.send(t, noon)

	all := p.catcher.Letters()
	if len(all) != 1 {
		t.Fatalf("%d letters arrived", len(all))
	}
	got := all[0]
	var id string
	if err := p.db.Get(&id, `SELECT id FROM letters`); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ what, got, want string }{
		{"subject", got.Subject, "Отримано 5\u00a0000,00\u00a0$: IT4Life"},
		{"from", got.From, "Копійка <letters@kopiyka.example>"},
		{"to", strings.Join(got.To, " "), "olena@example.org"},
		{"date", got.Date.UTC().String(), noon.String()},
		{"id", got.ID, id + "@kopiyka.example"},
		{"stop", got.Header.Get("List-Unsubscribe"), "<https://help.example.org/stop/1>"},
		{"stop by one click", got.Header.Get("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click"},
		{"written by", got.Header.Get("Auto-Submitted"), "auto-generated"},
		{"user agent", got.Header.Get("User-Agent") + got.Header.Get("X-Mailer"), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s = %q, want %q", c.what, c.got, c.want)
		}
	}
	if !strings.Contains(got.Text, "Платіж компанії Ґанок Софт") || !strings.Contains(got.HTML, "Платіж компанії Ґанок Софт") {
		t.Errorf("the text is\n%s", got.Text)
	}
	if len(got.Files) != 1 || got.Files[0].Name != "Квитанція 2026-17.pdf" || got.Files[0].Type != "application/pdf" || string(got.Files[0].Body) != "%PDF-1.4 \x00\xff the file" {
		t.Errorf("files = %+v", got.Files)
	}
	if got := p.state(t, "receipt:1"); got != "sent after 1" {
		t.Errorf("state = %s", got)
	}
	p.send(t, noon.AddDate(0, 0, 1))
	if n := len(p.catcher.Letters()); n != 1 {
		t.Errorf("it arrived %d times", n)
	}
}

// Two processes empty the same outbox. Nobody gets a letter twice, and none is left.
func TestTwoSendersSendEachLetterOnce(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	const letters = 60
	for i := range letters {
		mustQueue(t, p.db, letter(fmt.Sprintf("receipt:%d", i)))
	}
	for _, err := range gatewaytest.Together(4, func(int) error { return p.sender(t, noon).Send(t.Context()) }) {
		if err != nil {
			t.Error(err)
		}
	}
	seen := map[string]int{}
	for _, l := range p.catcher.Letters() {
		seen[l.ID]++
	}
	if len(seen) != letters || len(p.catcher.Letters()) != letters {
		t.Errorf("%d letters arrived, %d of them different, want %d", len(p.catcher.Letters()), len(seen), letters)
	}
	if n := count(t, p.db, "letter_states WHERE state = 'sent' AND tries = 1"); n != letters {
		t.Errorf("%d letters were sent at the first try", n)
	}
}

// One reader that does not exist holds nobody else up, and is not asked again.
func TestARefusedLetterIsRecordedAndNotRepeated(t *testing.T) {
	t.Parallel()
	p := open(t, func(to string) error {
		if to == "nobody@example.org" {
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user here"}
		}
		return nil
	})
	bad := letter("receipt:1")
	bad.To = "nobody@example.org"
	mustQueue(t, p.db, bad)
	mustQueue(t, p.db, letter("receipt:2"))
	p.send(t, noon)
	p.send(t, noon.AddDate(0, 0, 2))
	if a, b := p.state(t, "receipt:1"), p.state(t, "receipt:2"); a != "refused after 1" || b != "sent after 1" {
		t.Errorf("%s; %s", a, b)
	}
	var trouble string
	if err := p.db.Get(&trouble, `SELECT trouble FROM letter_states WHERE state = 'refused'`); err != nil || !strings.Contains(trouble, "no such user") {
		t.Errorf("trouble = %q, %v", trouble, err)
	}
	if log := p.log.String(); !strings.Contains(log, "code=550") || strings.Contains(log, "nobody@") {
		t.Errorf("the log says %s", log)
	}
}

// A full mailbox or a greylist is asked again later, and less and less often, until the
// letter is given up.
func TestALetterThatHasToWaitIsTriedAgain(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	waits := 2
	p := open(t, func(string) error {
		mu.Lock()
		defer mu.Unlock()
		if waits > 0 {
			waits--
			return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 1}, Message: "greylisted"}
		}
		return nil
	})
	mustQueue(t, p.db, letter("receipt:1"))
	for _, c := range []struct {
		after time.Duration
		want  string
	}{
		{0, "waiting after 1"}, {59 * time.Second, "waiting after 1"}, {time.Minute, "waiting after 2"}, {2 * time.Minute, "waiting after 2"}, {3 * time.Minute, "sent after 3"},
	} {
		p.send(t, noon.Add(c.after))
		if got := p.state(t, "receipt:1"); got != c.want {
			t.Fatalf("after %s: %s, want %s", c.after, got, c.want)
		}
	}

	waits = 1000
	mustQueue(t, p.db, letter("receipt:2"))
	at, tries := noon, 0
	for ; p.state(t, "receipt:2") != fmt.Sprintf("given-up after %d", tries); tries++ {
		if tries > 20 {
			t.Fatalf("it is never given up: %s", p.state(t, "receipt:2"))
		}
		p.send(t, at)
		at = at.Add(7 * time.Hour)
	}
	if tries != 14 {
		t.Errorf("given up after %d tries", tries)
	}
}

// While nobody answers, letters wait as they are, however long that takes.
func TestADeadServerCostsNoLetterATry(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.close()
	mustQueue(t, p.db, letter("receipt:1"))
	for day := range 30 {
		err := p.sender(t, noon.AddDate(0, 0, day)).Send(t.Context())
		if err == nil || !strings.Contains(err.Error(), "reach the mail server") {
			t.Fatalf("day %d: %v", day, err)
		}
	}
	if got := p.state(t, "receipt:1"); got != "waiting after 0" {
		t.Errorf("state = %s", got)
	}
}

// An empty outbox leaves the server alone, even a dead one.
func TestNothingToSendIsNoError(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.close()
	p.send(t, noon)
}

// A server that breaks off in the middle of a letter, or says yes and then breaks off.
func TestAServerThatBreaksOff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script []string // what the server answers, in turn; then it hangs up
		want   string
		fails  bool
	}{
		"before the letter":   {[]string{"250 ok", "250 ok"}, "waiting after 1", true},
		"within the letter":   {[]string{"250 ok", "250 ok", "250 ok", "354 go on"}, "waiting after 1", true},
		"says goodbye":        {[]string{"250 ok", "250 ok", "421 closing"}, "waiting after 1", true},
		"refuses the sender":  {[]string{"250 ok", "250 ok", "553 not yours", "250 reset", "221 bye"}, "waiting after 1", false},
		"refuses the content": {[]string{"250 ok", "250 ok", "250 ok", "250 ok", "354 go on", "554 spam"}, "refused after 1", false},
		"after its yes":       {[]string{"250 ok", "250 ok", "250 ok", "250 ok", "354 go on", "250 taken"}, "sent after 1", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := open(t, nil)
			p.address = scripted(t, c.script)
			mustQueue(t, p.db, letter("receipt:1"))
			if err := p.sender(t, noon).Send(t.Context()); (err != nil) != c.fails {
				t.Errorf("Send: %v", err)
			}
			if got := p.state(t, "receipt:1"); got != c.want {
				t.Errorf("state = %s, want %s", got, c.want)
			}
		})
	}
}

// A sender that died with a letter in its hands has not sent it: another does, later. One
// that was only slow must not undo what the other did.
func TestALetterOfADeadSenderIsTakenAgain(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	mustQueue(t, p.db, letter("receipt:1"))
	if _, err := p.owner.Exec(`UPDATE letter_states SET tries = 1, next_try_at = $1`, noon.Add(200*time.Second)); err != nil {
		t.Fatal(err)
	}
	p.send(t, noon)
	if n := len(p.catcher.Letters()); n != 0 {
		t.Fatal("a letter that another sender holds was sent")
	}
	p.send(t, noon.Add(200*time.Second))
	if got := p.state(t, "receipt:1"); got != "sent after 2" {
		t.Errorf("state = %s", got)
	}
}
