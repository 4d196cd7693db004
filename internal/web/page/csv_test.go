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

func fetch(t *testing.T, url string) (*http.Response, string, error) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
}

func TestAFileOpensInASpreadsheetAndRunsNothingThere(t *testing.T) {
	t.Parallel()
	evil := []string{"=HYPERLINK(\"http://x\")", "+1+1", "-2+3", "@SUM(A1)", "\tx", "\rx", "Ганок, \"Софт\"\nдва", "-12.50", "100.00", ""}
	var rows [][]string
	for _, e := range evil {
		rows = append(rows, []string{e, "1.00"})
	}
	res, body, err := fetch(t, sends(t, rows[:3], rows[3:]).URL+"/list.csv")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v", res.StatusCode, err)
	}
	if kind := res.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/csv; charset=utf-8") {
		t.Errorf("it is %q", kind)
	}
	if got := res.Header.Get("Content-Disposition"); got != "attachment; filename=list.csv" {
		t.Errorf("it is called %q", got)
	}
	rest, marked := strings.CutPrefix(body, "\ufeff")
	if !marked || !strings.HasPrefix(rest, "Хто,Сума\r\n") || strings.Count(rest, "\ufeff") != 0 {
		t.Errorf("it begins with %.40q", body)
	}
	got, err := csv.NewReader(strings.NewReader(rest)).ReadAll()
	if err != nil || len(got) != 1+len(evil) {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	for i, e := range evil {
		cell := got[i+1][0]
		want := strings.ReplaceAll(e, "\r", "") // encoding/csv keeps no such sign in a cell
		if i < 6 {
			want = "'" + want
		}
		if cell != want {
			t.Errorf("%q became %q", e, cell)
		}
	}
}

func TestAnEmptyListIsAFileWithItsHead(t *testing.T) {
	t.Parallel()
	if _, body, err := fetch(t, sends(t).URL+"/list.csv"); body != "\ufeffХто,Сума\r\n" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
}

func TestAFileThatCannotBeginIsAnErrorPage(t *testing.T) {
	t.Parallel()
	res, body, _ := fetch(t, sends(t, nil).URL+"/list.csv")
	if res.StatusCode != http.StatusNotFound || !strings.Contains(body, "<h1") {
		t.Errorf("%d %.60q", res.StatusCode, body)
	}
}

// Half a list that looks like a whole one would be believed.
func TestAFileThatBreaksOffIsNoFile(t *testing.T) {
	t.Parallel()
	_, body, err := fetch(t, sends(t, [][]string{{"a", "1"}}, nil).URL+"/list.csv")
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%q ended with %v, want it cut off", body, err)
	}
}
