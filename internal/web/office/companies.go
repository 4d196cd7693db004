package office

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/web/invited"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/roster"
)

// CompaniesPath is the list of companies.
const CompaniesPath = "/office/companies"

// members adds the addresses about companies, their applications, and the people of
// clusters. Who gives a role, sends its invitation again or takes one away
// shows first who they are.
func (o *Office) members(g *echo.Group, fresh ...echo.MiddlewareFunc) {
	g.GET("/companies", o.companies)
	g.GET("/companies.csv", o.companiesFile)
	g.GET("/companies/:id", o.company)
	g.GET("/companies/:id/facts", o.factsForm, formsForWhoSends)
	g.POST("/companies/:id/facts", o.setFacts)
	g.GET("/companies/:id/:part", o.toCompany)
	g.POST("/companies/:id/memberships", o.changeMembership)
	g.POST("/companies/:id/addresses", o.moved)
	g.POST("/companies/:id/owner", o.inviteOwner, fresh...)
	o.invitations().Routes(g, "/companies/:id/invitations/:invitation", o.companyOf, fresh...)
	g.GET("/members", o.membersYear)
	g.GET("/applications", o.applications)
	g.GET("/applications.csv", o.applicationsFile)
	g.GET("/applications/:id", o.application)
	g.GET("/applications/:id/:act", o.toApplication)
	g.POST("/applications/:id/accept", o.acceptApplication, fresh...)
	g.POST("/applications/:id/refuse", o.refuseApplication)
	g.GET("/company-files", o.toNewImport)
	g.GET("/company-files/new", o.newImport, formsForWhoSends)
	g.GET("/company-files/template.csv", o.importTemplate)
	g.POST("/company-files", o.bringCompanies)
	g.GET("/company-files/:id", o.companyImport)
	g.POST("/company-files/:id", o.enterImport)
	g.GET("/people", o.people)
	g.GET("/clusters/:slug/people", o.toPeople)
	g.POST("/clusters/:slug/people", o.inviteColleague, fresh...)
	g.GET("/clusters/:slug/people/:id", o.toPeople)
	g.POST("/clusters/:slug/people/:id", o.setColleague, fresh...)
	o.invitations().Routes(g, "/clusters/:slug/invitations/:id", o.peopleOf, fresh...)
	g.GET("/clusters/:slug", o.cluster)
	g.POST("/clusters/:slug", o.setCluster)
	g.GET("/clusters/:slug/logo", o.toCluster)
	g.POST("/clusters/:slug/logo", o.setClusterLogo)
	g.GET("/clusters/:slug/logo/drop", o.toCluster)
	g.POST("/clusters/:slug/logo/drop", o.dropClusterLogo)
}

// companiesShown is how many rows of the list a page has.
const companiesShown = 50

// companies serves GET /office/companies: who belongs to the visitor's clusters, or with
// ?state=former who did.
func (o *Office) companies(c echo.Context) error {
	v, err := newList(c, "companies")
	if err != nil {
		return err
	}
	found, err := o.findCompanies(c, v.Asked, v.Asked.After(), companiesShown)
	if err != nil {
		return err
	}
	l := v.Lang
	v.Tabbed(v.Asked.Get("state"), page.Link{Text: l.T("people.list.members")}, page.Link{Href: "former", Text: l.T("people.list.former")})
	v.Tabs = append(v.Tabs, page.Link{Href: "/office/members", Text: l.T("people.members.link")})
	if coordinates(visitor(c)) {
		v.Tabs = append(v.Tabs, page.Link{Href: ImportsPath + "/new", Text: l.T("people.import.title")})
	}
	v.Searching("state",
		page.Field{ID: "q", Name: "q", Label: l.T("people.list.words"), Value: v.Asked.Get("q"), Type: "search"},
		v.Choice("kind", l.T("people.kind"), l.T("people.list.any"), roster.Kinds(l)...),
		page.Field{ID: "joined", Name: "joined", Label: l.T("people.list.joined"), Value: v.Asked.Get("joined"), Numeric: true, MaxLength: 4})
	var rows [][]page.Cell
	last := ""
	for _, k := range found {
		last = k.ID
		people := page.Cell{Text: l.Number(k.People)}
		if k.People == 0 {
			people = page.Cell{Text: l.T("people.list.nobody")}
		}
		rows = append(rows, []page.Cell{
			{Text: in(l, k.UK, k.EN), Href: companyPath(k.ID), Note: k.OfficialID}, {Text: l.T("people.kind." + k.Kind), Note: in(l, k.ClusterUK, k.ClusterEN)},
			{When: l.Day(k.Since)}, roster.Until(l, k.Until), people,
		})
	}
	columns := []page.Column{{Text: l.T("desk.column.company")}, {Text: l.T("people.kind")}, {Text: l.T("people.since")}, {Text: l.T("people.until")}, {Text: l.T("people.team")}}
	v.Shows(columns, rows, len(found) == companiesShown, last)
	if v.Empty.Title != "" && v.Empty.Link.Href == "" && coordinates(visitor(c)) {
		v.Empty.Link = page.Link{Href: ImportsPath + "/new", Text: l.T("people.import.title")}
	}
	return send(c, v)
}

