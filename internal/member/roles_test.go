package member_test

import (
	"testing"

	"kopiyka/internal/fault"
	"kopiyka/internal/member"
)

// Whoever asks whether somebody holds a role in a cluster gets one of three answers: yes; no,
// to its people; and to all others that there is nothing.
func TestRolesHaveThreeAnswers(t *testing.T) {
	t.Parallel()
	w := world(t)
	deciders := []member.ClusterRole{member.Approver, member.Treasurer}
	for name, c := range map[string]struct {
		cluster, person string
		roles           []member.ClusterRole
		kind            fault.Kind
		key             string
	}{
		"one of them":          {w.Cluster, w.Approver, deciders, 0, ""},
		"who does not read":    {w.Cluster, w.Coordinator, member.ActingRoles, 0, ""},
		"another role":         {w.Cluster, w.Coordinator, deciders, fault.Forbidden, "no"},
		"no roles ask nobody":  {w.Cluster, w.Coordinator, nil, fault.Forbidden, "no"},
		"of another cluster":   {w.Cluster, w.Stranger, deciders, fault.NotFound, "nothing"},
		"of a company":         {w.Cluster, w.CompanyOwner, deciders, fault.NotFound, "nothing"},
		"nobody":               {w.Cluster, "", deciders, fault.NotFound, "nothing"},
		"no cluster":           {"", w.Approver, deciders, fault.NotFound, "nothing"},
		"what is no cluster":   {w.Company, w.Approver, deciders, fault.NotFound, "nothing"},
		"what is not even one": {"'; --", w.Approver, deciders, fault.NotFound, "nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			err := member.May(t.Context(), w.DB, c.cluster, c.person, c.roles, fault.New(fault.Forbidden, "no"), fault.New(fault.NotFound, "nothing"))
			if c.kind == 0 {
				if err != nil {
					t.Errorf("%v, want no fault", err)
				}
				return
			}
			wantFault(t, err, c.kind, c.key)
		})
	}
}
