-- The authorization server: clients, what they were granted, the keys that sign; and clinics' API keys.

CREATE TABLE oauth_client (
    id            TEXT PRIMARY KEY,
    rev           INTEGER NOT NULL,
    clinic_id     TEXT NOT NULL REFERENCES clinic (id),
    name          TEXT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('public', 'confidential')),
    secret_hash   TEXT,
    redirect_uris TEXT NOT NULL,
    scopes        TEXT NOT NULL,
    trusted       INTEGER NOT NULL,
    disabled      INTEGER NOT NULL,
    created_ms    INTEGER NOT NULL,
    CHECK ((secret_hash IS NOT NULL) = (kind = 'confidential'))
) STRICT, WITHOUT ROWID;

CREATE INDEX oauth_client_of_clinic ON oauth_client (clinic_id, id);

CREATE TABLE oauth_grant (
    id           TEXT PRIMARY KEY,
    clinic_id    TEXT NOT NULL REFERENCES clinic (id),
    client_id    TEXT NOT NULL REFERENCES oauth_client (id),
    -- None when the client acts for itself.
    user_id      TEXT REFERENCES account (id),
    scopes       TEXT NOT NULL,
    factors      TEXT NOT NULL,
    authenticated_ms INTEGER NOT NULL,
    granted_ms   INTEGER NOT NULL,
    refreshed_ms INTEGER NOT NULL,
    generation   INTEGER NOT NULL,
    revoked_ms   INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX oauth_grant_of_user ON oauth_grant (user_id, client_id) WHERE revoked_ms IS NULL;
CREATE INDEX oauth_grant_of_client ON oauth_grant (client_id) WHERE revoked_ms IS NULL;

CREATE TABLE oauth_code (
    hash         TEXT PRIMARY KEY,
    grant_id     TEXT NOT NULL REFERENCES oauth_grant (id),
    client_id    TEXT NOT NULL REFERENCES oauth_client (id),
    redirect_uri TEXT NOT NULL,
    challenge    TEXT NOT NULL,
    nonce        TEXT,
    issued_ms    INTEGER NOT NULL,
    redeemed_ms  INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX oauth_code_age ON oauth_code (issued_ms);

-- Every refresh token of a grant, so that an old one is recognised when it comes back.
CREATE TABLE oauth_refresh (
    hash       TEXT PRIMARY KEY,
    grant_id   TEXT NOT NULL REFERENCES oauth_grant (id),
    generation INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX oauth_refresh_of_grant ON oauth_refresh (grant_id, generation);

CREATE TABLE signing_key (
    kid        TEXT PRIMARY KEY,
    public_key TEXT NOT NULL,
    wrapped_by TEXT NOT NULL,
    wrapped    BLOB NOT NULL,
    sealed     BLOB NOT NULL,
    created_ms INTEGER NOT NULL,
    -- No longer signs; its tokens are verified until they have expired.
    retired_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key (
    id          TEXT PRIMARY KEY,
    clinic_id   TEXT NOT NULL REFERENCES clinic (id),
    name        TEXT NOT NULL,
    secret_hash TEXT NOT NULL UNIQUE,
    scopes      TEXT NOT NULL,
    created_by  TEXT,
    created_ms  INTEGER NOT NULL,
    used_ms     INTEGER,
    expires_ms  INTEGER,
    revoked_ms  INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX api_key_of_clinic ON api_key (clinic_id, id);
