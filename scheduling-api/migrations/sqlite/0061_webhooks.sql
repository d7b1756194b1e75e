-- Where clinics' own programs are told of events.
CREATE TABLE webhook_endpoint (
    id            TEXT PRIMARY KEY,
    rev           INTEGER NOT NULL,
    clinic_id     TEXT NOT NULL REFERENCES clinic (id),
    url           TEXT NOT NULL,
    description   TEXT NOT NULL,
    -- Beginnings of topics, as JSON.
    topics        TEXT NOT NULL,
    active        INTEGER NOT NULL,
    -- The key that signs, and the one before it until then; both sealed under a key of the endpoint's own.
    wrapped_by    TEXT NOT NULL,
    wrapped       BLOB NOT NULL,
    secret        BLOB NOT NULL,
    old_secret    BLOB,
    old_until_ms  INTEGER,
    created_ms    INTEGER NOT NULL,
    ended_ms      INTEGER,
    CHECK ((old_secret IS NULL) = (old_until_ms IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_endpoint_of_clinic ON webhook_endpoint (clinic_id, id) WHERE ended_ms IS NULL;
