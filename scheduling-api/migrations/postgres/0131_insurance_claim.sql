-- What insurers are asked to pay. Amounts are whole numbers of the currency's minor unit.

CREATE TABLE insurance_claim (
    id              TEXT COLLATE "C" PRIMARY KEY,
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    rev             BIGINT NOT NULL,
    -- A visit is claimed once.
    appointment_id  TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES appointment (id),
    patient_id      TEXT COLLATE "C" NOT NULL REFERENCES patient (id),
    coverage_id     TEXT COLLATE "C" NOT NULL REFERENCES coverage (id),
    payer_id        TEXT COLLATE "C" NOT NULL REFERENCES payer (id),
    control         TEXT COLLATE "C" NOT NULL UNIQUE,
    state           TEXT COLLATE "C" NOT NULL CHECK (state IN ('draft', 'submitted', 'accepted', 'rejected', 'paid', 'partly_paid',
                        'denied', 'appealed', 'closed', 'void')),
    currency        TEXT COLLATE "C" NOT NULL,
    patient_minor   BIGINT NOT NULL CHECK (patient_minor >= 0),
    insurer_minor   BIGINT NOT NULL CHECK (insurer_minor >= 0),
    paid_minor      BIGINT NOT NULL CHECK (paid_minor >= 0),
    adjusted_minor  BIGINT NOT NULL CHECK (adjusted_minor >= 0),
    -- The patient's part, as the insurer has it.
    decided_minor   BIGINT NOT NULL CHECK (decided_minor >= 0),
    -- Everything but the codes, as JSON: what stands in columns beside it is what the database decides and searches by.
    body            TEXT COLLATE "C" NOT NULL,
    -- Diagnoses and procedures, sealed with the patient's key.
    codes           BYTEA,
    created_ms      BIGINT NOT NULL,
    -- Decided as a whole, or not.
    CHECK (paid_minor + adjusted_minor + decided_minor IN (0, patient_minor + insurer_minor))
);

CREATE INDEX insurance_claim_of_patient ON insurance_claim (patient_id, id);
CREATE INDEX insurance_claim_of_clinic ON insurance_claim (clinic_id, id);
CREATE INDEX insurance_claim_of_coverage ON insurance_claim (coverage_id);
CREATE INDEX insurance_claim_of_payer ON insurance_claim (payer_id);

ALTER TABLE insurance_claim ENABLE ROW LEVEL SECURITY;
ALTER TABLE insurance_claim FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON insurance_claim USING (in_scope(clinic_id));
