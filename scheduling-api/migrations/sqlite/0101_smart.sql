-- SMART App Launch: the patient that a grant is about, and the keys of programs that prove themselves by signed assertions.

ALTER TABLE oauth_grant ADD COLUMN patient_id TEXT;

-- A JWK Set (RFC 7517) of public keys.
ALTER TABLE oauth_client ADD COLUMN jwks TEXT;

-- Assertions that were taken: each is good once. Gone when they have expired.
CREATE TABLE client_assertion (
    hash       TEXT PRIMARY KEY,
    client_id  TEXT NOT NULL REFERENCES oauth_client (id),
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX client_assertion_age ON client_assertion (expires_ms);
