package roster

import (
	"strings"
	"time"

	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

// CompanyRoles are what somebody may be in a company, as answers.
func CompanyRoles(l i18n.Lang) []page.Option {
	return roles(l, string(member.Owner), string(member.Payer), string(member.Viewer))
}

// ClusterRoles are what somebody may be in a cluster, as answers.
func ClusterRoles(l i18n.Lang) []page.Option {
	return roles(l, string(member.Coordinator), string(member.Approver), string(member.Treasurer), string(member.Auditor), string(member.Admin))
}

func roles(l i18n.Lang, names ...string) []page.Option {
	var all []page.Option
	for _, name := range names {
		all = append(all, page.Option{Value: name, Text: l.T("signin.role." + name), Note: l.T("people.role." + name)})
	}
	return all
}

// Invite is the form that invites somebody.
func Invite(l i18n.Lang, action string, answers []page.Option, email, name, role string, form page.Form) page.Ask {
	choice := page.NewChoices("role", l.T("people.role"), role, answers...)
	choice.Error = form.Error("role")
	questions := page.Fields(
		page.Field{ID: "email", Name: "email", Type: "email", Label: l.T("people.email"), Value: email, Error: form.Error("email"), Autocomplete: "off"},
		page.Field{ID: "name", Name: "name", Label: l.T("people.person_name"), Value: name, Error: form.Error("name"), Optional: true, Autocomplete: "off"},
	)
	return page.Ask{Action: action, Button: l.T("people.invite_button"), Questions: append(questions, page.Question{Choices: choice})}
}

// RoleNames are roles in words.
func RoleNames(l i18n.Lang, names []string) string {
	said := make([]string, len(names))
	for i, n := range names {
		said[i] = l.T("signin.role." + n)
	}
	return strings.Join(said, ", ")
}

// Invitations are those that wait, each with what may be done about it. Where is the
// address below which they stand.
func Invitations(l i18n.Lang, all []member.Invitation, where string, now time.Time, may bool) page.Crew {
	var crew page.Crew
	for _, i := range all {
		mate := page.Mate{Name: i.Email, Note: l.T("people.invited_until", i.ExpiresAt), Roles: l.T("signin.role." + i.Role)}
		if !now.Before(i.ExpiresAt) {
			mate.Note = l.T("people.invited_over", i.ExpiresAt)
		}
		if i.Name != "" {
			mate.Name = i.Name
			mate.Note = i.Email + " · " + mate.Note
		}
		if may {
			mate.Acts = []page.Press{
				{Action: where + "/" + i.ID, Text: l.T("people.resend"), Whom: i.Email, Hidden: []page.Hidden{{Name: "act", Value: "resend"}}},
				{Action: where + "/" + i.ID, Text: l.T("people.revoke"), Whom: i.Email, Hidden: []page.Hidden{{Name: "act", Value: "revoke"}}},
			}
		}
		crew.Items = append(crew.Items, mate)
	}
	return crew
}
