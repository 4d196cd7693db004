package mail_test

import (
	"bufio"
	"net"
	"strings"
	"testing"

	"kopiyka/internal/mail"
)

// scripted is a mail server that answers what it is told to and then hangs up. The answer
// to a letter's content comes after its end.
func scripted(t *testing.T, answers []string) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() { listener.Close(); <-ended })
	go func() {
		defer close(ended)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		talk(conn, answers)
	}()
	return listener.Addr().String()
}

func talk(conn net.Conn, answers []string) {
	in := bufio.NewReader(conn)
	if _, err := conn.Write([]byte("220 scripted\r\n")); err != nil {
		return
	}
	content := false
	for _, answer := range answers {
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			if !content || line == ".\r\n" {
				break
			}
		}
		if _, err := conn.Write([]byte(answer + "\r\n")); err != nil {
			return
		}
		content = strings.HasPrefix(answer, "354")
	}
}

func TestServersAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"smtp://mail.example.org":                        "mail.example.org:587",
		"smtp://olena:canary@mail.example.org:2525":      "mail.example.org:2525",
		"smtps://olena:canary@mail.example.org":          "mail.example.org:465",
		"smtps://olena:%40canary%3A@mail.example.org/":   "mail.example.org:465",
		"smtp://127.0.0.1:1025":                          "127.0.0.1:1025",
		"":                                               "",
		"mail.example.org":                               "",
		"http://mail.example.org":                        "",
		"smtp://":                                        "",
		"smtp://olena@mail.example.org":                  "", // a name without a password
		"smtp://olena:canary@mail.example.org:0":         "",
		"smtp://olena:canary@mail.example.org:port":      "",
		"smtp://olena:canary@mail.example.org/path":      "",
		"smtp://olena:canary@mail.example.org?tls=never": "",
		"smtp://olena:canary%zz@mail.example.org":        "",
	} {
		server, err := mail.ParseServer(address)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q was taken as %s", address, server)
		case want != "" && (err != nil || server.String() != want):
			t.Errorf("%q is %s, %v, want %s", address, server, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestSendersAddress(t *testing.T) {
	t.Parallel()
	for from, good := range map[string]bool{
		"letters@example.org": true, "Копійка <letters@example.org>": true, `"Kopiyka, letters" <letters@example.org>`: true,
		"": false, "Kopiyka": false, "a@example.org, b@example.org": false, "Kopiyka <letters@example.org>\r\nBcc: a@example.org": false,
	} {
		if _, err := mail.ParseFrom(from); (err == nil) != good {
			t.Errorf("%q: %v", from, err)
		}
	}
}

// A password never travels in the clear to another machine.
func TestNoPasswordInTheClear(t *testing.T) {
	t.Parallel()
	server, err := mail.ParseServer("smtp://olena:canary@mail.example.org")
	if err != nil {
		t.Fatal(err)
	}
	heard, opened := mail.Heard(t, server.OnPrivateNetwork(true), "220 hello", "250-mail.example.org\r\n250 AUTH PLAIN LOGIN")
	if opened || strings.Contains(heard, "AUTH") || !strings.Contains(heard, "EHLO kopiyka.example") {
		t.Errorf("the server heard %q", heard)
	}
}

// Nor do letters, but on a network that nobody else is in.
func TestNoLetterInTheClear(t *testing.T) {
	t.Parallel()
	for private, want := range map[bool]bool{false: false, true: true} {
		server, err := mail.ParseServer("smtp://mail.example.org")
		if err != nil {
			t.Fatal(err)
		}
		if heard, opened := mail.Heard(t, server.OnPrivateNetwork(private), "220 hello", "250 mail.example.org"); opened != want {
			t.Errorf("on a private network %v, the session opened: %v; the server heard %q", private, opened, heard)
		}
	}
}
