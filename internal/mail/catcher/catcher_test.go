package catcher_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	netsmtp "net/smtp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"kopiyka/internal/mail/catcher"
)

const raw = "From: =?UTF-8?q?=D0=9A?= <letters@example.org>\r\nTo: olena@example.org\r\nSubject: =?UTF-8?b?0JPRgNC+0YjRliA8Yj4=?=\r\n" +
	"Date: Mon, 02 Mar 2026 12:00:00 +0000\r\nMessage-ID: <one@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n" +
	"--a\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=D0=9F=D0=BB=D0=B0=D1=82=D1=96=D0=B6 <script>\r\n" +
	"--b\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n<html><head></head><body><script>alert(1)</script><a href=\"http://127.0.0.1/portal\">x</a></body></html>\r\n--b--\r\n" +
	"--a\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"=?UTF-8?q?=D0=9A=2Epdf?=\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--a--\r\n"

// running is a catcher with its pages.
func running(t *testing.T, folder string) (c *catcher.Catcher, address string, pages *httptest.Server) {
	t.Helper()
	c, err := catcher.New(catcher.Options{Folder: folder, Stylesheet: []byte("body{}")})
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
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	pages = httptest.NewServer(c.Handler())
	t.Cleanup(pages.Close)
	return c, listener.Addr().String(), pages
}

func get(t *testing.T, pages *httptest.Server, path string) (*http.Response, string) {
	t.Helper()
	res, err := http.Get(pages.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestCaughtLettersAreShown(t *testing.T) {
	t.Parallel()
	c, address, pages := running(t, "")
	if _, body := get(t, pages, "/?lang=en"); !strings.Contains(body, "No letters yet") {
		t.Errorf("the empty list says %s", body)
	}
	if err := netsmtp.SendMail(address, nil, "letters@example.org", []string{"olena@example.org"}, []byte(raw)); err != nil {
		t.Fatal(err)
	}
	l := c.Letters()
	if len(l) != 1 || l[0].Subject != "Гроші <b>" || l[0].Text != "Платіж <script>" || len(l[0].Files) != 1 || l[0].Files[0].Name != "К.pdf" || string(l[0].Files[0].Body) != "%PDF" {
		t.Fatalf("caught %+v", l)
	}
	for _, lang := range []string{"uk", "en"} {
		for _, path := range []string{"/", "/letters/one"} {
			res, body := get(t, pages, path+"?lang="+lang)
			if res.StatusCode != http.StatusOK || !strings.Contains(body, "Гроші &lt;b&gt;") || strings.Contains(body, "<script") {
				t.Errorf("%s in %s: %d %s", path, lang, res.StatusCode, body)
			}
			if _, err := html.Parse(strings.NewReader(body)); err != nil {
				t.Error(err)
			}
		}
	}
	res, body := get(t, pages, "/letters/one/html")
	if policy := res.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "sandbox allow-popups") || strings.Contains(policy, "allow-scripts") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("a letter may do what it likes: %s", policy)
	}
	if !strings.Contains(body, `<base target="_blank">`) {
		t.Error("links of a letter open within its frame, which the site forbids")
	}
	if res, body := get(t, pages, "/letters/one/files/0"); body != "%PDF" || res.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the file: %v %q", res.Header, body)
	}
	for _, path := range []string{"/letters/two", "/letters/two/html", "/letters/one/files/1", "/letters/one/files/-1", "/letters/one/files/x", "/nothing"} {
		if res, _ := get(t, pages, path); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

func TestCaughtLettersOutliveTheProcess(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	_, address, _ := running(t, folder)
	if err := netsmtp.SendMail(address, nil, "letters@example.org", []string{"olena@example.org"}, []byte(raw)); err != nil {
		t.Fatal(err)
	}
	again, err := catcher.New(catcher.Options{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	if l := again.Letters(); len(l) != 1 || l[0].ID != "one@example.org" || l[0].To[0] != "olena@example.org" {
		t.Errorf("kept %+v", l)
	}
}

func TestWhatIsNoLetterIsRefused(t *testing.T) {
	t.Parallel()
	c, address, _ := running(t, "")
	deep := "From: a@example.org\r\nTo: b@example.org\r\nDate: Mon, 02 Mar 2026 12:00:00 +0000\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n" +
		strings.Repeat("--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n", 10)
	for _, text := range []string{"no head at all", "Subject: x\r\n\r\nno date", deep} {
		if err := netsmtp.SendMail(address, nil, "a@example.org", []string{"b@example.org"}, []byte(text)); err == nil || !strings.Contains(err.Error(), "no letter") {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	if n := len(c.Letters()); n != 0 {
		t.Errorf("%d were kept", n)
	}
}
