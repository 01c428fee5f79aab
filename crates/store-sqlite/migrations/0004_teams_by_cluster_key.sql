-- Rows stood under their ids, and where there is no row id, SQLite keeps whole rows above the leaves too: of a million
-- teams five levels, most of them in no cache when a team is read. Under a number, what stands above the leaves is numbers
-- alone, which is small enough to stay at hand. What refers to a team goes by its id, as before.
CREATE TABLE clustered_team (
    -- Made of the id so that teams stand in the order of their ids, see `ClusterKey`; where another team has it
    -- already, any number that is free.
    cluster_key            INTEGER NOT NULL PRIMARY KEY,
    id                     BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    org_id                 BLOB    NOT NULL REFERENCES org (id) ON DELETE CASCADE,
    region                 TEXT    NOT NULL CHECK (region IN ('us', 'eu')),
    production_preferences TEXT,
    sandbox_preferences    TEXT,
    name                   TEXT    NOT NULL,
    integration_team_id    TEXT,
    created_at_us          INTEGER NOT NULL
) STRICT;

-- Who comes second to a number is passed over, and gets one when all others have theirs.
INSERT OR IGNORE INTO clustered_team
    SELECT cluster_key(id), id, org_id, region, production_preferences, sandbox_preferences, name, integration_team_id,
        created_at_us
    FROM team ORDER BY id;
INSERT INTO clustered_team
    SELECT NULL, id, org_id, region, production_preferences, sandbox_preferences, name, integration_team_id, created_at_us
    FROM team WHERE id NOT IN (SELECT id FROM clustered_team) ORDER BY id;

-- Nothing cascades: the step runs without foreign keys, and they are checked at its end.
DROP TABLE team;
ALTER TABLE clustered_team RENAME TO team;

CREATE UNIQUE INDEX team_by_integration_id ON team (org_id, integration_team_id)
    WHERE integration_team_id IS NOT NULL;
-- For the pages of an organisation's teams: of all regions, and of one.
CREATE INDEX team_by_org ON team (org_id, id);
CREATE INDEX team_by_org_and_region ON team (org_id, region, id);
