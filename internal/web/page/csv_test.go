package page_test

import (
	"encoding/csv"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/page/pagetest"
)

// sends serves a file whose chunks are given; a nil chunk fails instead.
func sends(t *testing.T, chunks ...[][]string) *httptest.Server {
	t.Helper()
	e := echo.New()
	renderer := pagetest.Renderer(t)
	e.Renderer, e.HTTPErrorHandler = renderer, renderer.Errors(slog.New(slog.DiscardHandler))
	e.GET("/list.csv", func(c echo.Context) error {
		left := slices.Clone(chunks)
		return page.SendCSV(c, "list.csv", []string{"Хто", "Сума"}, func() ([][]string, error) {
			if len(left) == 0 {
				return nil, nil
			}
			next := left[0]
			left = left[1:]
			if next == nil {
				return nil, fault.New(fault.NotFound, "page.unknown")
			}
			return next, nil
		})
	})
	server := httptest.NewServer(e)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(server.Close)
	return server
}

// fetched is what came back, as far as it came.
type fetched struct {
	status int
	header http.Header
	body   string
	err    error // the file broke off
}

func fetch(t *testing.T, url string) fetched {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return fetched{res.StatusCode, res.Header, string(body), err}
}

func TestAFileOpensInASpreadsheetAndRunsNothingThere(t *testing.T) {
	t.Parallel()
	evil := []string{"=HYPERLINK(\"http://x\")", "+1+1", "-2+3", "@SUM(A1)", "\tx", "\rx", " =1+1", "\u00a0+1+1x", "＝1", "＋1x", "－1x", "＠x", "Ганок, \"Софт\"\nдва", "-12.50", "100.00", ""}
	var rows [][]string
	for _, e := range evil {
		rows = append(rows, []string{e, "1.00"})
	}
	got := fetch(t, sends(t, rows[:3], rows[3:]).URL+"/list.csv")
	if got.err != nil || got.status != http.StatusOK {
		t.Fatalf("%d, %v", got.status, got.err)
	}
	if kind := got.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/csv; charset=utf-8") {
		t.Errorf("it is %q", kind)
	}
	if name := got.header.Get("Content-Disposition"); name != "attachment; filename=list.csv" {
		t.Errorf("it is called %q", name)
	}
	rest, marked := strings.CutPrefix(got.body, "\ufeff")
	if !marked || !strings.HasPrefix(rest, "Хто,Сума\r\n") || strings.Count(rest, "\ufeff") != 0 {
		t.Errorf("it begins with %.40q", got.body)
	}
	read, err := csv.NewReader(strings.NewReader(rest)).ReadAll()
	if err != nil || len(read) != 1+len(evil) {
		t.Fatalf("%d rows, %v", len(read), err)
	}
	for i, e := range evil {
		cell := read[i+1][0]
		want := strings.ReplaceAll(e, "\r", "") // encoding/csv keeps no such sign in a cell
		if i < 12 {
			want = "'" + want
		}
		if cell != want {
			t.Errorf("%q became %q", e, cell)
		}
	}
}

func TestAnEmptyListIsAFileWithItsHead(t *testing.T) {
	t.Parallel()
	if got := fetch(t, sends(t).URL+"/list.csv"); got.body != "\ufeffХто,Сума\r\n" || got.err != nil {
		t.Errorf("%q, %v", got.body, got.err)
	}
}

func TestAFileThatCannotBeginIsAnErrorPage(t *testing.T) {
	t.Parallel()
	if got := fetch(t, sends(t, nil).URL+"/list.csv"); got.status != http.StatusNotFound || !strings.Contains(got.body, "<h1") {
		t.Errorf("%d %.60q", got.status, got.body)
	}
}

// Half a list that looks like a whole one would be believed.
func TestAFileThatBreaksOffIsNoFile(t *testing.T) {
	t.Parallel()
	if got := fetch(t, sends(t, [][]string{{"a", "1"}}, nil).URL+"/list.csv"); !errors.Is(got.err, io.ErrUnexpectedEOF) {
		t.Errorf("%q ended with %v, want it cut off", got.body, got.err)
	}
}
