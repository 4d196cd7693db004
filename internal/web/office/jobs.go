package office

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/audit"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/jobs"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/page"
)

func number(n int) string { return strconv.Itoa(n) }

// afterNumber reads ?after= of a list whose rows are numbered.
func afterNumber(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != text {
		return 0, fault.New(fault.NotFound, "page.unknown")
	}
	return n, nil
}

func jobStatus(l i18n.Lang, s jobs.Stage) page.Status {
	looks := map[jobs.Stage]page.State{jobs.Failed: page.Failed, jobs.Waiting: page.Waits, jobs.Running: page.Open, jobs.Over: page.Closed}
	return page.NewStatus(l, looks[s]).Saying(l.T("desk.job." + string(s)))
}

// jobs serves GET /office/jobs: the jobs of a stage, failed ones unless another is asked for.
func (o *Office) jobs(c echo.Context) error { return o.showJobs(c, page.Form{}) }

func (o *Office) showJobs(c echo.Context, form page.Form) error {
	v, err := newList(c, "jobs")
	if err != nil {
		return err
	}
	found, err := o.findJobs(c, v.Asked, v.Asked.After(), jobs.PageSize)
	if err != nil {
		return err
	}
	l := v.Lang
	var tabs []page.Link
	for _, s := range jobs.Stages() {
		tabs = append(tabs, page.Link{Href: string(s), Text: l.T("desk.job_tab." + string(s))})
	}
	v.Tabbed(string(jobStage(v.Asked)), tabs...)
	v.Searching("state", page.Field{ID: "q", Name: "q", Label: l.T("desk.field.job"), Hint: l.T("desk.field.job_hint"), Value: v.Asked.Get("q"), MaxLength: 100})
	v.Errors = form.Summary(nil)
	if c.QueryParam("notice") == "again" {
		v.Notice = page.Notice{Title: l.T("desk.notice.again"), Text: l.T("desk.notice.again_text"), Live: true}
	}
	columns := []page.Column{
		{Text: l.T("desk.column.job")}, {Text: l.T("desk.column.state")}, {Text: l.T("desk.column.due")}, {Text: l.T("desk.column.tries")}, {Text: l.T("desk.column.trouble")}, {Text: l.T("office.column.act")},
	}
	var rows [][]page.Cell
	last, may := "", acts(visitor(c))
	for _, j := range found {
		last = strconv.FormatInt(j.ID, 10)
		row := []page.Cell{
			{Text: wordOr(l, "desk.job_name."+j.Kind, j.Kind), Note: j.Kind + ", № " + last}, {Status: jobStatus(l, j.Stage())}, {When: l.Moment(j.DueAt)},
			{Text: l.T("desk.job_tries", j.Attempt, j.MaxAttempts)}, {Note: j.Trouble}, {},
		}
		if may && (j.Stage() == jobs.Failed || j.Stage() == jobs.Waiting) {
			row[5].Button = page.Button{Action: jobPath(last), Text: l.T("desk.job_again")}
		}
		rows = append(rows, row)
	}
	v.Shows(columns, rows, len(found) == jobs.PageSize, last)
	return c.Render(form.Status(), "office/list", v)
}

func jobPath(id string) string { return "/office/jobs/" + id }

func jobStage(a page.Asked) jobs.Stage {
	if s := a.Get("state"); s != "" {
		return jobs.Stage(s)
	}
	return jobs.Failed
}

func (o *Office) findJobs(c echo.Context, a page.Asked, after string, limit int) ([]jobs.Job, error) {
	id, err := afterNumber(after)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(jobs.Stages(), jobStage(a)) {
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	return jobs.List(c.Request().Context(), o.db, jobStage(a), a.Get("q"), id, limit)
}

// jobsFile serves GET /office/jobs.csv.
func (o *Office) jobsFile(c echo.Context) error {
	a, err := page.ReadAsked(c, "/office/jobs")
	if err != nil {
		return err
	}
	head := heads(page.Of(c).Lang, "job", "kind", "state", "made", "due", "begun", "ended", "tries", "trouble")
	return page.Export(c, "jobs", head, func(after string) (rows [][]string, last string, err error) {
		found, err := o.findJobs(c, a, after, page.Chunk)
		for _, j := range found {
			last = strconv.FormatInt(j.ID, 10)
			rows = append(rows, []string{last, j.Kind, j.State, stamp(j.MadeAt), stamp(j.DueAt), stamp(j.BegunAt.Time), stamp(j.EndedAt.Time), number(j.Attempt), j.Trouble})
		}
		return rows, last, err
	})
}

func (o *Office) toJobs(c echo.Context) error { return c.Redirect(http.StatusSeeOther, "/office/jobs") }

// runAgain serves POST /office/jobs/:id.
func (o *Office) runAgain(c echo.Context) error {
	ctx, person := c.Request().Context(), visitor(c)
	if !acts(person) {
		return readsOnly()
	}
	id, err := afterNumber(c.Param("id"))
	if err != nil {
		return fault.New(fault.NotFound, "job.unknown")
	}
	err = pg.InTx(ctx, o.db, func(tx *sqlx.Tx) error {
		kind, err := jobs.RunAgain(ctx, tx, id)
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Act{At: o.now(), Person: person.ID, Act: "job.run-again", Subject: "job:" + c.Param("id"), Detail: map[string]any{"kind": kind}})
	})
	if err == nil {
		return c.Redirect(http.StatusSeeOther, "/office/jobs?state=waiting&notice=again")
	}
	wrong, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return o.showJobs(c, wrong)
}
