-- Visit types, hours, claims on time, appointments, the waitlist and the on-demand queue.

-- A visit type. Its terms are read and written as a whole: JSON, checked by the program.
CREATE TABLE service (
    id        TEXT PRIMARY KEY,
    clinic_id TEXT NOT NULL REFERENCES clinic (id),
    rev       INTEGER NOT NULL,
    active    INTEGER NOT NULL,
    on_demand INTEGER NOT NULL,
    fee_minor INTEGER NOT NULL,
    currency  TEXT NOT NULL,
    terms     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX service_of_clinic ON service (clinic_id, id);

-- Who offers it.
CREATE TABLE service_practitioner (
    service_id      TEXT NOT NULL REFERENCES service (id),
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    PRIMARY KEY (service_id, practitioner_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX service_of_practitioner ON service_practitioner (practitioner_id, service_id);

-- Weekly hours and exceptions of a practitioner.
CREATE TABLE schedule (
    id              TEXT PRIMARY KEY,
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    practitioner_id TEXT NOT NULL UNIQUE REFERENCES practitioner (id),
    rev             INTEGER NOT NULL,
    time_zone       TEXT NOT NULL,
    weekly          TEXT NOT NULL,
    overrides       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX schedule_of_clinic ON schedule (clinic_id, id);

CREATE TABLE appointment (
    id              TEXT PRIMARY KEY,
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    rev             INTEGER NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('requested', 'held', 'booked', 'checked_in', 'in_progress',
                        'completed', 'no_show', 'cancelled', 'expired', 'entered_in_error')),
    -- When a requested or held one ends by itself.
    until_ms        INTEGER,
    service_id      TEXT NOT NULL REFERENCES service (id),
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    patient_id      TEXT REFERENCES patient (id),
    start_ms        INTEGER NOT NULL,
    end_ms          INTEGER NOT NULL,
    occupies_from_ms INTEGER NOT NULL,
    occupies_to_ms  INTEGER NOT NULL,
    series_id       TEXT,
    -- Price, policy and mode as they were agreed.
    agreed          TEXT NOT NULL,
    overridden      INTEGER NOT NULL,
    cancelled_by    TEXT,
    fee_minor       INTEGER,
    -- The patient's words and a staff member's reason, sealed with the patient's data key.
    reason          BLOB,
    staff_reason    BLOB,
    created_ms      INTEGER NOT NULL,
    CHECK (end_ms > start_ms),
    CHECK ((until_ms IS NOT NULL) = (state IN ('requested', 'held'))),
    CHECK (patient_id IS NOT NULL OR state IN ('held', 'cancelled', 'expired', 'entered_in_error'))
) STRICT, WITHOUT ROWID;

CREATE INDEX appointment_of_practitioner ON appointment (practitioner_id, start_ms);
CREATE INDEX appointment_of_patient ON appointment (patient_id, start_ms) WHERE patient_id IS NOT NULL;
CREATE INDEX appointment_of_clinic ON appointment (clinic_id, start_ms, id);
CREATE INDEX appointment_of_series ON appointment (series_id) WHERE series_id IS NOT NULL;
CREATE INDEX appointment_ending ON appointment (until_ms) WHERE until_ms IS NOT NULL;

-- Time that a resource is occupied: a practitioner, a patient, later a room or an interpreter. The rule that no two
-- active claims of one resource overlap is kept here, whatever the program does.
CREATE TABLE claim (
    id             TEXT PRIMARY KEY,
    clinic_id      TEXT NOT NULL REFERENCES clinic (id),
    resource_id    TEXT NOT NULL,
    -- None for a block that was imported or entered by hand.
    appointment_id TEXT REFERENCES appointment (id),
    start_ms       INTEGER NOT NULL,
    end_ms         INTEGER NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('held', 'confirmed', 'overbooked', 'released', 'expired')),
    -- Only a held one ends by itself.
    expires_ms     INTEGER,
    -- At most two days, so that whoever looks for overlaps need not look further back.
    CHECK (end_ms > start_ms AND end_ms - start_ms <= 172800000),
    CHECK ((expires_ms IS NOT NULL) = (state = 'held'))
) STRICT, WITHOUT ROWID;

CREATE INDEX claim_of_appointment ON claim (appointment_id) WHERE appointment_id IS NOT NULL;
CREATE INDEX claim_active ON claim (clinic_id, resource_id, start_ms, end_ms) WHERE state IN ('held', 'confirmed');

CREATE TRIGGER claim_guard_insert BEFORE INSERT ON claim
WHEN NEW.state IN ('held', 'confirmed') AND EXISTS (
    SELECT 1 FROM claim other
    WHERE other.clinic_id = NEW.clinic_id AND other.resource_id = NEW.resource_id AND other.id <> NEW.id
        AND other.state IN ('held', 'confirmed')
        AND other.start_ms > NEW.start_ms - 172800000
        AND other.start_ms < NEW.end_ms AND NEW.start_ms < other.end_ms)
BEGIN SELECT RAISE(ABORT, 'claim_no_overlap'); END;

CREATE TRIGGER claim_guard_update BEFORE UPDATE ON claim
WHEN NEW.state IN ('held', 'confirmed') AND EXISTS (
    SELECT 1 FROM claim other
    WHERE other.clinic_id = NEW.clinic_id AND other.resource_id = NEW.resource_id AND other.id <> NEW.id
        AND other.state IN ('held', 'confirmed')
        AND other.start_ms > NEW.start_ms - 172800000
        AND other.start_ms < NEW.end_ms AND NEW.start_ms < other.end_ms)
BEGIN SELECT RAISE(ABORT, 'claim_no_overlap'); END;

-- How often each practitioner's calendar was changed: what a cache compares.
CREATE TABLE calendar (
    practitioner_id TEXT PRIMARY KEY REFERENCES practitioner (id),
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    rev             INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX calendar_of_clinic ON calendar (clinic_id);

-- Patients who want an earlier time.
CREATE TABLE waitlist_entry (
    id              TEXT PRIMARY KEY,
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    rev             INTEGER NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('waiting', 'offered', 'booked', 'withdrawn', 'ended')),
    patient_id      TEXT NOT NULL REFERENCES patient (id),
    service_id      TEXT NOT NULL REFERENCES service (id),
    practitioner_id TEXT REFERENCES practitioner (id),
    from_ms         INTEGER NOT NULL,
    to_ms           INTEGER NOT NULL,
    -- The hold that it was offered.
    offered_id      TEXT REFERENCES appointment (id),
    created_ms      INTEGER NOT NULL,
    CHECK (to_ms > from_ms)
) STRICT, WITHOUT ROWID;

CREATE INDEX waitlist_waiting ON waitlist_entry (clinic_id, service_id, created_ms) WHERE state = 'waiting';
CREATE INDEX waitlist_of_patient ON waitlist_entry (patient_id, created_ms);

-- Patients who wait for the next practitioner who is free.
CREATE TABLE queue_entry (
    id             TEXT PRIMARY KEY,
    clinic_id      TEXT NOT NULL REFERENCES clinic (id),
    rev            INTEGER NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('waiting', 'taken', 'left')),
    patient_id     TEXT NOT NULL REFERENCES patient (id),
    service_id     TEXT NOT NULL REFERENCES service (id),
    appointment_id TEXT REFERENCES appointment (id),
    created_ms     INTEGER NOT NULL,
    CHECK ((appointment_id IS NOT NULL) = (state = 'taken'))
) STRICT, WITHOUT ROWID;

CREATE INDEX queue_waiting ON queue_entry (clinic_id, service_id, created_ms, id) WHERE state = 'waiting';
-- Nobody stands in a queue twice.
CREATE UNIQUE INDEX queue_once ON queue_entry (service_id, patient_id) WHERE state = 'waiting';
