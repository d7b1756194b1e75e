-- A patient's record beyond visits, and the questionnaires that are asked before one.
--
-- What an entry says is sealed with the patient's data key. In the clear beside it stands what searches need and what says
-- little alone: which kind of entry, where it stands, its category of a closed list, and when it was. Codes are there as
-- keyed digests only: who has the database but not the key file cannot read them.

CREATE TABLE questionnaire (
    id         TEXT PRIMARY KEY,
    clinic_id  TEXT NOT NULL REFERENCES clinic (id),
    rev        INTEGER NOT NULL,
    status     TEXT NOT NULL CHECK (status IN ('draft', 'active', 'retired')),
    -- What is asked; nothing about people.
    definition TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX questionnaire_of_clinic ON questionnaire (clinic_id, id);

-- Every revision, the present one too: answers name the revision that they answer.
CREATE TABLE questionnaire_version (
    questionnaire_id TEXT NOT NULL REFERENCES questionnaire (id),
    rev              INTEGER NOT NULL,
    clinic_id        TEXT NOT NULL REFERENCES clinic (id),
    definition       TEXT NOT NULL,
    PRIMARY KEY (questionnaire_id, rev)
) STRICT, WITHOUT ROWID;

CREATE TABLE record_entry (
    id               TEXT PRIMARY KEY,
    clinic_id        TEXT NOT NULL REFERENCES clinic (id),
    patient_id       TEXT NOT NULL REFERENCES patient (id),
    kind             TEXT NOT NULL
        CHECK (kind IN ('condition', 'allergy', 'medication', 'observation', 'history', 'answers')),
    rev              INTEGER NOT NULL,
    status           TEXT NOT NULL,
    category         TEXT,
    appointment_id   TEXT REFERENCES appointment (id),
    questionnaire_id TEXT REFERENCES questionnaire (id),
    -- When it was so, as far as it says.
    from_ms          INTEGER,
    to_ms            INTEGER,
    -- Lists go by this: when it was so, or else when it was written.
    sort_ms          INTEGER NOT NULL,
    -- Digest of what it is called, to find the latest of a kind of observation.
    lead             BLOB NOT NULL,
    body             BLOB NOT NULL,
    entered_by       TEXT,
    entered_as       TEXT NOT NULL CHECK (entered_as IN ('patient', 'practitioner', 'program')),
    entered_ms       INTEGER NOT NULL,
    created_ms       INTEGER NOT NULL,
    CHECK ((from_ms IS NULL) = (to_ms IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX record_entry_of_patient ON record_entry (clinic_id, patient_id, sort_ms, id);
CREATE INDEX record_entry_of_kind ON record_entry (clinic_id, patient_id, kind, sort_ms, id);
CREATE INDEX record_entry_latest ON record_entry (patient_id, lead, sort_ms);
CREATE INDEX record_entry_of_clinic ON record_entry (clinic_id, kind, sort_ms, id);
CREATE INDEX record_entry_changed ON record_entry (clinic_id, entered_ms, id);

-- What stood in an entry before it was corrected.
CREATE TABLE record_version (
    entry_id   TEXT NOT NULL REFERENCES record_entry (id),
    rev        INTEGER NOT NULL,
    clinic_id  TEXT NOT NULL REFERENCES clinic (id),
    patient_id TEXT NOT NULL REFERENCES patient (id),
    body       BLOB NOT NULL,
    entered_by TEXT,
    entered_as TEXT NOT NULL,
    entered_ms INTEGER NOT NULL,
    PRIMARY KEY (entry_id, rev)
) STRICT, WITHOUT ROWID;

CREATE INDEX record_version_of_patient ON record_version (patient_id);

-- Keyed digests of an entry's codes: with their system, and without.
CREATE TABLE record_code (
    clinic_id  TEXT NOT NULL REFERENCES clinic (id),
    kind       TEXT NOT NULL,
    digest     BLOB NOT NULL,
    sort_ms    INTEGER NOT NULL,
    entry_id   TEXT NOT NULL REFERENCES record_entry (id),
    PRIMARY KEY (clinic_id, kind, digest, sort_ms, entry_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX record_code_of_entry ON record_code (entry_id, digest);

-- Nothing is overwritten: an entry changes only once what it said is kept, and what is kept stays.
CREATE TRIGGER record_entry_is_corrected BEFORE UPDATE ON record_entry
WHEN NEW.rev <> OLD.rev + 1
    OR NOT EXISTS (SELECT 1 FROM record_version WHERE entry_id = OLD.id AND rev = OLD.rev AND body = OLD.body)
BEGIN SELECT RAISE(ABORT, 'record_is_never_overwritten'); END;

CREATE TRIGGER record_version_is_final BEFORE UPDATE ON record_version
BEGIN SELECT RAISE(ABORT, 'record_is_never_overwritten'); END;

CREATE TRIGGER questionnaire_version_is_final BEFORE UPDATE ON questionnaire_version
BEGIN SELECT RAISE(ABORT, 'questionnaire_version_is_final'); END;
