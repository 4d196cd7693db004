package site_test

import (
	"testing"

	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/report/reporttest"
)

func TestTry(t *testing.T) {
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("it4life")
	w.Pays(w.Pledge(c, w.Company("ganok", "Ґанок", "Ganok"), 90_000, "named"), 90_000, 900)
	w.Allocate(c, w.Purpose(c, "p", "П", "P"), 200, "because")
	d := open(t, w)
	for _, l := range []string{"uk", "en"} {
		for _, p := range []string{"/", "/campaigns/it4life", "/campaigns/it4life/donors", "/companies", "/companies/ganok", "/clusters/kharkiv-it"} {
			t.Log(d.page("/" + l + p).one(t, "main").text())
		}
	}
}
