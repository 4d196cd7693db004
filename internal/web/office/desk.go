package office

import (
	"context"
	"slices"

	"kopiyka/internal/audit"
	"kopiyka/internal/bank"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/inbox"
	"kopiyka/internal/jobs"
	"kopiyka/internal/ledger"
	"kopiyka/internal/mail"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/web/page"
)

// task is something that needs somebody: how many there are, and where.
type task struct {
	Href, Text string
	Count      string
	Sum        *page.Sum // in place of a count
	Note       string
}

// most is how far the board counts. Beyond it the number says nothing more: "more than 99".
const most = 100

// tasks are what needs somebody beside the proposals. What does not is left out.
func (o *Office) tasks(ctx context.Context, l i18n.Lang, p member.Person) ([]task, error) {
	counts := []struct {
		name, href string
		count      func() (int, error)
	}{
		{"alarms", "/office/alarms", func() (int, error) { return audit.OpenAlarms(ctx, o.db, p.ID) }},
		{"unmatched", "/office/unmatched", func() (int, error) { return bank.CountUnmatched(ctx, o.db, p.ID, most) }},
		{"undoings", "/office/undoings", func() (int, error) { return bank.CountUndoings(ctx, o.db, p.ID, most) }},
		{"write-offs", "/office/write-offs", func() (int, error) { return giving.CountWriteOffs(ctx, o.db, p.ID, most) }},
		{"refunds", "/office/refunds", func() (int, error) { return giving.CountRefundsAsked(ctx, o.db, p.ID, most) }},
		{"dead", "/office/inbox", func() (int, error) { return inbox.CountDead(ctx, o.db, most) }},
		{"failed", "/office/jobs", func() (int, error) { return jobs.CountFailed(ctx, o.db, most) }},
		{"applications", ApplicationsPath, func() (int, error) { return member.CountApplications(ctx, o.db, p.ID, most) }},
		{"letters", "/office/letters?state=refused", func() (int, error) { return mail.CountFailed(ctx, o.db, p.ID, most) }},
		{"overdue", "/office/due", func() (int, error) { return giving.CountOverdue(ctx, o.db, p.ID, o.today(), most) }},
	}
	var all []task
	for _, c := range counts {
		n, err := c.count()
		if err != nil {
			return nil, err
		}
		if n == 0 {
			continue
		}
		shown := l.Number(int64(n))
		if n >= most {
			shown = l.T("desk.task.many", most-1)
		}
		all = append(all, task{Href: c.href, Text: l.T("desk.task." + c.name), Count: shown, Note: l.T("desk.task." + c.name + "_text")})
	}
	unexplained, err := o.unexplained(ctx, l, p)
	return append(all, unexplained...), err
}

// unexplained are the suspense accounts that hold anything.
func (o *Office) unexplained(ctx context.Context, l i18n.Lang, p member.Person) ([]task, error) {
	holdings, err := ledger.HoldingsOf(ctx, o.db, suspenseOf(p)...)
	if err != nil {
		return nil, err
	}
	var all []task
	for _, h := range holdings {
		if h.Balance != 0 {
			sum := l.Sum(money.Of(h.Balance, h.Currency))
			all = append(all, task{Href: "/office/suspense", Text: l.T("desk.task.suspense"), Sum: &sum, Note: clusterOf(p, h.Code, l)})
		}
	}
	return all, nil
}

// drawers lead to every list of the desk, whether or not anything in it waits. The audit is
// for those who read it.
func drawers(l i18n.Lang, p member.Person) []page.Link {
	var all []page.Link
	for _, name := range []string{"companies", "applications", "people", "allocations", "pledges", "payments", "refunds", "write-offs", "due", "unmatched", "undoings", "statements", "reconciliation", "alarms", "suspense", "documents", "letters", "inbox", "jobs", "rates", "audit"} {
		if name == "audit" && !slices.ContainsFunc(p.Clusters, func(post member.ClusterPost) bool { return post.Role == member.Auditor || post.Role == member.Admin }) {
			continue
		}
		all = append(all, page.Link{Href: listPath(name), Text: l.T("desk.title." + name)})
	}
	return all
}
