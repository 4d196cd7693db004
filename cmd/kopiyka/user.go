package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/member"
)

type userCommand struct {
	Create userCreateCommand `cmd:"" help:"Invite somebody and print the link. It works once, within a week; there is no default password."`
	Erase  userEraseCommand  `cmd:"" help:"Erase somebody's name, address and sign-in. What they did stays, under a number."`
}

type userCreateCommand struct {
	settings
	Email   string `required:"" help:"Whose address it is. A letter with the link goes there too, once a mail server is set."`
	Name    string `help:"First and last name."`
	Cluster string `xor:"place" required:"" help:"Slug of the cluster to act for."`
	Company string `xor:"place" required:"" help:"Slug of the company to act for."`
	Role    string `help:"admin, coordinator, approver, treasurer or auditor of a cluster; owner, payer or viewer of a company. Default: admin or owner."`
	Lang    string `enum:"uk,en" default:"uk" help:"Language of the letter: uk or en."`
}

// Run invites the person. A second call sends a new link, and the former one is over.
func (c *userCreateCommand) Run(ctx context.Context, log *slog.Logger) error {
	c.Complete()
	db, done, err := openMigrated(ctx, c.Config, log)
	if err != nil {
		return err
	}
	defer done()
	return spoken(c.invite(ctx, db, os.Stdout))
}

func (c *userCreateCommand) invite(ctx context.Context, db *sqlx.DB, out io.Writer) error {
	invite := member.Invite{Role: c.Role, Email: c.Email, Name: c.Name, Lang: c.Lang}
	if c.Cluster != "" {
		cluster, err := member.ClusterBySlug(ctx, db, c.Cluster)
		if err != nil {
			return err
		}
		invite.ClusterID = cluster.ID
		if invite.Role == "" {
			invite.Role = string(member.Admin)
		}
	} else {
		company, err := member.CompanyBySlug(ctx, db, c.Company)
		if err != nil {
			return err
		}
		invite.CompanyID = company.ID
		if invite.Role == "" {
			invite.Role = string(member.Owner)
		}
	}
	link, err := invite.Appoint(ctx, db, clock.System, c.URL)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, link)
	return err
}
