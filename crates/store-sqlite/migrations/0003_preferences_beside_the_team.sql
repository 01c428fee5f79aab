-- What a team has stored stands in its row, so that one look finds both, and a change writes one page. By provider:
-- {"oura": {"default": 120, "overrides": {"sleep": 180}, "updated_at_us": …}, …}; nothing where nothing is stored.
ALTER TABLE team ADD COLUMN production_preferences TEXT;
ALTER TABLE team ADD COLUMN sandbox_preferences TEXT;

CREATE TEMP TABLE kept AS
    SELECT team_id, environment, json_group_object(provider, json_object(
        'default', default_days, 'overrides', json(coalesce(overrides, '{}')), 'updated_at_us', updated_at_us)) AS providers
    FROM preference GROUP BY team_id, environment;
CREATE INDEX kept_by_place ON kept (team_id, environment);

UPDATE team SET
    production_preferences = (SELECT providers FROM kept WHERE team_id = team.id AND environment = 'production'),
    sandbox_preferences = (SELECT providers FROM kept WHERE team_id = team.id AND environment = 'sandbox');

DROP TABLE kept;
DROP TABLE preference;

-- For any part of an organisation's log: entries come one after another, so this one grows at its end, where an index
-- by team would have every change write another page.
DROP INDEX audit_entry_by_team;
CREATE INDEX audit_entry_by_org ON audit_entry (org_id, id, team_id, actor, action);
