// Package outward is the only way by which the program asks others over HTTP: each client
// asks the places that it was made for, as they are configured, and refuses all others before
// anything leaves. It knows no place by itself, and never follows one that sends it on.
package outward

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// ErrElsewhere tells that somebody wanted to ask a place that nobody has configured.
var ErrElsewhere = errors.New("this place is not among those that the program asks")

// ErrSentOn tells that a place has sent the program on to another address.
var ErrSentOn = errors.New("the address leads elsewhere")

// Places are those that may be asked: scheme, host and port.
type Places struct {
	next http.RoundTripper
	mu   sync.RWMutex
	all  map[string]bool
	told atomic.Pointer[Told]
}

// To makes places of their addresses.
func To(addresses ...string) (*Places, error) {
	p := &Places{next: http.DefaultTransport, all: map[string]bool{}}
	for _, a := range addresses {
		if err := p.Add(a); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Add lets one more place be asked, such as one that a configured place names as its part.
// Another machine is asked over https alone.
func (p *Places) Add(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("an address to be asked is no URL")
	}
	if u.Scheme == "http" && !here(u.Hostname()) {
		return fmt.Errorf("%s would be asked in the clear", u.Host)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all[place(u)] = true
	return nil
}

// RoundTrip asks, if it is one of the places.
func (p *Places) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.RLock()
	known := p.all[place(r.URL)]
	p.mu.RUnlock()
	if !known {
		return nil, fmt.Errorf("%s: %w", r.URL.Host, ErrElsewhere)
	}
	asked := time.Now()
	res, err := p.next.RoundTrip(r)
	if err == nil && res.Header.Get("Age") == "" { // a copy that was kept tells a time gone by
		if said, err := http.ParseTime(res.Header.Get("Date")); err == nil {
			p.told.Store(&Told{Asked: asked, Heard: time.Now(), Said: said})
		}
	}
	return res, err
}

// Told is the time that an answer bears, in whole seconds, and when it was asked for and heard
// by this machine's clock.
type Told struct{ Asked, Heard, Said time.Time }

// Told is that of the last answer; zero when none has told a time.
func (p *Places) Told() Told {
	if last := p.told.Load(); last != nil {
		return *last
	}
	return Told{}
}

// Client asks the places, waits no longer than patience, and follows nobody.
func (p *Places) Client(patience time.Duration) *http.Client {
	return &http.Client{Transport: p, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return ErrSentOn }}
}

func place(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return u.Scheme + "://" + net.JoinHostPort(u.Hostname(), port)
}

func here(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
