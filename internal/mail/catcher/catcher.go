// Package catcher is a mail server for the demonstration and for tests: it takes every
// letter, delivers none, and shows them on a page of its own port. Nothing that serves
// real people starts it.
package catcher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"golang.org/x/sync/errgroup"
)

// Options are what a catcher is made with.
type Options struct {
	Folder     string // where letters are kept over a restart; empty: in memory alone
	Log        *slog.Logger
	Stylesheet []byte // the house's; empty: a bare page
	Fonts      http.FileSystem

	// Codes are what the demonstration's people would read off their phones; nil: there are
	// none, and no page of them.
	Codes func() ([]Code, error)

	// Refuse may answer a recipient with an error, such as an *smtp.SMTPError; nil: nobody.
	Refuse func(to string) error
}

// Catcher keeps what was sent to it.
type Catcher struct {
	o Options

	mu      sync.Mutex
	letters []Letter // in the order in which they came
}

// mostLetter is more than a letter of this house with its files holds, and mostKept more
// letters than anybody reads in a demonstration.
const mostLetter, mostKept = 20 << 20, 500

// New makes a catcher and reads what an earlier one has kept in the folder.
func New(o Options) (*Catcher, error) {
	c := &Catcher{o: o}
	if c.o.Log == nil {
		c.o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Folder == "" {
		return c, nil
	}
	if err := os.MkdirAll(o.Folder, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of caught letters: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(o.Folder, "*.eml"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read a caught letter: %w", err)
		}
		if l, err := read(raw); err == nil { // half a file of a process that was killed is no letter
			c.add(l)
		}
	}
	return c, nil
}

// add keeps a letter; the oldest goes when there are too many.
func (c *Catcher) add(l Letter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.letters = append(c.letters, l)
	if len(c.letters) > mostKept {
		c.letters = slices.Delete(c.letters, 0, len(c.letters)-mostKept)
	}
}

// Letters are the letters that were caught, in the order in which they came.
func (c *Catcher) Letters() []Letter {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.letters)
}

// Serve takes letters on one listener and shows them on the other, until ctx ends. Either
// listener may be nil.
func (c *Catcher) Serve(ctx context.Context, letters, pages net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	if letters != nil {
		server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{catcher: c}, nil }))
		server.Domain, server.MaxMessageBytes, server.MaxRecipients = "catcher.invalid", mostLetter, 50
		server.ReadTimeout, server.WriteTimeout = time.Minute, time.Minute
		server.ErrorLog = slog.NewLogLogger(c.o.Log.Handler(), slog.LevelDebug)
		group.Go(func() error {
			if err := server.Serve(letters); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
				return fmt.Errorf("catch letters: %w", err)
			}
			return nil
		})
		group.Go(func() error { <-ctx.Done(); return server.Close() })
	}
	if pages != nil {
		server := &http.Server{Handler: c.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute}
		group.Go(func() error {
			if err := server.Serve(pages); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("show caught letters: %w", err)
			}
			return nil
		})
		group.Go(func() error { <-ctx.Done(); return server.Close() })
	}
	return group.Wait()
}

// session is one conversation with a sender.
type session struct {
	catcher *Catcher
	to      []string
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if refuse := s.catcher.o.Refuse; refuse != nil {
		if err := refuse(to); err != nil {
			return err
		}
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	l, err := read(raw)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "this is no letter"}
	}
	l.To = s.to
	if folder := s.catcher.o.Folder; folder != "" {
		name := filepath.Join(folder, fmt.Sprintf("%020d.eml", time.Now().UnixNano()))
		if err := os.WriteFile(name, bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), 0o600); err != nil {
			return fmt.Errorf("keep the letter: %w", err)
		}
	}
	s.catcher.add(l)
	return nil
}

func (s *session) Reset()        { s.to = nil }
func (s *session) Logout() error { return nil }
