-- What insurers are asked to pay. Amounts are whole numbers of the currency's minor unit.

CREATE TABLE insurance_claim (
    id              TEXT PRIMARY KEY,
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    rev             INTEGER NOT NULL,
    -- A visit is claimed once.
    appointment_id  TEXT NOT NULL UNIQUE REFERENCES appointment (id),
    patient_id      TEXT NOT NULL REFERENCES patient (id),
    coverage_id     TEXT NOT NULL REFERENCES coverage (id),
    payer_id        TEXT NOT NULL REFERENCES payer (id),
    control         TEXT NOT NULL UNIQUE,
    state           TEXT NOT NULL CHECK (state IN ('draft', 'submitted', 'accepted', 'rejected', 'paid', 'partly_paid',
                        'denied', 'appealed', 'closed', 'void')),
    currency        TEXT NOT NULL,
    patient_minor   INTEGER NOT NULL CHECK (patient_minor >= 0),
    insurer_minor   INTEGER NOT NULL CHECK (insurer_minor >= 0),
    paid_minor      INTEGER NOT NULL CHECK (paid_minor >= 0),
    adjusted_minor  INTEGER NOT NULL CHECK (adjusted_minor >= 0),
    -- The patient's part, as the insurer has it.
    decided_minor   INTEGER NOT NULL CHECK (decided_minor >= 0),
    -- Everything but the codes, as JSON: what stands in columns beside it is what the database decides and searches by.
    body            TEXT NOT NULL,
    -- Diagnoses and procedures, sealed with the patient's key.
    codes           BLOB,
    created_ms      INTEGER NOT NULL,
    -- Decided as a whole, or not.
    CHECK (paid_minor + adjusted_minor + decided_minor IN (0, patient_minor + insurer_minor))
) STRICT, WITHOUT ROWID;

CREATE INDEX insurance_claim_of_patient ON insurance_claim (patient_id, id);
CREATE INDEX insurance_claim_of_clinic ON insurance_claim (clinic_id, id);
CREATE INDEX insurance_claim_of_coverage ON insurance_claim (coverage_id);
CREATE INDEX insurance_claim_of_payer ON insurance_claim (payer_id);
