-- What every part of the program stands on: clinics, history, audit, outbox, idempotency, data keys.
-- Ids are text, instants milliseconds since 1970, booleans 0 and 1, structures JSON text.

CREATE TABLE clinic (
    id        TEXT PRIMARY KEY,
    rev       INTEGER NOT NULL,
    name      TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    phone     TEXT
) STRICT, WITHOUT ROWID;

-- Every state that an aggregate ever had.
CREATE TABLE revision (
    kind         TEXT NOT NULL,
    aggregate_id TEXT NOT NULL,
    rev          INTEGER NOT NULL,
    clinic_id    TEXT REFERENCES clinic (id),
    at_ms        INTEGER NOT NULL,
    user_id      TEXT,
    act          TEXT NOT NULL,
    body         TEXT NOT NULL,
    PRIMARY KEY (aggregate_id, rev)
) STRICT, WITHOUT ROWID;

-- The end of each audit chain: a clinic's id, or 'platform'.
CREATE TABLE audit_head (
    chain TEXT PRIMARY KEY,
    seq   INTEGER NOT NULL,
    hash  BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_event (
    chain      TEXT NOT NULL,
    seq        INTEGER NOT NULL,
    hash       BLOB NOT NULL,
    at_ms      INTEGER NOT NULL,
    act        TEXT NOT NULL,
    outcome    TEXT NOT NULL CHECK (outcome IN ('done', 'refused')),
    user_id    TEXT,
    role       TEXT NOT NULL,
    request_id TEXT NOT NULL,
    kind       TEXT NOT NULL,
    subject_id TEXT,
    patient_id TEXT,
    detail     TEXT NOT NULL,
    PRIMARY KEY (chain, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_event_patient ON audit_event (patient_id, at_ms) WHERE patient_id IS NOT NULL;
CREATE INDEX audit_event_user ON audit_event (user_id, at_ms) WHERE user_id IS NOT NULL;

CREATE TRIGGER audit_event_is_never_changed BEFORE UPDATE ON audit_event
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TRIGGER audit_event_is_never_deleted BEFORE DELETE ON audit_event
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TABLE outbox (
    id             TEXT PRIMARY KEY,
    clinic_id      TEXT REFERENCES clinic (id),
    topic          TEXT NOT NULL,
    aggregate_id   TEXT NOT NULL,
    aggregate_rev  INTEGER NOT NULL,
    payload        TEXT NOT NULL,
    dedupe_key     TEXT NOT NULL UNIQUE,
    created_ms     INTEGER NOT NULL,
    not_before_ms  INTEGER NOT NULL,
    attempts       INTEGER NOT NULL DEFAULT 0,
    lease_until_ms INTEGER,
    leased_by      TEXT,
    done_ms        INTEGER,
    last_error     TEXT,
    dead           INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_due ON outbox (not_before_ms, id) WHERE done_ms IS NULL AND dead = 0;

CREATE TABLE idempotency_key (
    owner        TEXT NOT NULL,
    key          TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    outcome      TEXT NOT NULL,
    expires_ms   INTEGER NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_key_expiry ON idempotency_key (expires_ms);

-- A patient's data key, sealed by a key of the key file. Destroyed, everything sealed with it is gone.
CREATE TABLE data_key (
    patient_id   TEXT PRIMARY KEY,
    clinic_id    TEXT NOT NULL REFERENCES clinic (id),
    wrapped_by   TEXT NOT NULL,
    wrapped      BLOB,
    destroyed_ms INTEGER,
    CHECK ((wrapped IS NULL) = (destroyed_ms IS NOT NULL))
) STRICT, WITHOUT ROWID;
