-- Roles and bindings of management keys, ids of integrations, OAuth applications of teams, the audit log, and the
-- tokens that make a creation happen once. Keys from before may do everything in their organisation, and were made on
-- the command line.

ALTER TABLE team ADD COLUMN integration_team_id TEXT;

CREATE UNIQUE INDEX team_by_integration_id ON team (org_id, integration_team_id)
    WHERE integration_team_id IS NOT NULL;

ALTER TABLE management_key ADD COLUMN role TEXT NOT NULL DEFAULT 'org_admin'
    CHECK (role IN ('org_admin', 'team_admin'));
-- Another key, or nothing for the command line. That key may be gone by now.
ALTER TABLE management_key ADD COLUMN creator BLOB CHECK (length(creator) = 16);
ALTER TABLE management_key ADD COLUMN expires_at_us INTEGER;
ALTER TABLE management_key ADD COLUMN last_used_at_us INTEGER;

CREATE TABLE management_key_binding (
    key_id  BLOB NOT NULL REFERENCES management_key (id) ON DELETE CASCADE,
    team_id BLOB NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    PRIMARY KEY (key_id, team_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX management_key_binding_by_team ON management_key_binding (team_id, key_id);

CREATE TABLE credential (
    id                       BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    team_id                  BLOB    NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    environment              TEXT    NOT NULL CHECK (environment IN ('production', 'sandbox')),
    provider                 TEXT    NOT NULL,
    -- As the team's, which never change; for the pages of an organisation's applications.
    org_id                   BLOB    NOT NULL,
    region                   TEXT    NOT NULL,
    client_id                TEXT,
    client_secret_hash       TEXT,
    details_hash             TEXT,
    -- What is sealed: under which master key, with which nonce, and what came out.
    client_secret_key_id     TEXT,
    client_secret_nonce      BLOB    CHECK (length(client_secret_nonce) = 12),
    client_secret_ciphertext BLOB,
    details_key_id           TEXT,
    details_nonce            BLOB    CHECK (length(details_nonce) = 12),
    details_ciphertext       BLOB,
    redirect_url_override    TEXT,
    -- {"windows": […], "user_windows": […]}, or nothing where it is as in the catalog.
    quota                    TEXT,
    created_at_us            INTEGER NOT NULL,
    updated_at_us            INTEGER NOT NULL,
    PRIMARY KEY (team_id, environment, provider)
) STRICT, WITHOUT ROWID;

CREATE INDEX credential_by_scope ON credential (org_id, region, environment, id);

-- Ids sort by the time of the change, and tell it.
CREATE TABLE audit_entry (
    org_id          BLOB NOT NULL REFERENCES org (id) ON DELETE CASCADE,
    id              BLOB NOT NULL CHECK (length(id) = 16),
    -- That team may be gone by now.
    team_id         BLOB CHECK (length(team_id) = 16),
    -- A management key, or nothing for the command line.
    actor           BLOB CHECK (length(actor) = 16),
    action          TEXT NOT NULL,
    before          TEXT,
    after           TEXT,
    acknowledgement TEXT,
    PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_entry_by_team ON audit_entry (org_id, team_id, id);

CREATE TABLE once (
    key_id      BLOB    NOT NULL CHECK (length(key_id) = 16),
    token       TEXT    NOT NULL,
    org_id      BLOB    NOT NULL REFERENCES org (id) ON DELETE CASCADE,
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    at_us       INTEGER NOT NULL,
    -- What was created: its id, and as JSON what tells it, where that can be told again.
    id          BLOB    NOT NULL CHECK (length(id) = 16),
    created     TEXT,
    PRIMARY KEY (key_id, token)
) STRICT, WITHOUT ROWID;

CREATE INDEX once_by_org ON once (org_id);
CREATE INDEX once_by_time ON once (at_us);
