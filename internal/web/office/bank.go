package office

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"kopiyka/internal/bank"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/page"
)

// StatementsPath takes files, and so more bytes than a form.
const StatementsPath = "/office/statements"

// mostUpload is what a request with a statement's file may hold: the file and its form.
const mostUpload = "51MiB"

// bank adds the addresses of the banks' word: statements, their lines, what each was for,
// and whether the books agree.
func (o *Office) bank(g *echo.Group, fresh ...echo.MiddlewareFunc) {
	g.GET("/statements", o.statements)
	g.GET("/statements/new", o.newStatement, formsForWhoSends)
	g.POST("/statements", o.importStatement, middleware.BodyLimit(mostUpload))
	g.GET("/statements/:id", o.statement)
	g.GET("/statements.csv", o.statementsFile)
	g.GET("/statements/:id/lines.csv", o.linesFile)
	g.GET("/imports/:id", o.progress)
	g.GET("/unmatched", o.unmatched)
	g.GET("/unmatched.csv", o.unmatchedFile)
	g.GET("/lines/:id", o.line)
	g.GET("/lines/:id/:act", o.toLine)
	g.POST("/lines/:id/pledge", o.matchPledge)
	g.POST("/lines/:id/fee", o.matchFee)
	g.POST("/lines/:id/payout", o.matchPayout)
	g.POST("/lines/:id/refund", o.matchRefund)
	g.POST("/lines/:id/reversal", o.matchReversal)
	g.GET("/matches/:id/undo", o.toMatch)
	g.POST("/matches/:id/undo", o.askUndo)
	g.GET("/undoings", o.undoings)
	g.GET("/undoings.csv", o.undoingsFile)
	g.GET("/undoings/:id/:act", o.toUndoing)
	g.POST("/undoings/:id/approve", o.approveUndo, fresh...)
	g.POST("/undoings/:id/refuse", o.refuseUndo)
	g.GET("/reconciliation", o.reconciliation)
	g.POST("/reconciliation", o.reconcileNow)
}

// explains reports whether the person may import statements and say what lines were for.
func explains(p member.Person, cluster string) bool {
	return slices.ContainsFunc(p.Clusters, func(post member.ClusterPost) bool {
		return post.ClusterID == cluster && (post.Role == member.Coordinator || post.Role == member.Treasurer || post.Role == member.Admin)
	})
}

// takesBack reports whether the person may ask to take a match back.
func takesBack(p member.Person, cluster string) bool {
	return holds(p, cluster, member.Coordinator) || holds(p, cluster, member.Treasurer)
}

// agrees reports whether the person may agree to a correction that another asked for.
func agrees(p member.Person, cluster string) bool { return holds(p, cluster, member.Approver) }

// bankName is a bank and the account's number there.
func bankName(l i18n.Lang, uk, en, iban string) string {
	return l.T("bank.account", in(l, uk, en), grouped(iban))
}

// grouped sets an account's number in groups of four, as it is printed.
func grouped(iban string) string {
	var out []byte
	for i := range len(iban) {
		if i > 0 && i%4 == 0 {
			out = append(out, ' ')
		}
		out = append(out, iban[i])
	}
	return string(out)
}

func linePath(id string) string { return "/office/lines/" + id }

func (o *Office) toLine(c echo.Context) error {
	if !pg.IsID(c.Param("id")) {
		return fault.New(fault.NotFound, "bank.line_unknown")
	}
	return c.Redirect(http.StatusSeeOther, linePath(c.Param("id")))
}

func (o *Office) toMatch(c echo.Context) error {
	id, err := bank.LineOfMatch(c.Request().Context(), o.db, c.Param("id"), visitor(c).ID)
	return back(c, id, err, fault.New(fault.NotFound, "bank.match_unknown"))
}

func (o *Office) toUndoing(c echo.Context) error {
	id, err := bank.LineOfUndoing(c.Request().Context(), o.db, c.Param("id"), visitor(c).ID)
	return back(c, id, err, fault.New(fault.NotFound, "bank.undo.unknown"))
}

func back(c echo.Context, line string, err error, unknown error) error {
	switch {
	case err != nil:
		return err
	case line == "":
		return unknown
	}
	return c.Redirect(http.StatusSeeOther, linePath(line))
}

// bankNotice says what has just happened. What stands in the address only picks the sentence.
func bankNotice(l i18n.Lang, name string) page.Notice {
	switch name {
	case "imported", "known", "matched", "asked", "undone", "kept", "reconciled":
		return page.Notice{Title: l.T("bank.notice." + name), Text: l.T("bank.notice." + name + "_text"), Live: true}
	}
	return page.Notice{}
}
