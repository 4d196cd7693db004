package main

import (
	"context"
	"fmt"
	"log/slog"

	"kopiyka/internal/clock"
	"kopiyka/internal/member"
)

type resetFactorCommand struct {
	settings
	Email string `arg:"" help:"With which the person signs in."`
	Shown string `required:"" help:"How the person has shown who they are, such as 'passport No. …, in a video call with the head of the cluster'. It is written down in the audit."`
}

// Run takes a person's second factors away, for somebody who has lost the phone and the
// recovery codes and has shown in another way who they are. It is recorded, and the person
// is told by letter.
func (c *resetFactorCommand) Run(ctx context.Context, log *slog.Logger) error {
	db, done, err := openMigrated(ctx, c.Config, log)
	if err != nil {
		return err
	}
	defer done()
	person, err := member.PersonByEmail(ctx, db, c.Email)
	if err != nil {
		return fmt.Errorf("find %s: %w", c.Email, err)
	}
	if err := member.ResetFactors(ctx, db, clock.System, person, c.Shown); err != nil {
		return spoken(err)
	}
	fmt.Println(c.Email, "has no second factor any more, and is signed out everywhere")
	return nil
}
