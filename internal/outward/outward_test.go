package outward

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Nothing leaves for a place that nobody has configured, whoever asks for it and however the
// configured one answers.
func TestOnlyConfiguredPlacesAreAsked(t *testing.T) {
	t.Parallel()
	asked := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer other.Close()
	known := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			http.Redirect(w, r, other.URL, http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "here")
	}))
	defer known.Close()
	places, err := To(known.URL + "/v1")
	if err != nil {
		t.Fatal(err)
	}
	client := places.Client(10 * time.Second)
	get := func(address string) error {
		res, err := client.Get(address)
		if err == nil {
			err = res.Body.Close()
		}
		return err
	}
	if err := get(known.URL + "/another/path"); err != nil {
		t.Errorf("the configured place: %v", err)
	}
	port := known.URL[strings.LastIndexByte(known.URL, ':'):]
	for address, want := range map[string]error{
		other.URL: ErrElsewhere, known.URL + "/elsewhere": ErrSentOn, "https://127.0.0.1" + port: ErrElsewhere, "http://localhost" + port: ErrElsewhere,
		"http://169.254.169.254/latest/meta-data/": ErrElsewhere, "http://127.0.0.1" + port + ".example.org/": nil, "http://127.0.0.1@example.org/": ErrElsewhere,
	} {
		if err := get(address); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", address, err, want)
		}
	}
	if asked != 0 {
		t.Errorf("another place was asked %d times", asked)
	}
	if err := places.Add(other.URL); err != nil {
		t.Fatal(err)
	}
	if err := get(other.URL); err != nil || asked != 1 {
		t.Errorf("a place that was added: %v, asked %d times", err, asked)
	}
}

func TestPlacesAreAddressesOverTLSOrHere(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"https://api.stripe.com": true, "https://id.example.org:8443/x": true, "http://localhost:12111": true, "http://[::1]:1": true,
		"http://api.stripe.com": false, "http://127.0.0.1.example.org": false, "ftp://127.0.0.1": false, "api.stripe.com": false, "": false, "https://": false,
	} {
		if _, err := To(address); (err == nil) != want {
			t.Errorf("%q: %v", address, err)
		}
	}
	p, err := To("https://api.stripe.com:443")
	if err != nil || !p.all["https://api.stripe.com:443"] {
		t.Errorf("%v, %v", p.all, err)
	}
}

// The time that an answer bears is kept with when it was asked for, unless it is older than
// the answer or there is none.
func TestAnAnswerTellsTheTime(t *testing.T) {
	t.Parallel()
	const noon = "Thu, 26 Nov 2026 12:00:00 GMT"
	for name, c := range map[string]struct{ date, age, want string }{
		"told": {noon, "", noon}, "a copy that was kept": {noon, "3600", ""}, "none": {"", "", ""}, "nonsense": {"noon", "", ""},
	} {
		place := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Date"] = nil
			if c.date != "" {
				w.Header().Set("Date", c.date)
			}
			if c.age != "" {
				w.Header().Set("Age", c.age)
			}
		}))
		places, err := To(place.URL)
		if err != nil {
			t.Fatal(err)
		}
		before := time.Now()
		res, err := places.Client(time.Minute).Get(place.URL)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		place.Close()
		got := places.Told()
		if c.want == "" && got != (Told{}) {
			t.Errorf("%s: %+v", name, got)
		}
		if c.want != "" && (got.Said.Format(http.TimeFormat) != c.want || got.Asked.Before(before) || got.Heard.Before(got.Asked) || got.Heard.After(time.Now())) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
