package office_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/member"
	"kopiyka/internal/web/webtest"
)

// A coordinator changes what a company is; what was wrong stands at the field of its own
// cluster's form, and what was typed is kept.
func TestWhatACompanyIsChangesFromADay(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	path := "/office/companies/" + d.Company
	form := url.Values{"cluster": {d.Cluster}, "becomes": {"business-partner"}, "on": {"yesterday"}}
	a := d.coordinator.Post(path+"/memberships", form).Wants(http.StatusUnprocessableEntity)
	if !a.Has("#on-"+d.Cluster+"-e") || a.Attr("#on-"+d.Cluster, "value") != "yesterday" {
		t.Errorf("the form says %q", a.Text("main .field-error"))
	}
	form.Set("on", d.Now().Format("2006-01-02"))
	d.coordinator.Post(path+"/memberships", form).LeadsTo(path + "?notice=membership")
	d.coordinator.Get(path).Wants(http.StatusOK).Says("main", "business partner")
	d.coordinator.Post(path+"/memberships", url.Values{"cluster": {"' OR 1=1"}}).Wants(http.StatusUnprocessableEntity)
	d.coordinator.Post(path+"/memberships", url.Values{"cluster": {d.Cluster}, "becomes": {"friend"}, "on": {"2026-12-30"}}).Wants(http.StatusUnprocessableEntity)

	d.coordinator.Post(path+"/facts", url.Values{"name_uk": {strings.Repeat("x", 20_000)}, "official_id": {"1"}}).Wants(http.StatusUnprocessableEntity).Says("#official_id-e", "EDRPOU")
	d.coordinator.Post(path+"/facts", url.Values{"name_uk": {"Ґанок Софт"}, "official_id": {"14360570"}}).LeadsTo(path + "?notice=saved")
	d.coordinator.Get("/office/companies?q=14360570").Wants(http.StatusOK).Says("main tbody", "Ґанок Софт")
	d.coordinator.Get("/office/companies?q=nobody").Wants(http.StatusOK).Says("main", "Nothing")
	d.coordinator.Get("/office/companies?joined=1").Wants(http.StatusOK)
	d.coordinator.Get("/office/companies?after=x").Wants(http.StatusNotFound)
	d.coordinator.Get("/office/members?year=12345").Wants(http.StatusNotFound)
}

// A cluster that a company has left knows that it was there, and nothing of its people.
func TestACompanyThatHasLeftKeepsItsPeopleToItself(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	path := "/office/companies/" + d.Company
	d.coordinator.Get(path).Wants(http.StatusOK).Says("main", "viewer@example.org")
	d.coordinator.Post(path+"/memberships", url.Values{"cluster": {d.Cluster}, "becomes": {"none"}, "on": {d.Now().Format("2006-01-02")}}).LeadsTo(path + "?notice=membership")
	a := d.coordinator.Get(path).Wants(http.StatusOK).Says("main", "no longer in the cluster")
	if strings.Contains(a.Body, "viewer@example.org") || a.Has("[name=place]") {
		t.Errorf("the page says %s", a.Text("main"))
	}
	d.coordinator.Post(path+"/facts", url.Values{"name_uk": {"Інша"}}).Wants(http.StatusForbidden)
	d.coordinator.Get("/office/companies").Wants(http.StatusOK).Says("main", "No companies yet")
	d.coordinator.Get("/office/companies?state=former").Wants(http.StatusOK).Says("main tbody", "Ganok")
	d.coordinator.Post(path+"/memberships", url.Values{"cluster": {d.Cluster}, "becomes": {"member"}, "on": {d.Now().Format("2006-01-02")}}).LeadsTo(path + "?notice=membership")
}

