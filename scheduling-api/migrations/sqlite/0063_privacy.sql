-- What patients ask for about their data: a copy of it, or that it is forgotten.
CREATE TABLE data_request (
    id           TEXT PRIMARY KEY,
    rev          INTEGER NOT NULL,
    clinic_id    TEXT NOT NULL REFERENCES clinic (id),
    patient_id   TEXT NOT NULL REFERENCES patient (id),
    kind         TEXT NOT NULL CHECK (kind IN ('export', 'erasure')),
    state        TEXT NOT NULL CHECK (state IN ('requested', 'approved', 'refused', 'done')),
    requested_by TEXT,
    reviewed_by  TEXT,
    created_ms   INTEGER NOT NULL,
    reviewed_ms  INTEGER,
    done_ms      INTEGER,
    -- The copy, sealed with the patient's key.
    bundle       BLOB
) STRICT, WITHOUT ROWID;

CREATE INDEX data_request_of_clinic ON data_request (clinic_id, id);
CREATE INDEX data_request_approved ON data_request (reviewed_ms) WHERE state = 'approved';
-- One of a kind at a time.
CREATE UNIQUE INDEX data_request_once ON data_request (patient_id, kind) WHERE state IN ('requested', 'approved');
