-- Roles and bindings of management keys, ids of integrations, OAuth applications of teams, the audit log, and the
-- tokens that make a creation happen once. Keys from before may do everything in their organisation, and were made on
-- the command line.

ALTER TABLE team ADD COLUMN integration_team_id text;

CREATE UNIQUE INDEX team_by_integration_id ON team (org_id, integration_team_id)
    WHERE integration_team_id IS NOT NULL;

ALTER TABLE management_key
    ADD COLUMN role text NOT NULL DEFAULT 'org_admin' CHECK (role IN ('org_admin', 'team_admin')),
    -- Another key, or nothing for the command line. That key may be gone by now.
    ADD COLUMN creator uuid,
    ADD COLUMN expires_at_us bigint,
    ADD COLUMN last_used_at_us bigint;

CREATE TABLE management_key_binding (
    key_id  uuid NOT NULL REFERENCES management_key (id) ON DELETE CASCADE,
    team_id uuid NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    PRIMARY KEY (key_id, team_id)
);

CREATE INDEX management_key_binding_by_team ON management_key_binding (team_id, key_id);

CREATE TABLE credential (
    id                       uuid   NOT NULL PRIMARY KEY,
    team_id                  uuid   NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    environment              text   NOT NULL CHECK (environment IN ('production', 'sandbox')),
    provider                 text   NOT NULL,
    -- As the team's, which never change; for the pages of an organisation's applications.
    org_id                   uuid   NOT NULL,
    region                   text   NOT NULL,
    client_id                text,
    client_secret_hash       text,
    details_hash             text,
    -- What is sealed: under which master key, with which nonce, and what came out.
    client_secret_key_id     text,
    client_secret_nonce      bytea  CHECK (length(client_secret_nonce) = 12),
    client_secret_ciphertext bytea,
    details_key_id           text,
    details_nonce            bytea  CHECK (length(details_nonce) = 12),
    details_ciphertext       bytea,
    redirect_url_override    text,
    -- {"windows": […], "user_windows": […]}, or nothing where it is as in the catalog.
    quota                    text,
    created_at_us            bigint NOT NULL,
    updated_at_us            bigint NOT NULL,
    UNIQUE (team_id, environment, provider)
);

CREATE INDEX credential_by_scope ON credential (org_id, region, environment, id);

-- Ids sort by the time of the change, and tell it. No reference to the organisation: every entry would have to lock
-- its row, where all writers meet. Whoever deletes an organisation deletes its entries.
CREATE TABLE audit_entry (
    org_id          uuid NOT NULL,
    id              uuid NOT NULL,
    -- That team may be gone by now.
    team_id         uuid,
    -- A management key, or nothing for the command line.
    actor           uuid,
    action          text NOT NULL,
    before          text,
    after           text,
    acknowledgement text,
    PRIMARY KEY (org_id, id)
);

CREATE INDEX audit_entry_by_team ON audit_entry (org_id, team_id, id);

-- No reference to the organisation either.
CREATE TABLE once (
    key_id      uuid   NOT NULL,
    -- In the order of its bytes, which is the order that tokens are told in.
    token       text   NOT NULL COLLATE "C",
    org_id      uuid   NOT NULL,
    fingerprint bytea  NOT NULL CHECK (length(fingerprint) = 32),
    at_us       bigint NOT NULL,
    -- What was created: its id, and as JSON what tells it, where that can be told again. Nothing yet where the
    -- creation is under way.
    id          uuid,
    created     text,
    PRIMARY KEY (key_id, token)
);

CREATE INDEX once_by_org ON once (org_id);
CREATE INDEX once_by_time ON once (at_us);
