-- Practitioners who looked at a patient's data in an emergency, why, for how long, and what the clinic says of it.
CREATE TABLE break_glass (
    id              TEXT COLLATE "C" PRIMARY KEY,
    rev             BIGINT NOT NULL,
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    user_id         TEXT COLLATE "C" NOT NULL,
    practitioner_id TEXT COLLATE "C" NOT NULL REFERENCES practitioner (id),
    patient_id      TEXT COLLATE "C" NOT NULL REFERENCES patient (id),
    code            TEXT NOT NULL CHECK (code IN ('emergency', 'substitute', 'other')),
    -- In the practitioner's words, sealed with the patient's key.
    reason          BYTEA NOT NULL,
    created_ms      BIGINT NOT NULL,
    until_ms        BIGINT NOT NULL,
    reviewed_by     TEXT COLLATE "C",
    reviewed_ms     BIGINT,
    justified       BIGINT,
    CHECK (until_ms > created_ms AND until_ms - created_ms <= 3600000),
    CHECK ((reviewed_ms IS NULL) = (justified IS NULL))
);

CREATE INDEX break_glass_open ON break_glass (user_id, until_ms);
CREATE INDEX break_glass_of_clinic ON break_glass (clinic_id, id);

ALTER TABLE break_glass ENABLE ROW LEVEL SECURITY;
ALTER TABLE break_glass FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON break_glass USING (in_scope(clinic_id));
