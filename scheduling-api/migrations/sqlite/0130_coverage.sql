-- Insurance: the payers that a clinic bills, and patients' coverages with them.

CREATE TABLE payer (
    id          TEXT PRIMARY KEY,
    clinic_id   TEXT NOT NULL REFERENCES clinic (id),
    rev         INTEGER NOT NULL,
    -- The payer's identifier on the wire.
    code        TEXT NOT NULL,
    -- Everything, as JSON: what the clinic says about it.
    body        TEXT NOT NULL,
    created_ms  INTEGER NOT NULL,
    UNIQUE (clinic_id, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE coverage (
    id          TEXT PRIMARY KEY,
    clinic_id   TEXT NOT NULL REFERENCES clinic (id),
    rev         INTEGER NOT NULL,
    patient_id  TEXT NOT NULL REFERENCES patient (id),
    payer_id    TEXT NOT NULL REFERENCES payer (id),
    active      INTEGER NOT NULL CHECK (active IN (0, 1)),
    -- Days, as `2026-03-09`.
    starts_on   TEXT,
    ends_on     TEXT,
    -- A picture of the card.
    document_id TEXT REFERENCES document (id),
    -- Member, group, plan, relationship and holder, sealed with the patient's key; gone when the patient is forgotten.
    body        BLOB,
    created_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX coverage_of_patient ON coverage (patient_id, id);
CREATE INDEX coverage_of_clinic ON coverage (clinic_id, id);
CREATE INDEX coverage_of_payer ON coverage (payer_id);
