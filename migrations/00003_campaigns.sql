-- +goose Up
CREATE TABLE programmes (
    id         uuid PRIMARY KEY,
    cluster_id uuid NOT NULL REFERENCES clusters,
    slug       text NOT NULL CONSTRAINT programmes_slug_once UNIQUE CONSTRAINT programmes_slug_form CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    title_uk   text NOT NULL,
    title_en   text NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE programmes IS 'A programme groups campaigns.';

CREATE TABLE campaigns (
    id           uuid PRIMARY KEY,
    cluster_id   uuid NOT NULL REFERENCES clusters,
    programme_id uuid REFERENCES programmes,
    slug         text NOT NULL CONSTRAINT campaigns_slug_once UNIQUE CONSTRAINT campaigns_slug_form CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    title_uk     text NOT NULL,
    title_en     text NOT NULL,
    summary_uk   text NOT NULL,
    summary_en   text NOT NULL,
    story_uk     text NOT NULL,
    story_en     text NOT NULL,
    note_uk      text NOT NULL DEFAULT '',
    note_en      text NOT NULL DEFAULT '',
    goal_minor   bigint NOT NULL CONSTRAINT campaigns_goal_positive CHECK (goal_minor > 0 AND goal_minor <= 100000000000000),
    currency     text NOT NULL CONSTRAINT campaigns_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    state        text NOT NULL CONSTRAINT campaigns_state CHECK (state IN ('draft', 'open', 'closed', 'settled')),
    opens_on     date NOT NULL,
    closes_on    date CONSTRAINT campaigns_dates CHECK (closes_on >= opens_on),
    created_at   timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    CONSTRAINT campaigns_currency_pinned UNIQUE (id, currency)
);
CREATE INDEX campaigns_cluster ON campaigns (cluster_id);
COMMENT ON COLUMN campaigns.story_uk IS 'Markdown. Shown without any HTML of its own.';
COMMENT ON COLUMN campaigns.note_uk IS 'What a reader must know before believing the page, such as that the donors of a demo are invented.';
COMMENT ON CONSTRAINT campaigns_currency_pinned ON campaigns IS 'Target of foreign keys: what belongs to a campaign cannot carry another currency.';

CREATE TABLE purposes (
    id          uuid PRIMARY KEY,
    campaign_id uuid NOT NULL REFERENCES campaigns,
    slug        text NOT NULL CONSTRAINT purposes_slug_form CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    title_uk    text NOT NULL,
    title_en    text NOT NULL,
    about_uk    text NOT NULL DEFAULT '',
    about_en    text NOT NULL DEFAULT '',
    position    int  NOT NULL,
    CONSTRAINT purposes_slug_once UNIQUE (campaign_id, slug),
    CONSTRAINT purposes_of_campaign UNIQUE (id, campaign_id)
);
COMMENT ON TABLE purposes IS 'A purpose is one line of relief within a campaign; money is allocated to it.';

CREATE TABLE needs (
    id           uuid PRIMARY KEY,
    purpose_id   uuid NOT NULL REFERENCES purposes,
    item_uk      text NOT NULL,
    item_en      text NOT NULL,
    quantity     bigint NOT NULL CONSTRAINT needs_quantity_positive CHECK (quantity > 0),
    unit_uk      text NOT NULL,
    unit_en      text NOT NULL,
    recipient_uk text NOT NULL DEFAULT '',
    recipient_en text NOT NULL DEFAULT '',
    position     int  NOT NULL,
    CONSTRAINT needs_of_purpose UNIQUE (id, purpose_id)
);
CREATE INDEX needs_purpose ON needs (purpose_id, position);
COMMENT ON COLUMN needs.recipient_uk IS 'An institution. Households and persons are private and never stand here.';

GRANT SELECT, INSERT, UPDATE ON programmes, campaigns, purposes, needs TO kopiyka_app;
