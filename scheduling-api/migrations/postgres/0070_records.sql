-- What was written about a visit: its note with addenda, and prescriptions. Texts are sealed with the patient's data key;
-- what stands beside them names nobody and says nothing about health.

CREATE TABLE note (
    id              TEXT COLLATE "C" PRIMARY KEY,
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    -- One note a visit: what is to be added after signing is an addendum.
    appointment_id  TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES appointment (id),
    patient_id      TEXT COLLATE "C" NOT NULL REFERENCES patient (id),
    practitioner_id TEXT COLLATE "C" NOT NULL REFERENCES practitioner (id),
    rev             BIGINT NOT NULL,
    state           TEXT COLLATE "C" NOT NULL CHECK (state IN ('draft', 'signed')),
    body            BYTEA NOT NULL,
    signed_by       TEXT COLLATE "C",
    signed_ms       BIGINT,
    -- HMAC by the patient's key over text, visit, patient, signer and instant, in hexadecimal digits.
    hash            TEXT COLLATE "C",
    created_ms      BIGINT NOT NULL,
    CHECK ((state = 'signed') = (signed_by IS NOT NULL AND signed_ms IS NOT NULL AND hash IS NOT NULL))
);

CREATE INDEX note_of_patient ON note (patient_id, id);

-- Whoever reaches the database past this program cannot change what was signed either.
CREATE FUNCTION refuse_change_of_signed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'signed_is_final';
END $$;

CREATE TRIGGER note_signed_is_final BEFORE UPDATE ON note
FOR EACH ROW WHEN (OLD.state = 'signed') EXECUTE FUNCTION refuse_change_of_signed();

CREATE TABLE note_addendum (
    id         TEXT COLLATE "C" PRIMARY KEY,
    clinic_id  TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    note_id    TEXT COLLATE "C" NOT NULL REFERENCES note (id),
    -- 1 for the first: instants and identifiers of the same millisecond have no order.
    number     BIGINT NOT NULL,
    body       BYTEA NOT NULL,
    signed_by  TEXT COLLATE "C" NOT NULL,
    signed_ms  BIGINT NOT NULL,
    hash       TEXT COLLATE "C" NOT NULL,
    UNIQUE (note_id, number)
);

CREATE TRIGGER addendum_is_final BEFORE UPDATE ON note_addendum
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_signed();

CREATE TABLE prescription (
    id              TEXT COLLATE "C" PRIMARY KEY,
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    appointment_id  TEXT COLLATE "C" NOT NULL REFERENCES appointment (id),
    patient_id      TEXT COLLATE "C" NOT NULL REFERENCES patient (id),
    practitioner_id TEXT COLLATE "C" NOT NULL REFERENCES practitioner (id),
    rev             BIGINT NOT NULL,
    state           TEXT COLLATE "C" NOT NULL CHECK (state IN ('draft', 'active', 'cancelled')),
    body            BYTEA NOT NULL,
    signed_by       TEXT COLLATE "C",
    signed_ms       BIGINT,
    hash            TEXT COLLATE "C",
    cancelled_ms    BIGINT,
    -- Why, sealed.
    cancel_reason   BYTEA,
    created_ms      BIGINT NOT NULL,
    CHECK (state = 'draft' OR (signed_by IS NOT NULL AND signed_ms IS NOT NULL AND hash IS NOT NULL)),
    CHECK ((state = 'cancelled') = (cancelled_ms IS NOT NULL AND cancel_reason IS NOT NULL))
);

CREATE INDEX prescription_of_patient ON prescription (patient_id, id);
CREATE INDEX prescription_of_appointment ON prescription (appointment_id, id);

-- A signed one can only be cancelled; what it says stays.
CREATE TRIGGER prescription_signed_is_final BEFORE UPDATE ON prescription
FOR EACH ROW WHEN (OLD.state <> 'draft' AND (NEW.state <> 'cancelled' OR OLD.state = 'cancelled' OR NEW.body <> OLD.body
    OR NEW.signed_by <> OLD.signed_by OR NEW.signed_ms <> OLD.signed_ms OR NEW.hash <> OLD.hash))
EXECUTE FUNCTION refuse_change_of_signed();

ALTER TABLE note ENABLE ROW LEVEL SECURITY;
ALTER TABLE note FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON note USING (in_scope(clinic_id));
ALTER TABLE note_addendum ENABLE ROW LEVEL SECURITY;
ALTER TABLE note_addendum FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON note_addendum USING (in_scope(clinic_id));
ALTER TABLE prescription ENABLE ROW LEVEL SECURITY;
ALTER TABLE prescription FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON prescription USING (in_scope(clinic_id));
