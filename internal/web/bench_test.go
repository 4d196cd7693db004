package web_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
)

// connections ask at once, each again as soon as it was answered.
const connections = 64

// BenchmarkPublicPage measures the campaign page beside a bare Echo handler that writes
// the same bytes, both over TCP on this machine ("ratio"), and with a limit for each address
// beside without one ("limit"). The two interleave and report the median of their rounds:
// those figures can be compared with other runs, the rates cannot.
func BenchmarkPublicPage(b *testing.B) {
	h := open(b)
	for range 30 {
		h.Paid(10_000)
	}
	ours := h.server.Listener.Addr().String()
	path := "/en/campaigns/" + h.Slug
	body, encoding := fetch(b, ours, path)

	e := echo.New()
	e.GET(path, func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderContentEncoding, encoding)
		c.Response().Header().Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
		return c.Blob(http.StatusOK, echo.MIMETextHTMLCharsetUTF8, body)
	})
	bareServer := httptest.NewServer(e)
	defer bareServer.Close()
	bare := bareServer.Listener.Addr().String()

	for name, addr := range map[string]string{"kopiyka": ours, "bare-echo": bare} {
		b.Run(name, func(b *testing.B) {
			took := ask(b, addr, path, b.N)
			b.ReportMetric(float64(b.N)/took.Seconds(), "req/s")
		})
	}
	beside(b, "ratio", "ours/bare", func(n int) time.Duration { return ask(b, ours, path, n) }, func(n int) time.Duration { return ask(b, bare, path, n) })

	// The same house with a limit that nobody reaches, as somebody from elsewhere.
	h.rate = int(time.Second)
	h.serve(clock.System)
	limited := h.server.Listener.Addr().String()
	fetch(b, limited, path)
	from := func(addr string) func(int) time.Duration {
		return func(n int) time.Duration { return ask(b, addr, path, n, "X-Forwarded-For: 198.51.100.7") }
	}
	beside(b, "limit", "limited/free", from(limited), from(ours))
}

// beside measures one way of answering beside another, in turns: its share of the other's
// requests a second.
func beside(b *testing.B, name, unit string, one, other func(n int) time.Duration) {
	b.Run(name, func(b *testing.B) {
		const rounds, each = 9, 20_000
		var ratios []float64
		for b.Loop() {
			ratios = ratios[:0]
			for range rounds {
				slow, quick := one(each), other(each)
				ratios = append(ratios, quick.Seconds()/slow.Seconds())
			}
		}
		slices.Sort(ratios)
		b.ReportMetric(ratios[rounds/2], unit)
		b.ReportMetric(ratios[0], "min")
		b.ReportMetric(ratios[rounds-1], "max")
	})
}

// fetch reads the page once as a browser does, for its bytes.
func fetch(b *testing.B, addr, path string) (body []byte, encoding string) {
	b.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	if body, err = io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK {
		b.Fatalf("%d, %v", res.StatusCode, err)
	}
	return body, res.Header.Get("Content-Encoding")
}

// ask sends n requests over kept-alive connections. The client is as small as can be, so
// that what is measured is the server.
func ask(b *testing.B, addr, path string, n int, headers ...string) time.Duration {
	b.Helper()
	lines := append([]string{"GET " + path + " HTTP/1.1", "Host: " + addr, "Accept-Encoding: gzip"}, headers...)
	request := []byte(strings.Join(lines, "\r\n") + "\r\n\r\n")
	start := time.Now()
	var all sync.WaitGroup
	failures := make(chan error, connections)
	for i := range min(connections, n) {
		share := n / min(connections, n)
		if i < n%min(connections, n) {
			share++
		}
		all.Go(func() { failures <- converse(addr, request, share) })
	}
	all.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

func converse(addr string, request []byte, n int) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	r := bufio.NewReaderSize(conn, 64<<10)
	for range n {
		if _, err := conn.Write(request); err != nil {
			return err
		}
		if err := answer(r); err != nil {
			return err
		}
	}
	return nil
}

// answer reads one response: its status, its length, its body.
func answer(r *bufio.Reader) error {
	status, err := r.ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(status, "HTTP/1.1 200") {
		return fmt.Errorf("answered %q", status)
	}
	length := -1
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if value, found := strings.CutPrefix(string(line), "Content-Length: "); found {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return fmt.Errorf("an answer without a length")
	}
	_, err = r.Discard(length)
	return err
}
