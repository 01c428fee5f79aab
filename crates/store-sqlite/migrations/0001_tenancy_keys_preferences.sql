-- Ids are the 16 bytes of a UUID, times are microseconds since 1970 in UTC, and names of a closed set stand
-- as they do on the wire. Providers and resources are not checked here, since a later version adds some.

-- What tells a store of ours from any other SQLite file: "Lkbk".
PRAGMA application_id = 0x4c6b626b;

CREATE TABLE org (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name          TEXT    NOT NULL,
    created_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE team (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    org_id        BLOB    NOT NULL REFERENCES org (id) ON DELETE CASCADE,
    name          TEXT    NOT NULL,
    region        TEXT    NOT NULL CHECK (region IN ('us', 'eu')),
    created_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- For the pages of an organisation's teams: of all regions, and of one.
CREATE INDEX team_by_org ON team (org_id, id);
CREATE INDEX team_by_org_and_region ON team (org_id, region, id);

CREATE TABLE management_key (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    org_id        BLOB    NOT NULL REFERENCES org (id) ON DELETE CASCADE,
    label         TEXT    NOT NULL,
    digest        BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    created_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX management_key_by_org ON management_key (org_id, id);

CREATE TABLE preference (
    team_id       BLOB    NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    environment   TEXT    NOT NULL CHECK (environment IN ('production', 'sandbox')),
    provider      TEXT    NOT NULL,
    default_days  INTEGER NOT NULL CHECK (default_days BETWEEN 0 AND 365),
    -- {"resource": days, …}, or nothing where no resource is overridden.
    overrides     TEXT,
    -- For whoever looks into the file; no operation reads it.
    updated_at_us INTEGER NOT NULL,
    PRIMARY KEY (team_id, environment, provider)
) STRICT, WITHOUT ROWID;