// uploaded is a form with a file, as a browser sends it.
func uploaded(t *testing.T, b *webtest.Browser, path, file string, fields ...string) webtest.Answer {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", "companies.csv")
	if err == nil {
		_, err = part.Write([]byte(file))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	a, err := b.Try(http.MethodPost, path, &body, w.FormDataContentType())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAFileOfCompaniesIsLookedAtFirst(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	bring := func(file string, fields ...string) webtest.Answer {
		t.Helper()
		return uploaded(t, d.coordinator, "/office/company-files", file, append([]string{"cluster", d.Cluster}, fields...)...)
	}
	bring("").Wants(http.StatusUnprocessableEntity).Says("#file-e", "Choose a CSV file")
	bring("a;b\n").Wants(http.StatusUnprocessableEntity).Says("#file-e", "name_uk")
	bring("name_uk;since\nА;2020-01-01\n", "delimiter", ",").Wants(http.StatusUnprocessableEntity).Says("#file-e", "another sign")
	bring("name_uk;since\nА;2020-01-01\n", "delimiter", "x").Wants(http.StatusUnprocessableEntity).Says("#delimiter-e", "columns")
	bring(strings.Repeat("x", member.MaxImport+1)).Wants(http.StatusUnprocessableEntity).Says("#file-e", "too large")
	bring(strings.Repeat("x", member.MaxImport+2<<20)).Wants(http.StatusRequestEntityTooLarge)
	companies := d.Count("companies")

	wrong := bring("name_uk;since\n" + strings.Repeat("ї", 100_000) + ";2020-01-01\n<script>;never\n").Wants(http.StatusSeeOther).Location()
	a := d.coordinator.Get(wrong).Wants(http.StatusOK).Says("main", "2 rows have mistakes")
	if a.Has("main form") || len(a.Body) > 100_000 {
		t.Errorf("it can be entered, or shows all of what is too long: %d bytes", len(a.Body))
	}
	d.coordinator.Post(wrong, url.Values{}).Wants(http.StatusUnprocessableEntity).Says("main", "Nothing was entered")

	right := bring("name_uk\tsince\nНова\t2020-01-01\n", "delimiter", "tab").Wants(http.StatusSeeOther).Location()
	d.coordinator.Get(right).Wants(http.StatusOK).Says("main form", "Enter 1 company")
	d.approver.Get(right).Wants(http.StatusNotFound)
	d.coordinator.Post(right, url.Values{}).LeadsTo("/office/companies")
	d.coordinator.Post(right, url.Values{}).Wants(http.StatusConflict)
	if n := d.Count("companies"); n != companies+1 {
		t.Errorf("%d new companies", n-companies)
	}
	d.coordinator.Get("/office/members?year=2020").Wants(http.StatusOK).Says("main", "1 new company came in 2020")
}

// An admin gives and takes roles, and stays one while there is no other.
func TestRolesOfACluster(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	d.Tx(func(tx *sqlx.Tx) error {
		return member.GiveClusterRole(t.Context(), tx, d.Approver, d.Cluster, member.Admin)
	})
	path := "/office/clusters/kharkiv-it/people/"
	act := func(what, role string) url.Values { return url.Values{"act": {what}, "role": {role}} }
	d.approver.Post(path+d.Coordinator, act("give", "treasurer")).LeadsTo("/office/people?notice=role")
	d.approver.Get("/office/people").Wants(http.StatusOK).Says("main", "Take: treasurer")
	d.approver.Post(path+d.Coordinator, act("give", "king")).Wants(http.StatusUnprocessableEntity)
	d.approver.Post(path+d.Approver, act("take", "admin")).Wants(http.StatusConflict).Says("main", "last admin")
	d.approver.Post(path+d.Payer, act("give", "admin")).Wants(http.StatusNotFound)
	d.coordinator.Post(path+d.Coordinator, act("give", "admin")).Wants(http.StatusForbidden)
	d.coordinator.Post(path+d.Coordinator, act("take", "treasurer")).LeadsTo("/office/people?notice=role")

	cluster := url.Values{"name_uk": {"Кластер"}, "name_en": {""}, "email": {"аdmin@example.org"}, "phone": {"12"}, "site": {"javascript:x"}, "lang": {"xx"}}
	a := d.approver.Post("/office/clusters/kharkiv-it", cluster).Wants(http.StatusUnprocessableEntity)
	for _, field := range []string{"name_en", "email", "phone", "site", "lang"} {
		if !a.Has("#" + field + "-e") {
			t.Errorf("%s: nothing is said at the field", field)
		}
	}
	cluster = url.Values{"name_uk": {"Кластер"}, "name_en": {"Cluster"}, "email": {"hello@example.org"}, "phone": {"+380 (57) 700-00-00"}, "site": {"example.org"}, "lang": {"en"}}
	d.approver.Post("/office/clusters/kharkiv-it", cluster).LeadsTo("/office/clusters/kharkiv-it?notice=saved")
	uploaded(t, d.approver, "/office/clusters/kharkiv-it/logo", "<svg/>").Wants(http.StatusUnprocessableEntity).Says("#file-e", "PNG")
	d.coordinator.Get("/office/clusters/kharkiv-it").Wants(http.StatusOK).Says("main", "+380577000000")
}

// Applications leave as a file, in the state that the list is asked for.
func TestApplicationsAsAFile(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	var id string
	for _, name := range []string{"=1+1", "Друга"} {
		a := member.Application{ClusterID: d.Cluster, Kind: "member", Company: member.Company{Name: member.Text{UK: name}}, PersonName: "Олена", Email: "apply@example.org", Lang: "uk", Host: name}
		if err := member.Apply(t.Context(), d.DB, d.Now, "", a); err != nil {
			t.Fatal(err)
		}
		var body string
		if err := d.Owner.Get(&body, `SELECT text_body FROM letters ORDER BY id DESC LIMIT 1`); err != nil {
			t.Fatal(err)
		}
		_, token, _ := strings.Cut(body, "/applications/")
		token, _, _ = strings.Cut(token, "?")
		if err := member.ConfirmApplication(t.Context(), d.DB, d.Now, "https://help.example.org", token); err != nil {
			t.Fatal(err)
		}
		if err := d.Owner.Get(&id, `SELECT id FROM company_applications ORDER BY id DESC LIMIT 1`); err != nil {
			t.Fatal(err)
		}
	}
	d.coordinator.Post("/office/applications/"+id+"/refuse", url.Values{"reason": {"Ще рано"}}).LeadsTo("/office/applications/" + id + "?notice=refused")
	if a := d.coordinator.Get("/office/applications").Wants(http.StatusOK); !strings.Contains(a.Body, `href="/office/applications.csv`) {
		t.Error("nothing leads to the file")
	}
	for query, want := range map[string][2]string{"": {"'=1+1", "Друга"}, "?state=decided": {"Ще рано", "'=1+1"}} {
		body := d.coordinator.Get("/office/applications.csv" + query).Wants(http.StatusOK).Body
		if !strings.Contains(body, want[0]) || strings.Contains(body, want[1]) || !strings.Contains(body, "apply@example.org") {
			t.Errorf("%q: %s", query, body)
		}
	}
	d.coordinator.Get("/office/applications.csv?state=king").Wants(http.StatusNotFound)
	if body := d.house.As(d.Stranger).Get("/office/applications.csv").Wants(http.StatusOK).Body; strings.Contains(body, "apply@example.org") {
		t.Error("another cluster reads the file")
	}
}
