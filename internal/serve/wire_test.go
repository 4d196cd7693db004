package serve

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// reader is a house that reads what it is sent and remembers what it was asked.
type reader struct {
	mu    sync.Mutex
	asked []string
}

func (h *reader) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	h.mu.Lock()
	said := fmt.Sprintf("%s %s %q", r.Method, r.URL.Path, body)
	if err != nil {
		said += " broken"
	}
	h.asked = append(h.asked, said)
	h.mu.Unlock()
	if err != nil {
		http.Error(w, "broken", http.StatusBadRequest)
		return
	}
	_, _ = io.WriteString(w, "read")
}

func (h *reader) forget() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	asked := h.asked
	h.asked = nil
	return asked
}

// smuggled is what somebody would like to have taken for a request of whoever comes next.
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: help.example.org\r\n\r\n"

// A message whose end could be read in two ways is refused, or read in the standard's one way
// and the last of its connection: what a proxy before us took for its rest is never a request.
func TestNoRequestIsSmuggledInAnother(t *testing.T) {
	t.Parallel()
	house := &reader{}
	i := newIssuer(t)
	d := open(t, overTLS(writeFiles(t, i.issue(site, false))), slog.New(slog.DiscardHandler), house)
	head := func(version string, fields ...string) string {
		return "POST /first HTTP/" + version + "\r\nHost: help.example.org\r\n" + strings.Join(fields, "\r\n") + "\r\n\r\n"
	}
	const chunked = "Transfer-Encoding: chunked"
	length := func(s string) string { return fmt.Sprintf("Content-Length: %d", len(s)) }
	for name, c := range map[string]struct {
		sent string
		want []string // of the house; nil: it is not asked
	}{
		"a length and pieces":                 {head("1.1", length("0\r\n\r\n"+smuggled), chunked) + "0\r\n\r\n" + smuggled, []string{`POST /first ""`}},
		"pieces and a length":                 {head("1.1", chunked, "Content-Length: 4") + "5\r\nhello\r\n0\r\n\r\n" + smuggled, []string{`POST /first "hello"`}},
		"pieces and a length in HTTP/1.0":     {head("1.0", "Connection: keep-alive", chunked, "Content-Length: 5") + "hello" + smuggled, []string{`POST /first "hello"`}},
		"pieces in HTTP/1.0":                  {head("1.0", "Connection: keep-alive", chunked) + smuggled, []string{`POST /first ""`}},
		"two lengths":                         {head("1.1", "Content-Length: 5", "Content-Length: 0") + "hello" + smuggled, nil},
		"two lengths in one":                  {head("1.1", "Content-Length: 5, 0") + "hello" + smuggled, nil},
		"a length with a sign":                {head("1.1", "Content-Length: +5") + "hello" + smuggled, nil},
		"a length below zero":                 {head("1.1", "Content-Length: -5") + "hello" + smuggled, nil},
		"a length in hexadecimal":             {head("1.1", "Content-Length: 0x5") + "hello" + smuggled, nil},
		"a length that overflows":             {head("1.1", "Content-Length: 18446744073709551621") + "hello" + smuggled, nil},
		"no length":                           {head("1.1", "Content-Length: ") + "hello" + smuggled, nil},
		"a length on two lines":               {head("1.1", "Content-Length: 5\r\n 0") + "hello" + smuggled, nil},
		"pieces on two lines":                 {head("1.1", "Transfer-Encoding:\r\n chunked") + "0\r\n\r\n" + smuggled, []string{`POST /first ""`}},
		"a space before the colon":            {head("1.1", "Content-Length : 5") + "hello" + smuggled, nil},
		"a tab before the colon":              {head("1.1", "Transfer-Encoding\t: chunked") + "0\r\n\r\n" + smuggled, nil},
		"pieces with a tab":                   {head("1.1", "Transfer-Encoding: \vchunked") + "0\r\n\r\n" + smuggled, nil},
		"another encoding":                    {head("1.1", "Transfer-Encoding: gzip", "Content-Length: 5") + "hello" + smuggled, nil},
		"no encoding":                         {head("1.1", "Transfer-Encoding: identity", "Content-Length: 5") + "hello" + smuggled, nil},
		"an encoding nearly known":            {head("1.1", "Transfer-Encoding: xchunked") + "0\r\n\r\n" + smuggled, nil},
		"two encodings":                       {head("1.1", "Transfer-Encoding: gzip, chunked") + "0\r\n\r\n" + smuggled, nil},
		"pieces twice":                        {head("1.1", chunked, chunked) + "0\r\n\r\n" + smuggled, nil},
		"pieces and an encoding unknown":      {head("1.1", chunked, "Transfer-Encoding: cow") + "0\r\n\r\n" + smuggled, nil},
		"a bare CR in a field":                {head("1.1", "X: a\rContent-Length: 5") + "hello" + smuggled, nil},
		"a NUL in a field":                    {head("1.1", "X: a\x00b", "Content-Length: 5") + "hello" + smuggled, nil},
		"a field without a name":              {head("1.1", ": 5") + smuggled, nil},
		"two hosts":                           {head("1.1", "Host: other.example.org") + smuggled, nil},
		"a size that is no number":            {head("1.1", chunked) + "x\r\nhello\r\n0\r\n\r\n" + smuggled, []string{`POST /first "" broken`}},
		"a size with a sign":                  {head("1.1", chunked) + "+5\r\nhello\r\n0\r\n\r\n" + smuggled, []string{`POST /first "" broken`}},
		"a size written as C does":            {head("1.1", chunked) + "0x5\r\nhello\r\n0\r\n\r\n" + smuggled, []string{`POST /first "" broken`}},
		"a size that overflows":               {head("1.1", chunked) + "10000000000000005\r\nhello\r\n0\r\n\r\n" + smuggled, []string{`POST /first "" broken`}},
		"a size too small":                    {head("1.1", chunked) + "3\r\nhello\r\n0\r\n\r\n" + smuggled, []string{`POST /first "hel" broken`}},
		"a bare LF behind a size":             {head("1.1", chunked) + "5\nhello\r\n0\r\n\r\n" + smuggled, []string{`POST /first "" broken`}},
		"a bare LF in what follows a size":    {head("1.1", chunked) + "5;a\nb\r\nhello\r\n0\r\n\r\n" + smuggled, []string{`POST /first "" broken`}},
		"a bare CR behind a size":             {head("1.1", chunked) + "5\rhello\r\n0\r\n\r\n" + smuggled, []string{`POST /first "" broken`}},
		"another length in what comes behind": {head("1.1", chunked) + "5\r\nhello\r\n0\r\nContent-Length: 0\r\n\r\n" + smuggled, []string{`POST /first "hello"`}},
		"pieces as they should be":            {head("1.1", chunked) + "5\r\nhello\r\n0\r\n\r\n" + smuggled, []string{`POST /first "hello"`}},
		// The question is not empty: what comes behind a message with one end is the next one.
		"a length as it should be":        {head("1.1", "Content-Length: 5") + "hello" + smuggled, []string{`POST /first "hello"`, `GET /smuggled ""`}},
		"the same length twice":           {head("1.1", "Content-Length: 5", "Content-Length: 5") + "hello" + smuggled, []string{`POST /first "hello"`, `GET /smuggled ""`}},
		"a field on two lines, no length": {head("1.1", "X: a\r\n b") + smuggled, []string{`POST /first ""`, `GET /smuggled ""`}},
	} {
		house.forget()
		conn, err := tls.Dial("tcp", d.Addr().String(), &tls.Config{RootCAs: i.pool, ServerName: site, NextProtos: []string{"http/1.1"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, c.sent); err != nil {
			t.Fatal(err)
		}
		if err := conn.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		answers := bufio.NewReader(conn)
		first, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := io.ReadAll(first.Body); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, err = io.ReadAll(answers) // until it is closed
		var away net.Error
		if errors.As(err, &away) && away.Timeout() {
			t.Errorf("%s: the connection stays open", name)
		}
		_, _ = first.Body.Close(), conn.Close() // it has said all
		if got := house.forget(); !slices.Equal(got, c.want) {
			t.Errorf("%s: the house was asked %q, want %q", name, got, c.want)
		}
		if refused := first.StatusCode >= 400; refused != (c.want == nil || strings.HasSuffix(c.want[0], "broken")) {
			t.Errorf("%s: answered %s", name, first.Status)
		}
	}
}

// HTTP/2 says with each frame how long it is. A length that says otherwise is not believed,
// and its message is no request that anybody could act upon.
func TestALengthThatIsNotThatOfItsFramesIsRefused(t *testing.T) {
	t.Parallel()
	house := &reader{}
	i := newIssuer(t)
	d := open(t, overTLS(writeFiles(t, i.issue(site, false))), slog.New(slog.DiscardHandler), house)
	for length, want := range map[string]string{"5": `POST /first "hello"`, "4": "", "6": `POST /first "hello" broken`, "x": "", "-1": ""} {
		house.forget()
		status := askHTTP2(t, d, i, [][2]string{{":method", "POST"}, {":scheme", "https"}, {":authority", site}, {":path", "/first"}, {"content-length", length}}, "hello")
		got := strings.Join(house.forget(), "; ")
		if length == "5" && (status != "200" || got != want) {
			t.Errorf("as it should be: answered %s, asked %s", status, got)
		}
		if length != "5" && (status == "200" || got != "" && !strings.HasSuffix(got, "broken")) {
			t.Errorf("a length of %s for five: answered %q, the house was asked %s", length, status, got)
		}
	}
	// What HTTP/1.1 ends a message by has no place here.
	house.forget()
	if status := askHTTP2(t, d, i, [][2]string{{":method", "POST"}, {":scheme", "https"}, {":authority", site}, {":path", "/first"}, {"transfer-encoding", "chunked"}}, "0\r\n\r\n"+smuggled); status == "200" {
		t.Errorf("pieces in HTTP/2: answered %s, the house was asked %q", status, house.forget())
	}
}

// askHTTP2 sends one request in frames, and returns the status or what ended it.
func askHTTP2(t *testing.T, d *Doors, i *issuer, fields [][2]string, body string) string {
	t.Helper()
	conn, err := tls.Dial("tcp", d.Addr().String(), &tls.Config{RootCAs: i.pool, ServerName: site, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, f := range fields {
		if err := encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	err = errors.Join(framer.WriteSettings(), framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true}),
		framer.WriteData(1, true, []byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return err.Error()
		}
		switch f := frame.(type) {
		case *http2.MetaHeadersFrame:
			return f.PseudoValue("status")
		case *http2.RSTStreamFrame:
			return f.ErrCode.String()
		case *http2.GoAwayFrame:
			return f.ErrCode.String()
		}
	}
}
