package roster

import (
	"strings"

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

// RoleNames are roles in words.
func RoleNames(l i18n.Lang, names []string) string {
	said := make([]string, len(names))
	for i, n := range names {
		said[i] = l.T("signin.role." + n)
	}
	return strings.Join(said, ", ")
}
