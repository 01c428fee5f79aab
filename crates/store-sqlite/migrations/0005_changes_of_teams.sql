-- How often rows of teams were changed, for a server that keeps some in memory: where the number is not the one it knows,
-- somebody else has changed one. The server turns triggers off for its own changes, which it knows of; whatever else
-- writes to the file counts. A step that replaces the table of teams has to make them anew, and to count.
CREATE TABLE team_changes (
    one   INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    count INTEGER NOT NULL
) STRICT;
INSERT INTO team_changes VALUES (1, 0);

CREATE TRIGGER team_inserted AFTER INSERT ON team BEGIN
    UPDATE team_changes SET count = count + 1 WHERE one = 1;
END;
CREATE TRIGGER team_updated AFTER UPDATE ON team BEGIN
    UPDATE team_changes SET count = count + 1 WHERE one = 1;
END;
CREATE TRIGGER team_deleted AFTER DELETE ON team BEGIN
    UPDATE team_changes SET count = count + 1 WHERE one = 1;
END;
