-- What patients say of visits. Texts and replies are sealed with the patient's data key; the stars stand alone.

CREATE TABLE review (
    id              TEXT COLLATE "C" PRIMARY KEY,
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    -- One review a visit.
    appointment_id  TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES appointment (id),
    patient_id      TEXT COLLATE "C" NOT NULL REFERENCES patient (id),
    practitioner_id TEXT COLLATE "C" NOT NULL REFERENCES practitioner (id),
    rev             BIGINT NOT NULL,
    state           TEXT COLLATE "C" NOT NULL CHECK (state IN ('pending', 'published', 'refused')),
    stars           BIGINT NOT NULL CHECK (stars BETWEEN 1 AND 5),
    body            BYTEA NOT NULL,
    created_ms      BIGINT NOT NULL
);

CREATE INDEX review_of_practitioner ON review (practitioner_id, state, id);
CREATE INDEX review_of_clinic ON review (clinic_id, id);

ALTER TABLE review ENABLE ROW LEVEL SECURITY;
ALTER TABLE review FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON review USING (in_scope(clinic_id));
