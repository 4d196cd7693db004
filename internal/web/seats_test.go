package web_test

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/giving"
	"kopiyka/internal/mail"
	"kopiyka/internal/member"
)

// seat gives everybody of the matrix their roles, and only those.
func (h *house) seat() {
	h.t.Helper()
	ctx := h.t.Context()
	h.Tx(func(tx *sqlx.Tx) error {
		lviv, err := h.named(tx, "clusters", "lviv-it")
		if err != nil {
			return err
		}
		stranger, err := h.named(tx, "companies", "stranger")
		if err != nil {
			return err
		}
		give := map[string]func(person string) error{
			"neighbour": func(p string) error { return member.GiveCompanyRole(ctx, tx, p, stranger, member.Owner) },
			"viewer":    func(p string) error { return member.GiveCompanyRole(ctx, tx, p, h.Company, member.Viewer) },
			"payer":     func(p string) error { return member.GiveCompanyRole(ctx, tx, p, h.Company, member.Payer) },
			"elsewhere": func(p string) error {
				for _, role := range []member.ClusterRole{member.Coordinator, member.Approver, member.Treasurer, member.Auditor, member.Admin} {
					if err := member.GiveClusterRole(ctx, tx, p, lviv, role); err != nil {
						return err
					}
				}
				return nil
			},
		}
		for _, role := range []member.ClusterRole{member.Treasurer, member.Auditor, member.Admin} {
			give[string(role)] = func(p string) error { return member.GiveClusterRole(ctx, tx, p, h.Cluster, role) }
		}
		for name, seat := range give {
			var id string
			err := tx.GetContext(ctx, &id, `SELECT id FROM people WHERE email = $1`, name+"@example.org")
			if errors.Is(err, sql.ErrNoRows) {
				id, err = member.AddPerson(ctx, tx, h.Now(), name+"@example.org", name, "")
			}
			if err := errors.Join(err, seat(id)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (h *house) named(tx *sqlx.Tx, table, slug string) (id string, err error) {
	return id, tx.GetContext(h.t.Context(), &id, `SELECT id FROM `+table+` WHERE slug = $1`, slug)
}

// colleague is somebody of the company or of the cluster whom nobody will miss.
func (h *house) colleague(ofCluster bool) (id string) {
	h.t.Helper()
	h.Tx(func(tx *sqlx.Tx) (err error) {
		if id, err = member.AddPerson(h.t.Context(), tx, h.Now(), fmt.Sprintf("colleague%d@example.org", h.Count("people")), "Colleague", ""); err != nil {
			return err
		}
		if ofCluster {
			return member.GiveClusterRole(h.t.Context(), tx, id, h.Cluster, member.Treasurer)
		}
		return member.GiveCompanyRole(h.t.Context(), tx, id, h.Company, member.Viewer)
	})
	return id
}

// things are what addresses of the matrix name.
type things struct {
	*house
	paid, payment    giving.Payment
	pledge, reminder string
	events           int
	visitors         map[string]*http.Client
}

// things makes what there is once: a gift, a pledge with a payment begun, and a reminder.
func (h *house) things() *things {
	h.t.Helper()
	all := &things{house: h, paid: h.Paid(100_000), pledge: h.Pledge(10_000), reminder: h.reminder()}
	all.payment = h.Checkout(all.pledge, 5_000)
	return all
}

// as is somebody's browser. Addresses of the sign-in have one to themselves, since they may
// end sessions or begin others.
func (h *things) as(path string, a actor) *http.Client {
	h.t.Helper()
	if strings.HasPrefix(path, "/sign") || strings.HasPrefix(path, "/account") {
		h.visitors = nil
		return h.visitor(a.email)
	}
	if h.visitors == nil {
		h.visitors = map[string]*http.Client{}
	}
	if h.visitors[a.email] == nil {
		h.visitors[a.email] = h.visitor(a.email)
	}
	return h.visitors[a.email]
}

// at is an address with something of the company's or the cluster's own in it, made anew
// where the last visitor may have used it up.
func (h *things) at(path string) string {
	h.t.Helper()
	slug, id, token := h.Slug, h.pledge, h.reminder
	switch {
	case strings.Contains(path, "/companies/:id/invitations/:invitation"):
		waits, _ := h.invitation(false)
		id, path = h.Company, strings.Replace(path, ":invitation", waits, 1)
	case strings.Contains(path, "/office/companies/:id"):
		id = h.Company
	case strings.Contains(path, "/team/:id"), strings.Contains(path, "/people/:id"):
		id = h.colleague(strings.HasPrefix(path, "/office/"))
	case strings.Contains(path, "/invitations/:"):
		id, token = h.invitation(strings.HasPrefix(path, "/office/"))
	case strings.Contains(path, "/applications/:"):
		id, token = h.application()
	case strings.Contains(path, "/company-files/:id"):
		id = h.companyFile()
	case strings.HasSuffix(path, "/payments/:id/refund"):
		id = h.paid.ID
	case strings.Contains(path, "/refunds/:id"):
		id = h.refund(h.paid.ID)
	case strings.Contains(path, "/payments/:id/"), strings.Contains(path, "/office/payments/:id"):
		id = h.payment.ID
	case strings.Contains(path, "/documents/:id"):
		id = h.invoice(h.pledge)
	case strings.Contains(path, "/statements/:id"), strings.Contains(path, "/imports/:id"), strings.Contains(path, "/lines/:id"), strings.Contains(path, "/matches/:id"), strings.Contains(path, "/undoings/:id"):
		id = h.banked()[strings.Split(path, "/")[2]]
	case strings.Contains(path, "/alarms/:id"):
		id = h.alarm(h.payment.ID)
	case strings.Contains(path, "/inbox/:id"):
		h.events++
		id = h.event(fmt.Sprintf("evt_%d", h.events))
	case path == "/letters/:token":
		token = h.stop(mail.Digests)
	case path == "/sign-in/reset/:token":
		token = h.forgotten()
	case path == "/addresses/:token":
		token = h.address()
	case strings.Contains(path, "/letters/:id"):
		id = h.letter()
	case strings.Contains(path, "/jobs/:id"):
		id = h.job()
	case strings.Contains(path, "/allocations/:id"):
		id = h.proposal()
	case strings.Contains(path, "/write-offs/:id"):
		id = h.writeOff()
	}
	switch {
	case strings.Contains(path, "/companies/:slug"):
		slug = "ganok"
	case strings.HasPrefix(path, "/office/campaigns/:slug") && !strings.Contains(path, "/allocations") && !strings.HasSuffix(path, "/currencies"):
		slug, id = h.written(path)
	case strings.Contains(path, "/clusters/:slug"):
		slug = "kharkiv-it"
	}
	return fill(path, slug, id, token)
}

func fill(path, slug, id, token string) string {
	address := strings.NewReplacer(":token", token, ":lang", "uk", ":slug", slug, ":id", id, ":invitation", id, ":act", "approve", ":part", "memberships", ":year", "2026", ":name", "receipt").Replace(path)
	if path == "/portal/pledges/new" {
		address += "?campaign=" + slug
	}
	return address
}

// nowhere is an address that names nothing there is.
func nowhere(path string) string {
	id := "0198c000-0000-7000-8000-000000000000"
	switch {
	case strings.Contains(path, "/inbox/"):
		id = "evt_nothing"
	case strings.Contains(path, "/jobs/"), strings.Contains(path, "/alarms/"):
		id = "99999999"
	}
	return fill(path, "nothing-of-this-name", id, strings.Repeat("A", 43))
}
