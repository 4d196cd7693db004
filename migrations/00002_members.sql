-- +goose Up
CREATE TABLE clusters (
    id         uuid PRIMARY KEY,
    slug       text NOT NULL CONSTRAINT clusters_slug_once UNIQUE CONSTRAINT clusters_slug_form CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    name_uk    text NOT NULL,
    name_en    text NOT NULL,
    about_uk   text NOT NULL DEFAULT '',
    about_en   text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE clusters IS 'A cluster is an association of companies that runs campaigns.';

CREATE TABLE companies (
    id         uuid PRIMARY KEY,
    slug       text NOT NULL CONSTRAINT companies_slug_once UNIQUE CONSTRAINT companies_slug_form CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    name_uk    text NOT NULL,
    name_en    text NOT NULL,
    about_uk   text NOT NULL DEFAULT '',
    about_en   text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL
);

CREATE TABLE memberships (
    company_id uuid NOT NULL REFERENCES companies,
    cluster_id uuid NOT NULL REFERENCES clusters,
    kind       text NOT NULL CONSTRAINT memberships_kind CHECK (kind IN ('member', 'educational-partner', 'business-partner', 'donor-programme')),
    since      date NOT NULL,
    until      date CONSTRAINT memberships_order CHECK (until > since),
    PRIMARY KEY (company_id, cluster_id, since)
);
CREATE INDEX memberships_cluster ON memberships (cluster_id, company_id);
COMMENT ON COLUMN memberships.until IS 'The first day on which the company is no longer a member; empty while it is one.';

CREATE TABLE people (
    id            uuid PRIMARY KEY,
    email         text NOT NULL CONSTRAINT people_email_once UNIQUE CONSTRAINT people_email_lower CHECK (email = lower(email) AND length(email) <= 254),
    name          text NOT NULL,
    password_hash text,
    created_at    timestamptz NOT NULL
);
COMMENT ON COLUMN people.password_hash IS 'Argon2id in PHC form. Empty: this person cannot sign in.';

CREATE TABLE company_roles (
    person_id  uuid NOT NULL REFERENCES people,
    company_id uuid NOT NULL REFERENCES companies,
    role       text NOT NULL CONSTRAINT company_roles_role CHECK (role IN ('owner', 'payer', 'viewer')),
    PRIMARY KEY (person_id, company_id)
);
CREATE INDEX company_roles_company ON company_roles (company_id);

CREATE TABLE cluster_roles (
    person_id  uuid NOT NULL REFERENCES people,
    cluster_id uuid NOT NULL REFERENCES clusters,
    role       text NOT NULL CONSTRAINT cluster_roles_role CHECK (role IN ('coordinator', 'approver', 'treasurer', 'auditor', 'admin')),
    PRIMARY KEY (person_id, cluster_id, role)
);

CREATE TABLE sessions (
    token  text PRIMARY KEY,
    data   bytea NOT NULL,
    expiry timestamptz NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expiry);
COMMENT ON COLUMN sessions.token IS 'SHA-256 of the cookie: whoever reads this table cannot sign in with it.';

CREATE TABLE sign_in_failures (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject   text NOT NULL,
    failed_at timestamptz NOT NULL
);
CREATE INDEX sign_in_failures_subject ON sign_in_failures (subject, failed_at);
COMMENT ON COLUMN sign_in_failures.subject IS 'What is counted: email:<hash of the address> or ip:<address>.';

GRANT SELECT, INSERT, UPDATE ON clusters, companies, memberships, people, company_roles, cluster_roles TO kopiyka_app;
GRANT DELETE ON company_roles, cluster_roles TO kopiyka_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions, sign_in_failures TO kopiyka_app;
