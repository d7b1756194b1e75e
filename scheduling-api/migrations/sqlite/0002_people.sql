-- Patients and practitioners of a clinic. Who signs in as them is told by the accounts' tables.

CREATE TABLE patient (
    id          TEXT PRIMARY KEY,
    clinic_id   TEXT NOT NULL REFERENCES clinic (id),
    rev         INTEGER NOT NULL,
    active      INTEGER NOT NULL DEFAULT 1,
    time_zone   TEXT NOT NULL,
    language    TEXT NOT NULL,
    -- The profile as JSON, sealed with the patient's data key.
    profile     BLOB,
    created_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX patient_of_clinic ON patient (clinic_id, id);

-- A practitioner's public card.
CREATE TABLE practitioner (
    id             TEXT PRIMARY KEY,
    clinic_id      TEXT NOT NULL REFERENCES clinic (id),
    rev            INTEGER NOT NULL,
    active         INTEGER NOT NULL DEFAULT 1,
    display_name   TEXT NOT NULL,
    time_zone      TEXT NOT NULL,
    biography      TEXT NOT NULL DEFAULT '',
    licence_region TEXT,
    created_ms     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX practitioner_of_clinic ON practitioner (clinic_id, id);

CREATE TABLE practitioner_specialty (
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    specialty       TEXT NOT NULL,
    PRIMARY KEY (practitioner_id, specialty)
) STRICT, WITHOUT ROWID;

CREATE INDEX specialty_of_clinic ON practitioner_specialty (clinic_id, specialty, practitioner_id);

-- Languages of the consultation, as BCP 47 tags.
CREATE TABLE practitioner_language (
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    language        TEXT NOT NULL,
    PRIMARY KEY (practitioner_id, language)
) STRICT, WITHOUT ROWID;

CREATE INDEX language_of_clinic ON practitioner_language (clinic_id, language, practitioner_id);
