-- Patients and practitioners of a clinic. Who signs in as them is told by the accounts' tables.

CREATE TABLE patient (
    id          TEXT COLLATE "C" PRIMARY KEY,
    clinic_id   TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    rev         BIGINT NOT NULL,
    active      BIGINT NOT NULL DEFAULT 1,
    time_zone   TEXT NOT NULL,
    language    TEXT COLLATE "C" NOT NULL,
    -- The profile as JSON, sealed with the patient's data key.
    profile     BYTEA,
    created_ms  BIGINT NOT NULL
);

CREATE INDEX patient_of_clinic ON patient (clinic_id, id);

-- A practitioner's public card.
CREATE TABLE practitioner (
    id             TEXT COLLATE "C" PRIMARY KEY,
    clinic_id      TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    rev            BIGINT NOT NULL,
    active         BIGINT NOT NULL DEFAULT 1,
    display_name   TEXT NOT NULL,
    time_zone      TEXT NOT NULL,
    biography      TEXT NOT NULL DEFAULT '',
    licence_region TEXT,
    created_ms     BIGINT NOT NULL
);

CREATE INDEX practitioner_of_clinic ON practitioner (clinic_id, id);

CREATE TABLE practitioner_specialty (
    practitioner_id TEXT COLLATE "C" NOT NULL REFERENCES practitioner (id),
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    specialty       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (practitioner_id, specialty)
);

CREATE INDEX specialty_of_clinic ON practitioner_specialty (clinic_id, specialty, practitioner_id);

-- Languages of the consultation, as BCP 47 tags.
CREATE TABLE practitioner_language (
    practitioner_id TEXT COLLATE "C" NOT NULL REFERENCES practitioner (id),
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    language        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (practitioner_id, language)
);

CREATE INDEX language_of_clinic ON practitioner_language (clinic_id, language, practitioner_id);

ALTER TABLE patient ENABLE ROW LEVEL SECURITY;
ALTER TABLE patient FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON patient USING (in_scope(clinic_id));
ALTER TABLE practitioner ENABLE ROW LEVEL SECURITY;
ALTER TABLE practitioner FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON practitioner USING (in_scope(clinic_id));
ALTER TABLE practitioner_specialty ENABLE ROW LEVEL SECURITY;
ALTER TABLE practitioner_specialty FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON practitioner_specialty USING (in_scope(clinic_id));
ALTER TABLE practitioner_language ENABLE ROW LEVEL SECURITY;
ALTER TABLE practitioner_language FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON practitioner_language USING (in_scope(clinic_id));
