package office

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/web/invited"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/roster"
)

type peoplePage struct {
	page.Base
	Notice   page.Notice
	Errors   page.ErrorSummary
	Clusters []clusterPeople
}

// clusterPeople are the people of one cluster.
type clusterPeople struct {
	Slug, Name  string
	Profile     page.Link
	People      page.Crew
	Invitations page.Crew
	MayChange   bool
	Invite      page.Ask
	Nobody      string // there is no admin: what to do
}

// people serves GET /office/people: who acts for the visitor's clusters.
func (o *Office) people(c echo.Context) error { return o.showPeople(c, "", nil, page.Form{}) }

func (o *Office) showPeople(c echo.Context, slug string, typed url.Values, form page.Form) error {
	b := page.Of(c)
	b.Path = peoplePath
	v := peoplePage{Base: b}
	l, person, labels := b.Lang, visitor(c), map[string]string{}
	for _, post := range person.Clusters {
		if slices.ContainsFunc(v.Clusters, func(k clusterPeople) bool { return k.Slug == post.Slug }) || slug != "" && slug != post.Slug {
			continue
		}
		one, err := o.clusterPeople(c, post, typed, form)
		if err != nil {
			return err
		}
		for name, label := range one.Invite.Labels() {
			labels[name] = label
		}
		v.Clusters = append(v.Clusters, one)
	}
	if done := c.QueryParam("notice"); slices.Contains([]string{"invited", "revoked", "role"}, done) {
		v.Notice = page.Notice{Title: l.T("people.notice." + done), Live: true}
	}
	v.Errors = form.Summary(labels)
	return c.Render(form.Status(), "office/people", v)
}

const peoplePath = "/office/people"

func clusterPath(slug string) string { return "/office/clusters/" + slug }

func (o *Office) clusterPeople(c echo.Context, post member.ClusterPost, typed url.Values, form page.Form) (clusterPeople, error) {
	ctx, l, person := c.Request().Context(), page.Of(c).Lang, visitor(c)
	all, err := member.PeopleOf(ctx, o.db, post.ClusterID)
	if err != nil {
		return clusterPeople{}, err
	}
	may, where := holds(person, post.ClusterID, member.Admin), clusterPath(post.Slug)
	waiting, err := o.invitations().Waiting(ctx, l, member.Place{ClusterID: post.ClusterID}, where+"/invitations", may)
	if err != nil {
		return clusterPeople{}, err
	}
	v := clusterPeople{
		Slug: post.Slug, Name: post.Name.In(l), Profile: page.Link{Href: where, Text: l.T("people.cluster_profile")}, MayChange: may,
		People: colleagues(l, all, person.ID, where+"/people", may), Invitations: waiting,
	}
	if !slices.ContainsFunc(all, func(k member.Colleague) bool { return slices.Contains(k.Roles, string(member.Admin)) }) {
		v.Nobody = l.T("people.no_admin")
	}
	if may {
		v.Invite = invited.Ask(l, where+"/people", roster.ClusterRoles(l), typed, form)
	}
	return v, nil
}

// colleagues offers an admin to give and take each role, and everybody to lay down their own.
func colleagues(l i18n.Lang, all []member.Colleague, visitor, where string, may bool) page.Crew {
	var crew page.Crew
	for _, one := range all {
		mate := page.Mate{Name: one.Name, Note: one.Email, Roles: roster.RoleNames(l, one.Roles)}
		for _, role := range roster.ClusterRoles(l) {
			has := slices.Contains(one.Roles, role.Value)
			act, text := "give", l.T("people.give", role.Text)
			switch {
			case has && one.PersonID == visitor:
				act, text = "take", l.T("people.lay_down", role.Text)
			case has:
				act, text = "take", l.T("people.take", role.Text)
			}
			if may || has && one.PersonID == visitor {
				mate.Acts = append(mate.Acts, page.Press{
					Action: where + "/" + one.PersonID, Text: text, Whom: one.Name, Hidden: []page.Hidden{{Name: "act", Value: act}, {Name: "role", Value: role.Value}},
				})
			}
		}
		crew.Items = append(crew.Items, mate)
	}
	return crew
}

// clusterPosted is the cluster that an address names, for somebody with a role in it, and
// the form that was posted about it.
func (o *Office) clusterPosted(c echo.Context) (member.ClusterProfile, url.Values, error) {
	form, err := page.Posted(c)
	if err != nil {
		return member.ClusterProfile{}, nil, err
	}
	k, err := member.ClusterFor(c.Request().Context(), o.db, c.Param("slug"), visitor(c).ID)
	return k, form, err
}

// inviteColleague serves POST /office/clusters/:slug/people.
func (o *Office) inviteColleague(c echo.Context) error {
	k, form, err := o.clusterPosted(c)
	if err != nil {
		return err
	}
	if !holds(visitor(c), k.ID, member.Admin) {
		return fault.New(fault.Forbidden, "cluster.admins_only")
	}
	err = o.invitations().Send(c, member.Place{ClusterID: k.ID}, form.Get("role"), k.Lang, form)
	if err == nil {
		return c.Redirect(http.StatusSeeOther, peoplePath+"?notice=invited")
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return o.showPeople(c, k.Slug, form, faults)
}

// setColleague serves POST /office/clusters/:slug/people/:id: a role more or a role less.
func (o *Office) setColleague(c echo.Context) error {
	k, form, err := o.clusterPosted(c)
	if err != nil {
		return err
	}
	ctx, person := c.Request().Context(), visitor(c)
	role := member.ClusterRole(form.Get("role"))
	if form.Get("act") == "take" {
		err = member.TakeRole(ctx, o.db, o.now, k.ID, person.ID, c.Param("id"), role)
	} else {
		err = member.GiveRole(ctx, o.db, o.now, k.ID, person.ID, c.Param("id"), role)
	}
	if err != nil {
		return err
	}
	if form.Get("act") == "take" && c.Param("id") == person.ID && len(person.Clusters) == 1 {
		return c.Redirect(http.StatusSeeOther, "/") // there is no room behind this door any more
	}
	return c.Redirect(http.StatusSeeOther, peoplePath+"?notice=role")
}

// invitations are those that the people of a cluster have sent.
func (o *Office) invitations() invited.Invitations {
	return invited.Invitations{DB: o.db, Now: o.now, Site: o.gateway.Site()}
}

// peopleOf is the page of the people of the cluster that an address names.
func (o *Office) peopleOf(c echo.Context) (string, error) {
	_, err := member.ClusterFor(c.Request().Context(), o.db, c.Param("slug"), visitor(c).ID)
	return peoplePath, err
}

func (o *Office) toPeople(c echo.Context) error {
	people, err := o.peopleOf(c)
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, people)
}
