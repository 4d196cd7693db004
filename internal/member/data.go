package member

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// Kept is all that this room keeps about a person, as the person reads it: who they are,
// what they may do, how and where they sign in, how they were invited, and what they wrote
// when they asked for a company to be taken in. It holds no secret: no hash, no key, no link.
func Kept(ctx context.Context, db *sqlx.DB, person string) (json.RawMessage, error) {
	var kept json.RawMessage
	err := db.GetContext(ctx, &kept, `
		SELECT json_build_object(
		    'id', p.id, 'email', p.email, 'name', p.name, 'language', p.lang, 'since', p.created_at, 'has_password', p.password_hash IS NOT NULL,
		    'companies', (SELECT coalesce(json_agg(json_build_object('company', k.name_uk, 'role', r.role, 'asks_a_second_factor', asks_factor(k.id)) ORDER BY k.name_uk), '[]')
		                    FROM company_roles r JOIN companies k ON k.id = r.company_id WHERE r.person_id = p.id),
		    'clusters', (SELECT coalesce(json_agg(json_build_object('cluster', k.name_uk, 'role', r.role) ORDER BY k.name_uk, r.role), '[]')
		                   FROM cluster_roles r JOIN clusters k ON k.id = r.cluster_id WHERE r.person_id = p.id),
		    'authenticator_since', (SELECT confirmed_at FROM authenticators WHERE person_id = p.id),
		    'recovery_codes', (SELECT coalesce(json_agg(json_build_object('made_at', made_at, 'used_at', used_at) ORDER BY made_at, used_at), '[]') FROM recovery_codes WHERE person_id = p.id),
		    'passkeys', (SELECT coalesce(json_agg(json_build_object('name', name, 'made_at', made_at, 'used_at', used_at) ORDER BY id), '[]') FROM passkeys WHERE person_id = p.id),
		    'other_houses', (SELECT coalesce(json_agg(json_build_object('issuer', issuer, 'known_there_as', subject, 'linked_at', linked_at, 'used_at', used_at) ORDER BY issuer), '[]')
		                       FROM issuer_links WHERE person_id = p.id),
		    'sessions', (SELECT coalesce(json_agg(json_build_object('began_at', began_at, 'seen_at', seen_at, 'browser', agent, 'host', host) ORDER BY id), '[]') FROM person_sessions WHERE person_id = p.id),
		    'password_links', (SELECT coalesce(json_agg(json_build_object('made_at', made_at, 'used_at', used_at) ORDER BY made_at), '[]') FROM magic_links WHERE person_id = p.id),
		    'letters_wished', (SELECT coalesce(json_agg(json_build_object('kind', kind, 'wanted', wanted, 'at', wished_at) ORDER BY id), '[]') FROM letter_wishes WHERE person_id = p.id),
		    'letters_came_back', (SELECT coalesce(json_agg(json_build_object('since', marked_at, 'said', reason, 'until', cleared_at) ORDER BY id), '[]') FROM address_bounces WHERE address = p.email),
		    'invitations', (SELECT coalesce(json_agg(json_build_object('email', i.email, 'name', i.name, 'role', i.role, 'invited_at', i.invited_at, 'ended', e.how) ORDER BY i.id), '[]')
		                      FROM invitations i LEFT JOIN invitation_ends e ON e.invitation_id = i.id WHERE i.email = p.email),
		    'applications', (SELECT coalesce(json_agg(json_build_object('company', a.name_uk, 'name', a.person_name, 'email', a.email, 'message', a.message, 'asked_at', a.asked_at) ORDER BY a.id), '[]')
		                       FROM company_applications a JOIN application_confirmations f ON f.application_id = a.id WHERE a.email = p.email))
		  FROM people p WHERE p.id = $1`, person)
	if err != nil {
		return nil, fmt.Errorf("read what is kept about a person: %w", err)
	}
	return kept, nil
}
