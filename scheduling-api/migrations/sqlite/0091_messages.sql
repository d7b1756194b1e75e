-- Messages between patients and the clinic. Subjects and texts are sealed with the patient's data key.

CREATE TABLE thread (
    id                TEXT PRIMARY KEY,
    clinic_id         TEXT NOT NULL REFERENCES clinic (id),
    patient_id        TEXT NOT NULL REFERENCES patient (id),
    -- None: the clinic as a whole.
    practitioner_id   TEXT REFERENCES practitioner (id),
    appointment_id    TEXT REFERENCES appointment (id),
    rev               INTEGER NOT NULL,
    subject           BLOB NOT NULL,
    closed            INTEGER NOT NULL,
    assigned_to       TEXT,
    open_until_ms     INTEGER NOT NULL,
    messages          INTEGER NOT NULL,
    patient_delivered INTEGER NOT NULL,
    patient_read      INTEGER NOT NULL,
    clinic_delivered  INTEGER NOT NULL,
    clinic_read       INTEGER NOT NULL,
    created_ms        INTEGER NOT NULL,
    last_ms           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX thread_of_patient ON thread (patient_id, id);
CREATE INDEX thread_of_practitioner ON thread (practitioner_id, id);
CREATE INDEX thread_of_clinic ON thread (clinic_id, id) WHERE practitioner_id IS NULL;

CREATE TABLE message (
    id         TEXT PRIMARY KEY,
    clinic_id  TEXT NOT NULL REFERENCES clinic (id),
    thread_id  TEXT NOT NULL REFERENCES thread (id),
    number     INTEGER NOT NULL,
    side       TEXT NOT NULL CHECK (side IN ('patient', 'clinic')),
    written_by TEXT NOT NULL,
    body       BLOB NOT NULL,
    sent_ms    INTEGER NOT NULL,
    UNIQUE (thread_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE message_template (
    id        TEXT PRIMARY KEY,
    clinic_id TEXT NOT NULL REFERENCES clinic (id),
    rev       INTEGER NOT NULL,
    name      TEXT NOT NULL,
    text      TEXT NOT NULL,
    ended     INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX message_template_of_clinic ON message_template (clinic_id, id);
