package page

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
)

func ask(t *testing.T, c *Cache, key string, render func() ([]byte, error), header ...string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequest(http.MethodGet, "/uk/", nil)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	if err := c.Serve(echo.New().NewContext(req, rec), key, render); err != nil {
		t.Errorf("serve %s: %v", key, err)
	}
	return rec
}

// counting renders a page that says how often it was rendered.
func counting() func() ([]byte, error) {
	var n atomic.Int64
	return func() ([]byte, error) { return fmt.Appendf(nil, "rendering %d", n.Add(1)), nil }
}

func TestAPageLivesUntilTheNextChangeOrForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, render := NewCache(), counting()
		want := func(body string) {
			t.Helper()
			if got := ask(t, c, "a", render).Body.String(); got != body {
				t.Errorf("got %q, want %q", got, body)
			}
		}
		want("rendering 1")
		want("rendering 1")
		c.Invalidate()
		want("rendering 2")
		time.Sleep(lifetime - time.Millisecond)
		want("rendering 2")
		time.Sleep(time.Millisecond)
		want("rendering 3")
	})
}

func TestManyWhoAskAtOnceShareOneRendering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, render, hold := NewCache(), counting(), make(chan struct{})
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				if got := ask(t, c, "a", func() ([]byte, error) { <-hold; return render() }).Body.String(); got != "rendering 1" {
					t.Errorf("got %q", got)
				}
			})
		}
		synctest.Wait()
		close(hold)
		group.Wait()
	})
}

// A rendering that began before a change may have read the state before it. Whoever asks
// after the change must not get it, neither by joining it nor from the cache.
func TestARenderingFromBeforeAChangeIsNotServedAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, hold := NewCache(), make(chan struct{})
		var group sync.WaitGroup
		group.Go(func() {
			ask(t, c, "a", func() ([]byte, error) { <-hold; return []byte("old"), nil })
		})
		synctest.Wait()
		c.Invalidate()
		fresh := func() ([]byte, error) { return []byte("new"), nil }
		if got := ask(t, c, "a", fresh).Body.String(); got != "new" {
			t.Errorf("joined the old rendering: %q", got)
		}
		close(hold)
		group.Wait()
		if got := ask(t, c, "a", fresh).Body.String(); got != "new" {
			t.Errorf("the old rendering came late and was kept: %q", got)
		}
	})
}

// The same promise under a storm: state moves on, each move is told, and no answer is
// older than the last move that was told before its request.
func TestNoAnswerIsOlderThanTheLastChangeBeforeIt(t *testing.T) {
	c := NewCache()
	var state, told atomic.Int64
	var group sync.WaitGroup
	stop := make(chan struct{})
	group.Go(func() {
		for range 400 {
			n := state.Add(1)
			c.Invalidate()
			told.Store(n)
		}
		close(stop)
	})
	for range 4 {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				least := told.Load()
				var got int64
				body := ask(t, c, "a", func() ([]byte, error) { return fmt.Append(nil, state.Load()), nil }).Body
				if _, err := fmt.Fscan(body, &got); err != nil || got < least {
					t.Errorf("got %d after %d was told: %v", got, least, err)
					return
				}
			}
		})
	}
	group.Wait()
}

func TestAFailedRenderingIsReturnedAndNotKept(t *testing.T) {
	c, broken := NewCache(), errors.New("no database")
	ec := echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder())
	if err := c.Serve(ec, "a", func() ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("Serve = %v", err)
	}
	if got := ask(t, c, "a", counting()).Body.String(); got != "rendering 1" {
		t.Errorf("after a failure: %q", got)
	}
}

