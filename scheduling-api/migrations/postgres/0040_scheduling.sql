-- Visit types, hours, claims on time, appointments, the waitlist and the on-demand queue.

-- A visit type. Its terms are read and written as a whole: JSON, checked by the program.
CREATE TABLE service (
    id        TEXT COLLATE "C" PRIMARY KEY,
    clinic_id TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    rev       BIGINT NOT NULL,
    active    BIGINT NOT NULL,
    on_demand BIGINT NOT NULL,
    fee_minor BIGINT NOT NULL,
    currency  TEXT NOT NULL,
    terms     TEXT NOT NULL
);

CREATE INDEX service_of_clinic ON service (clinic_id, id);

-- Who offers it.
CREATE TABLE service_practitioner (
    service_id      TEXT COLLATE "C" NOT NULL REFERENCES service (id),
    practitioner_id TEXT COLLATE "C" NOT NULL REFERENCES practitioner (id),
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    PRIMARY KEY (service_id, practitioner_id)
);

CREATE INDEX service_of_practitioner ON service_practitioner (practitioner_id, service_id);

-- Weekly hours and exceptions of a practitioner.
CREATE TABLE schedule (
    id              TEXT COLLATE "C" PRIMARY KEY,
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    practitioner_id TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES practitioner (id),
    rev             BIGINT NOT NULL,
    time_zone       TEXT NOT NULL,
    weekly          TEXT NOT NULL,
    overrides       TEXT NOT NULL
);

CREATE INDEX schedule_of_clinic ON schedule (clinic_id, id);

CREATE TABLE appointment (
    id              TEXT COLLATE "C" PRIMARY KEY,
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    rev             BIGINT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('requested', 'held', 'booked', 'checked_in', 'in_progress',
                        'completed', 'no_show', 'cancelled', 'expired', 'entered_in_error')),
    -- When a requested or held one ends by itself.
    until_ms        BIGINT,
    service_id      TEXT COLLATE "C" NOT NULL REFERENCES service (id),
    practitioner_id TEXT COLLATE "C" NOT NULL REFERENCES practitioner (id),
    patient_id      TEXT COLLATE "C" REFERENCES patient (id),
    start_ms        BIGINT NOT NULL,
    end_ms          BIGINT NOT NULL,
    occupies_from_ms BIGINT NOT NULL,
    occupies_to_ms  BIGINT NOT NULL,
    series_id       TEXT COLLATE "C",
    -- Price, policy and mode as they were agreed.
    agreed          TEXT NOT NULL,
    overridden      BIGINT NOT NULL,
    cancelled_by    TEXT,
    fee_minor       BIGINT,
    -- The patient's words and a staff member's reason, sealed with the patient's data key.
    reason          BYTEA,
    staff_reason    BYTEA,
    created_ms      BIGINT NOT NULL,
    CHECK (end_ms > start_ms),
    CHECK ((until_ms IS NOT NULL) = (state IN ('requested', 'held'))),
    CHECK (patient_id IS NOT NULL OR state IN ('held', 'cancelled', 'expired', 'entered_in_error'))
);

CREATE INDEX appointment_of_practitioner ON appointment (practitioner_id, start_ms);
CREATE INDEX appointment_of_patient ON appointment (patient_id, start_ms) WHERE patient_id IS NOT NULL;
CREATE INDEX appointment_of_clinic ON appointment (clinic_id, start_ms, id);
CREATE INDEX appointment_of_series ON appointment (series_id) WHERE series_id IS NOT NULL;
CREATE INDEX appointment_ending ON appointment (until_ms) WHERE until_ms IS NOT NULL;

-- Time that a resource is occupied: a practitioner, a patient, later a room or an interpreter. The rule that no two
-- active claims of one resource overlap is kept here, whatever the program does.
CREATE TABLE claim (
    id             TEXT COLLATE "C" PRIMARY KEY,
    clinic_id      TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    resource_id    TEXT COLLATE "C" NOT NULL,
    -- None for a block that was imported or entered by hand.
    appointment_id TEXT COLLATE "C" REFERENCES appointment (id),
    start_ms       BIGINT NOT NULL,
    end_ms         BIGINT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('held', 'confirmed', 'overbooked', 'released', 'expired')),
    -- Only a held one ends by itself.
    expires_ms     BIGINT,
    -- At most two days, so that whoever looks for overlaps need not look further back.
    CHECK (end_ms > start_ms AND end_ms - start_ms <= 172800000),
    CHECK ((expires_ms IS NOT NULL) = (state = 'held'))
);

