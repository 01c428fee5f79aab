-- What a team has stored stands in its row, so that one look finds both, and whoever locks a team reads what it has.
-- By provider: {"oura": {"default": 120, "overrides": {"sleep": 180}, "updated_at_us": …}, …}; nothing where nothing
-- is stored.
ALTER TABLE team
    ADD COLUMN production_preferences text,
    ADD COLUMN sandbox_preferences text,
    -- Room for the next version of a row beside it, so that a change touches no index.
    SET (fillfactor = 80);

WITH kept AS (
    SELECT team_id,
        json_object_agg(provider, kept) FILTER (WHERE environment = 'production') AS production,
        json_object_agg(provider, kept) FILTER (WHERE environment = 'sandbox') AS sandbox
    FROM preference, json_build_object('default', default_days, 'overrides', coalesce(overrides, '{}')::json,
        'updated_at_us', updated_at_us) AS kept
    GROUP BY team_id)
UPDATE team SET production_preferences = kept.production, sandbox_preferences = kept.sandbox
FROM kept WHERE kept.team_id = team.id;

DROP TABLE preference;