func companyPath(id string) string { return CompaniesPath + "/" + id }

func (o *Office) findCompanies(c echo.Context, a page.Asked, after string, limit int) ([]member.Listed, error) {
	s := member.CompanySearch{Words: a.Get("q"), Kind: a.Get("kind"), Today: o.today()}
	switch a.Get("state") {
	case "":
	case "former":
		s.Former = true
	default:
		return nil, fault.New(fault.NotFound, "page.unknown")
	}
	if joined := a.Get("joined"); joined != "" {
		year, err := strconv.Atoi(joined)
		if err != nil || year < 1900 || year > 2200 {
			year = -1 // no company joined in such a year
		}
		s.Joined = year
	}
	return member.CompaniesFor(c.Request().Context(), o.db, visitor(c).ID, s, after, limit)
}

// companiesFile serves GET /office/companies.csv, in the columns that a file of companies
// may be brought in with.
func (o *Office) companiesFile(c echo.Context) error {
	a, err := page.ReadAsked(c, CompaniesPath)
	if err != nil {
		return err
	}
	return page.Export(c, "companies", append(slices.Clone(member.ImportColumns), "cluster"), func(after string) (rows [][]string, last string, err error) {
		found, err := o.findCompanies(c, a, after, page.Chunk)
		for _, k := range found {
			last = k.ID
			until := ""
			if k.Until != nil {
				until = k.Until.Format(time.DateOnly)
			}
			rows = append(rows, []string{k.UK, k.EN, k.Country, k.OfficialID, k.Site, k.Kind, k.Since.Format(time.DateOnly), until, k.ClusterEN})
		}
		return rows, last, err
	})
}

type companyPage struct {
	page.Base
	Notice      page.Notice
	Errors      page.ErrorSummary
	Name        string
	Facts       []roster.Fact
	EditFacts   string // address; empty for who may not
	Memberships page.Table
	Addresses   page.Table
	People      page.Crew
	Invitations page.Crew
	Empty       page.Empty // nobody acts for it
	Changes     []page.Ask // what the membership may become, one form for each cluster
	Move        page.Ask
	Owner       page.Ask // while it has none
}

// company serves GET /office/companies/:id.
func (o *Office) company(c echo.Context) error { return o.showCompany(c, nil, page.Form{}) }

