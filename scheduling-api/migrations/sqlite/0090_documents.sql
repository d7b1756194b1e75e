-- Documents: their bytes lie sealed in the store of files, one object a part; here stands what they are, sealed with the
-- patient's data key, and who may read them.

CREATE TABLE record_settings (
    clinic_id TEXT PRIMARY KEY REFERENCES clinic (id),
    rev       INTEGER NOT NULL,
    body      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE document (
    id             TEXT PRIMARY KEY,
    clinic_id      TEXT NOT NULL REFERENCES clinic (id),
    patient_id     TEXT NOT NULL REFERENCES patient (id),
    appointment_id TEXT REFERENCES appointment (id),
    created_by     TEXT NOT NULL,
    side           TEXT NOT NULL CHECK (side IN ('patient', 'clinic')),
    rev            INTEGER NOT NULL,
    state          TEXT NOT NULL
        CHECK (state IN ('uploading', 'checking', 'ready', 'refused', 'discarded', 'erased')),
    size           INTEGER NOT NULL CHECK (size > 0),
    -- Name, type and hash, sealed.
    body           BLOB NOT NULL,
    -- The key of its parts, sealed.
    content_key    BLOB NOT NULL,
    scanned        INTEGER,
    refused_for    TEXT,
    finding        TEXT,
    -- Until when a process works on it.
    lease_ms       INTEGER NOT NULL DEFAULT 0,
    -- Whether its bytes are deleted.
    emptied        INTEGER NOT NULL DEFAULT 0,
    created_ms     INTEGER NOT NULL,
    touched_ms     INTEGER NOT NULL,
    CHECK ((state = 'ready') = (scanned IS NOT NULL)),
    CHECK ((state = 'refused') = (refused_for IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX document_of_patient ON document (patient_id, id);
CREATE INDEX document_to_do ON document (state, touched_ms) WHERE state <> 'ready' AND emptied = 0;

-- Which parts are there. The row decides which of two uploads of one part counts.
CREATE TABLE document_part (
    document_id TEXT NOT NULL REFERENCES document (id),
    number      INTEGER NOT NULL,
    clinic_id   TEXT NOT NULL REFERENCES clinic (id),
    -- The object's name in the store.
    object      TEXT NOT NULL,
    PRIMARY KEY (document_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE document_share (
    id              TEXT PRIMARY KEY,
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    patient_id      TEXT NOT NULL REFERENCES patient (id),
    -- None: all of the patient's.
    document_id     TEXT REFERENCES document (id),
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    created_by      TEXT NOT NULL,
    created_ms      INTEGER NOT NULL,
    until_ms        INTEGER NOT NULL,
    revoked_ms      INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX document_share_of_patient ON document_share (patient_id, id);
