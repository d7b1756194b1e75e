-- Practitioners who looked at a patient's data in an emergency, why, for how long, and what the clinic says of it.
CREATE TABLE break_glass (
    id              TEXT PRIMARY KEY,
    rev             INTEGER NOT NULL,
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    user_id         TEXT NOT NULL,
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    patient_id      TEXT NOT NULL REFERENCES patient (id),
    code            TEXT NOT NULL CHECK (code IN ('emergency', 'substitute', 'other')),
    -- In the practitioner's words, sealed with the patient's key.
    reason          BLOB NOT NULL,
    created_ms      INTEGER NOT NULL,
    until_ms        INTEGER NOT NULL,
    reviewed_by     TEXT,
    reviewed_ms     INTEGER,
    justified       INTEGER,
    CHECK (until_ms > created_ms AND until_ms - created_ms <= 3600000),
    CHECK ((reviewed_ms IS NULL) = (justified IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX break_glass_open ON break_glass (user_id, until_ms);
CREATE INDEX break_glass_of_clinic ON break_glass (clinic_id, id);
