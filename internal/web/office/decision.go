package office

import (
	"database/sql"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

// twoPeople is what one person has proposed and another decides: an allocation, a write-off,
// a refund.
type twoPeople struct {
	path       string // of its page; the decision posts below it
	cluster    string
	proposedBy string // id
	proposer   string // name
	proposedAt time.Time
	verdict    string // approved, refused or empty
	decider    string
	decidedAt  sql.NullTime
}

// words are what a decision says beside who signed. They are keys of the catalogues.
type words struct {
	proposed string // what the first person did
	reason   string // the field's; its hint is reason + "_hint"
	no       string
	own      string // that who proposed does not decide
	role     string // that the role does not decide
	may      func(member.ClusterRole) bool
}

func approves(role member.ClusterRole) bool { return role == member.Approver }

// decisionWords are those of most decisions.
var decisionWords = words{"office.seal.proposed", "office.decide.reason", "office.decide.refuse", "office.decide.own", "office.decide.role", approves}

// seal closes when two people have signed. A refusal signs nothing.
func (p twoPeople) seal(l i18n.Lang, proposed string) *page.Seal {
	s := &page.Seal{Signed: []page.Signature{{Act: l.T(proposed), Who: p.proposer, When: l.Moment(p.proposedAt)}}}
	switch p.verdict {
	case "approved":
		s.Signed = append(s.Signed, page.Signature{Act: l.T("office.seal.approved"), Who: p.decider, When: l.Moment(p.decidedAt.Time)})
	case "refused":
		s.Awaits = l.T("office.seal.refused", p.decider)
	default:
		s.Awaits = l.T("office.seal.awaits")
	}
	return s
}

// newDecision is the seal, and the form for who may decide. Yes is what the first button
// says, and rule what follows.
func newDecision(l i18n.Lang, person member.Person, p twoPeople, w words, yes, rule, reason string, form page.Form) page.Decision {
	v := page.Decision{Seal: p.seal(l, w.proposed)}
	switch {
	case p.verdict != "":
	case p.proposedBy == person.ID:
		v.Why = l.T(w.own)
	case !holdsAny(person, p.cluster, w.may):
		v.Why = l.T(w.role)
	default:
		v.Approve, v.Refuse, v.Yes, v.No, v.Rule = p.path+"/approve", p.path+"/refuse", yes, l.T(w.no), rule
		v.Reason = page.Field{ID: "reason", Name: "reason", Label: l.T(w.reason), Hint: l.T(w.reason + "_hint"), Error: form.Error("reason"), Value: reason, Rows: 4}
	}
	return v
}

// decide does what a button of the form asks for, and shows the page again with what was
// typed when that was not to be.
func decide(c echo.Context, path, done string, act func(person, reason string) error, show func(reason string, wrong page.Form) error) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	reason := page.Text(form, "reason")
	err = act(visitor(c).ID, reason)
	if err == nil {
		return c.Redirect(http.StatusSeeOther, path+"?notice="+done)
	}
	wrong, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return show(reason, wrong)
}