// The one who renders for all may close the window. The others still get their page.
func TestOneWhoLeavesDoesNotTakeTheOthersAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, left := NewCache(), make(chan struct{})
		ctx, leave := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			ec := echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx), httptest.NewRecorder())
			err := c.Serve(ec, "a", func() ([]byte, error) { <-left; return nil, ctx.Err() })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the one who left: %v", err)
			}
		})
		synctest.Wait()
		for range 5 {
			group.Go(func() {
				if got := ask(t, c, "a", func() ([]byte, error) { return []byte("here"), nil }).Body.String(); got != "here" {
					t.Errorf("got %q", got)
				}
			})
		}
		synctest.Wait()
		leave()
		close(left)
		group.Wait()
	})
}

func TestWhoHasThePageIsToldSo(t *testing.T) {
	c, render := NewCache(), counting()
	first := ask(t, c, "a", render, "Accept-Encoding", "br, gzip;q=0.8")
	if first.Header().Get("Content-Encoding") != "gzip" || first.Header().Get("Vary") != "Accept-Encoding, Cookie" || first.Header().Get("Cache-Control") != "public, max-age=0, must-revalidate" {
		t.Errorf("headers %v", first.Header())
	}
	z, err := gzip.NewReader(first.Body)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(z); err != nil || string(body) != "rendering 1" {
		t.Errorf("body %q, %v", body, err)
	}
	etag := first.Header().Get("ETag")
	for _, given := range []string{etag, `"x", W/` + etag, "*"} {
		again := ask(t, c, "a", render, "Accept-Encoding", "gzip", "If-None-Match", given)
		if again.Code != http.StatusNotModified || again.Body.Len() > 0 || again.Header().Get("ETag") != etag || again.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: %d %v", given, again.Code, again.Header())
		}
	}
	plain := ask(t, c, "a", render, "Accept-Encoding", "gzip;q=0", "If-None-Match", etag)
	if plain.Code != http.StatusOK || plain.Body.String() != "rendering 1" || plain.Header().Get("ETag") == etag {
		t.Errorf("the plain page: %d %q %v", plain.Code, plain.Body, plain.Header())
	}
	c.Invalidate()
	if changed := ask(t, c, "a", render, "Accept-Encoding", "gzip", "If-None-Match", etag); changed.Code != http.StatusOK {
		t.Errorf("a changed page: %d", changed.Code)
	}
}

func TestASignedInVisitorsPageIsTheirsAlone(t *testing.T) {
	c := NewCache()
	rec := httptest.NewRecorder()
	ec := echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/uk/", nil), rec)
	SetVisitor(ec, &Visitor{Name: "Ірина"})
	if err := c.Serve(ec, "a", func() ([]byte, error) { return []byte("for Ірина"), nil }); err != nil {
		t.Fatal(err)
	}
	if rec.Body.String() != "for Ірина" || rec.Header().Get("Cache-Control") != "private, no-store" {
		t.Errorf("%q %v", rec.Body, rec.Header())
	}
	if got := ask(t, c, "a", counting()).Body.String(); got != "rendering 1" {
		t.Errorf("a stranger got %q", got)
	}
}

func TestTheCacheStaysWithinItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCache()
		c.most = 3
		for i := range 10 {
			key := fmt.Sprint(i)
			ask(t, c, key, func() ([]byte, error) { return []byte(key), nil })
			time.Sleep(time.Millisecond)
		}
		if len(c.entries) != 3 || c.entries["9"] == nil || c.entries["6"] != nil {
			t.Errorf("%d pages are kept", len(c.entries))
		}
		time.Sleep(lifetime)
		ask(t, c, "new", counting())
		if len(c.entries) != 1 {
			t.Errorf("%d pages are kept after all went stale", len(c.entries))
		}
	})
}

func TestPagesAreNotMixedUp(t *testing.T) {
	c := NewCache()
	for _, key := range []string{"uk /", "en /", "uk /?page=2"} {
		body := []byte(key)
		if got := ask(t, c, key, func() ([]byte, error) { return body, nil }).Body.Bytes(); !bytes.Equal(got, body) {
			t.Errorf("%s: %q", key, got)
		}
	}
}
