-- What was written about a visit: its note with addenda, and prescriptions. Texts are sealed with the patient's data key;
-- what stands beside them names nobody and says nothing about health.

CREATE TABLE note (
    id              TEXT PRIMARY KEY,
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    -- One note a visit: what is to be added after signing is an addendum.
    appointment_id  TEXT NOT NULL UNIQUE REFERENCES appointment (id),
    patient_id      TEXT NOT NULL REFERENCES patient (id),
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    rev             INTEGER NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('draft', 'signed')),
    body            BLOB NOT NULL,
    signed_by       TEXT,
    signed_ms       INTEGER,
    -- HMAC by the patient's key over text, visit, patient, signer and instant, in hexadecimal digits.
    hash            TEXT,
    created_ms      INTEGER NOT NULL,
    CHECK ((state = 'signed') = (signed_by IS NOT NULL AND signed_ms IS NOT NULL AND hash IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX note_of_patient ON note (patient_id, id);

-- Whoever reaches the database past this program cannot change what was signed either.
CREATE TRIGGER note_signed_is_final BEFORE UPDATE ON note
WHEN OLD.state = 'signed'
BEGIN SELECT RAISE(ABORT, 'signed_is_final'); END;

CREATE TABLE note_addendum (
    id         TEXT PRIMARY KEY,
    clinic_id  TEXT NOT NULL REFERENCES clinic (id),
    note_id    TEXT NOT NULL REFERENCES note (id),
    -- 1 for the first: instants and identifiers of the same millisecond have no order.
    number     INTEGER NOT NULL,
    body       BLOB NOT NULL,
    signed_by  TEXT NOT NULL,
    signed_ms  INTEGER NOT NULL,
    hash       TEXT NOT NULL,
    UNIQUE (note_id, number)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER addendum_is_final BEFORE UPDATE ON note_addendum
BEGIN SELECT RAISE(ABORT, 'signed_is_final'); END;

CREATE TABLE prescription (
    id              TEXT PRIMARY KEY,
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    appointment_id  TEXT NOT NULL REFERENCES appointment (id),
    patient_id      TEXT NOT NULL REFERENCES patient (id),
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    rev             INTEGER NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('draft', 'active', 'cancelled')),
    body            BLOB NOT NULL,
    signed_by       TEXT,
    signed_ms       INTEGER,
    hash            TEXT,
    cancelled_ms    INTEGER,
    -- Why, sealed.
    cancel_reason   BLOB,
    created_ms      INTEGER NOT NULL,
    CHECK (state = 'draft' OR (signed_by IS NOT NULL AND signed_ms IS NOT NULL AND hash IS NOT NULL)),
    CHECK ((state = 'cancelled') = (cancelled_ms IS NOT NULL AND cancel_reason IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX prescription_of_patient ON prescription (patient_id, id);
CREATE INDEX prescription_of_appointment ON prescription (appointment_id, id);

-- A signed one can only be cancelled; what it says stays.
CREATE TRIGGER prescription_signed_is_final BEFORE UPDATE ON prescription
WHEN OLD.state <> 'draft' AND (NEW.state <> 'cancelled' OR OLD.state = 'cancelled' OR NEW.body <> OLD.body
    OR NEW.signed_by <> OLD.signed_by OR NEW.signed_ms <> OLD.signed_ms OR NEW.hash <> OLD.hash)
BEGIN SELECT RAISE(ABORT, 'signed_is_final'); END;
