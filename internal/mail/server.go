package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Server is a mail server as it is configured.
type Server struct {
	host, user, password string
	port                 int
	tls                  bool           // from the first byte
	private              bool           // nobody else is on the way there
	roots                *x509.CertPool // whom to believe; nil: whom this machine believes
}

var errServer = errors.New("KOPIYKA_SMTP_URL is no address such as smtp://user:password@mail.example.org:587 or smtps://…")

// ParseServer reads smtp://user:password@host:587, which turns to TLS before it says
// anything, or smtps://…:465, which begins with it. A server on this machine may do without.
// Its errors do not show the password.
func ParseServer(address string) (Server, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
		return Server{}, errServer
	}
	s := Server{host: u.Hostname(), user: u.User.Username(), tls: u.Scheme == "smtps"}
	s.password, _ = u.User.Password()
	switch {
	case u.Port() != "":
		if s.port, err = strconv.Atoi(u.Port()); err != nil || s.port < 1 || s.port > 65535 {
			return Server{}, errServer
		}
	case s.tls:
		s.port = 465
	default:
		s.port = 587
	}
	if u.Scheme != "smtp" && !s.tls || (s.user == "") != (s.password == "") {
		return Server{}, errServer
	}
	return s, nil
}

// OnPrivateNetwork is the server when nobody else is on the way there: one that is told no
// password may do without TLS.
func (s Server) OnPrivateNetwork(private bool) Server {
	s.private = private
	return s
}

// String is for logs: the server without what is secret.
func (s Server) String() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

// ParseFrom reads who the letters are from: "Name <address>" or an address alone.
func ParseFrom(from string) (netmail.Address, error) {
	a, err := netmail.ParseAddress(from)
	if err != nil || !oneLine(from) || !strings.Contains(a.Address, "@") {
		return netmail.Address{}, errors.New("KOPIYKA_MAIL_FROM is no address such as Kopiyka <letters@example.org>")
	}
	return *a, nil
}

// patience is how long a mail server may take for one letter.
const patience = 20 * time.Second

// dial opens a session. The greeting names the sender's domain and not this machine.
func (s Server) dial(ctx context.Context, from netmail.Address, further ...gomail.Option) (*gomail.Client, error) {
	options := append(further, gomail.WithPort(s.port), gomail.WithTimeout(patience), gomail.WithHELO(domainOf(from)), gomail.WithTLSConfig(s.config()))
	switch {
	case s.tls:
		options = append(options, gomail.WithSSL())
	case s.local() || s.private && s.user == "":
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.user != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.user), gomail.WithPassword(s.password))
	}
	client, err := gomail.NewClient(s.host, options...)
	if err != nil {
		return nil, fmt.Errorf("prepare the mail server: %w", err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return nil, fmt.Errorf("reach the mail server %s: %w", s, err)
	}
	return client, nil
}

func (s Server) config() *tls.Config {
	return &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12, RootCAs: s.roots}
}

func (s Server) local() bool {
	ip := net.ParseIP(s.host)
	return s.host == "localhost" || ip != nil && ip.IsLoopback()
}

func domainOf(a netmail.Address) string { return a.Address[strings.LastIndexByte(a.Address, '@')+1:] }

// build is the letter as it travels. Its id and date are the row's, so that a letter that
// arrives twice is known as one.
func (l queued) build(from netmail.Address) (*gomail.Msg, error) {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	m.FromMailAddress(&from)
	if err := m.To(l.Recipient); err != nil {
		return nil, fmt.Errorf("address the letter: %w", err)
	}
	m.Subject(l.Subject)
	m.SetDateWithValue(l.QueuedAt)
	m.SetMessageIDWithValue(l.ID + "@" + domainOf(from))
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("Content-Language", l.Lang)
	if l.Unsubscribe != "" {
		m.SetListUnsubscribe(l.Unsubscribe)
		m.SetListUnsubscribePost()
	}
	m.SetBodyString(gomail.TypeTextPlain, l.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, l.HTML)
	for _, a := range l.attachments {
		if err := m.AttachReader(a.Name, bytes.NewReader(a.Body), gomail.WithFileContentType(gomail.ContentType(a.Type))); err != nil {
			return nil, fmt.Errorf("attach a file: %w", err)
		}
	}
	return m, nil
}

// outcome is what became of one try.
type outcome int

const (
	delivered outcome = iota
	later             // this letter did not go now
	never             // the server will not take this letter, now or later
	broken            // the connection is of no use any more
)

// judge says what became of a letter. A refusal of the sender is never the letter's fault,
// but the installation's, and will be mended; a refusal of the reader or of the content is
// final. After the content was taken the letter has arrived, whatever the connection does.
func judge(m *gomail.Msg, err error) outcome {
	var refusal *gomail.SendError
	switch {
	case m.IsDelivered() || err == nil:
		return delivered
	case !errors.As(err, &refusal) || refusal.ErrorCode() == 0:
		return broken
	case refusal.ErrorCode() == 421: // the server says goodbye
		return broken
	case refusal.ErrorCode() >= 500 && refusal.Reason != gomail.ErrSMTPMailFrom:
		return never
	}
	return later
}
