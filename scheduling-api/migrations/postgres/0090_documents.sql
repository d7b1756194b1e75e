-- Documents: their bytes lie sealed in the store of files, one object a part; here stands what they are, sealed with the
-- patient's data key, and who may read them.

CREATE TABLE record_settings (
    clinic_id TEXT COLLATE "C" PRIMARY KEY REFERENCES clinic (id),
    rev       BIGINT NOT NULL,
    body      TEXT NOT NULL
);

CREATE TABLE document (
    id             TEXT COLLATE "C" PRIMARY KEY,
    clinic_id      TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    patient_id     TEXT COLLATE "C" NOT NULL REFERENCES patient (id),
    appointment_id TEXT COLLATE "C" REFERENCES appointment (id),
    created_by     TEXT COLLATE "C" NOT NULL,
    side           TEXT COLLATE "C" NOT NULL CHECK (side IN ('patient', 'clinic')),
    rev            BIGINT NOT NULL,
    state          TEXT COLLATE "C" NOT NULL
        CHECK (state IN ('uploading', 'checking', 'ready', 'refused', 'discarded', 'erased')),
    size           BIGINT NOT NULL CHECK (size > 0),
    -- Name, type and hash, sealed.
    body           BYTEA NOT NULL,
    -- The key of its parts, sealed.
    content_key    BYTEA NOT NULL,
    scanned        BIGINT,
    refused_for    TEXT COLLATE "C",
    finding        TEXT,
    -- Until when a process works on it.
    lease_ms       BIGINT NOT NULL DEFAULT 0,
    -- Whether its bytes are deleted.
    emptied        BIGINT NOT NULL DEFAULT 0,
    created_ms     BIGINT NOT NULL,
    touched_ms     BIGINT NOT NULL,
    CHECK ((state = 'ready') = (scanned IS NOT NULL)),
    CHECK ((state = 'refused') = (refused_for IS NOT NULL))
);

CREATE INDEX document_of_patient ON document (patient_id, id);
CREATE INDEX document_to_do ON document (state, touched_ms) WHERE state <> 'ready' AND emptied = 0;

-- Which parts are there. The row decides which of two uploads of one part counts.
CREATE TABLE document_part (
    document_id TEXT COLLATE "C" NOT NULL REFERENCES document (id),
    number      BIGINT NOT NULL,
    clinic_id   TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    -- The object's name in the store.
    object      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (document_id, number)
);

CREATE TABLE document_share (
    id              TEXT COLLATE "C" PRIMARY KEY,
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    patient_id      TEXT COLLATE "C" NOT NULL REFERENCES patient (id),
    -- None: all of the patient's.
    document_id     TEXT COLLATE "C" REFERENCES document (id),
    practitioner_id TEXT COLLATE "C" NOT NULL REFERENCES practitioner (id),
    created_by      TEXT COLLATE "C" NOT NULL,
    created_ms      BIGINT NOT NULL,
    until_ms        BIGINT NOT NULL,
    revoked_ms      BIGINT
);

CREATE INDEX document_share_of_patient ON document_share (patient_id, id);

ALTER TABLE record_settings ENABLE ROW LEVEL SECURITY;
ALTER TABLE record_settings FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON record_settings USING (in_scope(clinic_id));
ALTER TABLE document ENABLE ROW LEVEL SECURITY;
ALTER TABLE document FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON document USING (in_scope(clinic_id));
ALTER TABLE document_part ENABLE ROW LEVEL SECURITY;
ALTER TABLE document_part FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON document_part USING (in_scope(clinic_id));
ALTER TABLE document_share ENABLE ROW LEVEL SECURITY;
ALTER TABLE document_share FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON document_share USING (in_scope(clinic_id));
