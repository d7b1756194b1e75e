-- A patient's record beyond visits, and the questionnaires that are asked before one.
--
-- What an entry says is sealed with the patient's data key. In the clear beside it stands what searches need and what says
-- little alone: which kind of entry, where it stands, its category of a closed list, and when it was. Codes are there as
-- keyed digests only: who has the database but not the key file cannot read them.

CREATE TABLE questionnaire (
    id         TEXT COLLATE "C" PRIMARY KEY,
    clinic_id  TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    rev        BIGINT NOT NULL,
    status     TEXT COLLATE "C" NOT NULL CHECK (status IN ('draft', 'active', 'retired')),
    -- What is asked; nothing about people.
    definition TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL
);

CREATE INDEX questionnaire_of_clinic ON questionnaire (clinic_id, id);

-- Every revision, the present one too: answers name the revision that they answer.
CREATE TABLE questionnaire_version (
    questionnaire_id TEXT COLLATE "C" NOT NULL REFERENCES questionnaire (id),
    rev              BIGINT NOT NULL,
    clinic_id        TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    definition       TEXT NOT NULL,
    PRIMARY KEY (questionnaire_id, rev)
);

CREATE TABLE record_entry (
    id               TEXT COLLATE "C" PRIMARY KEY,
    clinic_id        TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    patient_id       TEXT COLLATE "C" NOT NULL REFERENCES patient (id),
    kind             TEXT COLLATE "C" NOT NULL
        CHECK (kind IN ('condition', 'allergy', 'medication', 'observation', 'history', 'answers')),
    rev              BIGINT NOT NULL,
    status           TEXT COLLATE "C" NOT NULL,
    category         TEXT COLLATE "C",
    appointment_id   TEXT COLLATE "C" REFERENCES appointment (id),
    questionnaire_id TEXT COLLATE "C" REFERENCES questionnaire (id),
    -- When it was so, as far as it says.
    from_ms          BIGINT,
    to_ms            BIGINT,
    -- Lists go by this: when it was so, or else when it was written.
    sort_ms          BIGINT NOT NULL,
    -- Digest of what it is called, to find the latest of a kind of observation.
    lead             BYTEA NOT NULL,
    body             BYTEA NOT NULL,
    entered_by       TEXT COLLATE "C",
    entered_as       TEXT COLLATE "C" NOT NULL CHECK (entered_as IN ('patient', 'practitioner', 'program')),
    entered_ms       BIGINT NOT NULL,
    created_ms       BIGINT NOT NULL,
    CHECK ((from_ms IS NULL) = (to_ms IS NULL))
);

CREATE INDEX record_entry_of_patient ON record_entry (clinic_id, patient_id, sort_ms, id);
CREATE INDEX record_entry_of_kind ON record_entry (clinic_id, patient_id, kind, sort_ms, id);
CREATE INDEX record_entry_latest ON record_entry (patient_id, lead, sort_ms);
CREATE INDEX record_entry_of_clinic ON record_entry (clinic_id, kind, sort_ms, id);
CREATE INDEX record_entry_changed ON record_entry (clinic_id, entered_ms, id);

-- What stood in an entry before it was corrected.
CREATE TABLE record_version (
    entry_id   TEXT COLLATE "C" NOT NULL REFERENCES record_entry (id),
    rev        BIGINT NOT NULL,
    clinic_id  TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    patient_id TEXT COLLATE "C" NOT NULL REFERENCES patient (id),
    body       BYTEA NOT NULL,
    entered_by TEXT COLLATE "C",
    entered_as TEXT COLLATE "C" NOT NULL,
    entered_ms BIGINT NOT NULL,
    PRIMARY KEY (entry_id, rev)
);

CREATE INDEX record_version_of_patient ON record_version (patient_id);

-- Keyed digests of an entry's codes: with their system, and without.
CREATE TABLE record_code (
    clinic_id  TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    kind       TEXT COLLATE "C" NOT NULL,
    digest     BYTEA NOT NULL,
    sort_ms    BIGINT NOT NULL,
    entry_id   TEXT COLLATE "C" NOT NULL REFERENCES record_entry (id),
    PRIMARY KEY (clinic_id, kind, digest, sort_ms, entry_id)
);

CREATE INDEX record_code_of_entry ON record_code (entry_id, digest);

-- Nothing is overwritten: an entry changes only once what it said is kept, and what is kept stays.
CREATE FUNCTION refuse_overwriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'record_is_never_overwritten';
END $$;

CREATE FUNCTION refuse_uncorrected() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.rev <> OLD.rev + 1
        OR NOT EXISTS (SELECT 1 FROM record_version WHERE entry_id = OLD.id AND rev = OLD.rev AND body = OLD.body)
    THEN
        RAISE EXCEPTION 'record_is_never_overwritten';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER record_entry_is_corrected BEFORE UPDATE ON record_entry
FOR EACH ROW EXECUTE FUNCTION refuse_uncorrected();

CREATE TRIGGER record_version_is_final BEFORE UPDATE ON record_version
FOR EACH ROW EXECUTE FUNCTION refuse_overwriting();

CREATE TRIGGER questionnaire_version_is_final BEFORE UPDATE ON questionnaire_version
FOR EACH ROW EXECUTE FUNCTION refuse_overwriting();

ALTER TABLE questionnaire ENABLE ROW LEVEL SECURITY;
ALTER TABLE questionnaire FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON questionnaire USING (in_scope(clinic_id));
ALTER TABLE questionnaire_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE questionnaire_version FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON questionnaire_version USING (in_scope(clinic_id));
ALTER TABLE record_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE record_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON record_entry USING (in_scope(clinic_id));
ALTER TABLE record_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE record_version FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON record_version USING (in_scope(clinic_id));
ALTER TABLE record_code ENABLE ROW LEVEL SECURITY;
ALTER TABLE record_code FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON record_code USING (in_scope(clinic_id));