func (o *Office) showCompany(c echo.Context, typed url.Values, form page.Form) error {
	ctx, person := c.Request().Context(), visitor(c)
	k, err := member.CompanyOfCluster(ctx, o.db, c.Param("id"), person.ID)
	if err != nil {
		return err
	}
	memberships, err := member.MembershipsOf(ctx, o.db, k.ID)
	if err != nil {
		return err
	}
	addresses, err := member.AddressesOf(ctx, o.db, k.ID)
	if err != nil {
		return err
	}
	team, err := member.TeamOf(ctx, o.db, k.ID)
	if err != nil {
		return err
	}
	b := page.Of(c)
	b.Path = companyPath(k.ID)
	l := b.Lang
	belongs := func(m member.Membership) bool { return m.Open() || m.Until.After(o.today()) }
	may := slices.ContainsFunc(memberships, func(m member.Membership) bool { return belongs(m) && holds(person, m.ClusterID, member.Coordinator) })
	ours := slices.ContainsFunc(memberships, func(m member.Membership) bool { return belongs(m) && worksIn(person, m.ClusterID) })
	waiting, err := o.invitations().Waiting(ctx, l, member.Place{CompanyID: k.ID}, companyPath(k.ID)+"/invitations", may)
	if err != nil {
		return err
	}
	if !ours { // who acts for a company that has left is no longer the cluster's to know
		team, waiting = nil, page.Crew{}
	}
	v := companyPage{
		Base: b, Name: in(l, k.Name.UK, k.Name.EN), Facts: roster.Facts(l, k.Company), Memberships: roster.Memberships(l, memberships), Addresses: roster.Addresses(l, addresses),
		Invitations: waiting,
	}
	if ours {
		v.Facts = append(v.Facts, roster.Factor(l, k.AsksFactor))
	}
	owned := false
	for _, one := range team {
		owned = owned || slices.Contains(one.Roles, string(member.Owner))
		v.People.Items = append(v.People.Items, page.Mate{Name: one.Name, Note: one.Email, Roles: roster.RoleNames(l, one.Roles)})
	}
	switch {
	case !ours:
		v.Empty = page.Empty{Title: l.T("people.left"), Text: l.T("people.left_text")}
	case len(team) == 0 && len(waiting.Items) > 0:
		v.Empty = page.Empty{Title: l.T("people.no_team"), Text: l.T("people.no_team_yet")}
	case len(team) == 0:
		v.Empty = page.Empty{Title: l.T("people.no_team"), Text: l.T("people.no_team_text")}
	}
	labels := map[string]string{}
	v.Changes = membershipAsks(l, person, k.ID, memberships, typed, form)
	if may {
		v.EditFacts = companyPath(k.ID) + "/facts"
		v.Move = roster.Move(l, companyPath(k.ID)+"/addresses", typed, form)
		labels = v.Move.Labels()
		if !owned && len(waiting.Items) == 0 {
			v.Owner = invited.Ask(l, companyPath(k.ID)+"/owner", nil, typed, form)
			for name, label := range v.Owner.Labels() {
				labels[name] = label
			}
		}
	}
	if done := c.QueryParam("notice"); slices.Contains([]string{"saved", "moved", "membership", "invited", "revoked", "accepted"}, done) {
		v.Notice = page.Notice{Title: l.T("people.notice." + done), Live: true}
	}
	v.Errors = form.Summary(labels)
	return c.Render(form.Status(), "office/company", v)
}

// membershipAsks are the forms by which a coordinator changes what a company is, one for
// each of the coordinator's clusters that it was ever in.
func membershipAsks(l i18n.Lang, person member.Person, id string, all []member.Membership, typed url.Values, form page.Form) []page.Ask {
	var asks []page.Ask
	seen := map[string]bool{}
	for _, m := range all {
		if seen[m.ClusterID] || !holds(person, m.ClusterID, member.Coordinator) {
			continue
		}
		seen[m.ClusterID] = true
		suffix := "-" + m.ClusterID // ids of a page's fields differ by cluster
		kind := page.Field{ID: "becomes" + suffix, Name: "becomes", Label: l.T("people.becomes", in(l, m.UK, m.EN))}
		if m.Open() {
			kind.Options = append(kind.Options, page.Option{Value: "none", Text: l.T("people.becomes_none")})
		}
		for _, k := range roster.Kinds(l) {
			if !m.Open() || k.Value != m.Kind {
				k.Chosen = typed.Get("becomes") == k.Value && typed.Get("cluster") == m.ClusterID
				kind.Options = append(kind.Options, k)
			}
		}
		day := page.Field{ID: "on" + suffix, Name: "on", Type: "date", Label: l.T("people.becomes_on")}
		if typed.Get("cluster") == m.ClusterID {
			day.Value, day.Error = typed.Get("on"), form.Error("on"+suffix)
		}
		asks = append(asks, page.Ask{
			Action: companyPath(id) + "/memberships", Hidden: []page.Hidden{{Name: "cluster", Value: m.ClusterID}}, Button: l.T("people.becomes_button"), Questions: page.Fields(kind, day),
		})
	}
	return asks
}