CREATE INDEX claim_of_appointment ON claim (appointment_id) WHERE appointment_id IS NOT NULL;
CREATE INDEX claim_active ON claim (clinic_id, resource_id, start_ms, end_ms) WHERE state IN ('held', 'confirmed');

-- btree_gist is one of PostgreSQL's trusted extensions: the database's owner may create it.
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE claim ADD CONSTRAINT claim_no_overlap
    EXCLUDE USING gist (clinic_id WITH =, resource_id WITH =, int8range(start_ms, end_ms) WITH &&)
    WHERE (state IN ('held', 'confirmed'));

-- How often each practitioner's calendar was changed: what a cache compares.
CREATE TABLE calendar (
    practitioner_id TEXT COLLATE "C" PRIMARY KEY REFERENCES practitioner (id),
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    rev             BIGINT NOT NULL
);

CREATE INDEX calendar_of_clinic ON calendar (clinic_id);

-- Patients who want an earlier time.
CREATE TABLE waitlist_entry (
    id              TEXT COLLATE "C" PRIMARY KEY,
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    rev             BIGINT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('waiting', 'offered', 'booked', 'withdrawn', 'ended')),
    patient_id      TEXT COLLATE "C" NOT NULL REFERENCES patient (id),
    service_id      TEXT COLLATE "C" NOT NULL REFERENCES service (id),
    practitioner_id TEXT COLLATE "C" REFERENCES practitioner (id),
    from_ms         BIGINT NOT NULL,
    to_ms           BIGINT NOT NULL,
    -- The hold that it was offered.
    offered_id      TEXT COLLATE "C" REFERENCES appointment (id),
    created_ms      BIGINT NOT NULL,
    CHECK (to_ms > from_ms)
);

CREATE INDEX waitlist_waiting ON waitlist_entry (clinic_id, service_id, created_ms) WHERE state = 'waiting';
CREATE INDEX waitlist_of_patient ON waitlist_entry (patient_id, created_ms);

-- Patients who wait for the next practitioner who is free.
CREATE TABLE queue_entry (
    id             TEXT COLLATE "C" PRIMARY KEY,
    clinic_id      TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    rev            BIGINT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('waiting', 'taken', 'left')),
    patient_id     TEXT COLLATE "C" NOT NULL REFERENCES patient (id),
    service_id     TEXT COLLATE "C" NOT NULL REFERENCES service (id),
    appointment_id TEXT COLLATE "C" REFERENCES appointment (id),
    created_ms     BIGINT NOT NULL,
    CHECK ((appointment_id IS NOT NULL) = (state = 'taken'))
);

CREATE INDEX queue_waiting ON queue_entry (clinic_id, service_id, created_ms, id) WHERE state = 'waiting';
-- Nobody stands in a queue twice.
CREATE UNIQUE INDEX queue_once ON queue_entry (service_id, patient_id) WHERE state = 'waiting';

ALTER TABLE service ENABLE ROW LEVEL SECURITY;
ALTER TABLE service FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON service USING (in_scope(clinic_id));
ALTER TABLE service_practitioner ENABLE ROW LEVEL SECURITY;
ALTER TABLE service_practitioner FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON service_practitioner USING (in_scope(clinic_id));
ALTER TABLE schedule ENABLE ROW LEVEL SECURITY;
ALTER TABLE schedule FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON schedule USING (in_scope(clinic_id));
ALTER TABLE appointment ENABLE ROW LEVEL SECURITY;
ALTER TABLE appointment FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON appointment USING (in_scope(clinic_id));
ALTER TABLE claim ENABLE ROW LEVEL SECURITY;
ALTER TABLE claim FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON claim USING (in_scope(clinic_id));
ALTER TABLE waitlist_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE waitlist_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON waitlist_entry USING (in_scope(clinic_id));
ALTER TABLE queue_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE queue_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON queue_entry USING (in_scope(clinic_id));
ALTER TABLE calendar ENABLE ROW LEVEL SECURITY;
ALTER TABLE calendar FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON calendar USING (in_scope(clinic_id));
