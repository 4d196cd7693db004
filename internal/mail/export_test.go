package mail

import (
	"bufio"
	"context"
	"net"
	netmail "net/mail"
	"strings"
	"testing"

	gomail "github.com/wneessen/go-mail"
)

// Heard dials the server, in whose place somebody greets and answers each line with the
// same, and returns what was said to it, and whether the session opened.
func Heard(t *testing.T, s Server, greeting, answer string) (string, bool) {
	t.Helper()
	ours, theirs := net.Pipe()
	heard := make(chan string, 1)
	go func() {
		defer theirs.Close()
		var all strings.Builder
		defer func() { heard <- all.String() }()
		if _, err := theirs.Write([]byte(greeting + "\r\n")); err != nil {
			return
		}
		for in := bufio.NewReader(theirs); ; {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			all.WriteString(line)
			if _, err := theirs.Write([]byte(answer + "\r\n")); err != nil {
				return
			}
		}
	}()
	_, err := s.dial(t.Context(), netmail.Address{Address: "letters@kopiyka.example"}, gomail.WithDialContextFunc(func(context.Context, string, string) (net.Conn, error) { return ours, nil }))
	ours.Close()
	return <-heard, err == nil
}
