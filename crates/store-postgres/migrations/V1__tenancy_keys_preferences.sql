-- Times are microseconds since 1970 in UTC, and names of a closed set stand as they do on the wire. Providers and
-- resources are not checked here, since a later version adds some. Texts are compared by their bytes.

CREATE TABLE org (
    id            uuid   NOT NULL PRIMARY KEY,
    name          text   NOT NULL,
    created_at_us bigint NOT NULL
);

CREATE TABLE team (
    id            uuid   NOT NULL PRIMARY KEY,
    org_id        uuid   NOT NULL REFERENCES org (id) ON DELETE CASCADE,
    name          text   NOT NULL,
    region        text   NOT NULL CHECK (region IN ('us', 'eu')),
    created_at_us bigint NOT NULL
);

-- For the pages of an organisation's teams: of all regions, and of one.
CREATE INDEX team_by_org ON team (org_id, id);
CREATE INDEX team_by_org_and_region ON team (org_id, region, id);

CREATE TABLE management_key (
    id            uuid   NOT NULL PRIMARY KEY,
    org_id        uuid   NOT NULL REFERENCES org (id) ON DELETE CASCADE,
    label         text   NOT NULL,
    digest        bytea  NOT NULL UNIQUE CHECK (length(digest) = 32),
    created_at_us bigint NOT NULL
);

CREATE INDEX management_key_by_org ON management_key (org_id, id);

CREATE TABLE preference (
    team_id       uuid     NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    environment   text     NOT NULL CHECK (environment IN ('production', 'sandbox')),
    provider      text     NOT NULL,
    default_days  smallint NOT NULL CHECK (default_days BETWEEN 0 AND 365),
    -- {"resource": days, …}, or nothing where no resource is overridden.
    overrides     text,
    -- For whoever looks into the database; no operation reads it.
    updated_at_us bigint   NOT NULL,
    PRIMARY KEY (team_id, environment, provider)
)
-- Room for the next version of a row beside it, so that a change touches no index.
WITH (fillfactor = 80);
