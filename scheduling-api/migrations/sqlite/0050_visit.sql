-- The visit: consultations, who takes part, links into them, what the media server told.

-- One for each appointment, made when somebody first asks for it.
CREATE TABLE consultation (
    id              TEXT PRIMARY KEY,
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    rev             INTEGER NOT NULL,
    appointment_id  TEXT NOT NULL UNIQUE REFERENCES appointment (id),
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    patient_id      TEXT NOT NULL REFERENCES patient (id),
    state           TEXT NOT NULL CHECK (state IN ('scheduled', 'open', 'live', 'paused', 'ended')),
    -- When a paused one ends by itself.
    until_ms        INTEGER,
    start_ms        INTEGER NOT NULL,
    end_ms          INTEGER NOT NULL,
    extended_min    INTEGER NOT NULL,
    live_since_ms   INTEGER,
    ended_ms        INTEGER,
    -- What who waits is told, sealed with the patient's data key.
    notice          BLOB,
    -- Who is connected, as the media server told: its ids and instants.
    presence        TEXT NOT NULL,
    CHECK (end_ms > start_ms),
    CHECK ((until_ms IS NOT NULL) = (state = 'paused')),
    CHECK ((ended_ms IS NOT NULL) = (state = 'ended'))
) STRICT, WITHOUT ROWID;

CREATE INDEX consultation_of_clinic ON consultation (clinic_id, start_ms, id);
CREATE INDEX consultation_ending ON consultation (until_ms) WHERE until_ms IS NOT NULL;

CREATE TABLE consultation_participant (
    id               TEXT PRIMARY KEY,
    clinic_id        TEXT NOT NULL REFERENCES clinic (id),
    consultation_id  TEXT NOT NULL REFERENCES consultation (id),
    -- In the order in which they were invited.
    place            INTEGER NOT NULL,
    role             TEXT NOT NULL CHECK (role IN ('patient', 'practitioner', 'clinician', 'interpreter', 'relative')),
    state            TEXT NOT NULL CHECK (state IN ('invited', 'waiting', 'admitted', 'connected', 'disconnected',
                         'left', 'removed', 'denied')),
    waiting_since_ms INTEGER,
    device_check     TEXT,
    invited_by       TEXT,
    -- What they are called if the appointment does not say, sealed with the patient's data key.
    name             BLOB,
    UNIQUE (consultation_id, place)
) STRICT, WITHOUT ROWID;

-- A way into a visit for one person, by a secret of which only the hash is kept.
CREATE TABLE join_link (
    id              TEXT PRIMARY KEY,
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    participant_id  TEXT NOT NULL REFERENCES consultation_participant (id),
    secret_hash     TEXT NOT NULL UNIQUE,
    created_ms      INTEGER NOT NULL,
    created_by      TEXT,
    expires_ms      INTEGER NOT NULL,
    -- When it was exchanged, and the device that did: that one may do it again.
    used_ms         INTEGER,
    device_hash     TEXT,
    revoked_ms      INTEGER,
    CHECK ((used_ms IS NOT NULL) = (device_hash IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX join_link_of_participant ON join_link (participant_id);
CREATE INDEX join_link_of_consultation ON join_link (consultation_id, id);

-- Somebody who came by a link, on one device.
CREATE TABLE join_session (
    token_hash      TEXT PRIMARY KEY,
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    participant_id  TEXT NOT NULL REFERENCES consultation_participant (id),
    link_id         TEXT NOT NULL REFERENCES join_link (id),
    created_ms      INTEGER NOT NULL,
    expires_ms      INTEGER NOT NULL,
    revoked_ms      INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX join_session_of_link ON join_session (link_id);
