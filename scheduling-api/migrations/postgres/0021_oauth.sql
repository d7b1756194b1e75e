-- The authorization server: clients, what they were granted, the keys that sign; and clinics' API keys.

CREATE TABLE oauth_client (
    id            TEXT COLLATE "C" PRIMARY KEY,
    rev           BIGINT NOT NULL,
    clinic_id     TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    name          TEXT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('public', 'confidential')),
    secret_hash   TEXT COLLATE "C",
    redirect_uris TEXT NOT NULL,
    scopes        TEXT NOT NULL,
    trusted       BIGINT NOT NULL,
    disabled      BIGINT NOT NULL,
    created_ms    BIGINT NOT NULL,
    CHECK ((secret_hash IS NOT NULL) = (kind = 'confidential'))
);

CREATE INDEX oauth_client_of_clinic ON oauth_client (clinic_id, id);

CREATE TABLE oauth_grant (
    id           TEXT COLLATE "C" PRIMARY KEY,
    clinic_id    TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    client_id    TEXT COLLATE "C" NOT NULL REFERENCES oauth_client (id),
    -- None when the client acts for itself.
    user_id      TEXT COLLATE "C" REFERENCES account (id),
    scopes       TEXT NOT NULL,
    factors      TEXT NOT NULL,
    authenticated_ms BIGINT NOT NULL,
    granted_ms   BIGINT NOT NULL,
    refreshed_ms BIGINT NOT NULL,
    generation   BIGINT NOT NULL,
    revoked_ms   BIGINT
);

CREATE INDEX oauth_grant_of_user ON oauth_grant (user_id, client_id) WHERE revoked_ms IS NULL;
CREATE INDEX oauth_grant_of_client ON oauth_grant (client_id) WHERE revoked_ms IS NULL;

CREATE TABLE oauth_code (
    hash         TEXT COLLATE "C" PRIMARY KEY,
    grant_id     TEXT COLLATE "C" NOT NULL REFERENCES oauth_grant (id),
    client_id    TEXT COLLATE "C" NOT NULL REFERENCES oauth_client (id),
    redirect_uri TEXT NOT NULL,
    challenge    TEXT NOT NULL,
    nonce        TEXT,
    issued_ms    BIGINT NOT NULL,
    redeemed_ms  BIGINT
);

CREATE INDEX oauth_code_age ON oauth_code (issued_ms);

-- Every refresh token of a grant, so that an old one is recognised when it comes back.
CREATE TABLE oauth_refresh (
    hash       TEXT COLLATE "C" PRIMARY KEY,
    grant_id   TEXT COLLATE "C" NOT NULL REFERENCES oauth_grant (id),
    generation BIGINT NOT NULL
);

CREATE INDEX oauth_refresh_of_grant ON oauth_refresh (grant_id, generation);

CREATE TABLE signing_key (
    kid        TEXT COLLATE "C" PRIMARY KEY,
    public_key TEXT NOT NULL,
    wrapped_by TEXT NOT NULL,
    wrapped    BYTEA NOT NULL,
    sealed     BYTEA NOT NULL,
    created_ms BIGINT NOT NULL,
    -- No longer signs; its tokens are verified until they have expired.
    retired_ms BIGINT
);

CREATE TABLE api_key (
    id          TEXT COLLATE "C" PRIMARY KEY,
    clinic_id   TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    name        TEXT NOT NULL,
    secret_hash TEXT COLLATE "C" NOT NULL UNIQUE,
    scopes      TEXT NOT NULL,
    created_by  TEXT COLLATE "C",
    created_ms  BIGINT NOT NULL,
    used_ms     BIGINT,
    expires_ms  BIGINT,
    revoked_ms  BIGINT
);

CREATE INDEX api_key_of_clinic ON api_key (clinic_id, id);

ALTER TABLE oauth_client ENABLE ROW LEVEL SECURITY;
ALTER TABLE oauth_client FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON oauth_client USING (in_scope(clinic_id));
ALTER TABLE oauth_grant ENABLE ROW LEVEL SECURITY;
ALTER TABLE oauth_grant FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON oauth_grant USING (in_scope(clinic_id));
ALTER TABLE api_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_key FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON api_key USING (in_scope(clinic_id));
