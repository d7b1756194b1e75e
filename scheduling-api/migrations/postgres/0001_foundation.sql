-- What every part of the program stands on: clinics, history, audit, outbox, idempotency, data keys.
-- Ids are text, instants milliseconds since 1970, booleans 0 and 1, structures JSON text.

CREATE TABLE clinic (
    id        TEXT COLLATE "C" PRIMARY KEY,
    rev       BIGINT NOT NULL,
    name      TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    phone     TEXT
);

-- Every state that an aggregate ever had.
CREATE TABLE revision (
    kind         TEXT NOT NULL,
    aggregate_id TEXT COLLATE "C" NOT NULL,
    rev          BIGINT NOT NULL,
    clinic_id    TEXT COLLATE "C" REFERENCES clinic (id),
    at_ms        BIGINT NOT NULL,
    user_id      TEXT COLLATE "C",
    act          TEXT NOT NULL,
    body         TEXT NOT NULL,
    PRIMARY KEY (aggregate_id, rev)
);

-- The end of each audit chain: a clinic's id, or 'platform'.
CREATE TABLE audit_head (
    chain TEXT COLLATE "C" PRIMARY KEY,
    seq   BIGINT NOT NULL,
    hash  BYTEA NOT NULL
);

CREATE TABLE audit_event (
    chain      TEXT COLLATE "C" NOT NULL,
    seq        BIGINT NOT NULL,
    hash       BYTEA NOT NULL,
    at_ms      BIGINT NOT NULL,
    act        TEXT NOT NULL,
    outcome    TEXT NOT NULL CHECK (outcome IN ('done', 'refused')),
    user_id    TEXT COLLATE "C",
    role       TEXT NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    kind       TEXT NOT NULL,
    subject_id TEXT COLLATE "C",
    patient_id TEXT COLLATE "C",
    detail     TEXT NOT NULL,
    PRIMARY KEY (chain, seq)
);

CREATE INDEX audit_event_patient ON audit_event (patient_id, at_ms) WHERE patient_id IS NOT NULL;
CREATE INDEX audit_event_user ON audit_event (user_id, at_ms) WHERE user_id IS NOT NULL;

CREATE FUNCTION refuse_to_change_the_audit_log() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;

CREATE TRIGGER audit_event_is_never_changed BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_the_audit_log();

CREATE TRIGGER audit_event_is_never_emptied BEFORE TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit_log();

CREATE TABLE outbox (
    id             TEXT COLLATE "C" PRIMARY KEY,
    clinic_id      TEXT COLLATE "C" REFERENCES clinic (id),
    topic          TEXT NOT NULL,
    aggregate_id   TEXT COLLATE "C" NOT NULL,
    aggregate_rev  BIGINT NOT NULL,
    payload        TEXT NOT NULL,
    dedupe_key     TEXT COLLATE "C" NOT NULL UNIQUE,
    created_ms     BIGINT NOT NULL,
    not_before_ms  BIGINT NOT NULL,
    attempts       BIGINT NOT NULL DEFAULT 0,
    lease_until_ms BIGINT,
    leased_by      TEXT,
    done_ms        BIGINT,
    last_error     TEXT,
    dead           BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX outbox_due ON outbox (not_before_ms, id) WHERE done_ms IS NULL AND dead = 0;

CREATE TABLE idempotency_key (
    owner        TEXT COLLATE "C" NOT NULL,
    key          TEXT COLLATE "C" NOT NULL,
    request_hash BYTEA NOT NULL,
    outcome      TEXT NOT NULL,
    expires_ms   BIGINT NOT NULL,
    PRIMARY KEY (owner, key)
);

CREATE INDEX idempotency_key_expiry ON idempotency_key (expires_ms);

-- A patient's data key, sealed by a key of the key file. Destroyed, everything sealed with it is gone.
CREATE TABLE data_key (
    patient_id   TEXT COLLATE "C" PRIMARY KEY,
    clinic_id    TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    wrapped_by   TEXT NOT NULL,
    wrapped      BYTEA,
    destroyed_ms BIGINT,
    CHECK ((wrapped IS NULL) = (destroyed_ms IS NOT NULL))
);

-- The second wall between clinics: a transaction sees the rows of the clinic that it says it works for, or all of them
-- when it works for the platform ('*'). FORCE: the owner of the tables, which this program is, is not exempt.
CREATE FUNCTION in_scope(clinic_id TEXT) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT current_setting('bedside.clinic', true) IN ('*', clinic_id) $$;

ALTER TABLE revision ENABLE ROW LEVEL SECURITY;
ALTER TABLE revision FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON revision USING (in_scope(clinic_id));
ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON outbox USING (in_scope(clinic_id));
ALTER TABLE data_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE data_key FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON data_key USING (in_scope(clinic_id));
