-- The visit: consultations, who takes part, links into them, what the media server told.

-- One for each appointment, made when somebody first asks for it.
CREATE TABLE consultation (
    id              TEXT COLLATE "C" PRIMARY KEY,
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    rev             BIGINT NOT NULL,
    appointment_id  TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES appointment (id),
    practitioner_id TEXT COLLATE "C" NOT NULL REFERENCES practitioner (id),
    patient_id      TEXT COLLATE "C" NOT NULL REFERENCES patient (id),
    state           TEXT NOT NULL CHECK (state IN ('scheduled', 'open', 'live', 'paused', 'ended')),
    -- When a paused one ends by itself.
    until_ms        BIGINT,
    start_ms        BIGINT NOT NULL,
    end_ms          BIGINT NOT NULL,
    extended_min    BIGINT NOT NULL,
    live_since_ms   BIGINT,
    ended_ms        BIGINT,
    -- What who waits is told, sealed with the patient's data key.
    notice          BYTEA,
    -- Who is connected, as the media server told: its ids and instants.
    presence        TEXT NOT NULL,
    CHECK (end_ms > start_ms),
    CHECK ((until_ms IS NOT NULL) = (state = 'paused')),
    CHECK ((ended_ms IS NOT NULL) = (state = 'ended'))
);

CREATE INDEX consultation_of_clinic ON consultation (clinic_id, start_ms, id);
CREATE INDEX consultation_ending ON consultation (until_ms) WHERE until_ms IS NOT NULL;

CREATE TABLE consultation_participant (
    id               TEXT COLLATE "C" PRIMARY KEY,
    clinic_id        TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    consultation_id  TEXT COLLATE "C" NOT NULL REFERENCES consultation (id),
    -- In the order in which they were invited.
    place            BIGINT NOT NULL,
    role             TEXT NOT NULL CHECK (role IN ('patient', 'practitioner', 'clinician', 'interpreter', 'relative')),
    state            TEXT NOT NULL CHECK (state IN ('invited', 'waiting', 'admitted', 'connected', 'disconnected',
                         'left', 'removed', 'denied')),
    waiting_since_ms BIGINT,
    device_check     TEXT,
    invited_by       TEXT COLLATE "C",
    -- What they are called if the appointment does not say, sealed with the patient's data key.
    name             BYTEA,
    UNIQUE (consultation_id, place)
);

-- A way into a visit for one person, by a secret of which only the hash is kept.
CREATE TABLE join_link (
    id              TEXT COLLATE "C" PRIMARY KEY,
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    consultation_id TEXT COLLATE "C" NOT NULL REFERENCES consultation (id),
    participant_id  TEXT COLLATE "C" NOT NULL REFERENCES consultation_participant (id),
    secret_hash     TEXT NOT NULL UNIQUE,
    created_ms      BIGINT NOT NULL,
    created_by      TEXT COLLATE "C",
    expires_ms      BIGINT NOT NULL,
    -- When it was exchanged, and the device that did: that one may do it again.
    used_ms         BIGINT,
    device_hash     TEXT,
    revoked_ms      BIGINT,
    CHECK ((used_ms IS NOT NULL) = (device_hash IS NOT NULL))
);

CREATE INDEX join_link_of_participant ON join_link (participant_id);
CREATE INDEX join_link_of_consultation ON join_link (consultation_id, id);

-- Somebody who came by a link, on one device.
CREATE TABLE join_session (
    token_hash      TEXT PRIMARY KEY,
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    consultation_id TEXT COLLATE "C" NOT NULL REFERENCES consultation (id),
    participant_id  TEXT COLLATE "C" NOT NULL REFERENCES consultation_participant (id),
    link_id         TEXT COLLATE "C" NOT NULL REFERENCES join_link (id),
    created_ms      BIGINT NOT NULL,
    expires_ms      BIGINT NOT NULL,
    revoked_ms      BIGINT
);

CREATE INDEX join_session_of_link ON join_session (link_id);

ALTER TABLE consultation ENABLE ROW LEVEL SECURITY;
ALTER TABLE consultation FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON consultation USING (in_scope(clinic_id));
ALTER TABLE consultation_participant ENABLE ROW LEVEL SECURITY;
ALTER TABLE consultation_participant FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON consultation_participant USING (in_scope(clinic_id));
ALTER TABLE join_link ENABLE ROW LEVEL SECURITY;
ALTER TABLE join_link FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON join_link USING (in_scope(clinic_id));
ALTER TABLE join_session ENABLE ROW LEVEL SECURITY;
ALTER TABLE join_session FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON join_session USING (in_scope(clinic_id));
