-- Insurance: the payers that a clinic bills, and patients' coverages with them.

CREATE TABLE payer (
    id          TEXT COLLATE "C" PRIMARY KEY,
    clinic_id   TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    rev         BIGINT NOT NULL,
    -- The payer's identifier on the wire.
    code        TEXT COLLATE "C" NOT NULL,
    -- Everything, as JSON: what the clinic says about it.
    body        TEXT COLLATE "C" NOT NULL,
    created_ms  BIGINT NOT NULL,
    UNIQUE (clinic_id, code)
);

CREATE TABLE coverage (
    id          TEXT COLLATE "C" PRIMARY KEY,
    clinic_id   TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    rev         BIGINT NOT NULL,
    patient_id  TEXT COLLATE "C" NOT NULL REFERENCES patient (id),
    payer_id    TEXT COLLATE "C" NOT NULL REFERENCES payer (id),
    active      BIGINT NOT NULL CHECK (active IN (0, 1)),
    -- Days, as `2026-03-09`.
    starts_on   TEXT COLLATE "C",
    ends_on     TEXT COLLATE "C",
    -- A picture of the card.
    document_id TEXT COLLATE "C" REFERENCES document (id),
    -- Member, group, plan, relationship and holder, sealed with the patient's key; gone when the patient is forgotten.
    body        BYTEA,
    created_ms  BIGINT NOT NULL
);

CREATE INDEX coverage_of_patient ON coverage (patient_id, id);
CREATE INDEX coverage_of_clinic ON coverage (clinic_id, id);
CREATE INDEX coverage_of_payer ON coverage (payer_id);

ALTER TABLE payer ENABLE ROW LEVEL SECURITY;
ALTER TABLE payer FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON payer USING (in_scope(clinic_id));
ALTER TABLE coverage ENABLE ROW LEVEL SECURITY;
ALTER TABLE coverage FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON coverage USING (in_scope(clinic_id));
