package office_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/member"
)

// auditors are people who read the audit of the desk's cluster, and of the stranger's.
func (d *desk) auditors(t *testing.T) (own, elsewhere string) {
	t.Helper()
	d.Tx(func(tx *sqlx.Tx) (err error) {
		if own, err = member.AddPerson(t.Context(), tx, d.Now(), "olha@example.org", "Olha", ""); err != nil {
			return err
		}
		if err = member.GiveClusterRole(t.Context(), tx, own, d.Cluster, member.Auditor); err != nil {
			return err
		}
		if elsewhere, err = member.AddPerson(t.Context(), tx, d.Now(), "petro@example.org", "Petro", ""); err != nil {
			return err
		}
		var other string
		if err = tx.GetContext(t.Context(), &other, `SELECT id FROM clusters WHERE id <> $1`, d.Cluster); err != nil {
			return err
		}
		return member.GiveClusterRole(t.Context(), tx, elsewhere, other, member.Admin)
	})
	return own, elsewhere
}

func TestAnAuditorReadsWhatTheClusterDid(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	own, elsewhere := d.auditors(t)
	pledge := d.Pledge(4_200)
	d.Tx(func(tx *sqlx.Tx) error {
		return audit.Record(audit.WithHost(t.Context(), "192.0.2.7"), tx, audit.Act{
			At: d.Now(), Person: d.Coordinator, Act: "company.facts-changed", Subject: "company:" + d.Company,
			Detail: map[string]any{"official_id": map[string]any{"before": "", "after": "14360570"}},
		})
	})
	auditor := d.house.As(own)
	list := auditor.Get("/office/audit").Wants(http.StatusOK)
	list.Says("main .table", "The company’s name or number was changed").Says("main .table", "official id: nothing → 14360570").Says("main .table", "coordinator").Says("main .table", "192.0.2.7").Says("main .table", "$42.00")
	if !leadsTo(list, "/office/pledges/"+pledge) || !leadsTo(list, "/office/companies/"+d.Company) {
		t.Error("the subjects lead nowhere")
	}
	rows := file(t, auditor.Get(list.Attr("[type=text/csv]", "href")))
	if len(rows) != 3 || !slices.Contains(rows[1], "company.facts-changed") || !slices.Contains(rows[1], "official id: nothing → 14360570") || !slices.Contains(rows[1], "192.0.2.7") || !slices.Contains(rows[2], "pledge:"+pledge) {
		t.Errorf("the file is %q", rows)
	}
	for _, query := range []string{"person=coord", "act=company.facts-changed", "subject=" + d.Company, "person=coord&from=2020-01-01&until=2100-01-01"} {
		found := auditor.Get("/office/audit?" + query).Wants(http.StatusOK)
		if leadsTo(found, "/office/pledges/"+pledge) || !leadsTo(found, "/office/companies/"+d.Company) {
			t.Errorf("%s finds something else", query)
		}
		if rows := file(t, auditor.Get(found.Attr("[type=text/csv]", "href"))); len(rows) != 2 {
			t.Errorf("%s: the file has %d rows", query, len(rows))
		}
	}
	auditor.Get("/office/audit?until=2020-01-01").Wants(http.StatusOK).Says(".empty", "Nothing found")
	if page := auditor.Get("/office/audit?from=never").Wants(http.StatusUnprocessableEntity); page.Attr("#from", "value") != "never" {
		t.Error("what was typed is lost")
	}
	auditor.Get("/office/audit.csv?from=never").Wants(http.StatusUnprocessableEntity)
	auditor.Get("/office/audit?after=x").Wants(http.StatusNotFound)
	auditor.Get("/office/audit.csv?after=-1").Wants(http.StatusOK) // a file is always whole
	board := auditor.Get("/office").Wants(http.StatusOK)
	if !leadsTo(board, "/office/audit") {
		t.Error("the board does not lead to the audit")
	}

	other := d.house.As(elsewhere).Get("/office/audit?" + url.Values{"subject": {d.Company}}.Encode()).Wants(http.StatusOK)
	if strings.Contains(other.Text("main"), "14360570") || other.Has("main .table") {
		t.Error("another cluster’s admin reads of it")
	}
}

// Who is no auditor reads of their own acts alone, elsewhere.
func TestOthersAreLedToTheirOwnTrail(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	d.Pledge(4_200)
	d.coordinator.Get("/office/audit").LeadsTo("/account/trail")
	d.approver.Get("/office/audit.csv").LeadsTo("/account/trail")
	d.house.As(d.Payer).Get("/office/audit").Wants(http.StatusNotFound)
	if leadsTo(d.coordinator.Get("/office").Wants(http.StatusOK), "/office/audit") {
		t.Error("the board leads where the coordinator has nothing to read")
	}
}

func TestTheAuditHasPages(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	own, _ := d.auditors(t)
	first := d.Pledge(1_000)
	for range 50 {
		d.Pledge(1_000)
	}
	page := d.house.As(own).Get("/office/audit").Wants(http.StatusOK)
	if leadsTo(page, "/office/pledges/"+first) {
		t.Error("the first page holds too much")
	}
	if page = d.house.As(own).Get(page.Attr("[rel=next]", "href")).Wants(http.StatusOK); !leadsTo(page, "/office/pledges/"+first) || page.Has("[rel=next]") {
		t.Error("the second page is not the rest")
	}
}
