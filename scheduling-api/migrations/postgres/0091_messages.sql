-- Messages between patients and the clinic. Subjects and texts are sealed with the patient's data key.

CREATE TABLE thread (
    id                TEXT COLLATE "C" PRIMARY KEY,
    clinic_id         TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    patient_id        TEXT COLLATE "C" NOT NULL REFERENCES patient (id),
    -- None: the clinic as a whole.
    practitioner_id   TEXT COLLATE "C" REFERENCES practitioner (id),
    appointment_id    TEXT COLLATE "C" REFERENCES appointment (id),
    rev               BIGINT NOT NULL,
    subject           BYTEA NOT NULL,
    closed            BIGINT NOT NULL,
    assigned_to       TEXT COLLATE "C",
    open_until_ms     BIGINT NOT NULL,
    messages          BIGINT NOT NULL,
    patient_delivered BIGINT NOT NULL,
    patient_read      BIGINT NOT NULL,
    clinic_delivered  BIGINT NOT NULL,
    clinic_read       BIGINT NOT NULL,
    created_ms        BIGINT NOT NULL,
    last_ms           BIGINT NOT NULL
);

CREATE INDEX thread_of_patient ON thread (patient_id, id);
CREATE INDEX thread_of_practitioner ON thread (practitioner_id, id);
CREATE INDEX thread_of_clinic ON thread (clinic_id, id) WHERE practitioner_id IS NULL;

CREATE TABLE message (
    id         TEXT COLLATE "C" PRIMARY KEY,
    clinic_id  TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    thread_id  TEXT COLLATE "C" NOT NULL REFERENCES thread (id),
    number     BIGINT NOT NULL,
    side       TEXT COLLATE "C" NOT NULL CHECK (side IN ('patient', 'clinic')),
    written_by TEXT COLLATE "C" NOT NULL,
    body       BYTEA NOT NULL,
    sent_ms    BIGINT NOT NULL,
    UNIQUE (thread_id, number)
);

CREATE TABLE message_template (
    id        TEXT COLLATE "C" PRIMARY KEY,
    clinic_id TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    rev       BIGINT NOT NULL,
    name      TEXT NOT NULL,
    text      TEXT NOT NULL,
    ended     BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX message_template_of_clinic ON message_template (clinic_id, id);

ALTER TABLE thread ENABLE ROW LEVEL SECURITY;
ALTER TABLE thread FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON thread USING (in_scope(clinic_id));
ALTER TABLE message ENABLE ROW LEVEL SECURITY;
ALTER TABLE message FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON message USING (in_scope(clinic_id));
ALTER TABLE message_template ENABLE ROW LEVEL SECURITY;
ALTER TABLE message_template FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON message_template USING (in_scope(clinic_id));