// companyDone leads back to the company's page, or shows it with what was wrong.
func (o *Office) companyDone(c echo.Context, typed url.Values, notice string, err error) error {
	if err == nil {
		if err := pg.Announce(c.Request().Context(), o.db, pg.PublicChanged); err != nil {
			return err
		}
		return c.Redirect(http.StatusSeeOther, companyPath(c.Param("id"))+"?notice="+notice)
	}
	if f, ok := fault.As(err); ok && f.Kind == fault.Forbidden {
		return err
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return o.showCompany(c, typed, faults)
}

// companyPosted is the company that an address names, for somebody with a role in one of its
// clusters, and the form that was posted about it.
func (o *Office) companyPosted(c echo.Context) (member.Profile, url.Values, error) {
	form, err := page.Posted(c)
	if err != nil {
		return member.Profile{}, nil, err
	}
	k, err := member.CompanyOfCluster(c.Request().Context(), o.db, c.Param("id"), visitor(c).ID)
	return k, form, err
}

// changeMembership serves POST /office/companies/:id/memberships.
func (o *Office) changeMembership(c echo.Context) error {
	k, form, err := o.companyPosted(c)
	if err != nil {
		return err
	}
	ctx, person, cluster := c.Request().Context(), visitor(c), form.Get("cluster")
	if !pg.IsID(cluster) {
		return fault.New(fault.Invalid, "form.unreadable")
	}
	kind := form.Get("becomes")
	if kind == "none" {
		kind = ""
	}
	day, _ := member.ParseDay(form.Get("on")) // what is no day is refused by the next
	err = member.ChangeMembership(ctx, o.db, o.now, k.ID, cluster, person.ID, kind, day)
	if f, ok := fault.As(err); ok && f.Field != "" {
		err = f.About("on-" + cluster)
	}
	return o.companyDone(c, form, "membership", err)
}

// moved serves POST /office/companies/:id/addresses.
func (o *Office) moved(c echo.Context) error {
	k, form, err := o.companyPosted(c)
	if err != nil {
		return err
	}
	ctx, person := c.Request().Context(), visitor(c)
	since, _ := member.ParseDay(form.Get("since")) // what is no day is refused with the rest
	return o.companyDone(c, form, "moved", member.Moved(ctx, o.db, o.now, k.ID, person.ID, member.Address{
		Kind: form.Get("kind"), Country: form.Get("country"), Place: form.Get("place"), Since: since,
	}))
}

// inviteOwner serves POST /office/companies/:id/owner: somebody for a company that has
// nobody.
func (o *Office) inviteOwner(c echo.Context) error {
	k, form, err := o.companyPosted(c)
	if err != nil {
		return err
	}
	err = o.invitations().Send(c, member.Place{CompanyID: k.ID}, string(member.Owner), page.Of(c).Lang, form)
	return o.companyDone(c, form, "invited", err)
}

// companyOf is the page of the company that an address names.
func (o *Office) companyOf(c echo.Context) (string, error) {
	k, err := member.CompanyOfCluster(c.Request().Context(), o.db, c.Param("id"), visitor(c).ID)
	return companyPath(k.ID), err
}

func (o *Office) toCompany(c echo.Context) error {
	company, err := o.companyOf(c)
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, company)
}

// worksIn reports whether the person has any role in a cluster.
func worksIn(p member.Person, cluster string) bool {
	return slices.ContainsFunc(p.Clusters, func(post member.ClusterPost) bool { return post.ClusterID == cluster })
}

// coordinates reports whether the person coordinates any cluster.
func coordinates(p member.Person) bool { return p.Holds(member.Coordinator) }
