-- What patients say of visits. Texts and replies are sealed with the patient's data key; the stars stand alone.

CREATE TABLE review (
    id              TEXT PRIMARY KEY,
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    -- One review a visit.
    appointment_id  TEXT NOT NULL UNIQUE REFERENCES appointment (id),
    patient_id      TEXT NOT NULL REFERENCES patient (id),
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    rev             INTEGER NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('pending', 'published', 'refused')),
    stars           INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5),
    body            BLOB NOT NULL,
    created_ms      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX review_of_practitioner ON review (practitioner_id, state, id);
CREATE INDEX review_of_clinic ON review (clinic_id, id);
